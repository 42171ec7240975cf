"""One run of a resolver in a process of its own, with what it took: started by names.py.

    python benchmarks/names_speed.py ours|plain NAMES.parquet [--count N]

`plain` is what one would write in an afternoon: a dictionary of the backbone's binomials, else
rapidfuzz over the epithets of the genus, else over all genera, in a loop.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from names_world import ABOVE
from thuja.names.embedded import embedded_file

_MOST_EDITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`seconds` of the whole process; `gigabytes` its peak, its children's with it, shared pages
    counted once; `said` what it printed."""

    seconds: float
    gigabytes: float
    said: str


def measure(words: Sequence[object]) -> Cost:
    """Run a command to its end; stops the benchmark when it fails.

    ru_maxrss would also count the pages of the process that started it, so its tree is asked instead.
    """
    started = time.perf_counter()
    running = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak, done = [0.0], Event()

    def watch() -> None:
        while not done.wait(0.1):
            peak[0] = max(peak[0], sum(map(_proportional, _tree(running.pid))))

    watcher = Thread(target=watch)
    watcher.start()
    said, errors = running.communicate()
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    if running.returncode:
        sys.exit(f"{' '.join(map(str, words[:6]))} failed:\n{errors[-2000:]}")
    return Cost(seconds=seconds, gigabytes=peak[0] / 1e9, said=said)


def _tree(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for parent in found:
        try:
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        except OSError:  # it ended meanwhile
            continue
    return found


def _proportional(pid: int) -> float:
    """Bytes in memory, a page that n processes share as its n-th part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def ours(names: pl.DataFrame) -> pl.DataFrame:
    """thuja's accepted names."""
    from thuja.names import resolve

    answers = resolve(names["name"].to_list(), names.select(ABOVE))
    return answers.select(pl.when(pl.col("species").is_not_null()).then("accepted_name").alias("answer"), "kingdom")


def plain(names: pl.DataFrame) -> pl.DataFrame:
    """The loop's answers."""
    species = pl.read_parquet(embedded_file()).filter(pl.col("taxonRank") == "species").drop_nulls("genus")
    kingdoms = dict(species.select("scientificName", "kingdom").iter_rows())
    blocks: dict[str, list[str]] = {}
    for genus, epithet in species.select("genus", "specificEpithet").drop_nulls().iter_rows():
        blocks.setdefault(genus, []).append(epithet)
    genera = list(blocks)
    answers: list[str | None] = []
    for name in names["name"].to_list():
        if name in kingdoms:
            answers.append(name)
            continue
        words = name.replace("_", " ").split()
        genus = words[0].capitalize() if words else ""
        if genus not in blocks:
            near = process.extractOne(genus, genera, scorer=OSA.distance, score_cutoff=_MOST_EDITS)
            genus = near[0] if near else ""
        epithet = words[1].lower() if len(words) > 1 else ""
        best = process.extractOne(epithet, blocks.get(genus, ()), scorer=OSA.distance, score_cutoff=_MOST_EDITS)
        answers.append(f"{genus} {best[0]}" if best else None)
    kingdom = [kingdoms.get(answer) if answer else None for answer in answers]
    return pl.DataFrame({"answer": answers, "kingdom": kingdom}, schema={"answer": pl.String, "kingdom": pl.String})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("who", choices=("ours", "plain"))
    parser.add_argument("names", type=Path)
    parser.add_argument("--count", type=int, metavar="N", help="the first N names only")
    chosen = parser.parse_args()
    names = pl.read_parquet(chosen.names, n_rows=chosen.count)
    started = time.perf_counter()
    answers = ours(names) if chosen.who == "ours" else plain(names)
    seconds = time.perf_counter() - started
    same = (answers["answer"] == names["truth_name"]) & (answers["kingdom"] == names["truth_kingdom"])
    wrong = answers["answer"].is_not_null() & ~same.fill_null(value=False)
    said = {"names": len(names), "loop_s": seconds, "right": same.fill_null(value=False).mean(), "wrong": wrong.mean()}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
