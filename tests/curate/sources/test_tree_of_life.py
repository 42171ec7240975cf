"""TreeOfLife's own catalogs, with the columns of their data cards."""

import json
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from thuja.curate.sources import tree_of_life
from thuja.errors import BadFile, UsageError

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]
IDS = [str(uuid.UUID(int=number, version=4)) for number in range(60)]
RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
RAVEN = dict(zip(RANKS, ("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"), strict=True))


def entry(number: int, **more: str | None) -> dict[str, str | None]:
    return {
        "uuid": IDS[number], "data_source": "gbif", "source_id": "4011", "source_url": f"https://x.org/{number}.jpg",
        **RAVEN, "scientific_name": "Corvus corax", "common": "Raven", "resolution_status": "EXACT_MATCH",
        "publisher": "iNaturalist.org", "basis_of_record": "HUMAN_OBSERVATION", "img_type": "Citizen Science",
        "shard_filename": "shard-00123.tar", "shard_file_path": "a/b", "base_dataset_file_path": "c/d",
    } | more  # fmt: skip


def write(folder: Path, entries: list[dict[str, str | None]]) -> Path:
    (folder / "dataset").mkdir(parents=True)
    (folder / "metadata").mkdir()
    pl.DataFrame(entries).write_parquet(folder / "dataset" / "catalog.parquet", row_group_size=7)
    facts = [
        {"uuid": row["uuid"], "source_id": row["source_id"], "data_source": row["data_source"],
         "source_url": row["source_url"], "license_name": "cc-by-4.0", "license_link": "https://cc.org",
         "copyright_owner": "not provided", "title": f"photo {row['uuid']}"}
        for row in reversed(entries)
    ]  # fmt: skip
    pl.DataFrame(facts).write_parquet(folder / "metadata" / "provenance.parquet")
    return folder


def test_catalog_and_provenance_are_one_row_under_the_same_id(read: Reading, tmp_path: Path) -> None:
    entries = [entry(0), entry(1), entry(2, data_source="eol", source_id="5_9", genus=None, species=None)]
    rows, notes = read("tree_of_life", write(tmp_path / "tol", entries))
    assert [row["uuid"] for row in rows] == IDS[:3]
    first = rows[0]
    assert {rank: first[rank] for rank in RANKS} == RAVEN
    assert (first["data_source"], first["source_id"], first["gbif_id"]) == ("gbif", "4011", "4011")
    assert (first["license_name"], first["copyright_owner"], first["title"]) == (
        "cc-by-4.0", None, f"photo {IDS[0]}",
    )  # fmt: skip
    assert (first["basis_of_record"], first["img_type"], first["common"]) == (
        "HUMAN_OBSERVATION", "Citizen Science", "Raven",
    )  # fmt: skip
    assert json.loads(first["traits"]) == {"treeoflife_shard": "shard-00123.tar"}
    assert (rows[2]["gbif_id"], rows[2]["genus"], rows[2]["drop_reason"]) == (None, None, None)
    assert not notes


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"genus": "1827)"}, "broken_row"),
        ({"family": "Corvus (Linnaeus"}, "broken_row"),
        ({"order": "https://x.org/a.jpg"}, "broken_row"),
        ({"data_source": "HUMAN_OBSERVATION"}, "broken_row"),
        ({"uuid": "Corvus"}, "broken_row"),
        ({"uuid": None}, "broken_row"),
        ({"source_url": None}, "no_url"),
        ({"source_url": "file:///etc/passwd"}, "bad_url"),
        ({"data_source": "fathomnet"}, "no_crop"),
        ({"species": "sp. BOLD:AAA1234", "kingdom": "incertae sedis", "genus": ""}, None),
    ],
)
def test_rows_whose_cells_moved_are_dropped(
    read: Reading, tmp_path: Path, cells: dict[str, str | None], reason: str | None
) -> None:
    rows, _ = read("tree_of_life", write(tmp_path / "tol", [entry(0), entry(1, **cells)]))
    assert Counter(row["drop_reason"] for row in rows) == Counter([None, reason])


def test_fathomnets_images_are_cropped_as_their_table_says(read: Reading, tmp_path: Path) -> None:
    folder = write(tmp_path / "tol", [entry(n, data_source="fathomnet") for n in range(3)])
    table = "uuid,x,y,width,height\n" + f"{IDS[0]},10,20,30,40\n{IDS[1]},-5,0,10,10\n{IDS[2]},5,5,0,10\n"
    (folder / "metadata" / "fathom_metadata.csv").write_text(table)
    rows, _ = read("tree_of_life", folder)
    assert [(row["crop"], row["drop_reason"]) for row in rows] == [
        ("10,20,30,40", None), ("0,0,5,10", None), (None, "no_crop"),
    ]  # fmt: skip


def test_small_parts_give_the_same_rows(read: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "tol", [entry(n, source_url=f"https://x.org/{n * n}") for n in range(60)])
    whole, _ = read("tree_of_life", folder)
    monkeypatch.setattr(tree_of_life, "count_parts", lambda size: 7)
    parted, _ = read("tree_of_life", folder)
    assert [row["uuid"] for row in parted] != IDS
    assert sorted(parted, key=lambda row: row["uuid"]) == whole


def test_without_provenance_the_rows_have_no_licence_and_it_is_noted(read: Reading, tmp_path: Path) -> None:
    folder = write(tmp_path / "tol", [entry(0)])
    (folder / "metadata" / "provenance.parquet").unlink()
    rows, notes = read("tree_of_life", folder / "dataset" / "catalog.parquet")
    assert ([row["license_name"] for row in rows], notes) == ([None], {"no_provenance_table": 1})


def test_another_parquet_or_none_is_told(read: Reading, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no TreeOfLife catalog"):
        read("tree_of_life", tmp_path)
    pl.DataFrame({"uuid": ["a"]}).write_parquet(tmp_path / "catalog.parquet")
    with pytest.raises(BadFile, match="has no column data_source, source_id"):
        read("tree_of_life", tmp_path)
    whole = (tmp_path / "catalog.parquet").read_bytes()
    (tmp_path / "catalog.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match="cannot be read"):
        read("tree_of_life", tmp_path)


HEADER = ("split,treeoflife_id,eol_content_id,eol_page_id,bioscan_part,bioscan_filename,inat21_filename,"
          "inat21_cls_name,inat21_cls_num,kingdom,phylum,class,order,family,genus,species,common")  # fmt: skip


def test_the_10m_catalog_has_an_id_per_source_and_no_row_twice(read: Reading, tmp_path: Path) -> None:
    names = "Animalia,Chordata,Aves,Passeriformes,Corvidae,Corvus,corax,Raven"
    lines = [
        f"train,{IDS[0]},8792002,49952170,,,,,,{names}",
        f"train_small,{IDS[0]},8792002,49952170,,,,,,{names}",
        f"val,{IDS[1]},,,3,BIOUG1.jpg,,,,Animalia,Arthropoda,Insecta,Diptera,,,,Diptera",
        f"train,{IDS[2]},,,,,a.jpg,04000_Animalia,4000,{names}",
        f"corax,{IDS[3]},,,,,,,,{names}",
    ]
    (tmp_path / "catalog.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    (tmp_path / "licenses.csv").write_text(
        "treeoflife_id,eol_content_id,eol_page_id,md5,medium_source_url,eol_full_size_copy_url,license_name,"
        f"copyright_owner,license_link,title\n{IDS[0]},8792002,49952170,ABC1,http://m.edu/1.jpg,https://content.eol.org"
        "/1.jpg,cc-by-3.0,2012 Eric,https://cc.org,not provided\n"
    )
    rows, notes = read("tree_of_life", tmp_path)
    assert notes == {"train_small": 1}
    assert [(row["uuid"], row["data_source"], row["source_id"], row["split"], row["drop_reason"]) for row in rows] == [
        (IDS[0], "eol", "8792002_49952170", "train", None),
        (IDS[1], "bioscan", "BIOUG1.jpg", "val", "no_url"),
        (IDS[2], "inat21", "04000_Animalia/a.jpg", "train", "no_url"),
        (IDS[3], "treeoflife", IDS[3], None, "broken_row"),
    ]
    assert [row["verbatim_name"] for row in rows] == ["Corvus corax", "Diptera", "Corvus corax", "Corvus corax"]
    assert (rows[0]["source_url"], rows[0]["md5"], rows[0]["title"]) == ("https://content.eol.org/1.jpg", "abc1", None)


def test_a_source_is_known_by_the_start_of_its_name_and_others_are_noted(read: Reading, tmp_path: Path) -> None:
    """`BIOSCAN-5M`, `FathomNet` and whatever else a later catalog may say dropped all of their rows as broken."""
    sources = ["BIOSCAN-5M", "bioscan5m", "FathomNet", "EOL", "GBIF", "Observation.org"]
    rows, notes = read(
        "tree_of_life", write(tmp_path / "tol", [entry(n, data_source=s) for n, s in enumerate(sources)])
    )
    assert [row["drop_reason"] for row in rows] == [None, None, "no_crop", None, None, None]
    assert [row["gbif_id"] for row in rows] == [None, None, None, None, "4011", None]
    assert [row["data_source"] for row in rows] == sources
    assert notes == {"unknown source Observation.org": 1}


def test_nothing_stays_in_the_scratch_folder(read: Reading, tmp_path: Path) -> None:
    """Catalog and provenance, as they were put down, lay in the output folder for good."""
    read("tree_of_life", write(tmp_path / "tol", [entry(0)]))
    assert not any((tmp_path / "scratch").rglob("*"))
