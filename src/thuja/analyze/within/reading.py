"""All that is read of the variation within species in one model's vectors, on images that all models share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from thuja.analyze.space import Column, Prototypes, Space
from thuja.analyze.within.settings import WithinSettings
from thuja.embeddings import Vectors, normalized
from thuja.structure.breadth import Breadth, breadth_of
from thuja.structure.consistency import Consistency
from thuja.structure.contrast import Steps
from thuja.structure.halves import halves_of
from thuja.structure.local import LocalSpans, confusables_of
from thuja.structure.local_share import LOCAL_ALIGNMENT, LOCAL_SHARE, measure_local, rests_by_species
from thuja.structure.measuring import Plan
from thuja.structure.prototypes import measure_prototypes
from thuja.structure.reading import Reading
from thuja.structure.span import Deviations, Floats, means_of
from thuja.structure.specimens import UNKNOWN, Specimens, Words
from thuja.structure.variation import PART

TEXT_LOCAL = {
    LOCAL_SHARE: f"{LOCAL_SHARE}, by text prototypes",
    LOCAL_ALIGNMENT: f"{LOCAL_ALIGNMENT}, by text prototypes",
}


def specimens_of(
    space: Space, factors: Sequence[str], generator: np.random.Generator, *, most_species: int
) -> Specimens:
    """The species, observations and levels of a space's images, of that many species at most, drawn at random.

    Raises UnknownName for a factor that is no column.
    """
    species = space.species
    names = np.unique(species[species >= 0])
    if len(names) > most_species:
        chosen = generator.permutation(names)[:most_species]
        species = np.where(np.isin(species, chosen), species, -1)
    return Specimens(
        species=species, factors={name: _levels(space.column(name)) for name in factors}, groups=space.groups
    )


def _levels(column: Column) -> Words:
    words = ["" if value is None else str(value).strip() for value in column]
    return np.array(["" if word.lower() in UNKNOWN else word for word in words], dtype=np.str_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one model's vectors say: ratios over species, how consistent each contrast is, and how broad they are."""

    readings: Sequence[Reading]
    consistency: Mapping[str, Consistency]
    breadth: Breadth


def read_within(plan: Plan, vectors: Vectors, settings: WithinSettings, texts: Floats | None = None) -> Read:
    """Read one model's image vectors (N, D); `texts` (S, D) are prototypes of the plan's species, where they are known.

    Raises EmptyInput where nothing varies within any species.
    """
    readings = list(plan.read(vectors))
    taken, sample = plan.taken(vectors, plan.whole), plan.whole
    halves = list(halves_of(taken, sample, plan.cuts))
    readings += _local(plan, taken, settings)
    if texts is not None and len(texts) > 1:
        deviations = Deviations.of(taken, sample)
        subspaces = settings.draws.subspaces
        readings.append(
            measure_prototypes(PART, deviations, texts, halves[0], generator=plan.generator(500), subspaces=subspaces)
        )
        readings += _local_by_text(plan, deviations, texts, settings)
    consistency = {}
    for contrast, part in plan.parts.items():
        cuts, _ = plan.halved(contrast)
        consistency[str(contrast)] = Consistency.of(Steps.of(plan.taken(vectors, part), part, cuts))
    return Read(readings=readings, consistency=consistency, breadth=breadth_of(halves))


def texts_of(plan: Plan, space: Space) -> tuple[Floats | None, str]:
    """The prototypes (S, D) of the plan's species in order, of length one, or a sentence that says why not."""
    prototypes: Prototypes | None = space.prototypes
    if prototypes is None:
        return None, ""
    places = {taxon: place for place, taxon in enumerate(prototypes.taxa)}
    _, first = np.unique(plan.whole.species, return_index=True)
    taxa = [space.taxa[row] for row in plan.whole.rows[first]]
    missing = [taxon for taxon in taxa if taxon not in places]
    if missing:
        return (
            None,
            f"{len(missing):,} of {len(taxa):,} species have no text prototype, so the span of texts is left out.",
        )
    vectors = np.asarray(prototypes.vectors[[places[taxon] for taxon in taxa]], dtype=np.float64)
    if vectors.shape[1] != space.vectors.shape[1]:
        return None, "The text prototypes are not in the images' dimensions, so their span is left out."
    if not (vectors != vectors[0]).any():
        return None, "All species have the same text prototype, so the span of texts is left out."
    return normalized(vectors), ""


def _local(plan: Plan, taken: Floats, settings: WithinSettings) -> list[Reading]:
    sample = plan.whole
    points = means_of(taken, sample)
    confusables = confusables_of(points, count=settings.confusables, temperature=settings.temperature)
    pairs, rests = [], []
    for cut, is_first in enumerate(plan.cuts):
        parts = [Deviations.of(taken[chosen], sample.at(chosen)) for chosen in (is_first, ~is_first)]
        pairs.append((parts[0].means, parts[1].means))
        rests += [(cut, part.rests, part.sample.species) for part in parts]
    spans = LocalSpans.of(points, confusables, halves=pairs, is_leading=settings.is_leading)
    by_species = rests_by_species(rests, sample.count)
    return measure_local(PART, spans, by_species, plan.generator(400), others=settings.others, width=taken.shape[1])


def _local_by_text(plan: Plan, deviations: Deviations, texts: Floats, settings: WithinSettings) -> list[Reading]:
    confusables = confusables_of(texts, count=settings.confusables, temperature=settings.temperature)
    spans = LocalSpans.of(texts, confusables, is_leading=settings.is_leading)
    by_species = rests_by_species([(0, deviations.rests, deviations.sample.species)], plan.whole.count)
    found = measure_local(PART, spans, by_species, plan.generator(410), others=settings.others, width=texts.shape[1])
    return [replace(one, measure=TEXT_LOCAL[one.measure]) for one in found]
