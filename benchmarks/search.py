"""Search in an index's vectors: recall against queries a second, with filters, beside other engines; and what it costs.

    python benchmarks/search.py [--rows 1000000] [--dim 512] [--kind clustered] [--peers thuja "faiss IVF-SQ8"]
    python benchmarks/search.py --embeddings embeddings.parquet

Each engine is built in one process and opened and searched in another, so that build time, memory and search stand
apart. Memory is what the process holds of its own when it has opened and searched (RssAnon), less what Python and its
libraries hold; mapped vectors, which the system may drop at any time, stand beside it. `thuja` at its third level is
what a search does unless told otherwise. A peer that is not installed is said to be. At the end the costs of thuja are
extrapolated to 200 million rows, by the rules that the page docs/search-engine.md gives.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from search_peers import PEERS, Search, label
from search_sets import KINDS, filters, generate, read_real, write_truth
from thuja.search.bits import Bits
from thuja.search.engine.vectors import VECTORS, MappedVectors

K = 10
SINGLES = 200
LARGE = 200_000_000
"""Rows of the largest data set of its kind, TreeOfLife-200M."""
SEGMENTS = (1_000_000, 20_000_000)
"""Rows of a segment as a build makes them, and as a compaction could. Time in one grows with the root of them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--kind", choices=KINDS, default="clustered")
    parser.add_argument("--embeddings", type=Path, help="a Parquet file with `emb`, searched instead")
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--folder", type=Path, help="keep what is made here, and use it again")
    parser.add_argument("--step", choices=("build", "search"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        peer, folder = asked.peers[0], asked.folder
        print(json.dumps(build(peer, folder, asked.dim) if asked.step == "build" else search(peer, folder, asked.dim)))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        dim = prepare(folder, asked)
        rows = MappedVectors.open(folder / VECTORS, dim).shape[0]
        print(f"{rows:,} x {dim}, {asked.embeddings or asked.kind}, {K} nearest", flush=True)
        for peer in asked.peers:
            told = {step: run_step(step, peer, folder, dim) for step in ("build", "search")}
            if told["search"]:
                tell(peer, told["build"] or {}, told["search"])
                if peer == "thuja" and told["search"]["disk"]:  # a small segment has no codes
                    tell_costs(told["build"] or {}, told["search"], rows=rows, dim=dim)


def prepare(folder: Path, asked: argparse.Namespace) -> int:
    """Vectors, queries and the truth; the length of a vector."""
    folder.mkdir(parents=True, exist_ok=True)
    dim = asked.dim
    if asked.embeddings:
        dim = read_real(folder, asked.embeddings, queries=asked.queries)
    elif not (folder / "queries.npy").exists():
        generate(folder, asked.rows, dim, kind=asked.kind, queries=asked.queries)
    if asked.embeddings or not (folder / "truth.npz").exists():
        write_truth(folder, dim, K)
    return dim


def run_step(step: str, peer: str, folder: Path, dim: int) -> dict | None:
    """What one step tells, run in a process of its own."""
    words = ["--step", step, "--peers", peer, "--folder", str(folder), "--dim", str(dim)]
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"ended with {done.returncode}"
        print(f"{peer}: {step} failed: {reason}", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def build(name: str, folder: Path, dim: int) -> dict:
    place = folder / name.replace(" ", "-")
    place.mkdir(exist_ok=True)
    if any(place.iterdir()):
        return {}
    vectors = MappedVectors.open(folder / VECTORS, dim)
    started, processor = time.perf_counter(), time.process_time()
    PEERS[name]().build(vectors, place)
    return {
        "seconds": time.perf_counter() - started,
        "processor": time.process_time() - processor,
        "peak": held()["HWM"],
    }


def search(name: str, folder: Path, dim: int) -> dict:
    """Open, and search at every level under no filter, at each filter with what a user gets."""
    place = folder / name.replace(" ", "-")
    vectors, queries = MappedVectors.open(folder / VECTORS, dim), np.load(folder / "queries.npy")
    truth, every = np.load(folder / "truth.npz"), filters(vectors.shape[0])
    before = held()
    peer = PEERS[name]()
    queries = queries[: peer.most_queries]
    at = peer.open(vectors, place)
    told: dict = {
        "disk": sum(path.stat().st_size for path in place.rglob("*") if path.is_file()),
        "levels": [],
        "filters": [],
    }
    for number, level in enumerate(peer.levels):
        row = measured(at(level), queries, None, truth["all"][: len(queries)])
        told["levels"].append({"level": label(level), **row})
        if number == 0:
            told["held"] = held()["Anon"] - before["Anon"]
    level = peer.levels[2 if len(peer.levels) > 2 else -1]
    for filter_name, kept in every.items():
        if kept is not None:
            try:
                row = measured(at(level), queries, kept, truth[filter_name][: len(queries)])
                told["filters"].append({"filter": filter_name, **row})
            except KeyError:
                break
    told["level"] = label(level)
    return told


def measured(search: Search, queries: np.ndarray, kept: Bits | None, truth: np.ndarray) -> dict:
    """Recall; queries a second in one batch; milliseconds of one query by itself."""
    search(queries[:20], K, kept)
    started = time.perf_counter()
    found = search(queries, K, kept)
    seconds = time.perf_counter() - started
    singles = []
    for number in range(min(SINGLES, len(queries))):
        begun = time.perf_counter()
        search(queries[number : number + 1], K, kept)
        singles.append(time.perf_counter() - begun)
    shared = [np.isin(one[one >= 0], other).sum() for one, other in zip(found, truth, strict=True)]
    p50, p99 = np.percentile(singles, [50, 99]) * 1e3
    return {"recall": float(sum(shared) / (truth >= 0).sum()), "rate": len(queries) / seconds, "p50": p50, "p99": p99}


def held() -> dict[str, float]:
    """MB that this process holds: of its own now (Anon), mapped (File), and at most so far (HWM)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {
        name: int(lines[key].split()[0]) / 1000
        for name, key in (("Anon", "RssAnon"), ("File", "RssFile"), ("HWM", "VmHWM"))
    }


def tell(name: str, built: dict, told: dict) -> None:
    made = f"built in {built['seconds']:.0f} s ({built['processor']:.0f} s of processors)" if built else "built before"
    print(f"\n{name}: {made}, {told['disk'] / 1e6:,.0f} MB on disk, {told['held']:,.0f} MB held")
    print(f"  {'':30} recall  queries/s  one p50 ms     p99")
    for row in told["levels"] + told["filters"]:
        named = row.get("level") or f"{row['filter']}, {told['level']}"
        print(f"  {named:30} {row['recall']:6.3f} {row['rate']:10,.0f} {row['p50']:11.2f} {row['p99']:7.2f}")
    sys.stdout.flush()


def tell_costs(built: dict, told: dict, *, rows: int, dim: int) -> None:
    """The cost table: measured here, and extrapolated, in segments of two sizes that are searched one by one."""
    shares = LARGE / rows
    one = told["levels"][2]
    slower = [LARGE / segment * (segment / rows) ** 0.5 for segment in SEGMENTS]
    seconds = built.get("seconds", float("nan"))
    lines = [
        ("build the codes", f"{seconds:,.0f} s", f"{seconds * shares / 3600:,.1f} h"),
        ("codes on disk", f"{told['disk'] / 1e6:,.0f} MB", f"{told['disk'] * shares / 1e9:,.0f} GB"),
        ("vectors on disk", f"{rows * dim * 2 / 1e6:,.0f} MB", f"{LARGE * dim * 2 / 1e9:,.0f} GB"),
        ("codes in memory", f"{told['held']:,.0f} MB", f"{told['held'] * shares / 1e3:,.0f} GB"),
        ("  of fp32 vectors", f"{told['held'] * 1e6 / (rows * dim * 4):.1%}", "the same"),
        ("one query, p50", f"{one['p50']:.1f} ms", ", ".join(f"{one['p50'] * factor:,.0f} ms" for factor in slower)),
        ("queries/s in a batch", f"{one['rate']:,.0f}", ", ".join(f"{one['rate'] / factor:,.0f}" for factor in slower)),
    ]
    print(f"\n  {'cost':24} {f'measured, {rows:,}':>22}   extrapolated to {LARGE:,}")
    for line in lines:
        print(f"  {line[0]:24} {line[1]:>22}   {line[2]}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
