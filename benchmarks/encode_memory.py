"""One long stream of images in a process of its own: its peak memory, and how much its second half adds.

python benchmarks/encode_memory.py (tiny|MODEL_FOLDER) COUNT PHOTO
"""

import io
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from thuja.encode import EncodeOptions, Encoder, stream_images
from thuja.images import Preparation, read_image
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, VisionConfig

PAGE = resource.getpagesize()


def tiny_model() -> Model:
    """A tower small enough that everything around it is what is measured."""
    tokenizer = Tokenizer.train(["a photo of a raven.", "a photo of a magpie."], 540)
    config = ModelConfig(
        embed_dim=32,
        vision=VisionConfig(image_size=64, patch_size=16, width=64, layers=2, head_width=32),
        text=TextConfig(context_length=24, vocab_size=540, width=32, heads=2, layers=1),
    )
    return Model.create(config, tokenizer, Preparation(size=64), generator=torch.Generator().manual_seed(0))


def resident() -> float:
    """This process's memory in MB."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 2**20


def main() -> None:
    name, count, photo = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    image = read_image(photo)
    buffer = io.BytesIO()
    (image.resize((64, 64)) if name == "tiny" else image).save(buffer, "JPEG")
    data = buffer.getvalue()
    encoder = Encoder.prepare(tiny_model() if name == "tiny" else Model.load(Path(name)))

    def images() -> Iterator[tuple[str, bytes]]:
        for place in range(count):
            yield str(place), data

    started, done, half = time.perf_counter(), 0, 0.0
    for batch in stream_images(encoder, images(), EncodeOptions(batch_size=16, is_exact=False)):
        done += len(batch.ids)
        if not half and done >= count // 2:
            half = resident()
    grown = (resident() - half) / (count / 2000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name if name == 'tiny' else Path(name).name}: {done:,} images, peak {peak / 1024:.2f} GB, growth over the "
        f"second half {grown:.3f} MB per 1,000 images, {done / (time.perf_counter() - started):,.0f} images/s"
    )


if __name__ == "__main__":
    main()
