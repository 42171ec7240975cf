"""Opening 867,455 labels: seconds and memory of each step, in a process of its own each, beside plain Python's way.

    python benchmarks/label_opening.py [--labels 867455] [--dim 768] [--folder /tmp/thuja-benchmarks]

The taxa are species of the embedded backbone, drawn and shuffled, each ninth with a common name; the vectors are
random. They lie in the folder once as TreeOfLife publishes them (a float32 matrix with a column a label, and a JSON
list) and once as `thuja labels import` turns them. Every step but the import is measured with the files in the
page cache. Memory is what the step adds to the process's peak: anonymous memory, and pages of mapped files.
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

import numpy as np

from thuja.classify import Tree, marginals
from thuja.encode import available_cpus
from thuja.encode.label_sources import find_labels
from thuja.labels import LabelSpace, find_clade, import_published
from thuja.taxonomy import Rank, Taxon

MODEL = "a-model"
PLAIN, PLAIN_TREE, IMPORT = "plain", "plain tree", "import"


def make(folder: Path, *, count: int, dim: int) -> None:
    """The published pair."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    table = find_labels(["backbone"]).table
    rows = table[generator.choice(len(table), count, replace=False)].rows()
    names = [[list(row[:7]), f"common name {number}" if number % 9 == 0 else ""] for number, row in enumerate(rows)]
    (folder / "txt_emb_species.json").write_text(json.dumps(names))
    path = folder / "txt_emb_species.npy"
    matrix = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(dim, count))
    for row in matrix:
        row[:] = generator.standard_normal(count, dtype=np.float32) / np.sqrt(dim)
    matrix.flush()


def plain_tree(labels: LabelSpace) -> list[int]:
    """The order of the lineages as a sort of Python's tuples."""
    names = [taxon.names for taxon in labels.taxa]
    return sorted(range(len(names)), key=names.__getitem__)


def plain_open(folder: Path) -> LabelSpace:
    """The published pair with a Taxon a label."""
    vectors = np.load(folder / "txt_emb_species.npy", mmap_mode="r")
    rows = json.loads((folder / "txt_emb_species.json").read_text())
    taxa = [Taxon.from_names(lineage, common) for lineage, common in rows]
    return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors.T, model=MODEL, taxa=taxa)


def scored(labels: LabelSpace) -> object:
    """One image against all labels, at every rank."""
    images = np.random.default_rng(1).standard_normal((1, labels.vectors.shape[1])).astype(np.float32)
    return list(marginals(images / np.linalg.norm(images), labels, scale=100.0))


def birds(labels: LabelSpace) -> LabelSpace:
    return labels.subset(find_clade(labels.columns, "Aves")[0])


def insects(labels: LabelSpace) -> LabelSpace:
    return labels.subset(find_clade(labels.columns, "Insecta")[0])


STEPS: dict[str, Callable[[LabelSpace], object]] = {
    "tree": Tree.of,
    "groups of families": lambda labels: labels.groups(Rank.FAMILY),
    "id": lambda labels: labels.id,
    "within Aves": birds,
    "within Insecta": insects,
    "one image, all ranks": scored,
    "every Taxon": lambda labels: list(labels.taxa),
}


def measure(folder: Path, step: str) -> None:
    """Open in this process, do the step, print seconds and MB of both."""
    clock = Clock()
    labels = plain_open(folder.parent / "published") if folder.name == PLAIN else LabelSpace.load(folder, model=MODEL)
    opened = clock.lap()
    result = (plain_tree if step == PLAIN_TREE else STEPS[step])(labels)
    about = f"{step} ({len(result):,} labels)" if isinstance(result, LabelSpace) else step
    print(f"| {folder.name} | {opened} | {about} | {clock.lap()} |")


def measure_import(native: Path) -> None:
    clock, published = Clock(), native.parent / "published"
    pair = (published / "txt_emb_species.npy", published / "txt_emb_species.json")
    import_published(*pair, model=MODEL, out=native)
    print(f"| {published.name} | | | import | {clock.lap()} |")


class Clock:
    """Wall and processor seconds of a lap, and what it added to this process's memory and to its peak."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._memory, self._peak = memory("RssAnon"), memory("VmHWM")

    def lap(self) -> str:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        kept, peak = memory("RssAnon") - self._memory, memory("VmHWM") - self._peak
        self._start()
        return f"{wall:.3f} s ({cpu:.3f} s) | {kept:.0f} MB ({peak:.0f} MB)"


def memory(field: str) -> float:
    """MB of this process, as the kernel counts them: RssAnon without mapped files, VmHWM the peak with them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=867_455)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "thuja-benchmarks")
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "STEP"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        folder, step = Path(options.measure[0]), options.measure[1]
        measure_import(folder) if step == IMPORT else measure(folder, step)
        return
    root = options.folder / f"labels-{options.labels}-{options.dim}"
    published, native = root / "published", root / "native"
    pair = (published / "txt_emb_species.npy", published / "txt_emb_species.json")
    if not pair[0].is_file():
        make(published, count=options.labels, dim=options.dim)
    print(f"load {os.getloadavg()[0]:.1f}, {available_cpus()} processors")
    print("seconds by the wall (of the processor), MB kept, without mapped files (at the peak, with them)")
    print("| labels | opening | | step | | |\n|---|---|---|---|---|---|")
    in_own_process(native, IMPORT)
    for step in STEPS:
        in_own_process(native, step)
        in_own_process(published, step)
    in_own_process(root / PLAIN, PLAIN_TREE)


def in_own_process(folder: Path, step: str) -> None:
    subprocess.run([sys.executable, __file__, "--measure", str(folder), step], check=True)


if __name__ == "__main__":
    main()
