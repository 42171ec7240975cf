"""What was reviewed is a table that `thuja predict --examples` and `thuja curate --labels` read as it is."""

import csv
import io
from collections import Counter
from pathlib import Path

from tests.web.conftest import TAXA
from tests.web.review.drawn import write_batch

from thuja.curate.sources.spec import SourceSpec
from thuja.curate.sources.table import read_labels
from thuja.predict.examples.rows import read_examples
from thuja.taxonomy import Taxon
from thuja.web.review.export import export_csv
from thuja.web.review.journal import Verdict
from thuja.web.review.queue import Review

OWL = Taxon(kingdom="Animalia", phylum="Chordata", class_="Aves", order="Strigiformes", family="Strigidae")


def reviewed(folder: Path) -> Review:
    """Accepted, corrected to a family, corrected to a name of no taxon, skipped."""
    review = Review.open(write_batch(folder, "csv"))
    review.decide(0, Verdict.ACCEPT, who="Ada")
    review.decide(1, Verdict.CORRECT, who="Ada", name="owl", resolve=lambda name: OWL)
    review.decide(2, Verdict.CORRECT, who="=1+1", name="spotted thing")
    review.decide(3, Verdict.SKIP, who="Ada")
    return review


def test_accepted_and_corrected_pictures_are_rows_with_who_and_when(tmp_path: Path) -> None:
    review = reviewed(tmp_path)
    rows = list(csv.DictReader(io.StringIO(export_csv(review, has_paths=True))))
    assert [(row["scientific_name"], row["decision"], row["answer"]) for row in rows] == [
        ("Corvus corax", "accept", "Corvus corax"),
        ("Strigidae", "correct", "Corvus corone"),
        ("spotted thing", "correct", "Pica pica"),
    ]
    assert rows[0]["file_name"] == str(tmp_path / "photos" / "0.jpg")
    assert rows[2]["who"] == "'=1+1"  # no spreadsheet runs it
    names = [row["file_name"] for row in csv.DictReader(io.StringIO(export_csv(review, has_paths=False)))]
    assert names == ["photos/0.jpg", "photos/1.jpg", "photos/2.jpg"]
    review.close()


def test_predict_reads_the_export_as_examples(tmp_path: Path) -> None:
    review = reviewed(tmp_path)
    table = tmp_path / "elsewhere" / "reviewed.csv"
    table.parent.mkdir()
    table.write_text(export_csv(review, has_paths=True))
    review.close()
    rows = read_examples(table)
    assert [label.text for label in rows.labels if label] == ["Corvus corax", "Strigidae", "spotted thing"]
    assert [label.taxon for label in rows.labels if label] == [TAXA[0], OWL, None]
    assert all(path.is_file() for _, path in rows.images())


def test_curate_reads_the_export_as_labels(tmp_path: Path) -> None:
    review = reviewed(tmp_path)
    table = tmp_path / "reviewed.csv"
    table.write_text(export_csv(review, has_paths=True))
    review.close()
    spec = SourceSpec(kind="folder", path=tmp_path / "photos", options={"labels": str(table)})
    frames = list(read_labels(spec, Counter()))
    kept = [row for frame in frames for row in frame.to_dicts() if row.get("drop_reason") is None]
    assert [(row["verbatim_name"], row["family"]) for row in kept] == [
        ("Corvus corax", "Corvidae"), ("Strigidae", "Strigidae"), ("spotted thing", None),
    ]  # fmt: skip
    assert [Path(row["path"]).name for row in kept] == ["0.jpg", "1.jpg", "2.jpg"]
