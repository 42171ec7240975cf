"""What claims C4 to C9 of docs/claims.md come to, from the table that `thuja ablate` wrote.

python benchmarks/captions_claims.py benchmarks/results/captions.csv
"""

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thuja.experiments import paired
from thuja.experiments.table import mean_over_worlds

Scores = dict[tuple[str, int], float]

_KNOWN = ("to_text_known_words", "to_image_known_words")
_DOSED = (*_KNOWN, "named", "text_r2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One difference of a claim: of the mean of some scores of one arm from that of another, or of other scores."""

    claim: str
    arm: str
    other: str
    scores: Sequence[str]
    less: Sequence[str] = ()
    """The other arm's scores, where they have other names."""


def _asked() -> list[Asked]:
    two, none = "captions/true_two", "captions/none"
    each = [
        *(("C4", two, none, name) for name in ("species", "unseen_species", "to_text", "to_image", *_KNOWN)),
        *(("C6", two, none, name) for name in ("named", "unnamed")),
        *(("C8", two, none, name) for name in ("image_r2", "image_cca", "text_r2", "text_cca")),
    ]
    found = [Asked(claim=claim, arm=arm, other=other, scores=(name,)) for claim, arm, other, name in each]
    whole = ("species", "unseen_species", *_KNOWN)
    for arm, other in (("guided_two", "bare_two"), ("true_two", "true_one"), ("guided_two", "guided_one")):
        found.append(Asked(claim="C5", arm=f"captions/{arm}", other=f"captions/{other}", scores=whole))
    for share in (90, 50, 0):
        arm, other = f"grounds_{share}/captions", f"grounds_{share}/names"
        for name in ("fall_by_name", "fall_by_mean", "other_by_name"):
            found.append(Asked(claim="C7", arm=arm, other=other, scores=(name,)))
        found.append(Asked(claim="C7", arm=other, other=other, scores=("own_by_name",), less=("other_by_name",)))
    for what in ("image", "text"):
        found.append(Asked(claim="C8", arm=two, other=two, scores=(f"{what}_cca",), less=(f"{what}_cca_chance",)))
    for arm, other in (
        ("missing_60", "true"),
        ("invented_60", "true"),
        ("invented_60", "missing_60"),
        ("missing_30", "true"),
        ("invented_30", "true"),
    ):
        found.append(Asked(claim="C9", arm=f"faults/{arm}", other=f"faults/{other}", scores=_DOSED))
    return sorted(found, key=lambda one: one.claim)


def scores_of(rows: Sequence[Mapping[str, str]], label: str, names: Sequence[str]) -> Scores:
    """The mean of some scores of an arm in each world from each seed, where it has them all."""
    return {
        (row["world"], int(row["seed"])): float(np.mean([float(row[name]) for name in names]))
        for row in rows
        if f"{row['group']}/{row['arm']}" == label and not row["error"] and all(row.get(name) for name in names)
    }


def main(path: Path) -> None:
    """Print a line a difference: the two means, and the difference with its interval over worlds, in hundredths."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    print("| claim | measure | arm | other | difference | worlds, cells |\n|---|---|---|---|---|---|")
    for one in _asked():
        arm, other = scores_of(rows, one.arm, one.scores), scores_of(rows, one.other, one.less or one.scores)
        gap = paired(arm, other)
        if gap is None:
            continue
        both = arm.keys() & other.keys()
        means = [100 * (mean_over_worlds({key: side[key] for key in both}) or 0.0) for side in (arm, other)]
        less = f" less {', '.join(one.less)}" if one.less else ""
        arms = one.arm if one.arm == one.other else f"{one.arm} less {one.other}"
        print(
            f"| {one.claim} | {arms}: {', '.join(one.scores)}{less} | {means[0]:.1f} | {means[1]:.1f} "
            f"| {100 * gap.value:+.1f} ({100 * gap.low:+.1f} to {100 * gap.high:+.1f}) | {gap.worlds}, {len(both)} |"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
