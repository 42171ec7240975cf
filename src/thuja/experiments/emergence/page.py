"""The experiment's tables in Markdown: a mean over worlds, and the difference from the arm that is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.experiments.emergence.rows import Point
from thuja.experiments.table import mean_over_worlds, paired

Scores = dict[tuple[str, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading, and the scores of a point whose mean stands below it."""

    heading: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One table: its title, the arms with what they are called, the arm that is compared with, and the columns."""

    title: str
    arms: tuple[tuple[str, str], ...]
    reference: str
    columns: tuple[Column, ...]


STAGE_AND_SEX: Final = ("fisher_life_stage", "fisher_sex")
_HEADLINE: Final = (
    ("emergence/plain", "lineages"),
    ("emergence/shuffled", "lineages, shuffled"),
    ("emergence/cosine", "classes by angle"),
    ("emergence/untrained", "untrained"),
    ("emergence/pixels", "raw pixels"),
    ("emergence/imagenet", "ImageNet features"),
)
_CEILINGS: Final = (
    ("ceiling/truth", "ceiling: the true traits shown"),
    ("ceiling/kin", "the tree alone"),
    ("ceiling/ground", "the ground alone"),
)
_SCALES: Final = (
    ("scale/all", "96 species, 64 pictures, 64 dimensions"),
    ("scale/species_x4", "24 species"),
    ("scale/species_x1", "6 species"),
    ("scale/images_x4", "16 pictures a species"),
    ("scale/both_x4", "24 species, 16 pictures"),
    ("scale/steps_x4", "a quarter of the steps"),
    ("scale/species_x4_equal_epochs", "24 species, equal epochs"),
    ("scale/images_x4_equal_epochs", "16 pictures, equal epochs"),
    ("scale/narrow", "96 species, 16 dimensions"),
    ("scale/narrow_species_x4", "24 species, 16 dimensions"),
)
_CONTROLS: Final = (
    ("controls/plain", "lineages"),
    ("controls/binomial", "binomials alone"),
    ("controls/shuffled", "lineages, shuffled"),
    ("controls/reversed", "lineages from the species up"),
    ("controls/random", "words of random letters"),
    ("controls/cosine", "classes by angle"),
    ("controls/linear", "classes by a linear layer"),
    ("controls/supervised", "supervised contrastive, pictures alone"),
    ("controls/untrained", "untrained"),
)
_WITHIN: Final = (
    Column(heading="share in 10 directions", names=("split",)),
    Column(heading="log of it over its null", names=("log_split",)),
    Column(heading="dimensions filled", names=("participation",)),
    Column(heading="Fisher, stage and sex", names=STAGE_AND_SEX),
    Column(heading="told outside the span", names=("outside_life_stage", "outside_sex")),
)
_TREE: Final = (
    Column(heading="tau", names=("tau_neutral",)),
    Column(heading="tau, other ground", names=("tau_other",)),
    Column(heading="family", names=("family_neutral",)),
    Column(heading="family, other ground", names=("family_other",)),
)
_ECOLOGY: Final = (
    Column(heading="habitat, own ground", names=("habitat_own",)),
    Column(heading="habitat, no ground", names=("habitat_neutral",)),
    Column(heading="habitat, other ground", names=("habitat_other",)),
    Column(heading="its null, no ground", names=("habitat_null_neutral",)),
    Column(heading="decoys' habitat, no ground", names=("shadow_neutral",)),
    Column(heading="convergent traits", names=("convergent_neutral",)),
    Column(heading="decoy traits", names=("decoy_neutral",)),
    Column(heading="undrawn", names=("hidden_1_neutral", "hidden_2_neutral")),
)
_SPECIES: Final = Column(heading="trained species by name", names=("species_neutral",))
_THEOREM: Final = (
    Column(heading="predicted over measured, near", names=("ratio",)),
    Column(heading="at full length", names=("full_ratio",)),
    Column(heading="rank correlation", names=("follows",)),
    Column(heading="length in temperatures", names=("length",)),
    Column(heading="penalised, log over all variance", names=("penalised",)),
    Column(heading="texts' tau: lineages", names=("tau_text_plain",)),
    Column(heading="reversed", names=("tau_text_reversed",)),
    Column(heading="scientific", names=("tau_text_scientific",)),
    Column(heading="shuffled", names=("tau_text_shuffled",)),
)
TABLES: Final = (
    Shown(title="The tree", arms=(*_HEADLINE, *_CEILINGS), reference="emergence/plain", columns=(_SPECIES, *_TREE)),
    Shown(title="Ecology", arms=(*_HEADLINE, *_CEILINGS), reference="emergence/plain", columns=_ECOLOGY),
    Shown(title="Within species", arms=_HEADLINE, reference="emergence/plain", columns=_WITHIN),
    Shown(title="Scale", arms=_SCALES, reference="scale/all", columns=(_SPECIES, _TREE[0], *_WITHIN)),
    Shown(
        title="Controls",
        arms=_CONTROLS,
        reference="controls/plain",
        columns=(_SPECIES, _TREE[0], _ECOLOGY[1], _WITHIN[0], _WITHIN[1], _WITHIN[3]),
    ),
    Shown(title="The theorem", arms=_HEADLINE[:4], reference="emergence/plain", columns=_THEOREM),
)


def to_page(points: Sequence[Point]) -> str:
    """Every table, one under the other."""
    return "\n".join(to_table(points, shown) for shown in TABLES)


def to_table(points: Sequence[Point], shown: Shown) -> str:
    """One table: a line an arm that has points; in brackets the difference from the reference and its 95 % interval."""
    headings = ["", *(column.heading for column in shown.columns), "points"]
    lines = [f"### {shown.title}", "", _line(headings), _line(["---"] * len(headings))]
    for arm, called in shown.arms:
        own = [point for point in points if point.arm == arm]
        if not own:
            continue
        cells = [called]
        for column in shown.columns:
            scores, reference = (means_of(points, name, column.names) for name in (arm, shown.reference))
            mean = mean_over_worlds(scores)
            gap = paired(_like(scores, reference), reference) if arm != shown.reference else None
            told = "" if mean is None else f"{mean:.3f}"
            cells.append(told + (f" ({gap.value:+.3f}, {gap.low:+.3f} to {gap.high:+.3f})" if gap and told else ""))
        lines.append(_line([*cells, str(len(own))]))
    return "\n".join([*lines, ""])


def means_of(points: Sequence[Point], arm: str, names: tuple[str, ...]) -> Scores:
    """The mean of some scores of each of an arm's points that has them all, by world and seed."""
    return {
        (one.world, one.seed): float(np.mean([one.scores[name] for name in names]))
        for one in points
        if one.arm == arm and all(name in one.scores for name in names)
    }


def _like(scores: Scores, reference: Scores) -> Scores:
    """What has no seed of its own (a ceiling) for every seed of the reference."""
    worlds = {world: value for (world, _), value in scores.items()}
    if len(worlds) < len(scores):
        return scores
    return {place: worlds[place[0]] for place in reference if place[0] in worlds}


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
