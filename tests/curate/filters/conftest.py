"""Batches and frames of the steps' columns, from the few cells that a test is about."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import daft
import polars as pl
import pyarrow as pa
import pytest

from thuja.curate.rows import STEP_SCHEMA
from thuja.curate.steps import Frame, Step


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with every column of the steps, null where a row says nothing; uuids u0, u1, ... unless given."""
    whole = [dict.fromkeys(STEP_SCHEMA.names) | {"uuid": f"u{number}"} | row for number, row in enumerate(rows)]
    return pa.Table.from_pylist(whole, schema=STEP_SCHEMA)


@pytest.fixture(scope="session")
def batch() -> Callable[..., pl.DataFrame]:
    """batch({...}, {...}): a polars batch of the steps' columns."""

    def make(*rows: dict[str, Any]) -> pl.DataFrame:
        frame = pl.from_arrow(table_of(list(rows)))
        assert isinstance(frame, pl.DataFrame)
        return frame

    return make


@pytest.fixture(scope="session")
def run() -> Callable[..., dict[str, dict[str, Any]]]:
    """run(step, rows, parts=1): the rows after a step, by uuid."""

    def apply(step: Step, rows: list[dict[str, Any]], parts: int = 1) -> dict[str, dict[str, Any]]:
        frames: list[Frame] = [
            daft.from_arrow(table_of(rows).slice(start, -(-len(rows) // parts)))
            for start in range(0, len(rows), -(-len(rows) // parts))
        ]
        frame = reduce(Frame.concat, frames)
        done = step.apply(frame).select(*STEP_SCHEMA.names).to_pylist()
        assert len(done) == len(rows)
        return {row["uuid"]: row for row in done}

    return apply
