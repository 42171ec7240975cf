"""GBIF downloads: what becomes of an occurrence's columns, which media are rows, and what bad archives come to."""

import csv
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.curate.sources.gbif_archive import files_of, image, occurrence, spec_of, table, write_folder, write_zip

from curate_gbif_terms import OCCURRENCE
from curate_gbif_world import DOWNLOAD_DOI, write_archive
from thuja.curate.rows import STEP_SCHEMA
from thuja.curate.sources import chunked_tables, spilling
from thuja.curate.sources.expressions import COLUMNS
from thuja.curate.sources.gbif import read_gbif
from thuja.curate.sources.gbif_citations import read_citations
from thuja.curate.sources.spec import Notes
from thuja.errors import UnknownName, UsageError


def read(path: Path, notes: Notes | None = None, **options: str) -> pl.DataFrame:
    frames = list(read_gbif(spec_of(path, **options), Notes() if notes is None else notes))
    return pl.concat(frames) if frames else pl.DataFrame()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("world") / "world.zip"
    return path, write_archive(path, media=6_000, hosts=30, taxa=300, seed=1)


def test_every_medium_of_a_world_is_a_row_or_counted(world):
    path, expected = world
    notes = Notes()
    rows = read(path, notes)
    reasons = dict(rows.group_by("drop_reason").len().rows())
    assert reasons == {
        None: expected.images,
        "no_url": expected.without_url,
        "no_occurrence": expected.without_occurrence,
    }
    assert notes["media"] == expected.media
    assert notes["media_not_images"] == expected.other_media
    assert notes["occurrences"] == expected.occurrences
    assert notes["occurrences_without_image"] >= expected.occurrences_without_media
    assert len(rows) + notes["media_not_images"] == expected.media


def test_rows_have_the_catalog_s_columns_and_types(world):
    rows = read(world[0])
    assert dict(rows.schema) == {name: COLUMNS[name] for name in rows.columns}
    assert set(rows.columns) <= set(STEP_SCHEMA.names)
    assert rows["source_id"].n_unique() == len(rows)
    assert rows["download_doi"].unique().to_list() == [DOWNLOAD_DOI]


def test_the_same_arguments_write_the_same_world(world, tmp_path):
    write_archive(tmp_path / "again.zip", media=6_000, hosts=30, taxa=300, seed=1)
    assert (tmp_path / "again.zip").read_bytes() == world[0].read_bytes()


def test_the_folder_gives_the_rows_of_the_zip(world, tmp_path):
    with zipfile.ZipFile(world[0]) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert read(tmp_path / "unpacked").equals(read(world[0]))


def test_many_parts_give_the_rows_of_one(world, monkeypatch):
    whole = read(world[0])
    monkeypatch.setattr(spilling, "_BYTES_A_PART", 1 << 18)
    monkeypatch.setattr(chunked_tables, "_PIECE", 1 << 16)
    parts = read(world[0])
    assert parts["source_id"].to_list() != whole["source_id"].to_list()  # another order: there are parts
    assert parts.sort("source_id").equals(whole.sort("source_id"))


def test_the_columns_a_curator_needs_are_kept(tmp_path):
    line = occurrence(
        12,
        occurrenceID="https://www.inaturalist.org/observations/71878",
        datasetKey="50c9509d-22c7-4a22-a47d-8c48425ef4a7",
        eventDate="2012-04-29T12:47:54",
        decimalLatitude="44.113185",
        decimalLongitude="-72.963711",
        coordinateUncertaintyInMeters="10.0",
        informationWithheld="Coordinate uncertainty increased",
        recordedBy="Sara Bárrios",
        institutionCode="iNaturalist",
        catalogNumber="71878",
        individualCount="3.0",
        sex="MALE",
        lifeStage="Adult",
        identificationQualifier="cf. major",
        occurrenceStatus="PRESENT",
        establishmentMeans="introduced",
        countryCode="US",
        eventID="walk-7",
        issue="COORDINATE_ROUNDED;TAXON_MATCH_FUZZY",
        publisher="iNaturalist.org",
        reproductiveCondition="nesting",
        habitat='wood, with "holes"\\',
        verbatimScientificName="Parus major",
    )
    medium = image(
        12,
        creator="Sara",
        rightsHolder="Sara B.",
        title="a nest",
        license="http://creativecommons.org/licenses/by/4.0/",
    )
    row = read(write_zip(tmp_path / "a.zip", files_of([line], [medium]))).row(0, named=True)
    assert row["source_id"].startswith("12-")
    assert row["gbif_id"] == "12"
    assert row["observation_id"] == "71878"
    assert row["sequence_id"] == "walk-7"
    assert (row["latitude"], row["longitude"], row["coordinate_uncertainty"]) == (44.113185, -72.963711, 10.0)
    assert row["information_withheld"] == "Coordinate uncertainty increased"
    assert row["recorded_by"] == "Sara Bárrios"
    assert row["individual_count"] == 3
    assert row["identification_qualifier"] == "cf. major"
    assert row["issues"] == "COORDINATE_ROUNDED;TAXON_MATCH_FUZZY"
    assert row["quality_grade"] == "research"
    assert row["is_captive"] is False
    assert row["license_link"] == row["license_name"] == "http://creativecommons.org/licenses/by/4.0/"
    assert row["copyright_owner"] == "Sara B."
    assert row["title"] == "a nest"
    assert (row["kingdom"], row["genus"], row["species"]) == ("Animalia", "Parus", "major")
    assert row["verbatim_name"] == "Parus major Linnaeus, 1758"
    traits = json.loads(row["traits"])
    assert traits["habitat"] == 'wood, with "holes"\\'
    assert traits["reproductive_condition"] == "nesting"
    assert traits["published_name"] == "Parus major"
    assert traits["creator"] == "Sara"
    assert list(traits) == sorted(traits)


def test_a_medium_s_own_licence_goes_before_its_occurrence_s(tmp_path):
    media = [image(1, license="© A. Gray"), image(2)]
    rows = read(write_zip(tmp_path / "a.zip", files_of([occurrence(1), occurrence(2)], media)))
    assert rows["license_name"].to_list() == ["© A. Gray", "CC_BY_NC_4_0"]
    assert rows["license_link"].to_list() == [None, "http://creativecommons.org/licenses/by-nc/4.0/"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"degreeOfEstablishment": "captive"}, True),
        ({"degreeOfEstablishment": "Cultivated"}, True),
        ({"establishmentMeans": "MANAGED"}, True),
        ({"basisOfRecord": "LIVING_SPECIMEN"}, True),
        ({"degreeOfEstablishment": "native"}, False),
        ({}, None),
    ],
)
def test_captivity_is_told_from_what_the_record_says(tmp_path, cells, expected):
    path = write_zip(tmp_path / "a.zip", files_of([occurrence(1, **cells)], [image(1)]))
    assert read(path)["is_captive"].to_list() == [expected]


def test_media_that_are_no_images_are_counted_and_no_rows(tmp_path):
    media = [
        image(1, "https://a.example/1"),
        image(1, "https://a.example/2", type="", format="image/png"),
        image(1, "https://a.example/3", type="Sound"),
        image(1, "https://a.example/4", type="MovingImage", format="image/gif"),
        image(1, "https://a.example/5", type="", format=""),
    ]
    notes = Notes()
    rows = read(write_zip(tmp_path / "a.zip", files_of([occurrence(1)], media)), notes)
    assert [url[-1] for url in rows["source_url"]] == ["1", "2"]
    assert (notes["media"], notes["media_not_images"]) == (5, 3)


def test_what_cannot_be_an_image_row_is_dropped_with_its_reason(tmp_path):
    media = [
        image(1),
        image(2),
        {"gbifID": "1", "type": "StillImage"},
        image(1, "urn:uuid:5"),
        image(1),
    ]
    notes = Notes()
    rows = read(write_zip(tmp_path / "a.zip", files_of([occurrence(1), occurrence(3)], media)), notes)
    assert rows["drop_reason"].to_list() == [None, "no_occurrence", "no_url", "not_a_url", "repeated_medium"]
    assert rows["dropped_by"].to_list() == [None, "read", "read", "read", "read"]
    assert notes["occurrences_without_image"] == 1


def test_a_repeated_occurrence_does_not_double_its_images(tmp_path):
    notes = Notes()
    lines = [occurrence(1, sex="MALE"), occurrence(1, sex="FEMALE")]
    rows = read(write_zip(tmp_path / "a.zip", files_of(lines, [image(1)])), notes)
    assert rows["sex"].to_list() == ["MALE"]
    assert notes["repeated_occurrences"] == 1


def test_withdrawing_an_image_leaves_the_ids_of_the_others(tmp_path):
    media = [image(1, f"https://a.example/{i}") for i in range(3)]
    before = read(write_zip(tmp_path / "a.zip", files_of([occurrence(1)], media)))
    after = read(write_zip(tmp_path / "b.zip", files_of([occurrence(1)], media[1:])))
    assert after["source_id"].to_list() == before["source_id"].to_list()[1:]


def test_the_name_to_resolve_can_be_chosen(tmp_path):
    line = occurrence(
        1,
        scientificName="Parus ater L.",
        acceptedScientificName="Periparus ater (L.)",
        verbatimScientificName="P. ater",
    )
    path = write_zip(tmp_path / "a.zip", files_of([line], [image(1)]))
    names = {name: read(path, name=name)["verbatim_name"].item() for name in ("matched", "accepted", "verbatim")}
    assert read(path)["verbatim_name"].item() == "Periparus ater (L.)"
    assert names == {"matched": "Parus ater L.", "accepted": "Periparus ater (L.)", "verbatim": "P. ater"}
    with pytest.raises(UnknownName, match="accepted, matched, verbatim"):
        read(path, name="published")


@pytest.mark.parametrize(
    ("issue", "expected"), [("TAXON_MATCH_HIGHERRANK", "Parus novus"), ("TAXON_MATCH_FUZZY", "Parus L.")]
)
def test_the_publisher_s_name_goes_first_where_gbif_knows_no_species(tmp_path, issue, expected):
    line = occurrence(
        1, acceptedScientificName="Parus L.", verbatimScientificName="Parus novus", issue=f"COORDINATE_ROUNDED;{issue}"
    )
    path = write_zip(tmp_path / "a.zip", files_of([line], [image(1)]))
    assert read(path)["verbatim_name"].to_list() == [expected]


def test_an_unknown_option_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", files_of([occurrence(1)], [image(1)]))
    with pytest.raises(UsageError, match='no option "names"'):
        read(path, names="x")


def test_verbatim_fills_columns_that_occurrence_lacks(tmp_path):
    files = files_of([], [image(1), image(2)], [{"gbifID": "2", "recordedBy": "A. Gray", "sex": "x"}])
    del files["meta.xml"]
    columns = [column for column in OCCURRENCE if column != "recordedBy"]
    files["occurrence.txt"] = table(columns, [occurrence(1), occurrence(2, sex="MALE")]).encode()
    rows = read(write_zip(tmp_path / "a.zip", files))
    assert rows["recorded_by"].to_list() == [None, "A. Gray"]
    assert rows["sex"].to_list() == [None, "MALE"]


def test_headers_serve_where_there_is_no_meta_xml(tmp_path):
    files = files_of([occurrence(1)], [image(1)])
    del files["meta.xml"]
    assert read(write_folder(tmp_path / "a", files))["verbatim_name"].item() == "Parus major Linnaeus, 1758"


def test_a_meta_xml_of_another_order_gives_way_to_the_header(tmp_path):
    files = files_of([occurrence(1)], [image(1)])
    files["meta.xml"] = files["meta.xml"].replace(
        b'index="3" term="http://purl.org/dc/terms/identifier"', b'index="3" term="x"'
    )
    notes = Notes()
    assert read(write_zip(tmp_path / "a.zip", files), notes)["source_url"].item() == "https://a.example/1.jpg"
    assert notes["multimedia.txt:not_as_meta_xml_says"] == 1


def test_commas_and_quotes_are_read_where_the_file_has_them(tmp_path):
    files = files_of([], [image(1)])
    del files["meta.xml"]
    line = occurrence(
        1, scientificName="P", acceptedScientificName='"Parus major, L."', habitat='"a ""wood""\nby a lake"', sex='""'
    )
    files["occurrence.txt"] = table(OCCURRENCE, [line], separator=",").encode()
    row = read(write_zip(tmp_path / "a.zip", files)).row(0, named=True)
    assert row["verbatim_name"] == "Parus major, L."
    assert json.loads(row["traits"])["habitat"] == 'a "wood"\nby a lake'
    assert row["sex"] is None


def test_the_citations_of_a_download_are_found(world, tmp_path):
    citations = read_citations(world[0])
    assert citations.doi == DOWNLOAD_DOI
    assert citations.title == "GBIF Occurrence Download 0012345"
    assert len(citations.datasets) == 30
    dataset = citations.datasets["50c9509d-22c7-4a22-a47d-8c48425ef4a7"]
    assert dataset.title == "Dataset 0 & more"
    assert dataset.citation.startswith("Publisher 0. Dataset 0.")
    citations.write(tmp_path)
    written = json.loads((tmp_path / "citations.json").read_text())
    assert written["doi"] == DOWNLOAD_DOI


def test_a_data_set_s_file_that_is_no_xml_costs_its_citation_only(tmp_path):
    files = files_of([occurrence(1)], [image(1)]) | {"dataset/a-b.xml": b"<eml"}
    notes = Notes()
    assert len(read(write_zip(tmp_path / "a.zip", files), notes)) == 1
    assert notes["unreadable_dataset_files"] == 1


_CELL = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12)
_ID = st.integers(1, 6).map(str)


@settings(max_examples=40, deadline=None)
@given(
    occurrences=st.lists(st.tuples(_ID, _CELL, _CELL), max_size=8),
    media=st.lists(
        st.tuples(_ID, st.sampled_from(["", "https://a.example/1", "https://a.example/2"]), _CELL), max_size=12
    ),
)
def test_the_join_is_that_of_plain_python(tmp_path_factory, occurrences, media):
    path = tmp_path_factory.mktemp("drawn") / "a.zip"
    lines = [{"gbifID": key, "recordedBy": by, "habitat": place} for key, by, place in occurrences]
    images = [{"gbifID": key, "type": "StillImage", "identifier": url, "title": title} for key, url, title in media]
    files = files_of(lines, images)
    rows = read(write_zip(path, files))
    expected = _plainly(files)
    found = rows.select("gbif_id", "source_url", "title", "recorded_by", "drop_reason").rows() if len(rows) else []
    assert found == expected


def _plainly(files: dict[str, bytes]) -> list[tuple[str | None, ...]]:
    """The same by dicts."""

    def parse(name: str) -> list[dict[str, str | None]]:
        lines = files[name].decode().removesuffix("\n").split("\n")
        cells = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        head = next(cells)
        return [dict(zip(head, (cell or None for cell in line), strict=True)) for line in cells]

    records: dict[str | None, dict[str, str | None]] = {}
    for record in parse("occurrence.txt"):
        records.setdefault(record["gbifID"], record)
    rows, seen = [], set()
    for medium in parse("multimedia.txt"):
        key, url = medium["gbifID"], medium["identifier"]
        record = records.get(key)
        reason = "no_occurrence" if record is None else "no_url" if url is None else None
        if reason is None and (key, url) in seen:
            reason = "repeated_medium"
        seen.add((key, url))
        rows.append((key, url, medium["title"], record and record["recordedBy"], reason))
    return rows
