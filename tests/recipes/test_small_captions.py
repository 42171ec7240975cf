"""The recipe for captions on a laptop."""

from dataclasses import replace

from thuja.recipes import find_recipe


def test_it_is_small_with_captions_under_a_head_of_their_own() -> None:
    small, ours = find_recipe("small"), find_recipe("small-captions")
    (life,), (with_captions,) = small.streams, ours.streams
    (names, captions) = with_captions.objectives
    assert (names, captions.head, captions.weight) == (life.objectives[0], "caption", 1 / 6)
    assert ours.heads[0].has_own_temperature
    assert replace(ours, name="small", heads=(), streams=small.streams) == small
