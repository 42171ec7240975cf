"""Which of two trees a space follows where they part: the taxonomy of its labels, or a phylogeny."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Table
from thuja.analyze.phylogeny import Phylogeny
from thuja.analyze.tree.conformity import rank_name
from thuja.analyze.tree.distances import condensed
from thuja.analyze.tree.kin import Kin, Side
from thuja.analyze.tree.measured import Measured
from thuja.analyze.tree.order import pair_ranks
from thuja.analyze.tree.redraws import Redraws, partial_correlation
from thuja.report import Cell

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

TRIPLES = 200_000
"""Triples of species that are looked at for one on which the trees disagree."""
_SHOWN = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Triples on which two trees disagree: of an `anchor`, `taxonomic` is nearer kin by label, `true` by phylogeny."""

    anchor: Indices
    taxonomic: Indices
    true: Indices

    @classmethod
    def of(cls, steps: npt.NDArray[np.generic], phylogeny: Floats, generator: np.random.Generator) -> "Parted":
        """Among random triples of S species, those that the two tables (S, S) order the opposite way.

        Where one of them calls the two equally near it says nothing, and the trees do not disagree.
        """
        count = len(phylogeny)
        drawn = generator.integers(count, size=(3, TRIPLES))
        drawn = drawn[:, (drawn[0] != drawn[1]) & (drawn[0] != drawn[2]) & (drawn[1] != drawn[2])]
        anchor, first, second = np.unique(drawn, axis=1)
        labels = steps[anchor, first].astype(np.int64) - steps[anchor, second].astype(np.int64)
        truth = phylogeny[anchor, first] - phylogeny[anchor, second]
        # A pair is drawn both ways round; the way in which the taxonomy's kin come first is kept.
        is_parted = (labels < 0) & (truth > 1e-9 * float(phylogeny.max()))
        return cls(anchor=anchor[is_parted], taxonomic=first[is_parted], true=second[is_parted])

    def __len__(self) -> int:
        return len(self.anchor)

    def follows_truth(self, distances: Floats) -> Floats:
        """1 where a space puts the phylogeny's kin nearer, 0 where the taxonomy's, a half where it cannot tell."""
        gap = distances[self.anchor, self.taxonomic] - distances[self.anchor, self.true]
        return np.asarray((np.sign(gap) + 1) / 2)

    def redrawn(self, values: Floats, redraws: Redraws) -> Floats:
        """The mean of values (T,) of the triples, and what each redraw of units makes of it: (1 + B,).

        A triple is of the units of all its three species, and a unit moves the mean by every triple that it has a part
        in, once a triple: redrawing anchors alone would take the other two for known.
        """
        mean = float(values.mean())
        moved = np.zeros(len(redraws.numbers))
        units = [redraws.numbers[part] for part in (self.anchor, self.taxonomic, self.true)]
        is_other = [
            np.ones(len(self), dtype=bool),
            units[1] != units[0],
            (units[2] != units[0]) & (units[2] != units[1]),
        ]
        for part, counts in zip((self.anchor, self.taxonomic, self.true), is_other, strict=True):
            np.add.at(moved, part, np.where(counts, values - mean, 0.0))
        return np.clip(redraws.moved(mean, moved / len(self)), 0, 1)  # it is an expansion, and may leave the scale


def places_in(kin: Kin, phylogeny: Phylogeny) -> tuple[Indices, Floats]:
    """Which species the phylogeny has, (T,), and its distances between them (T, T)."""
    rows = {taxon: row for row, taxon in enumerate(phylogeny.taxa)}
    names = {taxon.binomial: row for row, taxon in enumerate(phylogeny.taxa) if taxon.binomial}
    found = np.array([rows.get(taxon, names.get(taxon.binomial, -1)) for taxon in kin.taxa], dtype=np.int64)
    places = np.flatnonzero(found >= 0)
    return places, phylogeny.distances[np.ix_(found[places], found[places])]


def weigh_trees(kin: Kin, sides: Sequence[Side], phylogeny: Floats, parted: Parted, *, of: str) -> list[Measured]:
    """Each tree given the other, the one less the other, and the triples on which they disagree."""
    found = kin.redraws.correlations(pair_ranks([kin.steps, phylogeny, *[side.distances for side in sides]]))
    numbers = range(2, 2 + len(sides))
    labels = [partial_correlation(found, (0, place), given=1) for place in numbers]
    truth = [partial_correlation(found, (1, place), given=0) for place in numbers]
    made = [
        _measured("the space follows the label taxonomy beyond the phylogeny", "rank steps given the phylogeny",
                  of, sides, labels),
        _measured("the space follows the phylogeny beyond the label taxonomy", "the phylogeny given rank steps",
                  of, sides, truth),
    ]  # fmt: skip
    if len(parted):
        shares = [parted.redrawn(parted.follows_truth(side.distances), kin.redraws) for side in sides]
        made.append(
            Measured(
                claim="where the two trees part, the space follows the phylogeny",
                measure="share of triples on which they disagree that are as the phylogeny says",
                of=of,
                own=shares[0],
                controls={side.name: share for side, share in zip(sides[1:], shares[1:], strict=True)},
                chance=0.5,
                chance_is="either",
                note=f"{len(parted):,} triples; below a half it follows the labels",
            )
        )
    return made


def parted_pairs(kin: Kin, side: Side, phylogeny: Floats) -> Table:
    """The pairs of species on whose distance the trees disagree most, and where the space puts them.

    All three are places among all pairs, 0 the nearest and 1 the farthest.
    """
    first, second = np.triu_indices(len(kin), 1)
    places = [ranks / len(first) for ranks in pair_ranks([kin.steps, phylogeny, side.distances])]
    gap = places[0] - places[1]
    order = np.argsort(-np.abs(gap), kind="stable")[:_SHOWN].tolist()
    depths = condensed(kin.depths).astype(np.int64)
    rows: list[Sequence[Cell]] = [
        (
            kin.taxa[first[pair]].scientific_name,
            kin.taxa[second[pair]].scientific_name,
            rank_name(int(depths[pair])),
            *(round(float(place[pair]), 3) for place in places),
        )
        for pair in order
    ]
    return Table(
        name="tree_parted_pairs",
        caption="The pairs of species on which label taxonomy and phylogeny disagree most, and where the space puts "
        "them: places among all pairs, 0 the nearest, 1 the farthest.",
        columns=("species", "species", "labels meet at", "by labels", "by phylogeny", "in the space"),
        rows=rows,
    )


def _measured(claim: str, measure: str, of: str, sides: Sequence[Side], values: Sequence[Floats]) -> Measured:
    return Measured(
        claim=claim,
        measure=f"partial Spearman's correlation of distances with {measure}",
        of=of,
        own=values[0],
        controls={side.name: value for side, value in zip(sides[1:], values[1:], strict=True)},
        chance=0.0,
        chance_is="no relation",
    )
