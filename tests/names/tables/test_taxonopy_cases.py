"""The 25 cases that TaxonoPy tells apart by profile, in its order, each with the answer a taxonomist would want.

Where TaxonoPy takes the first hit whatever lineage came with it, or gives up on a tie, the test says what should
come instead. The backbone is small; names and ids are those of small_backbone.py.
"""

from pathlib import Path

import polars as pl
import pytest
from tests.names.small_backbone import small_backbone

from thuja.names import Resolver, Status
from thuja.names.tables.answering import answer_rows
from thuja.names.tables.columns import ASKED
from thuja.names.tables.taxonopy import STATUS_WORDS, resolution_columns

REPOSITORY = Path(__file__).parents[3]
WORLD = small_backbone()
RESOLVER = Resolver([WORLD])


def answer(name: str = "", *, resolver: Resolver = RESOLVER, **given: str) -> dict[str, object]:
    row = dict.fromkeys(ASKED, "") | {"verbatim": name} | {key.rstrip("_"): value for key, value in given.items()}
    rows = pl.DataFrame([row]).with_columns(pl.lit(1, pl.UInt32).alias("rows"))
    answers = rows.rename({key: f"asked_{key}" for key in ASKED}).hstack(answer_rows(rows, resolver))
    return answers.with_columns(resolution_columns(resolver.backbones[0].name)).row(0, named=True)


def test_1_empty_input_is_empty() -> None:
    found = answer()
    assert (found["match_type"], found["status_word"]) == ("empty", "EMPTY_INPUT_TAXONOMY")


def test_2_an_accepted_name_with_its_own_lineage_is_taken() -> None:
    found = answer("Corvus corax", kingdom="Metazoa", phylum="Chordata", class_="Aves", family="Corvidae")
    assert (found["match_type"], found["accepted_id"]) == ("exact", "11")
    assert found["status_word"] == "EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED"


def test_3_a_single_hit_is_not_taken_in_another_kingdom() -> None:
    """TaxonoPy takes it without a look at the lineage."""
    found = answer("Corvus corax", kingdom="Plantae", family="Rosaceae")
    assert found["match_type"] == "conflict"
    assert (found["species"], found["kingdom"], found["family"]) == (None, "Plantae", "Rosaceae")


def test_4_an_accepted_name_comes_before_a_synonym_of_the_same_letters() -> None:
    both = Resolver([small_backbone(without=("93",))])
    assert answer("Corvus corone", resolver=both)["accepted_id"] == "12"
    assert answer("Anas strepera")["accepted_name"] == "Mareca strepera"


def test_5_authors_tell_homonyms_apart() -> None:
    assert answer("Laelia rosea Bryk, 1948")["accepted_id"] == "30"
    assert answer("Laelia rosea Lindl.")["accepted_id"] == "31"


def test_6_a_species_that_is_not_known_is_its_genus_and_cut_there() -> None:
    found = answer("Corvus ignotus", kingdom="Animalia")
    assert (found["match_type"], found["accepted_rank"], found["genus"]) == ("higher_rank", "genus", "Corvus")
    assert found["species"] is None


def test_7_the_homonym_whose_lineage_holds_all_ranks_given_is_meant() -> None:
    found = answer("Agathis alba", kingdom="Animalia", class_="Insecta", order="Coleoptera")
    assert (found["accepted_id"], found["family"]) == ("61", "Carabidae")


def test_8_the_taxon_at_the_rank_of_the_input_is_meant() -> None:
    found = answer("", kingdom="Animalia", class_="Aves", genus="Oenanthe")
    assert (found["accepted_rank"], found["accepted_id"]) == ("genus", "20")


def test_9_an_accepted_name_beside_a_synonym_agrees_with_the_input() -> None:
    found = answer("Corvus major", kingdom="Animalia", family="Corvidae")
    assert (found["match_type"], found["accepted_name"]) == ("synonym", "Corvus corax")


def test_10_of_several_the_one_that_the_lineage_names() -> None:
    found = answer("Laelia rosea", kingdom="Plantae", family="Orchidaceae")
    assert found["accepted_id"] == "31"


def test_11_a_subspecies_within_the_name_is_its_species() -> None:
    found = answer("Corvus corax corax", kingdom="Animalia")
    assert (found["match_type"], found["accepted_id"]) == ("infraspecific", "11")
    assert found["infraspecific"] == "corax"


def test_12_two_taxa_of_one_name_without_a_lineage_are_not_guessed() -> None:
    """TaxonoPy takes the first where the paths are the same."""
    found = answer("Agathis alba")
    assert (found["match_type"], found["species"], found["class"]) == ("ambiguous", "alba", "Insecta")
    assert (found["order"], found["family"]) == (None, None)


def test_13_several_synonyms_of_one_taxon_are_that_taxon() -> None:
    found = answer("Corvus niger")
    assert (found["match_type"], found["accepted_id"]) == ("synonym", "12")


def test_14_a_homonym_across_kingdoms_goes_to_the_kingdom_given() -> None:
    assert answer("Laelia rosea", kingdom="Metazoa")["accepted_id"] == "30"
    assert answer("Laelia rosea", kingdom="Viridiplantae")["accepted_id"] == "31"


def test_15_a_tie_is_ambiguous_and_more_ranks_in_common_win() -> None:
    assert answer("Oenanthe")["match_type"] == "ambiguous"
    assert answer("Oenanthe")["status_word"] == "FAILED"
    assert answer("Oenanthe", kingdom="Plantae", order="Apiales")["accepted_id"] == "22"


def test_16_a_misspelling_in_the_right_family_is_mended() -> None:
    found = answer("Corvus coronne", kingdom="Animalia", class_="Aves", order="Passeriformes", family="Corvidae")
    assert (found["match_type"], found["accepted_id"]) in (("fuzzy", "12"), ("variant", "12"))


def test_17_a_lone_misspelling_of_another_kingdom_is_not_taken() -> None:
    """TaxonoPy takes any single fuzzy hit."""
    found = answer("Corvus coraxi", kingdom="Plantae", family="Rosaceae")
    assert found["species"] is None
    assert found["match_type"] not in ("fuzzy", "exact", "variant")


def test_18_a_part_of_the_name_counts_where_the_lineage_agrees() -> None:
    found = answer("Corvus corax ignotus", kingdom="Animalia", family="Corvidae")
    assert (found["match_type"], found["accepted_id"]) == ("infraspecific", "11")


def test_19_a_part_of_the_name_does_not_count_against_the_lineage() -> None:
    """TaxonoPy takes any partial hit."""
    found = answer("Corvus ignotus", kingdom="Plantae", family="Orchidaceae")
    assert (found["genus"], found["match_type"]) != ("Corvus", "higher_rank")
    assert found["family"] == "Orchidaceae"


def test_20_a_synonym_is_its_accepted_name_with_that_name_s_lineage() -> None:
    found = answer("Anas strepera", kingdom="Animalia")
    assert (found["genus"], found["species"], found["family"]) == ("Mareca", "strepera", "Anatidae")
    assert found["status_word"] == "EXACT_MATCH_PRIMARY_SOURCE_SYNONYM_SIMPLE"


def test_21_a_name_that_nobody_knows_keeps_the_input() -> None:
    found = answer("Xus yus")
    assert (found["match_type"], found["status_word"]) == ("unresolved", "NO_MATCH_RETRIES_EXHAUSTED")
    assert answer("Xus yus", family="Corvidae")["family"] == "Corvidae"


def test_22_a_rank_that_the_backbone_lacks_neither_helps_nor_harms() -> None:
    moved = small_backbone(id_11=("Animalia", None, "Aves", None, "Corvidae", "Corvus", "corax"))  # type: ignore[arg-type]
    found = answer("Corvus corax", resolver=Resolver([moved]), kingdom="Animalia", phylum="Chordata", class_="Aves")
    assert (found["match_type"], found["accepted_id"]) == ("exact", "11")


def test_23_what_the_first_backbone_lacks_comes_from_the_second() -> None:
    first = small_backbone("first", without=("11", "13", "91"))
    found = answer("Corvus corax", resolver=Resolver([first, small_backbone("second")]), kingdom="Animalia")
    assert (found["backbone"], found["accepted_id"]) == ("second", "11")
    assert found["status_word"] == "EXACT_MATCH_SECONDARY_SOURCE_ACCEPTED_PRUNED"


def test_24_a_subspecies_of_the_second_backbone_is_its_species_too() -> None:
    first = small_backbone("first", without=("11", "13", "91"))
    found = answer("Corvus corax principalis", resolver=Resolver([first, small_backbone("second")]))
    assert (found["accepted_name"], found["match_type"]) == ("Corvus corax", "infraspecific")


def test_25_nothing_is_forced_through_as_solved() -> None:
    """TaxonoPy's last resort keeps the input and counts it as success."""
    found = answer("Xus yus", kingdom="Animalia", family="Xidae")
    assert (found["match_type"], found["resolution_path"]) == ("given", "UNSOLVED")
    assert (found["kingdom"], found["family"], found["species"]) == ("Animalia", "Xidae", None)


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_word_of_taxonopy_s_and_a_reason(status: Status) -> None:
    word, why = STATUS_WORDS[status]
    assert word.isupper()
    page = (REPOSITORY / "docs" / "names.md").read_text(encoding="utf-8")
    assert f"| `{status}` | `{word}` | {why} |" in page
