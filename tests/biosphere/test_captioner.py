"""The captioner that errs at known rates."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from tests.biosphere import scenes

from thuja.biosphere.caption import Plain, caption, facts, said_of
from thuja.biosphere.captioner import Captioner, Fault, Said
from thuja.biosphere.scene import Scene, Specimen
from thuja.biosphere.vocabulary import Wording
from thuja.errors import UsageError

COUNT = 2500


def pairs_of(seed: int, count: int = COUNT) -> list[tuple[Specimen, Scene]]:
    generator = np.random.default_rng(seed)
    return [
        (scenes.specimen(generator), scenes.scene(generator, is_empty=generator.random() < 0.1)) for _ in range(count)
    ]


@cache
def pairs() -> list[tuple[Specimen, Scene]]:
    return pairs_of(0)


def said_by(captioner: Captioner, count: int = COUNT, **names) -> list[Said]:
    generator = np.random.default_rng(1)
    return [captioner.caption(specimen, scene, generator, **names) for specimen, scene in pairs()[:count]]


def within(successes: int, trials: int, share: float) -> bool:
    """Whether a count is where four standard deviations of a binomial put it."""
    return abs(successes - trials * share) <= 4 * np.sqrt(trials * share * (1 - share))


@pytest.mark.parametrize("wording", Wording)
def test_without_errors_it_says_the_caption(wording):
    said = said_by(Captioner(wording=wording), 500)
    truth = [caption(specimen, scene, wording=wording) for specimen, scene in pairs()[:500]]
    assert [each.text for each in said] == truth
    assert not any(each.errors for each in said)


@pytest.mark.parametrize(
    ("omission", "substitution", "hallucination"), [(0.1, 0.0, 0.3), (0.05, 0.25, 0.0), (0.5, 0.5, 1.0)]
)
def test_it_errs_at_the_rates_it_is_given(omission, substitution, hallucination):
    said = said_by(Captioner(omission=omission, substitution=substitution, hallucination=hallucination))
    told = sum(len(said_of(specimen, scene, Wording.TRAIN).facts) for specimen, scene in pairs())
    kinds = Counter(slip.kind for each in said for slip in each.errors)
    assert within(kinds[Fault.OMISSION], told, omission)
    assert within(kinds[Fault.SUBSTITUTION], told, substitution)
    assert within(kinds[Fault.HALLUCINATION], COUNT, hallucination)


def test_every_kind_of_fact_is_spoilt_alike():
    said = said_by(Captioner(omission=0.3))
    told = Counter(fact.name for specimen, scene in pairs() for fact in said_of(specimen, scene, Wording.TRAIN).facts)
    lost = Counter(slip.trait for each in said for slip in each.errors)
    assert all(within(lost[name], count, 0.3) for name, count in told.items())


def test_what_it_replaces_is_another_value_of_the_same_trait():
    said = said_by(Captioner(substitution=1.0), 1000)
    for (specimen, scene), each in zip(pairs(), said, strict=False):
        known = {fact.name: fact.value for fact in facts(specimen, scene)}
        assert each.errors
        for slip in each.errors:
            assert slip.kind is Fault.SUBSTITUTION
            assert slip.truth == known[slip.trait]
            assert slip.said not in ("", slip.truth)


def test_what_it_adds_is_hidden_or_untrue():
    for (specimen, scene), each in zip(pairs(), said_by(Captioner(hallucination=1.0), 1000), strict=False):
        known = {fact.name: fact.value for fact in facts(specimen, scene)}
        (slip,) = each.errors
        assert known.get(slip.trait, "") == slip.truth
        assert slip.said != slip.truth
        assert each.text != caption(specimen, scene)
        assert len(each.text.split()) <= 28


def test_the_text_follows_from_the_true_facts_and_the_errors():
    """Undoing what the errors say gives back the caption: nothing else is changed."""
    captioner = Captioner(omission=0.2, substitution=0.2)
    for (specimen, scene), each in zip(pairs(), said_by(captioner, 500), strict=False):
        plain = said_of(specimen, scene, Wording.TRAIN)
        wrong = {slip.trait: slip.said for slip in each.errors}
        kept = [(fact.name, wrong.get(fact.name, fact.value)) for fact in plain.facts]
        plan = dict(kept).get("plan") or specimen.looks.body_plan
        again = [type(fact)(name, value, plan) for fact, (name, value) in zip(plain.facts, kept, strict=True) if value]
        if not scene.is_empty:
            assert Plain(tuple(again), plain.template, Wording.TRAIN).text == each.text


def test_a_name_goes_before_the_caption_and_is_wrong_as_often_as_asked():
    said = said_by(Captioner(wrong_name=0.2), name="Ashby garrock", others=["Fenby brack", "Ashby garrock"])
    wrong = [each for each in said if each.text.startswith("Fenby brack: ")]
    assert all(each.text.startswith("Ashby garrock: ") for each in said if each not in wrong)
    assert within(len(wrong), COUNT, 0.2)
    assert {(slip.truth, slip.said) for each in wrong for slip in each.errors} == {("Ashby garrock", "Fenby brack")}


def test_the_same_generator_gives_the_same_errors():
    captioner = Captioner(omission=0.2, substitution=0.2, hallucination=0.2)
    assert said_by(captioner, 100) == said_by(captioner, 100)


@pytest.mark.parametrize("rates", [{"omission": -0.1}, {"wrong_name": 1.5}, {"omission": 0.6, "substitution": 0.5}])
def test_impossible_rates_are_refused(rates):
    with pytest.raises(UsageError, match="cannot be"):
        Captioner(**rates)


def test_a_wrong_name_needs_another_name():
    specimen, scene = pairs()[0]
    with pytest.raises(UsageError, match="Ashby garrock"):
        Captioner(wrong_name=0.1).caption(specimen, scene, np.random.default_rng(0), name="Ashby garrock")
