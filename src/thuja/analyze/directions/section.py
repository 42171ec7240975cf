"""What a direction comes to: findings with their null and controls, the order of species, the strip of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.directions.figures import images_figure, levels_figure, species_figure
from thuja.analyze.directions.learning import Learnt, learn
from thuja.analyze.directions.ordering import AREA, CHANCE
from thuja.analyze.directions.plan import Plan
from thuja.analyze.directions.planning import DirectionSettings, plan_of
from thuja.analyze.directions.strip import StripSettings, strip
from thuja.analyze.directions.traits import Trait, read_trait
from thuja.analyze.finding import Figure, Finding, Section, Table, Verdict, verdict_of
from thuja.analyze.space import Space
from thuja.errors import ImageError, ThujaError
from thuja.metrics.bootstrap import Interval, interval_of
from thuja.report import Cell
from thuja.structure.span import spread_of
from thuja.taxonomy import Rank

Floats = npt.NDArray[np.float64]

_ENDS = 25
"""Species named at either end of the order."""
_ALIKE = 1e-6
"""Differences that are rounding, as a share of the largest number."""
_STRIP = StripSettings()
_SETTINGS = DirectionSettings()

_ABOUT = {
    False: (
        "Is there one direction along which {what} is ordered? It is learnt by ridge regression of species' means, so "
        "that each species counts once, and tried on species that were left out. The null shuffles {what} among "
        "species, what is left out together staying together, and learns again. HOLDS: the whole interval over redrawn "
        "species (families, where these are left out) is above the null's mean and p is at most .05. Kin look alike, "
        "so an order may be of a clade rather than of {what}: leave out families, or hold it against ancestry."
    ),
    True: (
        "Is there one direction along which {what} is ordered within species? It is learnt by ridge regression of "
        "images less their species' mean, each species counting once, and tried on what was left out: other species, "
        "or other observations where there is but one. The null shuffles {what} within each species and learns "
        "again. HOLDS: the whole interval over species is above the null's mean and p is at most .05."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """A trait's direction in a space, and in its controls by name."""

    trait: Trait
    plan: Plan
    learnt: Learnt
    controls: dict[str, Learnt]
    settings: DirectionSettings

    @property
    def captions(self) -> list[str]:
        """The species, its genus shortened, and the value of each image (M,)."""
        values = self.trait.values[self.plan.images]
        names = [f"{taxon.genus[:1]}. {taxon.species}" for taxon in self.plan.taxa]
        rows = zip(self.plan.species, values, strict=True)
        return [f"{names[one]}, {self.word(value)}" for one, value in rows]

    def word(self, value: float) -> str:
        """A value as it is named."""
        if self.trait.levels is None:
            return f"{value:.4g}"
        return self.trait.levels[round(value)] if value in (0.0, 1.0) else f"{value:.0%} {self.trait.levels[1]}"


def find_direction(
    space: Space, trait: str, generator: np.random.Generator, *, settings: DirectionSettings = _SETTINGS
) -> Direction | str:
    """The direction of a column, or a sentence that says what the data lack.

    Raises UnknownName for a column or level that there is not, ThujaError for more than two levels.
    """
    read = read_trait(trait, space.column(trait), settings.levels)
    plan = plan_of(space, read, generator, settings)
    if isinstance(plan, str):
        return plan
    rows = plan.rows(space.vectors)
    if np.ptp(rows, axis=0).max() <= _ALIKE * np.abs(space.vectors).max():
        whose = "within each species" if settings.is_within else "of all species"
        return f"the vectors {whose} are all alike, so that no direction is in them"
    controls = {name: learn(vectors, plan) for name, vectors in space.controls.items()}
    return Direction(trait=read, plan=plan, learnt=learn(space.vectors, plan), controls=controls, settings=settings)


def direction_section(
    space: Space,
    trait: str,
    generator: np.random.Generator,
    *,
    settings: DirectionSettings = _SETTINGS,
    pictures: Sequence[str] = (),
    tiles: StripSettings = _STRIP,
) -> Section:
    """The section of a trait's direction; `pictures` are the places of the space's N images, "" where there is none.

    Raises as `find_direction`, and ThujaError where pictures are not one an image.
    """
    found = find_direction(space, trait, generator, settings=settings)
    if isinstance(found, str):
        about = _ABOUT[settings.is_within].format(what=trait)
        return Section(title=_title(trait, settings), about=about, reason=found)
    return section_of(found, pictures=pictures, tiles=tiles)


def section_of(direction: Direction, *, pictures: Sequence[str] = (), tiles: StripSettings = _STRIP) -> Section:
    """What a direction comes to, with its pictures."""
    plan = direction.plan
    if pictures and len(pictures) <= int(plan.images.max()):
        raise ThujaError(f"expected a picture or nothing for each image, got {len(pictures)}")
    figures, notes = [_figure(direction)], _notes(direction)
    if pictures:
        places = [pictures[row] for row in plan.images]
        try:
            drawn = strip(direction.learnt.image_scores, places, plan.species, direction.captions, tiles)
        except ImageError as error:
            notes.append(f"There is no strip: {error.message}.")
        else:
            figures.append(_strip_figure(direction, drawn.drawing))
            if drawn.unreadable:
                notes.append(
                    f"{drawn.unreadable} pictures tried for the strip could not be read, and were passed over."
                )
    return Section(
        title=_title(direction.trait.name, direction.settings),
        about=_ABOUT[plan.is_within].format(what=direction.trait.name),
        findings=[_finding(direction), *_paired(direction), _agreement(direction)],
        tables=[_table(direction)],
        figures=figures,
        notes=notes,
    )


def _title(trait: str, settings: DirectionSettings) -> str:
    return f"A direction of {trait}{' within species' if settings.is_within else ''}"


def _measure(direction: Direction) -> str:
    plan, settings = direction.plan, direction.settings
    if not plan.is_within:
        kin = "" if settings.left_out is Rank.SPECIES else f", with all of their {settings.left_out.label}"
        return f"{plan.measure} over {len(plan.taxa)} species left out{kin}"
    who = "species" if len(plan.taxa) > 1 else "observations"
    return f"{plan.measure} within species, mean over {len(plan.taxa)}, {who} left out"


def _finding(direction: Direction) -> Finding:
    """The order against its shuffles."""
    learnt, what = direction.learnt, direction.trait.name
    null = spread_of(learnt.null)
    assert null is not None, "there are shuffles"
    effect = interval_of(learnt.value.value - null.value, learnt.replicates - null.value)
    where = "images within species" if direction.plan.is_within else "species"
    rank = direction.settings.left_out
    among = "species" if rank is Rank.SPECIES else f"species, each {rank.label} whole"
    note = ""
    verdict = verdict_of(effect, p_value=learnt.p_value)
    if direction.plan.is_within and len(direction.plan.taxa) == 1:
        note = "one species: there is no interval over species, and p alone is of its images"
        verdict = Verdict.UNDECIDED if verdict is Verdict.HOLDS else verdict
    return Finding(
        claim=f"one direction orders {where} by {what}",
        measure=_measure(direction),
        of=what,
        value=learnt.value,
        control=f"{what} shuffled {'within species' if direction.plan.is_within else f'among {among}'}",
        against=null,
        effect=effect,
        p_value=learnt.p_value,
        verdict=verdict,
        note=note,
    )


def _paired(direction: Direction) -> list[Finding]:
    """The order against that of each control, on the same images, folds and redraws.

    What orders what it did not learn on worse than chance does so by chance, and counts as chance: else the space would
    win by the control's bad luck.
    """
    learnt, chance = direction.learnt, CHANCE[direction.plan.measure]
    found = []
    for name, control in direction.controls.items():
        effect = interval_of(
            learnt.value.value - max(control.value.value, chance),
            learnt.replicates - np.maximum(control.replicates, chance),
        )
        is_single = direction.plan.is_within and len(direction.plan.taxa) == 1
        low = ", and it counts as chance, as it is below" if control.value.value < chance else ""
        found.append(
            Finding(
                claim=f"the space orders by {direction.trait.name} better than {name}",
                measure=_measure(direction),
                of=direction.trait.name,
                value=learnt.value,
                control=name,
                against=control.value,
                effect=effect,
                verdict=Verdict.UNDECIDED if is_single else verdict_of(effect),
                note=f"p of {name} against its own shuffles: {control.p_value:.3g}{low}",
            )
        )
    return found


def _agreement(direction: Direction) -> Finding:
    cosine = direction.learnt.agreement
    halves = "species" if len(direction.plan.taxa) > 1 or not direction.plan.is_within else "observations"
    return Finding(
        claim="the direction is the same whoever it is learnt on",
        measure=f"cosine of the directions of two halves of the {halves}",
        of=direction.trait.name,
        value=Interval(value=cosine, low=cosine, high=cosine),
        note="one split, without an interval; noise of few rows lowers it",
    )


def _table(direction: Direction) -> Table:
    """Species in order along the direction; within species, how each of them is ordered."""
    plan, learnt = direction.plan, direction.learnt
    counts = plan.counts.astype(int)
    cells: list[tuple[Cell, ...]]
    if plan.is_within:
        own = plan.by_species(learnt.scores[:, None])[:, 0]
        order, last = np.argsort(-own, kind="stable"), [plan.measure]
        cells = [(float(value),) for value in own]
        caption = f"How {direction.trait.name} is ordered within each species"
    else:
        order, last = np.argsort(learnt.scores, kind="stable"), [direction.trait.name, "place"]
        pairs = zip(plan.targets[:, 0], learnt.scores, strict=True)
        cells = [(direction.word(float(value)), float(score)) for value, score in pairs]
        caption = "Species along the direction that did not know them"
    if len(order) > 2 * _ENDS:
        order = np.concatenate([order[:_ENDS], order[-_ENDS:]])
        caption += f"; {_ENDS} at either end of {len(plan.taxa):,}"
    rows = [
        (plan.taxa[row].scientific_name, plan.taxa[row].family or None, int(counts[row]), *cells[row]) for row in order
    ]
    return Table(
        name=f"direction_{_slug(direction.trait.name)}_{'within' if plan.is_within else 'species'}",
        caption=caption,
        columns=["species", "family", "images", *last],
        rows=rows,
    )


def _figure(direction: Direction) -> Figure:
    plan, learnt, trait = direction.plan, direction.learnt, direction.trait
    name = f"direction_{_slug(trait.name)}{'_within' if plan.is_within else ''}"
    if not plan.is_within:
        names = [taxon.scientific_name for taxon in plan.taxa]
        drawn = species_figure(learnt.scores, plan.targets[:, 0], names, trait)
        return Figure(name=name, caption=f"Species along the direction of {trait.name}", drawing=drawn)
    if trait.levels is None:
        drawn = images_figure(learnt.scores, plan.learnt_targets[:, 0], trait)
        return Figure(name=name, caption=f"Images along the direction of {trait.name} within species", drawing=drawn)
    means = np.column_stack([_level_means(direction, level) for level in (0.0, 1.0)])
    caption = f"Mean place of {trait.levels[0]} and {trait.levels[1]}; a line a species, green where it rises"
    return Figure(name=name, caption=caption, drawing=levels_figure(means, trait))


def _level_means(direction: Direction, level: float) -> Floats:
    """The mean score of one level in each species (S,), each of which has both."""
    plan = direction.plan
    is_its = (plan.targets[:, 0] == level).astype(float)
    tops = np.bincount(plan.species, weights=is_its * direction.learnt.scores)
    return np.asarray(tops / np.bincount(plan.species, weights=is_its))


def _strip_figure(direction: Direction, drawn: str) -> Figure:
    trait = direction.trait
    ends = f"from {trait.levels[0]} to {trait.levels[1]}" if trait.levels else "from low to high"
    where = "from the species' mean, " if direction.plan.is_within else ""
    return Figure(
        name=f"strip_{_slug(trait.name)}{'_within' if direction.plan.is_within else ''}",
        caption=f"Pictures along the direction of {trait.name}, {where}{ends}; each placed by a direction that did not "
        "know its species, or its observation. Species weigh alike along the strip. Below: the place",
        drawing=drawn,
    )


def _notes(direction: Direction) -> list[str]:
    plan, trait = direction.plan, direction.trait
    notes = [f"Of {len(plan.images):,} images of {len(plan.taxa):,} species."]
    unknown = int((~trait.is_known).sum())
    if unknown:
        notes.append(f"{unknown:,} images have no known value of {trait.name} and are left out.")
    if plan.is_within and len(plan.images) < int(trait.is_known.sum()):
        notes.append(
            f"Within species, only those in which {trait.name} varies can be asked, and at most "
            f"{direction.settings.images_per_species} images of each."
        )
    if not plan.is_within and trait.levels is not None and plan.measure != AREA:
        notes.append(f"{trait.name} varies within species: here it is a species' share of {trait.levels[1]}.")
    return notes


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())
