"""A third of the traits is never named: no text of any kind says anything of them."""

import re
from functools import cache

import numpy as np
import pytest
from tests.biosphere import scenes
from tests.biosphere.accounts import account

from thuja.biosphere import coinage
from thuja.biosphere.bodies import PLANS
from thuja.biosphere.caption import caption
from thuja.biosphere.captioner import Captioner
from thuja.biosphere.describe import describe
from thuja.biosphere.traits import TRAITS
from thuja.biosphere.vocabulary import Wording, parts_of

COUNT = 1200
_LIMBS = "|".join(sorted({parts_of(plan).limbs.of(wording) for plan in PLANS for wording in Wording}))
_ADJECTIVE = r"(?:[\w-]+ )??"
_THICK = "thin|thick|narrow|broad|wide|slim|stout"
_TIPS = "pointed|round|forked|flat"
_ORNAMENTS = "crest|horns|antennae|spines|topknot|antlers|feelers|prickles"
_PLACES = "front|hind|rear|forward|middle|high|low"
SAYINGS = {
    "limb_width": rf"\b(?:{_THICK})(?:er)? {_ADJECTIVE}(?:{_LIMBS})\b|\bwidth\b",
    "limb_tip": rf"\b(?:{_TIPS})(?:-tipped)? {_ADJECTIVE}(?:{_LIMBS})\b|\bflat\b|\btips?\b(?<!shoot tip)",
    "ornament_length": rf"\b(?:long|short|lengthy|stubby)\w* (?:{_ORNAMENTS})\b",
    "margin": r"\b(?:margins?|scallop\w*|tooth\w*|teeth|fringed?|fringes)\b|\bsmooth\b",
    "pattern_wobble": r"\b(?:wobbl\w*|wavy|wavering|jagged|irregular)\b",
    "collar_place": rf"\b(?:{_PLACES}) (?:collar|girdle)\b|(?:collar|girdle) (?:near|behind|halfway|at its)\b",
    "ocellus_form": r"\b(?:discs?|disks?|crescents?|bar)\b(?<!scale bar)|\bring(?:ed|-shaped)? (?:eyespots?|ocell)",
    "texture": r"\b(?:smooth|scaly|scales|furry|fur|hairy|warty|warts|textures?)\b",
    "midline_width": r"\b(?:midline|dorsal (?:line|stripe)|line along|back line)\b",
}
"""By trait that is not named, what a text would say of it."""


@cache
def texts() -> list[str]:
    """Thousands of texts of all kinds."""
    generator = np.random.default_rng(0)
    poor = [Captioner(omission=0.1, substitution=0.3, hallucination=1.0, wording=wording) for wording in Wording]
    found = []
    for _ in range(COUNT):
        specimen, scene = scenes.specimen(generator), scenes.scene(generator)
        looks = specimen.looks
        for wording, captioner in zip(Wording, poor, strict=True):
            found.append(caption(specimen, scene, wording=wording))
            found.append(captioner.caption(specimen, scene, generator).text)
        found.append(coinage.descriptive_epithet(generator, looks) or "")
        for noun, language in (("garrock", "en"), ("garroca", "es")):
            name = coinage.descriptive_common(generator, looks, noun=noun, language=language)
            found.append(name or "")
    for _ in range(COUNT // 5):
        species = account(generator)
        found += [sentence.text for wording in Wording for sentence in describe(species, generator, wording=wording)]
    return found


def test_every_unnamed_trait_is_looked_for():
    assert set(SAYINGS) == {name for name, trait in TRAITS.items() if not trait.is_named}
    assert len(texts()) > 8_000


@pytest.mark.parametrize("name", SAYINGS)
def test_no_text_says_anything_of_a_trait_that_is_not_named(name):
    said = re.compile(SAYINGS[name], re.IGNORECASE)
    assert [text for text in texts() if said.search(text)] == []


@pytest.mark.parametrize("name", SAYINGS)
def test_no_text_gives_the_name_of_a_trait_that_is_not_named(name):
    assert not any(name in text or name.replace("_", " ") in text.lower() for text in texts())


def test_the_search_finds_what_it_looks_for():
    """Each expression hits its own kind of saying, and leaves alone the like of it about named traits."""
    hits = {
        "limb_width": "A fish with thin striped back fins.",
        "limb_tip": "A bird with forked wing feathers.",
        "ornament_length": "A moth with long antennae.",
        "margin": "A fern with toothed leaflets.",
        "pattern_wobble": "A fish with wavy bands.",
        "collar_place": "A bird with a rear collar.",
        "ocellus_form": "A moth with two ring-shaped eyespots.",
        "texture": "A furry beast.",
        "midline_width": "A beetle with a midline.",
    }
    misses = (
        "A bird with rings, ringed wing feathers, a round tail and two eyespots, pinned beside a scale bar.",
        "A fish with a narrow collar, long back fins and a crest, with worn edges.",
    )
    for name, saying in SAYINGS.items():
        assert re.search(saying, hits[name], re.IGNORECASE), name
        assert not any(re.search(saying, text, re.IGNORECASE) for text in misses), name
