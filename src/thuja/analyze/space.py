"""What an analysis is given: images as points of an embedding space, and what is known of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError, UnknownName
from thuja.record import Value
from thuja.taxonomy import Taxon

Indices = npt.NDArray[np.int64]

Column = Sequence[Value | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prototypes:
    """What texts say of L taxa: their vectors (L, D) in the space of the images."""

    taxa: Sequence[Taxon]
    vectors: Vectors

    def __post_init__(self) -> None:
        require_numbers(self.vectors, "text vectors", count=len(self.taxa))


@dataclass(frozen=True, kw_only=True)
class Space:
    """N images (N, D) of an embedding space, their taxa, and a value of each in every column, None where unknown.

    `controls` are the same images as others see them, by name: raw pixels, the untrained tower, a network that knows
    ImageNet. `groups` (N,) numbers what must not be parted: images of one observation or individual. `model` says
    whose space it is. Raises ThujaError for vectors that are no numbers or not one an image, EmptyInput for no image.
    """

    vectors: Vectors
    taxa: Sequence[Taxon]
    columns: Mapping[str, Column] = field(default_factory=dict)
    groups: Indices | None = None
    controls: Mapping[str, Vectors] = field(default_factory=dict)
    prototypes: Prototypes | None = None
    model: str = ""

    def __post_init__(self) -> None:
        count = len(self.taxa)
        if not count:
            raise EmptyInput("there is no image to analyze")
        require_numbers(self.vectors, "image vectors", count=count)
        for name, vectors in self.controls.items():
            require_numbers(vectors, f'vectors of the control "{name}"', count=count)
        for name, column in [*self.columns.items(), *([("groups", self.groups)] if self.groups is not None else [])]:
            if len(column) != count:
                raise ThujaError(f'expected {count} values in the column "{name}", got {len(column)}')

    def __len__(self) -> int:
        return len(self.taxa)

    @cached_property
    def species(self) -> Indices:
        """The number of each image's species (N,), -1 where it is named to no species."""
        known: dict[Taxon, int] = {}
        return np.array(
            [known.setdefault(taxon, len(known)) if taxon.binomial else -1 for taxon in self.taxa], dtype=np.int64
        )

    def column(self, name: str) -> Column:
        """The values of a column; raises UnknownName."""
        if name not in self.columns:
            raise UnknownName.of("column", name, self.columns)
        return self.columns[name]

    def select(self, rows: npt.ArrayLike) -> "Space":
        """The images at these positions, or where this mask is true."""
        chosen = np.arange(len(self))[np.asarray(rows)]
        return Space(
            vectors=self.vectors[chosen],
            taxa=[self.taxa[row] for row in chosen],
            columns={name: [column[row] for row in chosen] for name, column in self.columns.items()},
            groups=None if self.groups is None else self.groups[chosen],
            controls={name: vectors[chosen] for name, vectors in self.controls.items()},
            prototypes=self.prototypes,
            model=self.model,
        )


def require_numbers(vectors: Vectors, what: str, *, count: int) -> None:
    """Raise ThujaError unless these are `count` vectors of numbers."""
    if vectors.ndim != 2 or len(vectors) != count:
        raise ThujaError(f"expected {count} {what} in a matrix, got an array of shape {vectors.shape}")
    bad = count - int(np.isfinite(vectors).all(axis=1).sum())
    if bad:
        raise ThujaError(f"{bad} of {count} {what} are not numbers", hint="leave these rows out, or embed them again")
