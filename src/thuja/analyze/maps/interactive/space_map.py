"""The interactive map of a space: projected, named by species, with its lineages and columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.analyze.maps.colouring import names_at, telling_rank
from thuja.analyze.maps.interactive.pictures import Picture
from thuja.analyze.maps.interactive.writing import InteractiveSettings, WrittenMap, write_points
from thuja.analyze.maps.projections import Method, Projection
from thuja.analyze.space import Column, Space
from thuja.errors import ThujaError
from thuja.taxonomy import RANKS

_NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceMapSettings:
    """How a space becomes an interactive map: the projection, the rows that it is fitted on, and the page's own.

    Rows beyond `fitted`, drawn at random, are projected onto the map of these. `picture` is a column of file paths or
    http(s) addresses, which are not shown as words.
    """

    method: Method = Method.PCA
    neighbours: int = 30
    fitted: int = 5000
    picture: str | None = None
    page: InteractiveSettings = field(default_factory=InteractiveSettings)


def write_map(
    space: Space,
    path: Path,
    *,
    settings: SpaceMapSettings = SpaceMapSettings(),
    generator: np.random.Generator,
    points: npt.ArrayLike | None = None,
    places: Sequence[str] | None = None,
) -> WrittenMap:
    """Write the map of a space to one HTML file: at points (N, 2) that are at hand, or projected by the settings.

    `places` (N,) say where the pictures are, as `read_place` takes them, "" for none, instead of a column of them.

    The columns are the space's own and each rank that has a name; a point is named by its taxon unless the settings
    name a column. PCA is fitted on all rows whatever `fitted` says, as it is exact. Raises as `write_points` does, and
    ThujaError for LDA of images of no known species.
    """
    columns: dict[str, Column] = {_free(_NAME, space): [taxon.scientific_name or None for taxon in space.taxa]}
    for rank in RANKS:
        names = names_at(space, rank)
        if any(name is not None for name in names) and rank.label not in space.columns:
            columns[rank.label] = names
    columns |= {name: column for name, column in space.columns.items() if name != settings.picture}
    page = settings.page
    if page.name is None:
        page = replace(page, name=_free(_NAME, space))
    telling = telling_rank(space)
    if page.colour_by is None and telling is not None and telling.label in columns:
        page = replace(page, colour_by=telling.label)
    if points is None:
        points, about = project_space(space, settings=settings, generator=generator)
        page = page if page.about else replace(page, about=about)
    named = places if settings.picture is None else space.column(settings.picture)
    pictures = None if named is None else [_picture(value) for value in named]
    return write_points(path, points, columns, pictures=pictures, settings=page, generator=generator)


def project_space(
    space: Space, *, settings: SpaceMapSettings, generator: np.random.Generator
) -> tuple[npt.NDArray[np.float64], str]:
    """The points (N, 2) of all images and a sentence on how they were made."""
    rows = np.arange(len(space))
    if settings.method is Method.LDA:
        rows = rows[space.species >= 0]
        if not len(rows):
            raise ThujaError("LDA parts species, and no image is of a known one")
    if settings.method is not Method.PCA:
        rows = np.sort(generator.permutation(rows)[: settings.fitted])
    projection = Projection(settings.method, neighbours=settings.neighbours)
    projection.fit(space.vectors[rows], labels=space.species[rows], generator=generator)
    points = np.empty((len(space), 2))
    others = np.setdiff1d(np.arange(len(space)), rows)
    points[rows] = projection.points_
    points[others] = projection.project(space.vectors[others])
    shares = " and ".join(f"{100 * share:.3g} %" for share in projection.shares_)
    said = f"{len(space):,} images by {settings.method.spelling}"
    if len(others):
        said += f", fitted on {len(rows):,} of them"
    if shares and settings.method is Method.PCA:
        said += f"; the axes hold {shares} of the variance"
    return points, ". ".join([said, *projection.notes_]) + "."


def _free(name: str, space: Space) -> str:
    """A name that no column has."""
    while name in space.columns:
        name = f"{name} of taxon"
    return name


def _picture(value: object) -> Picture:
    if not isinstance(value, str) or not value:
        return None
    return value if "://" in value else Path(value)
