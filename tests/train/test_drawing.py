"""What is said of images: the keys that tell texts and clades apart."""

import tracemalloc

from thuja.train.drawing import text_key


def test_captions_are_not_kept_in_memory() -> None:
    """Every worker kept a million captions beside their numbers, hundreds of megabytes."""
    tracemalloc.start()
    keys = {text_key(f"caption {number} " * 200) for number in range(2_000)}
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(keys) == 2_000
    assert kept < 400_000
