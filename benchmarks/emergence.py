"""What the space learns: points from a grid's vectors, the claims' differences, and the figures.

    python benchmarks/emergence.py measure DIR [DIR ...] --csv benchmarks/results/emergence.csv
    python benchmarks/emergence.py claims --csv benchmarks/results/emergence.csv
    python benchmarks/emergence.py table --csv benchmarks/results/emergence.csv
    python benchmarks/emergence.py figures docs/images --csv benchmarks/results/emergence.csv

DIR is what `thuja ablate --size emergence --out DIR` wrote. A point that the table has is not measured again.
"""

import argparse
import sys
import time
from pathlib import Path

from thuja.experiments.emergence.claims import asked, verdicts
from thuja.experiments.emergence.figures import write_figures
from thuja.experiments.emergence.page import to_page
from thuja.experiments.emergence.rows import Point, ceiling_points, measure_points, read_points, write_points


def measure(folders: list[Path], table: Path) -> None:
    """Add what the folders hold and the table lacks, writing after each point."""
    points = read_points(table)
    for folder in folders:
        for make in (measure_points, ceiling_points):
            started = time.monotonic()
            for point in make(folder, list(points)):
                points.append(point)
                write_points(table, sorted(points, key=_place))
                print(f"{point.arm} in {point.world}: {time.monotonic() - started:.0f} s", file=sys.stderr)
                started = time.monotonic()


def claims(table: Path) -> None:
    """Each number that a claim asks for, with its interval over worlds; then what holds."""
    points = read_points(table)
    for test in asked():
        found = test.difference(points)
        told = "no world" if found is None else f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
        worlds = 0 if found is None else found.worlds
        print(f"{test.claim} | {test.part} | {test.told} | {told} | {worlds} worlds | {test.holds(points)}")
    for claim, parts in verdicts(points).items():
        print(claim, "held" if all(parts.values()) else "failed", parts)


def _place(point: Point) -> tuple[str, str, int]:
    return (point.arm, point.world, point.seed)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["measure", "claims", "table", "figures"])
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--csv", type=Path, default=Path("benchmarks/results/emergence.csv"))
    given = parser.parse_args()
    if given.verb == "measure":
        measure(given.folders, given.csv)
    elif given.verb == "claims":
        claims(given.csv)
    elif given.verb == "table":
        print(to_page(read_points(given.csv)))
    else:
        write_figures(read_points(given.csv), given.folders[0])


if __name__ == "__main__":
    main()
