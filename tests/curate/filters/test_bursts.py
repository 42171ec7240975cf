"""Near-duplicates within one observation."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.filters.bursts import BurstSettings, Frames, burst_drops, bursts_step
from thuja.errors import UsageError

Run = Callable[..., dict[str, dict[str, Any]]]
BASE = int("5a" * 32, 16)


def flipped(bits: int, start: int = 0) -> str:
    """A PDQ hash that differs from BASE in `bits` bits."""
    return f"{BASE ^ (((1 << bits) - 1) << start):064x}"


def frame(number: int, pdq: str | None, sharpness: float | None = 1.0, **cells: Any) -> dict[str, Any]:
    return {
        "uuid": f"u{number:03}",
        "pdq": pdq,
        "pdq_quality": 90,
        "sharpness": sharpness,
        "observation_id": "o",
    } | cells


def test_of_near_images_the_sharpest_stays(run: Run) -> None:
    rows = [frame(0, flipped(0), 5), frame(1, flipped(10), 9), frame(2, flipped(60), 1), frame(3, flipped(0), 5)]
    done = run(bursts_step(BurstSettings()), rows)
    assert {key: row["drop_reason"] for key, row in done.items()} == {
        "u000": "near_duplicate", "u001": None, "u002": None, "u003": "near_duplicate",
    }  # fmt: skip
    assert done["u000"]["duplicate_of"] == "u001"
    assert done["u000"]["dropped_by"] == "bursts"


def test_an_image_of_a_given_test_set_goes_for_none_of_another(run: Run) -> None:
    """The sharper training image stayed, and the published test set lost its own."""
    rows = [
        frame(0, flipped(0), 5, split="test"),
        frame(1, flipped(2), 9, split="train"),
        frame(2, flipped(4), 7),
        frame(3, flipped(40), 1, split="test"),
    ]
    done = run(bursts_step(BurstSettings(max_frames=1)), rows)
    assert [done[f"u00{n}"]["drop_reason"] for n in range(4)] == [
        None, "near_duplicate", "near_duplicate", "too_many_frames",
    ]  # fmt: skip
    assert done["u001"]["duplicate_of"] == "u000"


def test_taxa_that_contradict_each_other_are_not_matched(run: Run) -> None:
    """Two species before one camera were one, and the rarer lost its image; a shorter name contradicts nothing."""
    rows = [
        frame(0, flipped(0), 9, genus="Vulpes", species="vulpes"),
        frame(1, flipped(1), 8, genus="Cervus", species="elaphus"),
        frame(2, flipped(3), 7, genus="Cervus"),
    ]
    done = run(bursts_step(BurstSettings()), rows)
    assert [done[f"u00{n}"]["duplicate_of"] for n in range(3)] == [None, None, "u001"]


def test_an_observation_is_what_splits_and_caps_mean_by_it(run: Run) -> None:
    """An empty sequence hid the observation, and an observation's images in two sequences were two observations."""
    rows = [
        frame(0, flipped(0), 9, sequence_id=""),
        frame(1, flipped(1), 8),
        frame(2, flipped(2), 7, sequence_id="s"),
        frame(3, flipped(3), 6, observation_id=None, sequence_id="s"),
        frame(4, flipped(4), 5, observation_id=None, occurrence_id="o"),
    ]
    done = run(bursts_step(BurstSettings()), rows)
    assert [done[f"u00{n}"]["duplicate_of"] for n in range(5)] == [None, "u000", "u000", "u000", None]


def test_a_chain_is_not_dropped_for_its_far_end(run: Run) -> None:
    """10 bits from the sharpest goes, 20 bits stays, though it is 10 from the one that went."""
    rows = [frame(0, flipped(0), 9), frame(1, flipped(10), 8), frame(2, flipped(20), 7)]
    done = run(bursts_step(BurstSettings()), rows)
    assert [done[f"u00{n}"]["drop_reason"] for n in range(3)] == [None, "near_duplicate", None]


def test_other_observations_sources_and_plain_hashes_are_not_matched(run: Run) -> None:
    rows = [
        frame(0, flipped(0)),
        frame(1, flipped(0), observation_id="p"),
        frame(2, flipped(0), data_source="eol"),
        frame(3, flipped(0), pdq_quality=49),
        frame(4, flipped(0), observation_id=None),
        frame(5, flipped(0), observation_id=None),
        frame(6, flipped(0), drop_reason="blurred", dropped_by="quality"),
        frame(7, None),
    ]
    done = run(bursts_step(BurstSettings()), rows)
    assert [row["uuid"] for row in done.values() if row["dropped_by"] == "bursts"] == []


def test_no_observation_keeps_more_than_its_frames(run: Run) -> None:
    rows = [frame(n, flipped(16, 12 * n), float(n)) for n in range(20)]
    done = run(bursts_step(BurstSettings()), rows)
    assert [key for key, row in done.items() if row["drop_reason"] == "too_many_frames"] == [
        f"u{n:03}" for n in range(5)
    ]
    assert run(bursts_step(BurstSettings(max_frames=0)), rows)["u000"]["drop_reason"] is None


def test_the_answer_does_not_hang_on_the_order_of_rows_or_parts(run: Run) -> None:
    rng = np.random.default_rng(1)
    rows = [
        frame(n, flipped(int(rng.integers(0, 30)), int(rng.integers(0, 9))), float(rng.integers(0, 3)),
              observation_id=f"o{n % 7}")
        for n in range(80)
    ]  # fmt: skip
    once = run(bursts_step(BurstSettings(max_frames=4)), rows)
    again = run(bursts_step(BurstSettings(max_frames=4)), [rows[n] for n in rng.permutation(80)], 3)
    assert {key: (row["drop_reason"], row["duplicate_of"]) for key, row in once.items()} == {
        key: (row["drop_reason"], row["duplicate_of"]) for key, row in again.items()
    }


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 4), st.integers(0, 3)), max_size=25))
def test_each_that_goes_is_near_one_that_stays_and_no_two_that_stay_are_near(
    images: list[tuple[int, int, int]],
) -> None:
    hashes = [flipped(bits, start) for bits, start, _ in images]
    uuids = [f"u{n:03}" for n in range(len(images))]
    frames = Frames(
        uuids=uuids,
        hashes=hashes,
        qualities=[99] * len(images),
        sharpness=[s for _, _, s in images],
        splits=[None] * len(images),
        taxa=["\n" * 6] * len(images),
    )
    drops = {drop.uuid: drop.of for drop in burst_drops(frames, BurstSettings(max_frames=0))}
    number = dict(zip(uuids, (int(text, 16) for text in hashes), strict=True))
    stay = [uuid for uuid in uuids if uuid not in drops]

    def distance(a: str, b: str) -> int:
        return (number[a] ^ number[b]).bit_count()

    assert all(of in stay and distance(uuid, of) <= 10 for uuid, of in drops.items() if of)
    assert None not in drops.values()
    assert all(distance(a, b) > 10 for a in stay for b in stay if a < b)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="max_distance"):
        BurstSettings(max_distance=300)
    with pytest.raises(UsageError, match="max_frames"):
        BurstSettings(max_frames=-1)
