"""Names that were never given: enough of them, and those that describe are true."""

import time

import numpy as np
import pytest
from tests.biosphere import scenes

from thuja.biosphere import coinage
from thuja.errors import UsageError
from thuja.taxonomy import Rank

COINS = {
    "stem": coinage.stem,
    "epithet": coinage.epithet,
    "noun": coinage.common_noun,
    "noun_es": coinage.common_noun_es,
    "common": lambda generator: coinage.common_name(generator, "garrock"),
    "common_es": lambda generator: coinage.common_es(generator, "tralbica"),
}


@pytest.mark.slow
@pytest.mark.parametrize("coin", COINS)
def test_twenty_thousand_names_are_unique_and_quick_to_coin(coin):
    generator, taken = np.random.default_rng(0), set()
    start = time.process_time()
    names = [coinage.unique(lambda: COINS[coin](generator), taken) for _ in range(20_000)]
    assert time.process_time() - start < 20
    assert len({name.lower() for name in names}) == 20_000
    assert max(map(len, names)) < 45


def test_a_dry_pool_gives_longer_names_without_end():
    taken: set[str] = set()
    names = [coinage.unique(lambda: "Ashby brack", taken) for _ in range(50)]
    assert len(set(names)) == 50
    assert names[0] == "Ashby brack"
    assert all(name.endswith(" brack") for name in names)


def test_a_lengthened_stem_keeps_its_heart():
    generator, taken = np.random.default_rng(1), set()
    pool = [coinage.stem(generator) for _ in range(20)]
    stems = [coinage.unique(lambda: pool[int(generator.integers(20))], taken) for _ in range(3000)]
    assert all(any(heart in stem.lower() for heart in coinage.HEARTS) for stem in stems)
    assert all(stem[0].isupper() and stem[1:].islower() for stem in stems)


def test_a_group_is_named_in_one_word_with_the_ending_of_its_rank():
    generator = np.random.default_rng(2)
    assert coinage.group(generator, coinage.stem(generator), Rank.FAMILY, 0).endswith("ridae")


def test_spanish_degrees_agree_with_the_noun():
    generator = np.random.default_rng(3)
    feminine = " ".join(coinage.common_es(generator, "tralbica") for _ in range(500))
    masculine = " ".join(coinage.common_es(generator, "garroco") for _ in range(500))
    assert "tralbica falsa de " in feminine
    assert "tralbica vieja de " in feminine
    assert " falso " not in feminine
    assert "garroco falso de " in masculine
    assert " falsa " not in masculine
    assert "~" not in feminine + masculine


TRUE_OF = {
    "maculat": lambda looks: looks.pattern == "spots",
    "fasciat": lambda looks: looks.pattern == "bands",
    "annulat": lambda looks: looks.pattern == "rings",
    "longicauda": lambda looks: looks.tail_length > 0.7,
    "brevicauda": lambda looks: looks.tail_length < 0.3,
    "furcicauda": lambda looks: looks.tail == "forked",
    "longirostr": lambda looks: looks.mouth_length > 0.7,
    "uncirostr": lambda looks: looks.mouth == "hooked",
    "macrocephal": lambda looks: looks.head_size > 0.7,
    "gracil": lambda looks: looks.elongation > 0.7,
    "brevipes": lambda looks: looks.limb_length < 0.3,
    "cristat": lambda looks: looks.ornament == "crest",
    "quadriocellat": lambda looks: looks.ocelli == 4,
    "laticoll": lambda looks: looks.collar_width > 0.7,
}


def test_a_descriptive_epithet_is_true_and_agrees_with_the_genus():
    generator = np.random.default_rng(4)
    seen = set()
    for _ in range(4000):
        looks = scenes.specimen(generator).looks
        genus = ("Bralizvora", "Bralizvorus", "Bralizvorum")[int(generator.integers(3))]
        epithet = coinage.descriptive_epithet(generator, looks, genus=genus)
        stems = [stem for stem in TRUE_OF if epithet is not None and epithet.startswith(stem)]
        seen.update(stems)
        assert all(TRUE_OF[stem](looks) for stem in stems), (epithet, looks)
        if stems == ["maculat"]:
            assert epithet == {"a": "maculata", "s": "maculatus", "m": "maculatum"}[genus[-1]]
        if stems == ["longirostr"]:
            assert epithet == ("longirostre" if genus.endswith("um") else "longirostris")
    assert seen == set(TRUE_OF)


def test_descriptive_common_names_are_true_in_both_languages():
    generator = np.random.default_rng(5)
    words = {
        "en": {
            "spotted": lambda looks: looks.pattern == "spots",
            "striped": lambda looks: looks.pattern == "stripes",
            "slender": lambda looks: looks.elongation > 0.7,
            "horned": lambda looks: looks.ornament == "horns",
        },
        "es": {
            "manchada": lambda looks: looks.pattern == "spots",
            "rayada": lambda looks: looks.pattern == "stripes",
            "esbelta": lambda looks: looks.elongation > 0.7,
            "cornuda": lambda looks: looks.ornament == "horns",
        },
    }
    for language, known in words.items():
        seen = set()
        for _ in range(3000):
            looks = scenes.specimen(generator).looks
            noun = "garroca" if language == "es" else "garrock"
            name = coinage.descriptive_common(generator, looks, noun=noun, language=language)
            if name is None:
                continue
            first, last = name.split(" ", 1) if language == "es" else name.rsplit(" ", 1)
            assert noun == (first if language == "es" else last)
            word = last if language == "es" else first
            seen.add(word)
            assert word not in known or known[word](looks), (name, looks)
        assert set(known) <= seen


def test_parts_are_called_as_the_body_plan_calls_them():
    generator = np.random.default_rng(6)
    plain = {"pattern": "blotches", "mouth": "blunt", "tail": "round", "ornament": "antennae", "limb_marks": "plain"}
    middle = dict.fromkeys(("elongation", "head_size", "limb_length", "tail_length", "collar_width", "chroma"), 0.5)
    fixed = plain | middle | {"ocelli": 2, "ocellus_size": 0.5, "mouth_length": 0.9}
    for plan, expected in (("bird", "long-beaked garrock"), ("moth", "long-proboscised garrock")):
        looks = scenes.specimen(generator, plan, **fixed).looks
        assert coinage.descriptive_common(generator, looks, noun="garrock", language="en") == expected


def test_what_has_no_feature_has_no_descriptive_name():
    generator = np.random.default_rng(7)
    plain = {"pattern": "blotches", "mouth": "blunt", "tail": "round", "ornament": "antennae", "limb_marks": "plain"}
    shares = ("elongation", "head_size", "limb_length", "tail_length", "mouth_length", "collar_width", "chroma")
    fixed = plain | dict.fromkeys((*shares, "ocellus_size"), 0.5) | {"ocelli": 2}
    looks = scenes.specimen(generator, **fixed).looks
    assert coinage.descriptive_epithet(generator, looks) is None
    for language in coinage.LANGUAGES:
        assert coinage.descriptive_common(generator, looks, noun="x", language=language) is None


def test_an_unknown_language_is_refused():
    generator = np.random.default_rng(8)
    looks = scenes.specimen(generator).looks
    with pytest.raises(UsageError, match='"fr"'):
        coinage.descriptive_common(generator, looks, noun="garrock", language="fr")
