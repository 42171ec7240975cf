"""Where an evaluation lands: scores.json, predictions.parquet, embeddings and report.html."""

import re
from pathlib import Path

import pyarrow.parquet as pq

from thuja.evaluate.data import UNSEEN
from thuja.evaluate.page import build_report
from thuja.evaluate.predictions import predictions
from thuja.evaluate.run import Evaluation
from thuja.jobs import atomic_path, write_json

EXAMPLES = 4
"""Pictures of each split that are copied out."""
_NAME_LENGTH = 50
"""Letters of a taxon's name in a file's: four bytes each at most, of the 255 that a file system takes."""


def save(evaluation: Evaluation, folder: Path, *, run: Path | None = None) -> None:
    """Write everything into `folder`; `run` is the training run whose curves the report shows.

    scores.json, predictions.parquet (a row a picture), embeddings-<split>.parquet, examples/, report.html.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / "predictions.parquet") as temporary:
        pq.write_table(predictions(evaluation), temporary)
    for split, embeddings in evaluation.embeddings.items():
        embeddings.save(folder / f"embeddings-{split}.parquet")
    write_json(
        folder / "scores.json",
        {
            "model": evaluation.model,
            "pictures": {split: len(pictures) for split, pictures in evaluation.pictures.items()},
            "unreadable": evaluation.unreadable,
            "settings": {
                "limit": evaluation.settings.limit,
                "references": evaluation.settings.references,
                "seed": evaluation.settings.seed,
            },
            "scores": [score.to_dict() for score in evaluation.scores],
            "measures": [row for chapter in evaluation.chapters for row in chapter.rows()],
        },
    )
    _save_examples(evaluation, folder / "examples")
    build_report(evaluation, run=run).save(folder / "report.html")


def _save_examples(evaluation: Evaluation, folder: Path) -> None:
    """A few pictures of either split, their true names in their file names, to try `thuja predict` on."""
    for split, pictures in evaluation.pictures.items():
        some = pictures.at_most(EXAMPLES)
        taxon_of = dict(zip(some.ids, some.taxa, strict=True))
        for name, data in some.images():
            known = "never-met" if split == UNSEEN else "new-picture"
            said = re.sub(r"\W+", "_", taxon_of[name].scientific_name)[:_NAME_LENGTH]
            with atomic_path(folder / f"{known}-{said}-{name[:8]}.jpg") as temporary:
                temporary.write_bytes(data)
