"""Embeddings become the segments of an index: cut into runs, each sealed by itself, made visible all at once."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import get_close_matches
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Final

from thuja.errors import EmptyInput, OutputExists, ThujaError, UnknownName, UsageError
from thuja.jobs import Progress, Share, Units, kept_when_full
from thuja.search.columns import ColumnKind, merged_kinds
from thuja.search.columns.kinds import LATITUDES, LONGITUDES
from thuja.search.engine.building import CodeSettings
from thuja.search.manifest import INDEX, SEGMENTS, UNKNOWN, VERSIONS, SegmentFacts, Version
from thuja.search.store.joining import Extra
from thuja.search.store.pictures import open_pictures
from thuja.search.store.places import LocalPlace
from thuja.search.store.plain import Schema
from thuja.search.store.replacing import superseded
from thuja.search.store.rewriting import CompactOptions, put_small_together
from thuja.search.store.sealing import Gathering, SealSettings
from thuja.search.store.segment import Segment
from thuja.search.store.sources import Source, find_sources, read_batches, require_one_space
from thuja.search.store.sweeping import BUILDING, WORK, half_written, next_number, sweep
from thuja.search.store.versions import (
    LOCK,
    commit,
    current_number,
    distinct_in,
    kinds_in,
    next_version,
    read_deleted,
    read_version,
    writing,
)

_SLIP: Final = 0.85
"""How alike, of 1, a name is to the one that was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What goes into an index, and how.

    `model` is whose vectors those of files are that do not say so. `without` names columns that stay out, of what
    is added later too, `tables` bring more by `uuid`, `thumbnails` is where pictures are. `by` is the command, for the
    history of versions.
    """

    segment_rows: int = 1_000_000
    model: str | None = None
    without: tuple[str, ...] = ()
    tables: tuple[Path, ...] = ()
    thumbnails: tuple[Path, ...] = ()
    codes: CodeSettings = field(default_factory=CodeSettings)
    by: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        if self.segment_rows < 1:
            raise UsageError(f"a segment has at least 1 row, got {self.segment_rows}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What came of it: `read` = rows taken in + `refused` + `repeated`; `replaced` rows were in the index before.

    `kept_apart` says why small segments could not be put together, where they could not.
    """

    version: Version
    read: int
    refused: Counter[str]
    repeated: int
    replaced: int
    thumbnails: int
    left_out: tuple[str, ...]
    kept_apart: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A unit of the build: a segment (none where every row was refused), and where the next one begins to read."""

    source: int
    row: int
    read: int
    refused: dict[str, int]
    segment: str = ""
    rows: int = 0
    repeated: int = 0
    thumbnails: int = 0
    kinds: dict[str, str] = field(default_factory=dict)


def build_index(named: Sequence[Path], out: Path, options: BuildOptions, *, force: bool = False) -> BuildReport:
    """Make an index of all these embeddings; with `force` in the place of the one that is there, as its next version.

    A killed build goes on with the same call. Raises UsageError, BadFile and EmptyInput, and leaves what was there.
    """
    _require_free(out, force=force)
    sources = find_sources(named)
    require_one_space(sources, options.model)
    out.mkdir(parents=True, exist_ok=True)
    with writing(out):
        _require_free(out, force=force)  # another process may have built one meanwhile
        return _take_in(sources, out, options, base=Version(number=0, model="", dim=0, without=options.without))


def add_to_index(named: Sequence[Path], folder: Path, options: BuildOptions) -> BuildReport:
    """Take more embeddings into an index; a row whose id is there already replaces it. As `build_index` else.

    Where many small segments have come together so, they are written as few, as one more version.
    """
    current_number(LocalPlace(folder))
    sources = find_sources(named)
    compacting = CompactOptions(
        segment_rows=options.segment_rows,
        codes=options.codes,
        by=options.by,
        label="rows put together" if options.label else "",
    )
    with writing(folder):
        report = _take_in(sources, folder, options, base=read_version(LocalPlace(folder)))
        return _with_few_segments(report, folder, compacting)


def _with_few_segments(report: BuildReport, folder: Path, options: CompactOptions) -> BuildReport:
    """The rows are taken in, whatever comes of putting small segments together: on a full disk these stay apart."""
    try:
        return replace(report, version=put_small_together(folder, report.version, options))
    except (OSError, ThujaError) as error:
        return replace(report, version=read_version(LocalPlace(folder)), kept_apart=str(error).partition("\n")[0])


def _require_free(out: Path, *, force: bool) -> None:
    """Raise OutputExists where an index stands that is not to be replaced, or what is none of this verb's."""
    there = (out / INDEX).exists()
    if there and not force:
        raise OutputExists(
            f"there is an index at {out}", hint="thuja index add takes more in; --force puts another in its place"
        )
    if not there and out.exists() and (not out.is_dir() or not _is_own(out)):
        raise OutputExists(f"{out} holds something else", hint="name another folder")


def _is_own(out: Path) -> bool:
    """Whether a folder without an index holds at most what a killed build left, which begins with a lock and a plan."""
    names = {path.name for path in out.iterdir()} - {path.name for path in half_written(out)}
    return not names or (bool(names & {LOCK, BUILDING}) and names <= {BUILDING, SEGMENTS, VERSIONS, LOCK})


def _take_in(sources: Sequence[Source], folder: Path, options: BuildOptions, *, base: Version) -> BuildReport:
    model, preparation, dim = require_one_space(sources, options.model)
    if not dim:
        raise EmptyInput(f"no vector in {sources[0].path}", hint="thuja embed writes them")
    if base.model:
        _require_same_space(base, sources[0], model=model, preparation=preparation, dim=dim)
    target = replace(base, model=model, preparation=preparation or base.preparation, dim=dim)
    with kept_when_full(folder):
        return _Build(sources, folder, options, base=target).run()


def _require_same_space(base: Version, source: Source, *, model: str, preparation: str, dim: int) -> None:
    """Raise UsageError for vectors that cannot be compared to those of the index."""
    pairs = [("model", base.model, model), ("length of vector", str(base.dim), str(dim))]
    if base.preparation and preparation:
        pairs.append(("preparation", base.preparation, preparation))
    for what, there, got in pairs:
        if there != got:
            told = "; --model says whose vectors those of unknown are" if got == UNKNOWN else ""
            raise UsageError(
                f"the index holds vectors of the {what} {there}, {source.path} those of {got}",
                hint=f"only vectors of one space can be compared: build an index of each{told}",
            )


def _in_all_spellings(without: set[str]) -> tuple[str, ...]:
    """The columns that stay out, latitude and longitude however they are written: who says one means the place."""
    places = [spellings for spellings in (LATITUDES, LONGITUDES) if without.intersection(spellings)]
    return tuple(sorted(without.union(*places)))


def _require_no_slip(without: Sequence[str], schema: Schema) -> None:
    """Raise UnknownName for a column to leave out that is nearly one that would stay: a slip would tell places."""
    for name in without:
        if near := get_close_matches(name, schema.types, n=1, cutoff=_SLIP):
            raise UnknownName(f'no column to leave out is called "{name}"', hint=f"did you mean {near[0]}?")


class _Build:
    """One build on the way: every segment is a unit, which a killed run leaves behind."""

    def __init__(self, sources: Sequence[Source], folder: Path, options: BuildOptions, *, base: Version) -> None:
        self.sources, self.folder, self.options, self.base = sources, folder, options, base
        place = LocalPlace(folder)
        self.before = [Segment(place, one, kinds=kinds_in(base)) for one in base.segments]
        without = _in_all_spellings({*base.without, *options.without})
        self.extras = [Extra.open(path, without=without) for path in options.tables]
        read = [Schema.of(source.schema, without=without) for source in sources]
        schema = reduce(or_, [*read, *(extra.schema for extra in self.extras)])
        _require_no_slip(options.without, schema)
        self.schema = schema.fitted_to([segment.stored.schema for segment in self.before])
        self.total = sum(source.rows for source in sources)
        parts = max(1, -(-self.total // options.segment_rows))
        self.rows = -(-self.total // parts)  # segments of like size: no small one at the end
        self.first = next_number(folder)

    @property
    def plan(self) -> dict[str, Any]:
        """What this build is of: a run of another one does not go on with its segments."""
        plan = {
            "base": self.base.number,
            "sources": [source.state for source in self.sources],
            "options": asdict(replace(self.options, label="", by="")),
        }
        read: dict[str, Any] = json.loads(json.dumps(plan, default=str))
        return read

    def run(self) -> BuildReport:
        """All units that are missing, then the version."""
        units = Units.open(self.folder / BUILDING, self.plan, Share(), force=True)
        sweep(self.folder)
        made = list(self._units(units))
        report = self._published(made)
        units.remove()
        return report

    def _units(self, units: Units) -> Iterator["_Made"]:
        """The units in their order: those that are there, and those that are made."""
        progress = Progress(total=self.total, label=self.options.label, unit="rows") if self.options.label else None
        pictures = open_pictures(self.options.thumbnails) if self.options.thumbnails else None
        settings = SealSettings(codes=self.options.codes, kinds=distinct_in(self.base), pictures=pictures)
        last = _Made(source=0, row=0, read=0, refused={})
        number = 0
        while last.source < len(self.sources):
            if units.is_done(number):
                last = _Made(**json.loads(units.path(number).read_text(encoding="utf-8")))
            else:
                last = self._make(last, self.first + number, settings)
                with units.writing(number) as path:
                    path.write_text(json.dumps(asdict(last)), encoding="utf-8")
            number += 1
            if progress:
                progress.advance(last.read)
            yield last
        if progress:
            progress.close()

    def _make(self, last: "_Made", number: int, settings: SealSettings) -> "_Made":
        """The segment of the rows that come after those of the last unit."""
        gathered = Gathering(self.folder / WORK, self.base.dim)
        refused: Counter[str] = Counter()
        source, row, read = last.source, last.row, 0
        while source < len(self.sources) and gathered.rows < self.rows:
            for batch in read_batches(self.sources[source], self.schema, start=row, dim=self.base.dim, most=self.rows):
                gathered.add(batch.table, batch.vectors)
                refused.update(batch.refused)
                row, read = row + batch.read, read + batch.read
                if gathered.rows >= self.rows:
                    break
            if row >= self.sources[source].rows:
                source, row = source + 1, 0
        told = _Made(source=source, row=row, read=read, refused=dict(refused))
        if not gathered.rows:
            return told
        sealed = gathered.seal(self.folder, number, settings, extras=self.extras)
        kinds = {name: str(kind) for name, kind in sealed.kinds.items()}
        return replace(
            told,
            segment=sealed.facts.name,
            rows=sealed.facts.rows,
            repeated=sealed.repeated,
            thumbnails=sealed.thumbnails,
            kinds=kinds,
        )

    def _published(self, made: Sequence["_Made"]) -> BuildReport:
        """Make the segments the next version; rows that came again delete those before them."""
        refused = reduce(lambda one, other: one + other, [Counter(one.refused) for one in made], Counter[str]())
        new = tuple(SegmentFacts(name=one.segment, rows=one.rows) for one in made if one.segment)
        if not new:
            raise EmptyInput(f"no row that an index can hold: {told_counts(refused) or 'the files are empty'}")
        place = LocalPlace(self.folder)
        told = [{name: ColumnKind(kind) for name, kind in one.kinds.items()} for one in made]
        kinds = merged_kinds([kinds_in(self.base), *told])
        opened = [*self.before, *(Segment(place, one, kinds=kinds) for one in new)]
        deleted = {
            one.name: bits for one in self.base.segments if (bits := read_deleted(place, self.base, one)) is not None
        }
        before = sum(bits.count for bits in deleted.values())
        deleted = superseded(opened, deleted, first=len(self.before))
        own = sum(deleted[one.name].count for one in new if one.name in deleted)
        version = replace(
            self.base,
            number=next_version(place),
            segments=(*self.base.segments, *new),
            columns={name: str(kind) for name, kind in kinds.items()},
            has_thumbnails=self.base.has_thumbnails or any(one.thumbnails for one in made),
            by=self.options.by,
        )
        return BuildReport(
            version=commit(self.folder, version, deleted),
            read=sum(one.read for one in made),
            refused=refused,
            repeated=own + sum(one.repeated for one in made),
            replaced=sum(bits.count for bits in deleted.values()) - before - own,
            thumbnails=sum(one.thumbnails for one in made),
            left_out=self.schema.left_out,
        )


def told_counts(refused: Counter[str]) -> str:
    """Such as `3 not finite, 1 zero`."""
    return ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in sorted(refused.items()))
