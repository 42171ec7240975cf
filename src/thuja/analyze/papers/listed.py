"""The images that a paper's figure is made of, as a public layout lists them: where, of which taxon, what is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import numpy as np

from thuja.analyze.space import Indices
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.record import Value
from thuja.taxonomy import Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """N images: `paths` below `folder`, their taxa, their columns, None where a value is not known.

    `ids` are further names that embeddings may know the images by (a uuid), or empty. `notes` say what of the layout
    was left out, and what the names of taxa rest on. `tables` are the files that say all this, where there are any.
    """

    folder: Path
    paths: Sequence[str]
    taxa: Sequence[Taxon]
    columns: Mapping[str, Sequence[Value | None]] = field(default_factory=dict)
    ids: Sequence[str] = ()
    notes: Sequence[str] = ()
    tables: Sequence[Path] = ()

    def __post_init__(self) -> None:
        if not self.paths:
            raise EmptyInput(f"{self.folder} lists no image that the figure can be made of")
        for path in self.paths:
            parts = PurePath(path)
            if parts.anchor or ".." in parts.parts or "\0" in path:
                raise BadFile(
                    f'a table names the image "{path}", which lies outside {self.folder}',
                    hint="paths in it are relative, without ..",
                )

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def files(self) -> list[Path]:
        """Where the images are."""
        return [self.folder / path for path in self.paths]

    def select(self, rows: Indices) -> "Listed":
        """The images at these positions."""
        return replace(
            self,
            paths=[self.paths[row] for row in rows],
            taxa=[self.taxa[row] for row in rows],
            columns={name: [column[row] for row in rows] for name, column in self.columns.items()},
            ids=[self.ids[row] for row in rows] if self.ids else (),
        )

    def drawn(self, generator: np.random.Generator, *, species: int = 0, per_species: int = 0) -> "Listed":
        """At most so many species, and so many images of each, drawn at random; 0 takes all.

        Images that are named to no species count as those of one species for each taxon.
        """
        if species < 0 or per_species < 0:
            raise UsageError(f"expected numbers of species and images, got {species} and {per_species}")
        known: dict[Taxon, int] = {}
        numbers = np.array([known.setdefault(taxon, len(known)) for taxon in self.taxa])
        kept = np.arange(len(self))
        if species and species < len(known):
            kept = kept[np.isin(numbers, generator.permutation(len(known))[:species])]
        if per_species:
            shuffled = generator.permutation(kept)
            order = shuffled[np.argsort(numbers[shuffled], kind="stable")]  # a species' images side by side, shuffled
            sizes = np.bincount(numbers[order], minlength=len(known))
            place = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[numbers[order]]
            kept = np.sort(order[place < per_species])
        if len(kept) == len(self):
            return self
        told = f"{len(kept):,} of {len(self):,} images were drawn at random."
        return replace(self.select(kept), notes=[*self.notes, told])


def first_number(text: str) -> float | None:
    """A cell as a number, None where it is none or has no end."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
