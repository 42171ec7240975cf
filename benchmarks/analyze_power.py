"""How often the trait analysis calls a trait aligned beyond ancestry: when it is not, and at several sizes of effect.

    python benchmarks/analyze_power.py --runs 200 --species 60

Each run draws a tree, vectors that carry it (Brownian motion in every dimension) and, in one dimension, a convergent
variable that knows no tree; and a trait of which a share is that variable and the rest follows the tree with a given
lambda. The tree is the taxonomy's own, by either choice of branch lengths, or a dated tree of which the taxonomy knows
the ranks alone. Prints one line of JSON a setting: the share of runs with p at most .05.
"""

import argparse
import json
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from thuja.analyze.ancestry import EQUAL_STEPS, GRAFEN, equal_steps, grafen
from thuja.analyze.traits import Axes, SpeciesTrait, TraitSettings, make_problem, measure
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.tree import Tree
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]

DATED = "a dated tree"
LEVEL = 0.05
WIDTH = 32
LEAD = 1.0
"""The spread of the convergent variable in its dimension; every dimension has a spread of 1 along the tree."""


def dated(species: int, generator: np.random.Generator) -> tuple[list[Taxon], Ancestry]:
    """A birth-death tree, and the taxonomy that cutting it at six ages gives."""
    tree = Tree.grow(species, generator)
    counts = (1, 1, 3, max(8, species // 6), max(12, species // 3), max(16, species // 2))
    ranks = [tree.clades(count) for count in counts]
    taxa = [
        Taxon.from_names(
            [*(f"{letter}{clades[tip]}" for letter, clades in zip("KPCOFG", ranks, strict=True)), f"s{tip}"]
        )
        for tip in range(species)
    ]
    return taxa, Ancestry.of(tree)


def drawn(ancestry: Ancestry, lambda_: float, width: int, generator: np.random.Generator) -> Floats:
    """Brownian motion and white noise (S, width), a share `lambda_` of the first."""
    noise = generator.standard_normal((2, len(ancestry.covariance), width))
    brownian = ancestry.axes @ (np.sqrt(ancestry.variances)[:, None] * noise[0])
    return np.asarray(np.sqrt(lambda_) * brownian + np.sqrt(1 - lambda_) * noise[1])


def runs(args: argparse.Namespace, tree: str, lambda_: float, effect: float, kind: str) -> Iterator[dict[str, float]]:
    """The p-values of each run."""
    generator = np.random.default_rng(args.seed)
    for _ in range(args.runs):
        taxa, ancestry = dated(args.species, generator)
        if tree != DATED:
            ancestry = Ancestry.from_covariance(grafen(taxa) if tree == GRAFEN else equal_steps(taxa))
        ecology = generator.standard_normal(args.species)
        vectors = drawn(ancestry, 1.0, WIDTH, generator)
        vectors[:, 0] += LEAD * ecology
        liability = np.sqrt(1 - effect) * drawn(ancestry, lambda_, 1, generator)[:, 0] + np.sqrt(effect) * ecology
        values = liability if kind == "number" else (liability > np.median(liability)).astype(np.float64)
        trait = SpeciesTrait(
            species=np.arange(args.species), taxa=taxa, values=values, names=() if kind == "number" else ("no", "yes")
        )
        problem = make_problem(trait, generator, TraitSettings(draws=args.draws))
        if isinstance(problem, str):
            continue
        axes = Axes.of(vectors[problem.trait.species])
        assert axes is not None
        measured = measure(problem, axes)[""]
        found = {f"t, {name}": null.p_value for name, null in measured.ts.items()}
        found |= {f"score, {name}": null.p_value for name, null in measured.scores.items()}
        found |= {"t": measured.beyond_p, "both": max(measured.beyond_p, measured.score_p)}
        found["plain"] = min(1.0, float(np.max([fits.p_values[0] for fits in measured.regressions.values()])))
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--species", type=int, default=60)
    parser.add_argument("--draws", type=int, default=99)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=["number", "category"])
    parser.add_argument("--trees", nargs="*", default=[EQUAL_STEPS, GRAFEN, DATED])
    parser.add_argument("--lambdas", nargs="*", type=float, default=[0.0, 1.0])
    parser.add_argument("--effects", nargs="*", type=float, default=[0.0, 0.1, 0.25, 0.5])
    args = parser.parse_args()
    for kind in args.kinds:
        for tree in args.trees:
            for lambda_ in args.lambdas:
                for effect in args.effects:
                    start = time.perf_counter()
                    found = list(runs(args, tree, lambda_, effect, kind))
                    row = {name: round(float(np.mean([one[name] <= LEVEL for one in found])), 3) for name in found[0]}
                    setting = {"kind": kind, "tree": tree, "lambda": lambda_, "effect": effect, "runs": len(found)}
                    print(json.dumps({**setting, **row, "seconds": round(time.perf_counter() - start, 1)}), flush=True)


if __name__ == "__main__":
    main()
