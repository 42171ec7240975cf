"""Backbones of the user's own, and what is wrong with some of them."""

from pathlib import Path

import polars as pl
import pytest

from thuja.errors import BadFile, UsageError
from thuja.names import Backbone, Resolver, Status, resolve_names
from thuja.taxonomy import Taxon

ROWS = {
    "kingdom": ["Animalia", "Animalia"],
    "family": ["Corvidae", "Paridae"],
    "genus": ["Corvus", "Parus"],
    "species": ["corax", "Parus major"],
    "common": ["Raven", None],
}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_of_lineages_is_a_backbone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"own{suffix}"
    table = pl.DataFrame(ROWS)
    table.write_parquet(path) if suffix == ".parquet" else table.write_csv(path)
    resolver = Resolver([Backbone.load(path)])
    assert resolver.resolve("parus_major").taxon == Taxon(
        kingdom="Animalia", family="Paridae", genus="Parus", species="major"
    )
    assert resolver.resolve("raven").status == Status.COMMON_NAME
    assert resolver.resolve("Paridae").status == Status.EXACT


def test_the_function_for_other_processes_answers_as_the_resolver_does(tmp_path: Path) -> None:
    path = tmp_path / "own.parquet"
    pl.DataFrame(ROWS).write_parquet(path)
    names = ["Corvus corax", "Parus", "?"]
    expected = Resolver([Backbone.load(path)]).resolve_all(names, [Taxon()] * 3)
    assert resolve_names(names, [Taxon()] * 3, backbones=(path,)) == expected


def test_a_backbone_that_is_not_there_or_has_no_ranks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no backbone"):
        Backbone.load(tmp_path / "none.parquet")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadFile, match="none of the columns"):
        Backbone.load(tmp_path / "other.csv")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(BadFile, match="cut short or damaged"):
        Backbone.load(tmp_path / "broken.parquet")
