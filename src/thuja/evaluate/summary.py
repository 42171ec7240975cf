"""An evaluation in words and plain tables, as the command prints it and the report shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from thuja.evaluate.data import UNSEEN
from thuja.evaluate.exposure import imagenet_class, is_listed
from thuja.evaluate.grid import Grid, laid_out, percent
from thuja.evaluate.run import ZERO_SHOT, Evaluation
from thuja.evaluate.scores import Method, Score
from thuja.taxonomy import RANKS, Rank

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
    Method.CENTROID: "centroid",
    Method.CHANCE: "chance",
    Method.MAJORITY: "commonest",
    Method.PIXELS: "raw pixels",
    Method.UNTRAINED_TEXT: "untrained text",
    Method.UNTRAINED: "untrained centroid",
}


def exposure_grid(evaluation: Evaluation) -> Grid | None:
    """Right answers by how well a pretrained trunk knew the species before; None without such a trunk.

    Of new pictures the species, of species never met the family (rolled up).
    """
    rows = []
    for split, asked_rank in (("test", Rank.SPECIES), (UNSEEN, Rank.FAMILY)) if evaluation.imagenet_trunk else ():
        answered = evaluation.answered(split, asked_rank)
        if answered is None:
            continue
        taxa = evaluation.pictures[split].taxa
        is_right = answered.top.indices[:, 0] == answered.task.question.truth
        for rank, words in _EXPOSURES.items():
            chosen = [row for row, taxon in enumerate(taxa) if is_listed(taxon) and imagenet_class(taxon) == rank]
            if chosen:
                met = len({taxa[row] for row in chosen})
                share = percent(float(is_right[chosen].mean()))
                rows.append((split, asked_rank.label, words, str(met), str(len(chosen)), share))
    columns = ("split", "asked", "ImageNet has a class for", "species", "pictures", "right")
    title = "What the trunk met before: pictures named right (zero-shot)"
    return Grid(title=title, columns=columns, rows=tuple(rows)) if rows else None


_EXPOSURES = {Rank.SPECIES: "the species", Rank.GENUS: "its genus", Rank.FAMILY: "its family", None: "none of these"}


def met_before(evaluation: Evaluation) -> list[str]:
    """The species in the evaluation that are classes of ImageNet themselves, sorted; empty without its trunk."""
    taxa = {taxon for pictures in evaluation.pictures.values() for taxon in pictures.taxa}
    if not evaluation.imagenet_trunk:
        return []
    return sorted(taxon.binomial for taxon in taxa if imagenet_class(taxon) == Rank.SPECIES)


def find(scores: Sequence[Score], method: Method, *, task: str, split: str, rank: str) -> Score | None:
    """The score of one method on one task, or None if it was not put."""
    for score in scores:
        if (score.method, score.task, score.split, score.rank) == (method, task, split, rank):
            return score
    return None


MAIN = (
    ("test", "species", "accuracy"),
    ("test", "family", "accuracy"),
    (UNSEEN, "genus", "macro"),
    (UNSEEN, "family", "macro"),
    (UNSEEN, "order", "macro"),
)


def main_grid(evaluation: Evaluation) -> Grid:
    """The main zero-shot scores beside their baselines, one row a question."""
    rows = []
    for split, rank, measure in MAIN:
        found = {
            score.method: score
            for score in evaluation.scores
            if (score.task, score.split, score.rank) == (ZERO_SHOT, split, rank)
        }
        model = best_zero_shot(evaluation.scores, split, rank, measure=measure)
        if model is None:
            continue
        low, high = getattr(model, f"{measure}_interval") or (getattr(model, measure),) * 2
        untrained = [getattr(found[way], measure) for way in (Method.UNTRAINED, Method.UNTRAINED_TEXT) if way in found]
        pixels = found.get(Method.PIXELS)
        rows.append(
            (
                f"{rank}, {'new pictures' if split == 'test' else 'species never met'}",
                str(model.candidates),
                str(model.classes),
                str(model.images),
                percent(getattr(model, measure)),
                f"{percent(low)}–{percent(high)}",
                percent(getattr(found[Method.CHANCE], measure)),
                percent(found[Method.MAJORITY].accuracy),
                percent(getattr(pixels, measure)) if pixels else "",
                percent(max(untrained)) if untrained else "",
            )
        )
    columns = (
        "question",
        "answers",
        "taxa",
        "pictures",
        "model",
        "interval",
        "chance",
        "commonest",
        "raw pixels",
        "untrained",
    )
    title = (
        "Zero-shot, the better way of two; of new pictures the share named right, of species never met the mean over "
        "taxa (commonest: always the share of pictures)"
    )
    return Grid(title=title, columns=columns, rows=tuple(rows))


def best_zero_shot(scores: Sequence[Score], split: str, rank: str, *, measure: str) -> Score | None:
    """The better of the two zero-shot ways, the text at the rank and the species posterior rolled up."""
    found = [find(scores, way, task=ZERO_SHOT, split=split, rank=rank) for way in (Method.ROLLED_UP, Method.MODEL)]
    return max((score for score in found if score), key=lambda score: float(getattr(score, measure)), default=None)


def grids(evaluation: Evaluation) -> list[Grid]:
    """The tables of an evaluation: by rank for either split, all names, few-shot."""
    tables = []
    for split in evaluation.pictures:
        measures: tuple[Measure, ...] = ("macro", "accuracy") if split == UNSEEN else ("accuracy", "macro")
        tables += [_by_rank(evaluation.scores, split, measure, is_main=measure == measures[0]) for measure in measures]
    tables += [_by_split(evaluation.scores, evaluation.pictures)]
    return [table for table in tables if table.rows]


def _by_rank(scores: Sequence[Score], split: str, measure: Measure, *, is_main: bool) -> Grid:
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
    columns = ("rank", "answers", "taxa", "pictures", *_SHORT.values())
    return Grid(
        title=f"{SPLITS[split]}: {MEASURES[measure]} (zero-shot)", columns=columns, rows=tuple(rows), is_main=is_main
    )


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


def sentences(evaluation: Evaluation) -> list[str]:
    """What was found, in plain words, the main figures first."""
    said = []
    model = find(evaluation.scores, Method.MODEL, task=ZERO_SHOT, split="test", rank="species")
    chance = find(evaluation.scores, Method.CHANCE, task=ZERO_SHOT, split="test", rank="species")
    if model is not None and chance is not None:
        said.append(
            f"On {model.images:,} new pictures of {model.classes:,} species that it met in training, the model names "
            f"the species right in {percent(model.accuracy)} % (95 % interval {_between(model.accuracy_interval)}), "
            f"{times(model.accuracy, chance.accuracy)} chance ({percent(chance.accuracy)} % for {model.candidates:,} "
            f"names)."
        )
    family = best_unseen_family(evaluation)
    if family is not None:
        model, chance = family
        commonest = find(evaluation.scores, Method.MAJORITY, task=ZERO_SHOT, split=UNSEEN, rank="family")
        way = (
            "the species posterior summed up the tree" if model.method == Method.ROLLED_UP else "the family's own text"
        )
        said.append(
            f"On {model.images:,} pictures of species that it never met, it finds the right family in "
            f"{percent(model.macro)} % as a mean over {model.classes} families (95 % interval "
            f"{_between(model.macro_interval)}), {times(model.macro, chance.macro)} chance ({percent(chance.macro)} % "
            f"for the {model.candidates} families with trained members), by {way}, the better of the two ways. Of the "
            f"pictures it is right on {percent(model.accuracy)} %; always answering the family that is commonest in "
            f"training is right on {percent(commonest.accuracy if commonest else None)} %."
        )
    met = met_before(evaluation)
    if met:
        said.append(f"The trunk met {len(met)} of these species as classes of ImageNet: {', '.join(met)}.")
    lost = sum(evaluation.unreadable.values())
    if lost:
        said.append(f"{lost:,} pictures could not be read and are in no score.")
    if evaluation.settings.limit is not None:
        said.append(f"Only {evaluation.settings.limit:,} pictures a split were used (--limit).")
    return said


def best_unseen_family(evaluation: Evaluation) -> tuple[Score, Score] | None:
    """The better of the two ways to a family of species never met, with chance beside it."""
    model = best_zero_shot(evaluation.scores, UNSEEN, "family", measure="macro")
    chance = find(evaluation.scores, Method.CHANCE, task=ZERO_SHOT, split=UNSEEN, rank="family")
    return (model, chance) if model is not None and chance is not None else None


def times(share: float, chance: float) -> str:
    """How many times chance: `12.3 times`."""
    ratio = share / chance
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def _between(interval: tuple[float, float] | None) -> str:
    return "not known" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"


def as_text(evaluation: Evaluation) -> str:
    """Sentences and tables for a terminal: shares in per cent, then the first table of each chapter."""
    shown = [main_grid(evaluation), *(grid for grid in grids(evaluation) if grid.is_main)]
    exposure = exposure_grid(evaluation)
    shown += [exposure] if exposure else []
    tables = [laid_out(replace(grid, title=f"{grid.title}, in per cent")) for grid in shown if grid.rows]
    for chapter in evaluation.chapters:
        tables += [laid_out(grid) for grid in chapter.grids if grid.is_main][:1] or [chapter.in_short()]
    return "\n\n".join(["\n".join(sentences(evaluation)), *tables])
