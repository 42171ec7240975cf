"""Columns and formats: pybioclip's first, what was asked behind, and nothing that a name can break."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from tests.predict.judging import MAGPIE, RAVEN

from thuja.errors import UnknownName, UsageError
from thuja.predict import Answer, Guess, Judgement, Layout, Prediction, Question, columns_of, open_writer, rows_of
from thuja.predict.none_of_these import NONE_OF_THESE
from thuja.predict.outputs.rows import harmless
from thuja.predict.outputs.stored import from_line
from thuja.taxonomy import Rank, Taxon

CORVUS = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus"])
ANSWERS = (
    Answer(text="Corvus corax", score=0.625, taxon=RAVEN, unplaced=0.5),
    Answer(text="Pica pica", score=0.25, taxon=MAGPIE, unplaced=0.375),
)
FULL = Prediction(
    file_name="a,b.jpg",
    id="obs 7",
    judgement=Judgement(
        answers=ANSWERS,
        path=(Answer(text="Animalia", score=1.0, taxon=RAVEN.at(Rank.KINGDOM)), ANSWERS[0]),
        settled=Answer(text="Corvus", score=0.9375, taxon=CORVUS),
        within=(Answer(text="Corvus", score=0.9, taxon=CORVUS), ANSWERS[1]),
        unseen={Rank.SPECIES: 0.125, Rank.FAMILY: 0.0},
        targets={
            "sex": Guess(value="female", probability=0.75),
            "length": Guess(value=12.5, low=10.0, high=15.0),
            "habitat": Guess(value=("wood", "field")),
        },
    ),
    images=3,
    failed=1,
    box="0.1,0.2,0.3,0.4",
    cells={"observation_id": 7, "site": "north, by the \"gate\"\nand on", "family": "Corvidae?"},
)  # fmt: skip
EVERYTHING = Layout(
    question=Question(confidence=0.9, coverage=0.95),
    has_places=True,
    unseen=(Rank.SPECIES, Rank.FAMILY),
    targets={"sex": "category", "length": "number", "habitat": "labels"},
    group_by="observation_id",
    has_boxes=True,
    kept=("site", "family"),
)
BROKEN = Prediction(file_name="x.jpg", id="x.jpg", reason="truncated", error="cut short")


def written(prediction, format_, layout, **more):
    out = io.StringIO()
    with open_writer(out, format_, layout, **more) as writer:
        writer.write(prediction)
    return out.getvalue()


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_columns_are_pybioclips_in_its_order_with_the_error_behind():
    assert ",".join(columns_of(Layout())) == (
        "file_name,kingdom,phylum,class,order,family,genus,species_epithet,species,common_name,score,error"
    )
    assert ",".join(columns_of(Layout(rank=Rank.ORDER))) == "file_name,kingdom,phylum,class,order,score,error"
    assert ",".join(columns_of(Layout(rank=Rank.GENUS))).endswith("family,genus,score,error")
    assert columns_of(Layout(rank=None)) == ("file_name", "classification", "score", "error")


def test_what_was_asked_stands_behind_pybioclips_columns():
    assert ",".join(columns_of(EVERYTHING)).partition("common_name,score,")[2] == (
        "score_unplaced,settled_rank,settled_taxon,settled_score,within,unseen_species,unseen_family,target_sex,"
        "target_sex_probability,target_length,target_length_low,target_length_high,target_habitat,box,images,"
        "images_failed,observation_id,site,given_family,error"
    )


def test_a_species_row_has_the_epithet_apart_and_the_binomial_whole():
    row, second = rows(written(FULL, "csv", Layout()))
    assert (row["file_name"], row["species_epithet"], row["species"]) == ("a,b.jpg", "corax", "Corvus corax")
    assert (row["common_name"], row["score"], row["error"]) == ("raven, common", "0.625", "")
    assert second["species"] == "Pica pica"


def test_every_row_of_an_image_says_what_holds_for_all_of_it():
    first, second = rows(written(FULL, "csv", EVERYTHING))
    assert (first["score_unplaced"], second["score_unplaced"]) == ("0.5", "0.375")
    own = {"species_epithet", "species", "common_name", "score", "score_unplaced", "genus"}
    assert {name for name in first if first[name] != second[name]} == own
    assert (first["settled_rank"], first["settled_taxon"], first["settled_score"]) == ("genus", "Corvus", "0.9375")
    assert (first["within"], first["unseen_species"], first["unseen_family"]) == ("Corvus | Pica pica", "0.125", "0.0")
    assert (first["target_sex"], first["target_sex_probability"], first["target_habitat"]) == (
        "female", "0.75", "wood | field"
    )  # fmt: skip
    assert [first[f"target_length{end}"] for end in ("", "_low", "_high")] == ["12.5", "10.0", "15.0"]
    assert (first["observation_id"], first["images"], first["images_failed"]) == ("7", "3", "1")
    assert (first["site"], first["given_family"]) == ('north, by the "gate"\nand on', "Corvidae?")


def test_an_error_row_has_its_file_and_its_error_only():
    [row] = rows_of(BROKEN, Layout(rank=Rank.FAMILY))
    assert {name: value for name, value in row.items() if value is not None} == {
        "file_name": "x.jpg", "error": "cut short"
    }  # fmt: skip


def test_a_line_of_json_holds_the_whole_prediction_but_for_cells_that_nobody_keeps():
    line = json.loads(written(FULL, "jsonl", EVERYTHING))
    assert [step["text"] for step in line["path"]] == ["Animalia", "Corvus corax"]
    assert line["settled"] == {
        "text": "Corvus",
        "score": 0.9375,
        "rank": "genus",
        "taxon": {"kingdom": "Animalia", "phylum": "Chordata", "class": "Aves", "order": "Passeriformes",
                  "family": "Corvidae", "genus": "Corvus"},
    }  # fmt: skip
    assert line["cells"] == FULL.cells
    assert "cells" not in json.loads(written(FULL, "jsonl", Layout()))
    assert from_line(written(FULL, "jsonl", EVERYTHING)) == FULL
    error = json.loads(written(BROKEN, "jsonl", Layout()))
    assert error == {
        "file_name": "x.jpg", "id": "x.jpg", "answers": [], "reason": "truncated", "error": "cut short"
    }  # fmt: skip


@pytest.mark.parametrize(("rank", "column"), [(Rank.SPECIES, "species"), (Rank.FAMILY, "family")])
def test_what_is_no_taxon_is_named_in_the_column_of_the_rank(rank, column):
    """ "None of these" came out as a row of empty cells with a score."""
    said = Prediction(file_name="x.jpg", judgement=Judgement(answers=(Answer(text=NONE_OF_THESE, score=0.5),)))
    [row] = rows(written(said, "csv", Layout(rank=rank)))
    assert {name: cell for name, cell in row.items() if cell} == {
        "file_name": "x.jpg", column: NONE_OF_THESE, "score": "0.5"
    }  # fmt: skip


def test_the_table_says_what_an_answer_is_without_place_and_date():
    said = written(Prediction(file_name="x.jpg", judgement=Judgement(answers=ANSWERS[:1])), "table", Layout())
    assert "62.5 %  Corvus corax" in said
    assert said.endswith("  (without place and date 50.0 %)\n")


def test_parquet_has_types_and_the_same_rows_as_csv(tmp_path):
    for format_ in ("parquet", "csv"):
        with open_writer(tmp_path / f"out.{format_}", format_, EVERYTHING) as writer:
            writer.write(FULL)
            writer.write(BROKEN)
    table = pq.read_table(tmp_path / "out.parquet")
    kinds = {name: str(table.schema.field(name).type) for name in ("score", "images", "target_length", "within")}
    assert kinds == {"score": "float", "images": "int32", "target_length": "double", "within": "string"}
    plain = [{name: "" if value is None else str(value) for name, value in row.items()} for row in table.to_pylist()]
    assert plain == rows((tmp_path / "out.csv").read_text(encoding="utf-8"))


def test_pybioclips_csv_has_no_column_more_and_bad_images_aside():
    said = []
    out = io.StringIO()
    with open_writer(out, "pybioclip", EVERYTHING, complain=said.append) as writer:
        writer.write(FULL)
        writer.write(BROKEN)
    assert out.getvalue().splitlines() == [
        "file_name,kingdom,phylum,class,order,family,genus,species_epithet,species,common_name,score",
        '"a,b.jpg",Animalia,Chordata,Aves,Passeriformes,Corvidae,Corvus,corax,Corvus corax,"raven, common",0.625',
        '"a,b.jpg",Animalia,Chordata,Aves,Passeriformes,Corvidae,Pica,pica,Pica pica,magpie,0.25',
    ]
    assert said == ["x.jpg: cut short"]


def test_the_table_shows_per_cent_the_common_name_and_the_ranks_above():
    prediction = Prediction(
        file_name="x.jpg", judgement=Judgement(answers=(Answer(text="Corvus corax", score=0.421, taxon=RAVEN),))
    )
    assert written(prediction, "table", Layout()).splitlines() == [
        "x.jpg",
        "   42.1 %  Corvus corax (raven, common)  [Aves > Passeriformes > Corvidae]",
    ]


def test_the_table_says_what_was_asked_below_the_answers():
    assert written(FULL, "table", EVERYTHING).splitlines()[3:] == [
        "           at confidence 0.9: genus Corvus (93.8 %)",
        "           at coverage 0.95: Corvus | Pica pica",
        "           not among the labels: species 12 %, family 0 %",
        "           sex: female (75.0 %)",
        "           length: 12.5 (10 to 15)",
        "           habitat: wood | field",
    ]
    heading = written(FULL, "table", EVERYTHING).splitlines()[0]
    assert heading == "obs 7  (3 images, 1 could not be read)  [0.1,0.2,0.3,0.4]"


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-2+3", "\tx", "\r=1", "-x.jpg"])
def test_a_name_that_a_spreadsheet_would_run_is_quoted_in_csv_and_nowhere_else(name):
    """Names come from strangers' tables, and a CSV cell that begins with = or @ is run when the file is opened."""
    prediction = Prediction(file_name=name, id=name, error="cut short")
    assert rows(written(prediction, "csv", Layout()).replace("\r", "\\r"))[0]["file_name"].startswith("'")
    assert json.loads(written(prediction, "jsonl", Layout()))["file_name"] == name


@pytest.mark.parametrize("value", ["-71.25", "+1", "-1e-5", "-", "-.5", "a=b", "1-2", "", None, -3.5])
def test_numbers_and_plain_names_are_left_as_they_are(value):
    assert harmless(value) == value


@pytest.mark.parametrize("name", ['a,b\n"c".jpg', "Ünïcode 鳥.jpg", "a\tb", " lead", "'quoted'", "a;b|c"])
def test_any_other_name_comes_back_from_csv_as_it_was(name):
    prediction = Prediction(file_name=name, id=name, error="no")
    [row] = csv.DictReader(io.StringIO(written(prediction, "csv", Layout()), newline=""))
    assert row["file_name"] == name


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_a_file_appears_only_when_whole(tmp_path, format_):
    def write():
        with open_writer(tmp_path / "out", format_, Layout()) as writer:
            writer.write(FULL)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_wrong_formats_are_said():
    with pytest.raises(UnknownName, match="xml"), open_writer(io.StringIO(), "xml", Layout()):
        pass
    with pytest.raises(UsageError, match="stdout"), open_writer(io.StringIO(), "parquet", Layout()):
        pass
    with pytest.raises(UsageError, match="for taxa"), open_writer(io.StringIO(), "camtrap-dp", Layout(rank=None)):
        pass
