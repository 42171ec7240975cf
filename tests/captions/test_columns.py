"""What tables of people's own say of a taxon and of an image."""

from pathlib import Path
from typing import Any

import pytest

from thuja.captions.columns import path_column, place_of, taxon_of
from thuja.taxonomy import Taxon


@pytest.mark.parametrize(
    ("row", "name", "common"),
    [
        ({"scientific_name": "Corvus corax, Linnaeus 1758"}, "Corvus corax", ""),
        ({"scientificName": "Corvus corax (L.)", "vernacularName": "raven"}, "Corvus corax", "raven"),
        ({"Scientific name": "Corvus corax Linnaeus, 1758", "Common name": "raven"}, "Corvus corax", "raven"),
        ({"scientific_name": "Panthera (Panthera) leo (Linnaeus, 1758)"}, "Panthera leo", ""),
        ({"scientific_name": "Abies alba de Vries"}, "Abies alba", ""),
        ({"scientific_name": "Canis lupus familiaris"}, "Canis lupus familiaris", ""),
        ({"scientific_name": "Mentha × piperita L."}, "Mentha × piperita", ""),
        ({"scientific_name": "Quercus sp."}, "Quercus sp.", ""),
        ({"scientific_name": "American Goldfinch"}, "American Goldfinch", ""),
        ({"species": "Corvus corax"}, "Corvus corax", ""),
        ({"species": "copepod calanoid"}, "copepod calanoid", ""),
        ({"common": "raven", "common_name": None, "genus": "Corvus"}, "Corvus", "raven"),
    ],
)
def test_a_name_is_known_by_any_of_its_columns_and_without_its_author(
    row: dict[str, Any], name: str, common: str
) -> None:
    assert (taxon_of(row).scientific_name, taxon_of(row).common) == (name, common)


def test_a_binomial_in_the_column_species_has_its_genus() -> None:
    assert taxon_of({"species": "Corvus corax", "family": "Corvidae"}) == Taxon(
        family="Corvidae", genus="Corvus", species="corax"
    )


def test_a_path_leads_beside_the_table_unless_a_file_is_only_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    assert place_of(tmp_path, "a.jpg") == place_of(tmp_path / "b", str(tmp_path / "a.jpg")) == tmp_path / "a.jpg"
    assert place_of(tmp_path, "shards/x.tar#512+9") == tmp_path / "shards/x.tar#512+9"
    assert path_column({"uuid": 1, "File Name": "a.jpg"}) == "File Name"
    assert path_column({"uuid": 1}) is None
