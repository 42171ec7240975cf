"""Labels as a CSV table, with what a reader who checked some of them found; never a sentence of a text.

Columns: `rank`, `name`, `kingdom`, `trait`; `labels` as the rules read them, joined by "|", and `primary`; `kind` of
evidence and `words` (the last two of each phrase that told a label); `reason` where nothing was told; `checked` is
`yes` in the reading that precision is told from, `draft` where the label was read to mend the rules, `no` elsewhere;
`by_hand` (the reader's labels) and `basis`: `text` where the introduction says so, `knowledge` where it does
not say enough and the reader knew, `differs` where it says otherwise than the reader knew.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from thuja.analyze.ecology.labelling import Ecology, EcologyLabel
from thuja.analyze.ecology.reading import Kind
from thuja.analyze.ecology.vocabulary import LABELS, Trait, primary_of
from thuja.errors import BadFile
from thuja.jobs import atomic_path
from thuja.taxonomy import Rank, Taxon

COLUMNS: Final = (
    "rank", "name", "kingdom", "trait", "labels", "primary", "kind", "words", "reason", "checked", "by_hand", "basis",
)  # fmt: skip
CHECKS: Final = ("no", "draft", "yes")
BASES: Final = ("text", "knowledge", "differs")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLabel:
    """A label of the rules with the reader's own labels, none where nobody checked it.

    `is_draft` says that the rules were mended by what the reader found here: it tells nothing of their precision.
    """

    label: EcologyLabel
    by_hand: tuple[str, ...] = ()
    basis: str = ""
    is_draft: bool = False

    @property
    def is_read(self) -> bool:
        """Whether a reader wrote down what is right, for whatever purpose."""
        return bool(self.by_hand)

    @property
    def is_checked(self) -> bool:
        """Whether a reader wrote down what is right of rules that had not seen this label."""
        return self.is_read and not self.is_draft

    @property
    def is_right(self) -> bool:
        """Whether the rules came to the reader's primary label."""
        return self.is_read and self.label.primary == primary_of(self.by_hand)

    @property
    def best(self) -> EcologyLabel:
        """The reader's labels where there are any, else those of the rules."""
        return replace(self.label, labels=self.by_hand) if self.is_read else self.label


def ecology_from(rows: Sequence[CheckedLabel]) -> Ecology:
    """The labels to work with: checked ones as the reader has them, the others as the rules have them."""
    return Ecology(labels=[row.best for row in rows])


def write_labels(rows: Sequence[CheckedLabel], path: Path) -> None:
    """Write the table, whole or not at all."""
    with atomic_path(Path(path)) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_cells, rows))


def read_labels(path: Path) -> list[CheckedLabel]:
    """Read what `write_labels` wrote; raises BadFile for other columns or a label that no trait has."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise BadFile(f"{path} has the columns {reader.fieldnames}", hint=f"expected {', '.join(COLUMNS)}")
        return [_row(cells, path) for cells in reader]


def _cells(row: CheckedLabel) -> list[str]:
    label, rank = row.label, row.label.taxon.rank
    return [
        rank.label if rank is not None else "",
        label.taxon.scientific_name,
        label.taxon.kingdom,
        label.trait.value,
        "|".join(label.labels),
        label.primary,
        label.kind.value if label.kind is not None else "",
        "|".join(" ".join(word.split()[-2:]) for word in label.words),
        label.reason,
        "yes" if row.is_checked else "draft" if row.is_draft else "no",
        "|".join(row.by_hand),
        row.basis,
    ]


def _row(cells: dict[str, str], path: Path) -> CheckedLabel:
    try:
        trait, by_hand = Trait(cells["trait"]), _parts(cells["by_hand"])
        label = EcologyLabel(
            taxon=_taxon(cells),
            trait=trait,
            labels=_parts(cells["labels"]),
            kind=Kind(cells["kind"]) if cells["kind"] else None,
            words=_parts(cells["words"]),
            reason=cells["reason"],
        )
    except ValueError as error:
        raise BadFile(f"{path} holds a row that cannot be read: {error}") from error
    unknown = set(by_hand) - set(LABELS[trait])
    if unknown:
        raise BadFile(f'{path}: no {trait} is called "{min(unknown)}"')
    return CheckedLabel(label=label, by_hand=by_hand, basis=cells["basis"], is_draft=cells["checked"] == "draft")


def _taxon(cells: dict[str, str]) -> Taxon:
    """A genus or family of a kingdom; what lies between them the table does not say."""
    name, kingdom = cells["name"], cells["kingdom"]
    is_genus = Rank.parse(cells["rank"]) is Rank.GENUS
    return Taxon(kingdom=kingdom, genus=name) if is_genus else Taxon(kingdom=kingdom, family=name)


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()
