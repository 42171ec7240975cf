"""What is held against each other for one trait: the space, controls, other backgrounds, kin, decoys, strata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from thuja.analyze.space import Space
from thuja.analyze.traits.kin import from_kin_left_out
from thuja.analyze.traits.measure import Measured, measure
from thuja.analyze.traits.problem import Problem, make_problem
from thuja.analyze.traits.ridge import Axes, Predictions
from thuja.analyze.traits.settings import TraitSettings
from thuja.analyze.traits.species import SpeciesTrait, species_means, species_trait
from thuja.embeddings import Vectors
from thuja.errors import ThujaError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """What the tree alone says by one choice of branch lengths: with clades left out, and with one species left out."""

    left_out: Predictions
    one_out: Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Another problem measured in the same space: a decoy, or the trait on the images of one stratum."""

    problem: Problem
    own: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A trait in a space and what it is held against, each by name; `notes` say what was left out and why.

    `untold` are decoys that were asked for and of which nothing can be said on the trait's own clades.
    """

    trait: str
    problem: Problem
    axes: Axes
    own: Measured
    controls: Mapping[str, Measured]
    swapped: Mapping[str, Measured]
    kin: Mapping[str, Kin]
    decoys: Mapping[str, Aside]
    strata: Mapping[str, Aside]
    untold: tuple[str, ...]
    notes: tuple[str, ...]


def analyse_trait(
    space: Space, trait: str, generator: np.random.Generator, *, settings: TraitSettings
) -> Analysis | str:
    """The analysis of a column, or a sentence that says why there is none.

    Raises UnknownName for columns that are not there, and ThujaError for other backgrounds of another width.
    """
    for name in (*settings.decoys, *([settings.stratum] if settings.stratum else [])):
        space.column(name)
    found, notes = _shown(species_trait(space, trait, kind=settings.kind), settings.swapped)
    problem = make_problem(found, generator, settings)
    if isinstance(problem, str):
        return " ".join([_sentence(problem), *found.notes])
    axes = _axes(space.vectors, space, problem, settings)
    if axes is None:
        return "The mean vectors of all species are the same."
    measured = measure(problem, axes, elsewhere=_elsewhere(space, problem, settings))
    notes += [*problem.trait.notes, *([problem.clades.note] if problem.clades.note else [])]
    controls = {}
    for name, vectors in space.controls.items():
        seen = _axes(vectors, space, problem, settings)
        if seen is None:
            notes.append(f"The control {name} gives all species the same mean vector and is left out.")
        else:
            controls[name] = measure(problem, seen)[""]
    decoys, strata = _decoys(space, generator, settings), _strata(space, trait, generator, settings)
    notes += [f"{name}: {reason}" for name, reason in (decoys | strata).items() if isinstance(reason, str)]
    return Analysis(
        trait=trait,
        problem=problem,
        axes=axes,
        own=measured.pop(""),
        controls=controls,
        swapped=measured,
        kin=_kin(problem),
        decoys={name: aside for name, aside in decoys.items() if isinstance(aside, Aside)},
        untold=tuple(name for name, aside in decoys.items() if not _is_alike(aside, problem)),
        strata={name: aside for name, aside in strata.items() if isinstance(aside, Aside)},
        notes=tuple(notes),
    )


def _kin(problem: Problem) -> dict[str, Kin]:
    each = np.arange(len(problem.targets))
    return {
        name: Kin(
            left_out=from_kin_left_out(problem.targets, problem.clades.folds, ancestry),
            one_out=from_kin_left_out(problem.targets, each, ancestry),
        )
        for name, ancestry in problem.ancestries.items()
    }


def _decoys(space: Space, generator: np.random.Generator, settings: TraitSettings) -> dict[str, Aside | str]:
    return {name: _aside(space, name, generator, settings) for name in settings.decoys}


def _is_alike(aside: Aside | str, problem: Problem) -> bool:
    """Whether a decoy is predicted for clades of the trait's own rank, so that the two are redrawn together."""
    return isinstance(aside, Aside) and aside.problem.clades.rank is problem.clades.rank


def _strata(
    space: Space, trait: str, generator: np.random.Generator, settings: TraitSettings
) -> dict[str, Aside | str]:
    if not settings.stratum:
        return {}
    column = space.column(settings.stratum)
    found: dict[str, Aside | str] = {}
    for value in sorted({str(value) for value in column if value is not None}):
        part = space.select(np.array([str(one) == value and one is not None for one in column], dtype=bool))
        found[f"{settings.stratum} {value}"] = _aside(part, trait, generator, settings)
    return found


def _aside(space: Space, trait: str, generator: np.random.Generator, settings: TraitSettings) -> Aside | str:
    found = species_trait(space, trait, kind=settings.kind)
    problem = make_problem(found, generator, settings)
    if isinstance(problem, str):
        return _sentence(problem)
    axes = _axes(space.vectors, space, problem, settings)
    if axes is None:
        return "The mean vectors of all species are the same."
    return Aside(problem=problem, own=measure(problem, axes)[""])


def _axes(vectors: Vectors, space: Space, problem: Problem, settings: TraitSettings) -> Axes | None:
    return Axes.of(species_means(vectors, space.species, problem.trait.species, is_unit=settings.is_unit))


def _shown(trait: SpeciesTrait, swapped: Mapping[str, Space]) -> tuple[SpeciesTrait, list[str]]:
    """The trait of the species that every other background shows too: what is compared is of the same species."""
    shown = np.ones(len(trait.taxa), dtype=bool)
    for space in swapped.values():
        known = {taxon for taxon in space.taxa if taxon.binomial}
        shown &= np.array([taxon in known for taxon in trait.taxa], dtype=bool)
    if shown.all():
        return trait, []
    gone = int((~shown).sum())
    return replace(trait.among(shown)), [f"{gone} species are not in every set on other backgrounds and are left out."]


def _elsewhere(space: Space, problem: Problem, settings: TraitSettings) -> dict[str, Floats]:
    found = {}
    for name, other in settings.swapped.items():
        if other.vectors.shape[1] != space.vectors.shape[1]:
            raise ThujaError(
                f'the vectors of "{name}" have {other.vectors.shape[1]} dimensions, those of the space '
                f"{space.vectors.shape[1]}",
                hint="embed other backgrounds with the same model",
            )
        numbers = {taxon: int(number) for taxon, number in zip(other.taxa, other.species, strict=True)}
        chosen = np.array([numbers[taxon] for taxon in problem.trait.taxa], dtype=np.int64)
        found[name] = species_means(other.vectors, other.species, chosen, is_unit=settings.is_unit)
    return found


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def parts_of(analysis: Analysis) -> Sequence[tuple[str, Problem, Measured]]:
    """All that went the whole way, in the order in which tables list it."""
    own = [
        ("the space", analysis.own),
        *((f"control {name}", measured) for name, measured in analysis.controls.items()),
        *((f"background {name}", measured) for name, measured in analysis.swapped.items()),
    ]
    asides = [
        *((f"decoy {name}", aside) for name, aside in analysis.decoys.items()),
        *((name, aside) for name, aside in analysis.strata.items()),
    ]
    return [
        *((name, analysis.problem, measured) for name, measured in own),
        *((name, aside.problem, aside.own) for name, aside in asides),
    ]
