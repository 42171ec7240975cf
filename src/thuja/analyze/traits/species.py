"""A trait by species: values of images reduced to one a species, what is unknown left out and counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.space import Space
from thuja.analyze.traits.settings import Kind
from thuja.analyze.tree.distances import means_by_species
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.record import Value
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesTrait:
    """A trait of S species: the number of each in its space (S,), its taxon, and its value (S,).

    Of numbers `values` are the means over a species' images, and `names` is empty; of categories they are the places
    in `names` of what most of its images say. `notes` count what was left out.
    """

    species: Indices
    taxa: Sequence[Taxon]
    values: Floats
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_category(self) -> bool:
        """Whether the values are places in `names`."""
        return bool(self.names)

    @property
    def labels(self) -> Indices:
        """The categories as whole numbers (S,)."""
        return self.values.astype(np.int64)

    def among(self, chosen: npt.ArrayLike, *notes: str) -> "SpeciesTrait":
        """The trait of some of the species, categories that are left numbered anew."""
        rows = np.arange(len(self.taxa))[np.asarray(chosen)]
        values, names = self.values[rows], self.names
        if names:
            kept, values = np.unique(values, return_inverse=True)
            names = tuple(names[int(place)] for place in kept)
        return SpeciesTrait(
            species=self.species[rows],
            taxa=[self.taxa[row] for row in rows],
            values=values.astype(np.float64),
            names=names,
            notes=(*self.notes, *notes),
        )


def species_trait(space: Space, trait: str, *, kind: Kind = Kind.AUTO) -> SpeciesTrait:
    """The trait of every species that it is known of; there may be none.

    None, NaN, infinity and the empty word are unknown. Raises UnknownName for a column that is not there, ThujaError
    for numbers asked of words.
    """
    column = [_known(value) for value in space.column(trait)]
    has_value = np.array([value is not None for value in column], dtype=bool)
    is_named = space.species >= 0
    rows = np.flatnonzero(has_value & is_named)
    kept = [value for row in rows if (value := column[row]) is not None]
    species, place = np.unique(space.species[rows], return_inverse=True)
    notes = []
    if not is_named.all():
        notes.append(f"{int((~is_named).sum()):,} of {len(space):,} images are named to no species and are left out.")
    if not has_value.all():
        whole = len(np.unique(space.species[is_named]))
        notes.append(
            f"{trait} is unknown of {int((~has_value).sum()):,} of {len(space):,} images, and of "
            f"{whole - len(species):,} of {whole:,} species."
        )
    taxa = [space.taxa[row] for row in _first_rows(space.species, species)]
    if _is_category(kept, kind, trait):
        found = _majorities(
            [str(value) for value in kept],
            place,
            SpeciesTrait(species=species, taxa=taxa, values=np.zeros(len(species)), notes=tuple(notes)),
        )
    else:
        numbers = np.array(kept, dtype=np.float64)
        means = np.bincount(place, weights=numbers) / np.bincount(place) if len(kept) else np.zeros(0)
        found = SpeciesTrait(species=species, taxa=taxa, values=means, notes=tuple(notes))
    return found


def species_means(vectors: Vectors, species: Indices, chosen: Indices, *, is_unit: bool) -> Floats:
    """The mean vectors (S, D) of the `chosen` species (S,) over images (N, D) of `species` (N,), block by block.

    Images are set to length one first, if `is_unit`. Raises ThujaError for a species without an image.
    """
    place = np.full(max(int(species.max(initial=-1)), int(chosen.max(initial=-1))) + 2, -1, dtype=np.int64)
    place[chosen] = np.arange(len(chosen))
    numbers = place[species]  # an unnamed image is species -1, the last place, which is never chosen
    bare = len(chosen) - len(np.unique(numbers[numbers >= 0]))
    if bare:
        raise ThujaError(f"{bare} of {len(chosen)} species have no image")
    return means_by_species(vectors, numbers, is_unit=is_unit)[0]


def _known(value: Value | None) -> Value | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _is_category(values: Sequence[Value], kind: Kind, trait: str) -> bool:
    is_number = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    if kind is Kind.NUMBER and not is_number:
        word = next(value for value in values if isinstance(value, (str, bool)))
        raise ThujaError(f'{trait} has values that are no numbers: "{word}"', hint="treat it as categories")
    if kind is Kind.AUTO:
        return not is_number or 0 < len(set(values)) <= 2
    return kind is Kind.CATEGORY


def _majorities(words: Sequence[str], place: Indices, species: SpeciesTrait) -> SpeciesTrait:
    """What most images of each species say; a species whose images are of two minds is left out."""
    if not words:
        return species
    names, numbers = np.unique(words, return_inverse=True)
    counts = np.zeros((len(species.taxa), len(names)), dtype=np.int64)
    np.add.at(counts, (place, numbers), 1)
    is_clear = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) == 1
    whole = SpeciesTrait(
        species=species.species,
        taxa=species.taxa,
        values=counts.argmax(axis=1).astype(np.float64),
        names=tuple(str(name) for name in names),
        notes=species.notes,
    )
    tied = int((~is_clear).sum())
    return whole.among(is_clear, *([f"{tied:,} species have no one value that most images say."] if tied else []))


def _first_rows(species: Indices, chosen: Indices) -> Indices:
    names, first = np.unique(species, return_index=True)
    return np.asarray(first[np.searchsorted(names, chosen)])
