"""An index as a user has it, not its engine alone: built, opened, searched under filters, added to, compacted.

    python benchmarks/search_index.py [--rows 1000000] [--dim 512] [--kind clustered] [--segment-rows 1000000]
    python benchmarks/search_index.py --rows 100000 --adds 200 --added-rows 5000

Every command is `thuja index ...` in a process of its own, whose time and greatest memory are told; searches are those
of `Index.search` with a `Filter`, its evaluation included, in a process that opens the index. "First" is the first
search under a filter after opening, of the median of three; p50 and p99 are of single queries after it. Recall is held
against exact search under the same filter. Memory is what the process holds of its own (RssAnon) when it has opened
the index and searched under every filter, less what Python and its libraries hold, as a share of float32 vectors.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from search import K, held
from search_rows import Rows, filters, taxa, write_rows, write_taxa
from search_sets import KINDS
from thuja.search.engine.effort import EXACT
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.taxonomy import Taxon

SINGLES = 300
BLOCK = 1000
"""Queries of which the true neighbours are sought."""
OPTIONS = ("rows", "dim", "kind", "queries", "adds", "added-rows")
BRIEF = ("all", "taxon 1.0%", "date 10.0%")
"""Filters that are looked at again after a change."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--kind", choices=KINDS, default="clustered")
    parser.add_argument("--segment-rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--adds", type=int, default=1, help="how often rows are added, each time by a command")
    parser.add_argument("--added-rows", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keep what is made here, and use its rows again")
    parser.add_argument("--step", choices=("rows", "more", "search", "look again"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step in ("rows", "more"):
        make_rows(asked)
        return
    if asked.step:
        print(json.dumps(search(asked.folder, is_brief=asked.step == "look again")))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "queries.npy").exists():
            step("rows", folder, asked)
        print(f"{asked.rows:,} x {asked.dim}, {asked.kind}, segments of {asked.segment_rows:,} rows, {K} nearest")
        words = ["--segment-rows", str(asked.segment_rows)]
        tell_command("build", run("build", folder / "rows.parquet", "--out", folder / "index", "--force", *words))
        tell_index(folder)
        tell_search(step("search", folder, asked))
        change(folder, asked)


def make_rows(asked: argparse.Namespace) -> None:
    """The rows and queries, or those that are added; by itself, as the memory of a command begins with that of ours."""
    rows = Rows.of(asked.kind, asked.dim)
    if asked.step == "more":
        for number in range(asked.adds):
            first = asked.rows + number * asked.added_rows
            write_rows(asked.folder / f"more-{number}.parquet", rows, asked.added_rows, first=first)
        return
    write_taxa(asked.folder, rows.clusters, write_rows(asked.folder / "rows.parquet", rows, asked.rows))
    np.save(asked.folder / "queries.npy", rows.clusters.vectors(rows.clusters.labels(asked.queries)))


def change(folder: Path, asked: argparse.Namespace) -> None:
    """Rows come, a branch goes, and segments are put together; after each a look at searches."""
    step("more", folder, asked)
    told = [run("add", folder / "index", folder / f"more-{number}.parquet") for number in range(asked.adds)]
    if told:
        seconds = [one["seconds"] for one in told]
        tell_command(f"add {asked.added_rows:,}, the last of {asked.adds}", told[-1])
        if asked.adds > 1:
            print(f"  all {sum(seconds):.0f} s, median {median(seconds):.1f} s, the longest {max(seconds):.1f} s")
        tell_index(folder)
        tell_search(step("look again", folder, asked))
    (branch, *_) = [taxon for share, taxon in taxa(folder).items() if share == "0.1%"]
    path = "/".join(branch.names).rstrip("/")
    tell_command("delete a thousandth", run("delete", folder / "index", "--within", path))
    tell_search(step("look again", folder, asked))
    tell_command("compact", run("compact", folder / "index", "--grace", 0))
    tell_index(folder)
    tell_search(step("look again", folder, asked))


def run(*words: object) -> dict[str, Any]:
    """A command of `thuja index`: its seconds, those of processors, the most memory it had in MB, what it said."""
    started = time.perf_counter()
    line = [sys.executable, "-m", "thuja", "index", *map(str, words)]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(line, stdout=said, stderr=subprocess.STDOUT, text=True)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().strip()
    if process.returncode:
        raise SystemExit(f"thuja index {words[0]} failed: {text}")
    return {
        "seconds": time.perf_counter() - started,
        "processor": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1000,
        "said": ["", *(line for line in text.splitlines() if not line.startswith("next:"))][-1],
    }


def step(name: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """What a step of this program tells, in a process of its own."""
    words = [f"--{option}={getattr(asked, option.replace('-', '_'))}" for option in OPTIONS]
    done = subprocess.run(
        [sys.executable, __file__, "--step", name, "--folder", str(folder), *words], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    return told


def search(folder: Path, *, is_brief: bool) -> dict[str, Any]:
    """Open an index and search it: under every filter, one query at a time; then in batches, beside exact search."""
    queries = np.load(folder / "queries.npy")
    every = {name: one for name, one in filters(folder).items() if not is_brief or name in BRIEF}
    before = held()["Anon"]
    started = time.perf_counter()
    index = Index.open(folder / "index")
    told: dict[str, Any] = {"open": time.perf_counter() - started, "opened": held()["Anon"] - before, "filters": {}}
    for name, one in every.items():
        told["filters"][name] = {"kept": index.count(one), **singles(index, queries, one)}
    told["held"] = held()["Anon"] - before
    told["fp32"] = len(index) * index.dim * 4 / 1e6
    if is_brief:
        queries = queries[: 2 * BLOCK]
    for name, one in every.items():
        told["filters"][name] |= {"first": first_use(folder, queries, one), **batch(index, queries, one)}
    told["asked"] = {} if is_brief else counted(folder, every["taxon 10.0%"], every["date 10.0%"])
    return told


def singles(index: Index, queries: np.ndarray, filter: Filter | None) -> dict[str, float]:
    """Milliseconds of one query by itself, the filter known already."""
    took = []
    for number in range(min(SINGLES, len(queries))):
        took.append(seconds(lambda at=number: index.search(queries[at], k=K, filter=filter)))
    p50, p99 = np.percentile(took[5:], [50, 99]) * 1e3
    return {"p50": p50, "p99": p99}


def first_use(folder: Path, queries: np.ndarray, filter: Filter | None) -> float:
    """Milliseconds of the first search under a filter, of an index that has answered another."""
    took = []
    for number in range(3):
        index = Index.open(folder / "index")
        index.search(queries[number], k=K)
        took.append(seconds(lambda at=number, index=index: index.search(queries[at], k=K, filter=filter)))
    return 1e3 * median(took)


def batch(index: Index, queries: np.ndarray, filter: Filter | None) -> dict[str, float]:
    """Queries a second, all in one call, and the share of true neighbours among the first thousand."""
    index.search(queries[:20], k=K, filter=filter)
    started = time.perf_counter()
    found = index.search(queries, k=K, filter=filter).keys
    rate = len(queries) / (time.perf_counter() - started)
    true = index.search(queries[:BLOCK], k=K, filter=filter, effort=EXACT).keys
    shared = sum(len(np.intersect1d(one[one >= 0], other)) for one, other in zip(true, found[:BLOCK], strict=True))
    return {"rate": rate, "recall": shared / max(1, int((true >= 0).sum()))}


def counted(folder: Path, taxon: Filter | None, date: Filter | None) -> dict[str, float]:
    """Milliseconds of what a page asks beside hits, each on an index that was just opened."""

    def asked(job: Callable[[Index], object], *, again: bool = False) -> float:
        index = Index.open(folder / "index")
        if again:
            job(index)
        return 1e3 * seconds(lambda: job(index))

    names = ["family", "license_name"]
    return {
        "count, date": asked(lambda index: index.count(date)),
        "facets family, licence": asked(lambda index: index.facets(names)),
        "facets under the date": asked(lambda index: index.facets(names, filter=date), again=True),
        "tree, the first time": asked(lambda index: index.tree().children(Taxon())),
        "tree, again": asked(lambda index: index.tree().children(Taxon()), again=True),
        "tree under the taxon": asked(lambda index: index.tree(taxon).children(Taxon()), again=True),
        "fifty rows": asked(lambda index: index.rows(np.arange(0, len(index), len(index) // 50)), again=True),
    }


def seconds(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def tell_command(name: str, told: dict[str, Any]) -> None:
    print(
        f"\n{name}: {told['seconds']:.1f} s ({told['processor']:.0f} s of processors), {told['peak']:,.0f} MB at most"
    )
    print(f"  {told['said']}", flush=True)


def tell_index(folder: Path) -> None:
    """What `thuja index info` says of the disk."""
    line = [sys.executable, "-m", "thuja", "index", "info", str(folder / "index"), "--json"]
    facts = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
    parts = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in facts["bytes"].items())
    files = sum(path.is_file() for path in (folder / "index").rglob("*"))
    disk = sum(path.stat().st_size for path in (folder / "index").rglob("*") if path.is_file())
    print(f"  {facts['rows']:,} rows in {facts['segments']} segments, compact: {facts.get('compact', 'not told')}")
    print(f"  MB: {parts}; with earlier versions {disk / 1e6:,.0f} in {files:,} files", flush=True)


def tell_search(told: dict[str, Any]) -> None:
    share = told["held"] / told["fp32"]
    print(
        f"  opened in {1e3 * told['open']:,.0f} ms; {told['opened']:,.0f} MB held, {told['held']:,.0f} MB with filters"
    )
    print(f"  which is {share:.1%} of {told['fp32']:,.0f} MB in float32")
    print(f"  {'':24} {'kept':>10}  recall  first ms  p50 ms  p99 ms  queries/s")
    for name, one in told["filters"].items():
        found = f"{one['kept']:10,} {one['recall']:7.3f} {one['first']:9.1f} {one['p50']:7.2f} {one['p99']:7.2f}"
        print(f"  {name:24} {found} {one['rate']:10,.0f}")
    if told["asked"]:
        print("  " + ", ".join(f"{name} {took:.1f} ms" for name, took in told["asked"].items()))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
