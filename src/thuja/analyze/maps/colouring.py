"""What a map is coloured by when nobody says: a rank whose names a palette can tell apart; and values of any column."""

from collections.abc import Sequence

from thuja.analyze.space import Space
from thuja.errors import UnknownName
from thuja.record import Value
from thuja.report.colours import PALETTE
from thuja.taxonomy import RANKS, Rank


def values_of(space: Space, name: str) -> Sequence[Value | None]:
    """A column of the space, or the names at a rank, None where there is none; raises UnknownName for neither."""
    if name in space.columns:
        return space.columns[name]
    ranks = {rank.label: rank for rank in RANKS}
    if name not in ranks:
        raise UnknownName.of("column or rank", name, [*space.columns, *ranks])
    return names_at(space, ranks[name])


def names_at(space: Space, rank: Rank) -> Sequence[str | None]:
    """Each image's name at a rank (a species as its binomial), None where it has none."""
    if rank is Rank.SPECIES:
        return [taxon.binomial or None for taxon in space.taxa]
    return [taxon[rank] or None for taxon in space.taxa]


def telling_rank(space: Space) -> Rank | None:
    """The lowest rank of at least two names and no more than the palette has colours, else the highest of two or more.

    None where all images have the same names.
    """
    counts = {rank: len({name for name in names_at(space, rank) if name is not None}) for rank in RANKS}
    few = [rank for rank in RANKS if 2 <= counts[rank] <= len(PALETTE)]
    many = [rank for rank in RANKS if counts[rank] >= 2]
    return few[-1] if few else many[0] if many else None
