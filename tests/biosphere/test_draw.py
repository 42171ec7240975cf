"""Sightings, pictures and captions."""

from dataclasses import replace

import numpy as np
import pytest

from thuja.biosphere import Sighting, World, WorldConfig, caption, draw
from thuja.biosphere.bodies import PLANS
from thuja.biosphere.caption import _MARKS, _WHERE
from thuja.biosphere.colours import colour_name, colour_pair
from thuja.biosphere.traits import HABITATS, MOUTHS, ORNAMENTS, PATTERNS, TAILS
from thuja.errors import UsageError

WORLD = World.make(WorldConfig(seed=0, species=60, images=10))
SIGHTINGS = [Sighting.of(WORLD, species, number) for species in range(60) for number in range(4)]


def pixels(sighting: Sighting, size: int = 64) -> np.ndarray:
    return np.asarray(draw(sighting.specimen, sighting.scene, size))


def test_a_sighting_depends_on_nothing_drawn_before_it():
    alone = Sighting.of(World.make(WorldConfig(seed=0, species=60, images=10)), 17, 3)
    assert alone == SIGHTINGS[17 * 4 + 3]
    np.testing.assert_array_equal(pixels(alone), pixels(SIGHTINGS[17 * 4 + 3]))


def test_pictures_of_a_species_differ():
    first, second = pixels(SIGHTINGS[0]), pixels(SIGHTINGS[1])
    assert np.abs(first.astype(int) - second).mean() > 20


@pytest.mark.parametrize("size", [16, 33, 128, 200])
def test_a_picture_has_the_size_asked_for(size):
    image = draw(SIGHTINGS[0].specimen, SIGHTINGS[0].scene, size)
    assert (image.size, image.mode) == ((size, size), "RGB")


def test_a_picture_looks_the_same_at_another_size():
    """The ground's grain is finer in a larger picture, the specimen and its place are the same."""
    for sighting in SIGHTINGS[:8]:
        plain = replace(sighting.scene, noise=0.0, blur=0.0, occluders=0, ground_contrast=0.0)
        large = draw(sighting.specimen, plain, 192).resize((64, 64))
        small = draw(sighting.specimen, plain, 64)
        assert np.abs(np.asarray(large, dtype=int) - np.asarray(small)).mean() < 16


@pytest.mark.parametrize("plan", sorted(PLANS))
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_every_plan_is_drawn_at_the_ends_of_every_trait(plan, level):
    """The body covers a fair part of the frame and stays inside it, whatever its traits."""
    base = SIGHTINGS[0]
    looks = dict.fromkeys(
        ("elongation", "head", "limb_length", "mouth_length", "tail_length", "ornament_length", "pattern_scale"), level
    )
    scene = replace(base.scene, ground_saturation=0.0, ground_contrast=0.0, haze=0.0, noise=0.0, blur=0.0, occluders=0)
    ground = None
    for mouth, tail, ornament in zip(MOUTHS * 2, TAILS * 2, (*ORNAMENTS, *ORNAMENTS[:3]), strict=True):
        traits = replace(
            base.specimen.traits,
            body_plan=plan,
            mouth=mouth,
            tail=tail,
            ornament=ornament,
            limbs=3 + round(level * 3),
            **looks,
        )
        image = np.asarray(draw(replace(base.specimen, traits=traits), scene, 64), dtype=int)
        bare = np.asarray(draw(replace(base.specimen, traits=traits), replace(scene, fill=0.01), 64), dtype=int)
        changed = np.abs(image - bare).max(axis=2) > 24
        assert 0.04 < changed.mean() < 0.7
        ground = changed
    assert ground is not None


@pytest.mark.parametrize("pattern", PATTERNS)
def test_both_colours_cover_half_of_the_specimen(pattern):
    """Else the mean colour of a picture would tell the species to a linear model."""
    base = next(s for s in SIGHTINGS if s.specimen.traits.body_plan in ("bird", "fish", "snail", "beetle"))
    traits = replace(base.specimen.traits, pattern=pattern, hue=0.0, chroma=1.0, lightness=0.0)
    scene = replace(
        base.scene,
        ground_saturation=0.0,
        ground_contrast=0.0,
        haze=0.0,
        noise=0.0,
        blur=0.0,
        occluders=0,
        light_strength=0.0,
    )
    image = np.asarray(draw(replace(base.specimen, traits=traits), scene, 128), dtype=int)
    red = (image[..., 0] - image[..., 2] > 100).sum()
    cyan = (image[..., 2] - image[..., 0] > 100).sum()
    assert 0.75 < red / cyan < 1.33


@pytest.mark.parametrize("habitat", HABITATS)
def test_habitats_do_not_differ_in_mean_colour(habitat):
    scenes = [replace(s.scene, habitat=habitat, fill=0.02, noise=0.0) for s in SIGHTINGS]
    means = [
        np.asarray(draw(s.specimen, scene, 32)).mean(axis=(0, 1)) for s, scene in zip(SIGHTINGS, scenes, strict=True)
    ]
    plain = [replace(scene, habitat="sand") for scene in scenes]
    sand = [
        np.asarray(draw(s.specimen, scene, 32)).mean(axis=(0, 1)) for s, scene in zip(SIGHTINGS, plain, strict=True)
    ]
    # The same 240 scenes in two habitats: paired, so that a difference of one grey level shows.
    np.testing.assert_allclose(np.mean(means, axis=0), np.mean(sand, axis=0), atol=2.0)


@pytest.mark.parametrize("size", [8, 100_000])
def test_a_size_that_cannot_be_drawn_is_refused(size):
    with pytest.raises(UsageError, match=f"{size} pixels"):
        draw(SIGHTINGS[0].specimen, SIGHTINGS[0].scene, size)


def test_a_caption_is_true_of_the_traits():
    for sighting in SIGHTINGS:
        text = caption(sighting)
        traits, plan = sighting.specimen.traits, PLANS[sighting.specimen.traits.body_plan]
        names = [colour_name(colour) for colour in colour_pair(traits)]
        first, second = reversed(names) if sighting.specimen.is_reversed else names
        assert f"{first} {plan.noun} with" in text
        assert f"{second} {_MARKS[traits.pattern]}" in text
        assert text.endswith(f"{_WHERE[sighting.scene.habitat]}.")
        assert ("young" in text) == (sighting.specimen.stage == "juvenile")
        for states, own in ((MOUTHS, traits.mouth), (TAILS, traits.tail)):
            for state in set(states) - {traits.mouth, traits.tail}:
                assert f" {state} " not in text
            assert own
        assert not ("facing left" in text and not sighting.scene.is_mirrored)
        assert not ("facing right" in text and sighting.scene.is_mirrored)


def test_a_caption_is_one_sentence_of_at_most_twenty_words():
    for sighting in SIGHTINGS:
        text = caption(sighting)
        assert len(text.split()) <= 20
        assert text[0].isupper()
        assert text.count(".") == 1
        assert "  " not in text


def test_a_caption_names_no_part_that_may_be_hidden():
    for sighting in SIGHTINGS:
        if sighting.scene.occluders:
            text = caption(sighting)
            assert not any(f" {word}" in text for word in ("beak", "snout", "tail", "muzzle", "jaws", "pincers"))


def test_stages_and_sexes_change_what_is_drawn():
    from thuja.biosphere.sighting import SEXES, STAGES

    specimens = [Sighting.of(WORLD, 0, number).specimen for number in range(400)]
    heads = {s: np.mean([x.traits.head for x in specimens if x.stage == s]) for s in STAGES}
    crests = {s: np.mean([x.traits.ornament_length for x in specimens if x.sex == s]) for s in SEXES}
    assert heads["juvenile"] > heads["subadult"] > heads["adult"]
    assert crests["male"] > crests["female"]
    assert 0.4 < np.mean([x.is_reversed for x in specimens]) < 0.6
