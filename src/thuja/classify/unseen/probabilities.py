"""Whether an organism is outside the label space: how likely its species, genus and family are not among the labels.

A posterior over labels cannot say it: it sums to one whatever the image shows. One score of an image, higher where it
is more likely known, is turned into probabilities by what it does on labelled images: those of what is no label, where
there are enough, and else those whose own species, genus or family is taken out of the labels.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.unseen.falling import Falling
from thuja.classify.unseen.known_vectors import NEIGHBOURS, Groups, KnownVectors, Mahalanobis, NearestKnown
from thuja.classify.unseen.scores import (
    OF_EVIDENCE,
    UNSEEN_RANKS,
    Prevalence,
    Score,
    UnseenOptions,
    energy,
    max_logit,
    max_posterior,
)
from thuja.classify.unseen.signs import Evidence, Homes, places_at, signs, signs_without
from thuja.embeddings import Vectors
from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.labels import LabelSpace
from thuja.taxonomy import Rank, Taxon

__all__ = [
    "UNSEEN_RANKS",
    "Prevalence",
    "Score",
    "Unseen",
    "UnseenOptions",
    "energy",
    "find_homes",
    "fit_unseen",
    "max_logit",
    "max_posterior",
]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

FEWEST_STRANGERS = 5
"""So many species outside the labels, new at one rank, stand for all such; of fewer none is asked."""
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """How likely an organism's species, genus and family are not among the labels.

    `steps` are one curve of the score each: that the species is unseen; that the genus is, given that the species is;
    that the family is, given that the genus is. Their product falls from rank to rank, so the probabilities nest.
    `ranks` are those at which the labels have more than one clade, none for custom labels, which have one step.
    `known` compares with labelled images where the score does. `images` of known organisms took part in the fit, of
    `species` species; `strangers` are the images of what is no label that did, new at each level and at none above it.
    """

    score: Score
    ranks: tuple[Rank, ...]
    steps: tuple[Falling, ...]
    prevalence: Prevalence
    neighbours: int = NEIGHBOURS
    known: KnownVectors | None = None
    images: int = 0
    species: int = 0
    strangers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.steps) != max(1, len(self.ranks)):
            raise ThujaError(f"{len(self.ranks)} ranks need as many steps, got {len(self.steps)}")
        if self.score.needs_images and self.known is None:
            raise ThujaError(
                f"the score {self.score} compares with labelled images, and there are none",
                hint="load the calibration with its evidence",
            )

    def scores(self, evidence: Evidence, vectors: Vectors) -> Floats:
        """The score of each image of a block, higher where it is more likely known: (B,)."""
        if self.known is not None:
            return self.known.score(vectors).astype(np.float64)
        return OF_EVIDENCE[self.score](evidence)

    def at_all(self, evidence: Evidence, vectors: Vectors, *, prevalence: Prevalence | None = None) -> Floats:
        """That the organism is none of the labels: (B,)."""
        return np.asarray(self._nested(evidence, vectors, prevalence)[0])

    def probabilities(
        self, evidence: Evidence, vectors: Vectors, *, prevalence: Prevalence | None = None
    ) -> Mapping[Rank, Floats]:
        """At each rank, that the organism's taxon there is not among the labels: (B,) each, falling up the tree.

        `evidence` is a block of `marginals` at the scale that was fitted, without a bias, or `signs`; `vectors` are
        the block's images, of length one. Another `prevalence` than the fitted one shifts the odds by Bayes' rule.
        """
        return dict(zip(self.ranks, self._nested(evidence, vectors, prevalence), strict=False))

    def _nested(self, evidence: Evidence, vectors: Vectors, prevalence: Prevalence | None) -> Floats:
        """That the organism is unseen at each level: (R, B)."""
        scores = self.scores(evidence, vectors)
        chances = np.stack([step(scores) for step in self.steps])
        nested = np.asarray(np.multiply.accumulate(chances, axis=0), dtype=np.float64)
        if prevalence is None or prevalence == self.prevalence:
            return nested
        whole = np.concatenate([np.ones((1, len(scores))), nested, np.zeros((1, len(scores)))])
        parts = -np.diff(whole, axis=0)  # known, then new at each rank and at none above it: (R + 1, B)
        parts *= (prevalence.shares(self.ranks) / np.maximum(self.prevalence.shares(self.ranks), _TINY))[:, None]
        parts /= parts.sum(axis=0)
        return np.asarray(np.minimum(np.cumsum(parts[:0:-1], axis=0)[::-1], 1))

    def to_dict(self) -> dict[str, Any]:
        """As JSON, without the labelled images that kNN and Mahalanobis compare with."""
        shares = self.prevalence
        return {
            "score": self.score.value,
            "neighbours": self.neighbours,
            "prevalence": {"species": shares.species, "genus": shares.genus, "family": shares.family},
            "ranks": [rank.label for rank in self.ranks],
            "steps": [{"height": step.height, "steepness": step.steepness} for step in self.steps],
            "images": self.images,
            "species": self.species,
            "strangers": list(self.strangers),
        }

    @classmethod
    def from_dict(
        cls, facts: Mapping[str, Any], *, vectors: Vectors | None = None, groups: Groups | None = None
    ) -> Self:
        """From what `to_dict` gave; a score that needs labelled images gets them as `vectors` and `groups`.

        Raises BadFile for other facts.
        """
        try:
            score = Score(facts["score"])
            neighbours = int(facts["neighbours"])
            known = None
            if score.needs_images and vectors is not None and groups is not None:
                known = _known(score, neighbours).fit(vectors, groups)
            return cls(
                score=score,
                ranks=tuple(Rank.parse(name) for name in facts["ranks"]),
                steps=tuple(Falling(**step) for step in facts["steps"]),
                prevalence=Prevalence(**facts["prevalence"]),
                neighbours=neighbours,
                known=known,
                images=int(facts["images"]),
                species=int(facts["species"]),
                strangers=tuple(int(count) for count in facts["strangers"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadFile(f"this is not how unseen organisms are told: {error!r}", hint="calibrate again") from error


def fit_unseen(
    vectors: Vectors,
    truth: Sequence[Taxon] | Sequence[str],
    labels: LabelSpace,
    *,
    scale: float,
    observations: npt.ArrayLike | None = None,
    tree: Tree | None = None,
    options: UnseenOptions | None = None,
) -> Unseen:
    """Learn from N labelled images what a score does on what is among the labels and on what is not.

    (N, D) vectors of length one; `truth` is the taxon of each, or its label's text where labels are custom. `scale` is
    the model's, divided by the temperature that is used. `observations` are numbers that images of one occasion share;
    by default each stands alone.

    Images of FEWEST_STRANGERS or more species that are no label, new at one rank and at none above it, show what the
    score does on such. Where there are fewer, the images of known organisms show it, their own species, genus or family
    taken out of the labels. That is optimistic where the image tower was trained on these species: it puts true
    strangers nearer to the labels (docs/predict-unseen.md has figures). Cases are weighted to the prevalence.

    Raises EmptyInput where no image's truth is among the labels, UsageError where nothing is left when it is taken out.
    """
    options = options or UnseenOptions()
    tree = tree or (Tree.of(labels) if labels.taxa else None)
    homes, groups, rows = find_homes(truth, labels, observations=observations, tree=tree)
    whole = np.asarray(vectors)
    mine = whole[rows]
    known = _known(options.score, options.neighbours).fit(mine, groups) if options.score.needs_images else None
    if known is None:
        table = OF_EVIDENCE[options.score](signs_without(mine, labels, homes, scale=scale))
    else:
        table = known.left_out().astype(np.float64)
    cases = [scores[np.isfinite(scores)] for scores in table]
    strangers = _strangers(truth, tree or labels, homes.ranks) if options.uses_strangers else {}
    for level, images in strangers.items():
        if known is None:
            cases[level] = OF_EVIDENCE[options.score](signs(whole[images], labels, scale=scale))
        else:
            cases[level] = known.score(whole[images]).astype(np.float64)
    return Unseen(
        score=options.score,
        ranks=homes.ranks,
        steps=_steps(cases, options.prevalence.shares(homes.ranks)),
        prevalence=options.prevalence,
        neighbours=options.neighbours,
        known=known,
        images=len(rows),
        species=len(np.unique(groups.clades[0])),
        strangers=tuple(len(strangers.get(level, ())) for level in range(1, len(cases))),
    )


def _strangers(
    truth: Sequence[Taxon] | Sequence[str], among: Tree | LabelSpace, ranks: tuple[Rank, ...]
) -> dict[int, Indices]:
    """Which images are new at a level, the narrowest 1, and at none above it; levels of too few species left out.

    A taxon that lacks a name from family to species tells no level.
    """
    distinct: list[Taxon | str] = list(set(truth))
    whole = [one for one in distinct if isinstance(one, Taxon) and all(one[rank] for rank in UNSEEN_RANKS)]
    level_of: dict[Taxon | str, int] = {}
    if isinstance(among, LabelSpace):
        known = set(among.texts)
        level_of = {one: int(one not in known) for one in distinct}
    elif whole:
        is_new = [places_at([one.at(rank) for one in whole], among, rank) < 0 for rank in ranks]
        level_of = dict(zip(whole, np.sum(is_new, axis=0).tolist(), strict=True))
    levels = np.array([level_of.get(one, 0) for one in truth])
    counts = Counter(level_of.values())
    return {
        level: np.flatnonzero(levels == level)
        for level in range(1, max(1, len(ranks)) + 1)
        if counts[level] >= FEWEST_STRANGERS
    }


def find_homes(
    truth: Sequence[Taxon] | Sequence[str],
    labels: LabelSpace,
    *,
    observations: npt.ArrayLike | None = None,
    tree: Tree | None = None,
) -> tuple[Homes, Groups, Indices]:
    """The homes and groups of those of N images whose truth is among the labels, and which these are: (n,).

    Raises EmptyInput for none.
    """
    numbers = np.arange(len(truth)) if observations is None else np.unique(observations, return_inverse=True)[1]
    if len(numbers) != len(truth):
        raise ThujaError(f"{len(numbers)} observations do not fit {len(truth)} images")
    if labels.taxa:
        tree = tree or Tree.of(labels)
        places = places_at([taxon for taxon in truth if isinstance(taxon, Taxon)], tree)
    else:
        place_of = {text: place for place, text in enumerate(labels.texts)}
        places = np.array([place_of.get(str(text), -1) for text in truth], dtype=np.int64)
    if len(places) != len(truth):
        raise ThujaError("labels that are taxa need a taxon for each image")
    rows = np.flatnonzero(places >= 0)
    if not len(rows):
        raise EmptyInput("no labelled image is of a species that is among the labels", hint="check the names of both")
    mine = places[rows]
    homes = Homes.of_taxa(mine, tree, _parted(tree)) if labels.taxa and tree else Homes.of_labels(mine, labels)
    clades = homes.spans[:, :, 0]  # where a clade begins names it
    return homes, Groups(observation=numbers[rows], clades=clades), rows


def _parted(tree: Tree) -> list[Rank]:
    """The ranks at which something is left when a clade is taken out of the labels."""
    ranks = [rank for rank in UNSEEN_RANKS if len(tree.taxa[rank]) > 1]
    if not ranks:
        raise UsageError("the labels are one species, and nothing is left without it", hint="use more labels")
    return ranks


def _known(score: Score, neighbours: int) -> NearestKnown | Mahalanobis:
    return NearestKnown(k=neighbours) if score is Score.KNN else Mahalanobis()


def _steps(cases: Sequence[Floats], shares: Floats) -> tuple[Falling, ...]:
    """A curve a level, of the scores of known organisms and of those new at each level: R + 1 arrays, (R + 1,)."""
    if not all(map(len, cases)):
        raise UsageError(
            "nothing is left to compare with when an image's own clade is taken out",
            hint="give labelled images of more species, several observations of each",
        )
    weights = [
        np.full(len(scores), max(share, _TINY) / len(scores)) for scores, share in zip(cases, shares, strict=True)
    ]
    steps = []
    for level in range(1, len(cases)):
        # Among the organisms that are unseen at the level before (at first: all), those unseen at this one too.
        scores = np.concatenate(cases[level - 1 :])
        is_deeper = np.arange(len(scores)) >= len(cases[level - 1])
        steps.append(Falling.fit(scores, is_deeper, np.concatenate(weights[level - 1 :])))
    return tuple(steps)
