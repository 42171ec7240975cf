"""The ways of naming side by side: accuracy at every rank, paired gains, measures of the whole path; with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.data import species_of
from thuja.evaluate.grid import Grid
from thuja.evaluate.hierarchical.ladder import Ladder
from thuja.evaluate.hierarchical.ways import Naming, Paths
from thuja.evaluate.task import Measure, Way
from thuja.metrics.accuracy import Hits
from thuja.metrics.bootstrap import Interval, bootstrap, mean_over_clusters
from thuja.metrics.hierarchy import (
    Agreement,
    ancestor_height,
    is_full_path,
    is_off_tree,
    nlca,
    top_down,
)
from thuja.metrics.ratios import Ratio, interval, redrawn
from thuja.taxonomy import Rank, Taxon

Indices = npt.NDArray[np.int64]

ACCURACY = "accuracy"
MACRO = "macro accuracy"
GAIN = "gain over text"
UNCONTRADICTED = "accuracy, right above too"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure of one way of naming, at one rank or (None) of the whole path.

    `images` were asked, of `species`, which the interval draws; at a rank there were `candidates` to choose from.
    """

    rank: Rank | None
    naming: Naming
    measure: str
    interval: Interval
    images: int
    species: int
    candidates: int | None = None

    def to_measure(self) -> Measure:
        """For a suite's table; the rank and the way of naming are the part."""
        where = "whole path" if self.rank is None else self.rank.label
        return Measure(
            part=f"{where}, {self.naming}",
            way=Way.CORRECTED,
            name=self.measure,
            value=self.interval.value,
            low=self.interval.low,
            high=self.interval.high,
            units=self.images,
            clusters=self.species,
            note="" if self.candidates is None else f"{self.candidates} candidates",
        )


def compare(
    answers: Mapping[Naming, Paths], truth: Sequence[Taxon], ladder: Ladder, *, generator: np.random.Generator
) -> list[Row]:
    """What each way of naming is worth on the same N images, whose taxa are `truth`.

    At a rank the images are asked whose taxon there is a candidate. Intervals draw species. Raises EmptyInput
    where no image is asked anything, ThujaError for answers about other images.
    """
    counts = sorted({len(given.indices) for given in answers.values()} | {len(truth)})
    if len(counts) != 1:
        raise ThujaError(f"answers and truths are not of the same images: there are {' and '.join(map(str, counts))}")
    places = ladder.places(truth)  # (N, 7)
    asked = np.flatnonzero((places >= 0).any(axis=1))
    if not len(asked):
        raise EmptyInput("no image is of a taxon that may be answered", hint="candidates must hold the images' taxa")
    comparison = _Comparison(
        ladder=ladder,
        places=places[asked],
        species=species_of(truth)[asked],
        tables={way: given.indices[asked] for way, given in answers.items()},
        generator=generator,
    )
    rows = [row for rank in ladder.ranks for row in comparison.at_rank(rank)]
    return rows + [row for way in answers for row in comparison.of_path(way)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """The images that are asked something: truth and answers as candidates, (N, 7) each, and each image's species."""

    ladder: Ladder
    places: Indices
    species: Indices
    tables: Mapping[Naming, Indices]
    generator: np.random.Generator

    def at_rank(self, rank: Rank) -> list[Row]:
        """Accuracy, macro accuracy, the paired gain, and accuracy where nothing above is wrong."""
        asked = np.flatnonzero(self.places[:, rank] >= 0)
        if not len(asked):
            return []
        truth, species = self.places[asked, rank], self.species[asked]
        is_right = {way: table[asked, rank] == truth for way, table in self.tables.items()}
        rows = []
        for way, right in is_right.items():
            accuracy, macro = bootstrap(Hits(is_right=right, classes=truth, species=species), self.generator)
            found = {ACCURACY: accuracy, MACRO: macro}
            if way != Naming.TEXT and Naming.TEXT in is_right:
                found[GAIN] = self._mean(right.astype(float) - is_right[Naming.TEXT], species)
            found[UNCONTRADICTED] = self._mean(top_down(self._agreement(way))[asked, rank], species)
            rows += [self._row(rank, way, name, interval=interval, species=species) for name, interval in found.items()]
        return rows

    def of_path(self, way: Naming) -> list[Row]:
        """Measures of all seven answers together."""
        agreement = self._agreement(way)
        heights = ancestor_height(agreement)
        lineages = self.ladder.codes(self.ladder.places(self.ladder.texts[Rank.SPECIES].taxa))
        shared, said, asked = (
            table.sum(axis=1) for table in (agreement.is_right, agreement.is_answered, agreement.is_named)
        )
        each = np.ones(len(heights))
        # Each measure is a ratio of sums over images, as metrics.hierarchy defines it.
        sums = {
            "full path": (is_full_path(agreement), each),
            "nLCA": (nlca(agreement), each),
            "mistake severity, all": (heights, each),
            "mistake severity, wrong": (heights, heights > 0),
            "hierarchical precision": (shared, said),
            "hierarchical recall": (shared, asked),
            "hierarchical F": (2 * shared, said + asked),
            "off the tree": (is_off_tree(self.ladder.codes(self.tables[way]), lineages), each),
        }
        _, place = np.unique(self.species, return_inverse=True)
        tables = [[np.bincount(place, weights=part) for part in parts] for parts in sums.values()]
        ratios = [Ratio(tops=tops.astype(np.float64), bottoms=bottoms.astype(np.float64)) for tops, bottoms in tables]
        drawn = redrawn(ratios, self.generator)  # (1 + B, measures)
        return [
            self._row(None, way, name, interval=interval(drawn[:, column]), species=self.species)
            for column, name in enumerate(sums)
        ]

    def _agreement(self, way: Naming) -> Agreement:
        return Agreement.of_codes(self.ladder.codes(self.places), self.ladder.codes(self.tables[way]))

    def _mean(self, values: npt.ArrayLike, species: Indices) -> Interval:
        return mean_over_clusters(values, species, self.generator)

    def _row(self, rank: Rank | None, way: Naming, name: str, *, interval: Interval, species: Indices) -> Row:
        return Row(
            rank=rank,
            naming=way,
            measure=name,
            interval=interval,
            images=len(species),
            species=len(np.unique(species)),
            candidates=None if rank is None else len(self.ladder.texts[rank]),
        )


def grids(rows: Sequence[Row]) -> list[Grid]:
    """One table a rank and one of the whole path: a line a way of naming, a column a measure."""
    made = []
    for rank in dict.fromkeys(row.rank for row in rows):
        found = [row for row in rows if row.rank == rank]
        names = list(dict.fromkeys(row.measure for row in found))
        cells = {(row.naming, row.measure): row.interval for row in found}
        ways = dict.fromkeys(row.naming for row in found)
        asked = f"{found[0].images:,} images of {found[0].species:,} species"
        title = (
            f"The whole path: {asked}"
            if rank is None
            else (f"{rank.label.capitalize()}: {asked}, {found[0].candidates:,} candidates")
        )
        lines = [(way.value, *(_cell(cells.get((way, name))) for name in names)) for way in ways]
        made.append(Grid(title=title, columns=("way of naming", *names), rows=tuple(lines)))
    return made


def _cell(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
