"""Where examples come from: a folder a class, a table of images and labels, or embeddings with columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.classify.examples.columns import split_target
from thuja.embeddings import Embeddings
from thuja.encode.pipeline import Failure
from thuja.encode.tables import IMAGE_COLUMNS, TABLES, Cells, Flaw, gathered, open_table
from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.images.finding import walk_images
from thuja.images.split_folders import label_and_split
from thuja.names import Status, resolve_names
from thuja.taxonomy import RANKS, Taxon

LABEL_COLUMNS: Final = ("label", "class_name", "scientific_name", "taxon", "species", "category", "name")
OBSERVATION_COLUMNS: Final = ("observation_id", "sequence_id")
"""What says that images are of one organism at one moment, when nobody names a column."""

_ACCEPTED: Final = frozenset({Status.EXACT, Status.SYNONYM, Status.VARIANT, Status.OVERRIDE})
_RANKS: Final = tuple(rank.label for rank in RANKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleClass:
    """What an example shows: `taxon` is None for a label that is no scientific name."""

    text: str
    taxon: Taxon | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRows:
    """N examples: where each image is, what it shows (None where nobody says), its observation, its cells.

    `embeddings` are the vectors of those that came with them, in the same order. `failures` are rows that cannot be
    used, `unlabelled` says how many have no label.
    """

    files: Sequence[str]
    labels: Sequence[ExampleClass | None]
    observations: Sequence[str]
    cells: pa.Table
    embeddings: Embeddings | None = None
    failures: Sequence[Failure] = ()
    base: Path = field(default_factory=Path)

    def __len__(self) -> int:
        return len(self.files)

    def images(self) -> Iterator[tuple[str, Path]]:
        """What is to be encoded, under its place."""
        for place, name in enumerate(self.files):
            yield str(place), self.base / name


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleColumns:
    """The columns of a table of examples; None is the first of the usual ones that it has."""

    file: str | None = None
    label: str | None = None
    observation: str | None = None
    targets: Sequence[str] = ()


def read_examples(source: Path, columns: ExampleColumns = ExampleColumns()) -> ExampleRows:
    """The examples in a folder with a folder for each class, a table, or a Parquet file of embeddings.

    Raises UsageError for a source that is none of these or lacks a column, EmptyInput for one without an image.
    """
    if source.is_dir():
        return _of_folder(source, columns)
    if not source.is_file():
        raise UsageError(f"there is no folder or table of examples at {source}")
    if source.suffix.lower() not in TABLES:
        raise UsageError(f"{source} is neither a folder nor a table of examples", hint=f"one of {', '.join(TABLES)}")
    if source.suffix.lower() in (".parquet", ".pq") and "emb" in pq.read_schema(source).names:
        return _of_embeddings(Embeddings.load(source).normalized(), columns, source)
    return _of_table(source, columns)


def _of_folder(folder: Path, columns: ExampleColumns) -> ExampleRows:
    for what, named in (("label", columns.label), ("observation", columns.observation), ("target", columns.targets)):
        if named:
            raise UsageError(
                f"a folder of images has no {what} column", hint="give a table of files with that column as examples"
            )
    files = [path.relative_to(folder).as_posix() for path in walk_images(folder)]
    if not files:
        raise EmptyInput(f"there is no image in the folders of {folder}", hint="one folder a class, images in it")
    names = [label_and_split(name)[0] for name in files]
    failures = [
        Failure(id=name, reason="no_label", message=f"{folder / name} lies in no folder that names its class")
        for name, label in zip(files, names, strict=True)
        if not label
    ]
    kept = [row for row, label in enumerate(names) if label]
    return ExampleRows(
        files=[files[row] for row in kept],
        labels=_classes([names[row] for row in kept], [Taxon()] * len(kept)),
        observations=[files[row] for row in kept],
        cells=pa.table({}),
        failures=failures,
        base=folder,
    )


def _of_table(path: Path, columns: ExampleColumns) -> ExampleRows:
    table = open_table(path, columns.file, IMAGE_COLUMNS)
    files: list[str] = []
    rows: list[Cells] = []
    failures: list[Failure] = []
    for number, row in enumerate(table.rows()):
        if isinstance(row, Flaw):
            failures.append(Failure(id=f"row {number + 1}", reason=row.reason, message=row.message))
        elif not isinstance(row.value, str) or not row.value:
            failures.append(Failure(id=f"row {number + 1}", reason="no_image", message="the row names no image"))
        else:
            files.append(row.value)
            rows.append(row.cells)
    if not rows:
        raise EmptyInput(f"no row of {path} names an image")
    return _of_cells(files, gathered(rows), columns, source=path, failures=failures)


def _of_embeddings(embeddings: Embeddings, columns: ExampleColumns, path: Path) -> ExampleRows:
    if not len(embeddings):
        raise EmptyInput(f"there is no vector in {path}")
    return _of_cells(list(embeddings.ids), embeddings.columns, columns, source=path, embeddings=embeddings)


def _of_cells(
    files: Sequence[str],
    cells: pa.Table,
    columns: ExampleColumns,
    *,
    source: Path,
    failures: Sequence[Failure] = (),
    embeddings: Embeddings | None = None,
) -> ExampleRows:
    header = cells.column_names
    for what, name in (("label", columns.label), ("observation", columns.observation)):
        if name is not None and name not in header:
            raise UnknownName.of(f"{what} column of {source}", name, header)
    targets = [asked if asked in header else split_target(asked)[0] for asked in columns.targets]
    for name in targets:
        if name not in header:
            raise UnknownName.of(f"target column of {source}", name, header)
    named = columns.observation or next((name for name in OBSERVATION_COLUMNS if name in header), None)
    groups = _texts(cells, named) if named else [""] * len(files)
    return ExampleRows(
        files=files,
        labels=_labels(cells, columns, source),
        # One that is not said is the image's own, and never that of another with the same name.
        observations=[f"id {group}" if group else f"file {name}" for group, name in zip(groups, files, strict=True)],
        cells=cells.select(list(dict.fromkeys(targets))),
        embeddings=embeddings,
        failures=failures,
        base=source.parent,
    )


def _labels(cells: pa.Table, columns: ExampleColumns, source: Path) -> list[ExampleClass | None]:
    """A class for each row: by the column named, or by the lineage in the columns of the ranks, or a usual column."""
    header = cells.column_names
    given = {rank: _texts(cells, rank) for rank in _RANKS if rank in header}
    lineages = [Taxon.from_columns({rank: given[rank][row] for rank in given}) for row in range(cells.num_rows)]
    has_lineage = {"genus", "species"} <= set(given)
    label = columns.label
    if label is None and has_lineage:
        return _classes([taxon.scientific_name for taxon in lineages], lineages)
    label = label or next((name for name in LABEL_COLUMNS if name in header), None)
    if label is None:
        if columns.targets:
            return [None] * cells.num_rows
        raise UsageError(
            f"{source} has no column that says what its images show", hint=f"name it: --label-column, of {header[:8]}"
        )
    return _classes(_texts(cells, label), lineages if has_lineage else [Taxon()] * cells.num_rows)


def _classes(names: Sequence[str], lineages: Sequence[Taxon]) -> list[ExampleClass | None]:
    """What each name with its lineage is: a taxon where it is the lineage's own or a scientific name, else a text."""
    distinct = list(dict.fromkeys((name, taxon) for name, taxon in zip(names, lineages, strict=True) if name))
    known = {pair: taxon for pair in distinct if (taxon := _said(*pair)) is not None}
    asked = [pair for pair in distinct if pair not in known]
    if asked:
        found = resolve_names([name for name, _ in asked], [taxon for _, taxon in asked])
        for pair, resolution in zip(asked, found, strict=True):
            is_binomial = len(pair[0].replace("_", " ").split()) == 2
            if resolution.status in _ACCEPTED or (resolution.status is Status.FUZZY and is_binomial):
                known[pair] = resolution.taxon
    return [
        _class(name, known.get((name, taxon))) if name else None for name, taxon in zip(names, lineages, strict=True)
    ]


def _class(name: str, taxon: Taxon | None) -> ExampleClass:
    return ExampleClass(text=name if taxon is None else taxon.scientific_name, taxon=taxon)


def _said(name: str, lineage: Taxon) -> Taxon | None:
    """The taxon that a name with its lineage says without a look into a backbone."""
    plain = " ".join(name.replace("_", " ").split())
    is_placed = bool(lineage.kingdom or lineage.family)
    if (
        is_placed
        and lineage.rank is not None
        and plain in (lineage.scientific_name, lineage.binomial, lineage.names[lineage.rank])
    ):
        return lineage
    is_inat = len(name.split("_")) > 6 and name.split("_")[0].isdigit()
    return Taxon.from_folder(name) if is_inat else None


def _texts(cells: pa.Table, name: str) -> list[str]:
    return ["" if value is None or value != value else " ".join(str(value).split()) for value in _values(cells, name)]


def _values(cells: pa.Table, name: str) -> list[Any]:
    values: list[Any] = cells.column(name).to_pylist()
    return values
