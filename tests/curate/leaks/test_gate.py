"""What is planted of an evaluation set is found by the key that it was planted by, and nothing else is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import daft
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from tests.curate.leaks.planted import Row, frame_of, painted, training_row

from thuja.curate.leaks import (
    LeakIndexSettings,
    LeakSettings,
    benchmark_names,
    build_leak_index,
    leak_table,
    leaks_step,
)
from thuja.errors import BadFile, UnknownName, UsageError

Gate = Callable[..., dict[str, str | None]]
Table = Callable[[str, list[Row]], Path]
INATURALIST = "50c9509d-22c7-4a22-a47d-8c48425ef4a7"
COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it stands": lambda image: image,
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "a quarter turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "half turned": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "three quarters turned": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "transposed": lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    "transversed": lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    "half as large": lambda image: image.resize((160, 120), Image.Resampling.LANCZOS),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.05),
    "mirrored and small": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((200, 150)),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", COPIES)
def test_a_recompressed_copy_is_found_by_pdq(how: str, photos: Path, tmp_path: Path, gate: Gate) -> None:
    copy = tmp_path / "copy.jpg"
    COPIES[how](Image.open(photos / "3.jpg")).save(copy, quality=70)
    other = tmp_path / "other.jpg"
    painted(99).save(other)
    ours = [training_row(0, copy), training_row(1, other)]
    assert [*gate({"newt": photos}, ours).values()] == ["newt:pdq", None]


def test_the_same_file_and_the_same_pixels_are_found_by_their_hashes(photos: Path, tmp_path: Path, gate: Gate) -> None:
    copy, lossless = tmp_path / "copy.jpg", tmp_path / "lossless.png"
    copy.write_bytes((photos / "0.jpg").read_bytes())
    Image.open(photos / "1.jpg").save(lossless)
    found = gate({"newt": photos}, [training_row(0, copy), training_row(1, lossless)])
    assert [*found.values()] == [
        "newt:sha256;newt:md5;newt:pixel_hash;newt:pdq",
        "newt:pixel_hash;newt:pdq",
    ]


PLANTED: dict[str, tuple[Row, Row, str | None]] = {
    # by what is planted: the line of the evaluation set, the training row, the key that finds it
    "gbif id": ({"gbif_id": "4433"}, {"gbif_id": "4433"}, "gbif_id"),
    "gbif id as a source id": ({"gbifID": "4436337"}, {"data_source": "gbif", "source_id": "4436337"}, "gbif_id"),
    "another gbif id": ({"gbif_id": "4433"}, {"gbif_id": "44330"}, None),
    "occurrence id, http": (
        {"occurrence_id": "http://arctos.org/guid/MVZ:1"},
        {"occurrence_id": "https://www.arctos.org/guid/MVZ:1"},
        "occurrence_id",
    ),
    "a bare occurrence id of another source": ({"occurrence_id": "17"}, {"occurrence_id": "17"}, None),
    "an occurrence without an id": ({"occurrence_id": "unknown"}, {"occurrence_id": "unknown"}, None),
    "observation of iNaturalist by its GBIF row": (
        {"occurrence_id": "https://www.inaturalist.org/observations/55"},
        {"institution_code": "iNaturalist", "catalog_number": "55"},
        "observation_id",
    ),
    "observation of iNaturalist by its number": (
        {"occurrence_id": "https://www.inaturalist.org/observations/55"},
        {"dataset_key": INATURALIST, "observation_id": "55"},
        "observation_id",
    ),
    "another site's observation of the same number": (
        {"occurrence_id": "https://www.inaturalist.org/observations/55"},
        {"data_source": "mushrooms", "observation_id": "55"},
        None,
    ),
    "LILA's sequence": ({"seq_id": "Orinoquia : 39-7"}, {"sequence_id": "orinoquia : 39-7"}, "sequence_id"),
    "LILA's sequence that nobody knows": ({"seq_id": "ENA24 : unknown"}, {"sequence_id": "ENA24 : unknown"}, None),
    "specimen, zeros and blanks": (
        {"institutionCode": "MVZ", "catalogNumber": "00 123"},
        {"institution_code": "mvz", "catalog_number": "123"},
        "specimen",
    ),
    "the same number in another collection of the museum": (
        {"institutionCode": "MVZ", "catalogNumber": "123", "order": "Passeriformes"},
        {"institution_code": "MVZ", "catalog_number": "123", "order": "Rodentia"},
        None,
    ),
    "a museum without numbers": (
        {"institutionCode": "MVZ", "catalogNumber": "s.n."},
        {"institution_code": "MVZ", "catalog_number": "s.n."},
        None,
    ),
    "photo of iNaturalist in another size": (
        {"url": "https://static.inaturalist.org/photos/777/medium.jpeg?1234"},
        {"source_url": "http://inaturalist-open-data.s3.amazonaws.com/photos/777/original.jpg"},
        "source_url",
    ),
    "the next photo of iNaturalist": (
        {"url": "https://static.inaturalist.org/photos/777/medium.jpeg"},
        {"source_url": "https://inaturalist-open-data.s3.amazonaws.com/photos/7770/medium.jpeg"},
        None,
    ),
    "an address by http": ({"url": "https://a.org/x.jpg"}, {"source_url": "http://WWW.a.org/x.jpg"}, "source_url"),
    "an address that differs in case": ({"url": "https://a.org/x.jpg"}, {"source_url": "https://a.org/X.jpg"}, None),
    "LILA in another cloud": (
        {"url_gcp": "https://storage.googleapis.com/public-datasets-lila/ena24/1.jpg", "url_aws": "http://b.org/2.jpg"},
        {"source_url": "https://lilawildlife.blob.core.windows.net/lila-wildlife/ena24/1.jpg"},
        "source_url",
    ),
    "MD5 of a table": ({"md5": "B3475DE32E45C44033071FCFA524EFFA"}, {"md5": "b3475de32e45c44033071fcfa524effa"}, "md5"),
    "file names of two sets": (
        {"filepath": "Corvus/1.jpg"},
        {"data_source": "farm", "source_id": "Corvus/1.jpg"},
        None,
    ),
    "EOL's content id in a file name": (
        {"filepath": "2024-03-20/12853737_449393_eol-full-size-copy.jpg"},
        {"data_source": "EOL", "source_id": "12853737"},
        "source_id",
    ),
    "observer and day": (
        {"recorded_by": "Smith, Jane", "date": "2021-05-01T09:00:00", "genus": "Parus"},
        {"recorded_by": "Bob Li | Jane Smith", "event_date": "2021-05-01", "genus": "Parus"},
        "observer_day",
    ),
    "observer and day, label unknown": (
        {"recorded_by": "Jane Smith", "date": "2021-05-01"},
        {"recorded_by": "Jane Smith", "event_date": "2021-05-01", "genus": "Parus"},
        "observer_day",
    ),
    "observer and day, another genus": (
        {"recorded_by": "Jane Smith", "date": "2021-05-01", "genus": "Parus"},
        {"recorded_by": "Jane Smith", "event_date": "2021-05-01", "genus": "Pica"},
        None,
    ),
    "observer and year": (
        {"recorded_by": "Jane Smith", "date": "2021"},
        {"recorded_by": "Jane Smith", "event_date": "2021"},
        None,
    ),
    "nobody and day": (
        {"recorded_by": "anonymous", "date": "2021-05-01"},
        {"recorded_by": "Anonymous", "event_date": "2021-05-01"},
        None,
    ),
    "a species that is not held out": (
        {"scientific_name": "Parus major"},
        {"genus": "Parus", "species": "major"},
        None,
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_found_by_its_key_alone(what: str, table: Table, gate: Gate) -> None:
    theirs, ours, key = PLANTED[what]
    rows = [training_row(0, **ours), training_row(1, data_source="others")]
    known = {"md5": f"{1:032x}"} | theirs  # a set that nothing tells again is refused
    found = gate({"fishnet": table("ids", [known])}, rows)
    assert [*found.values()] == [f"fishnet:{key}" if key else None, None]


def test_the_broad_day_and_the_given_ids_count_when_asked_for(table: Table, gate: Gate) -> None:
    theirs = table("ids", [{"id": "77", "recorded_by": "Jane Smith", "date": "2021-05-01", "genus": "Parus"}])
    day = training_row(0, recorded_by="Jane Smith", event_date="2021-05-01", genus="Pica")
    record = training_row(1, **{"data_source": "EOL", "source_id": "77"})
    assert [*gate({"b": theirs}, [day, record]).values()] == [None, None]
    assert [*gate({"b": theirs}, [day, record], built={"ids_of": "eol"}).values()] == [None, "b:source_id"]
    assert [*gate({"b": theirs}, [day, record], any_taxon_of_day=True).values()] == ["b:observer_day", None]
    assert [*gate({"b": theirs}, [day, record], any_taxon_of_day=True, keys=("md5",)).values()] == [None, None]


def test_every_image_of_a_held_out_species_goes(table: Table, gate: Gate, tmp_path: Path) -> None:
    theirs = table("rare", [{"scientific_name": "Panthera tigris"}])
    names = [("Panthera", "tigris"), ("Panthera", "leo"), ("Panthera", None)]
    rows = [training_row(number, genus=genus, species=species) for number, (genus, species) in enumerate(names)]
    rows.append(training_row(3, verbatim_name="Panthera tigris altaica (Temminck, 1844)"))
    assert [*gate({"rare": theirs}, rows, built={"hold_out_species": True}).values()] == [
        "rare:species", None, None, "rare:species",
    ]  # fmt: skip
    (tmp_path / "lions.txt").write_text("# cats\nPanthera leo\n\n")
    done = leaks_step(LeakSettings(species=(tmp_path / "lions.txt",))).apply(frame_of(rows)).to_pydict()
    assert done["leak_of"] == [None, "lions:species", None, None]


def test_a_flat_image_matches_nothing_by_pdq(tmp_path: Path, gate: Gate) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    Image.new("RGB", (300, 200), (200, 200, 200)).save(folder / "grey.png")
    Image.new("RGB", (300, 200), (10, 90, 200)).save(tmp_path / "blue.png")
    row = training_row(0, tmp_path / "blue.png")
    assert row["pdq_quality"] < 50
    assert [*gate({"flat": folder}, [row]).values()] == [None]


def test_dropped_rows_stay_as_they_are_and_held_out_rows_are_spared_only_when_asked_for(
    table: Table, gate: Gate
) -> None:
    theirs = table("ids", [{"md5": "aa"}])
    rows = [
        training_row(0, md5="aa", drop_reason="blurred", dropped_by="quality"),
        *(
            training_row(number, md5="aa", split=split)
            for number, split in enumerate(("train", "test", "val", "unseen"), 1)
        ),
    ]
    assert [*gate({"b": theirs}, rows).values()] == [None] + ["b:md5"] * 4
    assert [*gate({"b": theirs}, rows, spare_held_out=True).values()] == [None, "b:md5", None, "b:md5", None]


def test_the_table_counts_by_benchmark_and_key(table: Table, tmp_path: Path) -> None:
    theirs = {
        "newt": [{"md5": "aa", "gbif_id": "1"}, {"md5": "bb", "gbif_id": "2"}],
        "fishnet": [{"md5": "aa", "gbif_id": ""}],
        "awa2": [{"md5": "zz"}],
    }
    paths = []
    for name, lines in theirs.items():
        paths.append(tmp_path / f"{name}.parquet")
        build_leak_index(table(name, lines), paths[-1], LeakIndexSettings(name=name))
    ours = [{"md5": "aa", "gbif_id": "1"}, {"md5": "bb"}, {"gbif_id": "2"}, {"md5": "cc"}, {"md5": "bb"}]
    rows = [training_row(number, **facts) for number, facts in enumerate(ours)]
    frame = leaks_step(LeakSettings(indexes=tuple(paths))).apply(frame_of(rows))
    assert frame.to_pydict()["leak_of"][0] == "newt:gbif_id;fishnet:md5;newt:md5"
    assert leak_table(_catalog(frame), ("awa2", "newt")).rows() == [
        ("awa2", "any", 0, 0, 0),
        ("fishnet", "md5", 1, 1, 1),
        ("fishnet", "any", 1, 1, 1),
        ("newt", "gbif_id", 2, 2, 1),
        ("newt", "md5", 2, 3, 2),
        ("newt", "any", 4, 4, 4),
    ]
    assert leak_table(_catalog(frame.where(daft.col("leak_of").is_null()))).is_empty()
    (tmp_path / "lions.txt").write_text("Panthera leo")
    told = benchmark_names([paths[1], tmp_path / "gone.parquet"], [tmp_path / "lions.txt"])
    assert told == ("fishnet", "gone", "lions")
    none = leak_table(_catalog(frame.where(daft.col("leak_of").is_null())), told)
    assert none.rows() == [(name, "any", 0, 0, 0) for name in sorted(told)]


def _catalog(frame: daft.DataFrame) -> pl.LazyFrame:
    return pl.DataFrame(pl.from_arrow(frame.to_arrow())).lazy()


@settings(max_examples=10)
@given(st.permutations(range(12)), st.integers(1, 11))
def test_order_and_batches_change_nothing(order: list[int], cut: int) -> None:
    rows = [ROWS[number] for number in order]
    assert _leaks_of(frame_of(rows[:cut])) | _leaks_of(frame_of(rows[cut:])) == EXPECTED


ROWS = [training_row(number, md5=f"{number % 5:032x}") for number in range(12)]
EXPECTED = {row["uuid"]: "b:md5" if number % 5 in (1, 3) else None for number, row in enumerate(ROWS)}


def _leaks_of(frame: daft.DataFrame) -> dict[str, str | None]:
    done = leaks_step(LeakSettings(indexes=(INDEX,))).apply(frame).to_pydict()
    return dict(zip(done["uuid"], done["leak_of"], strict=True))


@pytest.fixture(autouse=True, scope="module")
def _index(tmp_path_factory: pytest.TempPathFactory) -> None:
    global INDEX
    folder = tmp_path_factory.mktemp("index")
    INDEX = folder / "b.parquet"
    pl.DataFrame({"md5": [f"{1:032x}", f"{3:032x}"]}).write_csv(folder / "b.csv")
    build_leak_index(folder / "b.csv", INDEX, LeakIndexSettings(name="b"))


def test_vectors_match_by_cosine(photos: Path, tmp_path: Path) -> None:
    index = tmp_path / "newt.parquet"
    counts = build_leak_index(photos, index, LeakIndexSettings(name="newt"), embed=mean_colours)
    assert (counts.images, counts.embedded, counts.hashed, counts.unreadable) == (6, 6, 6, 0)
    Image.open(photos / "2.jpg").crop((2, 2, 318, 238)).save(tmp_path / "cut.jpg")
    painted(77).save(tmp_path / "other.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    rows = [training_row(0, tmp_path / "cut.jpg"), training_row(1, tmp_path / "other.jpg")]
    rows.append(training_row(2, place=str(tmp_path / "broken.jpg")))
    by_cosine = LeakSettings(indexes=(index,), keys=("embedding",), cosine=0.97)
    assert leaks_step(by_cosine, mean_colours).apply(frame_of(rows)).to_pydict()["leak_of"] == [
        "newt:embedding",
        None,
        None,
    ]
    vectors = [mean_colours([Image.open(row["path"])])[0] * 3 for row in rows[:2]]
    frame = pl.DataFrame({"uuid": [row["uuid"] for row in rows[:2]], "emb": [vector.tolist() for vector in vectors]})
    frame.write_parquet(tmp_path / "vectors.parquet")
    given_ = LeakSettings(indexes=(index,), keys=("embedding",), cosine=0.97, embeddings=tmp_path / "vectors.parquet")
    done = leaks_step(given_).apply(frame_of(rows)).to_pydict()
    assert dict(zip(done["uuid"], done["leak_of"], strict=True))[rows[0]["uuid"]] == "newt:embedding"
    assert sorted(map(str, done["leak_of"])) == ["None", "None", "newt:embedding"]


def mean_colours(images: list[Image.Image]) -> Any:
    """An encoder whose vectors can be checked by eye: a 6 x 6 thumbnail about its mean."""
    import numpy as np

    rows = [
        np.asarray(image.convert("RGB").resize((6, 6), Image.Resampling.BOX), np.float32).ravel() for image in images
    ]
    return np.stack([row - row.mean() for row in rows])


def test_bad_calls_are_told_at_once(photos: Path, tmp_path: Path) -> None:
    index = tmp_path / "newt.parquet"
    build_leak_index(photos, index, LeakIndexSettings(name="newt"))
    with pytest.raises(UsageError, match="cannot read"):
        leaks_step(LeakSettings(indexes=(tmp_path / "none.parquet",), keys=("md5",)))
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(BadFile, match="is no leak index"):
        leaks_step(LeakSettings(indexes=(tmp_path / "other.parquet",)))
    (tmp_path / "cut.parquet").write_bytes(index.read_bytes()[:500])
    with pytest.raises(BadFile, match="cannot be read"):
        leaks_step(LeakSettings(indexes=(tmp_path / "cut.parquet",)))
    with pytest.raises(UsageError, match="two leak indexes"):
        leaks_step(LeakSettings(indexes=(index, index)))
    with pytest.raises(UsageError, match="needs vectors"):
        leaks_step(LeakSettings(indexes=(index,), keys=("embedding",)))
    with pytest.raises(UsageError, match="has no embeddings"):
        leaks_step(LeakSettings(indexes=(index,), keys=("embedding",)), mean_colours)
    with pytest.raises(UnknownName, match="leak key"):
        LeakSettings(indexes=(index,), keys=("pqd",))
    with pytest.raises(UsageError, match="nothing to look for"):
        LeakSettings()
    with pytest.raises(UsageError, match="name is a word"):
        LeakIndexSettings(name="a;b")
    (tmp_path / "list.txt").write_text("tiger\n")
    with pytest.raises(BadFile, match="'tiger' is no binomial"):
        leaks_step(LeakSettings(species=(tmp_path / "list.txt",)))
