"""The card: what it says of a world is what was asked for, and its floors lie under its ceilings."""

import json
from dataclasses import replace

import numpy as np
import pytest

from thuja.biosphere import card_page
from thuja.biosphere.card import kin_of, make_card
from thuja.biosphere.card_bayes import KIN, PLACE, PLAN, TRAITS_ALONE, WITH_CONTEXT
from thuja.biosphere.card_pictures import MOST, RAW, SPECTRUM, Shown, alone, draw_sample, raw_pixels, spectrum, ways_of
from thuja.biosphere.card_scores import Asked, swap_rows
from thuja.biosphere.card_traits import ROLES, role_rows, trait_rows
from thuja.biosphere.card_world import hidden_rows
from thuja.biosphere.config import WorldConfig
from thuja.biosphere.draw import silhouette
from thuja.biosphere.probes import Split
from thuja.biosphere.seen import stated
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.traits import TRAITS, View
from thuja.biosphere.world import World
from thuja.biosphere.writer import WriteConfig, write_world
from thuja.errors import EmptyInput, UsageError

CONFIG = WorldConfig(seed=3, species=24, images=14)


def mean_colour(images):
    """An encoder of three numbers."""
    return np.array([np.asarray(image, dtype=float).mean(axis=(0, 1)) for image in images])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("card") / "world"
    write_world(World.make(replace(CONFIG, images=2)), out, WriteConfig(size=32, workers=1))
    written = json.loads((out / "world.json").read_text())
    # The card draws its pictures itself: only the knobs are read.
    written["world"]["images"] = CONFIG.images
    (out / "world.json").write_text(json.dumps(written))
    return out


@pytest.fixture(scope="module")
def card(folder):
    return make_card(folder, encoders={"colour": mean_colour}, images=200)


def test_ten_worlds_have_the_signal_and_the_habitat_effect_that_they_were_asked_for():
    """Means over roles and worlds; decoys follow their shadow habitat and not the habitat."""
    rows = {"diagnostic": [], "convergent": [], "decoy": []}
    for seed in range(10):
        world = World.make(WorldConfig(seed=seed, species=150, images=1))
        folds = Split.folds(np.arange(150), np.random.default_rng(seed))
        for row in role_rows(trait_rows(world, Ancestry.of(world.tree), folds), world.config):
            assert row.signal_asked == {"diagnostic": 0.8, "convergent": 0.5, "decoy": 0.5}[row.role]
            rows[row.role].append(row.follows)
    mean = {
        role: lambda name, found=found: np.mean([getattr(row, name) for row in found]) for role, found in rows.items()
    }
    for role, asked in (("diagnostic", 0.8), ("convergent", 0.5), ("decoy", 0.5)):
        assert mean[role]("signal") == pytest.approx(asked, abs=0.05)
    assert mean["convergent"]("habitat") == pytest.approx(0.5, abs=0.03)
    assert mean["convergent"]("habitat_found") > 0.95
    for role in ("diagnostic", "decoy"):
        assert mean[role]("habitat") == pytest.approx(0, abs=0.01)
        assert mean[role]("habitat_found") < 0.12
    assert mean["decoy"]("shadow") == pytest.approx(0.5, abs=0.03)
    assert mean["convergent"]("shadow") == pytest.approx(0, abs=0.01)
    assert abs(mean["convergent"]("k") - mean["decoy"]("k")) < 0.03, "decoys have as much signal as convergent traits"


def test_visible_traits_account_for_hidden_variables_just_as_asked():
    world = World.make(WorldConfig(seed=1, species=200, images=1, hidden=(0.3, 0.6)))
    folds = Split.folds(np.arange(200), np.random.default_rng(0))
    for row, asked in zip(hidden_rows(world, Ancestry.of(world.tree), folds), (0.3, 0.6), strict=True):
        assert row.known == pytest.approx(asked, abs=1e-4)
        assert row.left_out < asked
        assert row.kin < row.left_out


@pytest.mark.slow
def test_the_card_has_both_ceilings_every_floor_and_what_is_told_unseen(card):
    """That no floor passes its ceiling is tested where ceilings are low (test_card_bayes.py)."""
    ceiling = {(row.source, row.target): row.score.macro for row in card.ceilings}
    assert {source for source, _ in ceiling} == {TRAITS_ALONE, WITH_CONTEXT}
    assert ceiling[TRAITS_ALONE, "species"] > 0.9
    for row in card.probes:
        assert row.score.low <= ceiling[WITH_CONTEXT, row.target]
    assert {(row.shown, row.features) for row in card.probes} == {
        (shown.value, name)
        for shown in (Shown.PICTURE, Shown.ORGANISM, Shown.BACKGROUND, Shown.SILHOUETTE)
        for name in (RAW, SPECTRUM, "colour")
    }
    assert {row.source for row in card.unseen} == {PLAN, PLACE, KIN}


def test_raw_pixels_name_no_species(card):
    species = next(row for row in card.probes if (row.shown, row.features, row.target) == ("picture", RAW, "species"))
    assert species.score.low <= 2 * species.score.chance


def test_habitat_read_off_the_background_is_lost_on_exchanged_grounds(card):
    background = next(row for row in card.swaps if (row.part, row.features) == ("background only", SPECTRUM))
    assert background.own.low > background.own.chance
    assert background.other.macro < background.own.chance


@pytest.mark.slow
def test_the_organism_tells_the_habitat_above_chance_and_as_well_on_exchanged_grounds():
    """Each species has a body plan of its own and lies as in a museum, so who reads shapes knows the habitat. Where
    a probe is at chance on both grounds, that it keeps its score says nothing."""
    ranks = dict.fromkeys(("kingdoms", "phyla", "classes", "orders", "families", "genera"), 5) | {"kingdoms": 1}
    config = WorldConfig(seed=4, species=5, images=60, cameras=("museum",), habitat_rate=100.0, **ranks)
    world, generator = World.make(config), np.random.default_rng(0)
    assert len({species.looks.body_plan for species in world.species}) == 5
    assert len({species.habitat for species in world.species}) > 2
    asked = Asked.of(world, draw_sample(world, 200, generator), generator)
    shown = [dict(ways_of(world, one, 48)) for one in asked.sightings]
    parts = (Shown.OWN, Shown.OTHER, Shown.OWN_BACKGROUND, Shown.OTHER_BACKGROUND, Shown.OWN_CUT, Shown.OTHER_CUT)
    features = {(way, SPECTRUM): spectrum([one[way] for one in shown]) for way in parts}
    organism = next(row for row in swap_rows(asked, features) if row.part == "organism cut out")
    assert organism.own.low > organism.own.chance
    assert organism.other.low > organism.other.chance
    assert abs(organism.own.macro - organism.other.macro) < 0.1


def test_an_organism_by_itself_tells_nothing_of_its_camera_but_the_view():
    """Fill, tilt, haze, blur and noise follow the camera, and so the order."""
    world = World.make(CONFIG)
    scenes = [Sighting.of(world, number, place).scene for number in range(24) for place in range(7)]
    assert len({scene.camera for scene in scenes}) == 5
    fixed = {
        (one.camera, one.fill, one.haze, one.blur, one.noise, one.light_strength, one.foreshortening, one.place)
        for one in map(alone, scenes)
    }
    assert len(fixed) == 1
    is_posed = np.array([scene.camera in ("museum", "camera_trap") for scene in scenes])
    angles = np.array([alone(scene).angle for scene in scenes])
    mirrored = np.array([alone(scene).is_mirrored for scene in scenes])
    for poses in (angles[is_posed], angles[~is_posed]):
        assert poses.std() == pytest.approx(30 / np.sqrt(3), abs=4)
    for share in (mirrored[is_posed].mean(), mirrored[~is_posed].mean()):
        assert share == pytest.approx(0.5, abs=0.2)
    assert [alone(scene).view for scene in scenes] == [scene.view for scene in scenes]


def test_every_trait_stands_in_the_card_with_its_role_and_where_it_shows(card):
    world = World.make(CONFIG)
    rows = {row.trait: row for row in card.traits}
    assert {name: row.role for name, row in rows.items()} == {n: role.value for n, role in world.roles.items()}
    assert sum(not row.is_named for row in rows.values()) == 9
    assert {name for name, row in rows.items() if row.follows} == {n for n, r in world.roles.items() if r in ROLES}
    assert {row.kind for row in rows.values()} == {"share", "count of 4", "4 states", "8 states"}
    plans = {species.looks.body_plan for species in world.species}
    for name, row in rows.items():
        said = {view.value: np.mean([stated(TRAITS[name], view, plan) for plan in plans]) for view in View}
        assert row.shows == pytest.approx(said)
    assert rows["tail"].shows["front"] < rows["tail"].shows["rear"]


def test_of_many_species_some_thousands_are_reckoned_with():
    """The ancestry of 20,000 species would take hours and gigabytes."""
    generator = np.random.default_rng(0)
    asked = np.array([5, 17, 19_000])
    some = kin_of(20_000, asked, generator)
    assert len(some) == MOST == len(set(some.tolist()))
    assert np.isin(asked, some).all()
    assert (np.diff(some) > 0).all()
    assert some.mean() == pytest.approx(10_000, abs=500)
    assert kin_of(40, asked[:2], generator).tolist() == list(range(40))
    world = World.make(WorldConfig(seed=5, species=60, images=2))
    part = Ancestry.of(world.tree, np.arange(0, 60, 2))
    folds = Split.folds(np.arange(30), generator)
    assert {row.role for row in role_rows(trait_rows(world, part, folds), world.config)} == {r.value for r in ROLES}
    for row, asked_share in zip(hidden_rows(world, part, folds), world.config.hidden, strict=True):
        assert row.known > asked_share - 0.01, "over all species"


def test_what_is_shown_is_the_part_that_it_says():
    world = World.make(CONFIG)
    sighting = next(s for s in (Sighting.of(world, n, 0) for n in range(24)) if s.scene.camera == "phone")
    sighting = replace(sighting, scene=replace(sighting.scene, noise=0.0, blur=0.0))  # these differ by the ground
    shown = {way: np.asarray(image, dtype=int) for way, image in ways_of(world, sighting, 64)}
    apart = shown[Shown.SILHOUETTE][..., 0]
    assert 0.01 < (apart == 255).mean() < 0.9
    shape = np.asarray(silhouette(sighting.specimen, sighting.scene, 64))
    own, other = shown[Shown.OWN_CUT], shown[Shown.OTHER_CUT]
    assert (own[shape == 0] == 128).all()
    inside, outside = shape == 255, shape == 0
    moved = abs(shown[Shown.OWN] - shown[Shown.OTHER])
    assert moved[outside].mean() > 10, "another ground"
    assert abs(own - other)[inside].mean() < 2, "the same organism"
    assert abs(shown[Shown.BACKGROUND] - shown[Shown.PICTURE])[inside].mean() > 10, "nobody is there"


def test_the_spectrum_knows_texture_and_neither_colour_nor_place():
    generator = np.random.default_rng(0)
    from PIL import Image

    pixels = (generator.random((64, 64, 3)) * 255).astype(np.uint8)
    image, moved = Image.fromarray(pixels), Image.fromarray(255 - pixels)
    np.testing.assert_allclose(spectrum([image]), spectrum([moved]), atol=0.2)
    assert not np.allclose(raw_pixels([image]), raw_pixels([moved]), atol=0.2)


def test_a_card_needs_the_knobs_alone_so_shards_do_as_well_as_folders(folder, card, tmp_path):
    written = json.loads((folder / "world.json").read_text()) | {"shards": 100}
    (tmp_path / "world.json").write_text(json.dumps(written))
    first, second = (make_card(place, images=12, seed=5) for place in (folder, tmp_path))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
    assert first.knobs == card.knobs


def test_text_page_and_markdown_say_the_same_figures(card):
    text, markdown, page = card_page.to_text(card), card_page.to_markdown(card), card_page.to_report(card).to_html()
    for table in card_page.tables(card):
        assert table.title.upper() in text
        assert f"## {table.title}" in markdown
        for row in table.rows:
            for cell in row:
                assert cell is None or str(cell) in text.replace(",", "") or str(cell) in text
    assert "overlap" in page
    assert max(map(len, text.splitlines())) < 160
    assert json.loads(json.dumps(card.to_dict()))["knobs"]["species"] == 24


def test_a_saved_card_is_json_a_page_and_markdown(card, tmp_path):
    card_page.save_card(card, tmp_path)
    assert json.loads((tmp_path / "card.json").read_text()) == json.loads(json.dumps(card.to_dict()))
    assert (tmp_path / "README.md").read_text() == card_page.to_markdown(card)
    assert "What traits follow" in (tmp_path / "card.html").read_text()


def test_impossible_cards_are_refused_in_one_sentence(folder, tmp_path):
    with pytest.raises(UsageError, match="cannot be made of 3 pictures"):
        make_card(folder, images=3)
    with pytest.raises(UsageError, match=r"no biosphere: it has no world\.json"):
        make_card(tmp_path)
    write_world(World.make(WorldConfig(species=1, images=3)), tmp_path / "one", WriteConfig(size=16, workers=1))
    with pytest.raises(EmptyInput, match="several individuals of several species"):
        make_card(tmp_path / "one")
