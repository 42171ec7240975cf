"""Which rows a later segment replaces: what pairs of segments would say, at the cost of one look at each row."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.search.making import contents, ids, written

from thuja.search.columns.ids import Ids, SoughtIds
from thuja.search.index import Index
from thuja.search.store import replacing
from thuja.search.store.build import BuildOptions, add_to_index, build_index
from thuja.search.store.replacing import repeated_rows

SEGMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=1, max_size=6)


def ids_of(texts: list[str], *, kinds: int) -> Ids:
    """As a segment has them; with few `kinds` of hashes, ids that differ share one."""
    hashes = SoughtIds.of(texts).hashes % np.uint64(kinds)
    order = np.argsort(hashes, kind="stable")
    return Ids(ids=pa.array(texts, pa.large_string()), hashes=hashes[order], rows=order.astype(np.uint32))


@given(SEGMENTS, st.integers(0, 5), st.sampled_from([2, 2**32]))
def test_a_row_is_replaced_where_a_later_segment_among_the_new_has_its_id(
    segments: list[list[str]], first: int, kinds: int
) -> None:
    found = repeated_rows([ids_of(texts, kinds=kinds) for texts in segments], first=first)
    wanted = {
        (number, row)
        for number, texts in enumerate(segments)
        for row, text in enumerate(texts)
        if any(text in later for later in segments[max(first, number + 1) :])
    }
    assert sorted(found.rows()) == sorted(wanted)


@given(st.lists(st.text("abc", max_size=3), unique=True, max_size=20), st.integers(1, 2**64 - 1))
def test_stretches_of_hashes_hold_every_row_once(texts: list[str], edge: int) -> None:
    whole = ids_of(texts, kinds=2**63)
    parts = [whole.between(0, edge), whole.between(edge, 2**64)]
    assert np.concatenate([one.rows for one in parts]).tolist() == whole.rows.tolist()
    assert all(int(one) < edge for one in parts[0].hashes)


@pytest.mark.parametrize("at_once", [3, 1 << 21])
def test_rows_are_replaced_however_many_are_looked_at_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(replacing, "_AT_ONCE", at_once)
    sources = [written(tmp_path / "1.parquet", range(12)), written(tmp_path / "2.parquet", range(8, 20))]
    report = build_index(sources, tmp_path / "index", BuildOptions(segment_rows=5))
    assert (report.repeated, len(report.version)) == (4, 20)
    report = add_to_index([written(tmp_path / "3.parquet", range(15, 23))], tmp_path / "index", BuildOptions())
    assert (report.replaced, report.repeated, len(report.version)) == (5, 0, 23)
    assert sorted(contents(Index.open(tmp_path / "index"))) == ids(range(23))
