"""A model's towers as the functions that a search is handed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.encode.encoder import Encoder
from thuja.encode.images import EncodeOptions, encode_images
from thuja.encode.texts import encode_texts
from thuja.errors import ImageError
from thuja.images import DEFAULT_LIMITS, Limits
from thuja.model import TAXONOMY
from thuja.search.query import Encode


def query_encoder(encoder: Encoder, *, head: str = TAXONOMY, limits: Limits = DEFAULT_LIMITS) -> Encode:
    """What `thuja.search.query.answer` needs of a model: pictures through `head`, and texts."""
    options = EncodeOptions(is_exact=False, limits=limits, head=head)

    def images(pictures: Sequence[bytes]) -> npt.NDArray[np.float32]:
        encoded = encode_images(encoder, [(str(place), data) for place, data in enumerate(pictures)], options)
        if encoded.errors:
            first = encoded.errors[0]
            which = f"picture {int(first.id) + 1} of {len(pictures)}: " if len(pictures) > 1 else ""
            raise ImageError(
                which + first.message, reason=first.reason, hint="name a JPEG, PNG or other picture that opens"
            )
        return encoded.embeddings.vectors.astype(np.float32)

    def texts(sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        return encode_texts(encoder.model, sentences)

    model = encoder.model
    return Encode(
        model=model.id,
        dim=model.config.embed_dim,
        images=images,
        texts=texts,
        label_text=str(model.facts.get("label_text") or "taxon_com"),
    )
