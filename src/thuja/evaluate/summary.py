"""An evaluation in words and plain tables, as the command prints it and the report shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from thuja.evaluate.data import UNSEEN
from thuja.evaluate.run import ZERO_SHOT, Evaluation
from thuja.evaluate.scores import Method, Score
from thuja.taxonomy import RANKS

Measure = Literal["accuracy", "macro"]

MEASURES: dict[Measure, str] = {
    "accuracy": "share of pictures named right",
    "macro": "mean over taxa of the share named right",
}
SPLITS = {
    "test": "New pictures of species met in training",
    UNSEEN: "Species never met in training",
}
_SHORT = {
    Method.MODEL: "by text",
    Method.ROLLED_UP: "rolled up",
    Method.CHANCE: "chance",
    Method.MAJORITY: "commonest",
    Method.PIXELS: "raw pixels",
    Method.UNTRAINED_TEXT: "untrained text",
    Method.UNTRAINED: "untrained centroid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table ready to be shown: words and shares in per cent."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def find(scores: Sequence[Score], method: Method, *, task: str, split: str, rank: str) -> Score | None:
    """The score of one method on one task, or None if it was not put."""
    for score in scores:
        if (score.method, score.task, score.split, score.rank) == (method, task, split, rank):
            return score
    return None


def grids(evaluation: Evaluation) -> list[Grid]:
    """The tables of an evaluation: by rank for either split, all names, few-shot."""
    tables = []
    for split in evaluation.pictures:
        measures: tuple[Measure, ...] = ("macro", "accuracy") if split == UNSEEN else ("accuracy", "macro")
        tables += [_by_rank(evaluation.scores, split, measure) for measure in measures]
    tables += [_by_split(evaluation.scores, evaluation.pictures)]
    return [table for table in tables if table.rows]


def _by_rank(scores: Sequence[Score], split: str, measure: Measure) -> Grid:
    rows = []
    for rank in RANKS:
        found = {
            score.method: score
            for score in scores
            if (score.task, score.split, score.rank) == (ZERO_SHOT, split, rank.label)
        }
        if found:
            model = found[Method.MODEL]
            shares = [percent(getattr(found[method], measure)) if method in found else "" for method in _SHORT]
            rows.append((rank.label, str(model.candidates), str(model.classes), str(model.images), *shares))
    columns = ("rank", "answers", "occurring", "pictures", *_SHORT.values())
    return Grid(title=f"{SPLITS[split]}: {MEASURES[measure]} (zero-shot)", columns=columns, rows=tuple(rows))


def _by_split(scores: Sequence[Score], splits: Iterable[str]) -> Grid:
    """Tasks at species rank whose answers are not the trained names."""
    kept = (Method.MODEL, Method.CHANCE, Method.PIXELS, Method.UNTRAINED_TEXT, Method.UNTRAINED)
    tasks = dict.fromkeys(score.task for score in scores if score.task != ZERO_SHOT)
    rows = []
    for split in splits:
        for task in tasks:
            found = {score.method: score for score in scores if (score.task, score.split) == (task, split)}
            if found:
                model = found[Method.MODEL]
                spread = f" ±{100 * model.spread:.1f}" if model.spread is not None else ""
                shares = [percent(found[method].macro) if method in found else "" for method in kept]
                shares[0] += spread
                rows.append((split, task, str(model.candidates), str(model.images), *shares))
    columns = ("split", "task", "answers", "pictures", "model", *(_SHORT[method] for method in kept[1:]))
    return Grid(
        title=f"Species among all names, and after a few pictures: {MEASURES['macro']}",
        columns=columns,
        rows=tuple(rows),
    )


def percent(share: float | None) -> str:
    """A share in per cent with one decimal, two below one per cent; empty for None."""
    if share is None:
        return ""
    return f"{100 * share:.2f}" if 0 < share < 0.01 else f"{100 * share:.1f}"


def sentences(evaluation: Evaluation) -> list[str]:
    """What was found, in plain words, the main figures first."""
    said = []
    species = _pair(evaluation, "test", "species", ZERO_SHOT, "accuracy")
    if species is not None:
        model, chance = species
        low, high = model.accuracy_interval or (model.accuracy, model.accuracy)
        said.append(
            f"On {model.images:,} new pictures of {model.classes:,} species that it met in training, the model names "
            f"the species right in {percent(model.accuracy)} % (interval {percent(low)} to {percent(high)}), "
            f"{times(model.accuracy, chance.accuracy)} chance ({percent(chance.accuracy)} % for {model.candidates:,} "
            f"names)."
        )
    family = best_unseen_family(evaluation)
    if family is not None:
        model, chance = family
        low, high = model.macro_interval or (model.macro, model.macro)
        way = (
            "the species posterior summed up the tree" if model.method == Method.ROLLED_UP else "the family's own text"
        )
        said.append(
            f"On {model.images:,} pictures of species that it never met, it finds the right family in "
            f"{percent(model.macro)} % as a mean over {model.classes} families (interval {percent(low)} to "
            f"{percent(high)}), {times(model.macro, chance.macro)} chance ({percent(chance.macro)} % for the "
            f"{model.candidates} families with trained members); by {way}, the better of the two ways."
        )
    lost = sum(evaluation.unreadable.values())
    if lost:
        said.append(f"{lost:,} pictures could not be read and are in no score.")
    if evaluation.settings.limit is not None:
        said.append(f"Only {evaluation.settings.limit:,} pictures a split were used (--limit).")
    return said


def best_unseen_family(evaluation: Evaluation) -> tuple[Score, Score] | None:
    """The better of the two ways to a family of species never met, with chance beside it."""
    pairs = [
        _pair(evaluation, UNSEEN, "family", ZERO_SHOT, "macro", method) for method in (Method.ROLLED_UP, Method.MODEL)
    ]
    found = [pair for pair in pairs if pair is not None]
    return max(found, key=lambda pair: pair[0].macro, default=None)


def _pair(
    evaluation: Evaluation, split: str, rank: str, task: str, measure: Measure, method: Method = Method.MODEL
) -> tuple[Score, Score] | None:
    model = find(evaluation.scores, method, task=task, split=split, rank=rank)
    chance = find(evaluation.scores, Method.CHANCE, task=task, split=split, rank=rank)
    return (model, chance) if model is not None and chance is not None else None


def times(share: float, chance: float) -> str:
    """How many times chance: `12.3 times`."""
    ratio = share / chance
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def as_text(evaluation: Evaluation) -> str:
    """Sentences and tables for a terminal, shares in per cent."""
    parts = [*sentences(evaluation), ""]
    for grid in grids(evaluation):
        widths = [max(map(len, column)) for column in zip(grid.columns, *grid.rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if _is_word(grid, place) else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in (grid.columns, *grid.rows)
        ]
        parts += [f"{grid.title}, in per cent", *(f"  {line}" for line in lines), ""]
    return "\n".join(parts).rstrip()


def _is_word(grid: Grid, place: int) -> bool:
    return grid.columns[place] in ("rank", "split", "task")
