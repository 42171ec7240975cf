"""Whether words to go by lower what a captioner makes up: a small one trained, put to work, and measured.

    python benchmarks/captions_captioner.py train --out captioners --seed 0
    python benchmarks/captions_captioner.py train --out closer --seed 0 --closer 1000
    python benchmarks/captions_captioner.py caption captioners/0 WORLD --condition guided --out FOLDER
    python benchmarks/captions_captioner.py measure captioners --worlds 8,9 --out table.csv
    python benchmarks/captions_captioner.py measure captioners --worlds 140,141,142,143,144 --claim docs/claims.md#C20

`train` draws worlds of development (seeds 0 to 7) and takes some five minutes of one core. WORLD is a folder that
`thuja ablate` or `thuja.experiments.making` made. On sealed seeds the claim must be committed, and without a result.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Final, get_args

import torch

from thuja.biosphere.claims import open_seed
from thuja.experiments.captioner.asking import Condition, write_captions
from thuja.experiments.captioner.lessons import easy_world, lessons_of, varied_world
from thuja.experiments.captioner.measure import measure
from thuja.experiments.captioner.table import Row, read_rows, to_table, write_rows
from thuja.model.captioner import ImageCaptioner
from thuja.train.captioning import CaptioningSettings, train_captioner

LEARNT: Final = range(8)
SPECIES, EACH = 300, 5
"""Of each world that is learnt from: species, and pictures of each."""
TINY: Final = {"species": 76, "images": 64}
"""The ablation's smallest worlds, which are asked about."""
ASKED: Final = 4
"""Pictures of each species that are asked about."""
SHARES: Final = ("hallucination", "contradicted", "copied", "mistold", "coat", "detail", "wrong_plan", "omission")
COUNTS: Final = ("stated", "true_stated", "unread")


def train(out: Path, seed: int, *, closer: int) -> None:
    """Draw the lessons, train, save the captioner as `out/<seed>`; `closer` looks teach it what pictures show."""
    started = time.process_time()
    lessons = [
        lesson for world in LEARNT for lesson in lessons_of(varied_world(world, species=SPECIES, images=EACH), EACH)
    ]
    drawn = time.process_time()
    model = train_captioner(lessons, CaptioningSettings(closer=closer), seed=seed)
    model.save(out / str(seed))
    weights = sum(weight.numel() for weight in model.parameters())
    print(f"{len(lessons):,} species, {sum(len(one.captions) for one in lessons):,} pictures, {weights:,} weights")
    print(f"CPU seconds: {drawn - started:.0f} to draw, {time.process_time() - drawn:.0f} to train")


def measure_all(models: Path, worlds: list[int], out: Path, *, claim: str) -> None:
    """Rows of every captioner in `models` in each world; what is in the table already is not asked again."""
    rows = read_rows(out)
    for folder in sorted(models.iterdir()):
        model = ImageCaptioner.load(folder)
        for seed in worlds:
            if any((row.model, row.world) == (int(folder.name), seed) for row in rows):
                continue
            open_seed(seed, claim)
            started = time.process_time()
            scores = measure(model, easy_world(seed, **TINY), each=ASKED, seed=0)
            rows += [
                Row(world=seed, model=int(folder.name), condition=condition, scores=own)
                for condition, own in scores.items()
            ]
            write_rows(out, rows)
            print(f"world {seed}, captioner {folder.name}: {time.process_time() - started:.0f} s", file=sys.stderr)
    print(to_table(rows, SHARES))
    print()
    print(to_table(rows, COUNTS, scale=1))


def main() -> None:
    """Do what the command line says."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    training = verbs.add_parser("train")
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--closer", type=int, default=0)
    captioning = verbs.add_parser("caption")
    captioning.add_argument("model", type=Path)
    captioning.add_argument("world", type=Path)
    captioning.add_argument("--condition", choices=get_args(Condition), required=True)
    captioning.add_argument("--out", type=Path, required=True)
    measuring = verbs.add_parser("measure")
    measuring.add_argument("models", type=Path)
    measuring.add_argument("--worlds", type=lambda text: [int(each) for each in text.split(",")], required=True)
    measuring.add_argument("--claim", default="")
    measuring.add_argument("--out", type=Path, default=Path("table.csv"))
    asked = parser.parse_args()
    if asked.verb == "train":
        train(asked.out, asked.seed, closer=asked.closer)
    elif asked.verb == "caption":
        count = write_captions(ImageCaptioner.load(asked.model), asked.world, asked.out, condition=asked.condition)
        print(f"{count:,} captions")
    else:
        measure_all(asked.models, asked.worlds, asked.out, claim=asked.claim)


if __name__ == "__main__":
    main()
