from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.search.columns.making import CROW, FIG, RAVEN, SNAIL, opened, table_of

from thuja.errors import UnknownName, UsageError
from thuja.search.bits import Bits
from thuja.search.columns import FacetCount, most_frequent

VALUES = st.sampled_from([None, "", "a", "b", "c"])


def pairs(counts: list[FacetCount]) -> list[tuple[str, int]]:
    return [(one.value, one.count) for one in counts]


@settings(max_examples=20)
@given(st.lists(st.lists(st.tuples(VALUES, st.booleans()), max_size=9), max_size=3), st.integers(1, 4))
def test_values_are_counted_over_all_segments(segments: list[list[tuple[str | None, bool]]], most: int) -> None:
    parts, truth = [], Counter[str]()
    with TemporaryDirectory() as folder:
        for number, rows in enumerate(segments):
            sexes, kept = zip(*rows, strict=True) if rows else ((), ())
            columns = opened(
                table_of([RAVEN] * len(rows), sex=pa.array(sexes, pa.string())), Path(folder) / str(number)
            )
            parts.append(columns.facets("sex", Bits.from_mask(np.array(kept, dtype=bool))))
            truth.update(sex or "" for sex, is_kept in rows if is_kept)
    expected = sorted(truth.items(), key=lambda item: (-item[1], item[0]))[:most]
    assert pairs(most_frequent(parts, most=most)) == expected


def test_ranks_are_counted_by_name_and_species_within_their_genus(tmp_path: Path) -> None:
    twin = (*FIG[:6], "variegata")
    columns = opened(table_of([RAVEN, RAVEN, CROW, SNAIL, FIG, twin, ("",) * 7]), tmp_path)
    assert pairs(most_frequent([columns.facets("genus")], most=9)) == [("Corvus", 3), ("Ficus", 3), ("", 1)]
    assert pairs(most_frequent([columns.facets("species")], most=3)) == [
        ("Corvus corax", 2),
        ("Ficus variegata", 2),  # a snail and a fig: only the tree tells them apart
        ("", 1),
    ]
    kept = Bits.from_rows([1, 4], size=7)
    assert pairs(most_frequent([columns.facets("species", kept)], most=9)) == [("Corvus corax", 1), ("Ficus carica", 1)]


def test_numbers_and_truth_values_are_counted(tmp_path: Path) -> None:
    columns = opened(
        table_of(
            [RAVEN] * 5,
            legs=[2, 2, 4, 6, 2],
            depth=[0.5, None, 0.5, -1.0, None],
            is_wild=[True, None, True, False, True],
        ),
        tmp_path,
    )
    assert pairs(most_frequent([columns.facets("legs")], most=2)) == [("2", 3), ("4", 1)]
    assert sorted(pairs(most_frequent([columns.facets("depth")], most=9))) == [("", 2), ("-1", 1), ("0.5", 2)]
    assert pairs(most_frequent([columns.facets("is_wild")], most=9)) == [("true", 3), ("", 1), ("false", 1)]
    assert pairs(most_frequent([columns.facets("legs", Bits.from_range(0, 0, size=5))], most=9)) == []


def test_numbers_of_few_bytes_are_counted_over_their_whole_width(tmp_path: Path) -> None:
    """From -100 to 100 is more than one byte holds, and values of one byte wrapped around."""
    columns = opened(table_of([RAVEN] * 4, shift=[-100, 100, 100, 0], far=[2**62, 1, 1, 1]), tmp_path)
    assert sorted(pairs(most_frequent([columns.facets("shift")], most=9))) == [("-100", 1), ("0", 1), ("100", 2)]
    assert pairs(most_frequent([columns.facets("far")], most=9)) == [("1", 3), (str(2**62), 1)]


def test_numbers_of_which_each_row_has_its_own_are_not_counted(tmp_path: Path) -> None:
    count = 20_001
    table = pa.table({"uuid": [str(row) for row in range(count)], "latitude": np.linspace(-90, 90, count)})
    columns = opened(table, tmp_path)
    with pytest.raises(UsageError, match='"latitude" has too many different numbers'):
        columns.facets("latitude")
    assert len(columns.facets("latitude", Bits.from_range(0, 5, size=count)).counts) == 5


def test_an_unknown_column_is_not_counted(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match='unknown column: "sax"'):
        opened(table_of([RAVEN], sex=["f"]), tmp_path).facets("sax")
