"""How often the nearest other row of a table of embeddings is of the same taxon, rank by rank.

No text and no training: what the geometry alone says. A row whose taxon occurs once cannot be right, so each
figure stands beside its ceiling, and beside the figure among the rows that can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.embeddings import Embeddings
from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.evaluate.data import species_of
from thuja.evaluate.text_tables import text_table
from thuja.metrics.bootstrap import Interval, mean_over_clusters
from thuja.structure.neighbours import NEAR, Agreed, Nearest, agreed, nearest, rank_codes
from thuja.taxonomy import RANKS, Rank, Taxon

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The rows that have a name at a rank: all of them (`part` is ""), or those with one value in the column.

    `rows` is the denominator, `possible` how many of these have a taxon that occurs again among all rows.
    `over_all` is the share whose neighbour agrees, `among_possible` the same among those that can be right, `apart`
    among those of them whose neighbour is no near duplicate. Intervals draw taxa.
    """

    rank: Rank
    part: str
    rows: int
    possible: int
    over_all: Interval
    among_possible: Interval | None
    apart: Interval | None

    @property
    def ceiling(self) -> float:
        """The share that can be right: what no embedding can exceed."""
        return self.possible / self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The agreement at each rank, for all rows and by part; and a row for each answer.

    Of N `rows` those `with_lineage` have a name at some rank, and are asked and searched; `near_duplicates` of
    them have a neighbour above the cosine `near`.
    """

    agreements: Sequence[Agreement]
    answers: pa.Table
    rows: int
    with_lineage: int
    near: float
    near_duplicates: int


def nearest_neighbours(
    embeddings: Embeddings,
    generator: np.random.Generator,
    *,
    by: str | None = None,
    near: float = NEAR,
    is_by_name: bool = False,
) -> Neighbours:
    """Hold each row's taxon against that of its nearest other row, by cosine, at every rank.

    Rows without any name are left out. At a rank the rows that have a name there are asked, and a neighbour
    without one is no agreement. Taxa are whole lineages, so that a bird and a plant of one genus name differ;
    `is_by_name` compares the names alone (the binomial at species), as published figures do. `by` names a column
    whose values are measured apart, each against all rows. Raises UnknownName for another column, UsageError for
    embeddings without a column of a rank, ThujaError for vectors that are no numbers or have no direction.
    """
    taxa, parts = _taxa(embeddings), _parts(embeddings, by)
    kept = np.array([row for row, taxon in enumerate(taxa) if taxon.rank is not None], dtype=np.int64)
    if len(kept) < 2:
        raise EmptyInput(f"of {len(taxa)} rows {len(kept)} have a lineage, and a neighbour needs two")
    table = _Table(
        ids=[embeddings.ids[row] for row in kept],
        taxa=[taxa[row] for row in kept],
        parts=np.array([parts[row] for row in kept]),
        nearest=nearest(embeddings.vectors[kept]),
        codes=rank_codes([taxa[row] for row in kept], is_by_name=is_by_name),
        near=near,
    )
    ranks = [rank for rank in RANKS if any(taxon[rank] for taxon in table.taxa)]
    wanted = ["", *(sorted(set(table.parts)) if by is not None else [])]
    found = [table.agreement(rank, part, generator) for part in wanted for rank in ranks]
    return Neighbours(
        agreements=[agreement for agreement in found if agreement is not None],
        answers=pa.concat_tables([table.answers(rank) for rank in ranks]),
        rows=len(taxa),
        with_lineage=len(kept),
        near=near,
        near_duplicates=int((table.nearest.cosines > near).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The M rows with a lineage, each with its neighbour."""

    ids: Sequence[str]
    taxa: Sequence[Taxon]
    parts: npt.NDArray[np.str_]
    nearest: Nearest
    codes: Indices
    near: float

    def agreement(self, rank: Rank, part: str, generator: np.random.Generator) -> Agreement | None:
        """Of the rows of a part ("" is all); None where none has a name at the rank."""
        told = self._agreed(rank)
        is_asked = told.is_asked & ((self.parts == part) | (part == ""))
        is_possible = is_asked & told.is_possible
        species = species_of(self.taxa)

        def share(of: Flags) -> Interval | None:
            return mean_over_clusters(told.is_right[of], species[of], generator) if of.any() else None

        over_all = share(is_asked)
        if over_all is None:
            return None
        return Agreement(
            rank=rank,
            part=part,
            rows=int(is_asked.sum()),
            possible=int(is_possible.sum()),
            over_all=over_all,
            among_possible=share(is_possible),
            apart=share(is_possible & (self.nearest.cosines <= self.near)),
        )

    def answers(self, rank: Rank) -> pa.Table:
        """A row for each that is asked at the rank."""
        told = self._agreed(rank)
        asked = np.flatnonzero(told.is_asked)
        neighbours = self.nearest.places[asked]
        names = [taxon.at(rank).scientific_name if taxon[rank] else None for taxon in self.taxa]
        return pa.table(
            {
                "uuid": pa.array([self.ids[row] for row in asked.tolist()], pa.string()),
                "rank": pa.array([rank.label] * len(asked), pa.string()),
                "truth": pa.array([names[row] for row in asked.tolist()], pa.string()),
                "answer": pa.array([names[row] for row in neighbours.tolist()], pa.string()),
                "neighbour": pa.array([self.ids[row] for row in neighbours.tolist()], pa.string()),
                "score": pa.array(self.nearest.cosines[asked], pa.float32()),
                "is_right": pa.array(told.is_right[asked]),
                "is_possible": pa.array(told.is_possible[asked]),
            }
        )

    def _agreed(self, rank: Rank) -> Agreed:
        return agreed(self.codes[:, rank], self.nearest)


def _taxa(embeddings: Embeddings) -> list[Taxon]:
    names = embeddings.columns.column_names
    ranks = [rank.label for rank in RANKS if rank.label in names]
    if not ranks:
        raise UsageError(
            f"the embeddings have no column of a rank, but {', '.join(names) or 'none at all'}",
            hint=f"one or more of {', '.join(rank.label for rank in RANKS)}",
        )
    return [Taxon.from_columns(row) for row in embeddings.columns.select(ranks).to_pylist()]


def _parts(embeddings: Embeddings, by: str | None) -> list[str]:
    """The value of each row in the column `by`; rows without one are "no value"."""
    if by is None:
        return [""] * len(embeddings)
    if by not in embeddings.columns.column_names:
        raise UnknownName.of("column", by, embeddings.columns.column_names)
    return [
        str(value) if value not in (None, "") else "no value" for value in embeddings.columns.column(by).to_pylist()
    ]


def as_text(found: Neighbours) -> str:
    """What was found, a table a part, for a terminal."""
    lines = [
        f"{found.rows:,} rows, {found.with_lineage:,} with a lineage; {found.near_duplicates:,} have a neighbour above "
        f"cosine {found.near:g}"
    ]
    header = ("rank", "rows", "can be right", "ceiling", "right", "of those that can be", "without near duplicates")
    for part in dict.fromkeys(agreement.part for agreement in found.agreements):
        rows = [
            (
                one.rank.label,
                f"{one.rows:,}",
                f"{one.possible:,}",
                f"{one.ceiling:.3f}",
                _shown(one.over_all),
                _shown(one.among_possible),
                _shown(one.apart),
            )
            for one in found.agreements
            if one.part == part
        ]
        lines += ["", text_table(header, rows, title=part or "all rows")]
    return "\n".join(lines)


def _shown(interval: Interval | None) -> str:
    """The share and its interval; of one taxon, or where all are alike, no interval is known."""
    if interval is None:
        return ""
    told = f"{interval.value:.3f}"
    return f"{told} [{interval.low:.3f}, {interval.high:.3f}]" if interval.low < interval.high else told
