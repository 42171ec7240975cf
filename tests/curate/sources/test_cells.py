"""Cells have one limit in every source, in bytes of UTF-8."""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from thuja.curate.sources import SourceSpec, cells, reader
from thuja.curate.sources.cells import MAX_CELL, cut


def test_a_cell_is_cut_at_the_limit_and_not_within_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells were said to be cut at the limit, and lost three quarters of what the limit allows."""
    monkeypatch.setattr(cells, "MAX_CELL", 5)
    frame = pl.DataFrame({"a": ["abcdef", "abcde", None, "ééé"], "n": [1, 2, 3, 4]})
    short, count = cut(frame)
    assert short["a"].to_list() == ["abcde", "abcde", None, "éé"]
    assert (short["n"].to_list(), count) == ([1, 2, 3, 4], 2)


def test_traits_stay_json(tmp_path: Path) -> None:
    members = {f"m{n}": "é" * 30_000 for n in range(3)} | {"count": 3}
    frame = pl.DataFrame({"traits": [json.dumps(members), '{"a": 1}']})
    short, count = cut(frame)
    assert count == 1
    first = json.loads(short["traits"][0])
    assert len(short["traits"][0].encode()) <= MAX_CELL
    assert (first["count"], set(first), len(set(first["m0"]))) == (3, set(members), 1)
    assert len(first["m0"]) > 5_000
    assert short["traits"][1] == '{"a": 1}'
    assert cut(pl.DataFrame({"traits": [json.dumps({str(n): "x" for n in range(20_000)})]}))[0]["traits"][0] is None


def test_every_source_cuts_and_notes(tmp_path: Path) -> None:
    """Cells of Parquet and JSON had no limit: a thousand rows could take a hundred megabytes."""
    table = tmp_path / "t.parquet"
    pl.DataFrame({"url": ["https://x.org/1"], "taxon": ["P" * 100_000], "note": ["n" * 200_000]}).write_parquet(table)
    notes: Counter[str] = Counter()
    [frame] = reader("table")(SourceSpec(kind="table", path=table), notes)
    assert len(frame["verbatim_name"][0]) == MAX_CELL
    assert len(frame["traits"][0]) <= MAX_CELL
    assert notes == {"cut_cells": 2}
