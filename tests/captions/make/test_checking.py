"""The checks of a run know the other species of its data."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.captions import Subject
from thuja.captions.check.settings import CheckSettings
from thuja.captions.make.checking import names_in_catalog, open_checks
from thuja.taxonomy import Taxon

RAVEN = Taxon(genus="Corvus", species="corax", common="raven")


def catalog(folder: Path) -> Path:
    rows = [RAVEN.to_columns(), RAVEN.to_columns(), Taxon(genus="Pica", species="pica", common="magpie").to_columns()]
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalog.parquet")
    return folder


def test_the_names_of_a_catalog_are_common_and_scientific_ones(tmp_path: Path) -> None:
    named = names_in_catalog(catalog(tmp_path) / "catalog.parquet")
    assert named == {"raven", "Corvus corax", "magpie", "Pica pica"}
    assert names_in_catalog(tmp_path / "nothing.parquet") == frozenset()


def test_a_caption_that_names_another_species_of_the_data_is_told_so(tmp_path: Path) -> None:
    checks = open_checks(CheckSettings(checks=("name",)), catalog(tmp_path))
    found = checks[0]("A magpie with a glossy black back stands on snow.", Subject(taxon=RAVEN, names=("raven",)))
    assert (found.is_fault, found.reason) == (True, 'it is called "magpie", its name is raven')
