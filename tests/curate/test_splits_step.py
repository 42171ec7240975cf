"""Splits of a whole frame: what stays together, what each species is left with, and that order does not matter."""

from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.curate.leaks.planted import Row, frame_of, training_row

from thuja.curate.splits import SplitSettings, Stratum, draw, split_of, split_of_group, splits_step
from thuja.errors import UnknownName, UsageError

FAMILY = {"kingdom": "Animalia", "family": "Corvidae"}


def splits(rows: list[Row], seed: int = 0, **asked: Any) -> list[str | None]:
    """The split of each row, in the order given."""
    done = splits_step(SplitSettings(**asked), seed=seed).apply(frame_of(rows)).to_pydict()
    found = dict(zip(done["uuid"], done["split"], strict=True))
    assert len(done["uuid"]) == len(rows) == len(found)
    return [found[row["uuid"]] for row in rows]


def of_species(name: str, count: int, start: int = 0, **facts: Any) -> list[Row]:
    taxon = {"genus": "Corvus", "species": name, "lineage": f"Animalia Corvidae Corvus {name}"}
    return [training_row(start + number, **(FAMILY | taxon | facts)) for number in range(count)]


@st.composite
def observed(draw_: st.DrawFn) -> list[Row]:
    """Images of a few species in observations of any size, some of them of two species, some without an id."""
    rows: list[Row] = []
    for species in range(draw_(st.integers(1, 3))):
        for row in of_species(f"s{species}", draw_(st.integers(1, 14)), len(rows)):
            number = draw_(st.none() | st.integers(0, 5))
            shared = "" if draw_(st.integers(0, 9)) == 0 else f"{species} "
            rows.append(row | {"observation_id": None if number is None else f"{shared}{number}"})
    return rows


@settings(max_examples=15)
@given(observed(), st.sampled_from(["observation", "image"]), st.randoms())
def test_observations_stay_whole_and_order_changes_nothing(rows: list[Row], by: str, random: Any) -> None:
    found = splits(rows, by=by, val=0.1, test=0.2)
    together = defaultdict(set)
    for row, split in zip(rows, found, strict=True):
        assert split in ("train", "val", "test")
        together[row["observation_id"] or row["uuid"]].add(split)
    if by == "observation":
        assert all(len(given_) == 1 for given_ in together.values())
    shuffled = list(rows)
    random.shuffle(shuffled)
    expected = {row["uuid"]: split for row, split in zip(rows, found, strict=True)}
    assert splits(shuffled, by=by, val=0.1, test=0.2) == [expected[row["uuid"]] for row in shuffled]


def test_images_without_ids_are_split_as_single_ones() -> None:
    rows = of_species("corax", 20) + of_species("corone", 2, 20)
    found = splits(rows, val=0.1, test=0.2)
    assert found == splits(rows, by="image", val=0.1, test=0.2)
    order = sorted(range(20), key=lambda number: draw(0, "split", rows[number]["uuid"]))
    assert [found[number] for number in order] == [split_of(place, 20, val=0.1, test=0.2) for place in range(1, 21)]
    assert Counter(found[:20]) == {"test": 4, "val": 2, "train": 14}
    assert found[20:] == ["train", "train"]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.floats(0, 0.4), st.floats(0, 0.4), st.integers(0, 3))
def test_a_species_trains_and_three_groups_are_enough_to_test(
    sizes: list[int], val: float, test: float, seed: int
) -> None:
    last = max(range(len(sizes)), key=lambda number: sizes[number])
    sizes = [*(size for number, size in enumerate(sizes) if number != last), sizes[last]]
    stratum, end, found = Stratum(images=sum(sizes), groups=len(sizes)), 0, Counter[str]()
    for size in sizes:
        end += size
        found[split_of_group(end, size, stratum, val=val, test=test)] += size
    assert found["train"] >= sizes[-1]
    assert (found["test"] > 0) == (len(sizes) >= 3 and test > 0)
    if len(sizes) >= 3 and test > 0:
        assert found["test"] <= max(test * sum(sizes) + 1 + max(sizes) / 2, sizes[0])


def test_a_group_goes_with_the_split_that_its_source_gave() -> None:
    rows = of_species("corax", 12, observation_id=None)
    for number, (observation, split) in enumerate([("o", "test"), ("o", None), ("p", "train"), ("p", None)]):
        rows[number] |= {"observation_id": observation, "split": split}
    rows += of_species("corax", 1, 30, drop_reason="blurred", dropped_by="quality")
    found = splits(rows, test=0.5, val=0)
    assert found[:4] == ["test", "test", "train", "train"]
    assert found[-1] is None
    assert Counter(found[4:12]) == {"test": 4, "train": 4}


def test_places_are_never_in_two_splits_and_unknown_ones_train() -> None:
    rows: list[Row] = []
    for species in ("corax", "corone"):
        for place in range(10):
            here = {"latitude": 10.0 + place, "longitude": 20.0}
            rows += of_species(species, 4, len(rows), **here)
    vague = of_species("corax", 5, len(rows), latitude=10.0, longitude=20.0, coordinate_uncertainty=30_000.0)
    found = splits([*rows, *vague], by="location", cell_km=10, test=0.3, val=0.1)
    at: dict[float, set[str | None]] = defaultdict(set)
    for row, split in zip(rows, found, strict=False):
        at[row["latitude"]].add(split)
    assert all(len(given_) == 1 for given_ in at.values())
    places = Counter(next(iter(given_)) for given_ in at.values())
    assert places == {"test": 3, "val": 1, "train": 6}
    assert found[len(rows) :] == ["train"] * 5


def test_species_are_held_out_whole_and_leave_kin_to_train() -> None:
    rows: list[Row] = []
    for number in range(10):
        rows += of_species(f"s{number}", number + 1, len(rows))
    found = splits(rows, by="species", test=0.2, val=0.1)
    of: dict[str, set[str | None]] = defaultdict(set)
    for row, split in zip(rows, found, strict=True):
        of[row["lineage"]].add(split)
    assert all(len(given_) == 1 for given_ in of.values())
    assert Counter(next(iter(given_)) for given_ in of.values()) == {"test": 2, "val": 1, "train": 7}


def test_unseen_species_keep_their_split_beside_any_way() -> None:
    rows = [row for number in range(5) for row in of_species(f"s{number}", 6, 6 * number, observation_id=f"o{number}")]
    for by in ("observation", "location", "species", "image"):
        found = splits(rows, by=by, unseen_species=2)
        assert found.count("unseen") == 12
        assert {rows[place]["lineage"] for place, split in enumerate(found) if split == "unseen"}.isdisjoint(
            rows[place]["lineage"] for place, split in enumerate(found) if split != "unseen"
        )


def test_an_observation_that_shows_a_held_out_species_trains_nothing() -> None:
    """Other species of a sequence whose frames are `unseen` were drawn on their own, into train as well."""
    rows: list[Row] = []
    for number in range(4):
        for sequence in range(6):
            rows += of_species(
                f"s{number}", 1, len(rows), sequence_id=f"q{sequence if sequence < 2 else (number, sequence)}"
            )
    found = splits(rows, unseen_species=1)
    together = defaultdict(set)
    for row, split in zip(rows, found, strict=True):
        together[row["sequence_id"]].add(split)
    assert together["q0"] == together["q1"] == {"unseen", "test"}
    assert all(len(given_) == 1 for name, given_ in together.items() if name not in ("q0", "q1"))
    of = defaultdict(set)
    for row, split in zip(rows, found, strict=True):
        of[row["lineage"]].add(split)
    assert sorted("train" in given_ for given_ in of.values()) == [False, True, True, True]


def test_a_split_that_the_source_gives_stands_beside_a_held_out_species() -> None:
    rows = of_species("corax", 4, observation_id="o")
    for row, split in zip(rows, ("unseen", None, "train", "val"), strict=True):
        row["split"] = split
    assert splits([*rows, *of_species("corone", 5, 10)])[:4] == ["unseen", "test", "train", "val"]


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(UnknownName, match="way to split"):
        SplitSettings(by="day")
    with pytest.raises(UsageError, match="cell_km"):
        SplitSettings(cell_km=0)
    with pytest.raises(UsageError, match="leave some to train"):
        SplitSettings(val=0.5, test=0.5)
    with pytest.raises(UsageError, match="whole number or a fraction"):
        SplitSettings(unseen_species=1.5)
