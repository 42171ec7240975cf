"""All first measures of structure in one call: one model beside its untrained tower, on the same images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from thuja.embeddings import Vectors, normalized
from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.structure.contrast import measure_contrast
from thuja.structure.decoding import DecodingSettings, measure_decoding
from thuja.structure.halves import Flags, KnownSpan, cuts_of
from thuja.structure.reading import Reading, Row, find, rows_of, table_of
from thuja.structure.span import Deviations, Floats, axes_of
from thuja.structure.specimens import (
    FACTORS,
    LEAST,
    Contrast,
    Sample,
    Specimens,
    contrasts_of,
    draw_contrast,
    draw_sample,
    require_factors,
)
from thuja.structure.variation import Draws, measure_variation


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureSettings:
    """`most` images of a species are taken. Without `contrasts`, each of `factors` has the one that most species share.

    Vectors are set to length one unless `is_unit` is False: a model's answers depend on nothing else of them.
    """

    factors: tuple[str, ...] = FACTORS
    contrasts: tuple[Contrast, ...] = ()
    most: int = 100
    is_unit: bool = True
    draws: Draws = field(default_factory=Draws)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.most < LEAST:
            raise UsageError(f"at most {self.most} images a species are too few", hint=f"{LEAST} or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What was measured, and on what: `left_out` counts species of too few images.

    `span` is the number of dimensions, of `width`, that the species means of the model span, and `known` that of its
    directions on which halves of the images agree; `reliability` is the share of the variance of the means that is no
    noise of few images.
    """

    rows: tuple[Row, ...]
    images: int
    species: int
    left_out: int
    width: int
    span: int
    known: int
    reliability: float
    contrasts: tuple[tuple[Contrast, int], ...]

    @property
    def is_saturated(self) -> bool:
        """Whether the species span all dimensions, so that a share inside their span says nothing."""
        return self.span >= self.width

    def find(self, part: str, measure: str) -> Row:
        """The row of that name; raises ThujaError."""
        return find(self.rows, part, measure)

    def to_table(self) -> pa.Table:
        """The rows with every number in full."""
        return table_of(self.rows)

    def sentences(self) -> list[str]:
        """What a reader must know before the table."""
        told = [
            f"{self.images:,} images of {self.species:,} species; their means span {self.span} of {self.width} "
            f"dimensions, of which halves of the images agree on {self.known}; {self.reliability:.0%} of the means' "
            "variance is no noise of few images."
        ]
        if self.left_out:
            told.append(f"{self.left_out:,} species with fewer than {LEAST} images are left out.")
        told += [
            f"{contrast}: {species:,} species have two images or more of both." for contrast, species in self.contrasts
        ]
        if self.is_saturated:
            told.append("The species span every dimension: their span holds all variation of any model, by arithmetic.")
        return told


def measure_structure(
    vectors: Vectors,
    specimens: Specimens,
    *,
    untrained: Vectors | None = None,
    settings: StructureSettings | None = None,
) -> Structure:
    """Measure image vectors (N, D) of known species, and the `untrained` tower's of the same images beside them.

    Raises EmptyInput for fewer than two species with four images or where nothing varies within any, ThujaError for
    vectors that are no numbers or not one an image.
    """
    plan = Plan.of(specimens, settings or StructureSettings())
    whole = plan.whole
    read = plan.read(vectors)
    others = [] if untrained is None else plan.read(untrained)
    taken = plan.taken(vectors, whole)
    deviations = Deviations.of(taken, whole)
    known = np.unique(specimens.species[specimens.species >= 0])
    return Structure(
        rows=rows_of(read, others, plan.generator(0)),
        images=len(whole.rows),
        species=whole.count,
        left_out=len(known) - whole.count,
        width=int(vectors.shape[1]),
        span=axes_of(deviations.means).shape[1],
        known=KnownSpan.of(taken, whole, plan.cuts).dimensions,
        reliability=deviations.reliability,
        contrasts=tuple((contrast, sample.count) for contrast, sample in plan.parts.items()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The images that every model is measured on, and how they are halved: alike for each model, so that they pair.

    `whole` are images of all species, `cuts` its halves, and `parts` the images of each contrast.
    """

    specimens: Specimens
    whole: Sample
    cuts: Sequence[Flags]
    parts: Mapping[Contrast, Sample]
    settings: StructureSettings

    @classmethod
    def of(cls, specimens: Specimens, settings: StructureSettings) -> "Plan":
        """Draw the images; raises EmptyInput for fewer than two species with four."""
        contrasts = settings.contrasts or tuple(contrasts_of(specimens, settings.factors))
        require_factors(specimens, contrasts)
        whole = draw_sample(specimens.species, _generator(settings, 0), most=settings.most, groups=specimens.groups)
        parts = {
            contrast: draw_contrast(specimens, contrast, _generator(settings, 1 + number), most=settings.most)
            for number, contrast in enumerate(contrasts)
        }
        groups = None if specimens.groups is None else specimens.groups[whole.rows]
        return cls(
            specimens=specimens,
            whole=whole,
            cuts=cuts_of(whole, settings.draws.halves, _generator(settings, 50), groups=groups),
            parts={contrast: sample for contrast, sample in parts.items() if sample.count > 1},
            settings=settings,
        )

    def generator(self, purpose: int) -> np.random.Generator:
        """The generator of one purpose, the same whatever the model."""
        return _generator(self.settings, purpose)

    def taken(self, vectors: Vectors, sample: Sample) -> Floats:
        """The sample's vectors (M, D) in float64, of length one where that is asked for; zeros stay zero."""
        wide = np.asarray(vectors[sample.rows], dtype=np.float64)
        if not self.settings.is_unit:
            return wide
        return normalized(wide)

    def read(self, vectors: Vectors) -> list[Reading]:
        """All readings of one model's vectors (N, D).

        Raises EmptyInput where nothing varies within any species, ThujaError for vectors that are no numbers.
        """
        _check(vectors, len(self.specimens))
        settings = self.settings
        taken = self.taken(vectors, self.whole)
        if not (taken != taken[np.searchsorted(self.whole.species, self.whole.species)]).any():
            raise EmptyInput("all images of each species have the same vector, and nothing varies within them")
        groups = None if self.specimens.groups is None else self.specimens.groups[self.whole.rows]
        read = measure_variation(
            taken, self.whole, self.generator(100), cuts=self.cuts, subspaces=settings.draws.subspaces, groups=groups
        )
        for number, contrast in enumerate(self.parts):
            read += self._contrast(vectors, contrast, number)
        return read

    def halved(self, contrast: Contrast) -> tuple[list[Flags], np.random.Generator]:
        """The halves of a contrast's images, and the generator that drew them, which goes on."""
        generator = self.generator(200 + list(self.parts).index(contrast))
        return cuts_of(self.parts[contrast], self.settings.draws.halves, generator), generator

    def _contrast(self, vectors: Vectors, contrast: Contrast, number: int) -> list[Reading]:
        settings, sample = self.settings, self.parts[contrast]
        taken = self.taken(vectors, sample)
        groups = None if self.specimens.groups is None else self.specimens.groups[sample.rows]
        cuts, generator = self.halved(contrast)
        span = KnownSpan.of(taken, sample, cuts)
        read = measure_contrast(
            str(contrast),
            taken,
            sample,
            cuts=cuts,
            span=span,
            generator=generator,
            subspaces=settings.draws.subspaces,
        )
        deviations, generator = Deviations.of(taken, sample), self.generator(300 + number)
        return read + measure_decoding(
            str(contrast), deviations, span.basis, generator=generator, groups=groups, settings=settings.decoding
        )


def _generator(settings: StructureSettings, purpose: int) -> np.random.Generator:
    return np.random.default_rng([settings.seed, purpose])


def _check(vectors: Vectors, count: int) -> None:
    if vectors.ndim != 2 or len(vectors) != count:
        raise ThujaError(f"expected a vector for each of {count} images, got an array of shape {vectors.shape}")
    bad = int((~np.isfinite(vectors).all(axis=1)).sum())
    if bad:
        raise ThujaError(f"{bad} of {count} image vectors are not numbers")
