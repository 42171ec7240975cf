"""The section of the report on the tree: what is asked of a space, in order, and what stands beside each number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from thuja.analyze.finding import Figure, Finding, Section, Table
from thuja.analyze.phylogeny import Phylogeny
from thuja.analyze.space import Space
from thuja.analyze.tree.conformity import conform
from thuja.analyze.tree.figures import agreement_figure, distance_figure, tanglegram
from thuja.analyze.tree.kin import Kin, Side, texts_of
from thuja.analyze.tree.measured import file_name, findings_of
from thuja.analyze.tree.neighbourhood import neighbourhood
from thuja.analyze.tree.settings import TreeSettings
from thuja.analyze.tree.sides import TEXTS, hold_against_texts, species_neighbour_table
from thuja.analyze.tree.two_trees import Parted, parted_pairs, places_in, weigh_trees
from thuja.embeddings import Vectors

TITLE = "Conforming to the tree"
IMAGES = "images"
FEWEST_SPECIES = 4
"""Species that a tree needs: of three there is one shape for any distances."""

ABOUT = (
    "Whether species that are kin lie near each other. Distances are between the means of species ({metric}), tree "
    "distances are rank steps up to the common ancestor and down again. A number counts for what it exceeds: chance, "
    "and what others see in the same images (pixels, the untrained tower, features of ImageNet), since much of the "
    "tree shows in any picture. Intervals redraw clades ({unit}), because species of one clade are alike; excesses "
    "are paired on the same redraws. The trees built are held fixed while their clades are redrawn. A claim HOLDS "
    "where the whole 95 % interval of the excess is above zero (and p, where labels are permuted, is at most .05), "
    "FAILS where it is below, is UNDECIDED in between and wherever there are fewer than eight clades to draw; a share "
    "that all n clades agree on counts as if 3 / n of them might not. Nothing is corrected for the number of claims. "
    "Mantel's p is descriptive."
)


@dataclass(slots=True)
class _Parts:
    """What has been found so far."""

    findings: list[Finding] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def tree_section(
    space: Space,
    generator: np.random.Generator,
    *,
    settings: TreeSettings = TreeSettings(),  # noqa: B008
) -> Section:
    """Hold a space against the tree of its taxa: images and texts, controls, a second tree, and parts by a column.

    Raises UnknownName for another column than the space has. What the space lacks is a note, or the section's reason.
    """
    if settings.by is not None:
        space.column(settings.by)
    kin = Kin.of(space, generator, settings)
    about = ABOUT.format(metric=settings.metric.value, unit=_plural(kin))
    reason = _why_not(space, kin)
    if reason:
        return Section(title=TITLE, about=about, reason=reason)
    parts = _Parts()
    _study(space, kin, parts, generator, settings=settings)
    if not parts.findings:
        return Section(title=TITLE, about=about, tables=parts.tables, reason=" ".join(parts.notes))
    if settings.by is not None:
        _within_values(space, parts, generator, settings=settings)
    return Section(
        title=TITLE,
        about=about,
        findings=parts.findings,
        tables=parts.tables,
        figures=parts.figures,
        notes=parts.notes,
    )


def _study(
    space: Space, kin: Kin, parts: _Parts, generator: np.random.Generator, *, settings: TreeSettings, label: str = ""
) -> None:
    """All measures of one space; `label` names the part of the images that it is, and leaves out figures and texts."""
    of = f"{IMAGES}, {label}" if label else IMAGES
    sides, vectors = _sides(space, kin, parts, settings=settings, where=f"{label}: " if label else "")
    if not vectors:
        return
    parts.notes.extend(_counted(space, kin, label))
    if sides:
        found = conform(kin, sides, generator, settings=settings, of=of)
        parts.findings.extend(findings_of(found.measured, kin.redraws))
        parts.tables.extend(found.tables)
    near = neighbourhood(space, vectors, generator, settings=settings)
    if isinstance(near, str):
        parts.notes.append(near)
    else:
        measured = [replace(one, of=f"{one.of}, {label}" if label else one.of) for one in near.measured]
        parts.findings.extend(findings_of(measured, near.redraws))
        parts.tables.append(near.table(of, "tree_neighbours" + (f"_{file_name(label)}" if label else "")))
        parts.notes.append(
            f"{near.asked:,} of {near.rows:,} images with a lineage were asked for their nearest other image among all"
            f"{f' ({label})' if label else ''}; {near.near_duplicates:,} have one above cosine {settings.near:g}."
        )
        if not label and settings.is_drawn:
            parts.figures.append(agreement_figure(near.steps, "tree_neighbours"))
    if label or not sides:
        return
    if settings.is_drawn:
        parts.figures.append(distance_figure(kin, sides, "tree_distances"))
    _add_tanglegram(kin, sides[0], "tree_tanglegram", parts, settings=settings)
    _texts(space, kin, sides, parts, generator, settings=settings)
    if settings.phylogeny is not None:
        _second_tree(kin, sides, settings.phylogeny, parts, generator, settings=settings)


def _sides(
    space: Space, kin: Kin, parts: _Parts, *, settings: TreeSettings, where: str
) -> tuple[list[Side], Mapping[str, Vectors]]:
    """The model's side and its controls', without those that see no difference; the vectors that have a direction."""
    name = space.model or "model"
    vectors = {name: space.vectors, **{f"{other}": seen for other, seen in space.controls.items()}}
    if name in space.controls:
        vectors = {f"{name} (model)": space.vectors, **space.controls}
    own = next(iter(vectors))
    sides, kept = [], {}
    can_compare = len(kin) >= FEWEST_SPECIES and np.ptp(kin.steps[np.triu_indices(len(kin), 1)]) > 0
    for called, seen in vectors.items():
        side = Side.of_images(called, seen, kin=kin, metric=settings.metric) if len(kin) > 1 else None
        what = "of the model" if called == own else f'of the control "{called}"'
        nought = int((~np.any(seen, axis=1)).sum())
        if nought or (side is not None and side.is_constant):
            fault = (
                f"{nought} of {len(seen)} vectors {what} are nought" if nought else f"the vectors {what} are all alike"
            )
            parts.notes.append(f"{where}{fault}, so that nothing can be measured of them.")
            if called == own:
                return [], {}
            continue
        kept[called] = seen
        if side is not None and can_compare:
            sides.append(side)
    if not can_compare:
        parts.notes.append(
            f"{where}{len(kin)} species that are all equally near on the tree have no order: only neighbours are asked."
            if len(kin) >= FEWEST_SPECIES
            else f"{where}A tree needs {FEWEST_SPECIES} species, and there are {len(kin)}: only neighbours are asked."
        )
    return sides, kept


def _texts(
    space: Space,
    kin: Kin,
    sides: Sequence[Side],
    parts: _Parts,
    generator: np.random.Generator,
    *,
    settings: TreeSettings,
) -> None:
    """The texts' side of the same species, and how it goes with the images'."""
    if space.prototypes is None:
        parts.notes.append("No text vectors were given: the texts' side is not measured.")
        return
    places, vectors = texts_of(kin.taxa, space.prototypes)
    few = kin.among(places)
    if len(places) < FEWEST_SPECIES or np.ptp(few.steps[np.triu_indices(len(few), 1)]) == 0:
        parts.notes.append(f"{len(places)} of {len(kin)} species have a text: too few to hold against the tree.")
        return
    texts = Side.of_means(TEXTS, vectors, metric=settings.metric)
    if texts.is_constant:
        parts.notes.append("The text vectors are all alike, so that nothing can be measured of them.")
        return
    found = conform(few, [texts], generator, settings=settings, of=TEXTS)
    images = [side.among(places, metric=settings.metric) for side in sides]
    measured = [*found.measured, *hold_against_texts(few, images, texts)]
    parts.findings.extend(findings_of(measured, few.redraws))
    parts.tables.extend([*found.tables, species_neighbour_table(few, images[0], texts, settings=settings)])
    parts.notes.append(
        f"Texts are of {len(places):,} of {len(kin):,} species. A text made of a lineage shares words where species "
        "share clades, so that texts near the tree are no finding by themselves."
    )
    _add_tanglegram(few, texts, "tree_tanglegram_texts", parts, settings=settings)


def _second_tree(
    kin: Kin,
    sides: Sequence[Side],
    phylogeny: Phylogeny,
    parts: _Parts,
    generator: np.random.Generator,
    *,
    settings: TreeSettings,
) -> None:
    """Which of the two trees the space follows."""
    places, apart = places_in(kin, phylogeny)
    few = kin.among(places)
    if len(places) < FEWEST_SPECIES or not np.ptp(few.steps[np.triu_indices(len(few), 1)]):
        parts.notes.append(f"{len(places)} of {len(kin)} species are in the phylogeny: too few to weigh two trees.")
        return
    seen = [side.among(places, metric=settings.metric) for side in sides]
    parted = Parted.of(few.steps, apart, generator)
    if not len(parted):
        parts.notes.append("Label taxonomy and phylogeny order no three species the opposite way.")
    parts.findings.extend(findings_of(weigh_trees(few, seen, apart, parted, of=IMAGES), few.redraws))
    parts.tables.append(parted_pairs(few, seen[0], apart))


def _within_values(space: Space, parts: _Parts, generator: np.random.Generator, *, settings: TreeSettings) -> None:
    """The same of the images of each value of a column, searched among themselves."""
    assert settings.by is not None
    column = [None if value in (None, "") else str(value) for value in space.column(settings.by)]
    for value in sorted({value for value in column if value is not None}):
        label = f"{settings.by} {value}"
        rows = np.array([row for row, own in enumerate(column) if own == value], dtype=np.int64)
        if len(rows) < settings.least:
            parts.notes.append(f"{label}: {_images(len(rows))}, too few to be studied apart (least: {settings.least}).")
            continue
        part = replace(space.select(rows), prototypes=None)
        own = replace(settings, by=None, phylogeny=None)
        kin = Kin.of(part, generator, own)
        reason = _why_not(part, kin)
        if reason:
            parts.notes.append(f"{label}: {reason}")
            continue
        _study(part, kin, parts, generator, settings=own, label=label)


def _add_tanglegram(kin: Kin, side: Side, name: str, parts: _Parts, *, settings: TreeSettings) -> None:
    drawn = tanglegram(kin, side, name, metric=settings.metric, most=settings.leaves) if settings.is_drawn else None
    if drawn is not None:
        parts.figures.append(drawn)


def _why_not(space: Space, kin: Kin) -> str:
    """Why a space cannot be held against the tree at all, or nothing."""
    if len(space) < 2:
        return f"There is {len(space)} image, and a neighbour needs two."
    if not any(taxon.rank is not None for taxon in space.taxa):
        return f"None of {len(space):,} images is named at any rank."
    if len(kin) == 1 and len(set(space.taxa)) == 1:
        return f"All {len(space):,} images are of one species ({kin.taxa[0].scientific_name}): there is no tree."
    return ""


def _counted(space: Space, kin: Kin, label: str) -> list[str]:
    """How much was measured, and what was left out."""
    of_species = np.bincount(kin.species[kin.species >= 0], minlength=max(1, len(kin)))
    where = f"{label}: " if label else ""
    notes = [
        f"{where}{_images(len(space))}, {kin.known:,} species of {int(np.median(of_species)):,} images in the median; "
        f"intervals redraw {kin.redraws.count:,} {_plural(kin)}."
    ]
    nameless = int((space.species < 0).sum())
    if nameless:
        notes.append(f"{where}of {_images(nameless)} no species is named: they are neighbours, and in no mean.")
    if len(kin) < kin.known:
        notes.append(
            f"{where}Distances and trees are of {len(kin):,} species, in whole {_plural(kin)} drawn at random."
        )
    return notes


def _images(count: int) -> str:
    return f"{count:,} image" if count == 1 else f"{count:,} images"


def _plural(kin: Kin) -> str:
    words = {"species": "species", "phylum": "phyla", "genus": "genera", "family": "families", "class": "classes"}
    return words.get(kin.redraws.rank.label, f"{kin.redraws.rank.label}s")
