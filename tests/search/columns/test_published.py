"""The 1,030 published embeddings of BioCLIP 2, whose columns were written by nobody who knew of thuja."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.search.columns import Part, SegmentColumns, Tree, most_frequent
from thuja.search.filters import Filter
from thuja.search.language import Asked, read_filter
from thuja.taxonomy import RANKS, Taxon

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def table(shared: Path) -> pa.Table:
    read = pq.read_table(shared / "data" / "bioclip2_embeddings_1k.parquet").drop_columns(["emb"])
    return read.sort_by([(rank.label, "ascending") for rank in RANKS])


@pytest.fixture(scope="module")
def columns(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> SegmentColumns:
    folder = tmp_path_factory.mktemp("columns")
    SegmentColumns.build(table, folder)
    return SegmentColumns.open(folder)


@pytest.fixture(scope="module")
def tree(columns: SegmentColumns) -> Tree:
    return Tree.of([Part(runs=columns.runs)])


def rows_where(table: pa.Table, **values: str | None) -> list[int]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return [number for number, row in enumerate(rows) if all(row[name] == value for name, value in values.items())]


def test_filters_keep_the_rows_that_they_name(table: pa.Table, columns: SegmentColumns, tree: Tree) -> None:
    asked = Asked(within=("Plantae",), where=("img_type=Citizen Science", "publisher=iNaturalist.org"))
    kept = columns.bits(read_filter(asked, tree=lambda: tree, kinds=columns.kinds)).rows().tolist()
    assert kept == rows_where(table, kingdom="Plantae", img_type="Citizen Science", publisher="iNaturalist.org") != []
    nameless = read_filter(Asked(where=("kingdom=",)), tree=lambda: tree, kinds=columns.kinds)
    assert columns.bits(nameless).rows().tolist() == rows_where(table, kingdom=None) != []


def test_counts_are_those_of_the_column(table: pa.Table, columns: SegmentColumns) -> None:
    truth = Counter(value or "" for value in table.column("img_type").to_pylist())
    found = most_frequent([columns.facets("img_type")], most=100)
    assert {one.value: one.count for one in found} == dict(truth)


def test_a_value_that_is_counted_keeps_as_many_rows_when_asked_for(columns: SegmentColumns) -> None:
    for name in columns.kinds:
        for one in most_frequent([columns.facets(name)], most=20):
            assert columns.bits(Filter(equals={name: (one.value,)})).count == one.count, (name, one)


def test_every_species_is_found_by_its_binomial_and_its_rows_counted(columns: SegmentColumns, tree: Tree) -> None:
    """The species stands as a binomial in the file, and as an epithet in a taxon."""
    for taxon in {taxon for taxon in columns.runs.taxa if taxon.binomial}:
        (meant,) = tree.resolve(taxon.binomial)
        assert (meant.genus, meant.species) == (taxon.genus, taxon.species)
        assert columns.bits(Filter(within=(taxon,))).count == tree.node(taxon).count > 0


def test_every_id_finds_its_row(table: pa.Table, columns: SegmentColumns) -> None:
    ids = table.column("uuid").to_pylist()
    assert columns.rows_of(ids).tolist() == list(range(len(ids)))
    assert columns.ids_at([5, 0]) == [ids[5], ids[0]]


def test_common_names_lead_to_their_taxa(tree: Tree) -> None:
    assert tree.resolve("Columbine") == [Taxon(kingdom="Plantae", genus="Aquilegia", species="vulgaris")]
    assert "Aquilegia formosa" in [node.taxon.binomial for node in tree.find("columbine")]
