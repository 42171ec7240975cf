"""The labels of analyze_real.py: how often they are right, how many images have one, and the columns made of them.

`thuja.analyze.ecology` reads them; benchmarks/results/ecology_labels.csv holds them, with 150 that were checked by
hand and 150 more that the rules were mended by. The texts themselves are not handed on.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from thuja.analyze import Finding, Section, Space, Table
from thuja.analyze.ecology import (
    PRIMARIES,
    CheckedLabel,
    Ecology,
    EcologyLabel,
    Kind,
    Trait,
    ecology_from,
    error_rate,
    label_ecology,
    precision_by_label,
    primary_of,
    wilson,
    woodiness,
)
from thuja.report import Cell
from thuja.taxonomy import Taxon

LABELS = Path(__file__).parent / "results" / "ecology_labels.csv"
_OTHER_FORMS = ("graminoid", "climber", "fern", "moss", "succulent", "aquatic", "herb")
_STAGES = frozenset(
    {"larva", "larvae", "zoea", "ephyra", "eggs", "young", "adult", "pluteus", "echinopluteus", "tornaria"}
    | {"bipinnaria", "brachiolaria", "auricularia", "trochophore"}
)

Columns = Mapping[str, Sequence[str | None]]


def columns_of(taxa: Sequence[Taxon], ecology: Ecology) -> dict[str, list[str | None]]:
    """The traits as columns, None where nothing is known, or where a taxon is of several kinds.

    `habitat` is one of three, `water` two of them against land, `water_said` without what only a group's name tells;
    `growth` calls trees and shrubs woody, since the check
    found that introductions do not tell them apart; `woody` is woody against herbs and grasses.
    """
    habitats = [ecology.of(taxon, Trait.HABITAT) for taxon in taxa]
    forms = [ecology.of(taxon, Trait.GROWTH_FORM) if taxon.kingdom == "Plantae" else None for taxon in taxa]
    habitat = [_single(label) for label in habitats]
    return {
        "habitat": habitat,
        "water": [_water(value) for value in habitat],
        "water_said": [
            _water(value) if label is not None and label.kind is not Kind.NAMED else None
            for value, label in zip(habitat, habitats, strict=True)
        ],
        "growth": [_growth(label) for label in forms],
        "woody": [(woodiness(label.labels) or None) if label is not None else None for label in forms],
    }


def label_section(space: Space, rows: Sequence[CheckedLabel], *, is_fresh: bool | None) -> Section:
    """Precision by label, and how many images have which."""
    checked = [row for row in rows if row.is_checked]
    right = sum(row.is_right for row in checked)
    errors = {trait: error_rate(rows, trait) for trait in Trait}
    fresh = {
        None: "The introductions are not installed (pip install 'thuja[introductions]'): the labels are as committed.",
        True: "Read again from the introductions that are installed, the labels are those that are committed.",
        False: "Read again from the introductions that are installed, labels differ from those that are committed.",
    }[is_fresh]
    return Section(
        title="Labels of ecology, and how often they are right",
        about="Habitats (marine, freshwater, terrestrial) and growth forms of plants are read from the introductions "
        "of genera and families by rules of ours. 150 labels, five or more of each label and rank where there are, "
        "were checked by hand; right means that the rules came to the reader's one word. The reader had the text and "
        "knew some biology, and had not seen the label.",
        findings=[
            Finding(
                claim="a label is what a reader finds",
                measure="share of checked labels that are right, with Wilson's interval",
                of=f"{len(checked)} labels, drawn by label and rank",
                value=wilson(right, len(checked)),
            )
        ],
        tables=[_precision_table(rows), _coverage_table(space)],
        notes=[
            fresh,
            "Read labels are used as the reader has them; of the others "
            + " and ".join(f"{rate:.1%} of {trait.value.replace('_', ' ')}s" for trait, rate in errors.items())
            + " are expected to be wrong, each label erring as often as in the check.",
            _bases(checked),
        ],
    )


def is_fresh(rows: Sequence[CheckedLabel], read: Sequence[EcologyLabel]) -> bool:
    """Whether labels that were read again are those of the table."""
    return {_key(row.label): row.label.labels for row in rows} == {_key(label): label.labels for label in read}


def _key(label: EcologyLabel) -> tuple[str, str, str, str]:
    rank = label.taxon.rank
    return (rank.label if rank else "", label.taxon.scientific_name, label.taxon.kingdom, label.trait.value)


def stage_section(manifest: Path | None) -> Section:
    """The only words of stage in the photos that can be had, and what they are confounded with."""
    title = "Life stage and sex"
    about = "Whether variation within species is kept apart from differences between them."
    if manifest is None or not manifest.is_file():
        return Section(title=title, about=about, reason="there is no manifest of photos (--photos), and no vectors.")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["set"].startswith("plankton")]
    counts = Counter(row["label"] for row in rows)
    staged = {label: _without_stage(label) for label in counts if set(label.lower().split("_")) & _STAGES}
    both = {label: rest for label, rest in staged.items() if rest in counts}
    siblings = Counter(staged.values())
    several = {label for label, rest in staged.items() if siblings[rest] > 1 and rest}
    return Section(
        title=title,
        about=about,
        reason="no column of the 909 rows and none of the photos' manifest says stage or sex. Stage words stand in "
        f"{len(staged)} of {len(counts)} class names of plankton ({sum(counts[one] for one in staged)} of {len(rows)} "
        f"pictures). {len(both)} of these classes have a class of the same name without the word, and "
        f"{len(several - set(both))} more one with another stage word; none of them names a species. In all others a "
        "stage is one taxon and that taxon is one stage, so that the two cannot be parted.",
        tables=[
            Table(
                name="real_stages",
                caption="Plankton classes with a stage word, and the class without it, if there is one.",
                columns=("class", "pictures", "without the word", "pictures of that"),
                rows=[
                    (label, counts[label], rest if rest in counts else None, counts.get(rest) or None)
                    for label, rest in sorted(staged.items())
                ],
            )
        ],
    )


def _without_stage(label: str) -> str:
    return "_".join(word for word in label.split("_") if word.lower() not in _STAGES)


def _single(label: EcologyLabel | None) -> str | None:
    return label.labels[0] if label is not None and len(label.labels) == 1 else None


def _water(habitat: str | None) -> str | None:
    return None if habitat is None else "land" if habitat == "terrestrial" else "water"


def _growth(label: EcologyLabel | None) -> str | None:
    if label is None:
        return None
    if woodiness(label.labels) == "woody":
        return "woody"
    return label.labels[0] if len(label.labels) == 1 and label.labels[0] in _OTHER_FORMS else None


def _precision_table(rows: Sequence[CheckedLabel]) -> Table:
    found = precision_by_label(rows)
    cells: list[Sequence[Cell]] = []
    for trait, primaries in PRIMARIES.items():
        for primary in primaries:
            own = [row for row in rows if row.label.trait is trait and row.label.primary == primary]
            one = found.get((trait.value, primary))
            share = one.interval if one is not None else None
            cells.append(
                (
                    trait.value,
                    primary,
                    len(own),
                    sum(row.is_draft for row in own),
                    one.checked if one is not None else 0,
                    one.right if one is not None else 0,
                    None if share is None else round(share.value, 3),
                    None if share is None else f"{share.low:.2f} to {share.high:.2f}",
                    _mistaken(own),
                )
            )
    return Table(
        name="real_precision",
        caption="Labels of genera and families together, those read to mend the rules, those checked, and the share of "
        "these that is right with Wilson's 95 % interval.",
        columns=("trait", "label", "taxa", "mended by", "checked", "right", "precision", "95 %", "was in truth"),
        rows=cells,
    )


def _mistaken(rows: Sequence[CheckedLabel]) -> str:
    wrong = Counter(primary_of(row.by_hand) for row in rows if row.is_checked and not row.is_right)
    return ", ".join(f"{name} {count}" for name, count in wrong.most_common())


def _bases(checked: Sequence[CheckedLabel]) -> str:
    counts = Counter(row.basis for row in checked)
    return (
        f"Of the {len(checked)} the text alone says what is right in {counts['text']}; in {counts['knowledge']} it "
        f"does not say enough and the reader knew; in {counts['differs']} it says otherwise than the reader knew."
    )


def _coverage_table(space: Space) -> Table:
    cells: list[Sequence[Cell]] = []
    for name in ("habitat", "water", "water_said", "growth", "woody"):
        column, kinds = space.column(name), space.column("kind")
        taxa = space.taxa
        for value in sorted({str(value) for value in column if value is not None}):
            rows = [row for row, own in enumerate(column) if own == value]
            cells.append(
                (
                    name,
                    value,
                    len(rows),
                    len({taxa[row].genus for row in rows if taxa[row].genus}),
                    len({taxa[row].order for row in rows if taxa[row].order}),
                    sum(kinds[row] == "museum" for row in rows),
                )
            )
        cells.append((name, "not used", sum(value is None for value in column), None, None, None))
    return Table(
        name="real_coverage",
        caption="Images by trait, after taxa of several kinds and those of which nothing is said are set aside.",
        columns=("trait", "value", "images", "genera", "orders", "of them museum"),
        rows=cells,
    )


__all__ = ["LABELS", "columns_of", "ecology_from", "is_fresh", "label_ecology", "label_section", "stage_section"]
