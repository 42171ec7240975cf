"""What is asked about: one image, a box in it, or a vector that is made already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from thuja.embeddings import Vectors
from thuja.encode import Failure
from thuja.encode.sources import Url
from thuja.encode.tables import Flaw
from thuja.images import DEFAULT_LIMITS, Limits, as_decoded, decode, read_image
from thuja.predict.answers import Judgement, Prediction
from thuja.predict.inputs.boxes import Box

Subject = bytes | Path | Url | Image.Image | Vectors | Flaw
"""An image as a file's bytes, where it is, or as it lies in memory; its vector (D,); or what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One thing to answer, in the place where it was named.

    `id` is its row's own, or the file name. `cells` came along from its table. Queries of one `group` are pooled;
    None stands alone. `shares` is the box as a Prediction tells it, empty as long as that is not known.
    """

    file_name: str
    id: str
    content: Subject
    place: int = 0
    cells: Mapping[str, object] = field(default_factory=dict)
    box: Box | None = None
    shares: str = ""
    group: str | None = None

    def image(self, *, limits: Limits = DEFAULT_LIMITS) -> Image.Image | None:
        """The image or the part of it that is asked about; None for a URL, a vector and what is flawed.

        Raises ImageError.
        """
        if isinstance(self.content, bytes):
            whole = decode(self.content, limits=limits)
        elif isinstance(self.content, Path):
            whole = read_image(self.content, limits=limits)
        elif isinstance(self.content, Image.Image):
            whole = as_decoded(self.content, limits=limits)
        else:
            return None
        return whole if self.box is None else self.box.cut(whole)


class Seen(NamedTuple):
    """What came of a query, or of a group by the query that stands for it: a vector (D,), or why there is none."""

    query: Query
    outcome: Vectors | Failure
    images: int = 1
    failed: int = 0

    def prediction(self, judgement: Judgement | None) -> Prediction:
        """The Prediction that says so; `judgement` is None where there was no vector to judge."""
        query, failure = self.query, self.outcome if isinstance(self.outcome, Failure) else None
        return Prediction(
            file_name=query.file_name,
            id=query.id,
            judgement=judgement or Judgement(),
            images=self.images,
            failed=self.failed,
            box=query.shares,
            cells=query.cells,
            reason=failure.reason if failure else "",
            error=failure.message if failure else "",
        )
