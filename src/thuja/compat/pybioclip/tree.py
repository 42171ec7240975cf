"""Answers from the whole tree of life, at any rank, or from a part of it."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from thuja.compat.pybioclip.classifier import BaseClassifier, Callback, OneImage, listed
from thuja.compat.pybioclip.errors import WrongValue
from thuja.compat.pybioclip.names import (
    BIOCLIP_MODEL_STR,
    DEFAULT_BATCH_SIZE,
    PRED_FILENAME_KEY,
    PRED_SCORE_KEY,
    Names,
    Rank,
    Row,
    create_classification_dict,
    get_rank_labels,
)
from thuja.compat.pybioclip.tables import load_pandas

if TYPE_CHECKING:
    import pandas as pd

Indices = npt.NDArray[np.int64]


class TreeOfLifeClassifier(BaseClassifier):
    """Which taxon an image shows, among the published labels of a TreeOfLife model."""

    def __init__(
        self,
        *,
        model_str: str | None = BIOCLIP_MODEL_STR,
        pretrained_str: str | None = None,
        device: str | torch.device = "cpu",
        precision: str = "fp32",
    ) -> None:
        super().__init__(model_str, pretrained_str, device, precision=precision)
        self.txt_embeddings = self.get_txt_emb().to(self.device)  # (D, L)
        self._subset: tuple[Tensor, list[Names]] | None = None
        self._groups: dict[Rank, Indices] = {}

    @cached_property
    def txt_names(self) -> list[Names]:
        """The names of all labels, a subset applied or not."""
        names = self.get_txt_names()
        if len(names) != self.txt_embeddings.shape[1]:
            raise WrongValue(f"there are {self.txt_embeddings.shape[1]} text embeddings and {len(names)} names")
        return names

    def get_txt_embeddings(self) -> Tensor:
        """The text embeddings that are answered from: (D, C)."""
        return self.txt_embeddings if self._subset is None else self._subset[0]

    def get_current_txt_names(self) -> list[Names]:
        """Their names."""
        return self.txt_names if self._subset is None else self._subset[1]

    def get_classification_dict(self, idx: int, rank: Rank) -> dict[str, str]:
        """The names of a label down to a rank, by column."""
        return create_classification_dict(self.get_current_txt_names()[int(idx)], rank)

    def get_label_data(self) -> "pd.DataFrame":
        """All labels, a row each: seven names, the binomial and the common name."""
        pandas = load_pandas()
        lineages = np.array([names[0] for names in self.txt_names], dtype=object)
        genera, epithets = lineages[:, Rank.GENUS.value], lineages[:, Rank.SPECIES.value]
        columns = {label: lineages[:, place] for place, label in enumerate(get_rank_labels()[:-1])}
        columns |= {
            "species_epithet": epithets,
            "species": genera + " " + epithets,
            "common_name": np.array([names[1] for names in self.txt_names], dtype=object),
        }
        table: pd.DataFrame = pandas.DataFrame(columns)
        return table

    def create_taxa_filter(self, rank: Rank, user_values: Sequence[str]) -> "pd.Series[bool]":
        """Which labels have one of these names at a rank; raises WrongValue for names that no label has."""
        label = rank.get_label()
        column = self.get_label_data()[label]
        wanted = list(map(str, user_values))
        known = set(column)
        unknown = [value for value in wanted if value not in known]
        if unknown:
            raise WrongValue(f"Unknown {label} received: {', '.join(unknown)}. Only known {label} may be used.")
        return column.isin(wanted)

    def create_taxa_filter_from_csv(self, csv_path: str) -> "pd.Series[bool]":
        """The same for the names in the first column of a table, whose header is the rank, in any case."""
        table = load_pandas().read_csv(csv_path)
        name, allowed = str(table.columns[0]).lower(), get_rank_labels()
        if name not in allowed:
            raise WrongValue(
                f"The first column of {csv_path} is named '{name}' but must be one of {','.join(allowed)}."
            )
        return self.create_taxa_filter(Rank[name.upper()], table.iloc[:, 0].tolist())

    def apply_filter(self, keep_labels_ary: Sequence[bool] | npt.NDArray[np.bool_] | Any) -> None:
        """Answer from the labels alone for which this is true, in their order."""
        keep = np.asarray(keep_labels_ary, dtype=bool)
        count = len(self.txt_names)
        if keep.shape != (count,):
            raise WrongValue(
                f"Invalid keep_embeddings values. This parameter should be a list containing {count} items."
            )
        rows = np.flatnonzero(keep)
        if not len(rows):
            raise WrongValue("the filter keeps no label", hint="keep at least one")
        kept = self.txt_embeddings[:, torch.from_numpy(rows).to(self.txt_embeddings.device)]
        self._subset = kept, [self.txt_names[row] for row in rows.tolist()]
        self._groups = {}

    def predict(
        self,
        images: OneImage | Sequence[OneImage],
        rank: Rank,
        min_prob: float = 1e-9,
        k: int = 5,
        batch_size: int | None = DEFAULT_BATCH_SIZE,
        callback: Callback | None = None,
    ) -> list[Row]:
        """The k best taxa of each image at a rank, in the images' order, best first.

        Above species the probabilities of those species are summed that are greater than `min_prob`.
        """
        wanted = listed(images)
        rows: list[Row] = []
        for place, probabilities in self._stream(wanted, self.get_txt_embeddings(), batch_size, callback):
            key = self.make_key(wanted[place], place)
            if rank is Rank.SPECIES:
                rows += self.format_species_probs(key, probabilities, k)
            else:
                rows += self.format_grouped_probs(key, probabilities, rank, min_prob, k)
        self.record_event(wanted, rank=rank.get_label(), min_prob=min_prob, k=k, batch_size=batch_size)
        return rows

    def format_species_probs(self, image_key: str, probs: Tensor, k: int = 5) -> list[Row]:
        """The rows of one image, a label each."""
        best = probs.topk(min(_checked(k), len(probs)))
        return [
            self._row(image_key, place, Rank.SPECIES, score)
            for place, score in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def format_grouped_probs(
        self, image_key: str, probs: Tensor, rank: Rank, min_prob: float = 1e-9, k: int = 5
    ) -> list[Row]:
        """The rows of one image at a rank above species; of equal taxa the one whose label comes first goes first."""
        values = probs.cpu().numpy()
        passing = np.flatnonzero(values > min_prob)
        groups, first, place = np.unique(self._group_of(rank)[passing], return_index=True, return_inverse=True)
        sums = np.bincount(place, weights=values[passing], minlength=len(groups))
        best = np.lexsort((first, -sums))[: _checked(k)]
        return [self._row(image_key, int(passing[first[taxon]]), rank, float(sums[taxon])) for taxon in best.tolist()]

    def _labels(self) -> Tensor:
        return self.get_txt_embeddings()

    def _row(self, key: str, label: int, rank: Rank, score: float) -> Row:
        return {PRED_FILENAME_KEY: key, **self.get_classification_dict(label, rank), PRED_SCORE_KEY: score}

    def _group_of(self, rank: Rank) -> Indices:
        """The number of each label's taxon at a rank, which is its whole lineage down to there: (C,)."""
        if rank not in self._groups:
            number: dict[tuple[str, ...], int] = {}
            depth = rank.value + 1
            lineages = (tuple(names[0][:depth]) for names in self.get_current_txt_names())
            self._groups[rank] = np.array([number.setdefault(names, len(number)) for names in lineages], dtype=np.int64)
        return self._groups[rank]


def _checked(k: int) -> int:
    if k < 0:
        raise WrongValue(f"cannot give the best {k} answers", hint="choose k of 1 or more")
    return k
