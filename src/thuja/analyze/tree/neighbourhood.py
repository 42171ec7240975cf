"""How often an image's nearest other image is of the same taxon, rank by rank, with ceiling, chance and controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Table
from thuja.analyze.space import Space
from thuja.analyze.tree.measured import Measured, told
from thuja.analyze.tree.redraws import Redraws, clade_numbers
from thuja.analyze.tree.settings import TreeSettings
from thuja.embeddings import Vectors
from thuja.metrics.ratios import interval
from thuja.report import Cell
from thuja.structure.neighbours import Agreed, Nearest, agreed, nearest, rank_codes, stratified_queries
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The agreement of one side at one rank: shares with redraws (1 + B,), None where nothing is left to ask.

    `over_all` is of all queries with a name at the rank, `among_possible` of those that can be right, `apart` of those
    of them whose neighbour is no near duplicate; `ceiling` and `chance` are of all, `chance_possible` of these.
    `units` are those of the redrawn that have an image that can be right.
    """

    side: str
    rank: Rank
    rows: int
    possible: int
    units: int
    ceiling: float
    chance: float
    over_all: Floats
    among_possible: Floats | None
    chance_possible: Floats | None
    apart: Floats | None

    @property
    def is_sure(self) -> bool:
        """Whether all rows are of one taxon, so that nobody can be wrong."""
        return self.chance > 1 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """All steps, the first side's first; the images that were asked, of how many; and what else is to be said."""

    steps: Sequence[Step]
    redraws: Redraws
    asked: int
    rows: int
    near_duplicates: int
    sharing: Sequence[Measured] = ()

    @property
    def measured(self) -> list[Measured]:
        """Each rank at which an image can be right, against chance and the controls."""
        own = self.steps[0].side
        found = []
        for step in self.steps:
            if step.side == own and step.among_possible is not None and not step.is_sure:
                others = {
                    one.side: one.among_possible
                    for one in self.steps
                    if one.rank == step.rank and one.side != own and one.among_possible is not None
                }
                found.append(
                    Measured(
                        claim=f"the nearest other image is of the same {step.rank.label}",
                        measure="share of images whose nearest neighbour agrees, of those that can",
                        of=step.rank.label,
                        own=step.among_possible,
                        controls=others,
                        chance=step.chance_possible,
                        chance_is="a random other image",
                        units=step.units,
                        note=f"{step.possible:,} of {step.rows:,} images can be right",
                    )
                )
        return [*found, *self.sharing]

    def table(self, of: str, name: str) -> Table:
        """A line a side and rank."""
        rows: list[Sequence[Cell]] = []
        for step in self.steps:
            shares = (step.over_all, step.among_possible, step.apart)
            cells = [cell for one in shares for cell in told(None if one is None else interval(one))]
            rows.append(
                (
                    step.side, step.rank.label, step.rows, step.possible, round(step.ceiling, 4),
                    round(step.chance, 4), *cells,
                )
            )  # fmt: skip
        return Table(
            name=name,
            caption=f"Nearest-neighbour agreement by rank ({of}): of all images with a name at the rank (at most "
            "the ceiling), of those that can be right, and of those of them whose neighbour is no near duplicate. "
            "Chance is a random other image, of all.",
            columns=(
                "side", "rank", "images", "can be right", "ceiling", "chance", "right", "95 %", "of those that can",
                "95 %", "without near duplicates", "95 %",
            ),
            rows=rows,
        )  # fmt: skip


def neighbourhood(
    space: Space, sides: Mapping[str, Vectors], generator: np.random.Generator, *, settings: TreeSettings
) -> Neighbourhood | str:
    """Ask the images with a name at some rank; the first side is the model's. A sentence where fewer than two have.

    Images of one group are no neighbours of each other. Chance and ceiling are the same for all sides.
    """
    kept = np.array([row for row, taxon in enumerate(space.taxa) if taxon.rank is not None], dtype=np.int64)
    if len(kept) < 2:
        return f"of {len(space):,} images {len(kept)} have a lineage, and a neighbour needs two"
    is_whole = len(kept) == len(space)
    taxa: Sequence[Taxon] = space.taxa if is_whole else [space.taxa[row] for row in kept.tolist()]
    codes = rank_codes(taxa)
    groups = None if space.groups is None else np.asarray(space.groups)[kept]
    queries = np.arange(len(kept))
    if len(kept) > settings.queries:
        queries = stratified_queries(clade_numbers(taxa, Rank.SPECIES), settings.queries, generator)
    asked = [taxa[row] for row in queries.tolist()]
    redraws = Redraws.of(asked, settings.unit, generator, replicates=settings.replicates)
    found = {
        name: nearest(vectors if is_whole else vectors[kept], queries, groups=groups) for name, vectors in sides.items()
    }
    steps = [
        _step(name, rank, agreed(codes[:, rank], one, groups=groups), redraws, one.cosines > settings.near)
        for name, one in found.items()
        for rank in RANKS
        if (codes[queries, rank] >= 0).any()
    ]
    first = next(iter(found.values()))
    return Neighbourhood(
        steps=steps,
        redraws=redraws,
        asked=len(queries),
        rows=len(kept),
        near_duplicates=int((first.cosines > settings.near).sum()),
        sharing=_sharing(space, kept, found, redraws, by=settings.by),
    )


def species_neighbourhood(
    taxa: Sequence[Taxon], sides: Mapping[str, Floats], redraws: Redraws, *, near: float
) -> list[Step]:
    """The same of one vector a species (S, D) and the nearest other species, genus and above: for texts and means."""
    codes = rank_codes(taxa)
    found = {name: nearest(vectors) for name, vectors in sides.items()}
    return [
        _step(name, rank, agreed(codes[:, rank], one), redraws, one.cosines > near)
        for name, one in found.items()
        for rank in RANKS[:-1]
        if (codes[:, rank] >= 0).any()
    ]


def _step(name: str, rank: Rank, told_of: Agreed, redraws: Redraws, is_near: npt.NDArray[np.bool_]) -> Step:
    is_possible = told_of.is_asked & told_of.is_possible

    def share(of: npt.NDArray[np.bool_], values: npt.ArrayLike) -> Floats | None:
        return redraws.ratios(np.asarray(values, dtype=np.float64) * of, of) if of.any() else None

    over_all = share(told_of.is_asked, told_of.is_right)
    assert over_all is not None, "a rank that nobody has is not asked"
    return Step(
        side=name,
        rank=rank,
        rows=int(told_of.is_asked.sum()),
        possible=int(is_possible.sum()),
        units=redraws.bringing(is_possible),
        ceiling=float(is_possible.sum() / told_of.is_asked.sum()),
        chance=float(told_of.chance[told_of.is_asked].mean()),
        over_all=over_all,
        among_possible=share(is_possible, told_of.is_right),
        chance_possible=share(is_possible, told_of.chance),
        apart=share(is_possible & ~is_near, told_of.is_right),
    )


def _sharing(
    space: Space, kept: Indices, found: Mapping[str, Nearest], redraws: Redraws, *, by: str | None
) -> list[Measured]:
    """How often the neighbour shares the value of the column `by`: what the space orders by besides the tree."""
    if by is None:
        return []
    column = space.column(by)
    values = ["" if column[row] is None else str(column[row]) for row in kept.tolist()]
    known = {value: number for number, value in enumerate(sorted(set(values) - {""}))}
    codes = np.array([known.get(value, -1) for value in values], dtype=np.int64)
    if len(known) < 2:
        return []
    groups = None if space.groups is None else np.asarray(space.groups)[kept]
    shares, chances = {}, None
    for name, one in found.items():
        told_of = agreed(codes, one, groups=groups)
        shares[name] = redraws.ratios(told_of.is_right & told_of.is_asked, told_of.is_asked)
        chances = redraws.ratios(told_of.chance * told_of.is_asked, told_of.is_asked)
    own, *others = shares
    return [
        Measured(
            claim=f"the nearest other image is of the same {by}",
            measure="share of images whose nearest neighbour agrees",
            of=by,
            own=shares[own],
            controls={name: shares[name] for name in others},
            chance=chances,
            chance_is="a random other image",
            note="not of the tree: what else the space orders images by",
        )
    ]
