"""What may be answered: taxa or free texts, each with the vector of its sentence."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.embeddings import Vectors, positions
from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.jobs import atomic_path, write_json
from thuja.taxonomy import Rank, Taxon

FACTS = "labels.json"
"""Stands in the folder of a whole label space: the model's id, how many labels, how they were made."""

_ROW_GROUP = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpace:
    """L labels and an (L, D) matrix of their text embeddings, each of length one.

    `texts` is what stands on a label; `taxa` is the taxon behind each, or empty for custom labels.
    """

    texts: Sequence[str]
    vectors: Vectors
    model: str
    taxa: Sequence[Taxon] = ()

    def __post_init__(self) -> None:
        if len(self.texts) == 0:
            raise EmptyInput("a label space needs at least one label")
        if self.vectors.shape[:1] != (len(self.texts),) or self.vectors.ndim != 2:
            raise ThujaError(f"expected {len(self.texts)} label vectors, got shape {self.vectors.shape}")
        if self.taxa and len(self.taxa) != len(self.texts):
            raise ThujaError(f"expected {len(self.texts)} taxa, got {len(self.taxa)}")

    def __len__(self) -> int:
        return len(self.texts)

    def subset(self, which: npt.ArrayLike) -> "LabelSpace":
        """The labels at these positions, or where this mask is true; raises EmptyInput for none."""
        rows = positions(which, len(self))
        return LabelSpace(
            texts=[self.texts[int(row)] for row in rows],
            vectors=self.vectors[rows],
            model=self.model,
            taxa=[self.taxa[int(row)] for row in rows] if self.taxa else (),
        )

    def within(self, ancestor: Taxon) -> "LabelSpace":
        """The labels whose lineage holds every name of `ancestor`; raises EmptyInput for none."""
        mask = [taxon.is_within(ancestor) for taxon in self.taxa]
        if not any(mask):
            raise EmptyInput(f'no label lies within "{ancestor.taxonomic_name}"')
        return self.subset(mask)

    def groups(self, rank: Rank) -> tuple[list[Taxon], npt.NDArray[np.int64]]:
        """The distinct taxa at `rank`, sorted, and for each label the index of its own: (L,).

        Two genera of one name under different lineages stay apart. Raises UsageError for custom labels.
        """
        if not self.taxa:
            raise UsageError("custom labels have no taxa to group by rank", hint="leave out the rank")
        cut = [taxon.at(rank) for taxon in self.taxa]
        distinct = sorted(set(cut))
        place = {taxon: index for index, taxon in enumerate(distinct)}
        return distinct, np.array([place[taxon] for taxon in cut], dtype=np.int64)

    def save(self, folder: Path) -> None:
        """Write `labels.parquet`, `embeddings.npy` (float16) and `labels.json` (the model's id)."""
        save_parts(folder, [self], count=len(self))

    @classmethod
    def load(cls, folder: Path) -> "LabelSpace":
        """Read what `save` wrote; the vectors stay on disk until they are used."""
        folder = Path(folder)
        try:
            facts = read_facts(folder)
            table = pq.read_table(folder / "labels.parquet")
            vectors = np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)
            model, texts = str(facts["model"]), table.column("text").to_pylist()
        except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
            raise BadFile(f"{folder} is not a label space: {error}") from error
        has_taxa = Rank.KINGDOM.label in table.column_names
        taxa = [Taxon.from_columns(row) for row in table.to_pylist()] if has_taxa else []
        return cls(texts=texts, vectors=vectors, model=model, taxa=taxa)

    @classmethod
    def load_published(cls, matrix: Path, names: Path, *, model: str) -> "LabelSpace":
        """Read TreeOfLife's `txt_emb_*.npy` (D, L) and `.json` (a lineage and a common name a label)."""
        try:
            vectors = np.load(matrix, mmap_mode="r", allow_pickle=False)
            rows = json.loads(Path(names).read_text(encoding="utf-8"))
            taxa = [Taxon.from_names(lineage, common) for lineage, common in rows]
        except (OSError, ValueError, EOFError, TypeError, AttributeError) as error:
            raise BadFile(f"{matrix} with {names} is not a published label space: {error}") from error
        if vectors.ndim != 2 or vectors.shape[1] != len(taxa):
            raise BadFile(f"{matrix} has shape {vectors.shape}, but {names} has {len(taxa)} labels")
        return cls(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors.T, model=model, taxa=taxa)


def read_facts(folder: Path) -> dict[str, Any]:
    """What `labels.json` says: `model`, `labels`, `dim`, and how it was built; raises BadFile."""
    try:
        facts = json.loads((Path(folder) / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"{folder} is not a label space: {error}") from error
    if not isinstance(facts, dict) or not {"model", "labels", "dim"} <= set(facts):
        raise BadFile(f"{folder} is not a label space: {FACTS} says neither model, labels nor dim")
    return facts


def count_ranks(folder: Path) -> dict[Rank, int]:
    """How many taxa a label space has at each rank, those above its labels too; none for custom labels."""
    path = Path(folder) / "labels.parquet"
    try:
        names = pq.read_schema(path).names
        ranks = [rank for rank in Rank if rank.label in names]
        table = pq.read_table(path, columns=[rank.label for rank in ranks])
    except (OSError, ValueError) as error:
        raise BadFile(f"{folder} is not a label space: {error}") from error
    counts = {}
    for rank in ranks:
        named = table.filter(pc.is_valid(table.column(rank.label)))
        counts[rank] = named.group_by([above.label for above in ranks if above <= rank]).aggregate([]).num_rows
    return counts


def read_labels(path: Path) -> list[str]:
    """Labels from a text file, one a line; blank lines are left out, commas and quotes are kept."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"cannot read the labels in {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the labels in {path} are not UTF-8 text", hint="save the file as UTF-8") from error
    labels = [line.strip() for line in lines if line.strip()]
    if not labels:
        raise EmptyInput(f"{path} holds no label", hint="write one label a line")
    return labels


def save_parts(
    folder: Path, parts: Iterable[LabelSpace], *, count: int, facts: Mapping[str, Any] | None = None
) -> None:
    """Write one label space of `count` labels that comes in parts of one kind, in a part's memory.

    `facts` (text type, prompts, precision) stand in `labels.json`, beside the model's id.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)  # without it, the folder does not load half written
    done, dim, model = 0, 0, ""
    with (
        atomic_path(folder / "labels.parquet") as table_path,
        atomic_path(folder / "embeddings.npy") as vectors_path,
        table_path.open("wb") as table_file,
        vectors_path.open("wb") as vectors_file,
        closing(_Table(table_file)) as rows,
    ):
        for part in parts:
            if done == 0:
                dim, model = part.vectors.shape[1], part.model
                header = {"descr": "<f2", "fortran_order": False, "shape": (count, dim)}
                np.lib.format.write_array_header_1_0(vectors_file, header)
            done += len(part)
            if done > count:
                break
            if part.vectors.shape[1] != dim:
                raise ThujaError(f"expected label vectors of {dim} dimensions, got {part.vectors.shape[1]}")
            _write_rows(vectors_file, part.vectors)
            rows.add(part)
        if done != count:
            raise ThujaError(f"expected {count} labels in all parts, got {done}")
    write_json(folder / FACTS, {"model": model, "labels": done, "dim": dim, **(facts or {})})


def _write_rows(file: BinaryIO, vectors: Vectors) -> None:
    """Written, not mapped into memory: where the disk is full, that is an error and not a signal that kills."""
    for start in range(0, len(vectors), _ROW_GROUP):
        file.write(np.ascontiguousarray(vectors[start : start + _ROW_GROUP], dtype="<f2").data)


class _Table:
    """Writes `labels.parquet` in row groups of many parts."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file  # Python's own: its errors say what the system said
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def add(self, part: LabelSpace) -> None:
        columns: dict[str, pa.Array] = {"text": pa.array(part.texts, type=pa.string())}
        if part.taxa:
            rows = [taxon.to_columns() for taxon in part.taxa]
            columns |= {name: pa.array([row[name] for row in rows], type=pa.string()) for name in rows[0]}
        self._waiting.append(pa.table(columns))
        if sum(table.num_rows for table in self._waiting) >= _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._waiting:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        table = pa.concat_tables(self._waiting)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table, row_group_size=_ROW_GROUP)
        self._waiting = []
