"""The ways of naming at every rank, on the pictures of an evaluation: one chapter, and each way's answers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from thuja.errors import EmptyInput
from thuja.evaluate.chapter import Chapter, Shown, skipped
from thuja.evaluate.grid import Grid, percent
from thuja.evaluate.hierarchical import Hierarchical, Ladder, Naming, Row, measure_ways
from thuja.evaluate.hierarchical.compared import ACCURACY, MACRO
from thuja.evaluate.hierarchical.measured import MASS
from thuja.evaluate.question import distinct_at
from thuja.metrics.bootstrap import Interval
from thuja.taxonomy import RANKS, Rank, Taxon

NAME, TITLE = "naming", "Three ways to a name at every rank"
ABOUT = (
    "Text: the nearest text among those of all taxa at the rank (by text, above). Summed: the species' probabilities "
    "summed up the tree (rolled up, above); with sizes corrected, each sum is first divided by the clade's number of "
    "species to a power that was fitted on the other half of the species. Top-down: the nearest text among the "
    "children of what was chosen above. Lineage of species: what stands above the nearest species. Of species never "
    "met, whose own names are no candidates, the ranks above are asked."
)
_SPLITS = {"test": "New pictures", "unseen": "Species never met"}
_PATH = (
    ("full path", "all ranks right, %"),
    ("nLCA", "nLCA"),
    ("mistake severity, wrong", "severity of mistakes"),
    ("hierarchical F", "hierarchical F"),
    ("off the tree", "off the tree, %"),
)
_PER_CENT = ("full path", "off the tree")
_SHORT = {
    Naming.TEXT: "text",
    Naming.SUMMED: "summed",
    Naming.SIZED: "summed, sizes corrected",
    Naming.TOP_DOWN: "top-down",
    Naming.LINEAGE: "lineage of species",
}
_COLUMNS = {Naming.TOP_DOWN: "top_down", Naming.SIZED: "sizes_corrected"}
_TOLD = (Naming.TEXT, Naming.SUMMED, Naming.SIZED)


def measure_naming(
    shown: Mapping[str, Shown], ladder: Ladder | None, seen: Sequence[Taxon], *, scale: float, seed: int
) -> Chapter:
    """Each split's pictures named in every way among the candidates of `ladder`, None where there is no species.

    `seen` are the taxa met in training, of which the ladder holds those that have a species.
    """
    nothing = skipped(NAME, TITLE, "No picture is of a taxon that has a trained species, so no rank can be asked.")
    if ladder is None:
        return nothing
    found: dict[str, Hierarchical] = {}
    for split, pictures in shown.items():
        try:
            found[split] = measure_ways(pictures.vectors, pictures.pictures.taxa, ladder, scale=scale, seed=seed)
        except EmptyInput:  # no picture is of a taxon with trained members
            continue
    if not found:
        return nothing
    return Chapter(
        name=NAME,
        title=TITLE,
        about=ABOUT,
        grids=[grid for split, ways in found.items() for grid in _grids(split, ways, ladder)],
        notes=[*_left_out(ladder, seen), _NOTE_PATH, _NOTE_BIAS],
        measures={split: ways.to_measures() for split, ways in found.items()},
        columns={split: _columns(ways, ladder) for split, ways in found.items()},
    )


_NOTE_PATH = (
    "nLCA is the depth of the deepest ancestor that truth and answer share, as a share of the truth's depth. Severity "
    "is the height of that ancestor over the wrong answers, one a rank, and hierarchical F weighs precision and recall "
    "of all ranks. Off the tree is the share of answers whose ranks do not belong to one lineage."
)
_NOTE_BIAS = (
    "What strays to a clade from pictures of other clades, against the clade's size: elasticity b says that a clade of "
    "twice the species draws 2^b times as much. Text at the rank knows no sizes; what goes beyond its b is the bias "
    "that summing over uneven clades brings. The power is what sizes are corrected by, fitted on either half of the "
    "species: 0 leaves sums alone, 1 makes means of them. The intervals of b draw clades, all others species."
)


def _left_out(ladder: Ladder, seen: Sequence[Taxon]) -> list[str]:
    """Which ranks have more candidates in the tables by text: taxa of which no species was met."""
    told = {rank: len(distinct_at(seen, rank)) - len(ladder.texts.get(rank, ())) for rank in RANKS}
    fewer = [f"{count} at rank {rank.label}" for rank, count in told.items() if count]
    if not fewer:
        return []
    return [
        f"Taxa without a trained species are no candidates here, as they are in the tables above: {', '.join(fewer)}."
    ]


def _grids(split: str, ways: Hierarchical, ladder: Ladder) -> list[Grid]:
    where = _SPLITS.get(split, split)
    is_unseen = split == "unseen"
    measures = (MACRO, ACCURACY) if is_unseen else (ACCURACY, MACRO)
    by_rank = [
        _by_rank(where, ways.rows, ladder, measure=measure, is_main=measure == measures[0]) for measure in measures
    ]
    return [grid for grid in (*by_rank, _whole_path(where, ways.rows), _bias(where, ways, ladder)) if grid.rows]


def _by_rank(where: str, rows: Sequence[Row], ladder: Ladder, *, measure: str, is_main: bool) -> Grid:
    """A line a rank at which there is a choice, a column a way."""
    told = []
    for rank in ladder.ranks:
        found = {row.naming: row for row in rows if row.rank == rank and row.measure == measure}
        if found and len(ladder.texts[rank]) > 1:
            any_way = found[Naming.TEXT]
            cells = [_percents(found[way].interval) for way in Naming]
            told.append((rank.label, str(len(ladder.texts[rank])), str(any_way.images), *cells))
    title = {ACCURACY: "pictures named right", MACRO: "mean over taxa of the share named right"}[measure]
    return Grid(
        title=f"{where}: {title}, by way of naming, in per cent, with 95 % intervals",
        columns=("rank", "answers", "pictures", *_SHORT.values()),
        rows=tuple(told),
        is_main=is_main,
    )


def _whole_path(where: str, rows: Sequence[Row]) -> Grid:
    found = {(row.naming, row.measure): row.interval for row in rows if row.rank is None}
    told = []
    for way in Naming:
        cells = []
        for measure, _ in _PATH:
            one = found[way, measure]
            cells.append(_percents(one) if measure in _PER_CENT else _numbers(one))
        told.append((_SHORT[way], *cells))
    return Grid(
        title=f"{where}: all seven answers together",
        columns=("way of naming", *(heading for _, heading in _PATH)),
        rows=tuple(told),
    )


def _bias(where: str, ways: Hierarchical, ladder: Ladder) -> Grid:
    """A line a rank: what strays by size in the posterior and the answers of each way, and the powers fitted."""
    elasticity = {(one.rank, one.given): one.bias.elasticity for one in ways.biases}
    told = []
    for rank in ways.powers:
        cells = [_numbers(elasticity.get((rank, given))) for given in (MASS, *_TOLD)]
        if any(cells):
            sizes = ladder.sizes(rank)
            powers = " and ".join(f"{power:.2f}" for power in ways.powers[rank])
            told.append((rank.label, str(len(sizes)), f"{sizes.min()} to {sizes.max()}", *cells, powers))
    headings = ("rank", "clades", "species in one", "posterior", *(_SHORT[way] for way in _TOLD), "powers")
    return Grid(title=f"{where}: bias by clade size, b", columns=headings, rows=tuple(told), is_main=False)


def _columns(ways: Hierarchical, ladder: Ladder) -> pa.Table:
    """`<rank>_top_down` and `<rank>_sizes_corrected` of each picture with their scores, null for no answer."""
    made: dict[str, pa.Array] = {}
    for rank in RANKS:
        taxa = ladder.texts[rank].taxa if rank in ladder.texts else ()
        names = np.array([taxon.scientific_name for taxon in taxa] + [None], dtype=object)
        for way, suffix in _COLUMNS.items():
            if way == Naming.SIZED and rank == Rank.SPECIES:
                continue
            path = ways.paths[way]
            answers, scores = path.indices[:, rank], path.scores[:, rank]
            made[f"{rank.label}_{suffix}"] = pa.array(names[answers], pa.string())
            made[f"{rank.label}_{suffix}_score"] = pa.array(scores, pa.float32(), from_pandas=True)
    return pa.table(made)


def _percents(one: Interval) -> str:
    return (
        percent(one.value)
        if one.low == one.high
        else f"{percent(one.value)} ({_ends(100 * one.low, 100 * one.high, 1)})"
    )


def _numbers(one: Interval | None) -> str:
    if one is None or not np.isfinite(one.value):
        return ""
    return f"{one.value:.2f}" if one.low == one.high else f"{one.value:.2f} ({_ends(one.low, one.high, 2)})"


def _ends(low: float, high: float, places: int) -> str:
    return f"{low:.{places}f} to {high:.{places}f}"
