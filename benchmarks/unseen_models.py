"""Make a model that has never met some families, some genera of others, and some species of others again.

    python benchmarks/unseen_models.py SOURCE WORK [--labels TABLE] [--recipe small] [--seed 0] [--set epochs=10]

SOURCE is what `thuja curate` takes. Into WORK go `data` (curated, with the held-out taxa in the split `unseen`),
`run` (trained on the rest) and `embeddings.parquet` (all images by that model). Held out are whole families, then
whole genera of families that keep another, then species of genera that keep another; the greatest family stays.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

THUJA = [sys.executable, "-c", "from thuja.cli.main import main; main()"]
LEAST_IMAGES = 15
"""A species with fewer images is not held out: it says next to nothing."""


def run(*words: object) -> None:
    subprocess.run([*THUJA, *map(str, words)], check=True)


def hold_out(species: pl.DataFrame, generator: np.random.Generator, shares: tuple[float, float, float]) -> set[str]:
    """The scientific names held out: `shares` of the species as families, genera and species."""
    left = species.filter(pl.col("images") >= LEAST_IMAGES).sort("scientific_name")
    count, held = len(left), set[str]()
    sizes = left.group_by("family").len().sort("len", "family")
    never = sizes["family"][-1]
    for rank, share in zip(("family", "genus", "scientific_name"), shares, strict=True):
        above = {"genus": "family", "scientific_name": "genus"}.get(rank)
        taken = 0
        for name in generator.permutation(left[rank].unique().sort().to_list()).tolist():
            rows = left.filter(pl.col(rank) == name)
            keeps = above is None or left.filter(pl.col(above) == rows[above][0])[rank].n_unique() > 1
            if (rank == "family" and name == never) or not keeps or taken + len(rows) > share * count:
                continue
            held |= set(rows["scientific_name"])
            left, taken = left.filter(pl.col(rank) != name), taken + len(rows)
    return held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--labels", type=Path, help="the table of SOURCE, for thuja curate")
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test", type=float, default=0.4)
    parser.add_argument("--shares", type=float, nargs=3, default=(0.12, 0.1, 0.1), help="families, genera, species")
    parser.add_argument("--set", dest="fields", action="append", default=[])
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    labels = ["--labels", asked.labels] if asked.labels else []
    run("curate", asked.source, *labels, "--out", asked.work / "first", "--test", 0)
    catalog = pl.read_parquet(asked.work / "first" / "catalog.parquet").filter(pl.col("drop_reason").is_null())
    species = catalog.group_by("family", "genus", "scientific_name").agg(pl.len().alias("images"))
    held = hold_out(species, np.random.default_rng(asked.seed), tuple(asked.shares))
    table = catalog.select(
        pl.col("source_id").alias("file"),
        "scientific_name",
        *(name for name in ("common", "kingdom", "phylum", "class", "order", "family", "genus", "species")),
        "observation_id",
        split=pl.when(pl.col("scientific_name").is_in(list(held))).then(pl.lit("unseen")).otherwise(pl.lit("")),
    )
    table.write_csv(asked.work / "table.csv")
    print(f"held out: {len(held)} of {len(species)} species")
    run(
        "curate", asked.source, "--labels", asked.work / "table.csv", "--out", asked.work / "data", "--test", asked.test
    )
    settings = [word for field in asked.fields for word in ("--set", field)]
    run("train", asked.recipe, asked.work / "data", "--out", asked.work / "run", *settings)
    embedded = asked.work / "embeddings.parquet"
    run("embed", asked.work / "data", "--model", asked.work / "run", "--out", embedded, "--batch-size", 64)


if __name__ == "__main__":
    main()
