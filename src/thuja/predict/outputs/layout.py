"""Which columns an output has: pybioclip's, in its order, and behind them what else was asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from thuja.predict.answers import Answer, Guess, Prediction, Question
from thuja.predict.outputs.identifiers import Identifiers
from thuja.taxonomy import RANKS, Rank, Taxon

Value = str | float | int | None
Row = dict[str, Value]
TargetKind = Literal["category", "labels", "number"]
Kind = Literal["text", "score", "number", "count"]

BETWEEN: Final = " | "
"""Parts the subtrees or labels in one cell: no name holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What was asked, as far as it makes columns.

    `rank` is what is answered, None for custom labels. `has_places` adds the score without place and date,
    `unseen` the ranks that are told apart from what is known, `targets` what examples say. `group_by` is the column
    that images are pooled by. `has_own_ids` says that rows have ids of their own. `kept` come along from the table
    that names the images; one that is called as a column of the output comes as `given_NAME`.
    """

    rank: Rank | None = Rank.SPECIES
    question: Question = field(default_factory=Question)
    has_places: bool = False
    unseen: Sequence[Rank] = ()
    targets: Mapping[str, TargetKind] = field(default_factory=dict)
    group_by: str | None = None
    has_boxes: bool = False
    has_own_ids: bool = False
    kept: Sequence[str] = ()
    identifiers: Identifiers | None = None

    @property
    def plain(self) -> tuple[str, ...]:
        """pybioclip's columns: `species` is the binomial."""
        if self.rank is None:
            return ("file_name", "classification", "score")
        above = tuple(level.label for level in RANKS if level <= min(self.rank, Rank.GENUS))
        names = ("species_epithet", "species", "common_name") if self.rank == Rank.SPECIES else ()
        return ("file_name", *above, *names, "score")

    @property
    def columns(self) -> dict[str, Kind]:
        """Every column of a row an answer, in order, with what it holds."""
        kinds: dict[str, Kind] = {name: "score" if name == "score" else "text" for name in self.plain}
        if self.has_places:
            kinds["score_unplaced"] = "score"
        if self.identifiers is not None:
            kinds |= dict.fromkeys(("taxon_id", "accepted_name", "backbone"), "text")
        if self.question.confidence is not None:
            kinds |= {"settled_rank": "text", "settled_taxon": "text", "settled_score": "score"}
        if self.question.coverage is not None:
            kinds["within"] = "text"
        kinds |= {f"unseen_{rank.label}": "score" for rank in self.unseen}
        for name, kind in self.targets.items():
            kinds[f"target_{name}"] = "number" if kind == "number" else "text"
            if kind == "category":
                kinds[f"target_{name}_probability"] = "score"
            if kind == "number":
                kinds |= {f"target_{name}_low": "number", f"target_{name}_high": "number"}
        if self.has_own_ids:
            kinds["id"] = "text"
        if self.has_boxes:
            kinds["box"] = "text"
        if self.group_by is not None:
            kinds |= {"images": "count", "images_failed": "count"}
        kinds |= dict.fromkeys(self.carried, "text")
        return kinds | {"error": "text"}

    @property
    def carried(self) -> dict[str, str]:
        """The columns that come along, by what they are called in the output; what groups is one of them."""
        taken = {*self.plain, "id", "box", "images", "images_failed", "error", "taxon_id", "accepted_name", "backbone"}
        wanted = dict.fromkeys((*([self.group_by] if self.group_by else []), *self.kept))
        return {f"given_{name}" if name in taken else name: name for name in wanted}


def columns_of(layout: Layout) -> tuple[str, ...]:
    """The columns of a layout."""
    return tuple(layout.columns)


def rows_of(prediction: Prediction, layout: Layout) -> list[Row]:
    """A row an answer, best first; what has no answer is one row with its error.

    What is said of the organism, and not of one answer, stands in each of its rows.
    """
    columns = layout.columns
    said = _said_of_all(prediction, layout)
    rows = [said | _said_of(answer, layout) for answer in prediction.answers] or [said]
    return [{column: row.get(column) for column in columns} for row in rows]


def _said_of_all(prediction: Prediction, layout: Layout) -> Row:
    judgement = prediction.judgement
    row: Row = {name: _text(prediction.cells.get(cell)) for name, cell in layout.carried.items()}
    if layout.group_by is not None:
        by = next(name for name, cell in layout.carried.items() if cell == layout.group_by)
        row[by] = row[by] or prediction.id
    row |= {
        "file_name": prediction.file_name,
        "id": prediction.id,
        "box": prediction.box or None,
        "images": prediction.images,
        "images_failed": prediction.failed,
        "error": prediction.error or None,
    }
    row |= {f"unseen_{rank.label}": chance for rank, chance in judgement.unseen.items()}
    if judgement.settled is not None:
        taxon = judgement.settled.taxon
        rank = taxon.rank if taxon is not None else None
        row |= {
            "settled_rank": rank.label if rank is not None else None,
            "settled_taxon": judgement.settled.text,
            "settled_score": judgement.settled.score,
        }
    if judgement.within is not None:
        row["within"] = BETWEEN.join(answer.text for answer in judgement.within)
    for name, guess in judgement.targets.items():
        row |= _guessed(name, guess)
    return row


def _said_of(answer: Answer, layout: Layout) -> Row:
    row: Row = {"classification": answer.text, "score": answer.score, "score_unplaced": answer.unplaced}
    if answer.taxon is not None:
        row |= ranks_of(answer.taxon)
    if layout.rank is not None and not _is_on_the_tree(answer.taxon):
        # "None of these", or a class of examples, stands where the others' names do: else no cell names it.
        row[layout.rank.label] = answer.text or None
    if layout.identifiers is not None:
        found = layout.identifiers.of(answer.taxon)
        row |= {"taxon_id": found.id, "accepted_name": found.accepted_name, "backbone": found.backbone}
    return row


def _is_on_the_tree(taxon: Taxon | None) -> bool:
    """Whether it has a name above the species; a class of examples that is no taxon has its words for an epithet."""
    return taxon is not None and any(taxon[level] for level in RANKS if level < Rank.SPECIES)


def ranks_of(taxon: Taxon) -> Row:
    """A taxon as pybioclip's columns have it."""
    row: Row = {level.label: taxon[level] or None for level in RANKS}
    return row | {
        "species_epithet": taxon.species or None,
        "species": taxon.binomial or None,
        "common_name": taxon.common or None,
    }


def _guessed(name: str, guess: Guess) -> Row:
    value = BETWEEN.join(guess.value) if isinstance(guess.value, tuple) else guess.value
    return {
        f"target_{name}": value,
        f"target_{name}_probability": guess.probability,
        f"target_{name}_low": guess.low,
        f"target_{name}_high": guess.high,
    }


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
