"""Pooling against the mean written out, streamed and at the end."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thuja.encode import Failure
from thuja.predict.inputs.grouping import pooled
from thuja.predict.inputs.queries import Query, Seen


def one(place, group, *, broken=False):
    vector = np.random.default_rng(place).standard_normal(4).astype(np.float32)
    query = Query(file_name=f"{place}.jpg", id=f"id{place}", content=b"", place=place, group=group)
    outcome = Failure(query.id, "truncated", f"{place} is cut short") if broken else vector / np.linalg.norm(vector)
    return Seen(query, outcome)


images = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.booleans()), max_size=12)


@given(images)
def test_a_group_is_the_mean_of_its_images_at_length_one_and_counts_the_broken(drawn):
    seen = [one(place, group, broken=broken) for place, (group, broken) in enumerate(drawn)]
    heads = {}
    for each in seen:
        heads.setdefault(each.query.group or each.query.place, []).append(each)
    found = list(pooled(seen))
    assert [group.query.file_name for group in found] == [members[0].query.file_name for members in heads.values()]
    for group, members in zip(found, heads.values(), strict=True):
        good = [each.outcome for each in members if not isinstance(each.outcome, Failure)]
        if members[0].query.group is None:
            assert np.array_equal(group.outcome, members[0].outcome) or group.outcome == members[0].outcome
            continue
        assert (group.images, group.failed) == (len(good), len(members) - len(good))
        assert group.query.id == members[0].query.group
        if not good:
            assert group.outcome == next(each.outcome for each in members)
        else:
            mean = np.mean(np.stack(good), axis=0)
            np.testing.assert_allclose(group.outcome, mean / np.linalg.norm(mean), atol=1e-5)


@given(images)
def test_known_sizes_change_when_groups_leave_and_nothing_else(drawn):
    seen = [one(place, group, broken=broken) for place, (group, broken) in enumerate(drawn)]
    sizes = Counter(each.query.group for each in seen if each.query.group is not None)
    for early, late in zip(pooled(seen, sizes), pooled(seen), strict=True):
        assert early.query == late.query
        assert np.array_equal(early.outcome, late.outcome) or early.outcome == late.outcome


def test_a_group_that_is_whole_leaves_before_the_next_image_is_taken():
    taken = []

    def stream():
        for place, group in enumerate("aabbcc"):
            taken.append(place)
            yield one(place, group)

    groups = pooled(stream(), {"a": 2, "b": 2, "c": 2})
    assert next(groups).query.id == "a"
    assert taken == [0, 1]


def test_vectors_that_cancel_each_other_out_are_no_answer():
    vector = np.array([1, 0], np.float32)
    seen = [Seen(Query(file_name="x", id="x", content=b"", group="g"), sign * vector) for sign in (1, -1)]
    [group] = pooled(seen)
    assert group.outcome.reason == "not_finite"
    assert (group.images, group.failed) == (2, 0)
