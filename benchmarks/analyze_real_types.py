"""The confounder of analyze_real.py, where a picture comes from: how much of the vectors it is, what is left without.

There are no pictures to these vectors, so that neither pixels nor an untrained tower can be held against them: the
type of picture (museum or field, and finer) is the only control that can be had.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze import Finding, Section, Space, Table, verdict_of
from thuja.analyze.tree import TreeSettings, partial_correlation
from thuja.analyze.tree.kin import Kin, Side
from thuja.analyze.tree.order import pair_ranks
from thuja.metrics.ratios import Ratio, interval, redrawn
from thuja.report import Cell
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

MUSEUM = "museum"
FIELD = "field"
_FEWEST = 5
"""Images that a cell of kingdom and type must have, to have a mean of its own."""


def kind_of(img_type: str | None) -> str | None:
    """Museum or field, of the catalog's finer word; camera traps are field."""
    if not img_type:
        return None
    return MUSEUM if img_type.startswith("Museum") else FIELD


def numbers_of(values: Sequence[object]) -> Indices:
    """Numbers (N,) of equal values, in the order of their coming."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def families(taxa: Sequence[Taxon]) -> Indices:
    """The family of each image, which intervals redraw; who has none goes with what is above."""
    return numbers_of([taxon.at(Rank.FAMILY) for taxon in taxa])


def without_types(space: Space) -> Floats:
    """The vectors less what sets an image type apart from the other images of its kingdom, at length one.

    Within a kingdom every type's mean is moved to the kingdom's. What a type is made of (pinned specimens are insects)
    goes with it, so that this takes away some of the tree as well.
    """
    wide = np.asarray(space.vectors, dtype=np.float64)
    out = wide.copy()
    kingdoms = numbers_of([taxon.kingdom for taxon in space.taxa])
    types = [str(value) for value in space.column("img_type")]
    for kingdom in np.unique(kingdoms):
        rows = np.flatnonzero(kingdoms == kingdom)
        middle = wide[rows].mean(axis=0)
        counts = {name: sum(types[row] == name for row in rows) for name in set(types)}
        cells = numbers_of([types[row] if counts[types[row]] >= _FEWEST else kind_of(types[row]) for row in rows])
        for cell in np.unique(cells):
            own = rows[cells == cell]
            out[own] += middle - wide[own].mean(axis=0)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def type_section(space: Space, generator: np.random.Generator) -> Section:
    """How much of the vectors is where a picture comes from, and how much agreement is left beyond it."""
    kinds = numbers_of(space.column("kind"))
    nearest = _nearest(np.asarray(space.vectors, dtype=np.float64))
    findings = [_same_kind(space, kinds, nearest, generator)]
    findings += [_of_rank(space, kinds, nearest, rank, generator) for rank in RANKS]
    findings += [_given_kind(space, generator)]
    return Section(
        title="Where a picture comes from",
        about="Museum specimens and photos of the field differ in background, light and pose, and their taxa differ "
        "too. Agreement of neighbours beyond it is what an image's nearest other image shares less what a random "
        "image of that neighbour's type would share. Intervals redraw families. A claim HOLDS where the whole 95 % "
        "interval of the excess is above zero.",
        findings=findings,
        tables=[_share_table(space, generator), _counts(space)],
        notes=[
            "There are no pictures to these vectors: no pixels, no untrained tower and no ImageNet features can be "
            "held against them. What any network would find in such pictures is not known here.",
        ],
    )


def _nearest(vectors: Floats) -> Indices:
    products = vectors @ vectors.T
    np.fill_diagonal(products, -np.inf)
    return products.argmax(axis=1)


def _same_kind(space: Space, kinds: Indices, nearest: Indices, generator: np.random.Generator) -> Finding:
    sizes = np.bincount(kinds)
    chance = (sizes[kinds] - 1) / (len(kinds) - 1)
    return _excess(
        claim="the nearest other image is of the same type, museum or field",
        measure="share of images whose nearest neighbour agrees",
        of="museum or field",
        hits=(kinds[nearest] == kinds).astype(np.float64),
        chance=chance,
        control="a random other image",
        rows=_Rows(families=families(space.taxa), chosen=np.ones(len(kinds), dtype=bool)),
        generator=generator,
    )


def _of_rank(space: Space, kinds: Indices, nearest: Indices, rank: Rank, generator: np.random.Generator) -> Finding:
    """Agreement at a rank among images that have a partner, against a random image of the neighbour's type."""
    names = [taxon.at(rank) if taxon[rank] else None for taxon in space.taxa]
    codes = numbers_of(names)
    has_name = np.array([name is not None for name in names])
    counts = np.zeros((codes.max() + 1, kinds.max() + 1))
    np.add.at(counts, (codes[has_name], kinds[has_name]), 1)
    whole = np.bincount(kinds)
    met = kinds[nearest]
    itself = (met == kinds).astype(np.float64)
    chance = (counts[codes, met] - itself) / np.maximum(whole[met] - itself, 1)
    has_partner = has_name & (counts.sum(axis=1)[codes] > 1)
    return _excess(
        claim=f"the nearest other image is of the same {rank.label}, beyond its type",
        measure="share of images whose nearest neighbour agrees, of those that have a partner",
        of=f"{rank.label}, {int(has_partner.sum())} of {int(has_name.sum())} images",
        hits=(codes[nearest] == codes).astype(np.float64),
        chance=chance,
        control="a random image of the neighbour's type",
        rows=_Rows(families=families(space.taxa), chosen=has_partner),
        generator=generator,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The family of each image, and which images are asked."""

    families: Indices
    chosen: npt.NDArray[np.bool_]


def _excess(
    *,
    claim: str,
    measure: str,
    of: str,
    hits: Floats,
    chance: Floats,
    control: str,
    rows: _Rows,
    generator: np.random.Generator,
) -> Finding:
    ratios = [Ratio.of_rows(values, rows.families, rows.chosen) for values in (hits, chance)]
    found = redrawn(ratios, generator)
    effect = interval(found[:, 0] - found[:, 1])
    return Finding(
        claim=claim,
        measure=measure,
        of=of,
        value=interval(found[:, 0]),
        control=control,
        against=interval(found[:, 1]),
        effect=effect,
        verdict=verdict_of(effect),
    )


def _given_kind(space: Space, generator: np.random.Generator) -> Finding:
    """Spearman's correlation of distance with rank steps, and the same given whether two species differ in type."""
    settings = TreeSettings()
    kin = Kin.of(space, generator, settings)
    side = Side.of_images("model", space.vectors, kin=kin, metric=settings.metric)
    is_museum = np.array([value == MUSEUM for value in space.column("kind")], dtype=np.float64)
    rows = kin.species >= 0
    share = np.bincount(kin.species[rows], weights=is_museum[rows]) / np.bincount(kin.species[rows])
    apart = np.abs(share[:, None] - share[None, :])
    along = kin.redraws.correlations(pair_ranks([side.distances, kin.steps, apart]))
    plain, given = along[:, 0, 1], partial_correlation(along, (0, 1), given=2)
    effect = interval(given)
    return Finding(
        claim="distances rise with distances on the tree, beyond museum and field",
        measure="Spearman's partial correlation over pairs of species",
        of=f"{len(kin)} species",
        value=effect,
        control="without partialling out",
        against=interval(plain),
        effect=effect,
        verdict=verdict_of(effect),
        note="the effect is the partial correlation itself, against none",
    )


def _share_table(space: Space, generator: np.random.Generator) -> Table:
    """How much nearer an image is to the others of its group than to all others, as a share of squared distance."""
    wide = np.asarray(space.vectors, dtype=np.float64)
    whole = ((wide - wide.mean(axis=0)) ** 2).sum(axis=1) * (len(wide) / (len(wide) - 1)) ** 2
    groups: dict[str, list[object]] = {
        "museum or field": list(space.column("kind")),
        "image type": list(space.column("img_type")),
        "publisher": list(space.column("publisher")),
        **{rank.label: [taxon.at(rank) if taxon[rank] else None for taxon in space.taxa] for rank in RANKS},
    }
    cells: list[Sequence[Cell]] = []
    for name, values in groups.items():
        numbers = numbers_of(values)
        sizes = np.bincount(numbers)
        chosen = np.array([value is not None for value in values]) & (sizes[numbers] > 1)
        sums = np.zeros((len(sizes), wide.shape[1]))
        np.add.at(sums, numbers, wide)
        others = (sums[numbers] - wide) / np.maximum(sizes[numbers] - 1, 1)[:, None]
        left = ((wide - others) ** 2).sum(axis=1)
        own = families(space.taxa)
        ratio = Ratio(tops=Ratio.of_rows(left, own, chosen).tops, bottoms=Ratio.of_rows(whole, own, chosen).tops)
        found = 1 - redrawn([ratio], generator)[:, 0]
        share = interval(found)
        cells.append(
            (
                name,
                int(chosen.sum()),
                len(np.unique(numbers[chosen])),
                round(share.value, 4),
                f"{share.low:.3f} to {share.high:.3f}",
            )
        )
    return Table(
        name="real_shares",
        caption="How much of an image's squared distance from the mean of all others is gone when the mean of the "
        "others of its group is taken instead: 0 where a group says nothing; below 0 where the mean of so few others "
        "is worse than that of all. Images that are alone in their group are not asked.",
        columns=("group", "images", "groups", "share", "95 %"),
        rows=cells,
    )


def _counts(space: Space) -> Table:
    kinds = list(space.column("kind"))
    kingdoms = [taxon.kingdom for taxon in space.taxa]
    names = sorted(set(kingdoms), key=lambda name: -kingdoms.count(name))
    pairs = list(zip(kingdoms, kinds, strict=True))
    return Table(
        name="real_counts",
        caption="Images by kingdom and type.",
        columns=("kingdom", MUSEUM, FIELD, "species"),
        rows=[
            (
                name,
                pairs.count((name, MUSEUM)),
                pairs.count((name, FIELD)),
                len({taxon for taxon in space.taxa if taxon.kingdom == name and taxon.binomial}),
            )
            for name in names
        ],
    )
