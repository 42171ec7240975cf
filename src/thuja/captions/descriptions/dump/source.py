"""Pages of a dump as a source of descriptions: read once for all taxa, then answered from by several processes."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from thuja.captions.descriptions.dump.harvest import Dump, harvest
from thuja.captions.descriptions.dump.reading import head_of
from thuja.captions.descriptions.dump.store import PageStore
from thuja.captions.descriptions.page_choice import LookupSource, Synonyms
from thuja.captions.descriptions.pages import Found
from thuja.captions.descriptions.site import Site
from thuja.captions.descriptions.taxon_table import TaxonTable
from thuja.jobs import say, spread
from thuja.taxonomy import Taxon

_AT_ONCE: Final = 200
_WIKIMEDIA: Final = (".wikipedia.org", ".wikimedia.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Some taxa to find in a store."""

    store: Path
    site: Site
    taxa: tuple[Taxon, ...]
    synonyms: Synonyms


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpSource:
    """A PageSource over the pages that `harvest` kept."""

    store: Path
    site: Site
    synonyms: Synonyms
    workers: int = 1

    @property
    def name(self) -> str:
        """The wiki's, such as `wikipedia-en`."""
        return self.site.name

    def pages(self, taxa: Sequence[Taxon]) -> Iterator[tuple[Taxon, Found]]:
        """What the dump has on each taxon, in their order."""
        parts = (tuple(taxa[start : start + _AT_ONCE]) for start in range(0, len(taxa), _AT_ONCE))
        tasks = (_Task(store=self.store, site=self.site, taxa=part, synonyms=self._of(part)) for part in parts)
        with closing(spread(_find, tasks, workers=self.workers)) as answers:
            for answer in answers:
                yield from answer

    def _of(self, taxa: Sequence[Taxon]) -> Synonyms:
        names = {taxon.scientific_name for taxon in taxa} if self.synonyms else set()
        return {name: words for name in names if (words := self.synonyms.get(name))}


def _find(task: _Task) -> list[tuple[Taxon, Found]]:
    """The answers for some taxa; runs in a worker."""
    return list(_opened(task.store, task.site).pages(task.taxa, synonyms=task.synonyms))


@lru_cache(maxsize=1)
def _opened(store: Path, site: Site) -> LookupSource:
    """One connection a process, and the upper steps of lineages with it."""
    return LookupSource(PageStore(store).lookup, site=site)


def open_dump(dump: Dump, table: TaxonTable, folder: Path, *, workers: int = 1) -> DumpSource:
    """Read a dump for the taxa of a table into `folder`, and answer from it. Raises what `harvest` raises."""
    with closing(harvest(dump, table.titles(), folder, workers=workers)) as store:
        met, kept = store.counts()
        skipped = store.skipped()
    say(f"{dump.path.name}: {kept:,} of the {met:,} pages that were read are kept, {len(skipped):,} could not be read")
    for one in skipped[:5]:
        say(f'  skipped "{one.title}": {one.reason}')
    return DumpSource(
        store=folder / "pages.sqlite", site=site_of_dump(dump), synonyms=table.synonyms(), workers=workers
    )


def site_of_dump(dump: Dump) -> Site:
    """The wiki that a dump's head names; `enwiki` is `wikipedia-en`. Other licences than Wikimedia's are not known."""
    said = head_of(dump.path)
    language = said.database.removesuffix("wiki")
    where = urlsplit(said.main_page)
    if not where.netloc.endswith(_WIKIMEDIA):
        address = f"{where.scheme}://{where.netloc}/index.php" if where.netloc else ""
        return Site(name=said.database or "wiki", address=address, licence="", licence_link="")
    name = f"wikipedia-{language}" if where.netloc == f"{language}.wikipedia.org" else said.database or "wiki"
    return Site(name=name, address=f"{where.scheme}://{where.netloc}/w/index.php")
