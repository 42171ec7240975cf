"""The data card of a small catalog whose counts are checked by eye, and of one whose names are hostile."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard
from tests.shards.making import record, write

from thuja import __version__
from thuja.curate import CurateSummary, Handed
from thuja.curate.card import CardFacts, size_category, write_card
from thuja.curate.card_counts import CardTables, card_tables
from thuja.curate.catalog_counts import count_catalog
from thuja.curate.citations import DatasetCitation, SourceCitations
from thuja.curate.outputs import scan_catalog
from thuja.curate.pipeline import SCRATCH, Curation
from thuja.curate.provenance import write_provenance
from thuja.curate.reading import source_folder
from thuja.curate.recipe import CurateRecipe
from thuja.curate.sources.gbif_citations import Citations
from thuja.curate.sources.spec import SourceSpec
from thuja.curate.steps import StepCounts
from thuja.errors import BadFile, EmptyInput
from thuja.names import resolve_names
from thuja.record import CATALOG_SCHEMA
from thuja.shards import write_manifest
from thuja.taxonomy import Taxon

CROW = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corone"])
FAMILY = Taxon.from_names(["Animalia", "Arthropoda", "Insecta", "Diptera", "Sciaridae"])
MOSS = Taxon.from_names(["Plantae", "", "", "", "", "Bryum", "argenteum"])
HOSTILE = "a|b\n---\nlicense: mit\n# Head <script>alert(1)</script> [x](javascript:y) ```"


MLCROISSANT = """
import json, sys
import mlcroissant
data = mlcroissant.Dataset(jsonld=sys.argv[1])
issues = data.metadata.ctx.issues
print(json.dumps({
    "issues": sorted(issues.errors | issues.warnings),
    "catalog": [row["catalog/uuid"].decode() for row in data.records("catalog")],
    "samples": {row["samples/uuid"].decode(): row["samples/image"].size for row in data.records("samples")},
}))
"""


def row(number: int, **facts: Any) -> dict[str, Any]:
    own = {name: facts.pop(name) for name in ("taxon", "data_source", "split") if name in facts}
    dropped = {name: facts.pop(name) for name in ("drop_reason", "dropped_by") if name in facts}
    return record(number, path="", facts=facts, **{"data_source": "gbif", "split": "train", **own}).to_row() | dropped


ROWS = [
    *(
        row(n, license_name="cc-by", license_link="https://cc/by", dataset_key="k1", download_doi="10.15468/dl.abc123")
        for n in range(3)
    ),
    row(3, taxon=CROW, split="val", license_name="cc0", dataset_key="k2", resolution_status="synonym"),
    row(4, taxon=FAMILY, data_source="BIOSCAN-5M", license_name="cc0", img_type="specimen"),
    row(5, taxon=MOSS, data_source="eol", information_withheld="place"),
    row(6, taxon=Taxon(), data_source="eol", license_name=""),
    row(7, drop_reason="blurred", dropped_by="quality"),
    row(8, drop_reason="blurred", dropped_by="quality"),
    row(9, drop_reason="undecodable", dropped_by="check"),
]


def catalog(folder: Path, rows: Iterable[dict[str, Any]] = ROWS) -> Path:
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=CATALOG_SCHEMA), folder / "catalog.parquet")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    facts = [*write(tmp_path / "shards", range(3)), *write(tmp_path / "shards", [3], split="val")]
    write_manifest(tmp_path / "shards", facts)
    return catalog(tmp_path)


def counted(folder: Path) -> CardTables:
    return card_tables(count_catalog(scan_catalog(folder)))


def rows_of(page: str, head: str) -> list[list[str]]:
    """The cells of the table whose head begins so."""
    lines = page.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {head} |"))
    block = lines[start + 2 :]
    end = next((number for number, line in enumerate(block) if not line.startswith("|")), len(block))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block[:end]]


def test_counts_are_those_of_the_catalog(tmp_path: Path) -> None:
    counts = counted(catalog(tmp_path))
    assert (counts.read, counts.kept, counts.taxa, counts.species, counts.full) == (10, 7, 5, 3, 4)
    assert counts.sources.rows() == [("gbif", 4, 2, 2, 4), ("eol", 2, 2, 1, 0), ("BIOSCAN-5M", 1, 1, 0, 0)]
    assert counts.kingdoms.rows() == [
        ("Animalia", 5, 2, 2, 2, 2, 1, 2),
        ("Plantae", 1, 0, 0, 0, 0, 1, 1),
        (None, 1, 0, 0, 0, 0, 0, 0),
    ]
    assert counts.depth.rows() == [("species", 5, 3), ("family", 1, 1), ("none", 1, 1)]
    assert counts.splits.select("split", "images", "taxa").rows() == [("train", 6, 4), ("val", 1, 1)]
    assert counts.drops.rows() == [("quality", "blurred", 2), ("check", "undecodable", 1)]
    assert counts.licences.rows()[0] == ("cc-by", "https://cc/by", 3)
    assert counts.licences["images"].sum() == counts.kept
    assert counts.tail.rows()[:2] == [("1", 4, 4), ("2 to 9", 1, 3)]
    assert counts.withheld == 1


def test_every_table_adds_up_to_what_was_kept(tmp_path: Path) -> None:
    counts = counted(catalog(tmp_path))
    for name in ("sources", "kingdoms", "depth", "tail", "splits", "licences", "kinds", "statuses", "datasets"):
        assert getattr(counts, name)["images"].sum() == 7, name


def test_the_header_is_hugging_faces(folder: Path) -> None:
    said = DatasetCard.load(write_card(folder, CardFacts(name="Birds of the North"))).data.to_dict()
    assert said["pretty_name"] == "Birds of the North"
    assert (said["license"], said["size_categories"]) == ("other", ["n<1K"])
    assert said["task_categories"] == ["image-classification", "zero-shot-image-classification"]
    files = [{"split": split, "path": f"shards/{split}-*.tar"} for split in ("train", "val")]
    assert said["configs"] == [
        {"config_name": "default", "data_files": files},
        {"config_name": "catalog", "data_files": "catalog.parquet"},
    ]


def test_the_page_tells_what_was_counted(folder: Path) -> None:
    steps = [StepCounts(name="quality", read=9, kept=7, dropped={"blurred": 2})]
    facts = CardFacts(
        name="Birds", recipe={"quality": {"sharpness": 3}}, steps=steps, warnings=["one species held out"]
    )
    page = write_card(folder, facts).read_text(encoding="utf-8")
    assert rows_of(page, "source | images")[0] == ["gbif", "4", "2", "2", "4"]
    assert rows_of(page, "kingdom")[2] == ["not told", "1", *"000000"]
    assert rows_of(page, "licence")[-1] == ["not told", "not told", "2"]
    assert rows_of(page, "step") == [["quality", "9", "7", "2"]]
    assert rows_of(page, "dropped by") == [["quality", "blurred", "2"], ["check", "undecodable", "1"]]
    for said in (
        "7 images of 5 taxa, 3 of them species, from 3 sources.",
        "10 images read = 7 kept + 3 dropped.",
        "2 WebDataset shards of 4 samples",
        '```json\n{\n  "quality": {\n    "sharpness": 3\n  }\n}\n```',
        f"By thuja {__version__}",
        "2 of 7 images are not named to the species.",
        "Of 2 images no licence is told.",
        "- one species held out",
    ):
        assert said in page, said


def test_sources_are_cited_by_doi_and_paper(folder: Path) -> None:
    told = SourceCitations(
        dois=("https://doi.org/10.15468/dl.zzz999",),
        datasets={"k1": DatasetCitation(title="Crows", citation="Crow, A. (2020). Crows of | Norway.")},
    )
    page = write_card(folder, CardFacts(name="Birds", citations={"gbif": told})).read_text(encoding="utf-8")
    cited = re.findall(r"^- (.*(?:doi\.org|arxiv).*)$", page, flags=re.MULTILINE)
    assert [line.rpartition("/")[2] for line in cited] == ["dl.abc123", "dl.zzz999", "BDJ.2.e1079", "2406.12723"]
    assert rows_of(page, "source | data set") == [
        ["gbif", r"Crow, A. (2020). Crows of \| Norway.", "3"],
        ["gbif", "k2", "1"],
    ]
    with (folder / "datasets.csv").open(encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    assert (first["dataset_key"], first["images"], first["citation"]) == (
        "k1",
        "3",
        "Crow, A. (2020). Crows of | Norway.",
    )


def test_the_same_catalog_in_another_order_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    write_card(folder, CardFacts(name="Birds"))
    other = catalog(tmp_path / "other", reversed(ROWS))
    (tmp_path / "shards").rename(other / "shards")
    write_card(other, CardFacts(name="Birds"))
    for name in ("README.md", "datasets.csv"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.parametrize("field", ["data_source", "license_name", "license_link", "img_type", "dataset_key", "kingdom"])
def test_a_hostile_name_stays_in_its_cell(tmp_path: Path, field: str) -> None:
    hostile = row(1) | {field: HOSTILE, "download_doi": "x\n---\n"}
    path = write_card(
        catalog(tmp_path, [hostile]), CardFacts(name=HOSTILE, recipe={HOSTILE: HOSTILE}, warnings=[HOSTILE])
    )
    page = path.read_text(encoding="utf-8")
    assert DatasetCard.load(path).data.license == "other"
    assert DatasetCard.load(path).data.pretty_name == HOSTILE
    body = page.split("\n---\n", 1)[1]
    outside = re.sub(r"^````json\n.*?^````$", "", body, flags=re.MULTILINE | re.DOTALL)
    assert "<script>" not in outside
    assert not re.search(r"(?<!\\)\]\(javascript", outside)
    assert not re.search(r"^---", outside, flags=re.MULTILINE)
    assert not re.search(r"^# Head", outside, flags=re.MULTILINE)
    assert "````json\n" in body
    widths = {head: {len(cells) for cells in rows_of(outside, head)} for head in ("source | images", "licence", "kind")}
    assert widths == {"source | images": {5}, "licence": {3}, "kind": {3}}


def test_a_folder_without_a_catalog_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="there is no catalog"):
        write_card(tmp_path, CardFacts(name="none"))
    pl.DataFrame({"uuid": ["a"]}).write_parquet(tmp_path / "catalog.parquet")
    with pytest.raises(BadFile, match="no column drop_reason"):
        write_card(tmp_path, CardFacts(name="none"))


def test_an_empty_catalog_has_a_card(tmp_path: Path) -> None:
    page = write_card(catalog(tmp_path, []), CardFacts(name="none")).read_text(encoding="utf-8")
    assert "0 images of 0 taxa" in page
    assert not (tmp_path / "shards").exists()


@pytest.mark.parametrize(("images", "category"), [(0, "n<1K"), (10_000, "10K<n<100K"), (2 * 10**12, "n>1T")])
def test_sizes_are_hugging_faces_words(images: int, category: str) -> None:
    assert size_category(images) == category


class TestCroissant:
    def test_mlcroissant_reads_catalog_and_images(self, folder: Path, tmp_path: Path) -> None:
        """In a process of its own: it keeps a cache by relative paths, and leaves files open."""
        write_card(folder, CardFacts(name="Birds", url="https://example.org/birds", date="2026-01-02", version="1.0.0"))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", MLCROISSANT, folder / "croissant.json"],
            capture_output=True,
            text=True,
            env={**os.environ, "CROISSANT_CACHE": str(tmp_path / "cache")},
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        said = json.loads(done.stdout)
        assert said["issues"] == []
        assert said["catalog"] == [one["uuid"] for one in ROWS]
        assert said["samples"] == {one["uuid"]: [40, 30] for one in ROWS[:4]}

    def test_hashes_and_sizes_are_those_of_the_files(self, folder: Path) -> None:
        write_card(folder, CardFacts(name="Birds"))
        said = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
        files = [one for one in said["distribution"] if one["@type"] == "cr:FileObject"]
        assert [one["name"] for one in files] == ["catalog.parquet", "shards/train-00000.tar", "shards/val-00000.tar"]
        for one in files:
            data = (folder / one["contentUrl"]).read_bytes()
            assert (one["sha256"], one["contentSize"]) == (sha256(data).hexdigest(), f"{len(data)} B")
        assert said["license"] == ["https://cc/by"]
        assert [one["name"] for one in said["recordSet"][0]["field"]] == CATALOG_SCHEMA.names


def test_the_provenance_table_has_a_row_an_image_and_no_hole(tmp_path: Path) -> None:
    path = write_provenance(catalog(tmp_path) / "catalog.parquet", tmp_path / "provenance.parquet")
    table = pl.read_parquet(path)
    assert table.columns[:4] == ["uuid", "data_source", "source_id", "source_url"]
    assert table["uuid"].to_list() == [one["uuid"] for one in ROWS[:7]]
    assert table["license_name"].to_list() == ["cc-by"] * 3 + ["cc0"] * 2 + ["not provided"] * 2
    assert set(table["copyright_owner"]) == {"not provided"}


def test_a_recipe_is_published_without_folders_and_addresses(folder: Path) -> None:
    """The contact of [download] stood in the card, and JSON in a fence of TOML."""
    recipe = {
        "sources": [{"kind": "folder", "path": "/home/anna/photos", "options": {"images": "../anna/scans/"}}],
        "download": {"contact": "anna@example.org", "rate": 2.0},
        "screen": {"takedown": "~/lists/gone.txt"},
    }
    page = write_card(folder, CardFacts(name="Birds", recipe=recipe)).read_text(encoding="utf-8")
    said = re.search(r"^```json\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert said is not None
    assert json.loads(said[1]) == {
        "sources": [{"kind": "folder", "path": "photos", "options": {"images": "scans"}}],
        "download": {"rate": 2.0},
        "screen": {"takedown": "gone.txt"},
    }


def test_the_paths_of_the_catalog_are_said_to_be_local(folder: Path) -> None:
    page = write_card(folder, CardFacts(name="Birds")).read_text(encoding="utf-8")
    assert "`path` is local" in page
    said = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    fields = {one["name"]: one.get("description", "") for one in said["recordSet"][0]["field"]}
    assert fields["path"].startswith("Local:")


def test_a_long_citation_keeps_its_doi_and_a_long_description_its_counts(folder: Path) -> None:
    """Every cell was cut at 300 characters, and a GBIF citation ends in its DOI."""
    long = "Smith J, " * 60 + "(2020). Occurrence dataset https://doi.org/10.15468/abcdef"
    told = SourceCitations(datasets={"k1": DatasetCitation(citation=long)})
    facts = CardFacts(name="Birds", description="words " * 100, citations={"gbif": told})
    page = write_card(folder, facts).read_text(encoding="utf-8")
    assert rows_of(page, "source | data set")[0][1] == long
    assert "7 images of 5 taxa" in page


def test_two_downloads_of_one_source_keep_both_dois_and_all_data_sets() -> None:
    """The second unnamed GBIF download took the place of the first."""
    one = SourceCitations(
        dois=("10.15468/dl.one111",), datasets={"a": DatasetCitation(title="A"), "b": DatasetCitation()}
    )
    two = SourceCitations(dois=("10.15468/dl.two222",), datasets={"b": DatasetCitation(title="B")})
    both = one.joined(two)
    assert both.dois == ("10.15468/dl.one111", "10.15468/dl.two222")
    assert both.datasets == {"a": DatasetCitation(title="A"), "b": DatasetCitation(title="B")}
    assert two.joined(one).datasets == both.datasets


def test_a_card_cites_two_sources_of_one_kind_by_both_their_downloads(
    photos: Path, run: Callable[..., CurateSummary], tmp_path: Path
) -> None:
    """Both are called `gbif` where the recipe names neither, and the later one's citations stood for both."""
    summary = run(photos)
    specs = tuple(SourceSpec(kind="gbif", path=tmp_path / name) for name in ("one.zip", "two.zip"))
    for number, doi in enumerate(("10.15468/dl.one111", "10.15468/dl.two222")):
        folder = tmp_path / "out" / SCRATCH / source_folder(number, specs[number])
        folder.mkdir(parents=True)
        Citations(doi=doi, datasets={f"key{number}": DatasetCitation(title=f"title {number}")}).write(folder)
    handed = Handed(resolve=partial(resolve_names, backbones=()))
    curation = Curation(recipe=CurateRecipe(sources=specs), folder=tmp_path / "out", handed=handed)
    told = curation._card_facts(summary).citations["gbif"]
    assert told.dois == ("10.15468/dl.one111", "10.15468/dl.two222")
    assert {key: one.title for key, one in told.datasets.items()} == {"key0": "title 0", "key1": "title 1"}
