"""Scores by how new what is asked is, and the ceiling for what was never met.

A score on species met a thousand times and one on species never met are two scores. For species never met there is a
ceiling besides: an epithet is given by people for reasons that no picture shows, so among the species of a genus that
were never met nobody can do better than guess.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import ThujaError
from thuja.evaluate.data import species_of
from thuja.evaluate.novelty import Novelty, TrainingTaxa, kingdom_of, species_key
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import Ratio, interval, redrawn
from thuja.report import Cell
from thuja.taxonomy import Taxon

COLUMNS: Final = ("by", "band", "species", "images", "score", "95 %", "ceiling", "ceiling, met species ruled out")
"""The headings of `Band.cells`."""
BINS: Final = ((0, "0"), (9, "1-9"), (99, "10-99"))
"""The most training images of a bin, and its name."""
LAST_BIN: Final = "100 or more"


def bin_of(images: int) -> str:
    """The bin of a number of training images.

    >>> [bin_of(count) for count in (0, 1, 9, 10, 99, 100)]
    ['0', '1-9', '1-9', '10-99', '10-99', '100 or more']
    """
    return next((name for most, name in BINS if images <= most), LAST_BIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The N images of a task as a training catalog sees them, and what the task's candidates let anybody know.

    `ceiling` (N,) is what knowing the genus and no more of it gives on images of species never met: one over the
    candidates in the genus, and 1 on species that were met. `ruled_out` (N,) counts only candidates that were not met
    themselves, which a perfect memory of the others leaves: no image can be answered better, but by an epithet that
    says something (*maculata*). Both are 0 where the true species is no candidate.
    """

    taxa: tuple[Taxon, ...]
    images: npt.NDArray[np.int64]
    novelty: tuple[Novelty, ...]
    ceiling: npt.NDArray[np.float64]
    ruled_out: npt.NDArray[np.float64]

    @classmethod
    def of(cls, taxa: Sequence[Taxon], candidates: Sequence[Taxon], training: TrainingTaxa) -> "Asked":
        """The taxon of each image, and the taxa among which a task asks for a species."""
        seen: dict[Taxon, tuple[int, Novelty, float, float]] = {}
        oracle = _Oracle.of(candidates, training)
        for taxon in taxa:
            if taxon not in seen:
                seen[taxon] = (training.count(taxon), training.novelty(taxon), *oracle.chances(taxon))
        told = [seen[taxon] for taxon in taxa]
        return cls(
            taxa=tuple(taxa),
            images=np.array([one[0] for one in told], dtype=np.int64),
            novelty=tuple(one[1] for one in told),
            ceiling=np.array([one[2] for one in told], dtype=np.float64),
            ruled_out=np.array([one[3] for one in told], dtype=np.float64),
        )

    def columns(self) -> pa.Table:
        """`training_images` and `novelty` of each image, to stand beside the answers."""
        return pa.table(
            {
                "training_images": pa.array(self.images, pa.int64()),
                "novelty": pa.array([one.value for one in self.novelty], pa.string()),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Oracle:
    """Who knows the genus of every image, and every species that was met in training.

    Candidates by genus and kingdom: their species' keys, and those that were not met.
    """

    training: TrainingTaxa
    candidates: Mapping[tuple[str, str], frozenset[str]]
    unmet: Mapping[tuple[str, str], frozenset[str]]

    @classmethod
    def of(cls, candidates: Sequence[Taxon], training: TrainingTaxa) -> "_Oracle":
        def gathered(is_wanted: Callable[[Taxon], bool]) -> dict[tuple[str, str], frozenset[str]]:
            found: dict[tuple[str, str], set[str]] = {}
            for taxon in candidates:
                if species_key(taxon) and is_wanted(taxon):
                    found.setdefault(_genus(taxon), set()).add(species_key(taxon))
            return {genus: frozenset(keys) for genus, keys in found.items()}

        return cls(
            training=training,
            candidates=gathered(lambda taxon: True),
            unmet=gathered(lambda taxon: not training.count(taxon)),
        )

    def chances(self, taxon: Taxon) -> tuple[float, float]:
        """That an image of this species is named by its genus, and by its genus with met species ruled out."""
        key, genus = species_key(taxon), _genus(taxon)
        if key not in self.candidates.get(genus, frozenset()):
            return 0.0, 0.0
        if self.training.count(taxon):
            return 1.0, 1.0
        return 1 / len(self.candidates[genus]), 1 / len(self.unmet[genus])


def _genus(taxon: Taxon) -> tuple[str, str]:
    return kingdom_of(taxon), taxon.genus.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The score on the images of one band, with the ceilings' means over the same images; see `Asked`."""

    by: str
    band: str
    species: int
    images: int
    score: Interval
    ceiling: float
    ruled_out: float

    def cells(self) -> tuple[Cell, ...]:
        """The line as thuja.report takes it, under COLUMNS."""
        return (
            self.by,
            self.band,
            self.species,
            self.images,
            f"{self.score.value:.3f}",
            f"{self.score.low:.3f} to {self.score.high:.3f}" if self.score.low != self.score.high else None,
            f"{self.ceiling:.3f}",
            f"{self.ruled_out:.3f}",
        )


def score_by_novelty(values: npt.ArrayLike, asked: Asked, generator: np.random.Generator) -> tuple[Band, ...]:
    """Scores (N,), 1 for a right answer and 0 for a wrong one, on all images, by training images and by novelty.

    Bands without an image are left out. Intervals are over redrawn species. Raises ThujaError where there are not as
    many scores as images, EmptyInput for none.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != asked.images.shape:
        raise ThujaError(f"expected a score for each of {len(asked.images)} images, got {numbers.shape}")
    species = species_of(asked.taxa)
    counts = zip(asked.taxa, asked.images.tolist(), strict=True)
    bins = np.array([bin_of(count) if species_key(taxon) else "" for taxon, count in counts])
    kinds = np.array([one.value for one in asked.novelty])
    bands = [("all", "all", np.ones(len(numbers), dtype=bool))]
    bands += [("training images", name, bins == name) for name in (*(name for _, name in BINS), LAST_BIN)]
    bands += [("novelty", kind.value, kinds == kind.value) for kind in Novelty]
    found = []
    for by, name, is_in in bands:
        if name != "all" and not is_in.any():
            continue
        ratio = Ratio.of_rows(numbers[is_in], species[is_in])
        found.append(
            Band(
                by=by,
                band=name,
                species=len(ratio.tops),
                images=int(is_in.sum()),
                score=interval(redrawn([ratio], generator)[:, 0]),
                ceiling=float(asked.ceiling[is_in].mean()),
                ruled_out=float(asked.ruled_out[is_in].mean()),
            )
        )
    return tuple(found)
