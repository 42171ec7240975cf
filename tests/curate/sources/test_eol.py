"""EOL's list of images: rows as TreeOfLife-200M numbers them, and names from the files beside it."""

import csv
import gzip
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from tests.curate.sources.gbif_archive import spec_of, table, write_zip

from thuja.curate.sources import spilling
from thuja.curate.sources.eol import read_eol
from thuja.curate.sources.expressions import COLUMNS
from thuja.curate.sources.spec import Notes
from thuja.errors import BadFile, UsageError

MANIFEST = (
    *("EOL content ID", "EOL page ID", "Medium Source URL", "EOL Full-Size Copy URL"),
    *("License Name", "Copyright Owner"),
)
TAXON = (
    *("taxonID", "source", "furtherInformationURL", "acceptedNameUsageID", "parentNameUsageID", "scientificName"),
    *("taxonRank", "taxonomicStatus", "datasetID", "canonicalName", "authority", "eolID", "Landmark"),
    "higherClassification",
)
COPY = "https://content.eol.org/data/media/be/4a/08/30.jpg"
IMAGES = [
    ("30", "45511218", "https://example.org/lark.jpg", COPY, "cc-by-nc-sa-3.0", "Phil Myers"),
    ("31", "328598", "", COPY.replace("30", "31"), "cc-by", 'A "B" Gray,\nand others'),
    ("32", "7", "https://example.org/page", "", "public domain", ""),
]


def csv_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As Ruby's CSV writes it: quotes where they are needed, lines ended by a newline."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue()


def taxon_tab(*taxa: dict[str, str]) -> str:
    return table(TAXON, taxa)


def read(path: Path, notes: Notes | None = None, **options: str) -> pl.DataFrame:
    return pl.concat(read_eol(spec_of(path, "eol", **options), Notes() if notes is None else notes))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "eol"
    folder.mkdir()
    (folder / "media_manifest.csv").write_text(csv_text(MANIFEST, IMAGES))
    return folder


TAXA = [
    {"canonicalName": "Metazoa", "scientificName": "Metazoa", "taxonRank": "kingdom", "eolID": "1"},
    {"canonicalName": "Chordata", "scientificName": "Chordata", "taxonRank": "phylum", "eolID": "694"},
    {"canonicalName": "Aves", "scientificName": "Aves", "taxonRank": "class", "eolID": "695"},
    {"canonicalName": "Chondestes", "scientificName": "Chondestes", "taxonRank": "genus", "eolID": "5"},
    {
        "canonicalName": "Chondestes grammacus",
        "scientificName": "Chondestes grammacus (Say, 1822)",
        "taxonRank": "species",
        "eolID": "45511218",
        "higherClassification": "Life|Eukaryota|Metazoa|Bilateria|Chordata|Aves|Chondestes",
    },
]


def test_rows_are_numbered_as_in_treeoflife_and_keep_what_the_list_says(folder):
    notes = Notes()
    rows = read(folder, notes)
    assert rows["source_id"].to_list() == ["30_45511218", "31_328598", "32_7"]
    assert rows["source_url"].to_list() == [COPY, COPY.replace("30", "31"), None]
    assert rows["license_link"].to_list() == ["https://creativecommons.org/licenses/by-nc-sa/3.0/", None, None]
    assert rows["copyright_owner"].to_list() == ["Phil Myers", 'A "B" Gray,\nand others', None]
    assert rows["drop_reason"].to_list() == [None, None, "no_url"]
    assert rows["eval_keys"].to_list() == ["30;https://example.org/lark.jpg", "31", "32;https://example.org/page"]
    assert json.loads(rows["traits"][0])["eol_page"] == "https://eol.org/pages/45511218"
    assert dict(rows.schema) == {name: COLUMNS[name] for name in rows.columns}
    assert (notes["images"], notes["images_without_name"], notes["no_table_of_names"]) == (3, 3, 1)


def test_names_and_lineages_come_from_the_dynamic_hierarchy(folder):
    (folder / "taxon.tab").write_text(taxon_tab(*TAXA))
    notes = Notes()
    row = read(folder, notes).filter(source_id="30_45511218").row(0, named=True)
    assert row["verbatim_name"] == "Chondestes grammacus (Say, 1822)"
    lineage = [row[rank] for rank in ("kingdom", "phylum", "class", "order", "genus")]
    assert lineage == ["Metazoa", "Chordata", "Aves", None, "Chondestes"]
    assert (notes["pages"], notes["images_without_name"]) == (5, 2)


def test_names_come_from_the_provider_ids_where_there_is_no_hierarchy(folder):
    header = ("node_id", "resource_pk", "resource_id", "page_id", "preferred_canonical_for_page")
    text = csv_text(header, [("1", "x", "724", "328598", "Panthera leo"), ("2", "y", "459", "328598", "Panthera leo")])
    (folder / "provider_ids.csv.gz").write_bytes(gzip.compress(text.encode()))
    rows = read(folder)
    assert dict(rows.select("source_id", "verbatim_name").rows())["31_328598"] == "Panthera leo"


def test_english_names_are_those_that_eol_prefers(folder):
    header = (
        *("page_id", "canonical_form", "vernacular_string", "language_code", "resource_name"),
        *("is_preferred_by_resource", "is_preferred_by_eol"),
    )
    names = [
        ("328598", "Panthera leo", "King of Beasts", "eng", "r", "", ""),
        ("328598", "Panthera leo", "Löwe", "deu", "r", "preferred", "preferred"),
        ("328598", "Panthera leo", "Lion", "eng", "r", "preferred", "preferred"),
    ]
    (folder / "vernacular_names.csv").write_text(csv_text(header, names))
    assert dict(read(folder).select("source_id", "common").rows())["31_328598"] == "Lion"


@pytest.mark.parametrize("kind", ["zip", "tgz", "parts", "file"])
def test_the_list_is_read_however_it_is_packed(folder, tmp_path, kind):
    expected = read(folder)
    first, second = csv_text(MANIFEST, IMAGES[:2]).encode(), csv_text(MANIFEST, IMAGES[2:]).encode()
    parts = {"media_manifest_1.csv": first, "media_manifest_2.csv": second}
    path = tmp_path / "packed" / "media_manifest.tgz"
    path.parent.mkdir()
    if kind == "zip":
        path = write_zip(path.with_suffix(".zip"), parts)
    elif kind == "tgz":
        with tarfile.open(path, "w:gz") as archive:
            for name, data in parts.items():
                info = tarfile.TarInfo(f"data/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    elif kind == "parts":
        for name, data in parts.items():
            (path.parent / name).write_bytes(data)
        path = path.parent
    else:
        path = folder / "media_manifest.csv"
    assert read(path).equals(expected)


def test_many_parts_give_the_rows_of_one(folder, monkeypatch):
    (folder / "taxon.tab").write_text(taxon_tab(*TAXA))
    whole = read(folder)
    monkeypatch.setattr(spilling, "_BYTES_A_PART", 100)
    assert read(folder).sort("source_id").equals(whole.sort("source_id"))


def test_an_image_without_a_page_is_still_a_row(folder):
    (folder / "media_manifest.csv").write_text(csv_text(MANIFEST, [("30", "", "", COPY, "cc-by", "")]))
    (folder / "taxon.tab").write_text(taxon_tab(*TAXA))
    notes = Notes()
    row = read(folder, notes).row(0, named=True)
    assert (row["source_id"], row["verbatim_name"], row["drop_reason"]) == ("30_", None, None)
    assert notes["images_without_page"] == 1


def test_a_quote_that_is_never_closed_costs_its_own_line_only(folder):
    text = csv_text(MANIFEST, IMAGES[:1]) + f'31,1,,{COPY},cc-by,"open\n32,1,,{COPY},cc-by,x\n'
    (folder / "media_manifest.csv").write_text(text)
    notes = Notes()
    rows = read(folder, notes)
    assert rows["source_id"].to_list() == ["30_45511218", "32_1"]
    assert notes["media_manifest.csv:ragged_lines"] == 1


def test_what_is_no_list_is_refused(tmp_path, folder):
    (folder / "media_manifest.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="holds no list of EOL's images"):
        read(folder)
    (folder / "media_manifest.csv").write_text("EOL content ID,EOL page ID\n1,2\n")
    with pytest.raises(BadFile, match="no column EOL Full-Size Copy URL"):
        read(folder)
    with pytest.raises(UsageError, match="there is nothing at"):
        read(tmp_path / "none.csv")


def test_an_archive_cut_short_is_refused(tmp_path):
    data = gzip.compress(csv_text(MANIFEST, IMAGES * 2000).encode())
    (tmp_path / "media_manifest.csv.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadFile, match="cut short or damaged"):
        read(tmp_path / "media_manifest.csv.gz")
