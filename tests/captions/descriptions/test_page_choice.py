"""A taxon gets its own page or none: no homonym's, no list of meanings."""

from collections.abc import Iterator, Sequence

import pytest
from tests.captions.descriptions.wiki_pages import PAGES, RAVEN, Made

from thuja.captions.descriptions.dump.reading import redirect_in
from thuja.captions.descriptions.page_choice import LookupSource, titles_of
from thuja.captions.descriptions.pages import Found, Page
from thuja.captions.descriptions.titles import one_spelling
from thuja.taxonomy import Taxon

BIRDS = "Animalia Chordata Aves Passeriformes"
RAVEN_TAXON = Taxon.from_lineage(f"{BIRDS} Corvidae Corvus corax")
WHEATEAR = Taxon.from_lineage(f"{BIRDS} Muscicapidae Oenanthe oenanthe")


class SmallWiki:
    """A Lookup over some pages, that counts what it is asked."""

    def __init__(self, pages: Sequence[Made]) -> None:
        self.pages = {page.title: page for page in pages}
        self.asked: list[str] = []

    def __call__(self, titles: Sequence[str]) -> Iterator[Page]:
        for title in titles:
            self.asked.append(title)
            if made := self.pages.get(title):
                redirect = made.redirect or redirect_in(made.text)
                yield Page(title=title, text=made.text, revision="7", redirect=redirect, namespace=made.namespace)


def find(taxon: Taxon, pages: Sequence[Made] = PAGES) -> Found:
    [(_, found)] = LookupSource(SmallWiki(pages)).pages([taxon])
    return found


def test_a_species_is_found_by_the_redirect_from_its_name() -> None:
    found = find(RAVEN_TAXON)
    assert [section.heading for section in found.sections] == ["Description", "Plumage"]
    assert found.known_by == "lineage"
    source = found.source
    assert (source.name, source.title, source.revision) == ("wikipedia-en", "Common raven", "7")
    assert source.url == "https://en.wikipedia.org/w/index.php?title=Common_raven&oldid=7"
    assert (source.licence, source.licence_link) == (
        "CC BY-SA 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    )


def test_homonyms_of_two_kingdoms_get_their_own_page_through_the_list_of_meanings() -> None:
    plant = find(Taxon(kingdom="Plantae", family="Apiaceae", genus="Oenanthe"))
    assert (plant.source.title, plant.sections[0].text) == ("Oenanthe (plant)", "Plants with white umbels.")
    bird = find(Taxon.from_lineage(f"{BIRDS} Muscicapidae Oenanthe"))
    assert (bird.source.title, bird.sections[0].text) == ("Oenanthe (bird)", "Birds with white rumps.")


def test_a_species_whose_name_another_kingdom_has_too_gets_no_page_of_it() -> None:
    wasp = Taxon.from_lineage("Animalia Arthropoda Insecta Hymenoptera Braconidae Agathis montana")
    assert (find(wasp).reason, find(wasp).source.title) == ("other_lineage", "Agathis montana")
    tree = Taxon(kingdom="Plantae", family="Araucariaceae", genus="Agathis", species="montana")
    assert find(tree).sections[0].text == "Bark grey."


def test_a_list_of_meanings_is_never_a_page() -> None:
    fly = Taxon(kingdom="Animalia", class_="Insecta", genus="Oenanthe")
    assert find(fly).reason == "other_lineage"
    alone = [Made("Robin", "* [[Robin, Idaho]]\n{{SIA}}")]
    assert (
        find(Taxon(kingdom="Animalia", genus="Turdus", species="robin", common="Robin"), alone).reason
        == "disambiguation"
    )


def test_a_page_without_a_box_or_of_a_subspecies_is_not_taken() -> None:
    bare = [Made("Corvus corax", "'''Corvus corax''' is a bird.\n== Description ==\nBlack.")]
    assert find(RAVEN_TAXON, bare).reason == "other_lineage"
    below = [
        Made("Corvus corax", "{{Subspeciesbox|genus=Corvus|species=corax|subspecies=x}}\n== Description ==\nBlack.")
    ]
    assert find(RAVEN_TAXON, below).reason == "other_lineage"


def test_without_steps_of_the_taxonomy_words_of_the_page_tell_the_lineage() -> None:
    pages = [RAVEN, Made("Corvus corax", "", redirect="Common raven")]
    assert find(RAVEN_TAXON, pages).known_by == "words"
    fly = Taxon.from_lineage("Animalia Arthropoda Insecta Diptera Muscidae Corvus corax")
    assert find(fly, pages).reason == "other_lineage"


def test_with_nothing_but_a_name_the_box_must_bear_that_very_name_and_no_list_stand_between() -> None:
    assert find(Taxon(genus="Corvus", species="corax")).known_by == "name"
    assert find(Taxon(genus="Oenanthe")).reason == "disambiguation"
    assert find(
        Taxon(genus="Parus", species="corax"), [Made("Parus corax", "", redirect="Common raven"), *PAGES]
    ).reason


def test_redirects_that_go_round_end() -> None:
    assert find(Taxon(kingdom="Animalia", genus="Round", species="x", common="round and round")).reason == "no_page"


def test_a_page_without_words_on_looks_says_so() -> None:
    empty = [Made("Corvus corax", "{{Speciesbox|taxon=Corvus corax}}\n[[Category:Birds in Aves]]")]
    assert find(RAVEN_TAXON, empty).reason == "no_looks"


def test_a_page_that_could_not_be_read_says_so() -> None:
    [(_, found)] = LookupSource(lambda titles: iter([Page(title="Corvus corax")])).pages([RAVEN_TAXON])
    assert (found.reason, found.source.title) == ("broken_page", "Corvus corax")


def test_synonyms_that_are_handed_in_are_tried_and_believed_where_the_box_bears_one() -> None:
    taxon = Taxon.from_lineage(f"{BIRDS} Corvidae Corvus novus")
    wiki = SmallWiki([*PAGES, Made("Old name", "", redirect="Common raven")])
    for synonym, reason in (("Corvus corax", ""), ("old name", "other_lineage")):
        [(_, found)] = LookupSource(wiki, synonyms={"Corvus novus": (synonym,)}).pages([taxon])
        assert (found.reason, found.source.title) == (reason, "Common raven")


def test_the_upper_steps_are_asked_for_once_for_all_taxa() -> None:
    wiki = SmallWiki(PAGES)
    source = LookupSource(wiki)
    answers = [*source.pages([RAVEN_TAXON, WHEATEAR]), *source.pages([RAVEN_TAXON])]
    assert [found.known_by for _, found in answers] == ["lineage"] * 3
    assert wiki.asked.count("Template:Taxonomy/Chordata") == 1


@pytest.mark.parametrize(
    ("title", "spelling"),
    [
        ("corvus_corax#Looks", "Corvus corax"),
        ("  two  blanks ", "Two blanks"),
        ("a, b & c", "A, b & c"),
        ("élan", "Élan"),
    ],
)
def test_titles_have_one_spelling(title: str, spelling: str) -> None:
    assert one_spelling(title) == spelling


def test_the_titles_of_a_species_are_its_names_alone() -> None:
    assert titles_of(RAVEN_TAXON) == ("Corvus corax",)
    assert titles_of(Taxon(genus="Mentha", species="×piperita")) == ("Mentha × piperita",)
    named = Taxon(genus="Pica", species="pica", common="magpie, Eurasian")
    assert titles_of(named, {"Pica pica": ("Corvus pica",)}) == ("Pica pica", "Magpie, Eurasian", "Corvus pica")


MERGED = Made(
    "Larus novus",
    "{{Speciesbox|taxon=Larus novus|synonyms={{Species list|Larus vetus|X|Larus argentatus minor|Y}}}}\n"
    "A bird, one of the [[Aves]].\n== Description ==\nWhite.",
)
GULLS = "Animalia Chordata Aves Charadriiformes Laridae"


def test_a_redirect_to_the_species_that_took_a_name_in_is_believed_and_one_of_a_subspecies_is_not() -> None:
    pages = [MERGED, Made("Larus vetus", "", redirect="Larus novus"), Made("Grey gull", "", redirect="Larus novus")]
    assert find(Taxon.from_lineage(f"{GULLS} Larus vetus"), pages).sections[0].text == "White."
    other = Taxon(kingdom="Animalia", class_="Aves", genus="Larus", species="argentatus", common="Grey gull")
    assert (find(other, pages).reason, find(other, pages).source.title) == ("other_lineage", "Larus novus")


def test_the_extinct_are_found_under_their_dagger_and_a_species_gets_no_page_of_its_genus() -> None:
    steps = [
        Made("Template:Taxonomy/Raphus", "|rank=genus\n|parent=Columbidae\n|extinct=yes\n", namespace=10),
        Made("Template:Taxonomy/Columbidae", "|rank=familia\n|parent=Aves\n", namespace=10),
    ]
    dodo = Made("Dodo", "{{Speciesbox|genus=†Raphus|species=†cucullatus}}\n== Description ==\nGrey.")
    lineage = "Animalia Chordata Aves Columbiformes Columbidae Raphus"
    found = find(
        Taxon.from_lineage(f"{lineage} cucullatus"), [*steps, dodo, Made("Raphus cucullatus", "", redirect="Dodo")]
    )
    assert (found.sections[0].text, found.known_by) == ("Grey.", "lineage")
    genus = Made("Raphus", "{{Automatic taxobox|taxon=Raphus|type_species=Raphus cucullatus}}\n== Description ==\nBig.")
    pages = [*steps, genus, Made("Raphus cucullatus", "", redirect="Raphus")]
    assert find(Taxon.from_lineage(f"{lineage} cucullatus"), pages).reason == "other_lineage"


def test_a_genus_of_one_species_has_the_page_of_that_species() -> None:
    """Encyclopedias have one page for both, so that the genus had none."""
    page = Made("Ginkgo", "{{Speciesbox|taxon=Ginkgo biloba}}\nOf the [[Ginkgoaceae]].\n== Description ==\nFans.")
    genus = Taxon(kingdom="Plantae", family="Ginkgoaceae", genus="Ginkgo")
    assert find(genus, [page]).sections[0].text == "Fans."
    there = Made("Ginkgo biloba", page.text)
    assert find(genus, [there, Made("Ginkgo", "", redirect="Ginkgo biloba")]).sections[0].text == "Fans."
    ravens = Taxon(kingdom="Animalia", class_="Aves", genus="Corvus", common="Raven")
    assert find(ravens, [RAVEN, Made("Raven", "", redirect="Common raven")]).reason == "other_lineage"
