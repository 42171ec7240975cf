"""Reading shards: in order, by sample, or shared out among ranks and workers, and resumed at a sample."""

import logging
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from types import MappingProxyType

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.phrasing import CAPTION, PHRASES
from thuja.record import Record
from thuja.shards.archive import Entry, Fault, Span, read_span, scan
from thuja.taxonomy import RANKS, Taxon

logger = logging.getLogger(__name__)

_IMAGES = ("jpg", "jpeg", "png", "webp")
_TEXTS: Mapping[str, str] = {
    **dict.fromkeys(("txt", f"{CAPTION}.txt"), CAPTION),
    **{f"{kind.lower()}.txt": kind for kind in PHRASES},
}
"""Text type by suffix; `txt` is LAION's caption, `caption.txt` BioCAP's.

TreeOfLife writes `taxonTag.txt`; webdataset lower-cases it on reading."""

_MAX_IMAGE = 512 * 2**20
_MAX_TEXT = 16 * 2**20

OnFault = Callable[[Fault], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample of a shard: the Record, its image as bytes, its texts by text type."""

    record: Record
    image: bytes
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a ShardReader stands: which of its own shards, which sample in it. `dataclasses.asdict` is its JSON."""

    shard: int = 0
    sample: int = 0


class FaultCount:
    """Counts faults by reason, and logs the first of each reason in each shard."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self._seen: set[tuple[Path, str]] = set()

    def __call__(self, fault: Fault) -> None:
        self.reasons[fault.reason] += 1
        if (fault.shard, fault.reason) not in self._seen:
            self._seen.add((fault.shard, fault.reason))
            logger.warning("%s (%s; more of the same in this shard are counted only)", fault, fault.reason)


def list_shards(folder: Path, split: str) -> list[Path]:
    """The shards `<split>-00000.tar`, ... of a folder, in order."""
    name = re.compile(re.escape(split) + r"-(\d+)\.tar")
    found = [(int(match[1]), path) for path in Path(folder).iterdir() if (match := name.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def read_shard(path: Path, *, start: int = 0, on_fault: OnFault | None = None) -> Iterator[Sample]:
    """The samples of a shard from number `start` on, read front to back.

    Own members (jpg, json), TreeOfLife's (jpg and text members) and LAION's (jpg, txt, json) are
    understood. What is corrupt goes to `on_fault` (a FaultCount by default; a function that raises
    stops the reading) and still counts as a sample. Raises BadFile when the file cannot be opened.
    """
    on_fault = on_fault or FaultCount()
    for _, found in _read(_Part(path=path), start):
        if isinstance(found, Fault):
            on_fault(found)
        else:
            yield found


def scan_shard(path: Path) -> Iterator[Entry | Fault]:
    """Every sample's key and the offsets and sizes of its members, from the headers alone, as they are met.

    What is broken comes as a Fault between them. Raises BadFile when the file cannot be opened.
    """
    with open_shard(path) as file:
        yield from scan(file, path)


def index_shard(path: Path, *, on_fault: OnFault | None = None) -> list[Entry]:
    """All the entries of `scan_shard` at once; faults go to `on_fault`."""
    on_fault = on_fault or FaultCount()
    entries = []
    for found in scan_shard(path):
        if isinstance(found, Fault):
            on_fault(found)
        else:
            entries.append(found)
    return entries


def read_at(path: Path, entry: Entry) -> Sample:
    """The sample at an entry of `index_shard`; raises BadFile when it is corrupt."""
    found = read_entry(path, entry)
    if isinstance(found, Fault):
        raise BadFile(str(found))
    return found


def read_entry(path: Path, entry: Entry, *, needs_record: bool = True) -> Sample | Fault:
    """The sample at an entry, or what is wrong with it; an image may stand alone unless `needs_record`."""
    with open_shard(path) as file:
        return assemble(file, path, entry, needs_record=needs_record)


class ShardReader:
    """One reader's share of a list of shards, resumable at a sample.

    All readers (`world` ranks of `workers` each) get the same `paths` in the same order. Together they
    read every sample once: whole shards in turn as long as every reader gets one, and each of the
    shards left over by every n-th sample, so that nobody idles when there are few.

    A reader is read once; after each sample `position` says where to go on. `faults` counts what
    was corrupt, by reason.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        rank: int = 0,
        world: int = 1,
        worker: int = 0,
        workers: int = 1,
        position: Position | None = None,
    ) -> None:
        if not (0 <= rank < world and 0 <= worker < workers):
            raise UsageError(f"no such reader: rank {rank} of {world}, worker {worker} of {workers}")
        readers, ours = world * workers, rank * workers + worker
        whole = len(paths) - len(paths) % readers
        self._parts = [_Part(path=path) for path in paths[ours:whole:readers]]
        self._parts += [_Part(path=path, first=ours, step=readers) for path in paths[whole:]]
        self.position = position or Position()
        self._count = FaultCount()
        if self.position.shard > len(self._parts):
            raise UsageError(
                f"cannot go on at shard {self.position.shard} of {len(self._parts)}",
                hint="a position fits the shards, ranks and workers that it was taken with",
            )

    @property
    def faults(self) -> Mapping[str, int]:
        """How many faults were met, by reason."""
        return MappingProxyType(self._count.reasons)

    def __iter__(self) -> Iterator[Sample]:
        while self.position.shard < len(self._parts):
            shard = self.position.shard
            for passed, found in _read(self._parts[shard], self.position.sample):
                self.position = Position(shard=shard, sample=passed)
                if isinstance(found, Fault):
                    self._count(found)
                else:
                    yield found
            self.position = Position(shard=shard + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Every `step`-th sample of a shard from `first` on."""

    path: Path
    first: int = 0
    step: int = 1


def _read(part: _Part, start: int) -> Iterator[tuple[int, Sample | Fault]]:
    """What the part holds from sample `start` of the shard on, and how many samples of it are then passed."""
    passed = 0
    with open_shard(part.path) as file:
        for found in scan(file, part.path):
            if isinstance(found, Fault):
                if passed >= start and part.first == 0:  # one of the shard's readers reports, and once
                    yield passed, found
                continue
            passed += 1
            if passed > start and (passed - 1) % part.step == part.first:
                yield passed, assemble(file, part.path, found)


def open_shard(path: Path) -> FileIO:
    """The file of a shard; raises BadFile when it cannot be opened."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # a pipe would be waited for, for ever
            raise BadFile(f"cannot read the shard {path}: it is not a file")
        return FileIO(path)
    except OSError as error:
        raise BadFile(f"cannot read the shard {path}: {error.strerror}") from error


def assemble(file: FileIO, path: Path, entry: Entry, *, needs_record: bool = True) -> Sample | Fault:
    """The sample at an entry of an open shard, or what is wrong with it."""
    found = describe(file, path, entry, needs_record=needs_record)
    if isinstance(found, Fault):
        return found
    span = image_span(entry)
    assert span is not None, "an entry without an image was described"
    return replace(found, image=read_span(file, span))


def image_span(entry: Entry) -> Span | None:
    """Where the image of an entry lies, if it has one."""
    suffix = next((suffix for suffix in _IMAGES if suffix in entry.members), None)
    return None if suffix is None else entry.members[suffix]


def describe(file: FileIO, path: Path, entry: Entry, *, needs_record: bool = True) -> Sample | Fault:
    """The sample without its image, which is not read."""
    span = image_span(entry)
    if span is None or span[1] == 0:
        return Fault(shard=path, key=entry.key, reason="no_image", message="a sample without an image")
    sizes = {name: entry.members[name][1] for name in ("json", *_TEXTS) if name in entry.members}
    large = next((name for name, size in sizes.items() if size > _MAX_TEXT), None)
    if span[1] > _MAX_IMAGE or large is not None:
        what = f"{sizes[large]:,} bytes of {large}" if large is not None else f"an image of {span[1]:,} bytes"
        return Fault(shard=path, key=entry.key, reason="too_large", message=what)
    try:
        texts = {
            kind: read_span(file, entry.members[name]).decode("utf-8").strip()
            for name, kind in _TEXTS.items()
            if name in entry.members
        }
        if "json" in entry.members:
            record = Record.from_json(read_span(file, entry.members["json"]))
        elif texts or not needs_record:
            record = Record(uuid="", path="")
        else:
            return Fault(shard=path, key=entry.key, reason="no_record", message="a sample without a record or a text")
    except (ThujaError, ValueError, TypeError, RecursionError) as error:
        return Fault(shard=path, key=entry.key, reason="bad_record", message=str(error).splitlines()[0])
    return Sample(record=_completed(record, texts, entry.key, path=path), image=b"", texts=texts)


def _completed(record: Record, texts: Mapping[str, str], key: str, *, path: Path) -> Record:
    """The record with what only the key or the texts say."""
    return replace(
        record,
        uuid=record.uuid or key,
        path=record.path or f"{path}#{key}",
        taxon=record.taxon if record.taxon.rank is not None else _taxon(texts),
        caption=record.caption or texts.get(CAPTION, ""),
    )


def _taxon(texts: Mapping[str, str]) -> Taxon:
    """The lineage that TreeOfLife's text members tell.

    Only the tagged sentence says which ranks are missing; without it, a bare lineage is taken at its
    word when it has all seven names, and else the binomial alone is.
    """
    tagged = texts.get("taxonTag") or texts.get("taxonTag_com", "").partition(" with common name ")[0]
    lineage = texts.get("taxonomic_name") or _bare(texts.get("taxon", ""))
    scientific = texts.get("scientific_name") or _bare(texts.get("sci", ""))
    if tagged:
        taxon = Taxon.from_lineage(_bare(tagged))
    elif len(lineage.split()) >= len(RANKS):
        taxon = Taxon.from_lineage(lineage)
    else:
        genus, _, species = scientific.partition(" ")
        taxon = Taxon(genus=genus, species=species) if species else Taxon()
    common = texts.get("common_name") or _bare(texts.get("com", ""))
    # Where no common name is known, the member holds the scientific name or the lineage instead.
    return replace(taxon, common="" if common in (scientific, lineage, taxon.scientific_name) else common)


def _bare(sentence: str) -> str:
    """`a photo of Corvus corax.` without its frame."""
    return sentence.removeprefix("a photo of ").removesuffix(".")
