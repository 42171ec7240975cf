"""The report of an evaluation: one HTML page, the answer first, then what it is made of."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.errors import ImageError
from thuja.evaluate import figures, summary
from thuja.evaluate.data import UNSEEN
from thuja.evaluate.exposure import imagenet_class
from thuja.evaluate.grid import percent
from thuja.evaluate.run import ZERO_SHOT, Answered, Evaluation
from thuja.evaluate.scores import Method
from thuja.images import decode, encode_jpeg
from thuja.metrics.accuracy import confusion
from thuja.report import Headline, Report, WallPicture
from thuja.report.settings import flattened
from thuja.taxonomy import Rank

WALL = 24
THUMBNAIL = 160
_WALLS = {"test": "new pictures", UNSEEN: "species never met"}
MAP_POINTS = 1500

Indices = npt.NDArray[np.int64]


def build_report(evaluation: Evaluation, *, run: Path | None = None) -> Report:
    """The whole page; `run` is the training run whose curves are shown."""
    report = Report(f"What {_short(evaluation.model)} has learnt", summary=summary.sentences(evaluation))
    report.headlines(_headlines(evaluation))
    _add_main(report, evaluation)
    _add_scores(report, evaluation)
    if run is not None:
        _add_curves(report, run)
    for chapter in evaluation.chapters:
        chapter.add_to(report)
    _add_walls(report, evaluation)
    _add_confusion(report, evaluation)
    _add_map(report, evaluation)
    _add_curation(report, evaluation.curated.summary)
    _add_settings(report, evaluation, run)
    return report


def _headlines(evaluation: Evaluation) -> list[Headline]:
    found = []
    for split, rank, task, label in (
        ("test", "species", ZERO_SHOT, "Species right, new pictures"),
        ("test", "family", ZERO_SHOT, "Family right, new pictures"),
        ("test", "species", "few-shot, 5 shots", "Species right after 5 pictures each"),
    ):
        model = summary.find(evaluation.scores, Method.MODEL, task=task, split=split, rank=rank)
        rolled = summary.find(evaluation.scores, Method.ROLLED_UP, task=task, split=split, rank=rank)
        chance = summary.find(evaluation.scores, Method.CHANCE, task=task, split=split, rank=rank)
        if model is not None and chance is not None:
            best = max((score for score in (model, rolled) if score is not None), key=lambda score: score.accuracy)
            found.append(_headline(label, best.accuracy, chance.accuracy, note=f"{best.candidates:,} names"))
    family = summary.best_unseen_family(evaluation)
    if family is not None:
        model, chance = family
        note = f"mean over {model.classes} families"
        found.append(_headline("Family right, species never met", model.macro, chance.macro, note=note))
    return found


def _headline(label: str, share: float, chance: float, *, note: str) -> Headline:
    against = f"{summary.times(share, chance)} chance ({percent(chance)} %); {note}"
    return Headline(label=label, value=f"{percent(share)} %", note=against)


def _add_main(report: Report, evaluation: Evaluation) -> None:
    grid = summary.main_grid(evaluation)
    if grid.rows:
        report.section("The main scores").table(grid.columns, grid.rows, caption=f"{grid.title}. All in per cent.")
        report.text(
            "Interval: 95 %, by drawing species anew. Chance: guessing among all answers. Commonest: always the taxon "
            "commonest in training. Raw pixels: the nearest class mean on 32 × 32 pixels. Untrained: the model as it "
            "was before training (a pretrained trunk as it came, all else random), the better of its texts and its "
            "nearest class mean."
        )


def _add_scores(report: Report, evaluation: Evaluation) -> None:
    report.section(
        "Every rank",
        "By text: the picture is compared with the text of every candidate at that rank. Rolled up: it is compared "
        "with every species' text, and the species' probabilities are summed up the tree. Centroid: no text, but the "
        f"nearest mean of at most {evaluation.settings.references} training pictures a species. Answers is the number "
        "of candidates, taxa how many of them occur.",
    )
    for split in evaluation.pictures:
        measure = "macro" if split == UNSEEN else "accuracy"
        scores = [score for score in evaluation.scores if (score.task, score.split) == (ZERO_SHOT, split)]
        bars = figures.rank_bars(scores, measure=measure)
        if bars is not None:
            thing = "mean over taxa of the share" if split == UNSEEN else "share of pictures"
            caption = f"{summary.SPLITS[split]}: {thing} named right at each rank. Lines: 95 % intervals over species."
            report.figure(bars, caption=caption)
    for grid in summary.grids(evaluation):
        report.table(grid.columns, grid.rows, caption=f"{grid.title}, in per cent")
    exposure = summary.exposure_grid(evaluation)
    if exposure is not None:
        report.table(exposure.columns, exposure.rows, caption=f"{exposure.title}, in per cent")
        report.text(
            "The trunk learnt to tell ImageNet's classes before this training, so a species among them is not new to "
            "it. Counted are the classes among birds and primates."
        )
    if UNSEEN in evaluation.pictures:
        report.text(
            "The species of the unseen split were never shown with their names. The name of an arbitrary species "
            "within a genus cannot be guessed from other species, so what can be asked of them is the genus, the "
            "family and the ranks above, among the taxa that have trained members."
        )


def _add_curves(report: Report, run: Path) -> None:
    curves = figures.training_curves(figures.read_metrics(run))
    if curves is not None:
        report.section("Training").figure(curves, caption="What the training run logged, by step.")


def _add_walls(report: Report, evaluation: Evaluation) -> None:
    for split, rank in (("test", Rank.SPECIES), (UNSEEN, Rank.FAMILY)):
        answered = evaluation.answered(split, rank)
        if answered is None:
            continue
        thing = "species" if rank == Rank.SPECIES else "family"
        report.section(f"Right and wrong: {_WALLS[split]}")
        caption = (
            f"Drawn at random, half right and half wrong where there are enough of both. First stands the true "
            f"{thing}, then what was said instead, then the answer's probability."
        )
        report.wall(_wall(evaluation, answered), caption=caption)


def _wall(evaluation: Evaluation, answered: Answered) -> list[WallPicture]:
    pictures = evaluation.pictures[answered.task.split]
    truth, best = answered.task.question.truth, answered.top.indices[:, 0]
    rows = _draw_half_and_half(truth, truth == best, np.random.default_rng(evaluation.settings.seed))
    data = dict(pictures.images(pictures.ids[row] for row in rows))
    wall = []
    for row in rows:
        image = _thumbnail(data.get(pictures.ids[row], b""))
        is_right = bool(truth[row] == best[row])
        candidates = answered.task.question.candidates
        said = [] if is_right else [f"said {candidates[best[row]].scientific_name}"]
        lines = [candidates[truth[row]].scientific_name, *said, f"p = {answered.top.scores[row, 0]:.2f}"]
        if evaluation.imagenet_trunk and imagenet_class(pictures.taxa[row]) == Rank.SPECIES:
            lines.append("a class of ImageNet")
        if answered.task.question.rank != Rank.SPECIES:
            lines.append(f"({pictures.taxa[row].scientific_name})")
        if image:
            wall.append(WallPicture(image=image, caption=lines, is_right=is_right))
    return wall


def _draw_half_and_half(truth: Indices, is_right: npt.NDArray[np.bool_], generator: np.random.Generator) -> list[int]:
    """Rows of right answers, then of wrong ones, WALL in all, from as many taxa as there are."""
    drawn: list[list[int]] = []
    for kind in (is_right, ~is_right):
        rows = generator.permutation(np.flatnonzero((truth >= 0) & kind))
        _, first = np.unique(truth[rows], return_index=True)
        ahead = generator.permutation(first)
        rest = np.setdiff1d(np.arange(len(rows)), first)
        drawn.append(rows[np.concatenate([ahead, rest])].tolist())
    right, wrong = drawn
    half = WALL // 2
    right_count = min(len(right), max(half, WALL - len(wrong)))
    return right[:right_count] + wrong[: WALL - right_count]


def _thumbnail(data: bytes) -> bytes:
    try:
        picture = decode(data, draft=THUMBNAIL)
    except ImageError:
        return b""
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return encode_jpeg(picture, quality=82)


def _add_confusion(report: Report, evaluation: Evaluation) -> None:
    split = "test" if "test" in evaluation.pictures else UNSEEN
    drawn = []
    for rank in (Rank.CLASS, Rank.ORDER, Rank.FAMILY):
        answered = evaluation.answered(split, rank)
        if answered is None:
            continue
        question = answered.task.question
        table = confusion(question.truth, answered.top.indices[:, 0], len(question.candidates))
        if (table.sum(axis=1) > 0).sum() < 2:
            continue
        names = [taxon.scientific_name for taxon in question.candidates]
        drawn.append((rank, figures.confusion_map(table, names, title=rank.label)))
    if drawn:
        report.section(
            "What is taken for what",
            "Each row is a true taxon, each column an answer; a row's cells are the share of its pictures. A bright "
            "diagonal is good. Answers are the species posterior rolled up, on "
            + ("new pictures of trained species." if split == "test" else "species never met."),
        )
        for rank, drawing in drawn:
            report.figure(drawing, caption=f"Confusion by {rank.label}, among the commonest 24 at most.")


def _add_map(report: Report, evaluation: Evaluation) -> None:
    split = "test" if "test" in evaluation.pictures else UNSEEN
    pictures, embeddings = evaluation.pictures[split], evaluation.embeddings[split]
    if len(pictures) < 3:
        return
    kept = pictures.at_most(MAP_POINTS)
    row_of = {name: row for row, name in enumerate(pictures.ids)}
    points = figures.flat_map(embeddings.vectors[[row_of[name] for name in kept.ids]], seed=evaluation.settings.seed)
    shown = (Rank.PHYLUM, Rank.CLASS, Rank.ORDER, Rank.FAMILY, Rank.GENUS, Rank.SPECIES)
    ranks = [rank for rank in shown if len({taxon[rank] for taxon in kept.taxa} - {""}) > 1][:4]
    if ranks:
        report.section("A map of the pictures").figure(
            figures.rank_maps(points, kept.taxa, ranks),
            caption=f"The image embeddings of {len(kept):,} pictures in two dimensions (PCA, then t-SNE), coloured by "
            "rank. Near points are alike to the model; distances between far groups say little.",
        )


def _add_curation(report: Report, facts: Mapping[str, Any]) -> None:
    """What summary.json of the data says; a part that it lacks is left out."""
    if not facts:
        return
    read, kept, dropped = facts.get("read", 0), facts.get("kept", 0), facts.get("dropped") or {}
    lost = ", none was dropped" if not dropped else f", {sum(dropped.values()):,} were dropped"
    report.section("What the data is", f"Of {read:,} pictures that the curator read, {kept:,} were kept{lost}.")
    if dropped:
        report.table(("why dropped", "pictures"), [(_words(reason), count) for reason, count in dropped.items()])
    splits = facts.get("splits") or {}
    if splits:
        rows = [(name, counts["images"], counts["taxa"]) for name, counts in splits.items()]
        report.table(("split", "pictures", "taxa"), rows)
    names = facts.get("names") or {}
    if names:
        rows_of_names = [
            (_words(status), counts["names"], counts["images"], ", ".join(counts.get("examples") or ()))
            for status, counts in names.items()
        ]
        report.table(("how names were resolved", "names", "pictures", "which"), rows_of_names)
    if facts.get("unseen"):
        report.text(f"Species held out of training: {', '.join(facts['unseen'])}.")
    for warning in facts.get("warnings") or ():
        report.text(str(warning))


def _add_settings(report: Report, evaluation: Evaluation, run: Path | None) -> None:
    rows: list[tuple[str, str]] = [
        ("model", evaluation.model),
        ("image preparation", next(iter(evaluation.embeddings.values())).preparation or "unknown"),
        ("training pictures a species for centroids, at most", f"{evaluation.settings.references}"),
        ("seed", str(evaluation.settings.seed)),
        ("intervals", "95 %, bootstrap over species, 1,000 replicates"),
        ("few-shot", "five folds, CL2N features, nearest class mean; ± is the standard deviation over folds"),
        *((key, _plain(value)) for key, value in evaluation.facts.items()),
    ]
    report.section("Settings").table(("what", "value"), rows)
    if run is not None and (run / "recipe.json").is_file():
        recipe = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
        report.table(("recipe", "value"), [(key, _plain(value)) for key, value in sorted(flattened(recipe).items())])


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _short(model: str) -> str:
    """The last part of a path or hub id: a title is no place for a whole path."""
    return model.rstrip("/").rsplit("/", 1)[-1] or model
