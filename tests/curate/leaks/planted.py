"""Images and rows that leak tests are made of."""

from pathlib import Path
from typing import Any

import daft
import numpy as np
import pyarrow as pa
from PIL import Image

from thuja.curate.check import Asked, look_at
from thuja.curate.rows import STEP_SCHEMA
from thuja.images import DEFAULT_LIMITS
from thuja.record import uuid_of_source

Row = dict[str, Any]


def painted(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Random light whose amplitude falls with the frequency, as a photo's does, and of no symmetry."""
    rng = np.random.default_rng(seed)
    height, width = size[1], size[0]
    noise = np.fft.fft2(rng.normal(size=(height, width, 3)), axes=(0, 1))
    down, across = np.fft.fftfreq(height)[:, None, None], np.fft.fftfreq(width)[None, :, None]
    light = np.fft.ifft2(noise / (np.hypot(down, across) + 1 / 400) ** 1.25, axes=(0, 1)).real
    levels = 128 + 45 * (light - light.mean()) / light.std()
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def training_row(number: int, image: Path | None = None, **facts: Any) -> Row:
    """A row of a curation; with an image, hashed by the step `check`."""
    source = str(facts.get("data_source", "farm"))
    row: Row = {"uuid": uuid_of_source(source, f"row {number}"), "data_source": source, "source_id": f"row {number}"}
    if image is not None:
        found = look_at(Asked(place=str(image), path=str(image)), DEFAULT_LIMITS)
        assert found.pop("reason") is None
        row |= found | {"path": str(image), "place": str(image)}
    return row | facts


def frame_of(rows: list[Row]) -> daft.DataFrame:
    return daft.from_arrow(pa.Table.from_pylist(rows, schema=STEP_SCHEMA))
