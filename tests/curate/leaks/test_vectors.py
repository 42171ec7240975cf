"""Vectors in the leak gate: when a step is another one, what is refused, and how much memory they take."""

import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.curate.leaks.planted import frame_of, painted, training_row

from thuja.curate.leaks import LeakIndexSettings, LeakSettings, build_leak_index, leaks_step
from thuja.curate.leaks.embedding import unit, vectors_of
from thuja.errors import BadFile


def ones(images: Any) -> Any:
    return np.ones((len(images), 2), np.float32)


def twos(images: Any) -> Any:
    return ones(images) * 2


@dataclass(frozen=True)
class Named:
    name: str

    def __call__(self, images: Any) -> Any:
        return ones(images)


class Plain:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, images: Any) -> Any:
        return ones(images)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "ev").mkdir()
    painted(0).save(tmp_path / "ev" / "a.jpg")
    build_leak_index(tmp_path / "ev", tmp_path / "ev.parquet", LeakIndexSettings(name="ev"), embed=ones)
    return tmp_path / "ev.parquet"


def written(path: Path, ids: list[str], vectors: list[list[float]]) -> Path:
    pl.DataFrame({"uuid": ids, "emb": vectors}).write_parquet(path)
    return path


def test_another_encoder_makes_another_step(index: Path) -> None:
    """A resumed curation kept the leaks that the encoder before had found."""
    asked = LeakSettings(indexes=(index,), keys=("embedding",))
    told = [leaks_step(asked, embed).settings for embed in (ones, twos, Named("a"), Named("b"), Plain("a"), Plain("b"))]
    assert all(one != other for place, one in enumerate(told) for other in told[:place])
    for embed in (ones, Named("a"), Plain("a")):
        assert leaks_step(asked, embed).settings in told
    exact = LeakSettings(indexes=(index,), keys=("md5",))
    assert leaks_step(exact, ones).settings == leaks_step(exact, twos).settings == leaks_step(exact).settings


def test_other_vectors_at_the_same_place_make_another_step(index: Path, tmp_path: Path) -> None:
    """Only the file's name was part of the fingerprint."""
    path = written(tmp_path / "emb.parquet", ["a"], [[1.0, 0.0]])
    asked = LeakSettings(indexes=(index,), keys=("embedding",), embeddings=path)
    before = leaks_step(asked).settings
    assert leaks_step(asked).settings == before
    written(path, ["a", "b"], [[1.0, 0.0], [0.0, 1.0]])
    assert leaks_step(asked).settings != before


def test_a_set_or_a_list_by_another_name_makes_another_step(index: Path, tmp_path: Path) -> None:
    """`leak_of` went on naming the list as it had been called."""
    lists = [tmp_path / "lions.txt", tmp_path / "cats.txt"]
    for path in lists:
        path.write_text("Panthera leo")
    one, other = (leaks_step(LeakSettings(species=(path,))).settings for path in lists)
    assert one != other
    build_leak_index(tmp_path / "ev", tmp_path / "other.parquet", LeakIndexSettings(name="other"), embed=ones)
    one, other = (leaks_step(LeakSettings(indexes=(path,))).settings for path in (index, tmp_path / "other.parquet"))
    assert one != other
    moved = tmp_path / "moved.parquet"
    moved.write_bytes(index.read_bytes())
    assert leaks_step(LeakSettings(indexes=(moved,))).settings == one


def test_an_id_that_is_twice_among_the_vectors_is_refused(index: Path, tmp_path: Path) -> None:
    """The join doubled its row, and the curation stopped with counts that did not add up."""
    row = training_row(0)
    path = written(tmp_path / "emb.parquet", [row["uuid"]] * 2, [[1.0, 1.0], [0.0, 1.0]])
    step = leaks_step(LeakSettings(indexes=(index,), keys=("embedding",), embeddings=path))
    with pytest.raises(BadFile, match=f"have an id twice: {row['uuid']}"):
        step.applied(frame_of([row])).collect()


def test_a_file_without_vectors_is_refused_at_once(index: Path, tmp_path: Path) -> None:
    pl.DataFrame({"uuid": ["a"], "vector": [[1.0]]}).write_parquet(tmp_path / "emb.parquet")
    asked = LeakSettings(indexes=(index,), keys=("embedding",), embeddings=tmp_path / "emb.parquet")
    with pytest.raises(BadFile, match="no columns uuid and emb, but uuid, vector"):
        leaks_step(asked)
    (tmp_path / "emb.parquet").write_text("no Parquet")
    with pytest.raises(BadFile, match="cannot be read"):
        leaks_step(asked)


def test_vectors_may_lie_in_several_files_of_a_folder(index: Path, tmp_path: Path) -> None:
    (tmp_path / "emb").mkdir()
    rows = [training_row(number) for number in range(3)]
    for number in range(2):
        written(tmp_path / "emb" / f"{number}.parquet", [rows[number]["uuid"]], [[1.0, 1.0 - 2 * number]])
    asked = LeakSettings(indexes=(index,), keys=("embedding",), embeddings=tmp_path / "emb")
    done = leaks_step(asked).applied(frame_of(rows)).to_pydict()
    found = dict(zip(done["uuid"], done["leak_of"], strict=True))
    assert [found[row["uuid"]] for row in rows] == ["ev:embedding", None, None]


def test_a_column_of_vectors_becomes_rows_of_length_one() -> None:
    column = pl.Series([[3.0, 4.0], None, [0.0, 0.0], [float("nan"), 1.0]], dtype=pl.List(pl.Float64))
    assert vectors_of(column, 9).tolist() == [[np.float32(0.6), np.float32(0.8)], [0, 0], [0, 0], [0, 0]]
    assert vectors_of(pl.Series([[3.0, 4.0]], dtype=pl.Array(pl.Float32, 2)), 9).shape == (1, 2)
    assert vectors_of(pl.Series([None, None], dtype=pl.List(pl.Float32)), 9).shape == (2, 9)
    for bad in ([[1.0], [1.0, 2.0]], [[], []]):
        with pytest.raises(BadFile, match="the vectors have"):
            vectors_of(pl.Series(bad, dtype=pl.List(pl.Float32)), 9)


def test_vectors_stay_in_arrays() -> None:
    """2,000 vectors of 768 numbers took 80 MB as Python lists."""
    rows = np.random.default_rng(0).normal(size=(2_000, 768)).astype(np.float32)
    column = pl.Series(rows, dtype=pl.Array(pl.Float32, 768)).cast(pl.List(pl.Float32))
    tracemalloc.start()
    try:
        made = vectors_of(column, 768)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.array_equal(made, unit(rows))
    assert most < 4 * rows.nbytes  # 25 MB
