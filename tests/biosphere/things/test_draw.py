import hashlib

import numpy as np
import pytest
from PIL import Image

from thuja.biosphere.things import Facts, Group, Thing, ThingsConfig, draw_thing
from thuja.biosphere.things.backdrops import BACKDROPS, Painter
from thuja.biosphere.things.draw import own_colour
from thuja.biosphere.things.layout import lay_out
from thuja.biosphere.things.lexicon import COLOURS, KINDS, OBJECTS, SCENES
from thuja.errors import UsageError

CONFIG = ThingsConfig(seed=2, images=4000)
THINGS = [Thing.of(CONFIG, number) for number in range(400)]


def placed(facts):
    generator = np.random.default_rng(facts.seed)
    floor = BACKDROPS[facts.scene](Painter(Image.new("RGB", (64, 64), "white"), generator))
    return lay_out(facts, floor, generator)


def test_the_same_facts_give_the_same_pixels():
    facts = THINGS[0].facts
    assert draw_thing(facts, 64).tobytes() == draw_thing(facts, 64).tobytes()
    other = Facts(
        first=facts.first, second=facts.second, relation=facts.relation, scene=facts.scene, seed=facts.seed + 1
    )
    assert draw_thing(other, 64).tobytes() != draw_thing(facts, 64).tobytes()


def test_every_kind_and_scene_is_drawn_at_any_size():
    pictures = set()
    for number, kind in enumerate(KINDS):
        image = draw_thing(Facts(first=Group(kind=kind, colour="red"), seed=5), 32 + number % 3)
        assert image.size == (32 + number % 3,) * 2
        pictures.add(hashlib.sha256(image.resize((32, 32)).tobytes()).hexdigest())
    assert len(pictures) == len(KINDS)
    for scene in SCENES:
        assert draw_thing(Facts(first=Group(kind="cup", colour="red"), scene=scene), 300).size == (300, 300)


@pytest.mark.parametrize("size", [0, 31, 2049])
def test_sizes_that_show_nothing_or_fill_memory_are_refused(size):
    with pytest.raises(UsageError, match=f"got {size}"):
        draw_thing(THINGS[0].facts, size)


def test_there_are_as_many_things_as_told_whole_and_none_before_another():
    for thing in THINGS:
        items = placed(thing.facts)
        inner = [held for item in items for held in item.inner]
        assert len(items) + len(inner) == sum(group.count for group in thing.facts.groups)
        for left, top, right, bottom in (item.bounds for item in items):
            assert min(left, top, 1 - right, 1 - bottom) > -0.03, thing.facts
            assert max(right - left, bottom - top) > 0.06, thing.facts
        if thing.facts.relation != "on":
            for place, one in enumerate(items):
                for other in items[:place]:
                    assert overlap(one.bounds, other.bounds) < 0.1, thing.facts


def overlap(one, other) -> float:
    """The shared area of two rims, as a share of the smaller one."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    return width * height / min((x - w) * (y - z) for w, z, x, y in (one, other))


@pytest.mark.parametrize("relation", ["left of", "above", "on", "inside"])
def test_relations_hold_in_the_drawing(relation):
    found = [thing for thing in (Thing.of(CONFIG, n) for n in range(1500)) if thing.facts.relation == relation]
    assert len(found) > 60
    for thing in found:
        items = placed(thing.facts)
        first = [item for item in items if item.kind.key == thing.facts.first.kind]
        second = [item for item in items if item.kind.key == thing.facts.second.kind]
        if relation == "left of":
            assert max(item.bounds[2] for item in first) < min(item.bounds[0] for item in second) + 0.02
        elif relation == "above":
            assert max(item.bounds[3] for item in first) < min(item.bounds[1] for item in second) + 0.02
            # None of them stands beside what it is above.
            ends = [(min(i.bounds[0] for i in group), max(i.bounds[2] for i in group)) for group in (first, second)]
            assert min(end for _, end in ends) > max(start for start, _ in ends)
        elif relation == "on":
            host = second[0].bounds
            for item in first:
                assert host[1] - 0.03 < item.bounds[3] < (host[1] + host[3]) / 2
                assert host[0] < (item.bounds[0] + item.bounds[2]) / 2 < host[2]
        else:
            host = second[0]
            assert len(host.inner) == thing.facts.first.count
            for held in host.inner:
                assert host.bounds[0] < held.bounds[0] + 0.01
                assert held.bounds[2] < host.bounds[2] + 0.01
                assert host.bounds[1] < held.bounds[3] < host.bounds[3]
                assert overlap(held.bounds, host.bounds) > 0.1


def test_colours_keep_their_names_whatever_the_shade():
    generator = np.random.default_rng(0)
    prototypes = np.array(list(COLOURS.values()))
    for place, name in enumerate(COLOURS):
        for _ in range(200):
            shade = np.array(own_colour(name, generator))
            assert np.abs(prototypes - shade).sum(axis=1).argmin() == place


def test_a_pattern_changes_a_thing_and_dim_light_a_picture():
    def mean(**looks):
        light = looks.pop("light", "even")
        facts = Facts(first=Group(kind="ball", colour="red", size="large", **looks), light=light, seed=9)
        return np.asarray(draw_thing(facts, 64), dtype=float)

    plain = mean()
    for pattern in ("striped", "dotted", "checked"):
        changed = np.abs(mean(pattern=pattern) - plain).max(axis=2) > 60
        assert 0.04 < changed.mean() < 0.3, pattern
    assert mean(light="dim").mean() < 0.75 * plain.mean()
    assert mean(light="bright").mean() > 1.05 * plain.mean()


def test_a_nearest_mean_picture_tells_hardly_any_object():
    """A stream that raw pixels solve would test nothing."""
    objects = {kind.key: place for place, kind in enumerate(OBJECTS)}
    things = [thing for thing in (Thing.of(CONFIG, n) for n in range(2400)) if thing.facts.second is None]
    things = [thing for thing in things if thing.facts.first.kind in objects]
    pixels = np.stack([np.asarray(draw_thing(thing.facts, 32), dtype=np.float32).ravel() for thing in things])
    labels = np.array([objects[thing.facts.first.kind] for thing in things])
    train = np.arange(len(things)) % 4 > 0
    means = np.stack([pixels[train & (labels == place)].mean(axis=0) for place in range(len(objects))])
    distances = (means**2).sum(axis=1)[None] - 2 * pixels[~train] @ means.T
    accuracy = (distances.argmin(axis=1) == labels[~train]).mean()
    assert accuracy < 6 / len(objects)
