"""The job: each taxon of a table through the sources in their order, until one tells how it looks; a row a taxon.

Taxa are done in blocks, each a file that appears whole or not at all, so a killed run loses one block; memory holds the
table's columns and one block.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.captions.descriptions.description import DESCRIPTION_SCHEMA, REASONS, Description, Source
from thuja.captions.descriptions.keeping import Keep
from thuja.captions.descriptions.pages import Found, PageSource
from thuja.captions.descriptions.taxon_table import TaxonTable
from thuja.errors import OutputExists, UsageError
from thuja.jobs import Progress, Units, atomic_path, differing, in_one_sentence, sole_folder, write_json
from thuja.jobs.units import PLAN
from thuja.taxonomy import Taxon

VERB: Final = "captions describe"
DESCRIPTIONS: Final = "descriptions.parquet"
SUMMARY: Final = "summary.json"
WORK: Final = "work"

SCHEMA: Final = DESCRIPTION_SCHEMA.append(pa.field("known_by", pa.string()))
"""The rows of `descriptions.parquet`: `known_by` says how the page is known to be the taxon's (`Found`)."""

_TELLS_LEAST: Final = ("no_page", "disambiguation", "other_lineage", "broken_page", "no_looks")
"""Reasons, the one that tells least first: of several sources' reasons the row has the last of these."""

assert set(_TELLS_LEAST) == set(REASONS), "a reason has no place"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSource:
    """A source before it is opened: what it is, for the plan of the job, and how to open it for a table in a folder.

    A source that must read a lot first, such as a dump, does so when it is opened, and keeps it in the folder.
    """

    plan: Mapping[str, Any]
    open: Callable[[TaxonTable, Path], PageSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSettings:
    """How to work: taxa in a block, and what stands at the output."""

    block: int = 2_000
    force: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        if self.block < 1:
            raise UsageError(f"a block has at least one taxon, got {self.block}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run came to: taxa, those described and by which source, the others by reason, and kept sentences."""

    taxa: int = 0
    nameless: int = 0
    described: int = 0
    sentences: int = 0
    by_source: dict[str, int] = field(default_factory=dict)
    by_reason: dict[str, int] = field(default_factory=dict)
    by_known: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.by_reason.items())
        share = self.described / self.taxa if self.taxa else 0.0
        without = f"; without one: {reasons}" if reasons else ""
        return (
            f"{self.described:,} of {self.taxa:,} taxa described ({share:.1%}), {self.sentences:,} sentences{without}"
        )


def describe(
    table: TaxonTable,
    sources: Sequence[OpenSource],
    out: Path,
    *,
    keep: Keep,
    kept: str = "looks",
    settings: DescribeSettings | None = None,
) -> Summary:
    """Write `descriptions.parquet` and `summary.json` into the folder `out`, a row a taxon, in the table's order.

    `kept` names what `keep` keeps: a run that is resumed must keep the same. Raises UsageError without a source,
    OutputExists, and what a source raises; what is done is then kept, and `resume` goes on.
    """
    settings = settings or DescribeSettings()
    if not sources:
        raise UsageError("no source of descriptions", hint="--dump FILE, --api URL or --introductions")
    with sole_folder(out, verb=VERB, force=settings.force, resume=settings.resume) as folder:
        work = folder / WORK
        plan = {"taxa": table.id, "block": settings.block, "keep": kept, "sources": [one.plan for one in sources]}
        if Units.plan_in(folder) is not None:  # that run had come to its end
            _require_same(folder, plan)
            return read_summary(folder)
        units = Units(work / "blocks", plan)
        total = -(-len(table) // settings.block)
        if units.finished(total) is None:
            opened = [one.open(table, work / f"source-{number}") for number, one in enumerate(sources)]
            _do_blocks(table, opened, units, keep=keep, size=settings.block)
        summary = _join(units, total, folder, nameless=table.nameless)
        write_json(folder / PLAN, plan)
        shutil.rmtree(work, ignore_errors=True)
    return summary


def _require_same(folder: Path, plan: Mapping[str, Any]) -> None:
    """Raise OutputExists where a finished run was for other taxa, sources or sentences."""
    there, wanted = Units.plan_in(folder) or {}, json.loads(json.dumps(plan))
    if there != wanted:
        names = ", ".join(differing(there, wanted))
        raise OutputExists(f"{folder} holds another run: {names} differ", hint="--force begins anew, or name another")


def _do_blocks(table: TaxonTable, sources: Sequence[PageSource], units: Units, *, keep: Keep, size: int) -> None:
    progress = Progress(total=len(table), label="describing", unit="taxa")
    for number, start in enumerate(range(0, len(table), size)):
        if not units.is_done(number):
            rows = describe_block(table.block(start, start + size), sources, keep=keep)
            with units.writing(number) as path:
                pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path, compression="zstd")
        progress.advance(min(size, len(table) - start))
    progress.close()


def describe_block(taxa: Sequence[Taxon], sources: Sequence[PageSource], *, keep: Keep) -> list[dict[str, Any]]:
    """A row of SCHEMA for each taxon, in their order."""
    rows: dict[Taxon, dict[str, Any]] = {}
    left = list(taxa)
    for source in sources:
        if not left:
            break
        answered = list(source.pages(left))
        texts = keep([section.text for _, found in answered for section in found.sections])
        kept = iter(texts)
        for taxon, found in answered:
            row = _row(taxon, found, [list(next(kept)) for _ in found.sections])
            rows[taxon] = _better(rows.get(taxon), row)
        left = [taxon for taxon in left if taxon not in rows or rows[taxon]["reason"]]
    names = Source(name=sources[-1].name)
    return [rows.get(taxon) or _row(taxon, Found(source=names, reason="no_page"), []) for taxon in taxa]


def _row(taxon: Taxon, found: Found, kept: Sequence[Sequence[str]]) -> dict[str, Any]:
    """A taxon's row from what a source has: the sentences that were kept of each section."""
    headings = [section.heading for section, sentences in zip(found.sections, kept, strict=True) if sentences]
    sentences = tuple(dict.fromkeys(sentence for part in kept for sentence in part))
    description = Description(
        taxon=taxon,
        source=found.source,
        sentences=sentences,
        section="; ".join(dict.fromkeys(heading for heading in headings if heading)),
        reason=found.reason or ("" if sentences else "no_looks"),
    )
    return description.to_row() | {"known_by": found.known_by or None}


def _better(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """The row that tells more: the one with a description, else the one that came nearer to having one."""
    if one is None or not other["reason"]:
        return other
    return max(one, other, key=lambda row: _TELLS_LEAST.index(row["reason"]))


def _join(units: Units, total: int, folder: Path, *, nameless: int) -> Summary:
    """One table of all blocks, a block at a time."""
    paths = units.finished(total)
    assert paths is not None, "every block is done"
    counts: Counter[tuple[str, str]] = Counter()
    path = folder / DESCRIPTIONS
    full = in_one_sentence(path, hint="make room, and run it again with --resume")
    with full, atomic_path(path) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
        for block in paths:
            rows = pq.read_table(block)
            writer.write_table(rows)
            _count(rows, counts)
    summary = _summary(counts, nameless)
    write_json(folder / SUMMARY, asdict(summary))
    return summary


def _count(rows: pa.Table, counts: Counter[tuple[str, str]]) -> None:
    for row in rows.select(["reason", "source", "known_by", "sentences"]).to_pylist():
        counts["taxa", ""] += 1
        if row["reason"]:
            counts["reason", row["reason"]] += 1
        else:
            counts["source", row["source"]] += 1
            counts["known", row["known_by"] or "source"] += 1
            counts["sentences", ""] += len(row["sentences"])


def _summary(counts: Counter[tuple[str, str]], nameless: int) -> Summary:
    def of(kind: str) -> dict[str, int]:
        return dict(
            sorted(((name, count) for (one, name), count in counts.items() if one == kind), key=lambda pair: -pair[1])
        )

    return Summary(
        taxa=counts["taxa", ""],
        nameless=nameless,
        described=sum(of("source").values()),
        sentences=counts["sentences", ""],
        by_source=of("source"),
        by_reason=of("reason"),
        by_known=of("known"),
    )


def read_summary(folder: Path) -> Summary:
    """The summary of a finished run."""
    return Summary(**json.loads((Path(folder) / SUMMARY).read_text(encoding="utf-8")))
