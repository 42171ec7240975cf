"""What may be answered: taxa or free texts, each with the vector of its sentence."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.embeddings import Vectors, positions
from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.labels.columns import BLOCK, Sorted, Taxa, Texts
from thuja.labels.folder import FACTS, open_folder, save_parts
from thuja.labels.published import find_published, read_published
from thuja.taxonomy import RANKS, Rank, Taxon

_DIMENSIONS = 16
"""Dimensions of a published matrix from which rows are taken at a time."""


@dataclass(frozen=True, kw_only=True)  # no slots: what is worked out of the columns is kept
class LabelSpace:
    """L labels and an (L, D) matrix of their text embeddings, each of length one.

    `texts` is what stands on a label; `taxa` is the taxon behind each, or empty for custom labels. Both are columns
    of which nothing is read before it is used, where the labels come from a file, and plain sequences elsewhere.
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

    @cached_property
    def columns(self) -> Taxa:
        """The taxa in columns; none for custom labels."""
        return Taxa.of(self.taxa)

    @cached_property
    def id(self) -> str:
        """A hash of the model's id and of all texts and lineages in their order.

        What was fitted to these labels carries it. Neither the vectors nor common names take part: labels that are
        saved, in float16 or not, and loaded again have the same id.
        """
        digest = hashlib.sha256(f"{self.model}\n{len(self)}\n".encode())
        for strings in self._blocks():
            lengths = np.diff(np.frombuffer(strings.buffers()[1], dtype=np.int32)[: len(strings) + 1])
            digest.update(lengths.astype("<i4").data)
            digest.update(memoryview(strings.buffers()[2] or b"")[: int(lengths.sum())])
        return digest.hexdigest()[:32]

    def _blocks(self) -> Iterator[pa.StringArray]:
        """All strings that say what the labels are, block by block of labels, each in an array of its own."""
        for start in range(0, len(self), BLOCK):
            block = slice(start, start + BLOCK)
            texts = self.texts[block]
            yield texts.arrow if isinstance(texts, Texts) else pa.array(texts, type=pa.string())
            if self.taxa:
                for rank in RANKS:
                    yield self.columns.column(rank.label).take(block).encoded().dictionary_decode()

    def subset(self, which: npt.ArrayLike) -> "LabelSpace":
        """The labels at these positions, or where this mask is true; raises EmptyInput for none.

        Labels that stand side by side stay on the disk, others' vectors are read.
        """
        rows = positions(which, len(self))
        texts, taxa = self.texts, self.taxa
        return LabelSpace(
            texts=texts.take(rows) if isinstance(texts, Texts) else [texts[int(row)] for row in rows],
            vectors=_take_rows(self.vectors, rows),
            model=self.model,
            taxa=taxa.take(rows) if isinstance(taxa, Taxa) else [taxa[int(row)] for row in rows] if taxa else (),
        )

    def within(self, ancestor: Taxon) -> "LabelSpace":
        """The labels whose lineage holds every name of `ancestor`; raises EmptyInput for none."""
        mask = self.columns.is_within(ancestor)
        if not mask.any():
            raise EmptyInput(f'no label lies within "{ancestor.taxonomic_name}"')
        return self.subset(mask)

    def joined(self, other: "LabelSpace") -> "LabelSpace":
        """These labels and then the other ones, of the same model; their vectors come into memory, as these are."""
        if (self.model, self.vectors.shape[1]) != (other.model, other.vectors.shape[1]):
            raise ThujaError(f"labels of {self.model} and of {other.model} do not go together")
        if bool(self.taxa) != bool(other.taxa):
            raise ThujaError("taxa and custom labels do not go together in one label space")
        return LabelSpace(
            texts=Texts.of([*self.texts, *other.texts]),
            vectors=np.concatenate([self.vectors, other.vectors.astype(self.vectors.dtype)]),
            model=self.model,
            taxa=Taxa.joined([self.columns, other.columns]) if self.taxa else (),
        )

    def groups(self, rank: Rank) -> tuple[Taxa, npt.NDArray[np.int64]]:
        """The distinct taxa at `rank`, sorted, and for each label the index of its own: (L,).

        Two genera of one name under different lineages stay apart. Raises UsageError for custom labels.
        """
        if not self.taxa:
            raise UsageError("custom labels have no taxa to group by rank", hint="leave out the rank")
        found = Sorted.of(self.columns, down_to=rank)
        place = np.empty(len(self), dtype=np.int64)
        place[found.order] = np.cumsum(found.depth <= rank) - 1
        # The first label of a group lends it the common name.
        return self.columns.take(found.order[found.starts(rank)]).at(rank), place

    def save(self, folder: Path) -> None:
        """Write `labels.parquet`, `embeddings.npy` (float16) and `labels.json` (the model's id)."""
        save_parts(folder, [self], count=len(self))

    @classmethod
    def load(cls, folder: Path, *, model: str = "") -> "LabelSpace":
        """Open what `save` wrote, or a folder with published label files; nothing is read before it is used.

        Published files do not say which model made them: `model` does. Raises BadFile for a folder without labels.
        """
        folder = Path(folder)
        pair = None if (folder / FACTS).exists() else find_published(folder)
        if pair is not None:
            if not model:
                raise UsageError(
                    f"the label files in {folder} do not say which model made them",
                    hint="thuja labels import MATRIX NAMES --model ID --out FOLDER",
                )
            return cls.load_published(*pair, model=model)
        stored = open_folder(folder)
        return cls(texts=stored.texts, vectors=stored.vectors, model=stored.model, taxa=stored.taxa)

    @classmethod
    def load_published(cls, matrix: Path, names: Path, *, model: str) -> "LabelSpace":
        """Open TreeOfLife's `txt_emb_*.npy` (D, L) and `.json` (a lineage and a common name a label).

        The vectors stay on the disk, where those of one label lie far apart: `thuja labels import` turns them.
        """
        vectors, taxa = read_published(matrix, names)
        return cls(texts=taxa.scientific_names(), vectors=vectors, model=model, taxa=taxa)


def _take_rows(vectors: Vectors, rows: npt.NDArray[np.int64]) -> Vectors:
    if len(rows) and (rows == np.arange(rows[0], rows[0] + len(rows))).all():
        return vectors[rows[0] : rows[0] + len(rows)]
    if vectors.flags.c_contiguous:
        return vectors[rows]
    # A published matrix lies on the disk dimension by dimension: it is read in that order, once.
    taken = np.empty((len(rows), vectors.shape[1]), dtype=vectors.dtype)
    for start in range(0, vectors.shape[1], _DIMENSIONS):
        some = slice(start, start + _DIMENSIONS)
        taken[:, some] = np.take(vectors[:, some].T, rows, axis=1).T
    return taken
