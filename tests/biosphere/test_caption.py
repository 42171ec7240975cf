"""Captions: what they say is true of the specimen and plain to see in the picture."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scripts.measure_visibility import with_another
from tests.biosphere import scenes

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.cameras import has_foreground
from thuja.biosphere.caption import MOST_WORDS, caption, facts, said_of
from thuja.biosphere.colours import colour_name, colour_pair
from thuja.biosphere.draw import draw, silhouette
from thuja.biosphere.paints import worn_pair
from thuja.biosphere.scene import Ailments, Camera, Scene, Specimen, Style
from thuja.biosphere.traits import HABITATS, NEUTRAL, TRAITS, View, visibility
from thuja.biosphere.vocabulary import COLOUR_NAMES, Fact, Wording, parts_of, values_of, word

COUNT = 2000
NAMED = [name for name, trait in TRAITS.items() if trait.is_named]


def specimen_of(generator, **fixed) -> Specimen:
    """A specimen that may be ill."""
    severities = generator.random(3) * (generator.random(3) < 0.3)
    ailments = Ailments(**dict(zip(("lesions", "parasites", "wear"), severities.tolist(), strict=True)))
    return scenes.specimen(generator, **{"ailments": ailments} | fixed)


def scene_of(generator, **fixed) -> Scene:
    """A scene of any camera, style and view."""
    own = {
        "habitat": (*HABITATS, NEUTRAL)[int(generator.integers(6))],
        "camera": list(Camera)[int(generator.integers(5))],
        "style": Style.HATCHED if generator.random() < 0.2 else Style.SHADED,
        "view": list(View)[int(np.searchsorted((0.55, 0.7, 0.85), generator.random()))],
        "angle": float(generator.normal(0, 35)),
        "is_empty": bool(generator.random() < 0.1),
        "is_dark": bool(generator.random() < 0.2),
    }
    return scenes.scene(generator, **own | fixed)


def pairs_of(seed: int, count: int = COUNT, **fixed) -> list[tuple[Specimen, Scene]]:
    generator = np.random.default_rng(seed)
    return [(specimen_of(generator), scene_of(generator, **fixed)) for _ in range(count)]


@cache
def pairs() -> list[tuple[Specimen, Scene]]:
    return pairs_of(0)


@cache
def captions(wording: Wording) -> list[str]:
    """Of all pairs, in their order."""
    return [caption(specimen, scene, wording=wording) for specimen, scene in pairs()]


CLEAR = {
    "style": Style.SHADED, "view": View.WHOLE, "haze": 0.0, "occluders": 0, "blur": 0.0,
    "is_empty": False, "is_dark": False,
}  # fmt: skip


@cache
def reader_of(plan: str, wording: Wording) -> list[tuple[str, str, re.Pattern[str]]]:
    """What to look for in a sentence about a body plan: adjectives before the noun they belong to, and phrases."""
    parts, is_train = parts_of(plan), wording is Wording.TRAIN
    patterns = [word(Fact("pattern", value), wording) for value in values_of("pattern")]
    marks = "|".join([*patterns, "marks" if is_train else "motifs"])
    eyespots = "eyespots?" if is_train else "ocelli|ocellus"
    nouns = dict.fromkeys(("elongation", "chroma", "stage", "colour"), word(Fact("plan", plan), wording))
    nouns |= dict.fromkeys(("pattern_scale", "mark_colour", "lightness"), marks)
    nouns |= dict.fromkeys(("limb_count", "limb_length", "limb_marks"), parts.limbs.of(wording))
    nouns |= dict.fromkeys(("mouth", "mouth_length"), parts.mouth.of(wording))
    nouns |= dict.fromkeys(("tail", "tail_length"), parts.tail.of(wording))
    nouns |= dict.fromkeys(("ocelli", "ocellus_size"), eyespots)
    nouns |= {"head_size": parts.head.of(wording), "collar_width": "collar" if is_train else "girdle"}
    adjectives = {(n, v): re.escape(word(Fact(n, v, plan), wording)) for n in nouns for v in values_of(n)}
    unit = re.escape(parts.unit.of(wording).strip())
    between = "|".join([*sorted(adjectives.values(), key=len, reverse=True), *([unit] if unit else [])])
    found = [
        # "sky blue" holds "blue", which no sentence means then.
        (name, value, rf"(?<![\w-])(?<!sky )(?<!dark ){said} (?:(?:{between}) )*(?:{nouns[name]})(?![\w-])")
        for (name, value), said in adjectives.items()
    ]
    for name in (
        "ornament",
        "pattern",
        "ailment",
        "heading",
        "view",
        "light",
        "style",
        "camera",
        "ground",
        "emptiness",
    ):
        for value in values_of(name):
            found.append(
                (name, value, rf"(?<![\w-])(?<!shell ){re.escape(word(Fact(name, value, plan), wording))}(?![\w-])")
            )
    return [(name, value, re.compile(pattern, re.IGNORECASE)) for name, value, pattern in found]


def said_in(text: str, wording: Wording, specimen: Specimen) -> set[tuple[str, str]]:
    """What a sentence says, read back with a grammar of its own."""
    reader = reader_of(specimen.looks.body_plan, wording)
    return {(name, value) for name, value, pattern in reader if pattern.search(text)}


def is_true(name: str, value: str, specimen: Specimen, scene: Scene) -> bool:
    """Whether a fact is true, worked out from the specimen alone."""
    looks = specimen.looks
    if name in ("colour", "mark_colour"):
        return value == colour_name(worn_pair(specimen)[name == "mark_colour"])
    if name == "lightness":
        brightness = [float(np.dot(colour, (0.299, 0.587, 0.114))) for colour in colour_pair(looks)]
        ground, marks = reversed(brightness) if specimen.is_reversed else brightness
        return (marks > ground) == (value == "high") and not 0.3 <= looks.lightness <= 0.7
    if name in TRAITS:
        own = getattr(looks, name)
        return str(own) == value if TRAITS[name].is_discrete else own < 0.3 if value == "low" else own > 0.7
    if name == "ailment":
        return getattr(specimen.ailments, value) > 0.3
    truth = {
        "plan": looks.body_plan,
        "stage": specimen.stage,
        "heading": "left" if scene.is_mirrored else "right",
        "view": "distant" if scene.view is View.DISTANT else "near",
        "light": "dark" if scene.is_dark else "day",
        "style": scene.style.value,
        "camera": scene.camera.value,
        "ground": scene.habitat,
        "emptiness": "empty" if scene.is_empty else "busy",
    }
    return truth[name] == value


@pytest.mark.parametrize("wording", Wording)
def test_a_caption_is_true_of_specimen_and_scene(wording):
    told = 0
    for (specimen, scene), text in zip(pairs(), captions(wording), strict=True):
        for name, value in said_in(text, wording, specimen):
            told += 1
            assert is_true(name, value, specimen, scene), (text, name, value)
    assert told > 2 * COUNT


@pytest.mark.parametrize("wording", Wording)
def test_a_caption_says_nothing_but_facts_of_its_picture(wording):
    for (specimen, scene), text in zip(pairs(), captions(wording), strict=True):
        known = {(fact.name, fact.value) for fact in facts(specimen, scene)}
        assert said_in(text, wording, specimen) <= known, text


def test_the_reader_of_these_tests_finds_what_captions_say():
    """Else the tests of truth would pass by seeing nothing."""
    generator = np.random.default_rng(5)
    seen: set[str] = set()
    for _ in range(COUNT):
        specimen, scene = specimen_of(generator), scene_of(generator, **CLEAR)
        seen |= {name for name, _ in said_in(caption(specimen, scene), Wording.TRAIN, specimen)}
    traits = set(NAMED) - {"hue"} | {"colour", "mark_colour", "stage", "ailment", "heading", "camera", "ground"}
    assert seen >= traits


@pytest.mark.parametrize("wording", Wording)
def test_a_caption_is_one_sentence_of_at_most_twenty_words(wording):
    for text in captions(wording):
        assert 2 <= len(text.split()) <= MOST_WORDS
        assert re.fullmatch(r"[A-Z][a-z,' -]+\.", text), text
        assert "  " not in text
        assert " ," not in text
        assert ",," not in text
        assert not re.search(r"\b(a|an|the|with|and|of|in|on) (with|and|\.|,)", text), text


@pytest.mark.parametrize("wording", Wording)
def test_articles_agree_with_what_follows(wording):
    for text in captions(wording):
        assert not re.search(r"\ba [aeio]|\ban [^aeio]", text.lower()), text


def test_most_captions_say_two_to_four_facts_beside_the_body_plan():
    generator = np.random.default_rng(3)
    counts = []
    for _ in range(500):
        specimen, scene = specimen_of(generator), scene_of(generator, **CLEAR)
        counts.append(len(said_in(caption(specimen, scene), Wording.TRAIN, specimen)))
    assert 2 <= np.mean(counts) <= 4.2


def test_the_same_picture_has_the_same_caption_and_other_moments_have_others():
    specimen, scene = pairs()[0]
    scene = replace(scene, **CLEAR)
    assert caption(specimen, scene) == caption(specimen, scene)
    assert len({caption(specimen, replace(scene, seed=seed)) for seed in range(60)}) > 30


def names_in(specimen: Specimen, scene: Scene) -> set[str]:
    return {fact.name for fact in facts(specimen, scene)}


def test_hidden_details_are_no_facts():
    """What an occluder, a blur, a crop or the distance may hide is left unsaid."""
    surroundings = {
        "plan",
        "colour",
        "mark_colour",
        "pattern",
        "heading",
        "view",
        "ground",
        "light",
        "style",
        "camera",
    }
    for specimen, scene in pairs():
        if scene.is_empty:
            continue
        names = names_in(specimen, scene)
        if has_foreground(scene) or scene.blur >= 0.6 or scene.view is View.DISTANT:
            assert names <= surroundings
        if scene.view is not View.WHOLE:
            assert not names & {"stage", "ailment"}
        for name in names & set(TRAITS) - {"pattern"}:
            assert visibility(TRAITS[name], scene.view, specimen.looks.body_plan) >= 1


def traits_told(specimen: Specimen, scene: Scene) -> set[str]:
    """The traits that a caption names."""
    said = {fact.name for fact in said_of(specimen, scene, Wording.TRAIN).facts}
    return said & set(TRAITS) | ({"hue"} if said & {"colour", "mark_colour"} else set())


@pytest.mark.slow
@pytest.mark.parametrize("view", [View.FRONT, View.REAR])
def test_what_a_caption_of_a_near_view_names_is_in_the_frame(view):
    """A trait that is named changes the picture.

    Captions told of the marks on limbs where no limb was to be seen, and of patterns of two colours that an
    infrared flash shows as one grey.
    """
    generator = np.random.default_rng(9)
    shares = []
    for _ in range(120):
        specimen, scene = specimen_of(generator), scene_of(generator, view=view, is_empty=False)
        before = np.asarray(draw(specimen, scene), dtype=int)
        body = np.count_nonzero(silhouette(specimen, scene))
        for name in sorted(traits_told(specimen, scene)):
            trait, own = TRAITS[name], getattr(specimen.looks, name)
            if trait.is_discrete:
                other = with_another(specimen, trait, generator)
            else:
                other = replace(specimen, looks=replace(specimen.looks, **{name: (own + 0.5) % 1}))
            changed = np.abs(np.asarray(draw(other, scene), dtype=int) - before).max(axis=2) > 8
            shares.append(changed.sum() / body)
    assert len(shares) > 120
    assert min(shares) > 0.001


@pytest.mark.parametrize("view", View)
def test_the_young_are_called_so_where_all_of_them_is_clear_to_see_in_its_colours(view):
    """No near view, none from afar and no drawing in ink tells a stage."""
    told = 0
    for specimen, scene in pairs_of(11, view=view):
        if "stage" in names_in(specimen, scene):
            told += 1
            assert (scene.view, scene.style, specimen.stage) == (View.WHOLE, Style.SHADED, "juvenile")
            assert scene.blur < 0.6
            assert not scene.is_dark
            assert not has_foreground(scene)
    assert bool(told) == (view is View.WHOLE)


def test_an_ailment_that_a_caption_names_is_drawn():
    generator = np.random.default_rng(12)
    told = 0
    for _ in range(120):
        kind = ("lesions", "parasites", "wear")[int(generator.integers(3))]
        specimen = specimen_of(generator, ailments=Ailments(**{kind: float(generator.uniform(0, 1))}))
        scene = scene_of(generator, view=View.WHOLE, occluders=0)
        if ("ailment", kind) in {(fact.name, fact.value) for fact in facts(specimen, scene)}:
            told += 1
            healthy = np.asarray(draw(replace(specimen, ailments=Ailments()), scene), dtype=int)
            changed = np.abs(np.asarray(draw(specimen, scene), dtype=int) - healthy).max(axis=2) > 8
            assert changed.sum() > 0.005 * np.count_nonzero(silhouette(specimen, scene))
    assert told > 30


def test_a_clear_picture_tells_every_named_trait_at_an_end():
    generator = np.random.default_rng(8)
    ends = dict.fromkeys((name for name in NAMED if not TRAITS[name].is_discrete), 0.95) | {"hue": 0.4}
    specimen = specimen_of(generator, plan="bird", is_reversed=False, ailments=Ailments(), **ends)
    names = names_in(specimen, scene_of(generator, **CLEAR))
    assert set(NAMED) - {"hue"} - names == set()


def test_dark_and_hatched_pictures_name_no_colour():
    for specimen, scene in pairs():
        if scene.is_dark or scene.style is Style.HATCHED:
            assert not names_in(specimen, scene) & {"colour", "mark_colour", "chroma"}
            words = set(re.findall(r"[a-z]+", caption(specimen, scene)))
            assert not words & set(COLOUR_NAMES)


def test_an_empty_frame_has_nobody_in_it():
    nouns = {plan.noun for plan in PLANS.values()} | {word(Fact("plan", plan), Wording.TEST) for plan in PLANS}
    for specimen, scene in pairs_of(2, 500, is_empty=True):
        for wording in Wording:
            text = caption(specimen, scene, wording=wording)
            assert not any(re.search(rf"\b{noun}\b", text) for noun in nouns)
            assert re.search(r"\b(an empty frame|a vacant shot)\b", text.lower())


def test_a_colour_of_a_specimen_has_a_word_in_both_wordings():
    generator = np.random.default_rng(4)
    found = {colour_name(colour) for _ in range(3000) for colour in colour_pair(scenes.specimen(generator).looks)}
    assert found <= set(COLOUR_NAMES)
