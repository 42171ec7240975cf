"""Parts on disk, and the one file that they end in."""

import io
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.embeddings import Embeddings
from thuja.encode.parts import assemble, check_part, write_part
from thuja.encode.pipeline import Failure
from thuja.errors import BadFile, OutputExists


def part(folder: Path, number: int, rows: int, *, dim: int = 4, errors: tuple[Failure, ...] = ()) -> Path:
    path = folder / f"unit-{number:06}"
    embeddings = Embeddings(
        ids=[f"{number}-{row}" for row in range(rows)],
        vectors=np.full((rows, dim), number, dtype=np.float32),
        model="tiny",
        is_normalized=False,
        preparation="squash",
        precision="bf16",
        columns=pa.table({f"c{number % 2}": [str(number)] * rows}) if rows else pa.table({}),
    )
    write_part(path, embeddings, errors=errors, digest=f"digest {number}")
    return path


def digests(count: int) -> list[str]:
    return [f"digest {number}" for number in range(count)]


def test_parts_come_together_with_their_columns_and_facts(tmp_path: Path) -> None:
    failure = Failure('a,"b"\n\udcff', "gone", "no such file")
    paths = [part(tmp_path, 0, 2), part(tmp_path, 1, 0, errors=(failure,)), part(tmp_path, 2, 1), part(tmp_path, 3, 1)]
    summary = assemble(paths, digests(4), out=tmp_path / "o.parquet", errors=tmp_path / "e.csv", form="parquet")
    assert (summary.model, summary.embedded, summary.failed, summary.dim) == ("tiny", 4, 1, 4)
    made = Embeddings.load(tmp_path / "o.parquet")
    assert made.ids == ["0-0", "0-1", "2-0", "3-0"]
    assert made.vectors[:, 0].tolist() == [0, 0, 2, 3]
    assert (made.is_normalized, made.preparation, made.precision) == (False, "squash", "bf16")
    assert made.columns.to_pydict() == {"c0": ["0", "0", "2", None], "c1": [None, None, None, "3"]}
    assert (tmp_path / "e.csv").read_text() == 'id,reason,message\n"a,""b""\n\\udcff",gone,no such file\n'


def test_a_file_of_one_part_says_what_embeddings_save_says(tmp_path: Path) -> None:
    path = part(tmp_path, 0, 3)
    assemble([path], digests(1), out=tmp_path / "o.parquet", errors=None, form="parquet")
    Embeddings.load(path).save(tmp_path / "saved.parquet")
    made, saved = (pq.read_schema(tmp_path / name) for name in ("o.parquet", "saved.parquet"))
    assert made.equals(saved, check_metadata=True)


def test_any_number_of_parts_is_put_together_in_the_memory_of_a_few(tmp_path: Path) -> None:
    paths = [part(tmp_path, number, 1024, dim=64) for number in range(64)]
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    assemble(paths, digests(64), out=tmp_path / "o.parquet", errors=None, form="parquet")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert pa.total_allocated_bytes() - before < 5_000_000
    metadata = pq.read_metadata(tmp_path / "o.parquet")
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [8192] * 8


def test_an_id_that_comes_twice_stands_in_the_json_twice(tmp_path: Path) -> None:
    stream = io.StringIO()
    path = part(tmp_path, 0, 2)
    assemble([path, path], ["digest 0"] * 2, out=stream, errors=None, form="json")
    pairs: list[tuple[str, object]] = []
    made = json.loads(stream.getvalue(), object_pairs_hook=lambda found: pairs.extend(found) or dict(found))
    assert [name for name, _ in pairs][:4] == ["0-0", "0-1", "0-0", "0-1"]
    assert made["model"] == "tiny"


def test_a_part_of_other_items_or_broken_is_refused(tmp_path: Path) -> None:
    path = part(tmp_path, 0, 2)
    check_part(path, "digest 0")
    with pytest.raises(OutputExists, match="the input is not what it was"):
        check_part(path, "digest 1")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadFile, match="is broken"):
        assemble([path], digests(1), out=tmp_path / "o.parquet", errors=None, form="parquet")
    assert not (tmp_path / "o.parquet").exists()
