"""What is known of each image besides its vector: species, individual, stage, sex; and which images are compared."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.taxonomy import Taxon

Indices = npt.NDArray[np.int64]
Words = npt.NDArray[np.str_]

FACTORS: Final = ("life_stage", "sex")
"""What varies within a species and has a column in every catalog."""
UNKNOWN: Final = frozenset(
    {"", "unknown", "indeterminate", "undetermined", "not determined", "none", "unspecified", "u"}
)
"""How tables say that a level is not known, in lower case."""
LEAST: Final = 4
"""Images a species must have: two in each half of it, so that each half tells a spread."""
_INDIVIDUALS: Final = ("individual_id", "observation_id", "occurrence_id", "sequence_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimens:
    """N images: the number of each one's species, its levels by factor ("" where unknown), and which go together.

    `groups` are numbers too: images of one individual, or of one observation where individuals are not known. They
    never stand on both sides of a fold; None where nothing is known of that.
    """

    species: Indices
    factors: Mapping[str, Words] = field(default_factory=dict)
    groups: Indices | None = None

    def __post_init__(self) -> None:
        columns = [*self.factors.values(), *([] if self.groups is None else [self.groups])]
        if any(len(column) != len(self.species) for column in columns):
            raise ThujaError(f"expected {len(self.species)} levels in each factor, one an image")

    def __len__(self) -> int:
        return len(self.species)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two levels of a factor that are held against each other within species."""

    factor: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.factor}: {self.first} ~ {self.second}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The images that one analysis takes: M rows of the N, and their species numbered from 0 to S - 1.

    `is_second` (M,) is the level of a contrast; without one it is all False.
    """

    rows: Indices
    species: Indices
    is_second: npt.NDArray[np.bool_]

    @property
    def count(self) -> int:
        """S, how many species there are."""
        return int(self.species.max()) + 1 if len(self.species) else 0

    def sums(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The sum over each species' images: (M,) to (S,)."""
        weights = np.asarray(values, dtype=np.float64)
        return np.asarray(np.bincount(self.species, weights=weights, minlength=self.count), dtype=np.float64)

    def at(self, chosen: npt.NDArray[np.bool_]) -> "Sample":
        """Some of the images (M,), in which every species is still there."""
        return Sample(rows=self.rows[chosen], species=self.species[chosen], is_second=self.is_second[chosen])

    def renumbered(self, chosen: npt.NDArray[np.bool_]) -> "Sample":
        """Some of the images (M,), their species numbered anew."""
        _, numbers = np.unique(self.species[chosen], return_inverse=True)
        return Sample(rows=self.rows[chosen], species=numbers, is_second=self.is_second[chosen])

    @property
    def sizes(self) -> npt.NDArray[np.float64]:
        """How many images each species has: (S,)."""
        return self.sums(np.ones(len(self.species)))


def draw_sample(
    species: Indices, generator: np.random.Generator, *, most: int, groups: Indices | None = None
) -> Sample:
    """Every species of at least four images, with `most` of its images at most, drawn at random.

    With `groups` (N,) that is four observations, and images of many observations are drawn before many of one. An
    observation of several species counts for the one that most of its images show. Raises EmptyInput for fewer than
    two such species.
    """
    kept: list[Indices] = []
    for rows in _rows_of(_told_apart(species, groups)):
        if groups is None:
            drawn = generator.permutation(rows)[:most]
        else:
            mixed = generator.permutation(rows)
            drawn = mixed[np.argsort(_turns(groups[mixed]), kind="stable")][:most]
        if len(drawn if groups is None else np.unique(groups[drawn])) >= LEAST:
            kept.append(np.sort(drawn))
    if len(kept) < 2:
        what = "images" if groups is None else "observations"
        raise EmptyInput(
            f"{len(kept)} species with {LEAST} {what} or more, and structure needs two of them",
            hint="take more images of each species",
        )
    return _sample(kept, [np.zeros(len(rows), dtype=bool) for rows in kept])


def draw_contrast(specimens: Specimens, contrast: Contrast, generator: np.random.Generator, *, most: int) -> Sample:
    """Every species with at least two images of both levels, as many of one as of the other, drawn at random.

    So a species' mean lies halfway between its levels, whatever the mixture of its images: of unequal mixtures, the
    means of species would differ along the very contrast. Of an observation or individual one image is drawn at each
    level; those that are there at both levels come first, in the same order at both, so that no half of the images
    shares one with the other half. Fewer than two such species make an empty sample.
    """
    levels, groups = specimens.factors[contrast.factor], specimens.groups
    kept, seconds = [], []
    for rows in _rows_of(_told_apart(specimens.species, groups)):
        first, second = rows[levels[rows] == contrast.first], rows[levels[rows] == contrast.second]
        first, second = generator.permutation(first), generator.permutation(second)
        if groups is not None:
            first, second = _one_each(first, second, groups)
        each = min(len(first), len(second), most // 2)
        if each >= LEAST // 2:
            kept.append(np.concatenate([first[:each], second[:each]]))
            seconds.append(np.repeat([False, True], each))
    return _sample(kept, seconds) if len(kept) > 1 else _sample([], [])


def _told_apart(species: Indices, groups: Indices | None) -> Indices:
    """The species of each image, -1 where its observation shows another one more often."""
    if groups is None or not (species >= 0).any():
        return species
    known = np.flatnonzero(species >= 0)
    pairs, place, counts = np.unique(
        np.stack([groups[known], species[known]]), axis=1, return_inverse=True, return_counts=True
    )
    order = np.lexsort((-counts, pairs[0]))  # the commonest species of a group stands first of it
    is_first = np.append(True, np.diff(pairs[0][order]) != 0)
    is_kept = np.zeros(len(counts), dtype=bool)
    is_kept[order[is_first]] = True
    found = np.full(len(species), -1, dtype=np.int64)
    found[known] = np.where(is_kept[place.reshape(-1)], species[known], -1)
    return found


def _turns(groups: Indices) -> Indices:
    """How many of the same group stand before each: (n,)."""
    order = np.argsort(groups, kind="stable")
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    turns = np.empty(len(groups), dtype=np.int64)
    turns[order] = np.arange(len(groups)) - np.repeat(starts, sizes)
    return turns


def _one_each(first: Indices, second: Indices, groups: Indices) -> tuple[Indices, Indices]:
    """One image of each group at either level; groups of both come first, in the same order."""
    one, other = ({int(groups[row]): int(row) for row in rows[::-1]} for rows in (first, second))
    shared = [group for group in one if group in other]
    return (
        np.array(
            [one[group] for group in shared] + [row for group, row in one.items() if group not in other], np.int64
        ),
        np.array(
            [other[group] for group in shared] + [row for group, row in other.items() if group not in one], np.int64
        ),
    )


def _rows_of(species: Indices) -> list[Indices]:
    """The rows of each species; of numbers below zero nothing is known."""
    known = np.flatnonzero(species >= 0)
    order = known[np.argsort(species[known], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(species[order])) + 1) if len(order) else []


def _sample(rows: Sequence[Indices], seconds: Sequence[npt.NDArray[np.bool_]]) -> Sample:
    if not rows:
        return Sample(rows=np.zeros(0, np.int64), species=np.zeros(0, np.int64), is_second=np.zeros(0, np.bool_))
    numbers = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
    return Sample(rows=np.concatenate(rows), species=numbers, is_second=np.concatenate(seconds))


def contrasts_of(specimens: Specimens, factors: Sequence[str] = FACTORS) -> list[Contrast]:
    """The two levels of each factor that most species have both of, twice or more; none where fewer than two have."""
    found = []
    for factor in factors:
        if factor not in specimens.factors:
            continue
        levels = specimens.factors[factor]
        known = np.array([level.lower() not in UNKNOWN for level in levels.tolist()], dtype=bool)
        names, place = np.unique(levels[known], return_inverse=True)
        _, species = np.unique(specimens.species[known], return_inverse=True)
        counts = np.zeros((int(species.max(initial=-1)) + 1, len(names)), dtype=np.int64)
        np.add.at(counts, (species, place), 1)
        has = counts >= LEAST // 2
        shared = {
            (int((has[:, one] & has[:, other]).sum()), -one, -other)
            for one, other in combinations(range(len(names)), 2)
        }
        best = max(shared, default=(0, 0, 0))
        if best[0] > 1:
            found.append(Contrast(factor=factor, first=str(names[-best[1]]), second=str(names[-best[2]])))
    return found


def read_specimens(catalog: Path, ids: Sequence[str], factors: Sequence[str] = FACTORS) -> Specimens:
    """Species, factors and individuals of these uuids, from a catalog's columns or else from its `traits`.

    Raises BadFile where the catalog cannot be read or lacks an image.
    """
    columns = ("uuid", "kingdom", "family", "genus", "species", "traits", *_INDIVIDUALS, *factors)
    try:
        names = pq.read_schema(catalog).names
        if "uuid" not in names:
            raise BadFile(f"{catalog} has no column uuid, but {', '.join(names)}", hint="as thuja curate writes it")
        known = [name for name in dict.fromkeys(columns) if name in names]
        table = pq.read_table(catalog, columns=known, filters=pc.field("uuid").isin(pa.array(ids, pa.string())))
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{catalog} cannot be read: {str(error).partition(chr(10))[0]}") from error
    rows = {row["uuid"]: row for row in table.to_pylist()}
    missing = [uuid for uuid in ids if uuid not in rows]
    if missing:
        raise BadFile(f"{catalog} lacks {len(missing)} of {len(ids)} images, {missing[0]} the first of them")
    told = [_told(rows[uuid]) for uuid in ids]
    taxa = [Taxon.from_columns(row) for row in told]
    return Specimens(
        species=_numbers([taxon.names if taxon.binomial else None for taxon in taxa]),
        factors={name: np.array([_level(row.get(name)) for row in told], dtype=np.str_) for name in factors},
        groups=_numbers([_individual(row) or uuid for row, uuid in zip(told, ids, strict=True)]),
    )


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says, its columns before its traits."""
    traits = json.loads(row.get("traits") or "{}")
    return {**traits, **{name: value for name, value in row.items() if value is not None}}


def _level(value: object) -> str:
    text = "" if value is None else str(value).strip()
    return "" if text.lower() in UNKNOWN else text


def _individual(row: Mapping[str, Any]) -> str:
    """Whose image it is: the first that is known of individual, observation, occurrence and sequence."""
    return next((f"{name} {row[name]}" for name in _INDIVIDUALS if row.get(name)), "")


def _numbers(names: Sequence[object]) -> Indices:
    """A number for each distinct name, -1 for None."""
    known: dict[object, int] = {}
    return np.array([-1 if name is None else known.setdefault(name, len(known)) for name in names], dtype=np.int64)


def require_factors(specimens: Specimens, contrasts: Sequence[Contrast]) -> None:
    """Raise UsageError for a contrast of a factor or a level that no image has."""
    for contrast in contrasts:
        if contrast.factor not in specimens.factors:
            raise UsageError(f'no image says its "{contrast.factor}"', hint=f"known: {', '.join(specimens.factors)}")
        levels = set(specimens.factors[contrast.factor].tolist()) - {""}
        for level in (contrast.first, contrast.second):
            if level not in levels:
                known = ", ".join(sorted(levels))
                raise UsageError(f'no image has the {contrast.factor} "{level}"', hint=f"known: {known:.200}")
