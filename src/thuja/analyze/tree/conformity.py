"""Hold the distances of species, and the tree built from them, against the taxonomy; sides beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Table
from thuja.analyze.tree.clades import Found, Shuffled, cophenetic, find_clades, robinson_foulds, shuffle_labels
from thuja.analyze.tree.distances import condensed
from thuja.analyze.tree.kin import Kin, Side
from thuja.analyze.tree.measured import Measured, file_name, told
from thuja.analyze.tree.order import anchor_order, mantel, pair_ranks, strata, tau_ceilings
from thuja.analyze.tree.settings import TreeSettings
from thuja.metrics.ratios import interval
from thuja.report import Cell
from thuja.taxonomy import RANKS

Floats = npt.NDArray[np.float64]

MOST_CLADES = 200
"""Clades that the table by clade shows, the largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformity:
    """What was measured of some sides (the first is the one that is asked about), and its tables."""

    measured: Sequence[Measured]
    tables: Sequence[Table]


def conform(
    kin: Kin, sides: Sequence[Side], generator: np.random.Generator, *, settings: TreeSettings, of: str
) -> Conformity:
    """Hold the first side against the taxonomy, the others being its controls; `of` says what was measured."""
    measured = [_rank_correlation(kin, sides, of), *_order(kin, sides, generator, settings=settings, of=of)]
    measured += _fit(kin, sides, of)
    tables = [distance_table(kin, sides, of), _mantel_table(kin, sides[:1], generator, settings=settings, of=of)]
    if len(kin.clades.taxa):
        found = {side.name: find_clades(side.tree, kin.clades.members) for side in sides}
        shuffled = shuffle_labels(sides[0].tree, kin.clades, generator, shuffles=settings.shuffles)
        measured += _recovery(kin, found, shuffled, of)
        tables += [_recovery_table(kin, found, shuffled, of), _clade_table(kin, found, shuffled, of)]
    return Conformity(measured=measured, tables=tables)


def _rank_correlation(kin: Kin, sides: Sequence[Side], of: str) -> Measured:
    ranks = pair_ranks([kin.steps, *[side.distances for side in sides]])
    along = kin.redraws.correlations(ranks)[:, 0, 1:]  # (1 + B, sides)
    return Measured(
        claim="distances in the space rise with distances on the tree",
        measure="Spearman's correlation over pairs of species",
        of=of,
        own=along[:, 0],
        controls={side.name: along[:, 1 + place] for place, side in enumerate(sides[1:])},
        chance=0.0,
        chance_is="no relation",
    )


def _order(
    kin: Kin, sides: Sequence[Side], generator: np.random.Generator, *, settings: TreeSettings, of: str
) -> list[Measured]:
    anchors = np.sort(generator.permutation(len(kin))[: settings.anchors])
    orders = [anchor_order(side.distances, kin.steps, anchors) for side in sides]
    is_known = np.isfinite(np.stack([order.taus for order in orders]).sum(axis=0))
    if not is_known.any():
        return []
    ceiling = float(tau_ceilings(kin.steps, anchors)[is_known].mean())
    sampled = "" if len(anchors) == len(kin) else f"; of {len(anchors):,} of {len(kin):,} species, drawn at random"
    means = [kin.redraws.moved(*order.influences(anchors, is_known)) for order in orders]
    return [
        Measured(
            claim="seen from a species, nearer kin are nearer in the space",
            measure="Kendall's tau-b, mean over species",
            of=of,
            own=means[0],
            controls=_controls(sides, means),
            chance=0.0,
            chance_is="no order",
            note=f"at most {ceiling:.3f}, as many kin are equally near" + sampled,
        )
    ]


def _fit(kin: Kin, sides: Sequence[Side], of: str) -> list[Measured]:
    steps = condensed(kin.steps)
    found = [kin.redraws.correlations([condensed(side.distances), cophenetic(side.tree), steps]) for side in sides]
    own, taxonomic = [one[:, 0, 1] for one in found], [one[:, 1, 2] for one in found]
    return [
        Measured(
            claim="the space itself is shaped as a tree",
            measure="cophenetic correlation of the average-linkage tree with the distances",
            of=of,
            own=own[0],
            controls=_controls(sides, own),
            note="any distances give some tree, and a high number: it is read against the controls",
        ),
        Measured(
            claim="the tree built from the space is the tree of life's",
            measure="cophenetic correlation of the average-linkage tree with rank steps",
            of=of,
            own=taxonomic[0],
            controls=_controls(sides, taxonomic),
            chance=0.0,
            chance_is="no relation",
        ),
    ]


def _recovery(kin: Kin, found: Mapping[str, Found], shuffled: Shuffled, of: str) -> list[Measured]:
    own, *others = found
    whole = {name: _over_clades(kin, one.is_found) for name, one in found.items()}
    near = {name: _over_clades(kin, one.best) for name, one in found.items()}
    chance = float(shuffled.found.mean())
    more = (shuffled.found.mean(axis=1) >= whole[own][0] - 1e-12).sum()
    return [
        Measured(
            claim="the tree built from the space has the taxonomy's clades",
            measure="share of clades that are a node",
            of=of,
            own=whole[own],
            controls={name: whole[name] for name in others},
            chance=chance,
            chance_is="labels permuted",
            p_value=float((1 + more) / (1 + len(shuffled.found))),
            units=kin.redraws.bringing(kin.clades.members.any(axis=1)),
        ),
        Measured(
            claim="the tree built from the space has nodes like the taxonomy's clades",
            measure="Jaccard's index with the most like node, mean over clades",
            of=of,
            own=near[own],
            controls={name: near[name] for name in others},
            chance=float(shuffled.best.mean()),
            chance_is="labels permuted",
            p_value=shuffled.p_value(float(near[own][0])),
            units=kin.redraws.bringing(kin.clades.members.any(axis=1)),
        ),
    ]


def _over_clades(kin: Kin, values: npt.NDArray[np.generic]) -> Floats:
    """The mean of K values over clades, a clade being its species' in equal parts: (1 + B,)."""
    parts = kin.clades.members / kin.clades.sizes  # (S, K)
    return kin.redraws.ratios(parts @ np.asarray(values, dtype=np.float64), parts.sum(axis=1))


def distance_table(kin: Kin, sides: Sequence[Side], of: str) -> Table:
    """Distances by the rank of the common ancestor, a line a side and rank."""
    rows: list[Sequence[Cell]] = []
    for side in sides:
        layers = strata(side.distances, kin.depths)
        whole = float(condensed(side.distances).mean())
        values, met = condensed(side.distances), condensed(kin.depths)
        for layer in layers:
            is_here = (met == layer.depth).astype(np.float64)
            sums = kin.redraws.pair_sums(np.stack([values * is_here, is_here]))
            means = np.divide(sums[:, 0], sums[:, 1], out=np.full(len(sums), np.nan), where=sums[:, 1] > 0)
            mean, ends = told(interval(means))
            low, middle, high = np.quantile(layer.distances, [0.25, 0.5, 0.75])
            rows.append(
                (
                    side.name, rank_name(layer.depth), layer.pairs, mean, ends, _short(means[0] / whole),
                    *(round(float(number), 4) for number in (low, middle, high)), _short(layer.closer),
                    _short(layer.overlap),
                )
            )  # fmt: skip
    return Table(
        name=f"tree_distance_by_rank_{file_name(of)}",
        caption=f"Distances between species by the rank of their common ancestor ({of}). Closer: the chance that such "
        "a pair is nearer than one that meets at the line above; overlap: 1 where that is even, 0 where the two "
        "are apart.",
        columns=(
            "side", "common ancestor", "pairs", "mean", "95 %", "of the mean of all", "lower quartile", "median",
            "upper quartile", "closer", "overlap",
        ),
        rows=rows,
    )  # fmt: skip


def _mantel_table(
    kin: Kin, sides: Sequence[Side], generator: np.random.Generator, *, settings: TreeSettings, of: str
) -> Table:
    chosen = np.sort(generator.permutation(len(kin))[: settings.permuted])
    at = np.ix_(chosen, chosen)
    rows: list[Sequence[Cell]] = []
    for side in sides:
        test = mantel(side.distances[at], kin.steps[at], generator, permutations=settings.permutations)
        rows.append((side.name, len(chosen), _short(test.correlation), _short(test.p_value), test.permutations))
    return Table(
        name=f"tree_mantel_{file_name(of)}",
        caption=f"Mantel's test of distances with rank steps ({of}): descriptive. Its p-value takes species for "
        "exchangeable; kin are not, so that it is too small wherever anything else follows the tree.",
        columns=("side", "species", "Spearman's correlation", "p", "permutations"),
        rows=rows,
    )


def _recovery_table(kin: Kin, found: Mapping[str, Found], shuffled: Shuffled, of: str) -> Table:
    ranks = np.array(kin.clades.ranks)
    rows: list[Sequence[Cell]] = []
    for rank in RANKS:
        is_here = ranks == rank
        if is_here.any():
            told_of = [(_mean(one.is_found[is_here]), _mean(one.best[is_here])) for one in found.values()]
            chance = (_mean(shuffled.found[:, is_here]), _mean(shuffled.best[:, is_here]))
            rows.append((rank.label, int(is_here.sum()), *(cell for pair in (*told_of, chance) for cell in pair)))
    splits = [robinson_foulds(kin.clades, one) for one in found.values()]
    rows += [
        ("splits of the taxonomy missed", splits[0].reference, *_spread([one.missed for one in splits])),
        ("Robinson-Foulds, normalised", splits[0].reference, *_spread([one.normalised for one in splits])),
        ("the least that it can be", splits[0].reference, *_spread([one.least for one in splits])),
    ]
    names = [*found, "labels permuted"]
    return Table(
        name=f"tree_clades_by_rank_{file_name(of)}",
        caption=f"The taxonomy's clades in the average-linkage tree of species' means ({of}): the share that is a "
        "node, and Jaccard's index with the most like node. A clade of all species or of one is not counted. "
        "Robinson-Foulds is between unrooted trees: what the taxonomy leaves open, the built tree resolves, so that it "
        "cannot be nought.",
        columns=("rank", "clades", *(f"{name}: {what}" for name in names for what in ("a node", "most like"))),
        rows=rows,
    )


def _clade_table(kin: Kin, found: Mapping[str, Found], shuffled: Shuffled, of: str) -> Table:
    order = np.argsort(-kin.clades.sizes, kind="stable")[:MOST_CLADES].tolist()
    rows: list[Sequence[Cell]] = [
        (
            kin.clades.taxa[place].scientific_name,
            kin.clades.ranks[place].label,
            int(kin.clades.sizes[place]),
            *(round(float(one.best[place]), 4) for one in found.values()),
            round(float(shuffled.best[:, place].mean()), 4),
            round(float((1 + (shuffled.best[:, place] >= _first(found).best[place] - 1e-12).sum())
                        / (1 + len(shuffled.best))), 4),
        )
        for place in order
    ]  # fmt: skip
    return Table(
        name=f"tree_clades_{file_name(of)}",
        caption=f"Each clade ({of}), the largest {MOST_CLADES} at most: Jaccard's index with the node most like it, 1 "
        "where the node is the clade, and how often permuted labels come to as much, one clade at a time.",
        columns=("clade", "rank", "species", *found, "labels permuted", "p"),
        rows=rows,
    )


def rank_name(depth: int) -> str:
    """The rank at a depth, as `common_depths` counts: 0 is the root."""
    return RANKS[depth - 1].label if depth else "none (root)"


def _controls(sides: Sequence[Side], values: Sequence[Floats]) -> dict[str, Floats]:
    return {side.name: value for side, value in zip(sides[1:], values[1:], strict=True)}


def _first(found: Mapping[str, Found]) -> Found:
    return next(iter(found.values()))


def _mean(values: npt.NDArray[np.bool_] | Floats) -> float:
    return round(float(np.mean(values)), 4)


def _spread(values: Sequence[float]) -> list[Cell]:
    """Numbers of sides in the columns of "a node"."""
    return [cell for value in (*values, float("nan")) for cell in (_short(value), None)]


def _short(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 4)
