"""What taxa are called: by rule, in the language asked for, never by another rank's name unasked."""

from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.errors import UsageError
from thuja.names import Backbone, resolve
from thuja.names.common_names import ADDED, common_names
from thuja.names.store import About, build_tables, write_tables

SEVEN = ["kingdom", "phylum", "class", "order", "family", "genus", "species"]
USAGES = ["id", "name", "authorship", "rank", "status", "accepted", *SEVEN]
ANIMAL, PLANT = ["Animalia", "Chordata", "Aves", "Passeriformes"], ["Plantae", None, "Liliopsida", "Asparagales"]


def taxon(id_: str, name: str, rank: str, lineage: list[str | None]) -> tuple[str | None, ...]:
    return (id_, name, None, rank, "accepted", id_, *lineage, *[None] * (7 - len(lineage)))


def synonym(id_: str, name: str, rank: str, accepted: str) -> tuple[str | None, ...]:
    return (id_, name, None, rank, "synonym", accepted, *[None] * 7)


CORVIDAE, MUSCICAPIDAE = [*ANIMAL, "Corvidae"], [*ANIMAL, "Muscicapidae"]
KNOWN = [
    taxon("1", "Corvidae", "family", CORVIDAE),
    taxon("2", "Corvus", "genus", [*CORVIDAE, "Corvus"]),
    taxon("3", "Corvus corax", "species", [*CORVIDAE, "Corvus", "corax"]),
    taxon("4", "Corvus corone", "species", [*CORVIDAE, "Corvus", "corone"]),
    taxon("5", "Oenanthe", "genus", [*MUSCICAPIDAE, "Oenanthe"]),
    taxon("6", "Oenanthe", "genus", ["Plantae", None, "Magnoliopsida", "Apiales", "Apiaceae", "Oenanthe"]),
    taxon("7", "Laelia rosea", "species", ["Animalia", None, "Insecta", None, "Erebidae", "Laelia", "rosea"]),
    taxon("8", "Laelia rosea", "species", [*PLANT, "Orchidaceae", "Laelia", "rosea"]),
    taxon("9", "Corvinae", "subfamily", CORVIDAE),
    taxon(
        "10", "Felis catus", "species", ["Animalia", "Chordata", "Mammalia", "Carnivora", "Felidae", "Felis", "catus"]
    ),
    synonym("20", "Corvus sylvestris", "species", "3"),
    synonym("21", "Corvus corax principalis", "subspecies", "3"),
]
SPOKEN = [
    ("1", "Crows and Jays", "en", True, "iNaturalist"),
    ("2", "Crows", "en", True, "iNaturalist"),
    ("3", "Raven", "en", False, "Aves"),
    ("3", "Northern Raven", "en", True, "Zoo"),
    ("3", "Common Raven", "en", True, "iNaturalist"),
    ("3", "Kolkrabe", "de", False, ""),
    ("3", "Corbeau", "fr", False, "b"),
    ("3", "Grand Corbeau", "fr", False, "a"),
    ("3", "Watarigarasu", "", True, "x"),
    ("5", "Wheatears", "en", False, ""),
    ("6", "Water Dropworts", "en", False, ""),
    ("7", "Rosy", "en", True, ""),
    ("8", "Rose Laelia", "en", True, ""),
    ("9", "Typical Crows", "en", True, ""),
    ("10", "Katze", "de", False, ""),
]
SECOND_KNOWN = [
    taxon(
        "a", "Corvus corax", "species", ["Metazoa", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"]
    ),
    taxon("b", "Corvus corone", "species", [*CORVIDAE, "Corvus", "corone"]),
]
SECOND_SPOKEN = [
    ("a", "The Raven", "en", True, ""),
    ("a", "Korp", "sv", False, ""),
    ("b", "Carrion Crow", "en", False, "z"),
    ("b", "Aaskrähe", "de", True, ""),
]


def backbone(
    name: str, usages: list[tuple[str | None, ...]], spoken: list[tuple[str, str, str, bool, str]]
) -> Backbone:
    columns = {
        "id": pl.String,
        "name": pl.String,
        "language": pl.String,
        "is_preferred": pl.Boolean,
        "source": pl.String,
    }
    table = pl.DataFrame(usages, schema=dict.fromkeys(USAGES, pl.String), orient="row")
    return Backbone(build_tables(table, pl.DataFrame(spoken, schema=columns, orient="row")), About(name=name))


FIRST, SECOND = backbone("first", KNOWN, SPOKEN), backbone("second", SECOND_KNOWN, SECOND_SPOKEN)
BOTH = [FIRST, SECOND]


def lineage(*names: str | None) -> pl.DataFrame:
    return pl.DataFrame([names], schema=dict.fromkeys(SEVEN[: len(names)], pl.String), orient="row")


RAVEN = lineage(*CORVIDAE, "Corvus", "corax")
CROW = lineage(*CORVIDAE, "Corvus", "corone")


def called(
    table: pl.DataFrame, backbones: list[Backbone], *languages: str, higher_rank: bool = False
) -> tuple[object, ...]:
    [row] = common_names(table, backbones, languages=languages or ("en",), higher_rank=higher_rank).select(ADDED).rows()
    return row


NOTHING = (None, None, None, None)


def test_a_preferred_name_comes_first_then_the_source_then_the_alphabet() -> None:
    assert called(RAVEN, [FIRST]) == ("Northern Raven", "species", "en", "first: Zoo")  # Zoo < iNaturalist
    assert called(RAVEN, [FIRST], "fr") == ("Grand Corbeau", "species", "fr", "first: a")
    tied = [("3", name, "en", True, "s") for name in ("b", "a", "c")]
    assert called(RAVEN, [backbone("tied", KNOWN, tied)])[0] == "a"


def test_a_language_is_preferred_to_a_backbone_and_a_backbone_to_the_rest() -> None:
    assert called(CROW, BOTH) == ("Carrion Crow", "species", "en", "second: z")
    assert called(RAVEN, BOTH)[3] == "first: Zoo"
    assert called(RAVEN, BOTH[::-1]) == ("The Raven", "species", "en", "second")
    assert called(RAVEN, BOTH, "sv", "de") == ("Korp", "species", "sv", "second")
    assert called(RAVEN, BOTH, "de", "sv") == ("Kolkrabe", "species", "de", "first")


def test_a_language_that_nobody_has_is_no_name_and_an_unknown_language_is_none() -> None:
    assert called(RAVEN, BOTH, "ja") == NOTHING
    only_unknown = backbone("x", KNOWN, [("3", "Watarigarasu", "", True, "")])
    assert called(RAVEN, [only_unknown]) == NOTHING


def test_the_name_of_another_rank_is_never_taken_unasked() -> None:
    assert called(CROW, [FIRST]) == NOTHING
    assert called(CROW, [FIRST], higher_rank=True) == ("Crows", "genus", "en", "first: iNaturalist")
    assert called(lineage(*CORVIDAE, "Nucifraga"), [FIRST]) == NOTHING
    assert called(lineage(*CORVIDAE, "Nucifraga"), [FIRST], higher_rank=True)[:2] == ("Crows and Jays", "family")


def test_the_own_rank_in_a_lesser_language_comes_before_a_higher_rank() -> None:
    cat = lineage("Animalia", "Chordata", "Mammalia", "Carnivora", "Felidae", "Felis", "Felis catus")
    assert called(cat, BOTH, "en", "de", higher_rank=True) == ("Katze", "species", "de", "first")


def test_homonyms_are_told_by_their_lineage_and_are_not_guessed() -> None:
    assert called(lineage(*MUSCICAPIDAE, "Oenanthe"), [FIRST])[0] == "Wheatears"
    assert called(lineage("Viridiplantae", None, None, None, None, "Oenanthe"), [FIRST])[0] == "Water Dropworts"
    assert called(lineage(None, None, None, None, None, "Oenanthe"), [FIRST]) == NOTHING
    assert called(lineage(None, None, None, None, "Orchidaceae", "Laelia", "rosea"), [FIRST])[0] == "Rose Laelia"
    assert called(lineage(None, None, None, None, None, "Laelia", "rosea"), [FIRST]) == NOTHING
    assert called(lineage("Fungi", None, None, None, None, "Corvus"), [FIRST]) == NOTHING


def test_a_synonym_has_the_name_of_its_accepted_taxon_if_that_is_of_its_rank() -> None:
    assert called(lineage(*CORVIDAE, "Corvus", "sylvestris"), [FIRST])[0] == "Northern Raven"
    below = pl.DataFrame({"accepted_name": ["Corvus corax principalis"], "accepted_rank": ["subspecies"]})
    assert called(below, [FIRST]) == NOTHING


def test_answers_are_named_by_the_taxon_they_accepted() -> None:
    names = ["Corvus corax", "corvus coraxx", "Corvus sylvestris", "Corvinae", "Laelia rosea", "Corvus sp.", "zzz", ""]
    answers = resolve(names, backbones=[FIRST])
    named = common_names(answers, [FIRST])
    assert named.columns == [*answers.columns, *ADDED]
    assert named.select("common_name", "common_name_rank").rows() == [
        ("Northern Raven", "species"),
        ("Northern Raven", "species"),
        ("Northern Raven", "species"),
        ("Typical Crows", "subfamily"),
        (None, None),  # ambiguous: the moth or the orchid
        ("Crows", "genus"),
        (None, None),
        (None, None),
    ]
    moth = resolve(["Laelia rosea"], pl.DataFrame({"kingdom": ["Animalia"]}), backbones=[FIRST])
    assert called(moth, [FIRST])[0] == "Rosy"
    assert called(resolve(["Corvus corone"], backbones=[FIRST]), BOTH)[0] == "Carrion Crow"  # by name in the second


def test_names_are_resolved_first() -> None:
    table = pl.DataFrame({"verbatim": ["Raven", "Corvus sylvestris", None], "common_name": ["kept?", "", ""]})
    named = common_names(table, [FIRST])
    assert named.columns == ["verbatim", *ADDED]
    assert named["common_name"].to_list() == ["Northern Raven", "Northern Raven", None]


def test_backbones_go_by_their_paths_too(tmp_path: Path) -> None:
    write_tables(FIRST.tables, About(name="stored"), tmp_path / "stored")
    [row] = common_names(RAVEN, [tmp_path / "stored"], languages=["de"]).select(ADDED).rows()
    assert row == ("Kolkrabe", "species", "de", "stored")


def test_no_rows_and_wrong_calls() -> None:
    assert common_names(RAVEN.clear(), BOTH).columns == [*SEVEN, *ADDED]
    assert common_names(RAVEN.clear(), BOTH, higher_rank=True).is_empty()
    with pytest.raises(UsageError, match='no language: "english"'):
        common_names(RAVEN, BOTH, languages=["english"])
    with pytest.raises(UsageError, match='no language: ""'):
        common_names(RAVEN, BOTH, languages=[])
    with pytest.raises(UsageError, match="none of the columns verbatim, kingdom"):
        common_names(pl.DataFrame({"x": [1]}), BOTH)


GIVEN = pl.concat(
    [
        RAVEN,
        CROW,
        lineage(*CORVIDAE, "Corvus", "sylvestris"),
        lineage(*MUSCICAPIDAE, "Oenanthe"),
        lineage(None, None, None, None, None, "Laelia", "rosea"),
        lineage("Plantae", None, None, None, None, "Laelia", "rosea"),
        lineage(*CORVIDAE, "Nucifraga", "columbiana"),
        lineage(None),
    ],
    how="diagonal",
)


@cache
def called_alone(row: int, languages: tuple[str, ...], is_higher: bool) -> tuple[object, ...]:
    return called(GIVEN[row], BOTH, *languages, higher_rank=is_higher)


@pytest.mark.slow
@settings(max_examples=10)
@given(
    st.lists(st.integers(0, len(GIVEN) - 1), max_size=30),
    st.permutations(SPOKEN),
    st.permutations(KNOWN),
    st.lists(st.sampled_from(["en", "de", "sv"]), min_size=1, max_size=2, unique=True),
    st.booleans(),
)
def test_each_row_is_named_by_itself_whatever_the_order_of_rows_or_names(
    rows: list[int], spoken: list[tuple[str, str, str, bool, str]], known: list, languages: list[str], higher_rank: bool
) -> None:
    backbones = [backbone("first", known, spoken), SECOND]
    table = GIVEN[rows]
    alone = [called_alone(row, tuple(languages), higher_rank) for row in rows]
    together = common_names(table, backbones, languages=languages, higher_rank=higher_rank)
    assert together.select(ADDED).rows() == alone
    assert together.select(SEVEN).equals(table.select(SEVEN))
