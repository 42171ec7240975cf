"""Hostile files and the largest ones, each batch decoded by a process of its own: outcomes and peak memory."""

import json
import subprocess
import sys

import pytest
from PIL import Image
from tests.images.drawn import png

SWEEP = """
import json, sys
from pathlib import Path
from thuja.errors import ImageError
from thuja.images import Preparation, read_image

outcomes = {}
for path in sorted(Path(sys.argv[1]).rglob("*.*")):
    try:
        image = read_image(path)
    except ImageError as error:
        outcomes[path.name] = error.reason
    else:
        assert Preparation()(image).shape == (3, 224, 224)
        outcomes[path.name] = f"{image.mode} {image.width}x{image.height}"
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(json.dumps({"outcomes": outcomes, "peak_kb": int(peak)}))
"""


def sweep(folder):
    """Outcome of every file and the peak memory of a fresh process that decodes them all; stderr must be empty."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SWEEP, str(folder)], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


@pytest.mark.shared
def test_every_hostile_file_ends_as_a_picture_or_a_reason(shared):
    found = sweep(shared / "photos" / "robust")
    outcomes = found["outcomes"]
    failed = {name: reason for name, reason in outcomes.items() if not reason.startswith("RGB ")}
    assert len(outcomes) == sum(path.is_file() for path in (shared / "photos" / "robust").rglob("*"))
    assert failed == {
        "avif_hopper.heif": "unsupported",
        "broken.png": "undecodable",
        "broken_data_stream.png": "undecodable",
        "decompression_bomb.gif": "too_many_pixels",
        "truncated_end_chunk.png": "truncated",
        "truncated_jpeg.jpg": "truncated",
        "zero_height.j2k": "undecodable",
    }
    assert {outcomes[f"Landscape_{turn}.jpg"] for turn in (1, 2, 3, 7)} == {"RGB 1800x1200"}
    assert found["peak_kb"] < 500_000


@pytest.mark.slow
def test_the_largest_pictures_that_are_let_in_stay_under_two_gigabytes(tmp_path):
    """A flat PNG of 100 million RGBA pixels is a file of 400 kB."""
    (tmp_path / "rgba.png").write_bytes(png(10_000, 10_000, colour=6, rows=bytes(10_000 * 40_001)))
    (tmp_path / "tall.png").write_bytes(png(1, 6_250_000, colour=0, rows=bytes(2 * 6_250_000)))
    (tmp_path / "wide.png").write_bytes(png(10**8, 1, colour=0, rows=bytes(10**8 + 1)))
    deep = Image.new("F", (10_000, 10_000))
    deep.save(tmp_path / "deep.tif", compression="tiff_adobe_deflate")
    found = sweep(tmp_path)
    assert set(found["outcomes"].values()) == {"RGB 10000x10000", "RGB 1x6250000", "RGB 100000000x1"}
    assert found["peak_kb"] < 2_000_000
