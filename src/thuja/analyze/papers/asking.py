"""What each paper's figure asks of its space: the sections of its page."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.analyze.directions import DirectionSettings, direction_section
from thuja.analyze.finding import Figure, Section
from thuja.analyze.maps import Method, Projection, map_figure, species_axes_figure
from thuja.analyze.papers.beaks import beak_section
from thuja.analyze.papers.finches import BEAK
from thuja.analyze.papers.fishnet import FRESH
from thuja.analyze.papers.newt import SEX, STAGE
from thuja.analyze.papers.plantdoc import HEALTH
from thuja.analyze.papers.seeing import Seen
from thuja.analyze.space import Space
from thuja.analyze.traits import TraitSettings, trait_section
from thuja.analyze.tree import tree_section
from thuja.analyze.within import within_section
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.taxonomy import Rank

Flags = npt.NDArray[np.bool_]

_MAPPED = 5000
"""Images on a map: t-SNE's time grows faster than their number."""
_LEVELS = {
    STAGE: ("not adult", "adult"),
    SEX: ("female", "male"),
    HEALTH: ("healthy", "diseased"),
}


def ask_finches(seen: Seen, generator: np.random.Generator) -> list[Section]:
    """Beaks along the first axis, and along a direction that is learnt on other species."""
    settings = DirectionSettings()
    return [
        beak_section(seen.space, generator, settings=settings),
        direction_section(seen.space, BEAK, generator, settings=settings, pictures=_pictures(seen)),
    ]


def ask_fishnet(seen: Seen, generator: np.random.Generator) -> list[Section]:
    """Fresh water on a map, predicted for clades left out and beyond ancestry, and as a direction."""
    settings = DirectionSettings(left_out=Rank.FAMILY, levels=("not freshwater", FRESH))
    values = set(seen.space.column(FRESH))
    if len(values) < 2:  # there are no two levels to name
        settings = DirectionSettings(left_out=Rank.FAMILY)
    return [
        _map_section(seen.space, generator),
        trait_section(seen.space, FRESH, generator, settings=TraitSettings()),
        direction_section(seen.space, FRESH, generator, settings=settings, pictures=_pictures(seen)),
    ]


def ask_newt(seen: Seen, generator: np.random.Generator) -> list[Section]:
    """Age, and sex where it is known, within species and beside their differences."""
    return _ask_within(seen, [one for one in (STAGE, SEX) if one in seen.space.columns], generator)


def ask_plantdoc(seen: Seen, generator: np.random.Generator) -> list[Section]:
    """Health within crops and beside their differences."""
    return _ask_within(seen, [HEALTH], generator)


def ask_inat21(seen: Seen, generator: np.random.Generator) -> list[Section]:
    """The tree of species' means beside the taxonomy."""
    return [tree_section(seen.space, generator)]


def _ask_within(seen: Seen, factors: Sequence[str], generator: np.random.Generator) -> list[Section]:
    sections = [_axes_section(seen.space, factors), within_section(seen.space, factors, generator)]
    for factor in factors:
        known = {value for value in seen.space.column(factor) if value is not None}
        levels = _LEVELS[factor] if known >= set(_LEVELS[factor]) else None
        settings = DirectionSettings(is_within=True, levels=levels)
        if levels is not None or len(known) <= 2:
            sections.append(
                direction_section(seen.space, factor, generator, settings=settings, pictures=_pictures(seen))
            )
    return sections


def _axes_section(space: Space, factors: Sequence[str]) -> Section:
    """The papers' drawing: two axes of species, one outside their span, lines between variants."""
    figures: list[Figure] = []
    notes: list[str] = []
    for factor in factors:
        rows = np.array([value is not None for value in space.column(factor)]) & (space.species >= 0)
        for name, vectors in {"": space.vectors, **space.controls}.items():
            try:
                figures.append(_axes_figure(space, vectors, rows, factor=factor, control=name))
            except ThujaError as error:
                notes.append(f"No drawing of {factor}{f' by {name}' if name else ''}: {error.message}.")
    return Section(
        title="Species and their variants",
        about=(
            "The papers' figure: two principal axes of the species' means, and one axis orthogonal to their span. It "
            "shows; what it shows is measured in the sections below, where a span that knows nothing of species stands "
            "beside each share."
        ),
        figures=figures,
        notes=notes,
        reason="" if figures else "no factor has species enough to draw",
    )


def _axes_figure(space: Space, vectors: Vectors, rows: Flags, *, factor: str, control: str) -> Figure:
    chosen = np.flatnonzero(rows).tolist()
    values = space.column(factor)
    return species_axes_figure(
        np.asarray(vectors)[chosen],
        [space.taxa[row].common or space.taxa[row].scientific_name for row in chosen],
        [str(values[row]) for row in chosen],
        name=f"species_axes_{factor}{f'_{control}' if control else ''}",
        title=f"{factor.replace('_', ' ')}, by {control}" if control else factor.replace("_", " "),
    )


def _map_section(space: Space, generator: np.random.Generator) -> Section:
    """Images by t-SNE, coloured by fresh water, beside the same by each control."""
    drawn = np.sort(generator.permutation(len(space))[:_MAPPED])
    column = space.column(FRESH)
    figures: list[Figure] = []
    notes: list[str] = []
    for name, vectors in {"": space.vectors, **space.controls}.items():
        projection = Projection(Method.TSNE).fit(np.asarray(vectors)[drawn], generator=generator)
        notes += projection.notes_
        figures.append(
            map_figure(
                projection.points_,
                [column[row] for row in drawn],
                name=f"fishnet_tsne{f'_{name}' if name else ''}",
                caption=f"{len(drawn):,} fishes by t-SNE{f' of {name}' if name else ''}, coloured by fresh water",
                label="lives in",
            )
        )
    return Section(
        title="Fresh water on the map",
        about=(
            "BioCLIP 2's page shows FishNet's test set by t-SNE. A map of neighbours shows groups, not how far apart "
            "they are, and kin lie together: a family of one habitat makes a patch of one colour. Whether there is "
            "more than kinship is asked below."
        ),
        figures=figures,
        notes=list(dict.fromkeys(notes)),
    )


def _pictures(seen: Seen) -> list[str]:
    return [str(path) if path.is_file() else "" for path in seen.listed.files]
