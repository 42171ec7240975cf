"""One way through a dump for all taxa at once: the pages that may be theirs, and what those lead to, into one file.

With the index only the streams of wanted titles are read: first those of the taxa's titles, then, round by round, those
of redirects' targets and of lineages. Without it the whole dump is read, which finds pages by the name in their box
too, and once more for redirects that lead where no box bears the name; that is less work where many streams are wanted
(benchmarks/captions_dump.py). Parts are read by several processes, and a part that is done is never read again.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from thuja.captions.descriptions.dump.index import Survey, another_dump, streams_at, wanted_streams
from thuja.captions.descriptions.dump.reading import Skipped, head_of, namespace_of, parse_page, raw_pages, title_of
from thuja.captions.descriptions.dump.store import Haul, Kept, PageStore, packed
from thuja.captions.descriptions.dump.streams import CHUNK_BYTES, Chunk, chunks_of
from thuja.captions.descriptions.page_choice import leads_to
from thuja.captions.descriptions.pages import Page
from thuja.captions.descriptions.titles import TitleSet, hashes_of
from thuja.captions.descriptions.wikitext.kinds import TAXONOMY
from thuja.captions.descriptions.wikitext.taxobox import names_in_box, names_in_xml
from thuja.errors import OutputExists
from thuja.jobs import Progress, say, spread, write_json

_ROUNDS: Final = 60
_WHOLE_ROUNDS: Final = 2
_TEMPLATES: Final = 10
_FEW: Final = 5
_STREAMS: Final = 20
"""Of an indexed dump that are read and kept at a time; each is some 100 pages."""

_MANY: Final = 1 / 2
"""Of all streams, beyond which share one pass through the dump is less work than the rounds of its index."""

_BY_INDEX, _IN_ONE_PASS = "by index", "in one pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A dump's file and, where it is at hand, the index of its streams.

    With `is_index_optional` the index serves only where it saves work; else it serves.
    """

    path: Path
    index: Path | None = None
    is_index_optional: bool = False

    def plan(self) -> dict[str, Any]:
        """What says that a file is the same one."""
        files = [self.path, *([self.index] if self.index else [])]
        return {str(path.absolute()): [path.stat().st_size, path.stat().st_mtime_ns] for path in files}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Chunks to read: for the titles in the file `wanted`; for what their boxes say too, where `is_whole`."""

    dump: Dump
    chunks: tuple[Chunk, ...]
    wanted: Path
    is_whole: bool


def harvest(
    dump: Dump, titles: Iterable[str], folder: Path, *, workers: int = 1, chunk_bytes: int = CHUNK_BYTES
) -> PageStore:
    """Read a dump for these titles into `folder`; goes on where a killed run was. The caller closes the store.

    Without an index a process reads about `chunk_bytes` of the file at a time.

    Raises EmptyInput, BadFile for a dump or index that cannot be read, OutputExists for a folder of another harvest.
    """
    head_of(dump.path)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "wanted-0.npy"
    if not wanted.exists():
        TitleSet.write(wanted, hashes_of(titles))
    store = PageStore(folder / "pages.sqlite")
    plan = {"dump": dump.plan(), "chunk_bytes": chunk_bytes}
    if store.plan() is None:
        store.set_plan(plan)
    if store.plan() != plan:
        store.close()
        raise OutputExists(f"{folder} was read from another dump", hint="--force begins anew, or name another output")
    _Rounds(dump, store, folder, workers=workers, chunk_bytes=chunk_bytes).run()
    return store


class _Rounds:
    """Round after round, until no page leads to one that is not here."""

    def __init__(self, dump: Dump, store: PageStore, folder: Path, *, workers: int, chunk_bytes: int) -> None:
        self._dump, self._store, self._folder = dump, store, folder
        self._workers, self._chunk_bytes = workers, chunk_bytes
        self._first: list[Chunk] | None = None  # the streams of the first round, once the index has told them
        self._progress = Progress(total=None, label=f"reading {dump.path.name}", unit="pages")

    def run(self) -> None:
        self._run()
        self._progress.close()

    def _run(self) -> None:
        if self._dump.index and self._dump.is_index_optional and self._is_one_pass_less():
            self._dump = replace(self._dump, index=None)
        for number in range(_ROUNDS if self._dump.index else _WHOLE_ROUNDS):
            if self._store.is_done(f"round {number}"):
                continue
            missing = self._missing(number) if number else []
            if number and not missing:
                return
            wanted = self._folder / f"wanted-{number}.npy"
            if number:
                TitleSet.write(wanted, hashes_of(missing))
            self._read(number, wanted, missing)
            self._store.set_asked(missing)
            self._store.end_step(f"round {number}")

    def _is_one_pass_less(self) -> bool:
        """Whether so many streams hold a wanted title that the index saves nothing; once said, that stays so."""
        for way in (_BY_INDEX, _IN_ONE_PASS):
            if self._store.is_done(way):
                return way == _IN_ONE_PASS
        chunks, count = self._surveyed()
        is_less = len(chunks) > _MANY * count
        if is_less:
            say(f"{len(chunks):,} of the dump's {count:,} streams hold a wanted page: it is read in one pass")
        else:
            self._first = chunks
        self._store.end_step(_IN_ONE_PASS if is_less else _BY_INDEX)
        return is_less

    def _surveyed(self) -> tuple[list[Chunk], int]:
        """The streams of wanted titles, and how many there are; where the steps of lineages stand is kept."""
        assert self._dump.index is not None
        survey = Survey(TitleSet.open(self._folder / "wanted-0.npy"), prefix=TAXONOMY)
        survey.read(self._dump.path, self._dump.index)
        self._store.add_places(survey.prefixed)
        return streams_at(survey.offsets), survey.streams

    def _missing(self, number: int) -> list[str]:
        """The titles to ask for in a round: the killed run's where it had begun, for its parts were read for them."""
        path = self._folder / f"missing-{number}.json"
        if path.exists():
            begun: list[str] = json.loads(path.read_text(encoding="utf-8"))
            return begun
        titles = self._store.missing()
        write_json(path, titles)
        return titles

    def _read(self, number: int, wanted: Path, missing: Sequence[str]) -> None:
        chunks = self._chunks(number, wanted, missing)
        size = 1 if self._dump.index is None else _STREAMS
        parts = [tuple(chunks[start : start + size]) for start in range(0, len(chunks), size)]
        steps = {f"{number}:{part[0].start}": part for part in parts}
        left = {step: part for step, part in steps.items() if not self._store.is_done(step)}
        make = partial(_Task, dump=self._dump, wanted=wanted, is_whole=self._dump.index is None and number == 0)
        # Processes take a second to start, in which one alone reads this many parts.
        workers = 1 if self._dump.index is not None and len(left) < _FEW else self._workers
        with closing(spread(_read_part, (make(chunks=part) for part in left.values()), workers=workers)) as hauls:
            for step, haul in zip(left, hauls, strict=True):
                self._store.add(step, haul)
                self._progress.advance(haul.pages, note=f"round {number + 1}")

    def _chunks(self, number: int, wanted: Path, missing: Sequence[str]) -> list[Chunk]:
        if self._dump.index is None:
            return chunks_of(self._dump.path, size=self._chunk_bytes)
        if not number:
            return self._first if self._first is not None else self._surveyed()[0]
        if all(title.startswith(TAXONOMY) for title in missing):
            offsets = [at for title in missing if (at := self._store.place_of(title)) is not None]
            return streams_at(offsets)
        return wanted_streams(self._dump.path, self._dump.index, TitleSet.open(wanted))


def _read_part(task: _Task) -> Haul:
    """What is wanted of some chunks; runs in a worker."""
    hauls = [_read_chunk(task, chunk) for chunk in task.chunks]
    return Haul(
        kept=tuple(one for haul in hauls for one in haul.kept),
        skipped=tuple(one for haul in hauls for one in haul.skipped),
        pages=sum(haul.pages for haul in hauls),
    )


def _read_chunk(task: _Task, chunk: Chunk) -> Haul:
    wanted = TitleSet.open(task.wanted)
    kept: list[Kept] = []
    skipped: list[Skipped] = []
    count = 0
    has_wanted = False
    for raw in raw_pages(task.dump.path, chunk):
        count += 1
        title = raw.title if isinstance(raw, Skipped) else title_of(raw)
        is_titled = title in wanted
        has_wanted = has_wanted or is_titled
        is_kept = is_titled or (task.is_whole and not isinstance(raw, Skipped) and _is_told_by_box(raw, wanted))
        page = raw if isinstance(raw, Skipped) else parse_page(raw) if is_kept else None
        if isinstance(page, Skipped):
            skipped.append(page)
            page = Page(title=title) if is_titled else None  # without text it is a broken page
        if page is not None:
            kept.append(_kept(page, is_whole=task.is_whole))
    if task.dump.index is not None and not has_wanted:
        raise another_dump(task.dump.index, f"the stream at byte {chunk.start:,} has none of the pages it promises")
    return Haul(kept=tuple(kept), skipped=tuple(skipped), pages=count)


def _is_told_by_box(raw: bytes, wanted: TitleSet) -> bool:
    """Whether a page is a step of a lineage, or an article whose box bears a wanted name."""
    namespace = namespace_of(raw)
    if namespace == _TEMPLATES:
        return title_of(raw).startswith(TAXONOMY)
    return namespace == 0 and any(name in wanted for name in names_in_xml(raw))


def _kept(page: Page, *, is_whole: bool) -> Kept:
    """A page as it is kept; who reads the whole dump keeps all steps of lineages, and need not ask for them."""
    names = names_in_box(page.text) if is_whole and page.namespace == 0 and not page.redirect else ()
    return packed(page, names=names, needs=leads_to(page, has_steps=is_whole))
