"""`thuja captions check --model` measured: captions of other pictures, told by a small model trained here.

    python benchmarks/captions_similarity.py OUT [--epochs 8] [--seed 21]

A simulated world is drawn into OUT and curated; the grid's tiny tower learns names and true captions of its training
pictures, with a projector each. Then a tenth of the captions of pictures that it has not met are exchanged for those of
another species' picture, or of another picture of the same species, and the command checks them all.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.experiments.making import make_world
from thuja.experiments.sizes import size_named
from thuja.experiments.worlds import DATA
from thuja.model.config import HeadConfig
from thuja.phrasing import CAPTION, CAPTIONS
from thuja.record import Record
from thuja.taxonomy import RANKS
from thuja.train import TrainOptions, train
from thuja.train.corpus import Corpus
from thuja.train.recipe import Objective, Recipe

SHARE = 0.1
THRESHOLDS = (0.3, 0.5, 0.7, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=21)
    given = parser.parse_args()
    size = size_named("tiny")
    data = make_world(given.out / "world", size, given.seed) / DATA
    run = given.out / "run"
    if not (run / "model").exists():
        started = time.process_time()
        train(recipe_with_captions(replace(size.recipe, epochs=given.epochs)), data, run, options=TrainOptions())
        print(f"trained in {time.process_time() - started:.0f} s of processor time")
    corpus = Corpus.open(data, "test")
    places = [place for place, record in enumerate(corpus.records) if record.caption]
    records = [corpus.records[place] for place in places]
    files = [given.out / "pictures" / f"{place}.jpg" for place in places]
    files[0].parent.mkdir(exist_ok=True)
    for place, file in zip(places, files, strict=True):
        file.write_bytes(corpus.read(place))
    print(f"{len(records)} pictures of {len({record.taxon for record in records})} species")
    for kind in ("of another species", "of the same species"):
        captions, is_other = exchanged(records, is_same_species=kind == "of the same species")
        scores = checked(given.out, records, files, captions)
        report(f"caption {kind}", scores, is_other)


def recipe_with_captions(recipe: Recipe) -> Recipe:
    """Captions beside names, each with a projector and a temperature of its own, as BioCAP has them."""
    stream = recipe.streams[0]
    captions = Objective(name=CAPTION, texts=CAPTIONS, head=CAPTION, loss="clip")
    return replace(
        recipe,
        heads=(*recipe.heads, HeadConfig(name=CAPTION, has_own_temperature=True)),
        streams=(replace(stream, objectives=(*stream.objectives, captions)),),
    )


def exchanged(records: Sequence[Record], *, is_same_species: bool) -> tuple[list[str], list[bool]]:
    """The captions with a tenth exchanged, and which."""
    rng = np.random.default_rng(9)
    captions, is_other = [record.caption for record in records], [False] * len(records)
    for place in rng.permutation(len(records))[: round(SHARE * len(records))]:
        others = [
            other.caption
            for other in records
            if (other.taxon == records[place].taxon) == is_same_species and other.caption != records[place].caption
        ]
        if others:
            captions[place], is_other[place] = others[int(rng.integers(len(others)))], True
    return captions, is_other


def checked(out: Path, records: Sequence[Record], files: Sequence[Path], captions: Sequence[str]) -> list[float]:
    """The share of other species' captions that fit each picture less well than its own, by the command."""
    rows = [
        {"uuid": record.uuid, "path": str(file.resolve()), "caption": caption}
        | {rank.label: record.taxon.names[rank] for rank in RANKS}
        for record, file, caption in zip(records, files, captions, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows), out / "captions.parquet")
    asked = ["captions", "check", str(out / "captions.parquet"), "--model", str(out / "run" / "model")]
    written = out / "checked.parquet"
    subprocess.run([sys.executable, "-m", "thuja", *asked, "--out", str(written), "--force"], check=True)
    return [json.loads(text)["similarity"]["score"] for text in pq.read_table(written)["findings"].to_pylist()]


def report(kind: str, scores: Sequence[float], is_other: Sequence[bool]) -> None:
    """Recall, false alarms and precision at a tenth, by threshold; and how often a right caption beats a wrong one."""
    right = np.array([score for score, other in zip(scores, is_other, strict=True) if not other])
    wrong = np.array([score for score, other in zip(scores, is_other, strict=True) if other])
    beats = float(np.mean((right[:, None] > wrong) + 0.5 * (right[:, None] == wrong)))
    print(f"{kind}: {len(wrong)} wrong, {len(right)} right; a right one scores higher than a wrong one {beats:.3f}")
    for least in THRESHOLDS:
        recall, alarms = float(np.mean(wrong < least)), float(np.mean(right < least))
        precision = SHARE * recall / max(SHARE * recall + (1 - SHARE) * alarms, 1e-9)
        print(f"  below {least}: precision {precision:.3f}  recall {recall:.3f}  false alarms {alarms:.3f}")


if __name__ == "__main__":
    main()
