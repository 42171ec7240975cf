"""Before and after a fine-tuning: the same pictures asked of both models by rank, and how far they are apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.classify import Clades, zero_shot
from thuja.embeddings import Vectors
from thuja.encode import EncodeOptions, build_labels, encode_images
from thuja.errors import EmptyInput
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.recipes.curated import label_taxa
from thuja.taxonomy import RANKS, Rank, Taxon
from thuja.train import Corpus
from thuja.train.corpus import spread_evenly

PICTURES = 2_000
"""Pictures that an exam asks, at most."""
OLD_LABELS = 20_000
"""Labels of the start model that its answers are compared among, at most, evenly spread over its label space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Pictures, and the taxa that may be answered."""

    name: str
    corpus: Corpus
    taxa: Sequence[Taxon]

    @classmethod
    def of(cls, name: str, corpus: Corpus, taxa: Sequence[Taxon]) -> "Exam":
        """An exam of PICTURES at most."""
        return cls(name=name, corpus=corpus.spread(PICTURES), taxa=taxa)

    @classmethod
    def old(cls, data: Path) -> "Exam":
        """What the start model knew: the test pictures of another curated folder, among its own taxa."""
        corpus = Corpus.find(data, "test") or Corpus.find(data, "val")
        if corpus is None:
            raise EmptyInput(f"{data} has no pictures in its test or val split to measure the old task on")
        return cls.of("old task", corpus, label_taxa(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One model's embeddings of an exam's pictures, and the share right at each rank that can be asked."""

    vectors: Vectors
    right: dict[Rank, float]
    asked: dict[Rank, int]
    """Pictures whose taxon has a name at that rank."""


def answer(model: Model, exam: Exam, *, text_type: str, labels: LabelSpace | None = None) -> Answers:
    """Ask a model; `labels` stand for the exam's taxa where its answers are not their names' vectors."""
    space = labels or build_labels(model, exam.taxa, text_type=text_type)
    vectors = embed(model, exam.corpus)
    posterior = zero_shot(vectors, space, scale=float(model.scale().detach()))
    right, asked = {}, {}
    for rank in RANKS:
        clades = Clades.of(space, rank)
        truth = [record.taxon.at(rank) for record in exam.corpus.records]
        is_asked = np.array([bool(taxon[rank]) for taxon in truth])
        named = [taxon for taxon in clades.taxa if taxon[rank]]
        if len(named) < 2 or not is_asked.any():
            continue
        best = clades.gather(posterior).argmax(axis=1)
        hits = [bare(clades.taxa[place]) == bare(true) for place, true in zip(best, truth, strict=True)]
        right[rank] = float(np.mean(np.array(hits)[is_asked]))
        asked[rank] = int(is_asked.sum())
    return Answers(vectors=vectors, right=right, asked=asked)


def bare(taxon: Taxon) -> Taxon:
    """The lineage without its common name: one species may be called by two."""
    return replace(taxon, common="")


def embed(model: Model, corpus: Corpus) -> npt.NDArray[np.float32]:
    """(N, D) embeddings of a corpus in its order; zeros for a picture that cannot be read."""
    encoded = encode_images(model, corpus.named(), EncodeOptions(batch_size=64)).embeddings
    vectors = np.zeros((len(corpus), model.config.embed_dim), dtype=np.float32)
    vectors[[int(name) for name in encoded.ids]] = encoded.vectors
    return vectors


def species_accuracy(model: Model, corpus: Corpus, taxa: Sequence[Taxon], *, text_type: str) -> float:
    """Zero-shot top-1 among `taxa`, each species' share of its own pictures, then their mean."""
    labels = build_labels(model, taxa, text_type=text_type)
    answers = zero_shot(embed(model, corpus), labels, scale=float(model.scale().detach())).argmax(axis=1)
    truth = [bare(record.taxon) for record in corpus.records]
    is_right = np.array([bare(taxa[place]) == true for place, true in zip(answers, truth, strict=True)])
    return float(np.mean([is_right[corpus.taxon_ids == number].mean() for number in range(len(corpus.taxa))]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How much of the start model is left on the same pictures, where there is no old task to ask.

    `images` and `names` are mean cosines of embeddings before and after; `answers` the share of
    pictures whose best of `labels` old labels is the same one, None where the start model has none.
    """

    images: float
    names: float
    answers: float | None = None
    labels: int = 0


def compare(before: tuple[Model, Vectors], after: tuple[Model, Vectors], exam: Exam, *, old: LabelSpace | None) -> Kept:
    """Measure what is kept, on an exam's pictures and names and among OLD_LABELS of the start model's own labels."""
    (first, vectors), (second, moved) = before, after
    names = [build_labels(model, exam.taxa, text_type=label_text(first)).vectors for model in (first, second)]
    answers = None
    if old is not None and old.taxa:
        old = old.subset(spread_evenly(len(old), OLD_LABELS))
        own = build_labels(second, old.taxa, text_type=label_text(first))
        best = [zero_shot(v, space, scale=1.0).argmax(axis=1) for v, space in ((vectors, old), (moved, own))]
        answers = float(np.mean(best[0] == best[1]))
    return Kept(
        images=float(np.mean((vectors * moved).sum(axis=1))),
        names=float(np.mean((names[0] * names[1]).sum(axis=1))),
        answers=answers,
        labels=len(old) if answers is not None and old is not None else 0,
    )


def label_text(model: Model) -> str:
    """How the labels of a model are phrased."""
    return str(model.facts.get("label_text") or "taxon_com")


Row = dict[str, Any]


def rows(exam: Exam, before: Answers, after: Answers) -> list[Row]:
    """One row a rank: the share right before and after."""
    return [
        {
            "exam": exam.name,
            "rank": rank.label,
            "pictures": before.asked[rank],
            "names": len({taxon.at(rank) for taxon in exam.taxa if taxon[rank]}),
            "before": before.right[rank],
            "after": after.right[rank],
        }
        for rank in reversed(list(before.right))
    ]
