"""The maps of a report: a space by several projections, each with how far its neighbours may be believed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Figure, Finding, Section, Table, Verdict, verdict_of
from thuja.analyze.maps.colouring import telling_rank, values_of
from thuja.analyze.maps.figures import map_figure
from thuja.analyze.maps.projections import Method, Projection
from thuja.analyze.maps.species_figure import species_axes_figure
from thuja.analyze.maps.trust import FEWEST, trust_of_points
from thuja.analyze.space import Space
from thuja.errors import ThujaError
from thuja.metrics.bootstrap import Interval, mean_over_clusters
from thuja.record import Value
from thuja.report import Cell
from thuja.structure.specimens import FACTORS, UNKNOWN

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_CLAIM: Final = "a map keeps neighbours"
_ABOUT: Final = (
    "The space on two axes, by several projections. A map shows what it was made to show: PCA the most variance, LDA "
    "what parts species most (of images that it was not fitted on), t-SNE and UMAP who is near whom, not how far apart "
    "groups lie. Trustworthiness (Venna and Kaski 2001) says how far a point's neighbours on the map are those "
    "in the space: 1 where all are, about one half for a map of chance. The claim holds where the map is above the "
    "same map with its points dealt out at random by a 95 % interval over species, images paired; it claims no biology."
)
_VARIED: Final = 6
"""Species in the figure of variants: more lines are not told apart."""
_EACH: Final = 3
"""Images that a variant's mean is of at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSettings:
    """Which maps are drawn, and of how many images.

    `rows` at most are mapped, drawn at random; `trusted` of them at most are asked for their `nearest` neighbours.
    `colour_by` is a column or a rank (default: the lowest rank that a palette tells apart), `variants` the column of
    the figure of species and variants (default: life stage or sex, if there is one).
    """

    methods: Sequence[Method | str] = (Method.PCA, Method.LDA, Method.TSNE)
    colour_by: str | None = None
    variants: str | None = None
    rows: int = 3000
    neighbours: int = 30
    trusted: int = 1500
    nearest: int = 10

    def __post_init__(self) -> None:
        if self.rows < 1 or self.trusted < 1 or self.nearest < 1:
            raise ThujaError(f"a map wants rows and neighbours, got {self.rows}, {self.trusted} and {self.nearest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """One map: the rows of the space that it shows and their points (R, 2)."""

    method: Method
    rows: Indices
    points: Floats
    shares: tuple[float, ...]
    notes: tuple[str, ...]


def map_section(space: Space, generator: np.random.Generator, *, settings: MapSettings = MapSettings()) -> Section:
    """The maps that the settings ask for, their trustworthiness against chance, and the species' figure if it can be.

    What cannot be drawn is a note that says why. Raises UnknownName for a column that is not there, ThujaError for UMAP
    without umap-learn.
    """
    title = "Maps"
    rank = telling_rank(space)
    colour_by = settings.colour_by or (rank.label if rank is not None else None)
    values = values_of(space, colour_by) if colour_by is not None else [None] * len(space)
    if settings.variants is not None:
        values_of(space, settings.variants)  # said before the work
    if len(space) < 2:
        return Section(title=title, about=_ABOUT, reason="one image is no map")
    rows = np.sort(generator.permutation(len(space))[: settings.rows])
    notes = [] if len(rows) == len(space) else [f"maps are of {len(rows):,} images drawn from {len(space):,}"]
    findings: list[Finding] = []
    figures: list[Figure] = []
    lines: list[Sequence[Cell]] = []
    for method in map(Method.parse, settings.methods):
        drawn, reason = _draw(space, rows, method, settings=settings, generator=generator)
        if drawn is None:
            notes.append(f"no {method.spelling}: {reason}")
            continue
        finding = _trust(space, drawn, settings=settings, generator=generator)
        findings.extend([finding] if finding else [])
        lines.append(_line(drawn, finding))
        figures.append(_figure(drawn, [values[row] for row in drawn.rows], finding, label=colour_by or ""))
        notes.extend(f"{method.spelling}: {note}" for note in drawn.notes)
    varied, why = _variants_figure(space, settings.variants)
    if varied is not None:
        figures.append(varied)
    elif why:
        notes.append(why)
    table = Table(
        name="maps",
        caption="Shares of variance on the axes, and trustworthiness with its 95 % interval.",
        columns=("map", "images", "axis 1", "axis 2", "trustworthiness", "low", "high", "by chance"),
        rows=lines,
    )
    return Section(title=title, about=_ABOUT, findings=findings, tables=[table], figures=figures, notes=notes)


def _draw(
    space: Space, rows: Indices, method: Method, *, settings: MapSettings, generator: np.random.Generator
) -> tuple[_Drawn | None, str]:
    """A map of the rows, or why there is none. LDA is fitted on half of the observations and shows the other half."""
    projection = Projection(method, neighbours=settings.neighbours)
    if method is not Method.LDA:
        projection.fit(space.vectors[rows], generator=generator)
        points = projection.points_
        return _Drawn(method=method, rows=rows, points=points, shares=projection.shares_, notes=projection.notes_), ""
    named = rows[space.species[rows] >= 0]
    units = space.groups[named] if space.groups is not None else named
    _, unit = np.unique(units, return_inverse=True)
    is_fitted = (generator.permutation(unit.max(initial=-1) + 1) % 2 == 0)[unit]
    fitted, shown = named[is_fitted], named[~is_fitted]
    if not len(fitted) or not len(shown):
        return None, "it wants images of a known species in two halves"
    try:
        projection.fit(space.vectors[fitted], labels=space.species[fitted], generator=generator)
    except ThujaError as error:
        return None, error.message
    points = projection.project(space.vectors[shown])
    note = f"fitted on {len(fitted):,} images, drawn are {len(shown):,} others"
    return _Drawn(method=method, rows=shown, points=points, shares=projection.shares_, notes=(note,)), ""


def _trust(space: Space, drawn: _Drawn, *, settings: MapSettings, generator: np.random.Generator) -> Finding | None:
    """Trustworthiness against the same points dealt out at random; None for too few, or all in one place."""
    some = generator.permutation(len(drawn.rows))[: settings.trusted]
    if len(some) < FEWEST or not np.ptp(drawn.points, axis=0).any():
        return None
    nearest = min(settings.nearest, (len(some) - 1) // 2)
    vectors, points = space.vectors[drawn.rows[some]], drawn.points[some]
    species = space.species[drawn.rows[some]]
    # An image of no known species is a cluster of its own.
    clusters = np.where(species >= 0, species, len(space) + np.arange(len(some)))
    trust = trust_of_points(vectors, points, neighbours=nearest)
    chance = trust_of_points(vectors, points[generator.permutation(len(some))], neighbours=nearest)
    value, against, effect = (mean_over_clusters(one, clusters, generator) for one in (trust, chance, trust - chance))
    is_sure = len(np.unique(clusters)) > 1
    return Finding(
        claim=_CLAIM,
        measure=f"trustworthiness of the {nearest} nearest",
        of=f"{drawn.method.spelling}, {len(some):,} images",
        value=value,
        control="the same points dealt out at random",
        against=against,
        effect=effect,
        verdict=verdict_of(effect) if is_sure else Verdict.DESCRIPTIVE,
        note="" if is_sure else "all images are of one species: there is no interval",
    )


def _line(drawn: _Drawn, finding: Finding | None) -> Sequence[Cell]:
    shares: list[Cell] = [*drawn.shares[:2], None, None]
    trust: Interval | None = finding.value if finding else None
    against = finding.against if finding else None
    return [
        drawn.method.spelling, len(drawn.rows), *shares[:2],
        *((trust.value, trust.low, trust.high) if trust else (None, None, None)), against.value if against else None,
    ]  # fmt: skip


def _figure(drawn: _Drawn, values: Sequence[Value | None], finding: Finding | None, *, label: str) -> Figure:
    name = drawn.method.spelling
    what = "between species" if drawn.method is Method.LDA else "of the variance"
    axes = [
        f"{name} {axis + 1}" + (f" ({100 * drawn.shares[axis]:.3g} % {what})" if axis < len(drawn.shares) else "")
        for axis in range(2)
    ]
    trust = ""
    if finding is not None and finding.against is not None:
        trust = f" Trustworthiness {finding.value.value:.2f} (by chance {finding.against.value:.2f})."
    caption = f"{len(drawn.rows):,} images by {name}{f', coloured by {label}' if label else ''}.{trust}"
    return map_figure(
        drawn.points, values, name=f"map-{drawn.method.value}", caption=caption, axes=(axes[0], axes[1]), label=label
    )


def _variants_figure(space: Space, column: str | None) -> tuple[Figure | None, str]:
    """The species' figure of the first factor that can be drawn, of the species with most images of two variants."""
    reasons = []
    for name in [column] if column is not None else [one for one in FACTORS if one in space.columns]:
        values = values_of(space, name)
        variants = [None if value is None or str(value).strip().lower() in UNKNOWN else str(value) for value in values]
        chosen = _varied(space, variants)
        rows = np.flatnonzero(np.isin(space.species, chosen))
        try:
            figure = species_axes_figure(
                space.vectors[rows],
                [space.taxa[int(row)].binomial for row in rows],
                [variants[int(row)] for row in rows],
                name=f"species-axes-{name}",
            )
        except ThujaError as error:
            reasons.append(f"no figure of species and {name}: {error.message}")
            continue
        return figure, ""
    return None, "; ".join(reasons)


def _varied(space: Space, variants: list[str | None]) -> list[int]:
    """The species with most images, of those with two variants of some images each."""
    counts = Counter(zip(space.species.tolist(), variants, strict=True))
    of_species: dict[int, list[int]] = {}
    for (one, variant), count in counts.items():
        if one >= 0 and variant is not None and count >= _EACH:
            of_species.setdefault(one, []).append(count)
    sizes = {one: sum(its) for one, its in of_species.items() if len(its) >= 2}
    return sorted(sizes, key=lambda one: (-sizes[one], one))[:_VARIED]
