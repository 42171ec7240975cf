"""The table of captions: one row a picture, accepted or rejected, with all that was tried and what guided it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from thuja.captions.make.drafting import Guide
from thuja.captions.make.drafts import Draft
from thuja.captions.make.inputs import Picture
from thuja.record import printable
from thuja.taxonomy import RANKS

ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"

_DRAFT: Final = pa.struct(
    [
        ("text", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("why", pa.list_(pa.string())),
        ("score", pa.float64()),
        ("seed", pa.int64()),
        ("prompt", pa.string()),
    ]
)

CAPTIONS_SCHEMA: Final = pa.schema(
    [
        ("uuid", pa.string()),
        ("caption", pa.string()),
        ("status", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("why", pa.list_(pa.string())),
        ("score", pa.float64()),
        ("scores", pa.string()),
        ("tries", pa.int64()),
        ("drafts", pa.list_(_DRAFT)),
        *((rank.label, pa.string()) for rank in RANKS),
        ("scientific_name", pa.string()),
        ("common", pa.string()),
        ("split", pa.string()),
        ("shard_filename", pa.string()),
        ("path", pa.string()),
        ("strategy", pa.string()),
        ("model", pa.string()),
        ("prompt", pa.string()),
        ("seed", pa.int64()),
        ("is_described", pa.bool_()),
        ("examples_of", pa.string()),
        ("requests", pa.int64()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cost", pa.float64()),
        ("description", pa.string()),
        ("description_source", pa.string()),
        ("description_title", pa.string()),
        ("description_url", pa.string()),
        ("description_revision", pa.string()),
        ("description_licence", pa.string()),
        ("description_licence_link", pa.string()),
    ]
)
"""`caption` is null where `status` is rejected; `reasons` are short words (the checks that reject, or why there is no
answer), `why` the sentences beside them. `scores` is a JSON object, from 0 to 1 a check. `prompt` is the SHA-256 of
what was asked. `examples_of` is the group whose examples were shown, null for thuja's own. Tokens and cost are of all
tries. `description` is what the captioner was handed: its source, page,
revision and licence stand beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """What all rows of a unit have alike."""

    strategy: str
    shard: str
    split: str = ""
    model: str = ""


def row_of(picture: Picture, guide: Guide, drafts: Sequence[Draft], *, about: RowFacts) -> dict[str, Any]:
    """The row of a picture that is settled by its drafts."""
    last = drafts[-1]
    source = guide.description.source if guide.description is not None else None
    told = {
        f"description_{name}": (getattr(source, name) or None) if source is not None else None
        for name in ("title", "url", "revision", "licence", "licence_link")
    }
    return {
        **_known(picture, about),
        "caption": last.text if last.is_accepted else None,
        "status": ACCEPTED if last.is_accepted else REJECTED,
        "reasons": list(last.reasons),
        "why": [fault.reason for fault in last.faults],
        "score": last.score,
        "scores": json.dumps(dict(last.scores)) if last.scores else None,
        "tries": len(drafts),
        "drafts": [_draft_row(draft) for draft in drafts],
        "model": last.model or about.model or None,
        "prompt": last.prompt,
        "seed": last.seed,
        "is_described": guide.description is not None,
        "examples_of": guide.examples_of or None,
        "requests": sum(draft.requests for draft in drafts),
        "prompt_tokens": sum(draft.prompt_tokens for draft in drafts),
        "completion_tokens": sum(draft.completion_tokens for draft in drafts),
        "cost": sum(draft.cost for draft in drafts),
        "description": guide.description.text if guide.description is not None else None,
        "description_source": (source.name or None) if source is not None else None,
        **told,
    }


def unusable_row(picture: Picture, reason: str, message: str, *, about: RowFacts) -> dict[str, Any]:
    """The row of a picture that nobody could be asked about."""
    return {
        **_known(picture, about),
        "status": REJECTED,
        "reasons": [reason],
        "why": [message],
        "score": 0.0,
        "tries": 0,
        "drafts": [],
        "is_described": False,
        **dict.fromkeys(("requests", "prompt_tokens", "completion_tokens"), 0),
        "cost": 0.0,
    }


def _known(picture: Picture, about: RowFacts) -> dict[str, Any]:
    record = picture.record
    return {
        **dict.fromkeys(CAPTIONS_SCHEMA.names),
        "uuid": record.uuid,
        **record.taxon.to_columns(),
        "split": record.split or about.split or None,
        "shard_filename": about.shard,
        "strategy": about.strategy,
        "path": printable(picture.place) or None,
    }


def _draft_row(draft: Draft) -> dict[str, Any]:
    return {
        "text": draft.text or None,
        "reasons": list(draft.reasons),
        "why": [fault.reason for fault in draft.faults],
        "score": draft.score,
        "seed": draft.seed,
        "prompt": draft.prompt,
    }
