"""Invisible claims, copies, languages."""

from dataclasses import replace

import pytest

from thuja.captions.check.copying import Copying, longest_run, shared_grams
from thuja.captions.check.finding import Subject
from thuja.captions.check.invisible import Invisible
from thuja.captions.check.language import Language
from thuja.taxonomy import Taxon


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("American goldfinch that sings a sweet song", "sound"),
        ("A flower with a strong scent", "smell"),
        ("A yellow bird that nests in thistles", "behaviour"),
        ("A yellow bird that feeds on thistle seeds", "diet"),
        ("A yellow bird native to North America", "distribution"),
        ("A yellow bird 12 cm long", "measure"),
        ("A yellow bird with a wingspan of nine inches", "measure"),
        ("A yellow bird of least concern", "abundance"),
        ("A mushroom, edible when young", "behaviour"),
        ("An edible white mushroom", "use"),
        ("A yellow bird, brown in winter", "season"),
        ("A bird that is usually yellow", "generality"),
        ("A yellow bird, emitting a thin buzz", "sound"),
        ("A white flower, lemony to the nose", "smell"),
        ("A yellow bird, drab until the rains", "season"),
        ("A yellow bird, wary of hawks", "behaviour"),
        ("A yellow bird living off crumbs", "diet"),
        ("A yellow bird along rocky shores of Gabon", "distribution"),
        ("A yellow bird, the weight of a coin", "measure"),
        ("A yellow bird, its population recovering", "abundance"),
        ("A white flower, brewed by healers", "use"),
        ("A yellow bird, unlike its cousins", "generality"),
    ],
)
def test_each_kind_of_invisible_claim_is_found(text: str, kind: str, goldfinch: Subject) -> None:
    assert Invisible()(text, goldfinch).facts["kind"] == kind


@pytest.mark.parametrize(
    "text",
    [
        "A yellow bird eating a seed on a thistle",
        "A yellow bird feeds on a thistle",
        "A bird on two feet, in flight over water",
        "A swan swims in shallow water, its neck curved",
        "A solitary white flower grows on a leafless stalk",
        "Green stalks and evergreen leaves with a rattle-shaped pod",
        "Three pairs of long ringed feet",
        "A small screech-like owl with ear tufts",
        "A trillium with three white petals, its spur as long as the leaf",
        "A plant with an erect reproductive column",
        "A beast with parasites, caught by a camera trap",
        "A bird with its wings raised in a V, paler than the rest of it",
        "A fern with sori protected by a false cover that differs in shape",
        "A male that has a gray head, facing a female",
        "A bird with different numbers of spots on its wings",
    ],
)
def test_what_a_picture_shows_is_no_invisible_claim(text: str, goldfinch: Subject) -> None:
    assert not Invisible()(text, goldfinch).is_fault


def test_a_name_claims_nothing() -> None:
    swan = Subject(taxon=Taxon(common="whistling swan"), names=("whistling swan",))
    assert not Invisible()("A whistling swan, white, on water", swan).is_fault
    assert Invisible()("A white bird whistling on water", swan).is_fault


def test_a_copied_run_is_a_fault_and_shared_terms_are_none(goldfinch: Subject) -> None:
    described = replace(
        goldfinch,
        description="The male is a vibrant yellow in the summer and an olive colour in the cold months.",
        examples=("The monarch has bright orange wings with black veins and white dots along the margins.",),
    )
    copied = "This American goldfinch is a vibrant yellow in the summer and an olive colour."
    found = Copying()(copied, described)
    assert (found.is_fault, found.facts["run"], found.facts["source"]) == (True, 11, "description")
    assert not Copying()("A vibrant yellow American goldfinch with black wings on a stalk", described).is_fault
    example = "American goldfinch with bright orange wings with black veins and white dots along the edge."
    assert Copying()(example, described).facts["source"] == "example"


def test_runs_and_shares_are_counted_in_words() -> None:
    assert longest_run(["a", "b", "c", "d"], ["x", "b", "c", "y", "c", "d"]) == 2
    assert longest_run([], ["a"]) == 0
    assert shared_grams(["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d"]) == 0.5
    assert shared_grams(["a", "b", "c"], ["a", "b", "c"]) == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ein roter Vogel mit langem Schnabel auf Sand", "de"),
        ("Un p\u00e1jaro rojo con pico largo y cola corta", "es"),
        ("Oiseau rouge au bec long, queue courte", "fr"),
        ("P\u00e1ssaro vermelho com bico longo sobre a areia", "pt"),
        ("Uccello rosso con becco lungo su sabbia", "it"),
        ("\u8d64\u3044\u9ce5\u304c\u7802\u306e\u4e0a\u306b\u3044\u308b", "another script"),
    ],
)
def test_other_languages_are_faults(text: str, language: str, goldfinch: Subject) -> None:
    assert Language()(text, goldfinch).facts["language"] == language


@pytest.mark.parametrize(
    "text",
    [
        "Brown overall.",
        "Flat leaves.",
        "Red bill, orange legs.",
        "Spinus tristis perches.",
        "Glabrous lanceolate leaves, corymbose umbels",
    ],
)
def test_few_english_words_among_latin_ones_are_english(text: str, goldfinch: Subject) -> None:
    assert not Language()(text, goldfinch).is_fault
