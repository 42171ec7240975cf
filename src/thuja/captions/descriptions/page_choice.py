"""Which page of a wiki is a taxon's: titles are tried, redirects and lists of meanings followed, lineages compared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mwparserfromhell.parser import ParserError

from thuja.captions.descriptions.lineages import (
    ENGLISH,
    Verdict,
    bears_name,
    compare,
    has_ancestors,
    names_ancestor,
)
from thuja.captions.descriptions.pages import Found, Lookup, Page
from thuja.captions.descriptions.site import Site
from thuja.captions.descriptions.titles import one_spelling
from thuja.captions.descriptions.wikitext.kinds import (
    TAXONOMY,
    TaxonomyStep,
    is_list_of_meanings,
    meanings,
    taxonomy_step,
)
from thuja.captions.descriptions.wikitext.looks import looks_of
from thuja.captions.descriptions.wikitext.taxobox import Taxobox, taxobox_of
from thuja.taxonomy import Rank, Taxon

Synonyms = Mapping[str, Sequence[str]]
"""Further names of a taxon by its scientific name."""

_ROUNDS: Final = 60
"""Of looking up what pages lead to; a lineage has at most some forty steps."""

_HOPS: Final = 4
_BEST_FIRST: Final = ("no_looks", "broken_page", "other_lineage", "disambiguation", "no_page")


def titles_of(taxon: Taxon, synonyms: Synonyms | None = None) -> tuple[str, ...]:
    """The titles that a taxon's page may have, the best first: its name, its common name, its synonyms.

    >>> titles_of(Taxon(kingdom="Plantae", genus="Oenanthe"))
    ('Oenanthe', 'Oenanthe (plant)', 'Oenanthe (genus)')
    """
    name = taxon.scientific_name
    titles = [name, taxon.common, *(synonyms or {}).get(name, ())]
    if name and not taxon.species:
        groups = [taxon[rank].lower() for rank in (Rank.ORDER, Rank.CLASS, Rank.KINGDOM) if taxon[rank]]
        titles += [f"{name} ({ENGLISH[group][0]})" for group in groups if group in ENGLISH]
        titles += [f"{name} (genus)"] if taxon.genus else []
    spelt = (title.replace("×", "× ") for title in titles if title.strip())  # as titles of hybrids have it
    return tuple(dict.fromkeys(map(one_spelling, spelt)))


def leads_to(page: Page, *, has_steps: bool = False) -> tuple[str, ...]:
    """The titles that must be at hand to judge a page: a redirect's target, meanings, the first step of its lineage.

    With `has_steps` those are at hand already.
    """
    if page.redirect:
        return (one_spelling(page.redirect),)
    if page.title.startswith(TAXONOMY):
        step = None if has_steps else taxonomy_step(page)
        return (one_spelling(TAXONOMY + step.parent),) if step and step.parent else ()
    if page.namespace != 0:
        return ()
    if is_list_of_meanings(page):
        return tuple(one_spelling(title) for title in meanings(page))
    try:
        box = None if has_steps else taxobox_of(page.text, page.title)
    except ParserError:  # said of the page when it is read
        return ()
    return (one_spelling(TAXONOMY + box.key),) if box is not None and box.key else ()


def gather(titles: Iterable[str], lookup: Lookup, *, known: dict[str, Page] | None = None) -> dict[str, Page]:
    """The pages of these titles and of all that they lead to, by title; `known` is added to, so that it can be kept."""
    pages = known if known is not None else {}
    asked: set[str] = set()
    wanted = {title for title in titles if title not in pages}
    for _ in range(_ROUNDS):
        if not wanted:
            break
        asked |= wanted
        came = {page.title: page for page in lookup(sorted(wanted))}
        pages.update(came)
        wanted = {title for page in came.values() for title in leads_to(page)} - pages.keys() - asked
    return pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """Finds each taxon's page among those at hand."""

    site: Site
    pages: Mapping[str, Page]
    synonyms: Synonyms = field(default_factory=dict)

    def find(self, taxon: Taxon) -> Found:
        """The page of this taxon as its sections on looks, or the reason why none is taken."""
        refused: dict[str, Page | None] = {}
        for title in titles_of(taxon, self.synonyms):
            for page in self._pages_at(title, refused, is_sure=has_ancestors(taxon)):
                found = self._read(page, taxon, title)
                if found.sections:
                    return found
                refused.setdefault(found.reason, page)
        reason = next((reason for reason in _BEST_FIRST if reason in refused), "no_page")
        return Found(source=self.site.source_of(refused.get(reason)), reason=reason)

    def _read(self, page: Page, taxon: Taxon, asked: str) -> Found:
        """What a page has on a taxon. A page without text is one that could not be read."""
        source = self.site.source_of(page)
        try:
            known_by = self._known_by(page, taxon, asked) if page.text else ""
            sections = looks_of(page.text) if known_by else ()
        except ParserError:
            return Found(source=source, reason="broken_page")
        if sections:
            return Found(source=source, sections=sections, known_by=known_by)
        reason = "no_looks" if known_by else "other_lineage" if page.text else "broken_page"
        return Found(source=source, reason=reason)

    def _pages_at(self, title: str, refused: dict[str, Page | None], *, is_sure: bool) -> Iterator[Page]:
        """The article that a title leads to, or those on its list of meanings, where lineages tell them apart."""
        page = self._article(title)
        if page is None:
            return
        if not is_list_of_meanings(page):
            yield page
            return
        refused.setdefault("disambiguation", page)
        for meaning in meanings(page) if is_sure else ():
            article = self._article(one_spelling(meaning))
            if article is not None and not is_list_of_meanings(article):
                yield article

    def _article(self, title: str) -> Page | None:
        for _ in range(_HOPS):
            page = self.pages.get(title)
            if page is None or not page.redirect:
                return page if page is None or page.namespace == 0 else None
            title = one_spelling(page.redirect)
        return None

    def _known_by(self, page: Page, taxon: Taxon, asked: str) -> str:
        """How a page is known to be about the taxon; empty where it is not."""
        box = taxobox_of(page.text, page.title)
        also = self.synonyms.get(taxon.scientific_name, ())
        if box is None or not bears_name(box, taxon, asked=asked, synonyms=also):
            return ""
        if not has_ancestors(taxon):
            return "name" if taxon.species and (box.taxon.binomial == taxon.binomial) else ""
        verdict = compare(taxon, box, self._chain(box))
        if verdict is Verdict.UNKNOWN:
            return "words" if names_ancestor(page.text, taxon) else ""
        return "lineage" if verdict is Verdict.SAME else ""

    def _chain(self, box: Taxobox) -> list[TaxonomyStep]:
        """The steps from a box's taxon up, as the taxonomy templates give them."""
        steps: list[TaxonomyStep] = []
        key = box.key
        for _ in range(_ROUNDS):
            page = self.pages.get(one_spelling(TAXONOMY + key)) if key else None
            if page is not None and page.redirect:
                page = self.pages.get(one_spelling(page.redirect))
            step = taxonomy_step(page) if page is not None else None
            if step is None:
                break
            steps.append(step)
            key = step.parent
        return steps


class LookupSource:
    """A PageSource over any `Lookup`: some hundred taxa at a time, their pages fetched together."""

    def __init__(self, lookup: Lookup, *, site: Site | None = None, synonyms: Synonyms | None = None) -> None:
        self._lookup, self._site, self._synonyms = lookup, site or Site(), synonyms or {}
        self._steps: dict[str, Page] = {}

    @property
    def name(self) -> str:
        """The wiki's."""
        return self._site.name

    def pages(self, taxa: Sequence[Taxon], *, synonyms: Synonyms | None = None) -> Iterator[tuple[Taxon, Found]]:
        """What the wiki has on each taxon, in their order; `synonyms` take the place of those at the beginning."""
        synonyms = self._synonyms if synonyms is None else synonyms
        for start in range(0, len(taxa), _AT_ONCE):
            some = taxa[start : start + _AT_ONCE]
            titles = [title for taxon in some for title in titles_of(taxon, synonyms)]
            pages = gather(titles, self._lookup, known=dict(self._steps))
            self._keep_steps(pages)
            chooser = Chooser(site=self._site, pages=pages, synonyms=synonyms)
            yield from ((taxon, chooser.find(taxon)) for taxon in some)

    def _keep_steps(self, pages: Mapping[str, Page]) -> None:
        """Keep the upper steps of lineages, which every taxon shares, within bounds."""
        if len(self._steps) > _MOST_STEPS:
            self._steps = {}
        self._steps.update({title: page for title, page in pages.items() if title.startswith(TAXONOMY)})


_AT_ONCE: Final = 200
_MOST_STEPS: Final = 20_000
