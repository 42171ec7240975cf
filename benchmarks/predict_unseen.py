"""Does a score tell organisms that are outside the label space, and do its probabilities mean what they say?

    python benchmarks/unseen_models.py PHOTOS work --labels table.csv --recipe small-pretrained
    python benchmarks/predict_unseen.py work [MORE ...] [--neighbours 1] [--replicates 1000]

Each folder is what unseen_models.py made: a model that never met some species, genera and families, and the vectors
of all images. Its labels are the species that it was trained on. Half of the test observations of these, and what was
kept for validation, calibrate; the other half, and the species never met, are told apart. Beside them stand known
images whose own species, genus or family is taken out of the labels: the model was trained on these, and what it says
of them is how unseen organisms are simulated in calibrating. Intervals are over redrawn species.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.classify import Tree
from thuja.classify.unseen.known_vectors import NEIGHBOURS, Mahalanobis, NearestKnown
from thuja.classify.unseen.probabilities import (
    UNSEEN_RANKS,
    Prevalence,
    Score,
    UnseenOptions,
    energy,
    find_homes,
    fit_unseen,
    max_logit,
    max_posterior,
)
from thuja.classify.unseen.rivals import rivals_of, share_of_rivals
from thuja.classify.unseen.signs import Signs, signs, signs_without
from thuja.embeddings import Embeddings
from thuja.encode import encode_texts
from thuja.labels import LabelSpace
from thuja.metrics.bootstrap import over_clusters
from thuja.metrics.calibration import ece, ece_if_calibrated
from thuja.metrics.novelty import auroc, fpr_at_tpr
from thuja.model import Model
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]
KNOWN, SPECIES, GENUS, FAMILY = range(4)
GENERIC = (
    *("an empty scene", "a landscape", "soil and leaf litter", "the sky", "water", "a rock", "a person", "a building"),
    *("a car", "paper with writing on it", "a blurred photo", "an animal", "a plant", "a fungus", "an insect"),
)
"""What might be on a photo that shows none of the labels."""
NOVELTIES = ("species (of a known genus)", "genus (of a known family)", "family")


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Images with their truth; `novelty` says at which rank each is new to the labels."""

    vectors: npt.NDArray[np.float32]
    taxa: list[Taxon]
    observations: npt.NDArray[np.int64]
    novelty: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.taxa)

    def select(self, mask: npt.NDArray[np.bool_]) -> "Images":
        rows = np.flatnonzero(mask)
        return Images(
            vectors=self.vectors[rows],
            taxa=[self.taxa[row] for row in rows],
            observations=self.observations[rows],
            novelty=self.novelty[rows],
        )

    @property
    def species(self) -> npt.NDArray[np.int64]:
        """A number a species."""
        return np.unique([taxon.taxonomic_name for taxon in self.taxa], return_inverse=True)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A model's labels and scale, the images that calibrate and those that are judged."""

    labels: LabelSpace
    scale: float
    calibration: Images
    judged: Images


def load(work: Path, seed: int) -> Bench:
    embeddings = Embeddings.load(work / "embeddings.parquet").normalized()
    catalog = pl.read_parquet(work / "data" / "catalog.parquet").select("uuid", "observation_id", "split")
    rows = pl.DataFrame({"uuid": list(embeddings.ids)}).join(catalog, on="uuid", how="left", maintain_order="left")
    splits = rows["split"].to_numpy()
    alone = rows["observation_id"].fill_null(rows["uuid"])
    taxa = [Taxon.from_columns(row) for row in embeddings.columns.to_pylist()]
    trained = {taxon for taxon, split in zip(taxa, splits, strict=True) if split == "train"}
    labels = LabelSpace.load(work / "run" / "model" / "labels")
    labels = labels.subset([taxon in trained for taxon in labels.taxa])
    at = {rank: {taxon.at(rank) for taxon in labels.taxa} for rank in UNSEEN_RANKS}
    novelty = [sum(taxon.at(rank) not in at[rank] for rank in UNSEEN_RANKS) for taxon in taxa]
    images = Images(
        vectors=np.asarray(embeddings.vectors, dtype=np.float32),
        taxa=taxa,
        observations=np.unique(alone.to_numpy(), return_inverse=True)[1],
        novelty=np.array(novelty),
    )
    chosen = np.random.default_rng(seed).random(images.observations.max() + 1)[images.observations] < 0.5
    is_known = images.novelty == KNOWN
    calibrates = is_known & ((splits == "val") | ((splits == "test") & chosen))
    is_judged = (is_known & (splits == "test") & ~chosen) | (splits == "unseen")
    model = Model.load(work / "run" / "model")
    return Bench(
        labels=labels,
        scale=float(model.scale().detach()),
        calibration=images.select(calibrates),
        judged=images.select(is_judged),
    )


def tell(bench: Bench, neighbours: int) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Each score of the judged images (N,), and of the known ones among them without their clades (4, n)."""
    labels, judged, calibration = bench.labels, bench.judged, bench.calibration
    tree = Tree.of(labels)
    known = judged.select(judged.novelty == KNOWN)
    homes, _, _ = find_homes(known.taxa, labels, tree=tree)
    whole = signs(judged.vectors, labels, scale=bench.scale)
    left_out = signs_without(known.vectors, labels, homes, scale=bench.scale)
    by_evidence: dict[str, Callable[[Signs], Floats]] = {
        "max posterior": max_posterior,
        "max logit": max_logit,
        "energy": energy,
    }
    told = {name: score(whole) for name, score in by_evidence.items()}
    simulated = {name: score(left_out) for name, score in by_evidence.items()}
    _, groups, _ = find_homes(calibration.taxa, labels, observations=calibration.observations, tree=tree)
    by_images = {
        f"kNN, k = {neighbours}": NearestKnown(k=neighbours),
        "Mahalanobis": Mahalanobis(is_relative=False),
        "Mahalanobis, relative": Mahalanobis(),
    }
    for name, compared in by_images.items():
        compared.fit(calibration.vectors, groups)
        told[name] = compared.score(judged.vectors).astype(np.float64)
        # The gallery is of other images than those judged: what is left out here is left out of the gallery's own.
        simulated[name] = compared.left_out().astype(np.float64)
    return told, simulated


def cell(scores: Floats, is_known: npt.NDArray[np.bool_], species: npt.NDArray[np.int64], replicates: int) -> str:
    if is_known.all():
        return "-"
    found = over_clusters(
        lambda rows: auroc(scores[rows], is_known[rows]), species, np.random.default_rng(0), replicates=replicates
    )
    passed = fpr_at_tpr(scores, is_known)
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f}), {passed:.2f}"


def gap_of(one: Floats, other: Floats, is_known: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> float:
    return auroc(one[rows], is_known[rows]) - auroc(other[rows], is_known[rows])


def simulated_cell(scores: Floats, level: int) -> str:
    both = np.concatenate([scores[0], scores[level]])
    is_known = np.arange(len(both)) < scores.shape[1]
    kept = np.isfinite(both)
    return f"{auroc(both[kept], is_known[kept]):.3f}"


def print_separation(bench: Bench, neighbours: int, replicates: int) -> None:
    judged, told = bench.judged, tell(bench, neighbours)
    print("\n| score | " + " | ".join(f"unseen {name}" for name in NOVELTIES) + " | any | taken out: s, g, f |")
    print("|---|" + "---|" * 5)
    for name, scores in told[0].items():
        cells = []
        for wanted in ({SPECIES}, {GENUS}, {FAMILY}, {SPECIES, GENUS, FAMILY}):
            rows = np.isin(judged.novelty, [KNOWN, *wanted])
            part = judged.select(rows)
            cells.append(cell(scores[rows], part.novelty == KNOWN, part.species, replicates))
        taken = ", ".join(simulated_cell(told[1][name], level) for level in (1, 2, 3))
        print(f"| {name} | " + " | ".join(cells) + f" | {taken} |")
    is_known, logit = judged.novelty == KNOWN, told[0]["max logit"]
    for name in ("max posterior", "energy"):
        other = told[0][name]
        gap = over_clusters(
            partial(gap_of, logit, other, is_known), judged.species, np.random.default_rng(0), replicates=replicates
        )
        print(f"max logit above {name}, any: {gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})")


def print_calibration(bench: Bench, *, neighbours: int, halvings: int) -> None:
    """ECE and Brier of each probability, at the share of strangers that the judged images have.

    Half of the unseen species are judged. Fitted is without strangers, and then with the other half of them.
    """
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for half in range(halvings):
        helping, judged = halved(bench.judged, np.random.default_rng(half))
        shares = [max(0.001, float((judged.novelty >= level).mean())) for level in (SPECIES, GENUS, FAMILY)]
        evidence = signs(judged.vectors, bench.labels, scale=bench.scale)
        for score in Score:
            options = UnseenOptions(score=score, neighbours=neighbours, prevalence=Prevalence(**by_rank(shares)))
            figures: dict[str, list[float]] = {}
            for images in (bench.calibration, joined(bench.calibration, helping)):
                unseen = fit_unseen(
                    images.vectors,
                    images.taxa,
                    bench.labels,
                    scale=bench.scale,
                    observations=images.observations,
                    options=options,
                )
                told = unseen.probabilities(evidence, judged.vectors)
                for level, (rank, said) in enumerate(told.items(), start=1):
                    is_so = judged.novelty >= level
                    floor = ece_if_calibrated(said, np.random.default_rng(0), replicates=40).value
                    figures.setdefault(rank.label, [float(is_so.mean()), float(is_so.mean() * (1 - is_so.mean()))])
                    figures[rank.label] += [said.mean(), ece(said, is_so), floor, ((said - is_so) ** 2).mean()]
            for rank_name, found in figures.items():
                rows.setdefault((score.value, rank_name), []).append(found)
    print(f"\nmeans of {halvings} halvings of the unseen species; simulated, then with strangers")
    heads = ("mean said", "ECE", "ECE if calibrated", "Brier")
    print("| score | rank | strangers | Brier of the share | " + " | ".join(heads) + " | " + " | ".join(heads) + " |")
    print("|---" * 12 + "|")
    for (score_name, rank_name), found in rows.items():
        print(f"| {score_name} | {rank_name} | " + " | ".join(f"{one:.3f}" for one in np.mean(found, axis=0)) + " |")


def by_rank(shares: Sequence[float]) -> dict[str, float]:
    return dict(zip(("species", "genus", "family"), shares, strict=True))


def halved(images: Images, generator: np.random.Generator) -> tuple[Images, Images]:
    """Half of the unseen species of each novelty; and the known images with the other half."""
    helps = np.zeros(len(images), dtype=bool)
    species = images.species
    for level in (SPECIES, GENUS, FAMILY):
        there = np.unique(species[images.novelty == level])
        helps |= np.isin(species, generator.permutation(there)[: len(there) // 2])
    return images.select(helps), images.select(~helps)


def joined(first: Images, second: Images) -> Images:
    return Images(
        vectors=np.concatenate([first.vectors, second.vectors]),
        taxa=[*first.taxa, *second.taxa],
        observations=np.concatenate([first.observations, second.observations]),
        novelty=np.concatenate([first.novelty, second.novelty]),
    )


def print_custom(bench: Bench, model: Model, *, count: int, trials: int) -> None:
    """None of these for custom labels, drawn from the species that the model knows, at the true share of others."""
    known = [place for place, taxon in enumerate(bench.labels.taxa) if taxon in set(bench.judged.taxa)]
    judged, calibration, generator = bench.judged, bench.calibration, np.random.default_rng(0)
    rows: dict[str, list[list[float]]] = {}
    for _ in range(trials):
        picked = bench.labels.subset(np.sort(generator.choice(known, min(count, len(known) // 2), replace=False)))
        texts = [taxon.scientific_name for taxon in picked.taxa]
        labels = encode_labels(model, texts)
        is_none = ~np.isin([taxon.scientific_name for taxon in judged.taxa], texts)
        share = float(is_none.mean())
        ours = signs(judged.vectors, labels, scale=bench.scale)
        said: dict[str, Floats] = {}
        for score in (Score.POSTERIOR, Score.LOGIT, Score.ENERGY):
            options = UnseenOptions(score=score, prevalence=Prevalence.of_species(share))
            truth = [taxon.scientific_name for taxon in calibration.taxa]
            unseen = fit_unseen(calibration.vectors, truth, labels, scale=bench.scale, options=options)
            said[f"{score}, labelled photos"] = unseen.at_all(ours, judged.vectors)
        generic = encode_labels(model, GENERIC)
        for name, rivals in (("the model's other labels", rivals_of(labels, bench.labels)), ("generic texts", generic)):
            theirs = signs(judged.vectors, rivals, scale=bench.scale)
            counts = (len(labels), len(rivals))
            said[f"rivals: {name}"] = share_of_rivals(ours, theirs, counts=counts, prevalence=share)
        for name, chance in said.items():
            parts = [
                auroc(-chance[part], ~is_none[part])
                for part in (~is_none | (judged.novelty == KNOWN), ~is_none | (judged.novelty > KNOWN))
            ]
            rows.setdefault(name, []).append([*parts, chance.mean(), share, ece(chance, is_none)])
    print(f"\n| none of these, {trials} draws | known species | unseen species | mean said | true share | ECE |")
    print("|---|---|---|---|---|---|")
    for name, figures in rows.items():
        print(f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in np.mean(figures, axis=0)) + " |")


def encode_labels(model: Model, texts: Sequence[str]) -> LabelSpace:
    return LabelSpace(
        texts=list(texts), vectors=encode_texts(model, texts, prompts=("a photo of {}.",)), model=model.id
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", type=Path, nargs="+")
    parser.add_argument("--neighbours", type=int, default=NEIGHBOURS)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--custom", type=int, default=60, help="how many custom labels")
    parser.add_argument(
        "--trials", type=int, default=10, help="halvings of the unseen species, and draws of custom labels"
    )
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for work in asked.works:
        bench = load(work, asked.seed)
        judged = bench.judged
        right = named_right(bench)
        print(f"\n{work.name}: {len(bench.labels)} labels, scale {bench.scale:.1f}, known species named {right:.1%}")
        for level, name in enumerate(("known", *NOVELTIES)):
            part = judged.select(judged.novelty == level)
            print(f"  {name}: {len(part)} images of {len(set(part.taxa))} species")
        print(f"  calibrated on {len(bench.calibration)} images of {len(set(bench.calibration.taxa))} species")
        print_separation(bench, asked.neighbours, asked.replicates)
        print_calibration(bench, neighbours=asked.neighbours, halvings=asked.trials)
        print_custom(bench, Model.load(work / "run" / "model"), count=asked.custom, trials=asked.trials)


def named_right(bench: Bench) -> float:
    """How often the nearest label is right, of the judged images of known species."""
    known = bench.judged.select(bench.judged.novelty == KNOWN)
    nearest = (known.vectors @ np.asarray(bench.labels.vectors, dtype=np.float32).T).argmax(axis=1)
    return float(np.mean([bench.labels.taxa[place] == taxon for place, taxon in zip(nearest, known.taxa, strict=True)]))


if __name__ == "__main__":
    main()
