"""Descriptions are found for the taxa of a unit alone, and never those of a namesake."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from thuja.captions.descriptions.description import DESCRIPTION_SCHEMA, Description, Source
from thuja.captions.make import GuidancePlan
from thuja.captions.make.guides import DescriptionTable
from thuja.errors import BadFile, EmptyInput
from thuja.taxonomy import Taxon

BIRD = Taxon(kingdom="Animalia", family="Sulidae", genus="Morus", species="bassanus")
TREE = Taxon(kingdom="Plantae", family="Moraceae", genus="Morus", species="alba")
ANIMAL_PRUNELLA = Taxon(kingdom="Animalia", family="Prunellidae", genus="Prunella", species="modularis")


def described(taxon: Taxon, *sentences: str) -> Description:
    return Description(taxon=taxon, source=Source(name="test"), sentences=sentences)


def write(folder: Path, *descriptions: Description, group: int = 2) -> Path:
    table = pl.DataFrame([one.to_row() for one in descriptions], infer_schema_length=None).to_arrow()
    cast = table.select(DESCRIPTION_SCHEMA.names).cast(DESCRIPTION_SCHEMA)
    pq.write_table(cast, folder / "descriptions.parquet", row_group_size=group)
    return folder


def test_what_is_found_is_of_this_very_lineage_or_of_the_only_namesake(tmp_path: Path) -> None:
    other = Taxon(kingdom="Plantae", genus="Morus", species="bassanus")
    lone = Taxon(kingdom="Animalia", order="Passeriformes", genus="Prunella", species="modularis")
    made = [described(BIRD, "White."), described(other, "Green."), described(TREE, "Tall."), described(lone, "Brown.")]
    table = DescriptionTable.open(write(tmp_path, *made))
    wanted = [BIRD, ANIMAL_PRUNELLA, Taxon(kingdom="Plantae", genus="Prunella", species="modularis")]
    bare = Taxon(genus="Morus", species="bassanus")
    found = {taxon: one.text for taxon, one in table.of([*wanted, bare]).items()}
    assert found == {BIRD: "White.", ANIMAL_PRUNELLA: "Brown."}, "of two kingdoms, a bare name chooses none"


def test_a_taxon_without_words_has_no_description(tmp_path: Path) -> None:
    table = DescriptionTable.open(write(tmp_path, described(BIRD), described(TREE, "Tall.")))
    assert len(table) == 1
    assert list(table.of([BIRD, TREE])) == [TREE]


@pytest.mark.parametrize("group", [1, 7, 1000])
def test_row_groups_change_nothing(group: int, tmp_path: Path) -> None:
    taxa = [Taxon(genus="Genus", species=f"species{number}") for number in range(50)]
    made = [described(taxon, f"It has {number} spots.") for number, taxon in enumerate(taxa)]
    table = DescriptionTable.open(write(tmp_path, *made, group=group))
    found = table.of(taxa[10:30])
    assert [found[taxon].text for taxon in taxa[10:30]] == [f"It has {number} spots." for number in range(10, 30)]


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="there are no descriptions at"):
        DescriptionTable.open(tmp_path)
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "descriptions.parquet")
    with pytest.raises(BadFile, match="no column description"):
        DescriptionTable.open(tmp_path)
    (tmp_path / "descriptions.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadFile, match="cannot be read"):
        DescriptionTable.open(tmp_path)


def test_only_what_the_strategy_asks_for_is_looked_up(tmp_path: Path) -> None:
    write(tmp_path, described(BIRD, "White."))
    told = {
        strategy: GuidancePlan(strategy=strategy, descriptions=tmp_path).open().of([BIRD])[BIRD]
        for strategy in ("bare", "examples", "description", "guided")
    }
    assert [name for name, guide in told.items() if guide.description is not None] == ["description", "guided"]
    assert [name for name, guide in told.items() if guide.examples] == ["examples", "guided"]
