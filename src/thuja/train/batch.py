"""One step's inputs as tensors: the images of each stream, the distinct texts of all, and who is taught what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from thuja.model import Tokenizer
from thuja.train.drawing import Spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What one objective says of b images, its texts as rows of the batch's distinct ones.

    `text_of` is (b,), the text of each image, or (U,), one a clade, for the loss `levels`.
    """

    name: str
    text_of: Tensor
    keys: Tensor
    levels: Tensor
    image_keys: Tensor  # (b, K)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One stream's images in this process, and their lessons.

    `images` are (b, M, M, 3) uint8 pixels, of which `boxes` are to be cropped, or (b, F) features
    of a frozen trunk.
    """

    name: str
    uuids: Sequence[str]
    images: Tensor
    boxes: Tensor | None
    lessons: Sequence[Lesson]
    replaced: int = 0
    """How many of the images stand in for one that cannot be read."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why, in one word each; a stand-in that is bad as well counts too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step in this process: `tokens` are the L distinct texts as ids, the longest first.

    `order` is eight letters that tell the samples of the whole step, of all processes, from others.
    """

    step: int
    shares: Sequence[Share]
    tokens: Sequence[Sequence[int]]
    order: str = ""

    @property
    def replaced(self) -> int:
        """How many of them stand in for one that cannot be read."""
        return sum(share.replaced for share in self.shares)

    @property
    def reasons(self) -> Counter[str]:
        """Why they cannot, and how many of each."""
        return sum((Counter(share.reasons) for share in self.shares), Counter())


class TextTable:
    """The distinct texts of a batch, each with its row."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def add(self, texts: Sequence[str]) -> Tensor:
        """The row of each of these texts, (n,)."""
        rows = [self._rows.setdefault(text, len(self._rows)) for text in texts]
        return torch.tensor(rows, dtype=torch.int64)

    def tokens(self, tokenizer: Tokenizer, context_length: int) -> tuple[list[list[int]], Tensor]:
        """The texts as ids, longest first, and the place there of each row added."""
        ids = tokenizer.encode(list(self._rows), context_length)
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        place = torch.empty(len(ids), dtype=torch.int64)
        place[torch.tensor(order, dtype=torch.int64)] = torch.arange(len(ids))
        return [ids[row] for row in order], place


def lesson(spoken: Spoken, table: TextTable) -> Lesson:
    """One objective's texts and keys as tensors; the texts join the batch's table."""
    return Lesson(
        name=spoken.name,
        text_of=table.add(spoken.texts),
        keys=torch.from_numpy(spoken.keys),
        levels=torch.from_numpy(spoken.levels),
        image_keys=torch.from_numpy(spoken.image_keys),
    )
