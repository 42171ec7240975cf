"""The ways of naming a picture at every rank, each from the vectors of images and texts alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from thuja.classify import Top, Tree, marginals, posteriors, top_k
from thuja.embeddings import Vectors
from thuja.evaluate.hierarchical.ladder import Ladder, Siblings
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_ROWS = 2048


class Naming(StrEnum):
    """How a name at a rank is found.

    TEXT: the nearest text among those of all taxa at the rank. SUMMED: the greatest sum of the species posterior.
    SIZED: the same, each sum divided by the clade's species to a fitted power. TOP_DOWN: the nearest text among
    the children of what was chosen above. LINEAGE: what stands above the nearest species.
    """

    TEXT = "text at each rank"
    SUMMED = "species posterior summed"
    SIZED = "species posterior summed, sizes corrected"
    TOP_DOWN = "top-down"
    LINEAGE = "lineage of the best species"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """One candidate at each rank for each of N images, or -1, and how probable it was held: two (N, 7) tables."""

    indices: Indices
    scores: Floats

    @classmethod
    def empty(cls, count: int) -> "Paths":
        """No answer at any rank, to be filled in."""
        shape = (count, len(RANKS))
        return cls(indices=np.full(shape, -1, dtype=np.int64), scores=np.full(shape, np.nan, dtype=np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """The species posterior of a block of images: the best species, and its sums in the candidates of each rank.

    `rows` are the images', `at_rank` is (C, B) from kingdom to genus.
    """

    rows: slice
    species: Top
    at_rank: Mapping[Rank, Floats]


def summed(vectors: Vectors, ladder: Ladder, *, scale: float) -> Iterator[Summed]:
    """The species posterior summed up the tree, in blocks of images; what has no name at a rank is left out there."""
    species = ladder.texts[Rank.SPECIES]
    tree = Tree.of(species)
    has_name = {rank: np.array([bool(taxon[rank]) for taxon in tree.taxa[rank]]) for rank in ladder.ranks}
    start = 0
    for block in marginals(vectors, species, scale=scale, k=1, tree=tree):
        rows = slice(start, start + len(block.labels.indices))
        at_rank = {rank: block.posterior[rank][has_name[rank]] for rank in ladder.ranks if rank < Rank.SPECIES}
        yield Summed(rows=rows, species=block.labels, at_rank=at_rank)
        start = rows.stop


def name_by_text(vectors: Vectors, ladder: Ladder, *, scale: float) -> Paths:
    """The nearest text at each rank: (N, D) vectors of length one to N answers."""
    answers = Paths.empty(len(vectors))
    for rank in ladder.ranks:
        best = Top.joined((top_k(block, 1) for block in posteriors(vectors, ladder.texts[rank], scale=scale)), 1)
        answers.indices[:, rank], answers.scores[:, rank] = best.indices[:, 0], best.scores[:, 0]
    return answers


def name_by_sums(
    vectors: Vectors, ladder: Ladder, *, scale: float, powers: Mapping[Rank, float] | None = None
) -> Paths:
    """The greatest sum of the species posterior at each rank.

    With `powers` each sum is divided by the number of the clade's species to the rank's power first (0 where none
    is given): 0 is plain, 1 the mean over species, by which no clade is likelier for being large.
    """
    divisors = {
        rank: (ladder.sizes(rank)[:, None].astype(np.float32) ** np.float32((powers or {}).get(rank, 0.0)))
        for rank in ladder.ranks
    }
    answers = Paths.empty(len(vectors))
    for block in summed(vectors, ladder, scale=scale):
        answers.indices[block.rows, Rank.SPECIES] = block.species.indices[:, 0]
        answers.scores[block.rows, Rank.SPECIES] = block.species.scores[:, 0]
        for rank, sums in block.at_rank.items():
            weighed = sums / divisors[rank]  # (C, B)
            best = weighed.argmax(axis=0)
            answers.indices[block.rows, rank] = best
            total = weighed.sum(axis=0) if (powers or {}).get(rank) else np.float32(1)
            answers.scores[block.rows, rank] = np.take_along_axis(weighed, best[None], axis=0)[0] / total
    return answers


def name_by_species(vectors: Vectors, ladder: Ladder, *, scale: float) -> Paths:
    """The nearest species' own lineage; the score is the species' at every rank."""
    answers = Paths.empty(len(vectors))
    lineages = ladder.places(ladder.texts[Rank.SPECIES].taxa)  # (C, 7)
    for block in summed(vectors, ladder, scale=scale):
        answers.indices[block.rows] = lineages[block.species.indices[:, 0]]
        answers.scores[block.rows] = block.species.scores[:, :1]
    answers.scores[answers.indices < 0] = np.nan
    return answers


def name_top_down(vectors: Vectors, ladder: Ladder, *, scale: float) -> Paths:
    """The nearest text among the children of what was chosen above, from the kingdom down.

    A taxon with no name at a rank stays open whatever is chosen there, as long as what was chosen further up is
    its own; where nothing is open there is no answer. The score is the share among the open ones.
    """
    answers = Paths.empty(len(vectors))
    for rank in ladder.ranks:
        siblings = ladder.siblings(rank)
        texts = ladder.texts[rank].vectors
        for start in range(0, len(vectors), _ROWS):
            rows = slice(start, start + _ROWS)
            images = np.asarray(vectors[rows], dtype=np.float32) * np.float32(scale)
            choice = _choose(images, texts, siblings, chosen=answers.indices[rows])
            answers.indices[rows, rank], answers.scores[rows, rank] = choice.indices[:, 0], choice.scores[:, 0]
    return answers


def _choose(images: Floats, texts: Vectors, siblings: list[Siblings], *, chosen: Indices) -> Top:
    """The best open candidate of each image, or -1; only those that are open meet the image."""
    best = np.full(len(images), -1, dtype=np.int64)
    peak = np.full(len(images), -np.inf, dtype=np.float32)
    total = np.full(len(images), -np.inf, dtype=np.float32)  # the logarithm of the sum of exponents
    for group in siblings:
        is_open = np.full(len(images), True) if group.above is None else chosen[:, group.above] == group.parent
        rows = np.flatnonzero(is_open)
        if not len(rows):
            continue
        logits = images[rows] @ np.asarray(texts[group.members], dtype=np.float32).T  # (rows, members)
        place, top = logits.argmax(axis=1), logits.max(axis=1)
        total[rows] = np.logaddexp(total[rows], top + np.log(np.exp(logits - top[:, None]).sum(axis=1)))
        better = top > peak[rows]
        best[rows[better]], peak[rows[better]] = group.members[place[better]], top[better]
    with np.errstate(invalid="ignore"):
        scores = np.where(best >= 0, np.exp(peak - total), np.nan)
    return Top(indices=best[:, None], scores=scores[:, None].astype(np.float32))
