"""What keys are made of a name, of observers, and of a source."""

from typing import Any

import polars as pl
import pytest

from thuja.curate.leaks.keys import COLUMNS, keys_of


def values(kind: str, **facts: Any) -> list[str]:
    """The values of one kind of key of one row, sorted."""
    row = pl.DataFrame({name: [facts.get(name)] for name in COLUMNS}, schema=dict.fromkeys(COLUMNS, pl.String))
    return sorted(keys_of(row, (kind,))["value"].to_list())


@pytest.mark.parametrize(
    "name",
    [
        "Corvus sp.", "Corvus sp", "Corvus spp.", "Corvus sp. 2", "Corvus sp1", "Quercus cf. robur", "Quercus cf robur",
        "Quercus aff. robur", "Quercus nr. robur", "Quercus nr robur", "Quercus x robur", "Quercus × robur",
        "Quercus ×robur", "Quercus robur x petraea", "Quercus robur × Quercus petraea", "Quercus robur ×petraea",
        "Quercus hybrid", "Corvus corax/corone", "Corvus", "corvus corax",
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["scientific_name", "verbatim_name"])
def test_what_names_no_single_species_has_no_key(column: str, name: str) -> None:
    """`Corvus sp.` of a set whose species are held out took every `Corvus sp.` out of training."""
    assert values("species", **{column: name}) == []


@pytest.mark.parametrize("epithet", ["sp.", "spp.", "sp", "cf. robur", "×robur", "x petraea"])
def test_an_epithet_that_is_none_has_no_key(epithet: str) -> None:
    """The columns of ranks hold `sp.` where a source writes it there."""
    assert values("species", genus="Quercus", species=epithet) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Müllerella lichenicola", "müllerella lichenicola"),
        ("Mu\u0308llerella lichenicola", "müllerella lichenicola"),
        ("Corvus corax Linnaeus, 1758", "corvus corax"),
        ("Corvus corax (Linnaeus, 1758)", "corvus corax"),
        ("Panthera tigris altaica", "panthera tigris"),
        ("Isoëtes lacustris", "isoëtes lacustris"),
        ("Polygonia c-album", "polygonia c-album"),
        ("Ia io", "ia io"),
        ("Sphex spinosus", "sphex spinosus"),
        ("Xylocopa xanti", "xylocopa xanti"),
    ],
)
def test_a_binomial_is_a_key_in_any_latin_letters(name: str, value: str) -> None:
    """`Müllerella lichenicola` gave no key, so its images were trained on."""
    assert values("species", scientific_name=name) == [value]


@pytest.mark.parametrize(
    ("written", "people"),
    [
        ("Jane Smith", ["jane smith"]),
        ("Smith, Jane", ["jane smith"]),
        ("Smith J, Doe K", ["d", "doe k", "j smith"]),
        ("Jane Smith and Bob Li", ["bob li", "jane smith"]),
        ("Jane Smith & Bob Li", ["bob li", "jane smith"]),
        ("Jane Smith et Bob Li", ["bob li", "jane smith"]),
        ("Smith, Jane; Li, Bob", ["bob li", "jane smith"]),
        ("Smith, J., Doe, K.", ["doe k", "j smith"]),
        ("Jane Smith | Bob Li", ["bob li", "jane smith"]),
        ("Jane Smith, Bob Li & Ana Ruiz", ["ana ruiz", "bob li", "bob jane li smith", "jane smith"]),
        ("Jane Smith et al.", ["jane smith"]),
        ("Andy Sands", ["andy sands"]),
        ("van der Berg, Jan", ["berg der jan van"]),
        ("王伟", ["王伟"]),
    ],
)
def test_every_observer_of_a_day_has_a_key(written: str, people: list[str]) -> None:
    """Of `Smith J, Doe K` neither was found again under their own name."""
    found = values("observer_day", recorded_by=written, event_date="2021-05-01")
    people = ["doe j k smith" if person == "d" else person for person in people]
    assert found == sorted(f"{person}\n2021-05-01" for person in people)


@pytest.mark.parametrize("name", ["gbif", "GBIF", "gbif-2024", "gbif_birds", "gbif 2"])
def test_an_id_of_a_known_source_is_its_own_whatever_a_recipe_calls_the_copy(name: str) -> None:
    """Rows have the name that the recipe gives the source: of `gbif-2024` no id was ever one of `gbif`."""
    assert values("source_id", data_source=name, source_id="123") == ["gbif\n123"]
    assert values("sequence_id", data_source=name.replace("bif", "BIF"), sequence_id="s1") == ["gbif\ns1"]


@pytest.mark.parametrize("name", ["gbiffy", "my-gbif", "photos", "photos-2024"])
def test_any_other_source_gives_out_its_ids_under_its_whole_name(name: str) -> None:
    assert values("source_id", data_source=name, source_id="123") == [f"{name}\n123"]
