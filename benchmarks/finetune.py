"""What a model learns and forgets when it is tuned to a few hundred photos of taxa that it does not know.

    python benchmarks/finetune.py --out DIR [--seeds 8 9] [--kinds lora,full] [--guards ,near,names,replay]
    python benchmarks/finetune.py --out DIR --kinds probe

For each seed a simulated world: a small model learns the species of most families (OLD), and is then
tuned to photos of the species of the other families (NEW). Measured on pictures of the test split:

    new       species right among the NEW names
    new/all   the same among OLD and NEW names
    old       species right among the OLD names: what is forgotten shows here
    old/all   the same among OLD and NEW names
    unseen    family right for species of OLD families that nobody ever saw

DIR keeps every run, and a run that is there is not made again.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from thuja.biosphere import CLEAN, World, WorldConfig, WriteConfig, write_world
from thuja.classify import zero_shot
from thuja.curate import Handed, SourceCall, curate, recipe_of
from thuja.encode import build_labels, encode_images
from thuja.jobs import write_json
from thuja.model import Model
from thuja.names import resolve_names
from thuja.recipes.finetune.photos import hold_out
from thuja.recipes.finetune.scores import embed
from thuja.taxonomy import Rank, Taxon
from thuja.train import (
    Augmentation,
    Corpus,
    ImageTower,
    Objective,
    Optimizer,
    Recipe,
    Stream,
    TextTower,
    TrainOptions,
    train,
)
from thuja.train.distill import LABELS
from thuja.train.finetune_probe import Taught, fit_probe
from thuja.train.lora import apply_adapters
from thuja.train.opening import start_preparation
from thuja.train.pictures import kept_preparation
from thuja.train.sources import MemorySource
from thuja.train.tune import Distill, Tune

PRETRAIN = Recipe(
    name="pretrained",
    image=ImageTower(image_size=48, patch_size=8, width=96, layers=4, head_width=32),
    text=TextTower(width=96, layers=3, heads=3, vocab_size=2048),
    embed_dim=96,
    streams=(Stream(batch_size=64, objectives=(Objective(loss="multi_positive", ancestor_share=0.1),)),),
    epochs=14,
    optimizer=Optimizer(lr=7e-4),
    warmup_steps=60,
    augmentation=Augmentation(mirror=True),
)

LORA = Tune(method="lora", rank=8, alpha=16)
KINDS: dict[str, tuple[Tune, float]] = {
    "full": (Tune(), 1e-4),
    "full image": (Tune(towers="image"), 1e-4),
    "last": (Tune(method="last"), 3e-4),
    "last image": (Tune(method="last", towers="image"), 3e-4),
    "lora": (LORA, 1e-3),
    "lora image": (replace(LORA, towers="image"), 1e-3),
}
GUARDS: dict[str, tuple[bool, Distill]] = {
    "": (False, Distill()),
    "replay": (True, Distill()),
    "near": (False, Distill(weight=10.0)),
    "near3": (False, Distill(weight=3.0)),
    "names": (False, Distill(weight=10.0, names=64)),
    "names3": (False, Distill(weight=3.0, names=64)),
    "labels": (False, Distill(of="labels", weight=1.0)),
}


def make_world(seed: int, out: Path) -> Path:
    if not (out / "data" / "catalog.parquet").exists():
        config = WorldConfig(
            seed=seed, species=120, images=36, overlap=0.0, cameras=("phone", "museum", "laboratory"), **CLEAN
        )
        write_world(World.make(config), out / "world", WriteConfig(size=64, workers=1))
        recipe = recipe_of(SourceCall(source=out / "world"), flags={"unseen_species": 12})
        resolve = partial(resolve_names, backbones=recipe.names.backbones)
        curate(recipe, out / "data", handed=Handed(resolve=resolve))
    return out / "data"


def part(corpus: Corpus, taxa: set[Taxon], count: int | None = None) -> Corpus:
    rows = [row for row, record in enumerate(corpus.records) if record.taxon in taxa]
    if count is not None and len(rows) > count:
        rows = sorted(np.random.default_rng(0).permutation(rows)[:count].tolist())
    return Corpus(records=[corpus.records[row] for row in rows], read=lambda row: corpus.read(rows[row]))


def split_families(taxa: Sequence[Taxon], species: int) -> tuple[set[Taxon], set[Taxon]]:
    """Old and new species: whole families, the new ones of at least that many species in all."""
    families = sorted({taxon.at(Rank.FAMILY) for taxon in taxa})
    order = np.random.default_rng(1).permutation(len(families))
    new: set[Taxon] = set()
    for place in order:
        if len(new) >= species:
            break
        new |= {taxon for taxon in taxa if taxon.at(Rank.FAMILY) == families[place]}
    return set(taxa) - new, new


def share_right(model: Model, corpus: Corpus, names: Sequence[Taxon], rank: Rank = Rank.SPECIES) -> float:
    named = ((str(row), corpus.read(row)) for row in range(len(corpus)))
    vectors = encode_images(model, named).embeddings.vectors
    labels = build_labels(model, names, text_type="taxon_com")
    answers = zero_shot(vectors, labels, scale=model.scale().item()).argmax(axis=1)
    truth = [record.taxon.at(rank) for record in corpus.records]
    return float(np.mean([names[answer].at(rank) == true for answer, true in zip(answers, truth, strict=True)]))


class Bench:
    def __init__(self, seed: int, out: Path, photos: int) -> None:
        self.out, self.seed = out / f"world-{seed}", seed
        data = make_world(seed, self.out)
        self.train, self.test = Corpus.open(data, "train"), Corpus.open(data, "test")
        unseen = Corpus.open(data, "unseen")
        old, new = split_families(self.train.taxa, 14)
        self.old, self.new = sorted(old), sorted(new)
        families = {taxon.at(Rank.FAMILY) for taxon in old}
        self.unseen = part(unseen, {taxon for taxon in unseen.taxa if taxon.at(Rank.FAMILY) in families})
        self.photos = part(self.train, new, photos)
        self.replayed = part(self.train, old)
        print(
            f"world {seed}: {len(old)} old species in {len(families)} families, {len(new)} new species with "
            f"{len(self.photos)} photos, {len(self.unseen)} pictures of {len(self.unseen.taxa)} unseen species",
            flush=True,
        )

    def scores(self, model: Model) -> dict[str, float]:
        model = model.eval()
        both = [*self.old, *self.new]
        old, new = part(self.test, set(self.old)), part(self.test, set(self.new))
        with torch.inference_mode():
            return {
                "new": share_right(model, new, self.new),
                "new/all": share_right(model, new, both),
                "old": share_right(model, old, self.old),
                "old/all": share_right(model, old, both),
                "unseen": share_right(model, self.unseen, [*self.old, *self.unseen.taxa], Rank.FAMILY),
            }

    def run(self, name: str, recipe: Recipe, corpora: dict[str, Corpus], *, fraction: float = 1.0) -> dict[str, float]:
        folder = self.out / name.replace(" ", "-")
        done = folder / "scores.json"
        if not done.exists():
            kept = kept_preparation(start_preparation(recipe), recipe.augmentation)
            sources = {stream: MemorySource(corpus, kept) for stream, corpus in corpora.items()}
            started = time.perf_counter()
            model = train(recipe, sources, folder / "run", options=TrainOptions(checkpoint_every=10_000, force=True))
            seconds = time.perf_counter() - started
            build_labels(model, self.old).save(folder / "run" / "model" / LABELS)
            write_json(done, {"scores": self.scores(model), "seconds": seconds})
        found = json.loads(done.read_text())
        said = "  ".join(f"{key} {100 * value:5.1f}" for key, value in found["scores"].items())
        print(f"{self.seed}  {name:28}  {said}  {found['seconds']:4.0f} s", flush=True)
        scores: dict[str, float] = found["scores"]
        return scores

    def weakened(self, name: str, strength: float) -> None:
        """The scores of a run's adapters at a part of their strength."""
        start = Model.load(self.out / "start" / "run")
        model = apply_adapters(start, self.out / name.replace(" ", "-") / "run" / "model", strength=strength)
        said = "  ".join(f"{key} {100 * value:5.1f}" for key, value in self.scores(model).items())
        print(f"{self.seed}  {f'{name} x {strength:g}':28}  {said}", flush=True)

    def probed(self) -> None:
        """The share right among the NEW names by a linear probe on the start model."""
        model = Model.load(self.out / "start" / "run")
        names, test = build_labels(model, self.new), part(self.test, set(self.new))
        held = hold_out(self.photos.records)
        rest = [row for row in range(len(self.photos)) if row not in set(held)]

        def taught(corpus: Corpus) -> Taught:
            return Taught(
                vectors=embed(model, corpus),
                classes=np.array([self.new.index(record.taxon) for record in corpus.records]),
            )

        learnt = taught(self.photos.at(rest))
        scale = model.scale().item()
        probe = fit_probe(learnt, taught(self.photos.at(held)), names.vectors, scale=scale)
        asked = taught(test)
        right = float(np.mean((asked.vectors @ probe.vectors.T).argmax(axis=1) == asked.classes))
        print(f"{self.seed}  {'probe':28}  new {100 * right:5.1f}  best at step {probe.step}", flush=True)

    def pretrained(self) -> Path:
        self.run("start", PRETRAIN, {"life": self.replayed})
        return self.out / "start" / "run"

    def tuned(self, kind: str, guard: str, *, lr: float | None = None, steps: int = 120) -> dict[str, float]:
        tune, usual = KINDS[kind]
        has_replay, distill = GUARDS[guard]
        objectives = (Objective(loss="multi_positive"),)
        streams = [Stream(name="photos", batch_size=32, objectives=objectives)]
        corpora = {"photos": self.photos}
        if has_replay:
            streams.append(Stream(name="replay", batch_size=32, objectives=objectives))
            corpora["replay"] = self.replayed
        recipe = Recipe(
            name="tuned",
            start=str(self.out / "start" / "run"),
            streams=tuple(streams),
            epochs=steps * 32 / len(self.photos),
            optimizer=Optimizer(lr=lr or usual, weight_decay=0.0),
            warmup_steps=10,
            augmentation=Augmentation(scale=(0.7, 1.0), mirror=True),
            tune=tune,
            distill=distill,
        )
        name = f"{kind} {guard}".strip() + (f" lr{lr:g}" if lr else "")
        return self.run(name, recipe, corpora)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[8])
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--guards", default=",".join(GUARDS))
    parser.add_argument("--lr", type=float)
    parser.add_argument("--strength", type=float, help="Score a run's adapters at this strength; --kinds names it.")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for seed in args.seeds:
        bench = Bench(seed, args.out, args.photos)
        bench.pretrained()
        if args.strength:
            bench.weakened(args.kinds, args.strength)
            continue
        if args.kinds == "probe":
            bench.probed()
            continue
        for kind in args.kinds.split(","):
            for guard in args.guards.split(","):
                bench.tuned(kind, guard, lr=args.lr)


if __name__ == "__main__":
    main()
