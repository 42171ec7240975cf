"""Somebody else's embeddings: which row is whose, what is absent, and where texts come from."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.embeddings import Embeddings
from thuja.errors import BadFile, UsageError
from thuja.evaluate import vector_tables
from thuja.evaluate.lenses import open_lens
from thuja.evaluate.seen import Seen
from thuja.evaluate.task import Images
from thuja.evaluate.vector_tables import VectorTable
from thuja.labels import LabelSpace
from thuja.taxonomy import Taxon

PATHS = ("birds/0001.jpg", "birds/0002.jpg", "fish/0001.jpg", "fish/0003.jpg")


@pytest.fixture
def images(tmp_path: Path) -> Images:
    for path in PATHS:
        (tmp_path / "task" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "task" / path).write_bytes(path.encode())
    return Images(folder=tmp_path / "task", paths=PATHS)


def save(target: Path, /, **columns: Any) -> VectorTable:
    vectors = columns.pop("emb", None)
    count = len(next(iter(columns.values())))
    if vectors is None:
        vectors = pa.array([[float(row), 1.0] for row in range(count)], pa.list_(pa.float32()))
    pq.write_table(pa.table({**columns, "emb": vectors}), target)
    return VectorTable.open(target)


def row_of(seen: Seen) -> dict[int, int]:
    """Which row of the file each image got: the vectors' first number tells."""
    return dict(zip(seen.rows.tolist(), seen.vectors[:, 0].astype(int).tolist(), strict=True))


def reasons(seen: Seen) -> dict[str, str]:
    return {flaw.path: flaw.reason for flaw in seen.flaws}


def sha(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()


def test_rows_are_matched_by_path_in_any_order_and_the_absent_are_listed(tmp_path: Path, images: Images) -> None:
    table = save(tmp_path / "e.parquet", path=["fish/0001.jpg", "birds/0002.jpg", "moss/0009.jpg", "birds/0001.jpg"])
    seen = table.look_up(images)
    assert row_of(seen) == {0: 3, 1: 1, 2: 0}
    assert reasons(seen) == {"fish/0003.jpg": "absent"}
    assert table.model == "e"


@pytest.mark.parametrize("before", ["/home/someone/data/", "C:\\data\\", "./"])
def test_paths_of_another_machine_match_by_their_end(tmp_path: Path, images: Images, before: str) -> None:
    values = [before + (path.replace("/", "\\") if "\\" in before else path) for path in reversed(PATHS)]
    seen = save(tmp_path / "e.parquet", id=["a", "b", "c", "d"], file_path=values).look_up(images)
    assert row_of(seen) == {0: 3, 1: 2, 2: 1, 3: 0}


def test_names_match_where_paths_do_not_and_two_of_one_name_are_ambiguous(tmp_path: Path, images: Images) -> None:
    table = save(tmp_path / "e.parquet", filename=["0001.jpg", "0002.jpg", "0003.jpg"])
    seen = table.look_up(images)
    assert row_of(seen) == {1: 1, 3: 2}
    assert reasons(seen) == {"birds/0001.jpg": "ambiguous", "fish/0001.jpg": "ambiguous"}
    twice = save(tmp_path / "e.parquet", filename=["0002.jpg", "0002.jpg", "0003.jpg"]).look_up(images)
    assert row_of(twice) == {3: 2}
    assert reasons(twice)["birds/0002.jpg"] == "ambiguous"


def test_a_uuid_matches_a_file_that_is_called_so(tmp_path: Path, images: Images) -> None:
    some = images.select([1, 3])
    seen = save(tmp_path / "e.parquet", uuid=["0003", None, "0002"]).look_up(some)
    assert row_of(seen) == {0: 2, 1: 0}


def test_the_column_that_matches_most_is_taken(tmp_path: Path, images: Images) -> None:
    table = save(tmp_path / "e.parquet", path=[*PATHS[:1], "x", "y", "z"], name=[*reversed(PATHS)])
    assert row_of(table.look_up(images)) == {0: 3, 1: 2, 2: 1, 3: 0}


def test_hashes_go_before_names_and_names_help_out_where_the_images_are_not_there(
    tmp_path: Path, images: Images
) -> None:
    hashes = [sha(path) for path in PATHS]
    table = save(tmp_path / "e.parquet", sha256=hashes, path=[*reversed(PATHS)])
    assert row_of(table.look_up(images)) == {0: 0, 1: 1, 2: 2, 3: 3}
    elsewhere = Images(folder=tmp_path / "nowhere", paths=PATHS)
    assert row_of(table.look_up(elsewhere)) == {0: 3, 1: 2, 2: 1, 3: 0}
    alone = save(tmp_path / "e.parquet", sha256=hashes[:3])
    (tmp_path / "task" / PATHS[1]).unlink()
    seen = alone.look_up(images)
    assert row_of(seen) == {0: 0, 2: 2}
    assert reasons(seen) == {PATHS[1]: "missing", PATHS[3]: "absent"}


def test_rows_of_the_same_bytes_are_one_image(tmp_path: Path, images: Images) -> None:
    seen = save(tmp_path / "e.parquet", sha256=[sha(PATHS[0]), sha(PATHS[0])]).look_up(images.select([0]))
    assert row_of(seen) == {0: 0}


def test_what_is_no_number_is_listed(tmp_path: Path, images: Images) -> None:
    vectors = pa.array([[0.0, np.nan], [1.0, 1e300], None, [3.0, 4.0]], pa.list_(pa.float64()))
    seen = save(tmp_path / "e.parquet", path=[*PATHS], emb=vectors).look_up(images)
    assert seen.vectors.tolist() == [[3, 4]]
    assert reasons(seen) == dict.fromkeys(PATHS[:3], "not_finite")


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.float16()), pa.list_(pa.float64(), 2), pa.large_list(pa.float32()), pa.list_(pa.float32(), 2)],
)
def test_vectors_of_any_number_format_come_out_in_float32_from_any_batch(
    tmp_path: Path, images: Images, kind: pa.DataType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_tables, "_BATCH", 3)
    values = [np.array([row, -1], np.float16 if kind.value_type == pa.float16() else np.float64) for row in range(10)]
    paths = [*(f"other/{row}.jpg" for row in range(6)), *PATHS]
    seen = save(tmp_path / "e.parquet", path=pa.array(paths).dictionary_encode(), emb=pa.array(values, kind)).look_up(
        images
    )
    assert seen.vectors.dtype == np.float32
    assert row_of(seen) == {0: 6, 1: 7, 2: 8, 3: 9}


def test_a_file_of_thujas_own_says_its_model(tmp_path: Path, images: Images) -> None:
    embeddings = Embeddings(ids=[*PATHS], vectors=np.eye(4, dtype=np.float32), model="tiny-0123")
    embeddings.save(tmp_path / "e.parquet")
    lens = open_lens(tmp_path / "e.parquet")
    assert lens.model == "tiny-0123"
    assert np.array_equal(lens.images(images).vectors, np.eye(4))
    assert lens.texts() is None


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"species": ["a"], "emb": pa.array([[1.0]])}, "says which image a row is of"),
        ({"path": ["a"], "emb": ["x"]}, "has no column of vectors"),
        ({"path": ["a"], "left": pa.array([[1.0]]), "right": pa.array([[1.0]])}, "several columns of vectors"),
        ({"path": ["a"], "emb": pa.array([None], pa.list_(pa.float32()))}, "has no vectors"),
        ({"path": pa.array([], pa.string()), "emb": pa.array([], pa.list_(pa.float32()))}, "has no vectors"),
    ],
)
def test_a_file_that_is_no_table_of_vectors_is_one_sentence(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "e.parquet")
    with pytest.raises(BadFile, match=said):
        VectorTable.open(tmp_path / "e.parquet")


def test_vectors_of_two_lengths_are_refused(tmp_path: Path, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = pa.array([[1.0, 2.0], [1.0, 2.0, 3.0]])
    table = save(tmp_path / "e.parquet", path=[*PATHS[:2]], emb=vectors)
    with pytest.raises(BadFile, match="of one length"):
        table.look_up(images)
    monkeypatch.setattr(vector_tables, "_BATCH", 1)
    with pytest.raises(BadFile, match="of 2 and of 3 numbers"):
        table.look_up(images)


RAVEN = Taxon(genus="Corvus", species="corax", common="raven")
MAGPIE = Taxon(genus="Pica", species="pica", common="magpie")


def labels(dim: int = 2, taxa: tuple[Taxon, ...] = (RAVEN, MAGPIE)) -> LabelSpace:
    vectors = np.eye(2, dim, dtype=np.float32) * 5
    return LabelSpace(texts=["Corvus corax", "Pica pica"], vectors=vectors, model="m", taxa=taxa)


def test_texts_are_looked_up_in_a_label_space_by_any_phrase_of_a_taxon(tmp_path: Path, images: Images) -> None:
    save(tmp_path / "e.parquet", path=[*PATHS])
    labels().save(tmp_path / "labels")
    texts = open_lens(tmp_path / "e.parquet", labels=tmp_path / "labels").texts()
    assert texts is not None
    found = texts(["a photo of Pica pica with common name magpie.", "raven", "Pica pica"])
    assert found.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert texts([]).shape == (0, 2)
    with pytest.raises(UsageError, match=r"lacks 2 texts.*a photo of a crow"):
        texts(["Pica pica", "a photo of a crow.", "x"])
    (tmp_path / "labels" / "labels.json").unlink()
    labels(dim=3).save(tmp_path / "labels")
    with pytest.raises(UsageError, match="3 dimensions"):
        open_lens(tmp_path / "e.parquet", labels=tmp_path / "labels")


def test_a_common_name_of_two_taxa_is_no_phrase(tmp_path: Path) -> None:
    """Whose vector it gets would hang on the order of the labels."""
    table = save(tmp_path / "e.parquet", path=[*PATHS])
    crow = Taxon(genus="Pica", species="pica", common="raven")
    texts = table.texts_of(labels(taxa=(RAVEN, crow)))
    assert texts(["Pica pica"]).tolist() == [[0, 1]]
    with pytest.raises(UsageError, match="lacks 1 texts"):
        texts(["a photo of raven."])
