"""What an index folder holds: one version of it, as JSON. Segments never change; versions name them."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from thuja.errors import BadFile

INDEX: Final = "index.json"
"""Names the current version: replacing this file is what makes a change visible."""
VERSIONS: Final = "versions"
SEGMENTS: Final = "segments"
FACTS: Final = "segment.json"
"""Of a segment: rows, length of a vector, and the bytes and SHA-256 of its other files. It is written last."""
FORMAT: Final = 1
UNKNOWN: Final = "unknown"
"""The model of vectors of which nothing says whose they are."""
_HASH: Final = re.compile(r"-[0-9a-f]{12}")
_NAME: Final = re.compile(r"[0-9]{6,}-[0-9a-f]{12}")
_KINDS: Final = ("text", "number", "bool", "distinct")


def is_model_of(said: str, model: str) -> bool:
    """Whether an index that is said to be of a model is of that one.

    A name without the hash of its weights, as somebody gives it who builds an index, is that of all that bear it.

    >>> is_model_of("bioclip-2", "bioclip-2-0123456789ab"), is_model_of("bioclip", "bioclip-2-0123456789ab")
    (True, False)
    """
    return said == model or bool(_HASH.fullmatch(model.removeprefix(said)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts:
    """One segment in a version: its folder's name, its rows, and how many of them are deleted."""

    name: str
    rows: int
    deleted: int = 0

    @property
    def kept(self) -> int:
        """The rows that are not deleted."""
        return self.rows - self.deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An index at one moment.

    `model` and `preparation` are those of the vectors, `dim` their length. `columns` gives the kind of each column:
    `text`, `number`, `bool` or `distinct`; `without` names those that stay out, whatever is added. `made` is when, in
    UTC, `by` the command.
    """

    number: int
    model: str
    dim: int
    preparation: str = ""
    segments: tuple[SegmentFacts, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    has_thumbnails: bool = False
    made: str = ""
    by: str = ""

    def __len__(self) -> int:
        return sum(segment.kept for segment in self.segments)

    @property
    def file(self) -> str:
        """Where it stands in the folder."""
        return f"{VERSIONS}/{self.number:06}.json"

    def deleted_file(self, segment: SegmentFacts) -> str:
        """Where the deleted rows of a segment stand, packed as `Bits` are."""
        return f"{VERSIONS}/{self.number:06}-{segment.name}.deleted.npy"

    def to_json(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str, where: str) -> "Version":
        """As it was written; raises BadFile, which names `where`, for what is no version."""
        try:
            read: dict[str, Any] = json.loads(text)
            segments = tuple(SegmentFacts(**one) for one in read["segments"])
            version = cls(**{**read, "segments": segments, "without": tuple(read.get("without", ()))})
            if (wrong := _wrong(version)) is not None:
                raise ValueError(wrong)
            return version
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadFile(f"{where} is not a version of an index: {error}") from error


def is_segment_name(name: str) -> bool:
    """Whether a folder of segments may be called so: a number, and a digest of what the segment holds.

    >>> is_segment_name("000003-1a2b3c4d5e6f"), is_segment_name("../../elsewhere")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None


def _wrong(version: Version) -> str | None:
    """What cannot be of a version that was read, which anybody may have written; None where all can be."""
    numbers = [version.number, version.dim, *(count for one in version.segments for count in (one.rows, one.deleted))]
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in numbers):
        return "its numbers are not whole numbers from 0 on"
    texts = (version.model, version.preparation, version.made, version.by, *version.without)
    if not all(isinstance(one, str) for one in texts):
        return "model, preparation, made, by and without are texts"
    for one in version.segments:
        if not is_segment_name(one.name):
            return f"no segment is called {str(one.name)[:80]!r}"
        if one.deleted > one.rows:
            return f"more rows of the segment {one.name} are deleted than there are"
    for name, kind in version.columns.items():
        if kind not in _KINDS:
            return f"the column {name[:80]!r} is of no kind that is known: {str(kind)[:80]!r}"
    return None
