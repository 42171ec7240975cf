"""The theorem on tiny models trained in worlds of development: predicted against measured, Gram against tree.

    python benchmarks/analyze_theorem.py OUT [--seeds 0,1] [--arms plain,reversed,binomial,shuffled,untrained]

Each arm is taught one text type, its words changed as `thuja.experiments.controls` says; `untrained` is the first one's
start. Every finished arm is one row a temperature of OUT/theorem.csv and one of OUT/gram.csv, and is not done again.
Worlds lie in OUT/worlds and are drawn if they are not there. Sealed seeds are refused.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from thuja.analyze.space import Prototypes, Space
from thuja.analyze.theorem import TheoremSettings, theorem_section
from thuja.biosphere.config import SEALED
from thuja.encode import EncodeOptions, encode_images, encode_texts
from thuja.experiments.arms import all_arms
from thuja.experiments.controls import wording_of
from thuja.experiments.making import make_world
from thuja.experiments.sizes import Size, size_named
from thuja.experiments.training import trained, warmed_up
from thuja.experiments.worlds import OpenWorld, open_world
from thuja.model import TAXONOMY, Model
from thuja.phrasing import Wording
from thuja.report import Cell
from thuja.train.pictures import kept_preparation
from thuja.train.recipe import Recipe
from thuja.train.start import preparation_of, start_model

UNTRAINED = "untrained"
ARMS = ("plain", "reversed", "binomial", "shuffled")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--arms", default=",".join((*ARMS, UNTRAINED)))
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    if max(seeds) >= SEALED:
        sys.exit(f"seeds of {SEALED} and above are sealed; this looks at worlds of development")
    size = replace(size_named("tiny"), things=0)
    for seed in seeds:
        world = _world(given.out, size, seed)
        for arm in given.arms.split(","):
            if not _is_done(given.out / "gram.csv", seed, arm):
                _measure(given.out, world, size, seed=seed, arm=arm)


def _world(out: Path, size: Size, seed: int) -> OpenWorld:
    recipe = size.recipe
    kept = kept_preparation(preparation_of(recipe.image), recipe.augmentation)
    return open_world(make_world(out / "worlds" / str(seed), size, seed), kept)


def _measure(out: Path, world: OpenWorld, size: Size, *, seed: int, arm: str) -> None:
    setups = {each.name: each.setup for each in all_arms(size.recipe) if each.group == "control"}
    control = "plain" if arm == UNTRAINED else arm
    setup = setups[control]
    recipe: Recipe = warmed_up(replace(setup.recipe, seed=seed), len(world.life))
    wording = wording_of(setup.control, world.taxa, seed=seed)
    sources = {recipe.streams[0].name: world.life}
    if arm == UNTRAINED:
        model = start_model(recipe, sources, wording=wording)
    else:
        model = trained(out, f"{seed}-{arm}", recipe, sources, device="cpu", wording=wording)
    model.eval()
    tau = 1 / float(model.scale(TAXONOMY).detach())
    space = Space(
        vectors=_images(model, world),
        taxa=[record.taxon for record in world.test.records],
        prototypes=_texts(model, world, recipe.label_text, wording=wording),
        model=f"{seed}-{arm}",
    )
    texts = {arm: _all_texts(model, world, recipe.label_text, wording=wording)}
    if arm == UNTRAINED:
        texts = {
            f"{UNTRAINED}, {name}": _all_texts(
                model, world, recipe.label_text, wording=wording_of(setups[name].control, world.taxa, seed=seed)
            )
            for name in ARMS
        }
    section = theorem_section(space, np.random.default_rng(seed), settings=TheoremSettings(tau=tau), texts=texts)
    tables = {table.name: table for table in section.tables}
    for name in ("predicted", "why", "radius", "local", "gram_steps", "gram"):
        table = tables[f"theorem_{name}"]
        _append(
            out / f"{name}.csv",
            ("world", "arm", "own_tau", *table.columns),
            [(seed, arm, tau, *row) for row in table.rows],
        )
    findings = [
        (
            seed,
            arm,
            tau,
            found.of,
            found.measure,
            found.value.value,
            found.value.low,
            found.value.high,
            found.verdict.value,
        )
        for found in section.findings
    ]
    _append(
        out / "findings.csv", ("world", "arm", "own_tau", "of", "measure", "value", "low", "high", "verdict"), findings
    )
    figures = out / "figures"
    figures.mkdir(exist_ok=True)
    for figure in section.figures:
        (figures / f"{seed}-{arm}-{figure.name}.svg").write_text(str(figure.drawing), encoding="utf-8")
    print(f"world {seed}, {arm}: tau {tau:.4f}", flush=True)


def _images(model: Model, world: OpenWorld) -> np.ndarray:
    images = ((str(row), world.test.read(row)) for row in range(len(world.test)))
    options = EncodeOptions(head=TAXONOMY, batch_size=128, threads=1)
    return encode_images(model, images, options).embeddings.vectors


def _texts(model: Model, world: OpenWorld, text_type: str, *, wording: Wording) -> Prototypes:
    """The texts of the trained species, which the images are held against."""
    taxa = list(world.test.taxa)
    return Prototypes(taxa=taxa, vectors=encode_texts(model, [wording(taxon, text_type) for taxon in taxa]))


def _all_texts(model: Model, world: OpenWorld, text_type: str, *, wording: Wording) -> Prototypes:
    """The texts of every species of the world, under the true taxa, whoever's names these bear."""
    taxa = world.taxa
    return Prototypes(taxa=taxa, vectors=encode_texts(model, [wording(taxon, text_type) for taxon in taxa]))


def _is_done(path: Path, seed: int, arm: str) -> bool:
    if not path.exists():
        return False
    with path.open(encoding="utf-8", newline="") as lines:
        return any((row["world"], row["arm"]) == (str(seed), arm) for row in csv.DictReader(lines))


def _append(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    is_fresh = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        if is_fresh:
            writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
