"""The same images as others see them: raw pixels, ImageNet's features, a model's own tower before it was trained.

What an embedding space shows of taxa and traits is worth as much as it exceeds these.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from thuja.encode.cached import Projection, cached_vectors, projection_of
from thuja.encode.contents import contents
from thuja.encode.eye import Eye, Floats, Pixels, efficientnet_eye, eye_of
from thuja.encode.images import Encoded, EncodeOptions
from thuja.encode.pipeline import Content, Failure
from thuja.encode.sources import find_image_sources
from thuja.errors import UnknownName, UsageError
from thuja.images import Preparation
from thuja.images.fetching import Fetcher
from thuja.jobs import cache_folder
from thuja.model import Model
from thuja.model.fresh import fresh_model
from thuja.model.machine import find_device
from thuja.model.published import find_model

PIXELS, IMAGENET, UNTRAINED = CONTROLS = ("pixels", "imagenet", "untrained")
_SIDE: Final = 16
"""Raw pixels at 16 by 16 are 768 numbers, as many as BioCLIP 2's vectors have."""


def encode_control(
    control: str, inputs: Sequence[str], *, model: str = "", column: str | None = None, device: str = "auto"
) -> Encoded:
    """Vectors of length one (N, D) by one of CONTROLS, under the ids that `embed` gives these images.

    `untrained` needs the name of a `model`, and is its architecture with weights drawn from seed 0. Raises UnknownName
    for another control, UsageError for inputs that are no images, and what loading the model raises.
    """
    sources = find_image_sources(inputs, column=column)
    eye, project, name = open_control(control, model, device=device)
    fetcher = Fetcher()
    options = EncodeOptions(batch_size=128 if eye.preparation.size <= 128 else 32, label=control, is_exact=False)
    unread: list[Failure] = []

    def stream() -> Iterator[tuple[str, Content]]:
        items = enumerate(found.open() for source in sources for found in source)
        for _, item, content in contents(items, fetcher.fetch):
            if isinstance(content, Failure):
                unread.append(content)
            else:
                yield item.id, content

    try:
        seen = cached_vectors(eye, stream(), cache_folder() / "vectors", options=options, projection=project)
    finally:
        fetcher.close()
    embeddings = replace(seen.embeddings, model=name).normalized()
    return Encoded(embeddings=embeddings, errors=[*unread, *seen.errors])


def require_control(control: str, model: str) -> None:
    """Raise UnknownName for what is none of CONTROLS, UsageError for an untrained tower of no model."""
    if control not in CONTROLS:
        raise UnknownName.of("control", control, CONTROLS)
    if control == UNTRAINED and not model:
        raise UsageError("an untrained tower is a model's own", hint="name the model: --model RUN")


def open_control(control: str, model: str = "", *, device: str = "auto") -> tuple[Eye, Projection | None, str]:
    """The eye of one of CONTROLS, what takes its features to vectors, and who sees; it raises as `encode_control`."""
    require_control(control, model)
    if control == PIXELS:
        eye = pixel_eye()
        return eye, None, eye.id
    if control == IMAGENET:
        eye = efficientnet_eye(device)
        return eye, None, eye.id
    fresh = fresh_model(Model.load(find_model(model)), seed=0).to(find_device(device))
    return eye_of(fresh), projection_of(fresh), fresh.id


def pixel_eye() -> Eye:
    """RGB at 16 by 16, squashed, less middle grey: (B, 768)."""
    preparation = Preparation(size=_SIDE, interpolation="bicubic")

    def look(pixels: Sequence[Pixels]) -> Floats:
        return np.stack([np.asarray(one, dtype=np.float32).reshape(-1) / 255 - 0.5 for one in pixels])

    return Eye(id=f"pixels-{_SIDE}", dim=3 * _SIDE**2, preparation=preparation, look=look)
