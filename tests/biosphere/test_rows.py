"""Tables written in parts."""

from collections.abc import Generator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.biosphere.rows import ParquetRows, write_table

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string())])


def part(start: int, count: int) -> list[dict[str, object]]:
    return [{"n": number, "text": f"row {number}"} for number in range(start, start + count)]


@pytest.mark.parametrize("step", [1_000, 7_000, 60_000])
def test_row_groups_have_fifty_thousand_rows_whatever_the_parts(tmp_path, step):
    """Captions came in groups of 500 rows, which a reader of a million rows spends its time on."""
    total = 126_000
    with ParquetRows(tmp_path / "t.parquet", SCHEMA) as table:
        for start in range(0, total, step):
            table.add(part(start, min(step, total - start)))
    read = pq.ParquetFile(tmp_path / "t.parquet")
    sizes = [read.metadata.row_group(group).num_rows for group in range(read.num_row_groups)]
    assert sum(sizes) == total
    assert min(sizes[:-1]) >= 50_000
    assert read.read().column("n").to_pylist() == list(range(total))


def test_a_table_of_no_rows_has_its_columns(tmp_path):
    with ParquetRows(tmp_path / "t.parquet", SCHEMA):
        pass
    assert pq.read_table(tmp_path / "t.parquet").schema == SCHEMA


def test_a_table_that_fails_ends_what_makes_its_rows(tmp_path):
    ended = []

    def parts() -> Generator[list[dict[str, str]], None, None]:
        try:
            yield [{"a": "1"}]
            yield [{"b": "2"}]
        finally:
            ended.append(True)

    with pytest.raises(ValueError, match="not in fieldnames"):
        write_table(tmp_path / "t.csv", ("a",), parts())
    assert ended == [True]


def test_a_table_says_how_many_rows_it_has(tmp_path):
    assert write_table(tmp_path / "t.csv", ("a",), (part for part in ([{"a": "1"}, {"a": "2"}], [{"a": "3"}]))) == 3
    assert (tmp_path / "t.csv").read_text() == "a\n1\n2\n3\n"
