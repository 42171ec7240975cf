"""The story of one image, in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from thuja.curate.story import Copy, Drop, Facts, ImageStory, Passage
from thuja.taxonomy import RANKS

_ORIGIN = (
    "data_source",
    "source_id",
    "gbif_id",
    "occurrence_id",
    "observation_id",
    "sequence_id",
    "source_url",
    "path",
)
_PEOPLE = ("license_name", "license_link", "copyright_owner", "publisher", "recorded_by", "basis_of_record", "img_type")
_COPY = (
    "data_source",
    "source_id",
    "source_url",
    "path",
    "width",
    "height",
    "scientific_name",
    "license_name",
    "split",
)
_LONG = 110


def tell(story: ImageStory) -> str:
    """The story as lines of text."""
    return "\n".join(_lines(story))


def _lines(story: ImageStory) -> Iterator[str]:
    facts = story.facts
    yield f"{story.uuid}: {_outcome(story)}"
    yield from _block("where it came from", facts, _ORIGIN)
    yield from _block("whose it is and what kind", facts, _PEOPLE)
    yield from _name(facts)
    yield "step by step"
    for passage in story.passages:
        yield from _passage(passage)
    if story.drop is not None:
        yield from _drop(story.drop)
    if story.kept_copy is not None:
        yield from _copy(story.kept_copy)
    for leak in story.leaks:
        yield f"found in the evaluation set {leak.benchmark}, by {leak.key}"
    if story.copies:
        yield f"{story.copies:,} other images were dropped as copies of this one"
    if "shard_filename" in facts:
        yield f"it lies in shards/{facts['shard_filename']} as {story.uuid}.jpg, split {facts.get('split', 'unknown')}"


def _outcome(story: ImageStory) -> str:
    so_far = "" if story.is_settled else " so far"
    if story.drop is None:
        split = story.facts.get("split")
        return f"kept{so_far}" + (f", split {split}" if split else "")
    return f"dropped by {story.drop.step}: {story.drop.reason}"


def _block(title: str, facts: Facts, names: tuple[str, ...]) -> Iterator[str]:
    known = [name for name in names if name in facts]
    if known:
        yield title
        yield from (f"  {name:<18} {_plain(facts[name])}" for name in known)


def _name(facts: Facts) -> Iterator[str]:
    lineage = " ".join(str(facts[rank.label]) for rank in RANKS if rank.label in facts)
    if not lineage and "verbatim_name" not in facts:
        return
    yield "what it shows"
    if "verbatim_name" in facts:
        yield f"  {'as it was written':<18} {_plain(facts['verbatim_name'])}"
    if lineage:
        common = f" ({facts['common']})" if "common" in facts else ""
        yield f"  {'taken for':<18} {lineage}{common}"
    if "resolution_status" in facts:
        score = facts.get("resolution_score")
        sure = f", score {score:.3f}" if isinstance(score, float) else ""
        why = f": {facts['resolution_reason']}" if "resolution_reason" in facts else ""
        yield f"  {'how':<18} {facts['resolution_status']}{sure}{why}"


def _passage(passage: Passage) -> Iterator[str]:
    yield f"  {passage.number:>2} {passage.step:<12} {passage.outcome}"
    if passage.number == 0:
        yield f"{'':<18}{len(passage.filled)} columns from the source: {', '.join(passage.filled)}"
        return
    for name, value in passage.filled.items():
        yield f"{'':<18}{name} = {_plain(value)}"
    for name, (old, new) in passage.changed.items():
        yield f"{'':<18}{name}: {_plain(old)} -> {_plain(new)}"


def _drop(drop: Drop) -> Iterator[str]:
    yield f"why it was dropped: {drop.reason.replace('_', ' ')} (step {drop.step})"
    for name, value in drop.measured.items():
        yield f"  {name:<18} {_plain(value)}"
    for name, value in drop.settings.items():
        yield f"  recipe: {drop.step}.{name} = {_plain(value)}"


def _copy(copy: Copy) -> Iterator[str]:
    apart = "" if copy.distance is None else f", {copy.distance} of 256 bits of their PDQ hashes apart"
    yield f"the copy that was kept: {copy.facts.get('uuid')}{apart}"
    yield from (f"  {name:<18} {_plain(copy.facts[name])}" for name in _COPY if name in copy.facts)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = json.dumps(value) if isinstance(value, list | Mapping) else "none" if value is None else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"
