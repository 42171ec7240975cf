"""From what a user has labelled to evidence: vectors of images with their true taxa, for a calibration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.classify.calibrate.fitting import Added, fit_calibration
from thuja.classify.clades import Tree
from thuja.embeddings import Embeddings
from thuja.encode.images import EncodeOptions
from thuja.encode.job import EmbedJob, run_job
from thuja.encode.planned import OpenEncoder
from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError
from thuja.jobs import Share
from thuja.labels import LabelSpace
from thuja.predict.calibrations import FACTS, OBSERVATION, Calibrations, labelled_of, with_unseen
from thuja.predict.true_names import true_names
from thuja.record import SPLITS
from thuja.shards import list_shards
from thuja.taxonomy import RANKS, Taxon

_CATALOG = "catalog.parquet"
_EMBEDDINGS = {"uuid", "emb"}
_OTHER_NAMES = {
    OBSERVATION: ("observation", "observationid", "occurrenceid"),
    "latitude": ("decimallatitude", "lat"),
    "longitude": ("decimallongitude", "lon", "lng"),
    "event_date": ("eventdate", "date", "observed_on", "timestamp"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSource:
    """Labelled images: a folder that `thuja curate` made, a table of files and taxa, or embeddings with rank columns.

    `splits` are those of a curated folder that are taken: val where nobody says. `column` names a table's files,
    `observation` the column that says which images are of one observation.
    """

    path: Path
    splits: Sequence[str] = ()
    column: str | None = None
    observation: str | None = None

    def __post_init__(self) -> None:
        for split in self.splits:
            if split not in SPLITS:
                raise UnknownName.of("split", split, SPLITS)
        if not self.path.exists():
            raise UsageError(f"there is no {self.path}", hint="a data folder, a table, or a file of embeddings")
        if self.splits and not self.is_curated:
            raise UsageError(f"{self.path} is no folder that thuja curate made, and has no splits")

    @property
    def is_curated(self) -> bool:
        """Whether `thuja curate` made it."""
        return (self.path / _CATALOG).is_file()

    @property
    def is_embedded(self) -> bool:
        """Whether it holds vectors already."""
        if self.path.suffix.lower() not in (".parquet", ".pq") or not self.path.is_file():
            return False
        try:
            return set(pq.read_schema(self.path).names) >= _EMBEDDINGS
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{self.path} is not a Parquet file: {error}") from error

    def inputs(self) -> list[str]:
        """What of it is to be embedded; raises EmptyInput for a split without images."""
        if not self.is_curated:
            if self.path.is_dir():
                raise UsageError(
                    f"the folder {self.path} says of no image what it shows",
                    hint="curate it first (thuja curate), or name a table with columns file and scientific_name",
                )
            return [str(self.path)]
        splits = self.splits or ("val",)
        shards = [shard for split in splits for shard in list_shards(self.path / "shards", split)]
        if not shards:
            raise EmptyInput(f"{self.path} has no images in {', '.join(splits)}", hint="name another: --split test")
        return [str(shard) for shard in shards]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Labelled images ready for a calibration, and names that nobody knows."""

    embeddings: Embeddings
    unknown: tuple[str, ...] = ()


def embed_labelled(
    source: LabelledSource, work: Path, *, open_encoder: OpenEncoder, options: EncodeOptions, say: Callable[[str], None]
) -> Embeddings:
    """The images' vectors, with what the source says of them; `work` is a file for what is done so far.

    A run that was stopped goes on where it was. What cannot be read is listed beside `work`.
    """
    if source.is_embedded:
        return Embeddings.load(source.path).normalized()
    job = EmbedJob(
        inputs=source.inputs(),
        out=work,
        parts=work.with_name(f"{work.name}.parts"),
        column=source.column,
        options=replace(options, dtype="float16", label="calibrate"),
        force=True,
    )
    run_job(job, open_encoder, Share(), say=say)
    found = Embeddings.load(work)
    work.unlink()
    if not source.is_curated:
        return found
    catalog = pq.read_schema(source.path / _CATALOG).names
    wanted = ["uuid", *(name for name in FACTS if name in catalog)]
    return found.join(pq.read_table(source.path / _CATALOG, columns=wanted))


def evidence_of(found: Embeddings, tree: Tree, *, observation: str | None = None) -> Evidence:
    """Labelled images under the columns of a calibration's evidence; rows that name no taxon are left out."""
    told = true_names(found.columns, tree)
    columns = {rank.label: pa.array([taxon[rank] or None for taxon in told.taxa], pa.string()) for rank in RANKS}
    lower = {name.lower(): name for name in reversed(found.columns.column_names)}
    if observation is not None and observation.lower() not in lower:
        raise UnknownName.of("column of observations", observation, found.columns.column_names)
    for fact in FACTS:
        names = (fact, *_OTHER_NAMES[fact])
        if fact == OBSERVATION and observation is not None:
            names = (observation.lower(),)
        if (name := next((lower[each] for each in names if each in lower), None)) is not None:
            column = found.columns.column(name)
            is_number = fact in ("latitude", "longitude")
            columns[fact] = _numbers(column) if is_number else pc.cast(column, pa.string())
    is_named = np.array([taxon.rank is not None for taxon in told.taxa], dtype=bool)
    if not is_named.any():
        raise EmptyInput("none of the labelled images has a taxon that is known", hint="thuja calibrate --help")
    named = replace(found, columns=pa.table(columns)).select(is_named)
    return Evidence(embeddings=named, unknown=told.unknown)


def calibrate(
    evidence: Embeddings,
    labels: LabelSpace,
    *,
    scale: float,
    tree: Tree | None = None,
    added: Added | None = None,
    counts: dict[Taxon, int] | None = None,
) -> Calibrations:
    """Fit a calibration on evidence; raises UsageError for vectors of another model."""
    if evidence.model != labels.model:
        raise UsageError(
            f"the labelled vectors were made by {evidence.model}, the labels by {labels.model}",
            hint="embed the images with the model that is to be calibrated",
        )
    told = np.array([counts.get(taxon, 0) for taxon in labels.taxa]) if counts else None
    labelled = labelled_of(evidence)
    tree = tree or Tree.of(labels)
    found = fit_calibration(labelled, labels, scale=scale, tree=tree, added=added, counts=told)
    found = with_unseen(found, labelled, labels, scale=scale, tree=tree)
    return Calibrations(calibration=found, evidence=evidence, counts=counts or {})


def training_counts(folder: Path) -> dict[Taxon, int]:
    """How many images of each taxon a curated folder has to learn from."""
    names = [rank.label for rank in RANKS]
    table = pq.read_table(Path(folder) / _CATALOG, columns=[*names, "split", "drop_reason"])
    kept = table.filter(pc.and_(pc.is_null(table.column("drop_reason")), pc.equal(table.column("split"), "train")))
    counted = kept.group_by(names).aggregate([([], "count_all")])
    return {Taxon.from_columns(row): int(row["count_all"]) for row in counted.to_pylist()}


def report(calibrations: Calibrations) -> list[str]:
    """What a calibration found, a line each: for people, and tab-separated for programs."""
    found = calibrations.calibration
    checks = found.checks
    lines = ["rank\tECE before\tECE after"]
    for rank in RANKS:
        if rank in checks.after:
            lines.append(f"{rank.label}\t{checks.before[rank]:.3f}\t{checks.after[rank]:.3f}")
    lines += [f"sets asked to hold the truth {asked:.0%}\t{held:.1%}" for asked, held in checks.covered.items()]
    if checks.right is not None:
        depth = f"at mean rank {checks.depth:.1f} of 7"
        lines.append(f"answers at confidence 0.9 that are right\t{checks.right:.1%}\t{depth}")
    lines.append(f"temperature\t{found.temperature:.3f}")
    lines.append(f"observations\t{found.observations}\tof {found.images} images, {found.outside} outside the labels")
    return lines


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of numbers, as a CSV file has them too; what is none becomes a null."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return pc.cast(column, pa.float64())

    def number(cell: object) -> float | None:
        try:
            return float(str(cell))
        except ValueError:
            return None

    return pa.chunked_array([pa.array([number(cell) for cell in column.to_pylist()], pa.float64())])


def require_rank_labels(labels: LabelSpace) -> Tree:
    """The tree of labels that are taxa; raises UsageError for free texts."""
    if not labels.taxa:
        raise UsageError("labels of your own have no ranks to calibrate", hint="name a label space of taxa: --labels")
    return Tree.of(labels)
