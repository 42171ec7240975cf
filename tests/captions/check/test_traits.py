"""The parser of traits, and a caption's traits against a description."""

from dataclasses import replace
from pathlib import Path

import pytest

from thuja.captions.check.finding import Subject
from thuja.captions.check.traits.against_description import Traits
from thuja.captions.check.traits.claims import PRESENCE, claims_of
from thuja.captions.check.traits.lexicon import general, parse_lexicon, read_lexicon
from thuja.errors import BadFile


def said(text: str) -> list[str]:
    """The claims but those that a part is there; "?" behind conditional ones."""
    claims = [claim for claim in claims_of(text, general()) if claim.dimension != PRESENCE or claim.value == "none"]
    return [f"{claim}{'?' if claim.is_conditional else ''}" for claim in claims]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("a bright yellow breast and a black cap", ["breast: yellow", "cap: black"]),
        ("Wings black with white bars", ["wing: black", "wing bar: white", "wing: pattern bar"]),
        ("Wings black, tail long", ["wing: black", "tail: length long"]),
        ("The bill is long, hooked and orange.", ["bill: length long", "bill: bend curved", "bill: orange"]),
        ("a long-tailed, red-winged bird", ["tail: length long", "wing: red"]),
        ("a reddish-brown back", ["back: reddish brown"]),
        ("black-and-white feathers", ["feather: black", "feather: white"]),
        ("Brown overall, green above and white below", ["it: brown", "upperparts: green", "underparts: white"]),
        ("white stripe above the eye", ["whole stripe: white", "it: pattern stripe"]),
        ("red spots on the wings", ["wing spot: red", "wing: pattern spot"]),
        ("The tip of the tail is white", ["tail tip: white"]),
        ("three pairs of long legs", ["leg: pairs 3", "leg: length long"]),
        ("five-petaled white flowers", ["petal: count 5", "flower: white"]),
        ("a bird without a crest", ["crest: none"]),
        ("a cap that is not red", []),
        ("Males have a red crown", ["crown: red?"]),
        ("a white-tipped black tail", ["tail: black"]),
        ("It wears bands in red and blue", ["it: pattern band", "it: red", "it: blue"]),
        ("a bird in green grass", []),
        ("upper wing gray", ["upper wing: gray"]),
        ("glossy, heart-shaped leaves", ["leaf: shine glossy", "leaf: shape heart"]),
    ],
)  # fmt: skip
def test_a_text_says_of_which_part_what(text: str, claims: list[str]) -> None:
    assert said(text) == claims


DESCRIBED = "The wings are black with white bars. It has a short, conical pink bill. Males have a black cap. No crest."


@pytest.mark.parametrize(
    ("caption", "contradicted"),
    [
        ("An American goldfinch with black wings", []),
        ("An American goldfinch with a conical orange bill", []),
        ("An American goldfinch with yellow wings", ["wing: yellow"]),
        ("An American goldfinch with a long blue bill", ["bill: length long", "bill: blue"]),
        ("An American goldfinch with a crest", ["crest: some"]),
        ("An American goldfinch with a white cap", []),
        ("An American goldfinch with orange legs", []),
        ("A juvenile American goldfinch with yellow wings", []),
        ("A small American goldfinch with yellow and black wings", []),
    ],
)
def test_only_what_is_said_otherwise_of_the_same_part_contradicts(
    caption: str, contradicted: list[str], goldfinch: Subject
) -> None:
    found = Traits()(caption, replace(goldfinch, description=DESCRIBED))
    assert found.facts["contradicted"] == contradicted
    assert found.is_fault == bool(contradicted)


def test_new_traits_lower_the_score_and_supported_ones_do_not(goldfinch: Subject) -> None:
    described = replace(goldfinch, description=DESCRIBED)
    found = Traits()("An American goldfinch with black wings and orange legs", described)
    assert (found.facts["supported"], found.facts["new"], found.score) == (["wing: black"], ["leg: orange"], 0.75)


def test_a_contradiction_says_both_sides(goldfinch: Subject) -> None:
    found = Traits()("An American goldfinch with yellow wings", replace(goldfinch, description=DESCRIBED))
    assert found.reason == "it says wing: yellow, the description wing: black"


def test_without_a_description_nothing_is_contradicted(goldfinch: Subject) -> None:
    assert Traits()("An American goldfinch with blue wings", goldfinch).score == 1


def test_a_data_set_brings_words_of_its_own(goldfinch: Subject, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("[parts]\nveil: veil rags, velum shreds\n[edge !]\nragged: ragged\nneat: neat\n")
    lexicon = general().plus(read_lexicon(file))
    described = replace(goldfinch, description="It has neat veil rags.")
    assert Traits(lexicon=lexicon)("A goldfinch with ragged velum shreds", described).is_fault
    assert not Traits()("A goldfinch with ragged velum shreds", described).is_fault


def test_a_lexicon_without_sections_or_colons_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no line of a lexicon"):
        parse_lexicon("bill: beak")
    file = tmp_path / "words.txt"
    file.write_text("[parts]\nbeak\n")
    with pytest.raises(BadFile, match='"beak" is no line of a lexicon'):
        read_lexicon(file)
