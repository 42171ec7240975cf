"""Run a claim of docs/claims.md on its sealed worlds, and judge it by its decision rule.

    python benchmarks/biosphere_claims.py C1
    python benchmarks/biosphere_claims.py C1 --seeds 0-9     a rehearsal on worlds of development

On sealed seeds the claim must be committed as it stands, and without a result.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from thuja.biosphere import World, WorldConfig
from thuja.biosphere.card_traits import role_rows, trait_rows
from thuja.biosphere.claims import open_seed, read_claims
from thuja.biosphere.geometry import expected_geometry, sampled_geometry
from thuja.biosphere.probes import Split
from thuja.biosphere.signal import Ancestry

CLAIMS = Path(__file__).resolve().parents[1] / "docs" / "claims.md"
Verdict = list[tuple[str, float, bool]]
"""What was measured, its value, and whether it is as claimed."""


def roles(seeds: list[int]) -> Verdict:
    """C1: signal and habitat effect per role."""
    rows: dict[str, list[Any]] = {"diagnostic": [], "convergent": [], "decoy": []}
    for seed in seeds:
        world = World.make(WorldConfig(seed=seed))
        folds = Split.folds(np.arange(len(world.species)), np.random.default_rng(0))
        for row in role_rows(trait_rows(world, Ancestry.of(world.tree), folds), world.config):
            rows[str(row.role)].append(row.follows)

    def mean(role: str, field: str) -> float:
        return float(np.mean([getattr(row, field) for row in rows[role]]))

    found: Verdict = []
    for role, field, wanted, within in (
        ("diagnostic", "signal", 0.8, 0.04), ("convergent", "habitat", 0.5, 0.05), ("decoy", "shadow", 0.5, 0.05),
        ("decoy", "habitat", 0.0, 0.03), ("diagnostic", "habitat", 0.0, 0.03),
    ):  # fmt: skip
        value = mean(role, field)
        found.append((f"{role}: {field}, within {within} of {wanted}", value, abs(value - wanted) <= within))
    for role in ("decoy", "diagnostic"):
        value = mean(role, "habitat_found")
        found.append((f"{role}: share of tests below 0.05, at most 0.12", value, value <= 0.12))
    return found


def swaps(seeds: list[int]) -> Verdict:
    """C2: what tells the habitat when grounds are exchanged."""
    found: Verdict = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            world, card = Path(folder) / "world", Path(folder) / "card"
            claim = ["--claim", f"{CLAIMS}#C2"] if seed >= 100 else []
            run("make", world, "--seed", seed, "--images", 8, *claim)
            run("card", world, "--out", card, "--images", 800)
            rows = json.loads((card / "card.json").read_text(encoding="utf-8"))["swaps"]
        by_part = {row["part"]: row for row in rows if row["features"] == "ImageNet"}
        ground, organism = by_part["background only"], by_part["organism cut out"]
        gap = organism["own"]["macro"] - organism["other"]["macro"]
        lows = min(organism[side]["low"] - organism[side]["chance"] for side in ("own", "other"))
        found += [
            (f"seed {seed}: background, own ground, above 0.6", ground["own"]["macro"], ground["own"]["macro"] > 0.6),
            (
                f"seed {seed}: background, other ground, below 0.2",
                ground["other"]["macro"],
                ground["other"]["macro"] < 0.2,
            ),
            (f"seed {seed}: organism, own ground", organism["own"]["macro"], lows > 0),
            (f"seed {seed}: organism, other ground", organism["other"]["macro"], lows > 0),
            (f"seed {seed}: organism, own less other, below 0.05", gap, abs(gap) < 0.05),
        ]
    return found


def dial(seeds: list[int]) -> Verdict:
    """C3: the share inside the span of species, by the setting of the dial."""
    found: Verdict = []
    for seed in seeds:
        before = dict.fromkeys(("stage", "sex", "season"), -1.0)
        for overlap in (0.0, 0.25, 0.5, 0.75, 1.0):
            world = World.make(WorldConfig(seed=seed, overlap=overlap))
            expected = expected_geometry(world, np.random.default_rng(0))
            drawn = sampled_geometry(world, np.random.default_rng(0))
            for axis in before:
                is_exact = abs(expected[axis].share - overlap) < 0.001
                is_more = drawn[axis].share > before[axis]
                found.append(
                    (f"seed {seed}, overlap {overlap}: {axis} as drawn", drawn[axis].share, is_exact and is_more)
                )
                before[axis] = drawn[axis].share
    return found


RUNS: dict[str, Callable[[list[int]], Verdict]] = {"C1": roles, "C2": swaps, "C3": dial}


def run(*words: object) -> None:
    """A command of `thuja biosphere`."""
    subprocess.run(
        [sys.executable, "-m", "thuja", "biosphere", *map(str, words)], check=True, stdout=subprocess.DEVNULL
    )


def main() -> None:
    """Parse, open, measure, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claim", choices=sorted(RUNS))
    parser.add_argument("--seeds", help="worlds of development to rehearse on, such as 0-9")
    options = parser.parse_args()
    if options.seeds:
        low, _, high = options.seeds.partition("-")
        seeds = list(range(int(low), int(high or low) + 1))
    else:
        seeds = sorted(next(claim for claim in read_claims(CLAIMS) if claim.name == options.claim).seeds)
    for seed in seeds:
        if note := open_seed(seed, f"{CLAIMS}#{options.claim}"):
            print(f"seed {seed} opened for {note}")
    verdict = RUNS[options.claim](seeds)
    for what, value, is_right in verdict:
        print(f"{'as claimed' if is_right else 'NOT AS CLAIMED':<15} {value:8.4f}  {what}")
    print(f"{options.claim} {'held' if all(is_right for _, _, is_right in verdict) else 'failed'}")


if __name__ == "__main__":
    main()
