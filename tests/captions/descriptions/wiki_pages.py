"""Small pages in the markup of a wiki, in words of our own, and dumps made of them."""

import bz2
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

HEAD = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">\n  <siteinfo>\n'
    "    <sitename>Wikipedia</sitename>\n    <dbname>enwiki</dbname>\n"
    "    <base>https://en.wikipedia.org/wiki/Main_Page</base>\n  </siteinfo>\n"
)
TAIL = "</mediawiki>\n"


@dataclass(frozen=True)
class Made:
    """A page to be written into a dump."""

    title: str
    text: str
    namespace: int = 0
    redirect: str = ""

    def xml(self, number: int) -> str:
        redirect = f"    <redirect title={quoteattr(self.redirect)} />\n" if self.redirect else ""
        text = self.text or (f"#REDIRECT [[{self.redirect}]]" if self.redirect else "")
        return (
            f"  <page>\n    <title>{escape(self.title)}</title>\n    <ns>{self.namespace}</ns>\n    <id>{number}</id>\n"
            f"{redirect}    <revision>\n      <id>{1000 + number}</id>\n"
            f"      <timestamp>2026-01-02T03:04:05Z</timestamp>\n"
            f'      <contributor><username>A &amp; B</username><id>7</id></contributor>\n      <text bytes="1" '
            f'xml:space="preserve">{escape(text)}</text>\n    </revision>\n  </page>\n'
        )


def step(name: str, rank: str, parent: str = "") -> Made:
    """A step of the automatic taxonomy."""
    text = f"{{{{Don't edit this line {{{{{{machine code|}}}}}}\n|rank={rank}\n|link={name}\n|parent={parent}\n}}}}"
    return Made(f"Template:Taxonomy/{name}", text, namespace=10)


def write_multistream(folder: Path, pages: Iterable[Made], *, name: str = "small", size: int = 3) -> tuple[Path, Path]:
    """A dump of `size` pages a stream, and its index."""
    dump = folder / f"{name}-multistream.xml.bz2"
    index = folder / f"{name}-multistream-index.txt.bz2"
    made = list(pages)
    lines = []
    with dump.open("wb") as file:
        file.write(bz2.compress(HEAD.encode()))
        for start in range(0, len(made), size):
            some = made[start : start + size]
            lines += [f"{file.tell()}:{start + at}:{page.title}\n" for at, page in enumerate(some)]
            file.write(bz2.compress("".join(page.xml(start + at) for at, page in enumerate(some)).encode()))
        file.write(bz2.compress(TAIL.encode()))
    index.write_bytes(bz2.compress("".join(lines).encode()))
    return dump, index


def xml_of(pages: Iterable[Made]) -> str:
    """A whole dump as one text."""
    return HEAD + "".join(page.xml(number) for number, page in enumerate(pages)) + TAIL


RAVEN = Made(
    "Common raven",
    """{{Short description|Large black bird}}
{{Use dmy dates|date=May 2020}}
{{Speciesbox
| image = Raven.jpg
| genus = Corvus
| species = corax
| authority = [[Carl Linnaeus|Linnaeus]], 1758<ref name=x/>
}}
The '''raven''' ('''''Corvus corax''''') is a bird.<ref>{{cite book|title=Ravens}}</ref>

== Description ==
It is all black, {{convert|56|to|69|cm|in|abbr=on}} long.{{citation needed}} [[File:R.jpg|thumb|The [[bill]] of one]]
=== Plumage ===
Glossy [[feather]]s with a [[iridescence|purple sheen]].<!-- more? -->
=== Voice ===
It croaks.
== Distribution ==
The north.
""",
)
WHEATEAR = Made(
    "Northern wheatear",
    """{{Speciesbox
| genus = Oenanthe (bird)
| species = oenanthe
}}
The '''wheatear''' is a small bird.

==Appearance==
Grey above, with a black mask.
""",
)
DROPWORT = Made(
    "Oenanthe (plant)",
    """{{Automatic taxobox
| taxon = Oenanthe (plant)
}}
'''''Oenanthe''''' is a genus.

==Description==
Plants with white umbels.
""",
)
OENANTHE = Made(
    "Oenanthe",
    "'''Oenanthe''' may be:\n* [[Oenanthe (bird)]], wheatears\n"
    "* [[Oenanthe (plant)|dropworts]]\n{{Genus disambiguation}}",
)
WHEATEARS = Made(
    "Oenanthe (bird)",
    "{{Automatic taxobox\n|taxon=Oenanthe (bird)\n}}\nBirds with white rumps.\n\n== Behaviour ==\nThey run.",
)
PINE_KAURI = Made(
    "Agathis montana",
    """{{Taxobox
| regnum = [[Plantae]]
| divisio = [[Pinophyta]]
| familia = [[Araucariaceae]]
| genus = ''[[Agathis]]''
| species = '''''A. montana'''''
| binomial = ''Agathis montana''
}}
A tree.

== Description ==
Bark grey.
""",
)
STEPS = (
    step("Corvus", "genus", "Corvidae"),
    step("Corvidae", "familia", "Passeriformes"),
    step("Passeriformes", "ordo", "Aves"),
    step("Oenanthe (bird)", "genus", "Muscicapidae"),
    step("Muscicapidae", "familia", "Passeriformes"),
    step("Aves", "classis", "Chordata"),
    step("Chordata", "phylum", "Animalia"),
    step("Animalia", "regnum"),
    step("Oenanthe (plant)", "genus", "Apiaceae"),
    step("Apiaceae", "familia", "Plantae"),
    step("Plantae", "regnum"),
)
PAGES = (
    RAVEN,
    Made("Corvus corax", "", redirect="Common raven"),
    OENANTHE,
    WHEATEARS,
    DROPWORT,
    WHEATEAR,
    Made("Oenanthe oenanthe", "", redirect="Northern wheatear"),
    PINE_KAURI,
    *STEPS,
    Made("Talk:Common raven", "Corvus corax is fun.", namespace=1),
    Made("Round and round", "", redirect="Round, and round"),
    Made("Round, and round", "", redirect="Round and round"),
)
