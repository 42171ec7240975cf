"""Caps drop evenly, whatever the order of the rows, and leave published test sets whole."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.curate.leaks.planted import Row, frame_of, training_row

from thuja.curate.caps import CapSettings, caps_step
from thuja.errors import UsageError


def reasons(rows: list[Row], seed: int = 0, **caps: int) -> dict[str, str | None]:
    done = caps_step(CapSettings(**caps), seed=seed).apply(frame_of(rows)).to_pydict()
    for reason, step in zip(done["drop_reason"], done["dropped_by"], strict=True):
        assert (reason is None) == (step is None)
    assert len(done["uuid"]) == len(rows)
    return dict(zip(done["uuid"], done["drop_reason"], strict=True))


def rows_of(counts: dict[str, int], **facts: str) -> list[Row]:
    names = [name for name, count in counts.items() for _ in range(count)]
    return [training_row(number, lineage=name, **facts) for number, name in enumerate(names)]


def test_a_taxon_keeps_as_many_as_the_cap_and_a_rare_one_goes() -> None:
    rows = rows_of({"a": 9, "b": 4, "c": 2})
    found = reasons(rows, max_images=5, min_images=3)
    by_taxon = Counter((row["lineage"], found[row["uuid"]]) for row in rows)
    assert by_taxon == {("a", None): 5, ("a", "over_taxon_cap"): 4, ("b", None): 4, ("c", "too_few_images"): 2}
    assert set(reasons(rows).values()) == {None}


def test_a_source_and_an_observation_have_their_own_caps() -> None:
    rows = [training_row(number, lineage=f"t{number}", observation_id=f"o{number // 6}") for number in range(18)]
    rows += [training_row(number, lineage="t", data_source="small") for number in range(3)]
    found = reasons(rows, max_per_observation=4, max_per_source=7)
    counts = Counter(found.values())
    assert counts == {None: 10, "over_observation_cap": 6, "over_source_cap": 5}
    kept = Counter(row["observation_id"] for row in rows[:18] if found[row["uuid"]] != "over_observation_cap")
    assert set(kept.values()) == {4}
    assert {found[row["uuid"]] for row in rows[18:]} == {None}


def test_held_out_images_and_dropped_ones_are_neither_counted_nor_dropped() -> None:
    rows = rows_of({"a": 6})
    for row, split in zip(rows, ("test", "val", "unseen", "train", None, None), strict=True):
        row["split"] = split
    rows.append(training_row(9, lineage="a", drop_reason="blurred", dropped_by="quality"))
    found = reasons(rows, max_images=2)
    assert [found[row["uuid"]] for row in rows[:3]] == [None] * 3
    assert Counter(found[row["uuid"]] for row in rows[3:]) == {None: 2, "over_taxon_cap": 1, "blurred": 1}


@settings(max_examples=10)
@given(st.permutations(range(14)))
def test_the_draw_does_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    rows = rows_of({"a": 9, "b": 5})
    assert reasons([rows[number] for number in order], max_images=3) == reasons(rows, max_images=3)


def test_another_seed_keeps_others() -> None:
    rows = rows_of({"a": 40})
    assert reasons(rows, seed=0, max_images=20) != reasons(rows, seed=1, max_images=20)


def test_caps_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="max_per_source must be at least 1, got 0"):
        CapSettings(max_per_source=0)
    with pytest.raises(UsageError, match="below min_images"):
        CapSettings(min_images=5, max_images=3)
