"""Groups and their rows, from what a user names."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from thuja.captions.examples.counting import count_groups
from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.taxonomy import Rank, Taxon

ROWS = pl.DataFrame(
    {
        "Kingdom": ["Animalia", "Animalia", "Animalia", "Plantae", None],
        "class": ["Aves", "Aves", "Insecta", "Liliopsida", None],
        "family": ["Corvidae", "Parvidae", "Carabidae", "Poaceae", "Poaceae"],
        "drop_reason": [None, None, None, "blurry", None],
    }
)


def test_kept_rows_are_counted_by_group(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "catalog.parquet")
    ROWS.write_csv(tmp_path / "table.csv")
    wanted = Counter({Taxon(kingdom="Animalia", class_="Aves"): 2, Taxon(kingdom="Animalia", class_="Insecta"): 1})
    assert count_groups(tmp_path) == count_groups(tmp_path / "table.csv") == wanted
    families = count_groups(tmp_path, Rank.FAMILY)
    assert families[Taxon(family="Poaceae")] == 1
    assert len(families) == 4


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("a.csv", b"name\nx\n", UsageError, "has no column class"),
        ("a.csv", b"class\n\n", EmptyInput, "no row of"),
        ("a.csv", b"", BadFile, "cannot be read"),
        ("a.parquet", b"PAR1", BadFile, "cannot be read"),
        ("a.txt", b"x", UsageError, "is no table"),
        ("b.csv", None, UsageError, "there is nothing at"),
        (".", None, UsageError, "holds no table of taxa"),
    ],
)
def test_what_holds_no_groups_is_said(
    tmp_path: Path, name: str, content: bytes | None, kind: type[ThujaError], said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=said):
        count_groups(tmp_path / name)
