"""Where an evaluation lands: scores.json, predictions.parquet, embeddings and report.html."""

from pathlib import Path

import pyarrow.parquet as pq

from thuja.evaluate.page import build_report
from thuja.evaluate.predictions import predictions
from thuja.evaluate.run import Evaluation
from thuja.jobs import atomic_path, write_json


def save(evaluation: Evaluation, folder: Path, *, run: Path | None = None) -> None:
    """Write everything into `folder`; `run` is the training run whose curves the report shows.

    scores.json, predictions.parquet (a row a picture), embeddings-<split>.parquet, report.html.
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
        },
    )
    build_report(evaluation, run=run).save(folder / "report.html")
