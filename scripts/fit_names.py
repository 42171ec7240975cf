"""Fit the weights of the evidence for names (src/thuja/names/weights.json) to names damaged on purpose.

    python scripts/fit_names.py --count 4000 --seed 101

Maximum likelihood of the right candidate among all of a name's, drawn towards weights set by hand
(`PRIOR`) where the damage says little. What the damage cannot show (what a common name, an id, a
misapplied name are worth) keeps its prior. Takes some minutes.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from names_damage import make_truth  # noqa: E402
from names_world import World  # noqa: E402
from thuja.names import Backbone, Resolver  # noqa: E402
from thuja.names.agreement import HIGHER  # noqa: E402
from thuja.names.archives.archive import vernacular_frame  # noqa: E402
from thuja.names.described import described  # noqa: E402
from thuja.names.features import FEATURES, How  # noqa: E402
from thuja.names.resolver import numbered  # noqa: E402
from thuja.names.rows import rows_of  # noqa: E402
from thuja.names.store import About, build_tables  # noqa: E402

PRIOR = {
    "exact": 8.0, "species_of": 7.0, "variant": 5.0, "fuzzy": 4.0, "common": 5.0, "moved": -1.0,
    "genus": 2.5, "within": 5.0, "head": -1.0, "second_edit": -2.5, "edit_in_genus": 0.5, "edit_in_word": -1.0,
    "letters_of_epithet": 1.0, "letters_of_genus": 1.0, "first_letter": -0.7, "last_letters": -0.7,
    "epithet_elsewhere": -1.5, "epithet_in_family": -1.5, "genus_elsewhere": -1.5, "odd_epithet": 0.5,
    "odd_genus": 0.5, "congeners": -0.1, "namesakes": -0.3, "near_genus": -2.0, "minor_rank": -3.0,
    "not_preferred": -1.5, "seen_less": -1.5, "synonym": -2.0, "provisional": -1.0, "misapplied": -3.0,
    "later_backbone": -0.5,
    "authors_agree": 2.5, "authors_differ": -2.0, "kingdom_agrees": 0.7, "kingdom_differs": -8.0,
    "kingdom_near": -2.0, "kingdom_unknown": -2.5, "phylum_agrees": 1.0, "phylum_differs": -4.0, "phylum_near": -1.5,
    "phylum_unknown": -0.3, "class_agrees": 1.5, "class_differs": -3.5, "class_near": -1.5, "class_unknown": -0.3,
    "order_agrees": 1.5, "order_differs": -3.0, "order_near": -1.5, "order_unknown": -0.3, "family_agrees": 2.0,
    "family_differs": -3.0, "family_near": -1.0, "family_unknown": -0.3, "lineage_differs": -4.0,
}  # fmt: skip
KEPT = (
    "minor_rank", "synonym", "within", "head", "common", "moved", "not_preferred", "seen_less", "provisional",
    "misapplied",
    "later_backbone",
    "authors_agree", "authors_differ",
    *(f"{rank}_{answer}" for rank in HIGHER for answer in ("agrees", "near", "unknown")),
)  # fmt: skip
"""What keeps its prior; that ranks agree tells only from taxa whose lineage has gaps, of which the damage has few."""
PULL = 2.0
"""How strongly weights are drawn to the prior: the variance of the prior is 1 / PULL."""


def main() -> None:
    """Make the truth, fit, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=4_000, help="names of each kind")
    options.add_argument("--seed", type=int, default=101)
    options.add_argument("--out", type=Path, default=ROOT / "src" / "thuja" / "names" / "weights.json")
    chosen = options.parse_args()
    world = World.embedded()
    truth = make_truth(world, chosen.seed, count=chosen.count)
    backbones = {"embedded": world.usages(), **truth.backbones}
    # Of the homonyms there is one set only: it is left for the figures.
    names = truth.names.filter(pl.col("expected") != "ambiguous", ~pl.col("kind").str.starts_with("homonym"))
    parts = []
    for name, rows in names.group_by("backbone", maintain_order=True):
        tables = build_tables(backbones[str(name[0])], vernacular_frame())
        resolver = Resolver([Backbone(tables, About(name=str(name[0])))])
        parts.append(examples(resolver, rows))
        print(f"{name[0]}: {parts[-1][2].max() + 1:,} names, {len(parts[-1][2]):,} candidates", flush=True)
    fitted = fit(parts)
    about = f"scripts/fit_names.py --count {chosen.count} --seed {chosen.seed}"
    held = {
        "maker": about,
        "weights": {name: round(float(value), 3) for name, value in zip(FEATURES, fitted, strict=True)},
    }
    chosen.out.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    for name, value in held["weights"].items():
        print(f"{name:24}{value:9.3f}{PRIOR[name]:9.1f}")


def examples(resolver: Resolver, truth: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The candidates' features, whether each is right, and the name each is of."""
    rows = numbered(rows_of(truth["name"].to_list(), truth)).with_columns(pl.col("name").alias("term"))
    queries = resolver.queries(rows)
    found, columns = resolver.found(queries)
    found = described(resolver.backbones, found.rename({rank: f"{rank}_code" for rank in HIGHER}))
    asked = found["asked"].to_numpy()
    wanted = truth.select("truth_id", "truth_name", "truth_kingdom", "truth_genus", "truth_rank", "expected")[asked]
    both = found.hstack(wanted)
    is_genus = (pl.col("how") == int(How.GENUS)) & (pl.col("accepted_rank") == "genus")
    same = (pl.col("accepted_id") == pl.col("truth_id")) | (
        (pl.col("accepted_name") == pl.col("truth_name"))
        & (pl.col("kingdom") == pl.col("truth_kingdom"))
        & (pl.col("accepted_rank") == pl.col("truth_rank"))
    )
    in_genus = (pl.col("genus") == pl.col("truth_genus")) & (pl.col("kingdom") == pl.col("truth_kingdom")) & is_genus
    judged = both.select(
        (same & (pl.col("expected") == "taxon")).fill_null(value=False).alias("same"),
        in_genus.fill_null(value=False).alias("genus"),
    )
    is_right = judged["same"].to_numpy().copy()
    reached = np.zeros(len(truth), bool)
    reached[asked[is_right]] = True
    # A species that is not there to be found is another species of its genus.
    is_right |= judged["genus"].to_numpy() & ~reached[asked]
    return columns, is_right, asked


def fit(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    """The weights of the largest posterior probability."""
    starts = np.cumsum([0, *(part[2].max() + 1 for part in parts)])
    columns = np.concatenate([part[0] for part in parts]).astype(np.float64)
    is_right = np.concatenate([part[1] for part in parts])
    asked = np.concatenate([part[2] + start for part, start in zip(parts, starts, strict=False)])
    usable = columns[:, How.MOVED] == 0
    columns, is_right, asked = columns[usable], is_right[usable], asked[usable]
    prior = np.array([PRIOR[name] for name in FEATURES])
    is_free = np.array([name not in KEPT for name in FEATURES])
    names = int(starts[-1])
    has_right = np.bincount(asked, weights=is_right, minlength=names) > 0

    def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
        beta = prior.copy()
        beta[is_free] = free
        odds = columns @ beta
        top = np.zeros(names)
        np.maximum.at(top, asked, odds)
        weight = np.exp(odds - top[asked])
        none = np.exp(-top)
        total = none + np.bincount(asked, weights=weight, minlength=names)
        right = np.bincount(asked, weights=weight * is_right, minlength=names) + np.where(has_right, 0, none)
        share = weight / total[asked]
        kept = np.where(is_right, weight / right[asked], 0)
        value = float(np.sum(np.log(total) - np.log(right))) + PULL / 2 * float(np.sum((beta - prior) ** 2))
        slope = columns.T @ (share - kept) + PULL * (beta - prior)
        return value, slope[is_free]

    # A rank that differs never helps.
    limits = [(None, 0) if name.endswith("_differs") else (None, None) for name in FEATURES]
    bounds = [limit for limit, free in zip(limits, is_free, strict=True) if free]
    result = minimize(loss, prior[is_free], jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300})
    print(f"mean negative log-likelihood: {result.fun / names:.4f} ({result.message})")
    beta = prior.copy()
    beta[is_free] = result.x
    return beta


if __name__ == "__main__":
    main()
