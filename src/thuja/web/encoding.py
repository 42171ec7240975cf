"""Pictures and texts to vectors: decoded in a few threads, encoded together, forgotten."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.encode import EncodeOptions, Encoder, Failure
from thuja.encode.images import resized_by
from thuja.errors import ImageError
from thuja.images import Limits, decode
from thuja.predict.inputs.boxes import Box
from thuja.search.recent import Recent
from thuja.web.problems import TooLarge
from thuja.web.queue import ModelQueue
from thuja.web.settings import ServeSettings
from thuja.web.works import Look, Read, texts_of_a_pass

Vector = npt.NDArray[np.float32]
Pixels = npt.NDArray[Any]

_TEXTS_KEPT: Final = 1_024


def require_short(texts: Sequence[str], most: int) -> None:
    """Raise TooLarge for a text of more than `most` characters, counted as somebody wrote it."""
    longest = max(map(len, texts), default=0)
    if longest > most:
        raise TooLarge(f"a text of {longest:,} characters is over the limit of {most:,}")


class Encoding:
    """The way into a model's space. No picture is kept; the vectors of the last texts are."""

    def __init__(self, encoder: Encoder, settings: ServeSettings, queue: ModelQueue, *, is_exact: bool) -> None:
        self._queue = queue
        self.encoder = encoder
        options = EncodeOptions(is_exact=is_exact, limits=settings.limits.of_image)
        self._resize: Callable[[Any], Pixels] = resized_by(encoder.model.preparation, options)
        self._decoders = ThreadPoolExecutor(settings.pace.decoders, thread_name_prefix="decode")
        self._look = Look(encoder=self.encoder, most=settings.pace.batch)
        config, batch = encoder.model.config, settings.pace.batch
        self._most_texts = texts_of_a_pass(config, batch, are_names=False)
        self._most_names = texts_of_a_pass(config, batch, are_names=True)
        self._texts: Recent[tuple[bool, str], Vector] = Recent(_TEXTS_KEPT)

    async def look(self, data: bytes, box: Box | None = None) -> Vector | Failure:
        """The unit vector (D,) of a picture, or of the part of it within a box; a Failure where it is none.

        The caller holds room in the queue: `with queue.admitted(1)`.
        """
        content = data if box is None else _Part(data, box)
        loop = asyncio.get_running_loop()
        try:
            pixels = await loop.run_in_executor(self._decoders, self._resize, content)
        except ImageError as error:
            return Failure("", error.reason, f"{error.message}; {error.hint}" if error.hint else error.message)
        (vector,) = await self._queue.run(self._look, [pixels])
        if not np.isfinite(vector).all():
            return Failure("", "not_finite", "what the model makes of this picture is not a number")
        return vector

    async def read(self, texts: Sequence[str], *, is_name: bool = False) -> npt.NDArray[np.float32]:
        """The unit vectors (L, D) of texts as they are, or of names put into the usual prompts.

        How long a text may be is for those to say who were given it: `require_short`.
        """
        known = {text: self._texts.get((is_name, text)) for text in texts}
        kept = {text: vector for text, vector in known.items() if vector is not None}
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        work = Read(encoder=self.encoder, is_name=is_name, most=self._most_names if is_name else self._most_texts)
        for start in range(0, len(missing), work.most):  # others come in between
            part = missing[start : start + work.most]
            for text, vector in zip(part, await self._queue.run(work, part), strict=True):
                self._texts.put((is_name, text), vector)  # a question that is not answered in time goes on from there
                kept[text] = vector
        return np.stack([kept[text] for text in texts])

    def close(self) -> None:
        """Let the threads go."""
        self._decoders.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Part:
    """A box of a picture that is still to be decoded."""

    data: bytes
    box: Box

    def show(self, limits: Limits) -> Image.Image:
        """What is within the box; raises ImageError."""
        return self.box.cut(decode(self.data, limits=limits))
