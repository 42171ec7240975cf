"""A made-up wiki with known truth: species, homonyms, redirects, lists of meanings, broken markup, a page of 5 MB.

All words are drawn from lists of our own or made of syllables. Each species has a taxon with its lineage, and either
title and the words on looks that belong to it, or nothing.
"""

import bz2
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from thuja.taxonomy import Taxon

HEAD = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">\n  <siteinfo>\n'
    "    <sitename>Wikipedia</sitename>\n    <dbname>enwiki</dbname>\n"
    "    <base>https://en.wikipedia.org/wiki/Main_Page</base>\n  </siteinfo>\n"
)
TAIL = "</mediawiki>\n"
COLOURS = [
    *("black", "white", "grey", "brown", "red", "yellow", "green"),
    *("blue", "olive", "buff", "rufous", "cream", "orange", "purple"),
]
PARTS = [
    *("crown", "back", "wing", "tail", "bill", "leg", "throat", "leaf"),
    *("petal", "stem", "cap", "shell", "mandible", "thorax", "antenna", "fin"),
]
PATTERNS = [
    *("spotted", "streaked", "barred", "plain", "mottled"),
    *("banded", "scaly", "glossy", "hairy", "smooth", "ridged"),
]
KINGDOMS = {
    "bird": ("Animalia", "Chordata", "Aves"),
    "moth": ("Animalia", "Arthropoda", "Insecta"),
    "snail": ("Animalia", "Mollusca", "Gastropoda"),
    "plant": ("Plantae", "Tracheophyta", "Magnoliopsida"),
    "fungus": ("Fungi", "Basidiomycota", "Agaricomycetes"),
}
SYLLABLES = [
    *("ba", "co", "di", "fe", "gu", "ha", "ki", "lo"),
    *("mu", "ne", "pi", "ra", "so", "tu", "va", "xi", "zo"),
]


@dataclass(frozen=True)
class Truth:
    """What is right for one taxon: the title of its page, empty for none, and the words of each of its sections."""

    taxon: Taxon
    kind: str
    title: str = ""
    sections: tuple[str, ...] = ()


@dataclass
class Wiki:
    """The pages as (title, namespace, redirect, text), and what is right for each taxon."""

    pages: list[tuple[str, int, str, str]] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)

    def add(self, title: str, text: str = "", *, namespace: int = 0, redirect: str = "") -> None:
        self.pages.append((title, namespace, redirect, text or f"#REDIRECT [[{redirect}]]"))


class Maker:
    """Draws a wiki of about `count` pages."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self.count, self.rng, self.wiki = count, np.random.default_rng(seed), Wiki()
        self._used: set[str] = set()
        weights = 1 / np.arange(1, 3001)
        self._words = np.array([self._syllables(int(size)) for size in self.rng.integers(1, 5, 3000)])
        self._weights = weights / weights.sum()

    def make(self) -> Wiki:
        families = [self._family(kind, n) for kind in KINGDOMS for n in range(12)]
        kinds = ["plain"] * 70 + ["redirect"] * 10 + ["homonym"] * 5 + ["broken"] * 5 + ["list"] * 3 + ["absent"] * 7
        while len(self.wiki.pages) < self.count * 0.3:
            kind, lineage, family = families[self.rng.integers(len(families))]
            genus = self._name()
            self._step(genus, "genus", family)
            for _ in range(self.rng.integers(1, 6)):
                self._species(kind, lineage, genus, kinds[self.rng.integers(len(kinds))])
        self.wiki.add("A list of everything", "* [[Thing]] {{flag|x}}\n" * 220_000)  # 5 MB
        while len(self.wiki.pages) < self.count:
            title = f"{self._syllables(3).capitalize()} {len(self.wiki.pages)}"
            if self.rng.random() < 0.45:
                self.wiki.add(title, redirect="A list of everything")
            else:
                self.wiki.add(title, self._article(int(self.rng.integers(50, 900))))
        order = self.rng.permutation(len(self.wiki.pages))
        self.wiki.pages = [self.wiki.pages[at] for at in order]
        return self.wiki

    def _syllables(self, count: int) -> str:
        return "".join(SYLLABLES[at] for at in self.rng.integers(len(SYLLABLES), size=count))

    def _name(self) -> str:
        while (name := self._syllables(int(self.rng.integers(3, 6))).capitalize()) in self._used:
            pass
        self._used.add(name)
        return name

    def _step(self, name: str, rank: str, parent: str) -> None:
        text = f"{{{{Don't edit this line {{{{{{machine code|}}}}}}\n|rank={rank}\n|link={name}\n|parent={parent}\n}}}}"
        self.wiki.add(f"Template:Taxonomy/{name}", text, namespace=10)

    def _family(self, kind: str, number: int) -> tuple[str, tuple[str, ...], str]:
        kingdom, phylum, class_ = KINGDOMS[kind]
        order, family = f"{self._name()}iformes", f"{self._name()}idae"
        if number == 0:
            for name, rank, parent in (
                (kingdom, "regnum", ""),
                (phylum, "phylum", kingdom),
                (class_, "classis", phylum),
            ):
                if f"{name}/" not in self._used:
                    self._used.add(f"{name}/")
                    self._step(name, rank, parent)
        self._step(order, "ordo", class_)
        self._step(family, "familia", order)
        return kind, (kingdom, phylum, class_, order, family), family

    def _article(self, words: int) -> str:
        drawn = self._words[self.rng.choice(3000, size=words, p=self._weights)]
        parts = [" ".join(drawn[start : start + 60]) for start in range(0, words, 60)]
        return "\n\n".join(
            f"== Part {len(part)} ==\nThe [[{part[:20]}]] {part}.<ref>{{{{cite web|title={part[20:50]}}}}}</ref>"
            for part in parts
        )

    def _looks(self) -> tuple[str, str]:
        """A sentence on looks in markup, and as a reader sees it."""
        part, colour, pattern = (words[self.rng.integers(len(words))] for words in (PARTS, COLOURS, PATTERNS))
        low = int(self.rng.integers(2, 90))
        markup = (
            f"The [[{part}]] is ''{colour}'' and {pattern},{{{{citation needed|date=May 2020}}}} "
            f"{{{{convert|{low}|-|{low + 3}|mm|in|abbr=on}}}} long.<ref name=a/>"
        )
        return markup, f"The {part} is {colour} and {pattern}, {low}–{low + 3} mm long."

    def _species(self, kind: str, lineage: tuple[str, ...], genus: str, fate: str) -> None:
        epithet = self._syllables(int(self.rng.integers(2, 5))) + "us"
        name = f"{genus} {epithet}"
        if name in self._used:
            return
        self._used.add(name)
        taxon = Taxon.from_names([*lineage, genus, epithet])
        if fate == "absent":
            self.wiki.truths.append(Truth(taxon, fate))
        elif fate == "list":
            self.wiki.add(
                name, f"'''{name}''' may be:\n* a boat\n* [[Another]]\n{{{{Species Latin name disambiguation}}}}"
            )
            self.wiki.truths.append(Truth(taxon, fate))
        elif fate == "homonym":
            self._homonym(kind, taxon)
        else:
            title = name if fate != "redirect" else f"{self._syllables(3).capitalize()} {kind} {len(self.wiki.pages)}"
            text, sections = self._page(kind, taxon, is_broken=fate == "broken")
            self.wiki.add(title, text)
            if title != name:
                self.wiki.add(name, redirect=title)
            self.wiki.truths.append(Truth(taxon, fate, title, sections))

    def _homonym(self, kind: str, taxon: Taxon) -> None:
        """The page is of a species of that very name in another kingdom; the taxon itself has none."""
        text, sections = self._page(kind, taxon)
        self.wiki.add(taxon.binomial, text)
        other = KINGDOMS["plant" if taxon.kingdom != "Plantae" else "bird"]
        twin = Taxon.from_names([*other, f"{self._name()}ales", f"{self._name()}aceae", taxon.genus, taxon.species])
        self.wiki.truths += [Truth(twin, "twin"), Truth(taxon, "homonym", taxon.binomial, sections)]

    def _page(self, kind: str, taxon: Taxon, *, is_broken: bool = False) -> tuple[str, tuple[str, ...]]:
        looks, more = ([self._looks() for _ in range(self.rng.integers(1, 4))] for _ in range(2))
        box = self._box(taxon)
        unclosed = "{{convert|3|cm [[never <ref>" if is_broken else ""
        text = (
            f"{{{{Short description|Species of {kind}}}}}\n{{{{Use dmy dates|date=May 2020}}}}\n{box}\n"
            f"'''''{taxon.binomial}''''' is a species of {kind} in the [[{taxon.family}]].<!-- a note -->\n\n"
            f"== Description ==\n[[File:A.jpg|thumb|A [[{kind}]] seen]]\n{' '.join(one for one, _ in looks)}\n"
            f"=== Sexual dimorphism ===\n{' '.join(one for one, _ in more)}\n"
            "{| class=wikitable\n| a || b\n|}\n=== Voice ===\nIt calls.\n"
            f"== Distribution ==\nThe north. {unclosed}\n{self._article(int(self.rng.integers(50, 400)))}\n"
            f"== References ==\n{{{{reflist}}}}\n[[Category:{kind.capitalize()}s]]\n"
        )
        return text, tuple(" ".join(plain for _, plain in part) for part in (looks, more))

    def _box(self, taxon: Taxon) -> str:
        if self.rng.random() < 0.8:
            if self.rng.random() < 0.5:
                return f"{{{{Speciesbox\n| image = A.jpg\n| taxon = {taxon.binomial}\n| authority = [[X]], 1850\n}}}}"
            return f"{{{{Speciesbox\n| genus = ''[[{taxon.genus}]]''\n| species = {taxon.species}<ref name=b/>\n}}}}"
        rows = zip(("regnum", "phylum", "classis", "ordo", "familia", "genus"), taxon.names[:6], strict=True)
        ranks = "\n".join(f"| {rank} = [[{name}]]" for rank, name in rows)
        name = f"| species = '''''{taxon.genus[0]}. {taxon.species}'''''\n| binomial = ''{taxon.binomial}''\n}}}}"
        return f"{{{{Taxobox\n{ranks}\n{name}"


def xml_pages(wiki: Wiki) -> Iterator[str]:
    for number, (title, namespace, redirect, text) in enumerate(wiki.pages):
        target = f"    <redirect title={quoteattr(redirect)} />\n" if redirect else ""
        yield (
            f"  <page>\n    <title>{escape(title)}</title>\n    <ns>{namespace}</ns>\n    <id>{number}</id>\n{target}"
            f"    <revision>\n      <id>{number + 10**9}</id>\n      <timestamp>2026-01-02T03:04:05Z</timestamp>\n"
            f"      <contributor><username>A</username><id>7</id></contributor>\n      <model>wikitext</model>\n"
            f'      <text bytes="{len(text)}" xml:space="preserve">{escape(text)}</text>\n    </revision>\n  </page>\n'
        )


def write(wiki: Wiki, folder: Path) -> tuple[Path, Path]:
    """The dump in streams of 100 pages, as Wikimedia's are, and its index."""
    folder.mkdir(parents=True, exist_ok=True)
    dump, index = folder / "world-multistream.xml.bz2", folder / "world-multistream-index.txt.bz2"
    lines: list[str] = []
    pages = list(xml_pages(wiki))
    with dump.open("wb") as file:
        file.write(bz2.compress(HEAD.encode()))
        for start in range(0, len(pages), 100):
            lines += [f"{file.tell()}:{at}:{wiki.pages[at][0]}\n" for at in range(start, min(start + 100, len(pages)))]
            file.write(bz2.compress("".join(pages[start : start + 100]).encode()))
        file.write(bz2.compress(TAIL.encode()))
    index.write_bytes(bz2.compress("".join(lines).encode()))
    return dump, index
