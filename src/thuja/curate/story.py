"""The whole story of one image: where it came from, what every step made of it, and where it lies.

Each step's Parquet is asked for one row; the reader decodes the ids first and of the rest only what it needs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.outputs import CurationFolder, readable
from thuja.errors import EmptyInput, UsageError

Value = str | int | float | bool
Facts = Mapping[str, Value]

_PREFIX = re.compile(r"[0-9a-f-]{4,35}")
_MOST = 10
"""Images that a word may mean before no more of them are told."""

MEASURED_BY: Mapping[str, tuple[str, ...]] = {
    "screen": (
        "license_name", "license_link", "basis_of_record", "occurrence_status", "is_captive", "establishment_means",
        "quality_grade", "individual_count", "identification_qualifier", "issues",
    ),
    "names": ("verbatim_name", "resolution_status", "resolution_score", "resolution_reason"),
    "download": ("source_url", "file_size"),
    "check": ("file_size", "width", "height", "crop"),
    "quality": ("width", "height", "sharpness", "contrast"),
    "people": ("person_score", "animal_score"),
    "camera": ("animal_score", "sequence_id"),
    "specimens": ("specimen_class", "basis_of_record"),
    "leaks": ("leak_of", "pdq_quality"),
    "leak_copies": ("leak_of", "sha256", "pixel_hash"),
    "bursts": ("observation_id", "sequence_id", "event_date"),
    "duplicates": ("duplicate_of", "pdq_quality", "width", "height"),
}  # fmt: skip
"""What a step looks at when it drops an image: the columns to show beside its settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One image at one step. `outcome` is kept, dropped, or passed on: a row that was dropped before goes through."""

    number: int
    step: str
    outcome: str
    filled: Facts = field(default_factory=dict)
    changed: Mapping[str, tuple[Value, Value | None]] = field(default_factory=dict)
    """Columns that held something else before, with both values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Why an image was dropped: what the step measured, and the settings that it held that against."""

    step: str
    reason: str
    measured: Facts
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The copy that was kept in an image's stead, and how many of the 256 bits of their PDQ hashes differ."""

    facts: Facts
    distance: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """An evaluation set that the image was found in, and by which key."""

    benchmark: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStory:
    """One image from its source to its shard. `facts` is its last row without what is not known."""

    uuid: str
    facts: Facts
    passages: Sequence[Passage]
    is_settled: bool
    """Whether the curation has ended; else this is the story so far."""
    drop: Drop | None = None
    kept_copy: Copy | None = None
    leaks: Sequence[Leak] = ()
    copies: int = 0
    """How many other images were dropped as copies of this one."""


def find_images(curation: CurationFolder, word: str) -> list[str]:
    """The uuids that a word means, up to eleven: a uuid or the beginning of one, a URL, a path, an id or hash.

    Raises EmptyInput where it means none. What a word is in whole goes before what begins or ends with it; where it is
    the id of one image and the path or another id of others, it means all of them.
    """
    rows = curation.last.rows()
    word = word.strip()
    if not word:
        raise UsageError("an empty word means no image", hint="give a uuid, a URL, a path or a source's id")
    low = word.lower()
    names = ("source_id", "gbif_id", "occurrence_id", "observation_id", "source_url", "path", "place")
    whole = [pl.col("uuid") == low, pl.col("sha256") == low, *(pl.col(name) == word for name in names)]
    whole += [pl.col("path") == str(Path(word).absolute())] if "://" not in word else []
    begins = [pl.col("uuid").str.starts_with(low)] if _PREFIX.fullmatch(low) else []
    ends = [pl.col("path").str.ends_with("/" + word.lstrip("./"))]
    order = [pl.any_horizontal(whole), *begins, *ends]
    for condition in order:
        found = rows.filter(condition).select("uuid").head(_MOST + 1).collect(engine="streaming")["uuid"]
        if len(found):
            return sorted(found.to_list())
    raise EmptyInput(
        f'no image of {curation.folder} is "{word}"',
        hint="give a uuid or its first four signs, a URL, a path, or a source's id as catalog.parquet has them",
    )


def read_story(folder: Path, word: str) -> ImageStory:
    """The story of the image that `word` means. Raises UsageError where it means several, EmptyInput where none."""
    curation = CurationFolder.open(folder)
    with readable(curation.folder):
        uuids = find_images(curation, word)
        story = story_of(curation, uuids[0]) if len(uuids) == 1 else None
    if story is None:
        shown = ", ".join(uuids[:_MOST]) + (", ..." if len(uuids) > _MOST else "")
        many = f"{len(uuids)}" if len(uuids) <= _MOST else f"more than {_MOST}"
        raise UsageError(f'"{word}" means {many} images', hint=f"name one of them: {shown}")
    return story


def story_of(curation: CurationFolder, uuid: str) -> ImageStory:
    """The story of the image with this whole uuid."""
    asked = [step.rows().filter(pl.col("uuid") == uuid).head(1) for step in curation.steps]
    rows = [frame.to_dicts() for frame in pl.collect_all(asked)]
    passages: list[Passage] = []
    facts: Facts = {}
    for step, found in zip(curation.steps, rows, strict=True):
        if found:
            passages.append(_passage(step.number, step.name, facts, row=found[0]))
            facts = _known(found[0])
    return ImageStory(
        uuid=uuid,
        facts=facts,
        passages=passages,
        is_settled=curation.is_complete,
        drop=_drop(facts, curation.recipe),
        kept_copy=_kept_copy(curation, facts),
        leaks=[
            Leak(benchmark=name, key=key)
            for name, _, key in (part.rpartition(":") for part in str(facts.get("leak_of", "")).split(";") if part)
        ],
        copies=curation.last.rows().filter(pl.col("duplicate_of") == uuid).select(pl.len()).collect().item(),
    )


def _passage(number: int, name: str, before: Facts, *, row: Mapping[str, Any]) -> Passage:
    after = _known(row)
    dropped_by = after.get("dropped_by")
    outcome = "kept" if dropped_by is None else "dropped" if "dropped_by" not in before else "passed on"
    skipped = ("uuid", "drop_reason", "dropped_by")
    return Passage(
        number=number,
        step=name,
        outcome=outcome,
        filled={key: value for key, value in after.items() if key not in before and key not in skipped},
        changed={key: (old, after.get(key)) for key, old in before.items() if after.get(key) != old},
    )


def _known(row: Mapping[str, Any]) -> dict[str, Value]:
    return {name: value for name, value in row.items() if value is not None and value == value}


def _drop(facts: Facts, recipe: Mapping[str, Any]) -> Drop | None:
    if "drop_reason" not in facts:
        return None
    step = str(facts.get("dropped_by", "unknown"))
    settings = recipe.get(step)
    return Drop(
        step=step,
        reason=str(facts["drop_reason"]),
        measured={name: facts[name] for name in MEASURED_BY.get(step, ()) if name in facts},
        settings=settings if isinstance(settings, dict) else {},
    )


def _kept_copy(curation: CurationFolder, facts: Facts) -> Copy | None:
    kept = facts.get("duplicate_of")
    if kept is None:
        return None
    rows = curation.last.rows().filter(pl.col("uuid") == kept).head(1).collect().to_dicts()
    found = _known(rows[0]) if rows else {"uuid": str(kept)}
    return Copy(facts=found, distance=hamming(facts.get("pdq"), found.get("pdq")))


def hamming(one: object, other: object) -> int | None:
    """How many bits of two hexadecimal hashes differ; None where one is missing or is none."""
    try:
        return (int(str(one), 16) ^ int(str(other), 16)).bit_count()
    except ValueError:
        return None
