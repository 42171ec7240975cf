"""The report of a curation: its numbers against a set that is known row by row, its walls, and what it hides."""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.curate.written_curation import source_rows, steps_of, write_curation, write_small

from thuja.curate import CurateSummary
from thuja.curate.card_counts import card_tables
from thuja.curate.catalog_counts import YEAR, Counts, count_catalog, distinct, full_labels
from thuja.curate.outputs import CurationFolder
from thuja.curate.report import tables, walls, write_report
from thuja.curate.report.figures import long_tail, thinned
from thuja.curate.rows import conform
from thuja.errors import BadFile, EmptyInput


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def counts(data: Path) -> Counts:
    return count_catalog(CurationFolder.open(data).catalog())


@pytest.fixture(scope="module")
def page(data: Path) -> str:
    return write_report(data).read_text(encoding="utf-8")


def pictures(page: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(text))) for text in found]


def test_images_taxa_and_full_labels_by_source_and_kingdom(counts: Counts) -> None:
    columns, rows = tables.taxa_grid(counts, "data_source")
    assert list(columns) == ["source", "images", "share", "taxa", "species", "genera", "families", "all seven ranks"]
    assert rows == [
        ["GBIF", 30, "63.8 %", 5, 4, 4, 3, "73.3 %"],
        ["EOL", 17, "36.2 %", 5, 4, 4, 3, "76.5 %"],
        ["all", 47, "100 %", 5, 4, 4, 3, "74.5 %"],
    ]
    assert tables.taxa_grid(counts, "kingdom")[1] == [
        ["Animalia", 24, "51.1 %", 3, 3, 3, 2, "100 %"],
        ["Plantae", 23, "48.9 %", 2, 1, 1, 1, "47.8 %"],
        ["all", 47, "100 %", 5, 4, 4, 3, "74.5 %"],
    ]


def test_read_is_kept_and_dropped(counts: Counts) -> None:
    assert (counts.read, counts.kept, int(counts.drops["images"].sum())) == (60, 47, 13)


def test_the_same_epithet_in_two_genera_is_two_species_and_without_a_genus_none() -> None:
    rows = pl.DataFrame(
        {
            "uuid": ["a", "b", "c", "d"],
            "family": ["F", "F", "F", None],
            "genus": ["Corvus", "Pica", None, None],
            "species": ["major", "major", None, "a label of the user"],
        }
    )
    missing = ["data_source", "split", "drop_reason", "dropped_by", "leak_of", "license_name", "license_link"]
    missing += ["img_type", "basis_of_record", "publisher", "country_code", "event_date", "sex", "life_stage"]
    missing += ["kingdom", "phylum", "class", "order"]
    counts = count_catalog(rows.with_columns(pl.lit(None, pl.String).alias(name) for name in missing).lazy())
    assert distinct(counts) == [4, 2, 2, 1]
    assert full_labels(counts) == 0
    rows_of = {row[0]: row[1:] for row in tables.depth_grid(counts)[1]}
    assert rows_of["a label that no rank is known of"] == [1, "25.0 %", "0 %"]
    assert rows_of["family"] == [1, "25.0 %", "75.0 %"]
    assert rows_of["genus"] == [0, "0 %", "50.0 %"]
    assert rows_of["species"] == [2, "50.0 %", "50.0 %"]


def test_how_deep_labels_go(counts: Counts) -> None:
    deep = {row[0]: row[1:] for row in tables.depth_grid(counts)[1]}
    assert deep["species"] == [35, "74.5 %", "74.5 %"]
    assert deep["genus"] == [12, "25.5 %", "100 %"]
    assert tables.depth_shares(counts)["EOL"] == pytest.approx([100] * 6 + [100 * 13 / 17])


def test_the_long_tail_counts_species_and_their_share_of_images() -> None:
    images = pl.Series([1000, 60, 50, 49, 1])
    assert tables.tail_grid(images)[1] == [
        ["1", 5, "100 %", "100 %"],
        ["5", 4, "80.0 %", "99.91 %"],
        ["10", 4, "80.0 %", "99.91 %"],
        ["50", 3, "60.0 %", "95.7 %"],
        ["100", 1, "20.0 %", "86.2 %"],
        ["500", 1, "20.0 %", "86.2 %"],
        ["1,000", 1, "20.0 %", "86.2 %"],
    ]


def test_a_million_species_are_drawn_with_few_points_and_both_ends() -> None:
    places = thinned(1_000_000)
    assert (places[0], places[-1]) == (0, 999_999)
    assert 200 < len(places) <= 400
    assert (np.diff(places) > 0).all()
    drawing = long_tail(np.sort(np.random.default_rng(0).zipf(1.5, 1_000_000).clip(max=10**6))[::-1])
    assert len(drawing) < 60_000
    assert "species with 50 images or more" in drawing


def test_drops_by_step_reason_and_source(counts: Counts, data: Path) -> None:
    columns, rows = tables.drop_grid(counts, [step.name for step in CurationFolder.open(data).steps])
    assert list(columns) == ["step", "reason", "images", "of all read", "GBIF", "EOL"]
    assert rows == [
        ["check", "undecodable", 2, "3.3 %", 2, None],
        ["quality", "blurred", 4, "6.7 %", 3, 1],
        ["people", "person", 3, "5.0 %", 2, 1],
        ["duplicates", "near duplicate", 2, "3.3 %", 1, 1],
        ["leaks", "leak", 2, "3.3 %", 2, None],
    ]


def test_leaks_by_evaluation_set_and_key(counts: Counts) -> None:
    assert tables.leak_grid(counts)[1] == [["fishnet", "source url", 1, 1, 0], ["newt", "pdq", 2, 2, 0]]


def test_years_are_those_of_dates_that_can_be(counts: Counts) -> None:
    assert sum(counts.facts["year"]["images"]) == 47
    assert set(counts.facts["year"]["value"]) == {str(year) for year in range(2015, 2023)}
    dates = pl.DataFrame({"event_date": ["2019-05", "1822", "0001-01-01", "9999", "20190501", "May 2019", None]})
    years = dates.select(YEAR).to_series().to_list()
    assert years == ["2019", "1822", None, None, None, None, None]


def test_splits_and_licences(counts: Counts) -> None:
    assert [row[:3] for row in tables.split_grid(counts)[1]] == [["train", 39, "83.0 %"], ["test", 8, "17.0 %"]]
    grid = tables.fact_grid(counts, "license_name", title="licence")
    assert grid is not None
    assert {row[0]: row[1] for row in grid[1]} == {"CC BY 4.0": 17, "CC BY-NC 4.0": 15, "CC0 1.0": 15}
    assert tables.fact_grid(counts, "sex", title="sex") is None


def test_the_page_tells_it_all_in_one_file(page: str) -> None:
    for words in (
        "60 images were read from photos, dwca.zip: 47 were kept and 13 dropped",
        "a word of warning", "CORVUS CORAX → Corvus corax", "people.min_score", "near duplicate (step duplicates): 2",
        "newt: pdq", "2 of 256 bits apart", "GBIF", "CC0 1.0", "HUMAN_OBSERVATION",
    ):  # fmt: skip
        assert words in page, words
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_people_are_not_shown_and_it_is_said(page: str, data: Path) -> None:
    assert "Not shown, because a report is handed on: person (3 images)" in page
    assert "person (step people)" not in page
    rows = CurationFolder.open(data).last.rows()
    examples = walls.draw_examples(rows, [("people", "person", 3), ("leaks", "leak", 2)], 47, is_looked_at=True)
    assert [len(examples.dropped[key]) for key in examples.dropped] == [0, 2]


def test_an_image_of_a_person_that_another_step_dropped_is_not_shown_either(data: Path) -> None:
    score = pl.when(pl.col("source_id") == "20").then(0.8).otherwise("person_score").alias("person_score")
    rows = CurationFolder.open(data).last.rows().with_columns(score)
    examples = walls.draw_examples(rows, [("quality", "blurred", 4)], 47, is_looked_at=False)
    assert sorted(row["source_id"] for row in _with_source_ids(data, examples)) == ["21", "22", "23"]


def _with_source_ids(data: Path, examples: walls.Examples) -> list[dict[str, str]]:
    ids = [row["uuid"] for row in examples.dropped["quality", "blurred"]]
    found = pl.read_parquet(data / "catalog.parquet").filter(pl.col("uuid").is_in(ids))
    return found.select("source_id").to_dicts()


def test_thumbnails_have_no_metadata_and_one_size(page: str) -> None:
    """The files carry a place in their EXIF."""
    shown = pictures(page)
    assert len(shown) == 16 + 2 + 2 + 2  # kept, near duplicates, leaks, and two pairs
    assert {image.size for image in shown} == {(160, 160), (324, 160)}
    assert all(not image.getexif() for image in shown)


def test_a_file_that_is_gone_leaves_a_gap_and_no_error(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    for path in (tmp_path / "images").iterdir():
        path.unlink()
    assert pictures(write_report(data).read_text(encoding="utf-8")) == []


def test_a_crop_is_shown_and_one_outside_the_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "halves.png"
    halves = Image.new("RGB", (200, 100), "red")
    halves.paste("blue", (100, 0, 200, 100))
    halves.save(path)
    inside = walls.thumbnail({"place": str(path), "crop": "100,0,100,100"})
    assert inside is not None
    assert inside.getcolors() == [(160 * 160, (0, 0, 255))]
    assert walls.thumbnail({"place": str(path), "crop": "300,0,10,10"}) is None
    assert walls.thumbnail({"place": str(path), "crop": "nonsense"}) is None


def test_of_many_rows_the_same_few_are_drawn_whatever_their_order(data: Path) -> None:
    rows = CurationFolder.open(data).last.rows().collect()
    many = pl.concat([rows.with_columns(uuid=_ids(number, len(rows))) for number in range(200)])
    reasons = [("quality", "blurred", 800)]
    one = walls.draw_examples(many.lazy(), reasons, 47 * 200, is_looked_at=False)
    other = walls.draw_examples(many.reverse().lazy(), reasons, 47 * 200, is_looked_at=False)
    assert one == other
    assert walls.PER_REASON <= len(one.dropped["quality", "blurred"]) < 150


def test_ids_that_are_no_hashes_are_drawn_too(data: Path) -> None:
    rows = CurationFolder.open(data).last.rows().collect()
    late = pl.concat([rows] * 30).with_columns(uuid=pl.format("ffff-{}", pl.int_range(60 * 30)))
    examples = walls.draw_examples(late.lazy(), [("quality", "blurred", 120)], 47 * 30, is_looked_at=False)
    assert len(examples.dropped["quality", "blurred"]) >= walls.PER_REASON


def _ids(number: int, count: int) -> pl.Series:
    return pl.Series([f"{hash((number, row)) % 16**8:08x}-{number}-{row}" for row in range(count)])


def test_a_curation_of_folders_gets_its_report(photos: Path, run: Callable[..., CurateSummary], tmp_path: Path) -> None:
    summary = run(photos)
    text = write_report(tmp_path / "out").read_text(encoding="utf-8")
    assert f"{summary.read:,} images were read" in text
    assert "No image was dropped." in text
    assert "No image came with a licence" in text
    assert len(pictures(text)) == walls.KEPT


def test_a_folder_without_a_catalog_is_one_sentence(tmp_path: Path) -> None:
    rows = source_rows(tmp_path)
    with pytest.raises(BadFile, match=r"has no catalog\.parquet yet"):
        write_report(write_curation(tmp_path / "data", rows, steps_of(rows), complete=False))
    with pytest.raises(EmptyInput, match="is not a folder that thuja curate made"):
        write_report(tmp_path / "nothing")
    (tmp_path / "data" / "catalog.parquet").write_bytes(b"PAR1 cut short")
    with pytest.raises(BadFile, match="cannot be read as Parquet"):
        write_report(tmp_path / "data")


def test_a_step_whose_table_is_cut_short_is_one_sentence(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    table = data / "steps" / "8-pack" / "unit-00000" / "rows.parquet"
    table.write_bytes(table.read_bytes()[:-100])
    with pytest.raises(BadFile, match=r"the tables in .* cannot be read"):
        write_report(data)


def test_a_recipe_and_a_summary_that_are_broken_are_left_out(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    (data / "recipe.json").write_text("[1")
    (data / "summary.json").write_text(json.dumps(["no", "summary"]))
    text = write_report(data).read_text(encoding="utf-8")
    assert "60 images were read: 47 were kept" in text
    assert "<h2>Recipe</h2>" not in text


def test_a_page_names_no_folder_of_the_curators_machine(
    photos: Path, run: Callable[..., CurateSummary], tmp_path: Path
) -> None:
    """The sources of a recipe are a list of tables: they were printed as Python writes them, whole paths and all."""
    run(photos, changes=("download.contact=anna@example.org",))
    recipe = json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert recipe["sources"][0]["path"] == str(photos)
    text = write_report(tmp_path / "out").read_text(encoding="utf-8")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "images were read from photos:" in text
    assert ">sources 1<" in text
    for page in (text, card):
        assert str(tmp_path) not in page
        assert str(tmp_path.parent) not in page
        assert "anna@example.org" not in page
        assert "{&#x27;" not in page


def _one_row(tmp_path: Path, **facts: list[str | float | None]) -> pl.LazyFrame:
    Image.new("RGB", (90, 90), "green").save(tmp_path / "x.png")
    count = len(next(iter(facts.values())))
    ids = [f"{number:x}" for number in range(count)]
    rows = pl.DataFrame({"source_id": ids, "path": [str(tmp_path / "x.png")] * count, "uuid": ids, **facts})
    return conform(rows, data_source="x").lazy()


@pytest.mark.parametrize("licence", ["All rights reserved", "© A. Gray. ALL RIGHTS RESERVED, attribution"])
def test_an_image_whose_licence_forbids_it_is_not_shown_though_it_was_kept(tmp_path: Path, licence: str) -> None:
    """Only the reason of a drop was looked at: a kept image with all rights reserved stood on the wall."""
    rows = _one_row(tmp_path, license_name=[licence, "CC BY 4.0", None])
    examples = walls.draw_examples(rows, [], 3, is_looked_at=False)
    assert sorted(str(row["uuid"]) for row in examples.kept) == ["1", "2"]


def test_an_image_dropped_before_people_were_looked_for_is_not_shown(tmp_path: Path) -> None:
    """A row without a score passed for one without people, though the step before had kept it from being looked at."""
    reasons = [("quality", "too_small", 2)]
    rows = _one_row(
        tmp_path, person_score=[None, 0.1, None], drop_reason=["too_small"] * 2 + [None], dropped_by=["quality"] * 3
    )
    looked = walls.draw_examples(rows, reasons, 1, is_looked_at=True)
    assert [row["uuid"] for row in looked.dropped["quality", "too_small"]] == ["1"]
    assert looked.kept == []
    unchecked = walls.draw_examples(rows, reasons, 1, is_looked_at=False)
    assert len(unchecked.dropped["quality", "too_small"]) == 2


def test_a_page_without_a_step_for_people_says_so(page: str, tmp_path: Path) -> None:
    rows = source_rows(tmp_path)
    steps = {name: change for name, change in steps_of(rows).items() if name != "people"}
    text = write_report(write_curation(tmp_path / "data", rows, steps)).read_text(encoding="utf-8")
    assert "No step looked for people" in text
    assert "blurred (step quality): 4 images" in text
    assert "No step looked for people" not in page
    told = "dropped before people were looked for: undecodable (2 images), blurred (4 images)."
    assert told in page
    assert told not in text


def test_ids_in_the_order_of_time_are_drawn_from_all_of_them(data: Path) -> None:
    """The first 500 rows of a scan were taken, so that the images depended on how the rows were parted."""
    rows = CurationFolder.open(data).last.rows().collect()
    many = pl.concat([rows] * 100).with_columns(uuid=pl.format("ffff-{}", pl.int_range(60 * 100)))
    one = walls.draw_examples(many.lazy(), [], 4700, is_looked_at=True)
    other = walls.draw_examples(many.reverse().lazy(), [], 4700, is_looked_at=True)
    assert one.kept == other.kept
    numbers = [int(str(row["uuid"])[5:]) for row in one.kept[: walls.KEPT]]
    assert len(numbers) == walls.KEPT
    assert max(numbers) > 3000


def test_duplicates_are_told_by_source_and_clade_and_leaks_by_what_each_key_does(page: str) -> None:
    """Both tables were made by functions that nothing called."""
    text = re.sub(r"<[^>]+>", "|", page)
    assert re.search(r"\|EOL\|+(Animalia\|+Aves|Plantae\|+Magnoliopsida)\|+near duplicate\|+1\|", text)
    assert "and by none before it" in text
    assert re.search(r"\|newt\|+any\|+2\|+2\|+2\|", text)


def test_a_label_that_nobody_placed_is_of_no_rank_in_card_and_report(tmp_path: Path) -> None:
    """`raven`, unresolved, stood in the card as named to the species and in the report as named to no rank."""
    ravens = _one_row(tmp_path, species=["raven"], scientific_name=["raven"], split=["train"])
    counts = count_catalog(ravens)
    assert card_tables(counts).depth.rows() == [("none", 1, 1)]
    assert (card_tables(counts).species, distinct(counts)[1]) == (0, 0)
    assert tables.depth_grid(counts)[1][0][:2] == ["a label that no rank is known of", 1]
