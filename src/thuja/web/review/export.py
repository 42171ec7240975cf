"""Decisions as a table of examples: `thuja predict --examples` and `thuja curate --labels` read it as it is."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from thuja.errors import ImageError
from thuja.images.decoding import read_bytes, upright_size
from thuja.predict.outputs.rows import harmless
from thuja.taxonomy import RANKS, Taxon
from thuja.web.review.answers import Asked
from thuja.web.review.journal import Decision, Verdict
from thuja.web.review.photos import box_of, file_of
from thuja.web.review.queue import Review

COLUMNS: Final = (
    "file_name", "scientific_name", *(rank.label for rank in RANKS), "common", "crop", "decision", "who", "when",
    "model", "answer", "answer_score",
)  # fmt: skip
"""`species` is the epithet, as in a catalog; a name that no lineage is known of stands there alone."""


def export_rows(review: Review, *, has_paths: bool) -> Iterator[dict[str, str]]:
    """A row a picture that was accepted or corrected, its file by its whole path or as it was named."""
    for row, decision in review.decided():
        if decision.decision in (Verdict.ACCEPT, Verdict.CORRECT):
            yield _row(review[row], decision, review.answers if has_paths else None)


def export_csv(review: Review, *, has_paths: bool) -> str:
    """The same as CSV; a cell that a spreadsheet would run is made harmless."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in export_rows(review, has_paths=has_paths):
        writer.writerow({name: harmless(value) for name, value in row.items()})
    return out.getvalue()


def _row(asked: Asked, decision: Decision, answers: Path | None) -> dict[str, str]:
    taxon = decision.taxon or Taxon(species=decision.name)
    ranks = taxon.to_columns()
    return {
        "file_name": _file(asked, answers),
        "scientific_name": taxon.scientific_name,
        **{rank.label: ranks[rank.label] or "" for rank in RANKS},
        "common": taxon.common,
        "crop": _crop(asked, answers),
        "decision": decision.decision.value,
        "who": decision.who,
        "when": decision.when,
        "model": decision.model,
        "answer": decision.answer,
        "answer_score": "" if decision.score is None else f"{decision.score:.6g}",
    }


def _file(asked: Asked, answers: Path | None) -> str:
    if answers is None:
        return asked.name
    try:
        return str(file_of(asked, answers).resolve())
    except ImageError:  # on the web, or gone since: as it was named
        return asked.name


def _crop(asked: Asked, answers: Path | None) -> str:
    """The box in pixels, as a catalog tells it; empty where the file is not at hand."""
    try:
        box = box_of(asked)
        if box is None or answers is None:
            return ""
        if not box.is_relative:
            return asked.box
        width, height = upright_size(read_bytes(file_of(asked, answers)))
    except ImageError:
        return ""
    sides = (box.x * width, box.y * height, box.width * width, box.height * height)
    return ",".join(str(round(side)) for side in sides)
