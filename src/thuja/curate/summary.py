"""What a curation did, in numbers that add up, for summary.json and for people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.steps import StepCounts
from thuja.errors import BadFile
from thuja.jobs import write_json
from thuja.record import SPLITS
from thuja.taxonomy import RANKS, Taxon

SUMMARY = "summary.json"
UNSURE = ("unresolved", "ambiguous", "conflict", "given", "higher_rank", "fuzzy", "within")
"""Statuses that a curator wants to look over; the summary tells these names."""
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class NameStatus:
    """Names resolved in one way: how many, on how many images, and the unsure ones themselves."""

    names: int
    images: int
    examples: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCounts:
    """Images and taxa of one split."""

    images: int
    taxa: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CurateSummary:
    """Counts of one curation: read = kept + dropped, in all and at each step."""

    source: str
    read: int
    kept: int
    dropped: Mapping[str, int]
    steps: Sequence[StepCounts]
    taxa: int
    species: int
    families: int
    splits: Mapping[str, SplitCounts]
    names: Mapping[str, NameStatus]
    unseen: Sequence[str]
    notes: Mapping[str, int]
    warnings: Sequence[str]

    def __post_init__(self) -> None:
        assert self.kept + sum(self.dropped.values()) == self.read, "kept and dropped images do not add up"

    def save(self, folder: Path) -> None:
        """Write summary.json."""
        write_json(folder / SUMMARY, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "CurateSummary":
        """Read summary.json; raises BadFile."""
        try:
            fields: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
            fields["steps"] = [StepCounts(**step) for step in fields["steps"]]
            fields["splits"] = {name: SplitCounts(**counts) for name, counts in fields["splits"].items()}
            fields["names"] = {name: NameStatus(**counts) for name, counts in fields["names"].items()}
            return cls(**fields)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadFile(f"{folder / SUMMARY} is not a curation's summary: {error}") from error

    def __str__(self) -> str:
        return "\n".join(_lines(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the steps counted on the way, beside the catalog."""

    source: str
    steps: Sequence[StepCounts]
    names: pl.DataFrame
    notes: Mapping[str, int]
    wanted_unseen: int = 0


def summarize(catalog: Path, findings: Findings) -> CurateSummary:
    """Count the catalog itself, so that the summary proves what was written and not what was meant."""
    ranks = [rank.label for rank in RANKS]
    rows = pl.scan_parquet(catalog, glob=False)
    dropped = (
        rows.filter(pl.col("drop_reason").is_not_null()).group_by("drop_reason").len().sort("drop_reason").collect()
    )
    groups = rows.filter(pl.col("drop_reason").is_null()).group_by([*ranks, "split"]).len().sort([*ranks, "split"])
    kept = groups.collect()
    taxa: dict[str, set[Taxon]] = {split: set() for split in SPLITS}
    images = dict.fromkeys(SPLITS, 0)
    for row in kept.to_dicts():
        taxa[row["split"]].add(Taxon.from_columns(row))
        images[row["split"]] += row["len"]
    every = set().union(*taxa.values())
    return CurateSummary(
        source=findings.source,
        read=int(rows.select(pl.len()).collect().item()),
        kept=sum(images.values()),
        dropped=dict(dropped.iter_rows()),
        steps=findings.steps,
        taxa=len(every),
        species=len({taxon for taxon in every if taxon.binomial}),
        families=len({taxon.family for taxon in every if taxon.family}),
        splits={split: SplitCounts(images=images[split], taxa=len(taxa[split])) for split in SPLITS},
        names=_statuses(findings.names),
        unseen=sorted(taxon.scientific_name for taxon in taxa["unseen"]),
        notes=findings.notes,
        warnings=_warnings(findings.wanted_unseen, len(taxa["unseen"])),
    )


def _warnings(wanted: int, held: int) -> list[str]:
    if held >= wanted:
        return []
    return [f"only {held} of {wanted} species are held out: no family can spare another and keep one to train on"]


def _statuses(names: pl.DataFrame) -> dict[str, NameStatus]:
    statuses = {}
    for (status,), group in names.group_by(["resolution_status"], maintain_order=True):
        examples = group["verbatim_name"].drop_nulls().unique(maintain_order=True)
        statuses[str(status)] = NameStatus(
            names=len(examples),
            images=int(group["images"].sum()),
            examples=examples.to_list() if status in UNSURE else (),
        )
    return dict(sorted(statuses.items(), key=lambda item: -item[1].images))


def _lines(summary: CurateSummary) -> list[str]:
    lines = [
        f"{summary.source}: {summary.read:,} read = {summary.kept:,} kept + {summary.read - summary.kept:,} dropped"
    ]
    lines += [f"  dropped  {count:>9,}  {reason}" for reason, count in summary.dropped.items()]
    lines.append(f"taxa: {summary.taxa:,}, of them {summary.species:,} species, in {summary.families:,} families")
    for split, counts in summary.splits.items():
        if counts.images:
            lines.append(f"  {split:<8} {counts.images:>9,} images of {counts.taxa:,} taxa")
    lines.append("names:")
    for status, named in summary.names.items():
        shown = ", ".join(_short(name) for name in named.examples[:_SHOWN])
        more = f" and {named.names - _SHOWN} more (names.csv)" if named.names > _SHOWN and shown else ""
        lines.append(
            f"  {status:<14} {named.names:>6,} on {named.images:,} images" + (f": {shown}{more}" if shown else "")
        )
    if summary.unseen:
        shown = ", ".join(summary.unseen[:_SHOWN])
        more = f" and {len(summary.unseen) - _SHOWN} more" if len(summary.unseen) > _SHOWN else ""
        lines.append(f"species held out of training: {shown}{more}")
    lines += [f"note: {_note(name, count)}" for name, count in summary.notes.items()]
    return lines + [f"warning: {warning}" for warning in summary.warnings]


def _note(name: str, count: int) -> str:
    if name == "outside":
        return f"{count:,} rows of the table speak of files outside the folder and are left out"
    if name.startswith("unknown split"):
        return f"{count:,} rows with {name}; they are split like rows without one"
    return f"{name.replace('_', ' ')}: {count:,}"


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= 40 else name[:39] + "…"
