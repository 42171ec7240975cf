"""Descriptions out of a dump of 100,000 made-up pages: speed beside the floor, and which pages are chosen.

    python benchmarks/captions_dump.py [--pages 100000] [--taxa 1000000] [--folder /tmp/thuja-dump] [--ways]

The floor is what nobody who reads the file can go below: bzip2 alone, and bzip2 with expat without a handler. Memory is
the peak of a process of its own, with a list of a million taxa. With --ways nothing but that: for lists of taxa of many
lengths, how much of the dump they want, what the index and one pass cost, and which of them thuja takes.
"""

import argparse
import bz2
import os
import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from shutil import rmtree
from xml.parsers import expat

import numpy as np
import polars as pl

from captions_dump_world import Maker, Truth, write
from thuja.captions.descriptions.dump import Dump, harvest, open_dump, read_dump
from thuja.captions.descriptions.dump.index import Survey
from thuja.captions.descriptions.pages import Found
from thuja.captions.descriptions.taxon_table import TaxonTable, read_taxa
from thuja.captions.descriptions.titles import TitleSet, hashes_of
from thuja.taxonomy import Taxon


def timed(name: str, work: Callable[[], int], size: float) -> float:
    """Print seconds, pages and MB of XML a second of the clock; returns the processors' seconds."""
    start, used = time.perf_counter(), sum(os.times()[:4])
    count = work()
    wall, cpu = time.perf_counter() - start, sum(os.times()[:4]) - used
    print(f"| {name} | {wall:.1f} | {cpu:.1f} | {count / wall:,.0f} | {size / wall:.1f} |", flush=True)
    return cpu


def decompressed(path: Path) -> Iterator[bytes]:
    with bz2.open(path) as file:
        while piece := file.read(1 << 20):
            yield piece


def floor_bzip2(path: Path) -> int:
    return sum(piece.count(b"<page>") for piece in decompressed(path))


def floor_expat(path: Path) -> int:
    parser, count = expat.ParserCreate(), 0
    for piece in decompressed(path):
        parser.Parse(piece, False)
        count += piece.count(b"<page>")
    return count


def kept(dump: Dump, table: TaxonTable, folder: Path, workers: int, pages: int) -> int:
    rmtree(folder, ignore_errors=True)
    with closing(harvest(dump, table.titles(), folder, workers=workers)) as store:
        store.counts()
    return pages


def prepared(folder: Path, pages: int) -> tuple[Path, Path, list[Truth]]:
    """The dump, its index and the truth, made once."""
    truth = folder / f"truth-{pages}.pickle"
    if not truth.exists():
        wiki = Maker(pages).make()
        write(wiki, folder / str(pages))
        truth.write_bytes(pickle.dumps(wiki.truths))
    made: list[Truth] = pickle.loads(truth.read_bytes())
    name = folder / str(pages) / "world-multistream"
    return Path(f"{name}.xml.bz2"), Path(f"{name}-index.txt.bz2"), made


def ways(path: Path, index: Path, truths: list[Truth], folder: Path) -> None:
    """The processors' seconds by the index, in one pass, and as it is chosen, for lists drawn by chance."""
    order = np.random.default_rng(2).permutation(len(truths))
    print("| taxa | streams wanted | by index, CPU s | one pass, CPU s | as chosen, CPU s |\n|---|---|---|---|---|")
    for count in (20, 100, 200, 300, 400, 600, 1_000, 4_000, len(truths)):
        table = table_of([truths[at].taxon for at in order[:count]], folder / "some.parquet")
        survey = Survey(TitleSet(hashes_of(table.titles())))
        survey.read(path, index)
        cells = [f"{count:,}", f"{len(survey.offsets) / survey.streams:.0%}"]
        for dump in (
            Dump(path=path, index=index),
            Dump(path=path),
            Dump(path=path, index=index, is_index_optional=True),
        ):
            used = sum(os.times()[:4])
            kept(dump, table, folder / "work", 1, count)
            cells.append(f"{sum(os.times()[:4]) - used:.1f}")
        print(f"| {' | '.join(cells)} |", flush=True)


def table_of(taxa: list[Taxon], path: Path) -> TaxonTable:
    pl.DataFrame([taxon.to_columns() for taxon in taxa]).write_parquet(path)
    return read_taxa(path)


def choice(truths: list[Truth], answers: dict[Taxon, Found]) -> None:
    """Precision and recall of the pages that are taken, by kind of taxon, and how many come word for word."""
    print("\n| kind | taxa | with a page | taken | right | word for word | reasons |\n|---|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for kind in [*dict.fromkeys(truth.kind for truth in truths), "all"]:
        some = [truth for truth in truths if kind in (truth.kind, "all")]
        found = [answers[truth.taxon] for truth in some]
        pairs = list(zip(some, found, strict=True))
        taken = [pair for pair in pairs if pair[1].sections]
        right = [pair for pair in taken if pair[0].title == pair[1].source.title]
        exact = [pair for pair in right if tuple(one.text for one in pair[1].sections) == pair[0].sections]
        reasons = Counter(one.reason for one in found if one.reason)
        having = sum(bool(truth.title) for truth in some)
        total = Counter(having=having, taken=len(taken), right=len(right))
        shown = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
        print(f"| {kind} | {len(some):,} | {having:,} | {len(taken):,} | {len(right):,} | {len(exact):,} | {shown} |")
    print(f"\nprecision {total['right'] / total['taken']:.4f}, recall {total['right'] / total['having']:.4f}")


def peak(dump: Path, taxa: Path, folder: Path) -> str:
    """Peak memory of a process that reads the whole dump for that list of taxa, and of one that only starts."""
    code = (
        "import sys; from pathlib import Path\n"
        "from thuja.captions.descriptions.dump import Dump, harvest\n"
        "from thuja.captions.descriptions.taxon_table import read_taxa\n"
        "def memory(): return next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1]\n"
        "started = memory(); table = read_taxa(Path(sys.argv[2])); read = memory()\n"
        "harvest(Dump(path=Path(sys.argv[1])), table.titles(), Path(sys.argv[3])).close()\n"
        "print(started, read, memory(), len(table))"
    )
    rmtree(folder, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-c", code, str(dump), str(taxa), str(folder)], capture_output=True, text=True, check=True
    )
    started, read, whole, count = (int(word) for word in done.stdout.split())
    at = [
        f"{size / 1024:.0f} MB {when}"
        for size, when in ((started, "started"), (read, "with the table"), (whole, "peak"))
    ]
    return f"{count:,} taxa: {', '.join(at)}"


def million(count: int, path: Path) -> Path:
    """A table of that many distinct taxa."""
    numbers = pl.int_range(count, eager=True)
    letters = [
        (numbers // 17**place % 17).replace_strict(list(range(17)), list("abcdefghiklmnoprs")) for place in range(5)
    ]
    epithet = letters[0] + letters[1] + letters[2] + letters[3] + letters[4] + "us"
    genus = (
        (numbers // 20).cast(pl.String).str.replace_all(r"\d", "") + "G" + letters[4] + letters[3] + letters[2] + "ax"
    )
    frame = pl.DataFrame(
        {"kingdom": ["Animalia"] * count, "family": ["Familidae"] * count, "genus": genus, "species": epithet}
    )
    frame = frame.with_columns(common=("common " + pl.Series(numbers).cast(pl.String)))
    frame.write_parquet(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--taxa", type=int, default=1_000_000)
    parser.add_argument("--choose", type=int, default=5_000, help="taxa whose pages are chosen, drawn by chance")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/thuja-dump"))
    parser.add_argument("--ways", action="store_true", help="only what the index and one pass cost")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    path, index, truths = prepared(given.folder, given.pages)
    if given.ways:
        ways(path, index, truths, given.folder)
        return
    size = sum(len(piece) for piece in decompressed(path)) / 1e6
    packed = path.stat().st_size / 1e6
    print(f"{given.pages:,} pages, {size:.0f} MB of XML, {packed:.0f} MB packed, {len(truths):,} taxa\n")
    table = table_of([truth.taxon for truth in truths], given.folder / "taxa.parquet")
    print("| what | wall s | CPU s | pages/s | MB of XML/s |\n|---|---|---|---|---|")
    work = given.folder / "work"
    floor = timed("floor: bzip2 alone", lambda: floor_bzip2(path), size)
    both = timed("floor: bzip2 and expat", lambda: floor_expat(path), size)
    whole = timed("read_dump, every page", lambda: sum(1 for _ in read_dump(path)), size)
    once = timed(
        "for the taxa, whole dump, 1 process", lambda: kept(Dump(path=path), table, work, 1, given.pages), size
    )
    timed("for the taxa, whole dump, 2 processes", lambda: kept(Dump(path=path), table, work, 2, given.pages), size)
    indexed = Dump(path=path, index=index)
    timed("for the taxa, by index, 1 process", lambda: kept(indexed, table, work, 1, given.pages), size)
    few = table_of([truth.taxon for truth in truths[:20]], given.folder / "few.parquet")
    timed("for 20 taxa, by index, 1 process", lambda: kept(indexed, few, work, 1, given.pages), size)
    print(
        f"\nby the processors' seconds, read_dump goes at {both / whole:.0%} of bzip2 and expat, {floor / whole:.0%} of"
    )
    print(f"bzip2 alone; one pass for the taxa at {both / once:.0%} and {floor / once:.0%}")
    for name, dump in (("whole dump", Dump(path=path)), ("by index", indexed)):
        rmtree(work, ignore_errors=True)
        source = open_dump(dump, table, work)
        some = [truths[at] for at in sorted(np.random.default_rng(1).permutation(len(truths))[: given.choose])]
        taxa = [truth.taxon for truth in some]
        start = time.process_time()
        answers = dict(source.pages(taxa))
        used = time.process_time() - start
        print(f"\n{name}: pages chosen and read for {len(taxa) / used:,.0f} taxa a processor's second")
        choice(some, answers)
    print(f"\nmemory, {peak(path, million(given.taxa, given.folder / 'million.parquet'), work)}")


if __name__ == "__main__":
    main()
