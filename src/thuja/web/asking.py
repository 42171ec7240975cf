"""A model's towers as a search is handed them, from a thread that answers one: each pass goes through the one queue."""

from collections.abc import Sequence

import anyio.from_thread
import numpy as np
import numpy.typing as npt

from thuja.encode import Failure
from thuja.errors import ImageError
from thuja.search.query import Encode
from thuja.web.encoding import Encoding

Floats = npt.NDArray[np.float32]


def query_encode(encoding: Encoding) -> Encode:
    """What `thuja.search.query.answer` needs, for a thread that the event loop started.

    The caller holds room in the queue for its pictures.
    """

    async def look(pictures: Sequence[bytes]) -> list[Floats | Failure]:
        return [await encoding.look(data) for data in pictures]

    def images(pictures: Sequence[bytes]) -> Floats:
        found = anyio.from_thread.run(look, pictures)
        for one in found:
            if isinstance(one, Failure):
                raise ImageError(one.message, reason=one.reason)
        return np.stack([one for one in found if not isinstance(one, Failure)])

    def texts(sentences: Sequence[str]) -> Floats:
        return anyio.from_thread.run(encoding.read, sentences)

    model = encoding.encoder.model
    return Encode(model=model.id, dim=model.config.embed_dim, images=images, texts=texts)
