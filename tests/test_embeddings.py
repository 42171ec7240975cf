"""Embeddings: saved and loaded, selected and joined, each checked against the plain way."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.embeddings import Embeddings
from thuja.errors import BadFile, ThujaError, UnknownName


def three(**changes: Any) -> Embeddings:
    facts: dict[str, Any] = {
        "ids": ["a", "b", "c"],
        "vectors": np.array([[3, 4], [0, 0], [0, 2]], dtype=np.float32),
        "model": "a model",
        "is_normalized": False,
        "preparation": "crop-224-bicubic",
        "columns": pa.table({"genus": ["Corvus", None, "Pica"], "width": [1, 2, 3]}),
    }
    return Embeddings(**(facts | changes))


@st.composite
def embeddings(draw: st.DrawFn) -> Embeddings:
    count, dim = draw(st.integers(0, 6)), draw(st.integers(1, 5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.float16, np.float32]))
    names = draw(st.lists(st.text(min_size=1, max_size=4), min_size=count, max_size=count, unique=True))
    columns = {}
    if draw(st.booleans()):
        words = st.none() | st.sampled_from(["Corvus", "Pica", ""])
        columns = {
            "genus": pa.array(draw(st.lists(words, min_size=count, max_size=count)), type=pa.string()),
            "place": pa.array(range(count), type=pa.int64()),
        }
    return Embeddings(
        ids=names,
        vectors=generator.standard_normal((count, dim)).astype(dtype),
        model=draw(st.text(max_size=5)),
        is_normalized=draw(st.booleans()),
        preparation=draw(st.sampled_from(["", "squash-224-bicubic"])),
        columns=pa.table(columns),
    )


def assert_same(one: Embeddings, other: Embeddings) -> None:
    assert list(one.ids) == list(other.ids)
    assert one.vectors.dtype == other.vectors.dtype
    np.testing.assert_array_equal(one.vectors, other.vectors)
    assert (one.model, one.is_normalized, one.preparation) == (other.model, other.is_normalized, other.preparation)
    assert one.columns.equals(other.columns)


@given(embeddings())
def test_saved_and_loaded_is_the_same(tmp_path_factory: pytest.TempPathFactory, rows: Embeddings) -> None:
    """An empty file once came back as float32 whatever it had been."""
    path = tmp_path_factory.mktemp("embeddings") / "e.parquet"
    rows.save(path)
    assert_same(Embeddings.load(path), rows)


def test_the_file_has_the_layout_that_others_open(tmp_path: Path) -> None:
    three().save(tmp_path / "e.parquet")
    schema = pq.read_schema(tmp_path / "e.parquet")
    assert schema.names == ["uuid", "emb", "genus", "width"]
    assert pa.types.is_fixed_size_list(schema.field("emb").type)
    assert schema.field("emb").type.list_size == 2
    assert schema.metadata[b"thuja.model"] == b"a model"
    assert schema.metadata[b"thuja.normalized"] == b"false"
    assert schema.metadata[b"thuja.preparation"] == b"crop-224-bicubic"


def test_the_length_and_the_size_of_a_vector() -> None:
    assert (len(three()), three().dim) == (3, 2)


@given(embeddings(), st.data())
def test_selecting_positions_is_indexing_each_part(rows: Embeddings, data: st.DataObject) -> None:
    """Negative positions once failed on the columns, and only there."""
    bound = len(rows)
    chosen = data.draw(st.lists(st.integers(-bound, bound - 1), max_size=8)) if bound else []
    some = rows.select(chosen)
    assert list(some.ids) == [rows.ids[place] for place in chosen]
    np.testing.assert_array_equal(some.vectors, rows.vectors[np.array(chosen, dtype=int)])
    if rows.columns.num_columns:
        table = rows.columns.to_pylist()
        assert some.columns.to_pylist() == [table[place] for place in chosen]


@given(embeddings(), st.data())
def test_a_mask_selects_where_it_is_true(rows: Embeddings, data: st.DataObject) -> None:
    mask = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    assert_same(rows.select(np.array(mask, dtype=bool)), rows.select(np.flatnonzero(mask)))


@pytest.mark.parametrize("which", [[True, False], [True, False, True, False], [3], [0.5]])
def test_a_mask_of_another_length_and_a_place_beyond_the_end_are_refused(which: list[Any]) -> None:
    """A mask too short was once taken for one that ends in false, and 0.5 for row 0."""
    with pytest.raises(IndexError):
        three().select(which)


def test_a_join_matches_by_id_and_leaves_nulls() -> None:
    table = pa.table({"uuid": ["c", "a", "z"], "split": ["test", "train", "val"], "width": [30, 10, 90]})
    joined = three().join(table)
    assert joined.columns.to_pydict() == {
        "genus": ["Corvus", None, "Pica"],
        "width": [10, None, 30],
        "split": ["train", None, "test"],
    }


def test_a_join_by_another_key_does_not_bring_the_key() -> None:
    table = pa.table({"name": ["a"], "uuid": ["x"], "split": ["train"]})
    joined = three(columns=pa.table({})).join(table, key="name")
    assert joined.columns.to_pydict() == {"split": ["train", None, None]}


@given(embeddings(), st.data())
def test_a_join_is_a_dictionary_look_up(rows: Embeddings, data: st.DataObject) -> None:
    known = data.draw(st.lists(st.sampled_from([*rows.ids, "not there"]), unique=True))
    table = pa.table({"uuid": pa.array(known, pa.string()), "n": pa.array(range(len(known)), pa.int64())})
    place = {name: number for number, name in enumerate(known)}
    assert rows.join(table).columns.column("n").to_pylist() == [place.get(name) for name in rows.ids]


def test_a_key_that_stands_twice_or_nowhere_is_refused() -> None:
    """A missing key column was once a KeyError."""
    with pytest.raises(ThujaError, match='the column "uuid" to join by has duplicates'):
        three().join(pa.table({"uuid": ["a", "a"], "n": [1, 2]}))
    with pytest.raises(UnknownName, match='unknown column to join by: "uuid"'):
        three().join(pa.table({"id": ["a"]}))


def test_normalising_gives_length_one_and_leaves_zeros() -> None:
    unit = three().normalized()
    np.testing.assert_allclose(unit.vectors, [[0.6, 0.8], [0, 0], [0, 1]], rtol=1e-6)
    assert unit.is_normalized
    assert unit.normalized() is unit


def test_half_precision_is_normalised_without_overflow() -> None:
    vectors = np.full((1, 64), 6e4, dtype=np.float16)
    unit = three(ids=["a"], vectors=vectors, columns=pa.table({})).normalized()
    assert unit.vectors.dtype == np.float16
    np.testing.assert_allclose(unit.vectors, 1 / 8, rtol=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ids": ["a", "b"]}, r"expected 2 vectors in a matrix, got shape \(3, 2\)"),
        ({"vectors": np.zeros(3, dtype=np.float32)}, r"expected 3 vectors in a matrix, got shape \(3,\)"),
        ({"vectors": np.zeros((3, 2))}, "vectors must be float16 or float32, got float64"),
        ({"columns": pa.table({"genus": ["Corvus"]})}, "expected 3 rows of columns, got 1"),
        ({"columns": pa.table({"uuid": ["x", "y", "z"]})}, "columns must be distinct, and neither uuid nor emb"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    """A column `uuid` among the columns once overwrote the ids in the file."""
    with pytest.raises(ThujaError, match=message):
        three(**changes)


# -- files of others


def write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_a_foreign_file_counts_as_not_normalised_and_of_unknown_model(tmp_path: Path) -> None:
    emb = pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float64()))
    rows = Embeddings.load(write(tmp_path / "e.parquet", uuid=[7, 8], emb=emb, genus=["Corvus", "Pica"]))
    assert list(rows.ids) == ["7", "8"]
    assert rows.vectors.dtype == np.float32
    np.testing.assert_array_equal(rows.vectors, [[1, 2], [3, 4]])
    assert (rows.model, rows.is_normalized, rows.preparation) == ("unknown", False, "")
    assert rows.columns.to_pydict() == {"genus": ["Corvus", "Pica"]}


def test_a_file_that_polars_wrote_is_read(tmp_path: Path) -> None:
    """Polars writes large lists, which were once refused."""
    pl.DataFrame({"uuid": ["a", "b"], "emb": [[1.0, 2.0], [3.0, 4.0]]}).write_parquet(tmp_path / "e.parquet")
    np.testing.assert_array_equal(Embeddings.load(tmp_path / "e.parquet").vectors, [[1, 2], [3, 4]])


def test_an_empty_foreign_file_is_read(tmp_path: Path) -> None:
    emb = pa.array([], pa.list_(pa.float32()))
    assert len(Embeddings.load(write(tmp_path / "e.parquet", uuid=pa.array([], pa.string()), emb=emb))) == 0


@pytest.mark.parametrize(
    ("emb", "message"),
    [
        ([[1.0], [2.0, 3.0, 4.0]], "are not all of one length"),
        ([[1.0, 2.0], None], "are not all of one length"),
        ([["x"], ["y"]], "must hold lists of numbers"),
        ([1.0, 2.0], "must hold lists of numbers"),
    ],
)
def test_vectors_that_make_no_matrix_are_a_bad_file(tmp_path: Path, emb: list[Any], message: str) -> None:
    """Lists of 1 and 3 numbers were once read as two vectors of 2."""
    with pytest.raises(BadFile, match=message):
        Embeddings.load(write(tmp_path / "e.parquet", uuid=["a", "b"], emb=emb))


def test_a_file_without_the_columns_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        Embeddings.load(write(tmp_path / "e.parquet", uuid=["a"], vector=[[1.0]]))
    assert 'has no column "emb"' in caught.value.message
    assert caught.value.hint == "found: uuid, vector"


def test_rows_without_an_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="has rows without a uuid"):
        Embeddings.load(write(tmp_path / "e.parquet", uuid=["a", None], emb=[[1.0], [2.0]]))


def test_what_is_no_parquet_file_is_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "e.parquet").write_bytes(b"uuid,emb\n")
    with pytest.raises(BadFile, match="is not a Parquet file of embeddings"):
        Embeddings.load(tmp_path / "e.parquet")
    with pytest.raises(BadFile, match=r"there is no file of embeddings at .*nothing\.parquet"):
        Embeddings.load(tmp_path / "nothing.parquet")


@pytest.mark.shared
def test_the_published_embeddings_of_bioclip_2_are_read(shared: Path) -> None:
    rows = Embeddings.load(shared / "data" / "bioclip2_embeddings_1k.parquet")
    assert (len(rows), rows.dim, rows.is_normalized) == (1030, 768, False)
    norms = np.linalg.norm(rows.normalized().vectors, axis=1)
    np.testing.assert_allclose(norms, 1, rtol=1e-5)
    assert "family" in rows.columns.column_names
