"""The taxa of any table: each lineage once, dropped rows left out, lone names taken apart."""

from pathlib import Path

import polars as pl
import pytest

from thuja.captions.descriptions.taxon_table import TaxonTable, read_taxa
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.taxonomy import Taxon


def taxa(table: TaxonTable) -> list[Taxon]:
    return table.block(0, len(table))


def csv(folder: Path, text: str, name: str = "taxa.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_kept_rows_of_a_catalog_give_each_taxon_once(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "uuid": ["1", "2", "3", "4"],
            "kingdom": ["Animalia"] * 4,
            "genus": ["Pica", "Pica", "Corvus", None],
            "species": ["pica", "Pica pica", "corax", None],
            "common": ["", "magpie", None, None],
            "drop_reason": [None, None, "small", None],
        }
    )
    rows.write_parquet(tmp_path / "catalog.parquet")
    table = read_taxa(tmp_path)
    assert {(one.scientific_name, one.kingdom) for one in taxa(table)} == {
        ("Animalia", "Animalia"),
        ("Pica pica", "Animalia"),
    }
    assert [one.common for one in taxa(table)] == ["", "magpie"]


def test_a_lone_scientific_name_is_taken_apart_and_nothing_above_is_known(tmp_path: Path) -> None:
    text = "scientificName\nCorvus corax Linnaeus, 1758\nPica\nMentha × piperita\n\n'Oenanthe (Oenanthe) deserti\n42\n"
    table = read_taxa(csv(tmp_path, text.replace("'", "")))
    assert {(one.genus, one.species) for one in taxa(table)} == {
        ("Corvus", "corax"),
        ("Pica", ""),
        ("Mentha", "piperita"),
        ("Oenanthe", "deserti"),
    }
    assert table.nameless >= 1
    assert taxa(table)[0].taxonomic_name == taxa(table)[0].scientific_name


def test_names_with_commas_synonyms_and_headings_in_any_case_are_read(tmp_path: Path) -> None:
    text = 'Genus,SPECIES,"Common name",synonyms\nPica,pica,"magpie, Eurasian","Corvus pica; Pica melanoleuca"\n'
    table = read_taxa(csv(tmp_path, text))
    assert taxa(table)[0].common == "magpie, Eurasian"
    assert table.synonyms() == {"Pica pica": ("Corvus pica", "Pica melanoleuca")}
    assert list(table.titles()) == ["Pica pica", "Magpie, Eurasian", "Corvus pica", "Pica melanoleuca"]


def test_the_id_follows_the_names(tmp_path: Path) -> None:
    one = read_taxa(csv(tmp_path, "genus,species\nPica,pica\nCorvus,corax\n"))
    other = read_taxa(csv(tmp_path, "genus,species\nCorvus,corax\nPica,pica\nPica,pica\n"))
    third = read_taxa(csv(tmp_path, "genus,species\nCorvus,corax\n"))
    assert one.id == other.id != third.id


def test_tables_that_do_not_do_say_why(tmp_path: Path) -> None:
    for path, error, message in (
        (csv(tmp_path, "uuid,path\n1,a.jpg\n"), UsageError, "no column that names taxa; it has uuid, path"),
        (csv(tmp_path, "genus,species\n", "heads.csv"), EmptyInput, "names no taxon"),
        (csv(tmp_path, "", "empty.csv"), EmptyInput, "is empty"),
        (csv(tmp_path, "PAR1 not", "not.parquet"), BadFile, "cannot be read as a table"),
        (csv(tmp_path, "x", "taxa.xlsx"), UsageError, "cannot read taxa from"),
        (tmp_path / "absent.csv", EmptyInput, "there is no table"),
        (tmp_path, EmptyInput, "holds no catalog.parquet"),
    ):
        with pytest.raises(error, match=message):
            read_taxa(path)


def test_a_binomial_in_the_column_species_alone_has_its_genus(tmp_path: Path) -> None:
    """Such a row was a species without a genus, which no page was known for by lineage."""
    (tmp_path / "taxa.csv").write_text("species,family\nCorvus corax,Corvidae\nPica pica (Linnaeus 1758),\n")
    taxa = read_taxa(tmp_path / "taxa.csv").block(0, 2)
    assert sorted((taxon.binomial, taxon.family) for taxon in taxa) == [("Corvus corax", "Corvidae"), ("Pica pica", "")]
