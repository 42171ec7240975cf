"""BIOSCAN-1M and -5M: names, splits and images of both layouts."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.curate.sources.gbif_archive import spec_of, table

from thuja.curate.sources.bioscan import read_bioscan
from thuja.curate.sources.expressions import COLUMNS
from thuja.curate.sources.spec import Notes
from thuja.errors import BadFile, UsageError

ONE = (
    *("sampleid", "processid", "uri", "name", "phylum", "class", "order", "family", "subfamily", "tribe", "genus"),
    *("species", "subspecies", "nucraw", "image_file", "large_diptera_family", "medium_diptera_family"),
    *("small_diptera_family", "large_insect_order", "medium_insect_order", "small_insect_order", "chunk_number"),
    *("copyright_license", "copyright_holder", "copyright_institution", "copyright_contact", "photographer", "author"),
)
FIVE = (
    *("processid", "sampleid", "taxon", "phylum", "class", "order", "family", "subfamily", "genus", "species"),
    *("dna_bin", "dna_barcode", "country", "province_state", "coord-lat", "coord-lon", "image_measurement_value"),
    *("area_fraction", "scale_factor", "inferred_ranks", "split", "index_bioscan_1M_insect", "chunk"),
)
FLY = {"phylum": "Arthropoda", "class": "Insecta", "order": "Diptera", "family": "Muscidae", "genus": "Musca"}


def read(path: Path, notes: Notes | None = None, **options: str) -> pl.DataFrame:
    return pl.concat(read_bioscan(spec_of(path, "bioscan", **options), Notes() if notes is None else notes))


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"jpeg")


@pytest.fixture
def one(tmp_path):
    nothing = dict.fromkeys(ONE, "not_classified")
    full = FLY | {"sampleid": "BIOUG1", "processid": "P1", "uri": "BOLD:AAA1", "species": "Musca domestica"}
    full |= {"image_file": "4400.jpg", "chunk_number": "12", "small_insect_order": "train", "nucraw": "ACGT"}
    bare = nothing | {"sampleid": "BIOUG2", "processid": "P2", "phylum": "Arthropoda", "class": "Insecta"}
    bare |= {"order": "Diptera", "image_file": "4401.jpg", "chunk_number": "3", "copyright_license": "CC BY-NC-SA"}
    folder = tmp_path / "bioscan1m"
    folder.mkdir()
    (folder / "BIOSCAN_Insect_Dataset_metadata.tsv").write_text(table(ONE, [full, bare]))
    put(folder / "bioscan" / "images" / "cropped_256" / "part12" / "4400.jpg")
    return folder


@pytest.fixture
def five(tmp_path):
    lines = [
        FLY
        | {"processid": "Q1", "sampleid": "S1", "species": "Musca domestica", "dna_bin": "BOLD:AAA1", "split": "train"}
        | {"chunk": "a", "coord-lat": "10.5", "coord-lon": "-84.0", "country": "Costa Rica", "inferred_ranks": "2"},
        FLY | {"processid": "Q2", "sampleid": "S2", "genus": "", "split": "val_unseen", "chunk": ""},
        FLY | {"processid": "Q3", "species": "Musca sp. 1", "split": "odd", "chunk": "b"},
    ]
    folder = tmp_path / "bioscan5m"
    metadata = folder / "metadata" / "csv" / "BIOSCAN_5M_Insect_Dataset_metadata.csv"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(table(FIVE, lines, separator=","))
    put(folder / "images" / "cropped_256" / "train" / "a" / "Q1.jpg")
    put(folder / "images" / "cropped_256" / "val_unseen" / "Q2.jpg")
    return folder


def test_bioscan_1m_is_read_with_its_images_in_parts(one):
    rows = read(one)
    first, second = rows.rows(named=True)
    assert Path(first["path"]) == one / "bioscan" / "images" / "cropped_256" / "part12" / "4400.jpg"
    assert (first["source_id"], first["catalog_number"], first["drop_reason"]) == ("P1", "BIOUG1", None)
    assert (first["kingdom"], first["genus"], first["species"]) == ("Animalia", "Musca", "domestica")
    assert first["verbatim_name"] == "Musca domestica"
    assert json.loads(first["traits"]) == {"dna_bin": "BOLD:AAA1", "split_small_insect_order": "train"}
    assert (second["verbatim_name"], second["family"], second["species"]) == ("Diptera", None, None)
    assert (second["drop_reason"], second["dropped_by"]) == ("missing_file", "read")
    assert second["license_name"] == "CC BY-NC-SA"
    assert dict(rows.schema) == {name: COLUMNS[name] for name in rows.columns}


def test_bioscan_5m_is_read_with_its_images_by_split_and_chunk(five):
    rows = read(five)
    assert [Path(path).relative_to(five).as_posix() for path in rows["path"]] == [
        "images/cropped_256/train/a/Q1.jpg",
        "images/cropped_256/val_unseen/Q2.jpg",
        "images/cropped_256/odd/b/Q3.jpg",
    ]
    assert rows["drop_reason"].to_list() == [None, None, "missing_file"]
    assert rows["verbatim_name"].to_list() == ["Musca domestica", "Muscidae", "Musca sp. 1"]
    assert rows["species"].to_list() == ["domestica", None, None]
    assert (rows["latitude"][0], rows["longitude"][0]) == (10.5, -84.0)
    assert rows["split"].to_list() == [None, None, None]


def test_its_own_split_is_kept_where_it_is_asked_for(five, one):
    notes = Notes()
    assert read(five, notes, split="split")["split"].to_list() == ["train", "unseen", None]
    assert notes["unknown split odd"] == 1
    assert read(one, split="small_insect_order")["split"].to_list() == ["train", None]


def test_the_table_can_lie_apart_from_the_images(five, tmp_path):
    table = five / "metadata" / "csv" / "BIOSCAN_5M_Insect_Dataset_metadata.csv"
    rows = read(table, images=str(five / "images"))
    assert rows["drop_reason"].to_list() == [None, None, "missing_file"]


def test_a_name_in_the_table_leads_nowhere_outside(one):
    put(one.parent / "secret.jpg")
    file = one / "BIOSCAN_Insect_Dataset_metadata.tsv"
    file.write_text(file.read_text().replace("4401.jpg", "../../../../../../secret.jpg"))
    assert read(one)["drop_reason"].to_list() == [None, "missing_file"]


def test_what_cannot_be_used_gets_one_clear_sentence(one, five, tmp_path):
    with pytest.raises(UsageError, match="no package"):
        read(one, package="small")
    with pytest.raises(UsageError, match="none of the first 2 images"):
        read(one, package="original_full", images=str(tmp_path / "bioscan5m" / "metadata"))
    with pytest.raises(BadFile, match="no column split_x"):
        read(five, split="split_x")
    with pytest.raises(UsageError, match="no table of BIOSCAN's metadata"):
        read(five / "images")
    (one / "BIOSCAN_Insect_Dataset_metadata.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(BadFile, match="no column processid"):
        read(one)
