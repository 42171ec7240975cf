"""A page's box says which taxon the page is about."""

import pytest

from thuja.captions.descriptions.pages import Page
from thuja.captions.descriptions.wikitext.kinds import is_list_of_meanings, meanings, taxonomy_step
from thuja.captions.descriptions.wikitext.taxobox import names_in_box, names_in_xml, taxobox_of
from thuja.taxonomy import Taxon

WRITTEN_OUT = """{{Taxobox
| name = Wheatear
| regnum = [[Animal]]ia <!-- the kingdom -->
| phylum = [[Chordate|Chordata]]
| classis = [[bird|Aves]]
| ordo = [[Passeriformes]]<ref name="x"/>
| familia = †[[Muscicapidae]]
| genus = ''[[Oenanthe (bird)|Oenanthe]]''
| species = '''''O. oenanthe'''''
| binomial = ''Oenanthe oenanthe''
| synonyms = ''Motacilla oenanthe'' <small>Linnaeus, 1758</small><br />''Saxicola oenanthe''
}}"""


def test_ranks_that_are_written_out_are_read_without_their_dress() -> None:
    box = taxobox_of("{{Short description|x}}\n" + WRITTEN_OUT + "\nA bird.")
    assert box is not None
    assert box.taxon == Taxon(
        kingdom="Animalia",
        phylum="Chordata",
        class_="Aves",
        order="Passeriformes",
        family="Muscicapidae",
        genus="Oenanthe",
        species="oenanthe",
    )
    assert (box.key, box.synonyms) == ("", ("Motacilla oenanthe", "Saxicola oenanthe"))


@pytest.mark.parametrize(
    ("markup", "name", "key"),
    [
        ("{{Speciesbox|genus=Oenanthe (bird)|species=oenanthe}}", "Oenanthe oenanthe", "Oenanthe (bird)"),
        ("{{speciesbox\n| taxon = Quercus robur\n| authority = [[L.]]\n}}", "Quercus robur", "Quercus"),
        ("{{Speciesbox |taxon=Oenanthe (bird) oenanthe}}", "Oenanthe oenanthe", "Oenanthe (bird)"),
        ("{{Speciesbox|genus=''[[Pica (genus)|Pica]]''|species='''pica'''<ref>x</ref>}}", "Pica pica", "Pica"),
        ("{{Automatic taxobox\n| taxon = Oenanthe (plant)\n}}", "Oenanthe", "Oenanthe (plant)"),
        ("{{Automatic_taxobox|taxon=Corvidae}}", "Corvidae", "Corvidae"),
        ("{{Hybridbox|genus=Mentha|species=× piperita}}", "Mentha × piperita", "Mentha"),
        ("{{Ichnobox|taxon=Cruziana}}", "Cruziana", "Cruziana"),
        (
            "{{Mycomorphbox|name=Amanita muscaria|capShape=convex}}\n{{Speciesbox|taxon=Amanita muscaria}}",
            "Amanita muscaria",
            "Amanita",
        ),
        ("{{Taxobox|genus=''Pica''|species='''P. pica'''|regnum=Animalia}}", "Pica pica", ""),
        (
            "{{Speciesbox\n| taxon = Pica pica\n| image = a.jpg\nA '''magpie''' whose box never closes.",
            "Pica pica",
            "Pica",
        ),
        ("<!-- {{Speciesbox|taxon=Not this}} -->{{Speciesbox|taxon=Pica pica}}", "Pica pica", "Pica"),
    ],
)
def test_every_kind_of_box_says_its_name(markup: str, name: str, key: str) -> None:
    box = taxobox_of(markup)
    assert box is not None
    assert (box.taxon.scientific_name, box.key, box.is_below_species) == (name, key, False)


def test_a_box_of_a_subspecies_is_told_apart() -> None:
    for markup in (
        "{{Subspeciesbox|genus=Canis|species=lupus|subspecies=dingo}}",
        "{{Taxobox|genus=Canis|species=C. lupus|subspecies=C. l. dingo|trinomial=Canis lupus dingo}}",
    ):
        box = taxobox_of(markup)
        assert box is not None
        assert box.is_below_species


def test_an_automatic_box_without_a_name_is_about_the_title() -> None:
    box = taxobox_of("{{Speciesbox\n| image = A.jpg\n}}", "Pica pica")
    assert box is not None
    assert (box.taxon.binomial, box.key) == ("Pica pica", "Pica")
    above = taxobox_of("{{Automatic taxobox|image=A.jpg}}", "Oenanthe (plant)")
    assert above is not None
    assert (above.taxon.genus, above.key) == ("Oenanthe", "Oenanthe (plant)")
    assert taxobox_of("{{Taxobox|image=A.jpg}}", "Pica pica") is None


def test_what_is_no_box_or_names_nothing_is_none() -> None:
    for markup in (
        "A page.",
        "{{Infobox dog breed|name=Corgi}}",
        "{{Paraphyletic group|auto=yes|parent=Aves}}",
        "{{Speciesbox}}",
        "{{Taxobox name|x}}",
    ):
        assert taxobox_of(markup) is None


@pytest.mark.parametrize(
    "markup",
    [
        WRITTEN_OUT,
        "{{Speciesbox|genus=Oenanthe (bird)|species=oenanthe}}",
        "{{Speciesbox\n| taxon = Oenanthe oenanthe <!-- x -->\n}}",
        "{{Speciesbox\n| genus = ''[[Oenanthe (bird)|Oenanthe]]''\n| species = oenanthe\n}}",
    ],
)
def test_the_light_reading_of_a_box_finds_the_same_name(markup: str) -> None:
    assert "Oenanthe oenanthe" in names_in_box(markup)
    assert names_in_xml(markup.replace("&", "&amp;").replace("<", "&lt;").encode()) == names_in_box(markup)


MEANINGS = (
    "disambiguation|Disambig|dab|hndis|Genus disambiguation|SIA|Set index article|surname|plant common name|"
    "Species Latin name disambiguation"
)


def test_lists_of_meanings_are_known_by_their_templates() -> None:
    for template in MEANINGS.split("|"):
        assert is_list_of_meanings(Page(title="X", text=f"A list.\n{{{{{template}}}}}")), template
    assert is_list_of_meanings(Page(title="Robin (disambiguation)", text="x"))
    assert is_list_of_meanings(Page(title="X", text="{{disambiguation|plants|geo}}"))
    assert not is_list_of_meanings(Page(title="X", text="A [[crow]]{{disambiguation needed|date=May 2020}}."))
    assert not is_list_of_meanings(Page(title="X", text="{{Speciesbox|taxon=X y}} {{other uses|X (disambiguation)}}"))


def test_meanings_are_the_titles_with_a_qualifier() -> None:
    text = "* [[Oenanthe (bird)]] \n* [[Oenanthe (plant)|dropworts]]\n* [[Oenanthe, Washington]]\n* [[Wheatear]]"
    assert meanings(Page(title="Oenanthe (disambiguation)", text=text)) == ("Oenanthe (bird)", "Oenanthe (plant)")


def test_a_step_of_the_taxonomy_names_its_parent() -> None:
    text = (
        "{{Don't edit this line {{{machine code|}}}\n|rank=Genus\n"
        + "|link=Pica (genus)|Pica\n|parent=Corvidae <!-- x -->\n}}"
    )
    step = taxonomy_step(Page(title="Template:Taxonomy/Pica (bird)", text=text, namespace=10))
    assert step is not None
    assert (step.name, step.rank, step.parent) == ("Pica", "genus", "Corvidae")
    assert taxonomy_step(Page(title="Pica", text=text)) is None
    same = taxonomy_step(Page(title="Template:Taxonomy/Aves/?", text="{{Don't edit this line|same_as=Aves\n}}"))
    assert same is not None
    assert (same.name, same.parent) == ("Aves", "Aves")


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("{{Species list|Parus caeruleus|Linnaeus, 1758|Parus alpinus|Smith}}", ("Parus caeruleus", "Parus alpinus")),
        ("{{Plainlist|\n* ''Parus caeruleus'' <small>L.</small>\n* ''[[Parus]] alpinus''<ref>Not X</ref>\n}}",
         ("Parus caeruleus", "Parus alpinus")),
        ("''Larus argentatus smithsonianus'' Coues<br/>''Larus argentatus'' var. ''x''", ()),
        ("''Agaricus albus'' auct., non Schaeff.<br>''Agaricus niger'' Fr.", ("Agaricus niger",)),
        ("''Lamium rubrum'' de Not. & al., 1840", ("Lamium rubrum",)),
    ],
)  # fmt: skip
def test_synonyms_are_read_from_lists_and_are_the_species_own(cell: str, names: tuple[str, ...]) -> None:
    """A list in a template was passed over; of a subspecies' name its species was taken for a synonym."""
    box = taxobox_of(f"{{{{Speciesbox|genus=Cyanistes|species=caeruleus|synonyms={cell}}}}}")
    assert box is not None
    assert box.synonyms == names


@pytest.mark.parametrize(
    "text", ["{{" + " " * 60_000, "{{disambig" + " " * 60_000 + "x", "{{" + "index article " * 6_000]
)
def test_a_page_of_blanks_is_no_list_of_meanings_and_is_read_in_no_time(text: str) -> None:
    """Runs without a bound made the search take time that grew with the cube of their length."""
    assert not is_list_of_meanings(Page(title="X", text=text))
