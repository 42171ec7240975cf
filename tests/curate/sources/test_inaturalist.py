"""iNaturalist Open Data, in tables written as iNaturalist writes them: tabs, no quotes, gzip."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thuja.curate.sources import spilling
from thuja.errors import BadFile, UnknownName, UsageError

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]
UUIDS = [f"{number:08x}-566b-44aa-847c-95da8fb8b3c9" for number in range(400)]

TAXA = """taxon_id\tancestry\trank_level\trank\tname\tactive
48460\t\t100.0\tstateofmatter\tLife\ttrue
1\t48460\t70.0\tkingdom\tAnimalia\ttrue
2\t48460/1\t60.0\tphylum\tChordata\ttrue
355675\t48460/1/2\t57.0\tsubphylum\tVertebrata\ttrue
3\t48460/1/2/355675\t50.0\tclass\tAves\ttrue
7251\t48460/1/2/355675/3\t40.0\torder\tPasseriformes\ttrue
7823\t48460/1/2/355675/3/7251\t30.0\tfamily\tCorvidae\ttrue
7998\t48460/1/2/355675/3/7251/7823\t20.0\tgenus\tCorvus\ttrue
8010\t48460/1/2/355675/3/7251/7823/7998\t10.0\tspecies\tCorvus corax\ttrue
207391\t48460\\1\\2\\355675\\3\\7251\\7823\\7998\\8010\t5.0\tsubspecies\tCorvus corax "principalis"\ttrue
"""
OBSERVERS = 'observer_id\tlogin\tname\n1\tkueda\tKen-ichi "Ken" Ueda\n2\tb\'ob\t\n'


def write(folder: Path, photos: list[str], observations: list[str], *, head: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    heads = {
        "photos": "photo_uuid\tphoto_id\tobservation_uuid\tobserver_id\textension\tlicense\twidth\theight\tposition",
        "observations": "observation_uuid\tobserver_id\tlatitude\tlongitude\tpositional_accuracy\ttaxon_id"
        "\tquality_grade\tobserved_on\tanomaly_score",
    }
    tables = {
        "photos": "\n".join([head or heads["photos"], *photos]) + "\n",
        "observations": "\n".join([heads["observations"], *observations]) + "\n",
        "taxa": TAXA,
        "observers": OBSERVERS,
    }
    for name, text in tables.items():
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


PHOTOS = [
    f"{UUIDS[9]}\t100\t{UUIDS[0]}\t1\tjpeg\tCC-BY-NC\t2048\t1536\t0",
    f"{UUIDS[8]}\t101\t{UUIDS[0]}\t1\tjpg\tCC0\t\t\t1",
    f"{UUIDS[7]}\t102\t{UUIDS[1]}\t2\tpng\tCC-BY\t800\t600\t0",
    f"{UUIDS[6]}\t103\t{UUIDS[5]}\t2\tpng\tCC-BY\t800\t600\t0",
    f"{UUIDS[5]}\t../../x\t{UUIDS[1]}\t2\tpng\tCC-BY\t800\t600\t0",
]
OBSERVATIONS = [
    f"{UUIDS[0]}\t1\t36.641014\t-121.930046\t25\t8010\tresearch\t2009-06-14\t2.5",
    f"{UUIDS[1]}\t2\t\t\t\t207391\tcasual\t\t",
]


def test_photos_get_their_observation_lineage_and_observer(read: Reading, tmp_path: Path) -> None:
    rows, notes = read("inaturalist", write(tmp_path / "inat", PHOTOS, OBSERVATIONS))
    assert not notes
    by_id = {row["source_id"]: row for row in rows}
    first = by_id["100"]
    assert first["source_url"] == "https://inaturalist-open-data.s3.amazonaws.com/photos/100/original.jpeg"
    assert [first[rank] for rank in ("kingdom", "phylum", "class", "order", "family", "genus", "species")] == [
        "Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax",
    ]  # fmt: skip
    assert (first["verbatim_name"], first["observation_id"], first["event_date"]) == (
        "Corvus corax", UUIDS[0], "2009-06-14",
    )  # fmt: skip
    assert (first["latitude"], first["coordinate_uncertainty"], first["quality_grade"]) == (36.641014, 25.0, "research")
    assert (first["license_name"], first["license_link"]) == (
        "CC-BY-NC", "https://creativecommons.org/licenses/by-nc/4.0/",
    )  # fmt: skip
    assert (first["recorded_by"], first["width"], first["height"]) == ('Ken-ichi "Ken" Ueda', 2048, 1536)
    assert json.loads(first["traits"])["anomaly_score"] == "2.5"
    third = by_id["102"]
    assert (third["verbatim_name"], third["species"], third["recorded_by"]) == (
        'Corvus corax "principalis"', "corax", "b'ob",
    )  # fmt: skip
    assert {key: row["drop_reason"] for key, row in by_id.items()} == {
        "100": None, "101": None, "102": None, "103": "no_observation", "../../x": "bad_id",
    }  # fmt: skip
    assert by_id["../../x"]["source_url"] is None


def test_another_size_changes_the_address_and_tells_no_width(read: Reading, tmp_path: Path) -> None:
    folder = write(tmp_path / "inat", PHOTOS, OBSERVATIONS)
    row = next(row for row in read("inaturalist", folder, size="medium")[0] if row["source_id"] == "100")
    assert row["source_url"].endswith("/photos/100/medium.jpeg")
    assert row["width"] is None
    with pytest.raises(UnknownName, match='unknown size of photos: "huge"'):
        read("inaturalist", folder, size="huge")


def test_the_join_by_parts_is_the_join_at_once(read: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [f"{UUIDS[n % 7]}\t{n}\t{UUIDS[n * 7 % 400]}\t1\tjpg\tCC0\t9\t9\t0" for n in range(900)]
    observations = [f"{uuid}\t1\t{n}\t0\t1\t8010\tresearch\t2020-01-01\t" for n, uuid in enumerate(UUIDS)]
    folder = write(tmp_path / "inat", photos, observations)
    whole, _ = read("inaturalist", folder)
    monkeypatch.setattr(spilling, "_BYTES_A_PART", 400)
    monkeypatch.setattr(spilling, "_BUFFERED", 4000)
    assert spilling.count_parts(spilling.size_as_text(folder / "photos.csv.gz")) > 5
    parted, _ = read("inaturalist", folder)
    again, _ = read("inaturalist", folder)
    assert parted == again
    assert sorted(parted, key=lambda row: int(row["source_id"])) == whole
    assert [row["latitude"] for row in whole] == [n * 7 % 400 for n in range(900)]


def test_what_is_wrong_with_the_tables_is_said(read: Reading, tmp_path: Path) -> None:
    folder = write(tmp_path / "inat", PHOTOS, OBSERVATIONS, head="photo_uuid,photo_id")
    with pytest.raises(BadFile, match=r"has no column photo_uuid, photo_id, .*only photo_uuid,photo_id\nhint: .*tabs"):
        read("inaturalist", folder)
    (folder / "photos.csv.gz").write_bytes(b"\x1f\x8b not gzip")
    with pytest.raises(BadFile, match="cut short or damaged"):
        read("inaturalist", folder)
    (folder / "photos.csv.gz").unlink()
    with pytest.raises(UsageError, match=r"no photos\.csv\.gz"):
        read("inaturalist", folder)


def test_without_observers_nobody_is_named_and_lines_of_another_length_are_counted(
    read: Reading, tmp_path: Path
) -> None:
    folder = write(tmp_path / "inat", [*PHOTOS[:1], "cut\tshort"], OBSERVATIONS)
    (folder / "observers.csv.gz").unlink()
    rows, notes = read("inaturalist", folder)
    assert [row["recorded_by"] for row in rows] == [None]
    assert notes == {"photos.csv.gz:ragged_lines": 1, "no_observers_table": 1}


def test_nothing_stays_in_the_scratch_folder(read: Reading, tmp_path: Path) -> None:
    """photos/000.parquet and its like lay in the output folder for good."""
    read("inaturalist", write(tmp_path / "inat", PHOTOS, OBSERVATIONS))
    assert not any((tmp_path / "scratch").rglob("*"))


def test_photos_without_any_observation_are_rows(read: Reading, tmp_path: Path) -> None:
    rows, _ = read("inaturalist", write(tmp_path / "inat", PHOTOS[:1], []))
    assert [(row["source_id"], row["drop_reason"]) for row in rows] == [("100", "no_observation")]
