"""What a few photos teach: heads and blend at 1, 5 and 20 examples a class, and whether left-out scores foretell them.

    thuja embed photos.parquet --model run --out vectors.parquet
    python benchmarks/predict_examples.py vectors.parquet --model run --out table.md
    python benchmarks/predict_examples.py vectors.parquet --model run --target habitat --target length --out traits.md

The vectors carry the columns kingdom ... species and, where images share them, observation_id; they should be of
images that the model was not trained on. Examples are one image each of k observations of a class, drawn anew in
each draw; eight other observations of each class are asked. A trait is learnt from half of the observations of
70 % of the families, and asked on the other half and on the other families.
"""

import time
from argparse import ArgumentParser
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from thuja.classify.examples.columns import TargetKind, read_target
from thuja.classify.examples.gallery import fit_head
from thuja.classify.examples.heads import probabilities
from thuja.classify.examples.labelled import Labelled
from thuja.classify.examples.targets import TargetScore, fit_target
from thuja.embeddings import Embeddings
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.published import find_model
from thuja.predict.examples.blended import Blended
from thuja.predict.examples.rows import ExampleClass
from thuja.predict.examples.targets import guesser_of
from thuja.taxonomy import RANKS, Taxon

KINDS = ("centroid", "probe", "knn", "auto")
ASKED = 8
"""Observations of each class that are asked: classes with fewer beyond their examples are left out."""
MOST_TAUGHT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    vectors: np.ndarray
    taxa: list[Taxon]
    observations: np.ndarray
    columns: dict[str, list[object]]

    @classmethod
    def load(cls, path: Path, within: str | None) -> "Photos":
        embeddings = Embeddings.load(path).normalized()
        names = {rank.label: embeddings.columns.column(rank.label).to_pylist() for rank in RANKS}
        taxa = [Taxon.from_columns({rank: names[rank][row] for rank in names}) for row in range(len(embeddings))]
        header = embeddings.columns.column_names
        groups = embeddings.columns.column("observation_id").to_pylist() if "observation_id" in header else []
        groups = [group or name for group, name in zip(groups or embeddings.ids, embeddings.ids, strict=True)]
        kept = [row for row, taxon in enumerate(taxa) if taxon.species and (not within or within in taxon.names)]
        return cls(
            vectors=embeddings.vectors[kept].astype(np.float32),
            taxa=[taxa[row] for row in kept],
            observations=np.unique([groups[row] for row in kept], return_inverse=True)[1],
            columns={name: [embeddings.columns.column(name)[row].as_py() for row in kept] for name in header},
        )


def draw(
    photos: Photos, truth: np.ndarray, shots: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the examples, and of as many of each class that are asked: classes weigh the same in both."""
    support, asked = [], []
    for label in np.unique(truth):
        rows = generator.permutation(np.flatnonzero(truth == label))
        _, first = np.unique(photos.observations[rows], return_index=True)
        if len(first) >= shots + ASKED:
            apart = rows[np.sort(first)]  # one image an observation, in drawn order
            support.append(apart[:shots])
            asked.append(apart[shots : shots + ASKED])
    return np.sort(np.concatenate(support)), np.sort(np.concatenate(asked))


def surprise(found: np.ndarray, truth: np.ndarray) -> float:
    """ECE in 15 bins of equal width."""
    best, right = found.max(axis=1), found.argmax(axis=1) == truth
    bins = np.minimum((best * 15).astype(int), 14)
    return float(
        sum(
            abs(right[bins == one].mean() - best[bins == one].mean()) * (bins == one).mean()
            for one in range(15)
            if (bins == one).any()
        )
    )


def heads(photos: Photos, shots: int, draws: int, labels: LabelSpace, scale: float) -> list[str]:
    distinct = sorted(set(photos.taxa))
    place = {taxon: number for number, taxon in enumerate(distinct)}
    truth = np.array([place[taxon] for taxon in photos.taxa])
    figures: dict[str, list[tuple[float, float, float, float, float]]] = defaultdict(list)
    chosen, weights = [], []
    classes = np.zeros(0)
    for number in range(draws):
        examples, asked = draw(photos, truth, shots, np.random.default_rng([9, shots, number]))
        classes, learnt = np.unique(truth[examples], return_inverse=True)
        answers = np.searchsorted(classes, truth[asked])
        labelled = Labelled.of(photos.vectors[examples], learnt, photos.observations[examples])
        for kind in KINDS:
            begun = time.process_time()
            fitted = fit_head(labelled, kind)
            seconds = time.process_time() - begun
            found = probabilities(fitted.head, photos.vectors[asked])
            figures[kind].append(
                figures_of(found, answers, fitted.accuracy.value if fitted.accuracy else np.nan, seconds)
            )
        begun = time.process_time()
        peer = make_pipeline(StandardScaler(), RidgeClassifier()).fit(photos.vectors[examples], learnt)
        right = float((peer.predict(photos.vectors[asked]) == answers).mean())
        row = (right, np.nan, np.nan, time.process_time() - begun, len(asked))
        figures["ridge, as in pybioclip's notebook"].append(row)
        chosen.append(fitted.head.kind.value)
        shown = [ExampleClass(text=distinct[one].scientific_name, taxon=distinct[one]) for one in classes]
        within = labels.subset([row for row, taxon in enumerate(labels.taxa) if taxon in {one.taxon for one in shown}])
        for name, space in (("blend, the same classes", within), ("blend, all labels", labels)):
            blended = Blended.of(fitted, shown, labelled.vectors, labels=space, scale=scale)
            found = np.concatenate(list(blended.judge(photos.vectors[asked])))
            left_out = blended.accuracy.value if blended.accuracy else np.nan
            figures[name].append(figures_of(found, blended.places[answers], left_out, 0.0))
            text = Blended.of(fitted, shown, labelled.vectors, labels=space, scale=scale, weight=0.0)
            found = np.concatenate(list(text.judge(photos.vectors[asked])))
            figures[name.replace("blend", "text alone")].append(figures_of(found, text.places[answers], np.nan, 0.0))
            weights.append(f"{blended.weight:.2f}")
    lines = []
    for name, rows in figures.items():
        test, left_out, error, seconds, asked_count = np.array(rows).mean(axis=0)
        said = "" if np.isnan(left_out) else f"{100 * left_out:.1f}"
        gap = "" if np.isnan(left_out) else f"{100 * (left_out - test):+.1f}"
        ece = "" if np.isnan(error) else f"{error:.3f}"
        lines.append(
            f"| {shots} | {len(classes)} | {name} | {100 * test:.1f} | {said} | {gap} | {ece} | {seconds:.1f} |"
        )
    lines.append(f"<!-- auto took {', '.join(chosen)}; weights {', '.join(weights)}; {asked_count:.0f} asked -->")
    return lines


def figures_of(found: np.ndarray, truth: np.ndarray, left_out: float, seconds: float) -> tuple[float, ...]:
    return float((found.argmax(axis=1) == truth).mean()), left_out, surprise(found, truth), seconds, len(truth)


def traits(photos: Photos, names: list[str], generator: np.random.Generator) -> list[str]:
    families = sorted({taxon.family for taxon in photos.taxa})
    far = set(generator.permutation(families)[: max(1, round(0.3 * len(families)))].tolist())
    is_far = np.array([taxon.family in far for taxon in photos.taxa])
    near_half = generator.random(photos.observations.max() + 1) < 0.5
    examples = np.flatnonzero(~is_far & near_half[photos.observations])
    if len(examples) > MOST_TAUGHT:
        examples = np.sort(generator.choice(examples, MOST_TAUGHT, replace=False))
    sides = {"near": np.flatnonzero(~is_far & ~near_half[photos.observations]), "far": np.flatnonzero(is_far)}
    labelled = Labelled.of(photos.vectors[examples], np.zeros(len(examples)), photos.observations[examples])
    lines = []
    for name in names:
        column = read_target(name, [photos.columns[name][row] for row in examples])
        fitted = fit_target(labelled, column, [photos.taxa[row] for row in examples], np.random.default_rng(0))
        guesser = guesser_of(fitted)
        scores = {}
        inside = []
        for side, rows in sides.items():
            truth = read_target(name, [photos.columns[name][row] for row in rows], column.kind)
            said = guesser.guesses(photos.vectors[rows[truth.rows]])
            if column.kind is TargetKind.NUMBER:
                scores[side] = np.abs(np.array([guess.value for guess in said]) - truth.numbers).mean()
                inside.append(
                    np.mean([guess.low <= one <= guess.high for guess, one in zip(said, truth.numbers, strict=True)])
                )
            elif column.kind is TargetKind.CATEGORY:
                scores[side] = np.mean(
                    [guess.value == truth.names[code] for guess, code in zip(said, truth.codes, strict=True)]
                )
            else:
                has = np.array([[label in guess.value for label in truth.names] for guess in said])
                scores[side] = np.mean(
                    2 * (has & truth.has).sum(axis=0) / np.maximum(has.sum(axis=0) + truth.has.sum(axis=0), 1)
                )
        told, clade = fitted.score, fitted.by_clade
        cells = [name, column.kind.value, told.measure, f"{told.baseline:.3f}", interval(told), f"{scores['near']:.3f}"]
        cells += [interval(clade) if clade else "", f"{scores['far']:.3f}"]
        cells += [" / ".join(f"{100 * share:.0f}" for share in inside)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def interval(score: TargetScore) -> str:
    return f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--model", required=True, help="Whose labels and temperature the text side has.")
    parser.add_argument("--within", help="Only what has this name in its lineage.")
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--target", action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    photos = Photos.load(options.vectors, options.within)
    folder = find_model(options.model)
    scale = float(Model.load(folder).scale().detach())
    if options.target:
        lines = [
            "| column | kind | measure | blind | left out | other observations | clades left out | other families "
            "| inside, near / far |",
            "|---|---|---|---|---|---|---|---|---|",
            *traits(photos, options.target, np.random.default_rng(4)),
        ]
    else:
        labels = LabelSpace.load(folder / "labels")
        lines = [
            "| examples a class | classes | way | right, % | said by leaving out | difference | ECE | s to fit |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for shots in options.shots:
            lines += heads(photos, shots, options.draws, labels, scale)
            options.out.write_text("\n".join(lines) + "\n")
    options.out.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
