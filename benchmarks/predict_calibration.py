"""What thuja's probabilities, back-off and sets of subtrees are worth on observations that they were not fitted on.

    python benchmarks/predict_calibration.py                       # makes a world, curates it and trains (20 minutes)
    python benchmarks/predict_calibration.py --world run data --photos other-run other-data --work cache

RUN is a folder that `thuja train` wrote and DATA the one that `thuja curate` made of it. Of the splits val
and test, whose species the model has been trained on, 20 random parts are calibrated on and the rest tested, one image
an observation.

- ECE of the best taxon at each rank, before and after, beside what a perfectly calibrated model shows at that n.
- How often sets asked to hold the truth do; the worst order and the worst third by training images of all splits
  together; how large sets are.
- Back-off at 0.9: how often right, and how deep (kingdom 1, species 7, no answer 0), against flat thresholds: one rank
  for all images, answered where the model's own probability reaches a threshold, the rank and the threshold being the
  best that were right 90 % of the time on the calibration part.
- Under shift: species, genera and families that are taken out of the labels; species that no training image was of; the
  other kinds of camera after calibration on one.
"""

import argparse
import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from thuja.classify import Tree, marginals
from thuja.classify.calibrate.backing import paths_of, settled_ranks
from thuja.classify.calibrate.calibration import Calibration
from thuja.classify.calibrate.fitting import Identified, fit_calibration, one_each
from thuja.classify.calibrate.placement import Places, places_of
from thuja.classify.calibrate.subtrees import DEPTH, Subtree, covers_wholly, touches
from thuja.embeddings import Embeddings
from thuja.encode import EncodeOptions, Encoder, Hardware
from thuja.labels import LabelSpace
from thuja.metrics.calibration import ece, ece_if_calibrated
from thuja.model import Model
from thuja.predict.calibrations import labelled_of
from thuja.predict.labelling import LabelledSource, embed_labelled, evidence_of, training_counts
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

ASKED = (0.8, 0.9, 0.95)
CONFIDENCE = 0.9
LEAST = 30
"""Observations of a group in a split's test part, for its coverage to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model, its labels, and images that it was not trained on, one an observation."""

    name: str
    labels: LabelSpace
    scale: float
    known: Identified
    unseen: Identified
    cameras: Sequence[str]
    counts: Mapping[Taxon, int]

    def counts_of(self, labels: LabelSpace) -> Indices:
        """The training images of each label."""
        return np.array([self.counts.get(taxon, 0) for taxon in labels.taxa])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a calibration said of N observations: all that the figures are made of."""

    places: Places
    before: Floats
    after: Floats
    is_right: npt.NDArray[np.bool_]
    settled: Indices
    settled_right: npt.NDArray[np.bool_]
    sets: Mapping[float, list[list[Subtree]]]
    orders: Sequence[str]


def open_subject(name: str, run: Path, data: Path, work: Path) -> Subject:
    """Embed what is to be tried; vectors are kept in `work`."""
    model = Model.load(run / "model")
    labels = LabelSpace.load(run / "model" / "labels")
    tree = Tree.of(labels)
    found = {}
    for split in ("val", "test", "unseen"):
        kept = work / f"{name}-{split}.parquet"
        if not kept.is_file():
            embedded = embed_labelled(
                LabelledSource(path=data, splits=(split,)),
                work / f"{name}-{split}.making.parquet",
                open_encoder=lambda _: Encoder.prepare(model, Hardware().settled()),
                options=EncodeOptions(batch_size=16),
                say=print,
            )
            evidence_of(embedded, tree).embeddings.save(kept)
        vectors = Embeddings.load(kept)
        labelled = labelled_of(vectors)
        rows = one_each(labelled.observations)
        found[split] = (labelled.select(rows), [vectors.ids[row] for row in rows.tolist()])
    known = [found["val"], found["test"]]
    traits = pq.read_table(data / "catalog.parquet", columns=["uuid", "traits"]).to_pylist()
    camera_of = {row["uuid"]: json.loads(row["traits"] or "{}").get("camera", "") for row in traits}
    return Subject(
        name=name,
        labels=labels,
        scale=float(model.scale().detach()),
        known=Identified(
            vectors=np.concatenate([labelled.vectors for labelled, _ in known]),
            taxa=[taxon for labelled, _ in known for taxon in labelled.taxa],
            observations=[name for labelled, _ in known for name in labelled.observations],
        ),
        unseen=found["unseen"][0],
        cameras=[camera_of[uuid] for _, uuids in known for uuid in uuids],
        counts=training_counts(data),
    )


def tried(calibration: Calibration, subject: Subject, labelled: Identified, labels: LabelSpace) -> Tried:
    """Put observations to a calibration."""
    tree = Tree.of(labels)
    places = places_of(labelled.taxa, tree)
    counts = subject.counts_of(labels)
    raw = [
        np.stack([block.clades[rank].scores[:, 0] for rank in RANKS], axis=1)
        for block in marginals(labelled.vectors, labels, scale=subject.scale, k=1, tree=tree)
    ]
    after, right, settled, settled_right = [], [], [], []
    sets: dict[float, list[list[Subtree]]] = {asked: [] for asked in ASKED}
    orders: list[str] = []
    start, depth = 0, min(DEPTH, len(labels))
    for block in marginals(labelled.vectors, labels, scale=subject.scale / calibration.temperature, k=depth, tree=tree):
        stands = places.at_rank[start : start + len(block.peak)]
        start += len(block.peak)
        after.append(np.stack([calibration.scores(block, rank)[:, 0] for rank in RANKS], axis=1))
        right.append(np.stack([block.clades[rank].indices[:, 0] for rank in RANKS], axis=1) == stands)
        paths = paths_of(block, tree)
        ranks = settled_ranks(paths, calibration.path_scores(paths), tree, confidence=CONFIDENCE)
        settled.append(ranks)
        rows = np.arange(len(ranks))
        settled_right.append(paths.indices[rows, ranks] == stands[rows, ranks])
        orders += [tree.taxa[Rank.ORDER][index].order for index in block.clades[Rank.ORDER].indices[:, 0].tolist()]
        for asked, found in sets.items():
            found += calibration.subtrees(block, tree, coverage=asked, counts=counts)
    return Tried(
        places=places,
        before=np.concatenate(raw).astype(np.float64),
        after=np.concatenate(after),
        is_right=np.concatenate(right),
        settled=np.concatenate(settled),
        settled_right=np.concatenate(settled_right),
        sets=sets,
        orders=orders,
    )


def fitted_on(subject: Subject, labelled: Identified, labels: LabelSpace) -> Calibration:
    """As `thuja calibrate` fits it."""
    counts = subject.counts_of(labels)
    return fit_calibration(labelled, labels, scale=subject.scale, counts=counts, is_checked=False)


def held(one: Tried, asked: float, tree: Tree) -> npt.NDArray[np.bool_]:
    """Which sets hold the truth's deepest clade whole."""
    pairs = zip(one.sets[asked], one.places.at_rank, strict=True)
    return np.array([covers_wholly(subtrees, place, tree) for subtrees, place in pairs])


def flat_thresholds(one: Tried, other: Tried, *, wanted: float) -> dict[str, tuple[float, float]]:
    """The right share and depth on `other` of thresholds chosen on `one` so that so many answers are right.

    Species or nothing; the one rank that reaches deepest; the deepest rank whose raw, or calibrated, score reaches one
    threshold for all ranks.
    """
    single = {rank: _as_right(one.before[:, rank], one.is_right[:, rank], wanted) for rank in RANKS}
    shares = {rank: float((one.before[:, rank] >= bar).mean()) * (rank + 1) for rank, bar in single.items()}
    best = max(RANKS, key=shares.__getitem__)
    found = {
        "species or nothing": _answered(other.before, other.is_right, [Rank.SPECIES], single[Rank.SPECIES]),
        "best single rank": _answered(other.before, other.is_right, [best], single[best]),
    }
    for name, scores, others in (
        ("deepest by one threshold on raw scores", one.before, other.before),
        ("deepest by one threshold on calibrated scores", one.after, other.after),
    ):
        bars = np.quantile(scores, np.linspace(0, 1, 200))
        depths = [_answered(scores, one.is_right, RANKS, bar) for bar in bars.tolist()]
        good = [(depth, bar) for (right, depth), bar in zip(depths, bars.tolist(), strict=True) if right >= wanted]
        found[name] = _answered(others, other.is_right, RANKS, max(good)[1] if good else 2.0)
    return found


def _as_right(scores: Floats, is_right: npt.NDArray[np.bool_], wanted: float) -> float:
    """The least threshold whose answers are right so often, above all scores where none is."""
    order = np.argsort(-scores, kind="stable")
    reached = np.flatnonzero(np.cumsum(is_right[order]) / np.arange(1, len(order) + 1) >= wanted)
    return float(scores[order[reached[-1]]]) if len(reached) else 2.0


def _answered(
    scores: Floats, is_right: npt.NDArray[np.bool_], ranks: Sequence[Rank], bar: float
) -> tuple[float, float]:
    """How often the deepest of these ranks whose score reaches the bar is right, and the mean depth."""
    depth = np.full(len(scores), -1)
    for rank in ranks:
        depth[scores[:, rank] >= bar] = rank
    told = np.flatnonzero(depth >= 0)
    right = float(is_right[told, depth[told]].mean()) if len(told) else float("nan")
    return right, float((depth + 1).mean())


def splits_of(subject: Subject, test: int, splits: int) -> Iterator[tuple[Indices, Indices]]:
    """Random parts: to calibrate on, and `test` observations to try."""
    generator = np.random.default_rng(0)
    for _ in range(splits):
        order = generator.permutation(len(subject.known))
        yield order[test:], order[:test]


def under_no_shift(subject: Subject, *, test: int, splits: int) -> None:
    """The tables of held-out observations of known species."""
    tree = Tree.of(subject.labels)
    generator = np.random.default_rng(1)
    errors: dict[Rank, list[tuple[float, float, float]]] = defaultdict(list)
    smaller: list[tuple[float, float]] = []
    coverage: dict[float, list[float]] = defaultdict(list)
    groups: dict[tuple[str, float], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    sizes: dict[float, list[tuple[float, float, float]]] = defaultdict(list)
    backing: list[tuple[float, float, float]] = []
    flat: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    bounds = np.quantile(list(map(partial(_count, subject), subject.known.taxa)), [1 / 3, 2 / 3])
    for fit, rest in splits_of(subject, test, splits):
        calibration = fitted_on(subject, subject.known.select(fit), subject.labels)
        labelled = subject.known.select(rest)
        one = tried(calibration, subject, labelled, subject.labels)
        base = tried(calibration, subject, subject.known.select(fit), subject.labels)
        for rank in RANKS:
            ideal = ece_if_calibrated(one.after[:, rank], generator).value
            errors[rank].append(
                (ece(one.before[:, rank], one.is_right[:, rank]), ece(one.after[:, rank], one.is_right[:, rank]), ideal)
            )
        half = slice(0, test // 2)
        last = Rank.SPECIES
        smaller.append(
            (
                ece(one.after[half, last], one.is_right[half, last]),
                ece_if_calibrated(one.after[half, last], generator).value,
            )
        )
        for asked in ASKED:
            is_held = held(one, asked, tree)
            coverage[asked].append(float(is_held.mean()))
            for taxon, order, flag in zip(labelled.taxa, one.orders, is_held.tolist(), strict=True):
                third = int(np.searchsorted(bounds, _count(subject, taxon)))
                groups["taken for", asked][order].append(flag)
                groups["of", asked][taxon.order].append(flag)
                groups["third", asked][f"third {third + 1}"].append(flag)
            sets = one.sets[asked]
            species = [sum(int(tree.sizes(part.rank)[part.index]) for part in found) for found in sets]
            sizes[asked].append(
                (
                    float(np.mean([len(found) for found in sets])),
                    float(np.mean(species)),
                    float(np.mean([not found for found in sets])),
                )
            )
        answered = one.settled >= 0
        backing.append(
            (float(one.settled_right[answered].mean()), float((one.settled + 1).mean()), float(answered.mean()))
        )
        for wanted in (CONFIDENCE, backing[-1][0]):
            asked_for = "90 % right" if wanted == CONFIDENCE else "as right as back-off"
            for name, pair in flat_thresholds(base, one, wanted=wanted).items():
                flat[asked_for, name].append(pair)
    kept = len(subject.known) - test
    print(f"\n## {subject.name}: {kept:,} observations to calibrate on, {test:,} to test, {splits} splits\n")
    print("| rank | accuracy | ECE before | after | of a perfectly calibrated model |\n|---|---|---|---|---|")
    for rank, found in errors.items():
        before, after, ideal = np.mean(found, axis=0)
        print(f"| {rank.label} | {one.is_right[:, rank].mean():.1%} | {before:.3f} | {after:.3f} | {ideal:.3f} |")
    after, ideal = np.mean(smaller, axis=0)
    print(f"\nSpecies at half the test part, n = {test // 2:,}: ECE {after:.3f}, perfectly calibrated {ideal:.3f}.\n")
    print("| asked | held, mean | least, most | worst order taken for | worst order | worst third | subtrees |", end="")
    print(" species | empty |\n|---|---|---|---|---|---|---|---|---|")
    for asked in ASKED:
        rates = coverage[asked]
        worst = [_worst(groups[kind, asked], least=LEAST * splits) for kind in ("taken for", "of", "third")]
        subtrees, species_, empty = np.mean(sizes[asked], axis=0)
        print(
            f"| {asked:g} | {np.mean(rates):.3f} | {min(rates):.3f}, {max(rates):.3f} | {' | '.join(worst)} | "
            f"{subtrees:.2f} | {species_:.1f} | {empty:.1%} |"
        )
    right, depth, share = np.mean(backing, axis=0)
    print("\n| chosen for | answers | right | mean depth |\n|---|---|---|---|")
    print(f"| | back-off at 0.9 ({share:.1%} answered) | {right:.3f} | {depth:.2f} |")
    for (asked_for, name), pairs in flat.items():
        right, depth = np.nanmean(pairs, axis=0)
        print(f"| {asked_for} | {name} | {right:.3f} | {depth:.2f} |")


def _count(subject: Subject, taxon: Taxon) -> int:
    return subject.counts.get(taxon, 0)


def _worst(groups: Mapping[str, Sequence[bool]], *, least: int) -> str:
    rates = {name: float(np.mean(flags)) for name, flags in groups.items() if len(flags) >= least}
    if not rates:
        return "-"
    name = min(rates, key=rates.__getitem__)
    return f"{rates[name]:.3f} ({name})"


def under_shift(subject: Subject, *, draws: int) -> None:
    """The table of what the calibration was not made for."""
    print(f"\n## {subject.name}, under shift\n")
    print("| tested on | n | ECE at the deepest rank inside | back-off right | depth | held at 0.9 | touched |")
    print("|---|---|---|---|---|---|---|")
    generator = np.random.default_rng(2)
    for rank in (Rank.SPECIES, Rank.GENUS, Rank.FAMILY):
        found = [_taken_out(subject, rank, generator) for _ in range(draws)]
        _row(f"{_plural(rank)} not among the labels", [one for one in found if one is not None])
    whole = fitted_on(subject, subject.known, subject.labels)
    if len(subject.unseen):
        one = tried(whole, subject, subject.unseen, subject.labels)
        _row("species of no training image, among the labels", [(one, Tree.of(subject.labels))])
    cameras = np.array(subject.cameras)
    first = max(set(subject.cameras), key=subject.cameras.count)
    if first and len(set(subject.cameras)) > 1:
        rows = np.flatnonzero(cameras == first)
        half = rows[: len(rows) // 2]
        fitted = fitted_on(subject, subject.known.select(half), subject.labels)
        for camera in sorted(set(subject.cameras)):
            others = rows[len(rows) // 2 :] if camera == first else np.flatnonzero(cameras == camera)
            one = tried(fitted, subject, subject.known.select(others), subject.labels)
            _row(f"{camera}, calibrated on {first}", [(one, Tree.of(subject.labels))])


def _plural(rank: Rank) -> str:
    return {Rank.SPECIES: "species", Rank.GENUS: "genera", Rank.FAMILY: "families"}[rank]


def _taken_out(subject: Subject, rank: Rank, generator: np.random.Generator) -> tuple[Tried, Tree] | None:
    """A fifth of the taxa at a rank, of parents with others, is taken out of the labels; their images are tried."""
    taxa = sorted({taxon.at(rank) for taxon in subject.known.taxa})
    among = [taxon.at(rank) for taxon in subject.labels.taxa]
    siblings = {taxon.at(Rank(rank - 1)): 0 for taxon in taxa}
    for taxon in set(among):
        siblings[taxon.at(Rank(rank - 1))] = siblings.get(taxon.at(Rank(rank - 1)), 0) + 1
    out: set[Taxon] = set()
    for index in generator.permutation(len(taxa)).tolist():
        parent = taxa[index].at(Rank(rank - 1))
        if siblings[parent] > 1 and len(out) < len(taxa) / 5:
            out.add(taxa[index])
            siblings[parent] -= 1
    labels = subject.labels.subset([taxon not in out for taxon in among])
    is_out = np.array([taxon.at(rank) in out for taxon in subject.known.taxa])
    if not is_out.any():
        return None
    fitted = fitted_on(subject, subject.known.select(np.flatnonzero(~is_out)), labels)
    return tried(fitted, subject, subject.known.select(np.flatnonzero(is_out)), labels), Tree.of(labels)


def _row(name: str, found: Sequence[tuple[Tried, Tree]]) -> None:
    if not found:
        return
    figures = []
    for one, tree in found:
        deepest = one.places.deepest
        rows = np.flatnonzero(deepest >= 0)
        answered = one.settled >= 0
        pairs = list(zip(one.sets[CONFIDENCE], one.places.at_rank, strict=True))
        figures.append(
            (
                len(deepest),
                ece(one.after[rows, deepest[rows]], one.is_right[rows, deepest[rows]]),
                float(one.settled_right[answered].mean()) if answered.any() else float("nan"),
                float((one.settled + 1).mean()),
                float(np.mean([covers_wholly(subtrees, place, tree) for subtrees, place in pairs])),
                float(np.mean([touches(subtrees, place, tree) for subtrees, place in pairs])),
            )
        )
    count, error, right, depth, whole, touched = np.nanmean(figures, axis=0)
    print(f"| {name} | {count:,.0f} | {error:.3f} | {right:.3f} | {depth:.2f} | {whole:.3f} | {touched:.3f} |")


def make_world(work: Path) -> tuple[Path, Path]:
    """A world, curated and trained on by thuja's own verbs."""
    world, data, run = (work / name for name in ("world", "data", "run"))
    commands = [
        ["biosphere", "make", world, "--species", "200", "--images", "80", "--seed", "8", "--clean"],
        ["curate", world, "--out", data, "--unseen-species", "20", "--test", "0.6"],
        ["train", "small", data, "--out", run],
    ]
    commands[0] += ["--overlap", "0", "--knob", "cameras=phone,museum,laboratory"]
    for command, made in zip(commands, (world, data, run), strict=True):
        if not made.exists():
            subprocess.run(["thuja", *map(str, command)], check=True)
    return run, data


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--world", nargs=2, type=Path, metavar=("RUN", "DATA"), help="made where it is not given")
    parser.add_argument("--photos", nargs=2, type=Path, metavar=("RUN", "DATA"), help="left out where not given")
    parser.add_argument("--work", type=Path, default=Path("calibration-benchmark"), help="where vectors are kept")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--world-test", type=int, default=5000)
    parser.add_argument("--photos-test", type=int, default=900)
    parser.add_argument("--only", choices=["splits", "shift"])
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    world = arguments.world or make_world(arguments.work)
    subjects = [("the simulated world", *world, arguments.world_test)]
    if arguments.photos:
        subjects.append(("real photos", *arguments.photos, arguments.photos_test))
    for name, run, data, test in subjects:
        subject = open_subject(name, run, data, arguments.work)
        if arguments.only != "shift":
            under_no_shift(subject, test=test, splits=arguments.splits)
        if arguments.only != "splits":
            under_shift(subject, draws=5)


if __name__ == "__main__":
    main()
