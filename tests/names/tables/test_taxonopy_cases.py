"""The 25 cases that TaxonoPy tells apart by profile, in its order, each with the answer a taxonomist would want.

Where TaxonoPy takes the first hit whatever lineage came with it, or gives up on a tie, the test says what should
come instead. The backbone is that of small_backbone.py; what a case needs besides stands beside it.
"""

from pathlib import Path

import polars as pl
import pytest
from tests.names.small_backbone import INSECTS, ORCHIDS, small_backbone

from thuja.names import Resolver, Status
from thuja.names.tables.answering import answer_rows
from thuja.names.tables.columns import ASKED
from thuja.names.tables.taxonopy import STATUS_WORDS, resolution_columns

REPOSITORY = Path(__file__).parents[3]
RESOLVER = Resolver([small_backbone()])
WORM = ("Acanthocephala", "Koelreuter, 1771", "phylum", ("Animalia", "Acanthocephala"))
BUG = ("Acanthocephala", "Laporte, 1833", "genus", (*INSECTS, "Hemiptera", "Coreidae", "Acanthocephala"))
"""Thorny-headed worms and leaf-footed bugs: one name at two ranks of one kingdom."""
KAURI = (
    "Agathis alba", "Salisb.", "species",
    ("Plantae", "Tracheophyta", "Pinopsida", "Araucariales", "Araucariaceae", "Agathis", "alba"),
)  # fmt: skip
"""Agathis is a genus of conifers, too."""


def answer(name: str = "", *, resolver: Resolver = RESOLVER, **given: str) -> dict[str, object]:
    row = dict.fromkeys(ASKED, "") | {"verbatim": name} | {key.rstrip("_"): value for key, value in given.items()}
    rows = pl.DataFrame([row]).with_columns(pl.lit(1, pl.UInt32).alias("rows"))
    answers = rows.rename({key: f"asked_{key}" for key in ASKED}).hstack(answer_rows(rows, resolver))
    return answers.with_columns(resolution_columns(resolver.backbones[0].name)).row(0, named=True)


def taken(found: dict[str, object]) -> tuple[object, object, object]:
    """The match type, name and id of an answer that the backbone vouches for."""
    assert isinstance(found["score"], float)
    assert found["score"] >= RESOLVER.threshold
    assert found["resolution_path"] == "RESOLVED"
    return found["match_type"], found["accepted_name"], found["accepted_id"]


def left_open(found: dict[str, object]) -> object:
    """The match type of an answer that names no taxon, and whose score, if it has one, is below the threshold."""
    score = found["score"]
    assert score is None or (isinstance(score, float) and score < RESOLVER.threshold)
    assert [found[key] for key in ("accepted_name", "accepted_rank", "accepted_id")] == [None] * 3
    assert found["resolution_path"] == "UNSOLVED"
    return found["match_type"]


def test_1_empty_input_is_empty() -> None:
    found = answer()
    assert (left_open(found), found["score"], found["status_word"]) == ("empty", None, "EMPTY_INPUT_TAXONOMY")


def test_2_an_accepted_name_with_its_own_lineage_is_taken() -> None:
    found = answer("Corvus corax", kingdom="Metazoa", phylum="Chordata", class_="Aves", family="Corvidae")
    assert taken(found) == ("exact", "Corvus corax", "11")
    assert (found["kingdom"], found["order"], found["changed"]) == ("Animalia", "Passeriformes", None)
    assert found["status_word"] == "EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED"


def test_3_a_single_hit_is_not_taken_in_another_kingdom() -> None:
    """TaxonoPy takes it without a look at the lineage."""
    found = answer("Corvus corax", kingdom="Plantae", family="Rosaceae")
    assert (left_open(found), found["runner_up"]) == ("conflict", "Corvus corax")
    assert [found[rank] for rank in ("kingdom", "family", "genus", "species")] == ["Plantae", "Rosaceae", None, None]


@pytest.mark.parametrize("given", [{}, {"kingdom": "Animalia", "family": "Corvidae"}])
def test_4_an_accepted_name_comes_before_a_synonym_of_the_same_letters(given: dict[str, str]) -> None:
    both = Resolver([small_backbone(synonyms={"95": ("Corvus corone", "Brehm, 1831", "species", "11")})])
    found = answer("Corvus corone", resolver=both, **given)
    assert taken(found) == ("exact", "Corvus corone", "12")
    assert found["runner_up"] == "Corvus corax"


def test_4_the_author_of_a_synonym_of_the_same_letters_means_the_synonym() -> None:
    both = Resolver([small_backbone(synonyms={"95": ("Corvus corone", "Brehm, 1831", "species", "11")})])
    assert taken(answer("Corvus corone Brehm, 1831", resolver=both)) == ("synonym", "Corvus corax", "11")
    assert taken(answer("Corvus corone Linnaeus, 1758", resolver=both)) == ("exact", "Corvus corone", "12")


def test_5_authors_tell_homonyms_apart() -> None:
    assert taken(answer("Agathis alba Green, 1900")) == ("exact", "Agathis alba", "60")
    assert taken(answer("Agathis alba White, 1950")) == ("exact", "Agathis alba", "61")
    assert taken(answer("Laelia rosea Bryk, 1948")) == ("exact", "Laelia rosea", "30")
    assert taken(answer("Laelia rosea Lindl.")) == ("exact", "Laelia rosea", "31")
    assert left_open(answer("Laelia rosea")) == "ambiguous"


def test_6_a_species_that_is_not_known_is_its_genus_and_cut_there() -> None:
    found = answer("Corvus ignotus", kingdom="Animalia", family="Corvidae")
    assert taken(found) == ("higher_rank", "Corvus", "10")
    assert (found["accepted_rank"], found["family"], found["genus"]) == ("genus", "Corvidae", "Corvus")
    assert found["species"] is None


def test_7_the_homonym_whose_lineage_holds_all_ranks_given_is_meant() -> None:
    """The other one's order is not known: it does not differ, and yet is not the one given."""
    known = Resolver([small_backbone(id_60=(*INSECTS, None, "Braconidae", "Agathis", "alba"))])
    for resolver in (known, RESOLVER):
        found = answer("Agathis alba", resolver=resolver, kingdom="Animalia", class_="Insecta", order="Coleoptera")
        assert taken(found) == ("exact", "Agathis alba", "61")
        assert found["family"] == "Carabidae"
    assert left_open(answer("Agathis alba", resolver=known, kingdom="Animalia", class_="Insecta")) == "ambiguous"


def test_8_the_taxon_at_the_rank_of_the_input_is_meant() -> None:
    """The genus and the phylum stand in the kingdom given, and only the column says which is meant."""
    both = Resolver([small_backbone(taxa={"70": WORM, "71": BUG})])
    assert left_open(answer("Acanthocephala", resolver=both, kingdom="Animalia")) == "ambiguous"
    found = answer(resolver=both, kingdom="Animalia", phylum="Acanthocephala")
    assert (taken(found), found["accepted_rank"]) == (("exact", "Acanthocephala", "70"), "phylum")
    found = answer(resolver=both, kingdom="Animalia", genus="Acanthocephala")
    assert (taken(found), found["accepted_rank"]) == (("exact", "Acanthocephala", "71"), "genus")
    assert (found["phylum"], found["family"]) == ("Arthropoda", "Coreidae")


def test_9_of_an_accepted_name_and_a_synonym_the_one_in_the_lineage_given_is_meant() -> None:
    viridis = (
        "Agathis viridis",
        "Green, 1910",
        "species",
        (*INSECTS, "Hymenoptera", "Braconidae", "Agathis", "viridis"),
    )
    synonym = ("Agathis alba", "Green, 1900", "species", "62")
    both = Resolver([small_backbone(without=("60",), taxa={"62": viridis}, synonyms={"95": synonym})])
    found = answer("Agathis alba", resolver=both, kingdom="Animalia", family="Carabidae")
    assert taken(found) == ("exact", "Agathis alba", "61")
    found = answer("Agathis alba", resolver=both, kingdom="Animalia", family="Braconidae")
    assert taken(found) == ("synonym", "Agathis viridis", "62")


def test_10_of_several_the_one_that_the_lineage_names() -> None:
    three = Resolver([small_backbone(taxa={"62": KAURI})])
    assert left_open(answer("Agathis alba", resolver=three)) == "ambiguous"
    plant = answer("Agathis alba", resolver=three, kingdom="Plantae")
    assert (taken(plant), plant["family"]) == (("exact", "Agathis alba", "62"), "Araucariaceae")
    wasp = answer("Agathis alba", resolver=three, kingdom="Animalia", order="Hymenoptera")
    assert (taken(wasp), wasp["family"]) == (("exact", "Agathis alba", "60"), "Braconidae")


def test_10_what_the_kingdom_given_rules_out_takes_no_rank_from_the_others() -> None:
    three = Resolver([small_backbone(taxa={"62": KAURI})])
    found = answer("Agathis alba", resolver=three, kingdom="Animalia")
    assert left_open(found) == "ambiguous"
    assert [found[rank] for rank in ("kingdom", "phylum", "class", "order")] == [*INSECTS, None]
    assert "Plantae" not in str(found["reason"])


def test_11_a_subspecies_within_the_name_is_its_species() -> None:
    found = answer("Corvus corax corax", kingdom="Animalia")
    assert taken(found) == ("infraspecific", "Corvus corax", "11")
    assert (found["accepted_rank"], found["infraspecific"]) == ("species", "corax")


def test_12_two_records_of_one_name_and_one_lineage_are_one_taxon() -> None:
    again = ("Agathis alba", "White, 1950", "species", (*INSECTS, "Coleoptera", "Carabidae", "Agathis", "alba"))
    found = answer("Agathis alba", resolver=Resolver([small_backbone(without=("60",), taxa={"62": again})]))
    assert (taken(found), found["family"]) == (("exact", "Agathis alba", "61"), "Carabidae")


def test_12_two_taxa_of_one_name_without_a_lineage_are_not_guessed() -> None:
    found = answer("Agathis alba")
    assert (left_open(found), found["kingdom"], found["class"]) == ("ambiguous", "Animalia", "Insecta")
    assert (found["order"], found["family"]) == (None, None)


def test_13_several_synonyms_of_one_taxon_are_that_taxon() -> None:
    below = {"95": ("Corvus niger", "Fischer, 1869", "subspecies", "12")}
    for resolver in (RESOLVER, Resolver([small_backbone(synonyms=below)])):
        assert taken(answer("Corvus niger", resolver=resolver)) == ("synonym", "Corvus corone", "12")


def test_14_a_homonym_across_kingdoms_goes_to_the_kingdom_given() -> None:
    moth, orchid = answer("Laelia rosea", kingdom="Metazoa"), answer("Laelia rosea", kingdom="Viridiplantae")
    assert (taken(moth), moth["family"]) == (("exact", "Laelia rosea", "30"), "Erebidae")
    assert (taken(orchid), orchid["family"]) == (("exact", "Laelia rosea", "31"), "Orchidaceae")


def test_15_more_ranks_in_common_win() -> None:
    """Both stand in the class given and neither in the family; the wasp shares the order besides."""
    family = ("Ichneumonidae", "Latreille, 1802", "family", (*INSECTS, "Hymenoptera", "Ichneumonidae"))
    insect = {"kingdom": "Animalia", "phylum": "Arthropoda", "class_": "Insecta"}
    for resolver in (RESOLVER, Resolver([small_backbone(taxa={"6": family})])):
        found = answer("Agathis alba", resolver=resolver, **insect, order="Hymenoptera", family="Ichneumonidae")
        assert (taken(found), found["family"]) == (("exact", "Agathis alba", "60"), "Braconidae")


def test_15_as_many_ranks_in_common_are_a_tie() -> None:
    found = answer("Agathis alba", kingdom="Animalia", phylum="Arthropoda", class_="Insecta")
    assert (left_open(found), found["status_word"]) == ("ambiguous", "FAILED")
    assert [found[rank] for rank in ("class", "order", "family")] == ["Insecta", None, None]


@pytest.mark.parametrize(
    ("written", "match_type"),
    [("Corvus corome", "fuzzy"), ("Corvos corone", "fuzzy"), ("Corvus coronne", "variant")],
)
def test_16_a_misspelling_in_the_right_family_is_mended(written: str, match_type: str) -> None:
    found = answer(written, kingdom="Animalia", class_="Aves", order="Passeriformes", family="Corvidae")
    assert taken(found) == (match_type, "Corvus corone", "12")
    assert found["status_word"] == "FUZZY_MATCH_PRIMARY_SOURCE_ACCEPTED"


def test_17_a_lone_misspelling_of_another_kingdom_is_not_taken() -> None:
    """TaxonoPy takes any single fuzzy hit."""
    assert taken(answer("Corvus coraxi", kingdom="Animalia", family="Corvidae")) == ("fuzzy", "Corvus corax", "11")
    found = answer("Corvus coraxi", kingdom="Plantae", family="Rosaceae")
    assert (left_open(found), found["score"], found["runner_up"]) == ("given", None, "Corvus corax")
    assert [found[rank] for rank in ("kingdom", "family", "genus", "species")] == ["Plantae", "Rosaceae", None, None]


def test_18_a_part_of_the_name_counts_where_the_lineage_agrees() -> None:
    """Two taxa bear the part that is known."""
    found = answer("Agathis alba ignota", kingdom="Animalia", order="Coleoptera")
    assert taken(found) == ("infraspecific", "Agathis alba", "61")
    found = answer("Oenanthe ignota", kingdom="Plantae", order="Apiales")
    assert (taken(found), found["family"]) == (("higher_rank", "Oenanthe", "22"), "Apiaceae")
    assert left_open(answer("Agathis alba ignota", kingdom="Animalia")) == "ambiguous"


def test_19_a_part_of_the_name_does_not_count_against_the_lineage() -> None:
    """TaxonoPy takes any partial hit."""
    orchids = Resolver([small_backbone(taxa={"7": ("Orchidaceae", "Juss.", "family", ORCHIDS)})])
    found = answer("Corvus ignotus", resolver=orchids, kingdom="Plantae", family="Orchidaceae")
    assert taken(found) == ("higher_rank", "Orchidaceae", "7")
    assert (found["kingdom"], found["genus"], found["species"]) == ("Plantae", None, None)


def test_19_nor_where_the_lineage_is_not_known() -> None:
    found = answer("Corvus ignotus", kingdom="Plantae", family="Rosaceae")
    assert (left_open(found), found["score"]) == ("given", None)
    assert [found[rank] for rank in ("kingdom", "family", "genus", "species")] == ["Plantae", "Rosaceae", None, None]


def test_20_a_synonym_is_its_accepted_name_with_that_name_s_lineage() -> None:
    found = answer("Anas strepera", kingdom="Animalia")
    assert (taken(found), found["matched_name"]) == (("synonym", "Mareca strepera", "40"), "Anas strepera")
    assert (found["genus"], found["species"], found["family"]) == ("Mareca", "strepera", "Anatidae")
    assert found["status_word"] == "EXACT_MATCH_PRIMARY_SOURCE_SYNONYM_SIMPLE"


def test_21_a_name_that_nobody_knows_is_asked_again_by_its_lineage() -> None:
    found = answer("Xus yus")
    assert (left_open(found), found["score"]) == ("unresolved", None)
    assert found["status_word"] == "NO_MATCH_RETRIES_EXHAUSTED"
    found = answer("Xus yus", family="Corvidae")
    assert (taken(found), found["accepted_rank"]) == (("higher_rank", "Corvidae", "4"), "family")
    assert (found["order"], found["genus"], found["species"]) == ("Passeriformes", None, None)


def test_22_a_rank_that_the_backbone_lacks_neither_helps_nor_harms() -> None:
    resolver = Resolver([small_backbone(id_11=("Animalia", None, "Aves", None, "Corvidae", "Corvus", "corax"))])
    found = answer("Corvus corax", resolver=resolver, kingdom="Animalia", phylum="Chordata", class_="Aves")
    assert taken(found) == ("exact", "Corvus corax", "11")
    without = answer("Corvus corax", resolver=resolver, kingdom="Animalia", class_="Aves")
    assert found["score"] == without["score"]


def test_23_what_the_first_backbone_lacks_comes_from_the_second() -> None:
    second = small_backbone("second")
    found = answer(
        "Corvus corax",
        resolver=Resolver([small_backbone("first", without=("11", "13", "91")), second]),
        kingdom="Animalia",
    )
    assert (taken(found), found["backbone"]) == (("exact", "Corvus corax", "11"), "second")
    assert found["status_word"] == "EXACT_MATCH_SECONDARY_SOURCE_ACCEPTED_PRUNED"
    found = answer("Corvus corax", resolver=Resolver([small_backbone("first"), second]), kingdom="Animalia")
    assert (taken(found), found["backbone"]) == (("exact", "Corvus corax", "11"), "first")
    assert found["status_word"] == "EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED"


def test_24_a_subspecies_of_the_second_backbone_is_its_species_too() -> None:
    first = small_backbone("first", without=("11", "13", "91"))
    found = answer("Corvus corax principalis", resolver=Resolver([first, small_backbone("second")]))
    assert (taken(found), found["backbone"]) == (("infraspecific", "Corvus corax", "11"), "second")
    assert (found["accepted_rank"], found["infraspecific"]) == ("species", "principalis")


def test_25_nothing_is_forced_through_as_solved() -> None:
    """TaxonoPy's last resort keeps the input and counts it as success."""
    found = answer("Xus yus", kingdom="Animalia", family="Xidae")
    assert (left_open(found), found["score"]) == ("given", None)
    assert found["status_word"] == "NO_MATCH_RETRIES_EXHAUSTED"
    assert [found[rank] for rank in ("kingdom", "family", "genus", "species")] == ["Animalia", "Xidae", None, None]


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_word_of_taxonopy_s_and_a_reason(status: Status) -> None:
    word, why = STATUS_WORDS[status]
    assert word.isupper()
    page = (REPOSITORY / "docs" / "names.md").read_text(encoding="utf-8")
    assert f"| `{status}` | `{word}` | {why} |" in page
