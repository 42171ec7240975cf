"""What is counted of captions, and the table."""

from pathlib import Path

import numpy as np
import pytest

from thuja.biosphere import World
from thuja.biosphere.vocabulary import Fact
from thuja.experiments.captioner.asking import Guide
from thuja.experiments.captioner.lessons import Asked, description_of, easy_world, lessons_of, pictures_of
from thuja.experiments.captioner.measure import others_of, tally, told_in
from thuja.experiments.captioner.table import Row, gap, read_rows, to_table, write_rows

NO_PIXELS = np.zeros((1, 2, 2, 3), dtype=np.uint8)
FACTS = (Fact("plan", "bird"), Fact("colour", "red"), Fact("tail", "forked"), Fact("ocelli", "3"))


@pytest.fixture(scope="module")
def world() -> World:
    return easy_world(3, species=16, images=3)


def one(facts: tuple[Fact, ...] = FACTS) -> Asked:
    return Asked(pixels=NO_PIXELS, facts=[facts], captions=[""], species=[0])


def test_facts_that_a_picture_does_not_show_are_counted_apart_from_those_it_shows_otherwise() -> None:
    found = tally(
        ["A blue bird with a forked tail and a hooked beak."],
        one(),
        described=["It has a hooked beak."],
        handed=["It has red and blue marks."],
    )
    assert (found.stated, found.untrue, found.contradicted) == (4, 2, 1)  # blue is contradicted, hooked not shown
    assert (found.copied, found.mistold) == (1, 1)
    assert found.coat == (1, 1)
    assert found.detail == (1, 2)
    scores = found.scores
    assert scores["hallucination"] == 0.5
    assert scores["wrong_plan"] == 0
    assert scores["omission"] == 0.5  # colour and eyespots of four facts


def test_a_wrong_plan_or_none_is_counted() -> None:
    found = tally(["A fish with forked splendour."], one(), described=[""], handed=[""])
    assert found.wrong_plans == 1
    assert found.unread == 2
    assert tally(["Two eyespots."], one(), described=[""], handed=[""]).wrong_plans == 1


def test_a_picture_is_never_told_untruths_by_its_own_caption(world: World) -> None:
    asked = pictures_of(world, 3)
    texts = Guide.of(world).descriptions
    scores = tally(asked.captions, asked, described=texts, handed=texts).scores
    assert scores["hallucination"] == scores["wrong_plan"] == scores["unread"] == 0
    assert 2 <= scores["stated"] <= 6


def test_a_description_says_what_adults_look_like_and_names_nobody(world: World) -> None:
    said = {name for kind in world.species for name, _ in told_in(description_of(world, kind.number))}
    assert {"colour", "mark_colour", "pattern", "tail", "limb_marks"} <= said
    for kind in world.species:
        text = description_of(world, kind.number).lower()
        assert kind.taxon.species.lower() not in text
        assert {value for name, value in told_in(text) if name == "plan"} <= {kind.looks.body_plan}


def test_lessons_hold_each_species_own_pictures_and_captions_of_its_kin(world: World) -> None:
    lessons = lessons_of(world, 3)
    assert [len(lesson.captions) for lesson in lessons] == [3] * 16
    assert lessons[0].pixels.shape == (3, 48, 48, 3)
    own = set(pictures_of(world, 3).captions)
    assert all(set(lesson.examples) <= own for lesson in lessons)


def test_another_species_is_of_the_same_body_plan_where_there_is_one(world: World) -> None:
    plans = [kind.looks.body_plan for kind in world.species]
    for number, other in enumerate(others_of(world)):
        assert other != number
        assert plans[other] == plans[number] or plans.count(plans[number]) == 1


def test_rows_come_back_and_differences_are_paired_by_world(tmp_path: Path) -> None:
    rows = [
        Row(
            world=world,
            model=model,
            condition=condition,
            scores={"hallucination": round(value + 0.1 * world, 5), "unread": 0.0},
        )
        for world in (1, 2)
        for model in (0, 1)
        for condition, value in (("bare", 0.4), ("guided", 0.3))
    ]
    write_rows(tmp_path / "table.csv", rows)
    assert read_rows(tmp_path / "table.csv") == rows
    assert read_rows(tmp_path / "none.csv") == []
    difference = gap(rows, "guided", "hallucination")
    assert difference is not None
    assert difference.worlds == 2
    assert [round(each, 6) for each in (difference.value, difference.low, difference.high)] == [-0.1] * 3
    assert "| guided | 45.0 (-10.0, -10.0 to -10.0) |" in to_table(rows, ["hallucination"])
