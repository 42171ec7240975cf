"""How large an interactive map of 100,000 points is, and how smoothly a browser moves it.

    python benchmarks/analyze_map.py [--points 100000] [--thumbnails 3000] [--seconds 5] [--keep map.html]

The points are generated: 300 clusters, ten columns, a link for each, a photo on disk for those that get a thumbnail. A
headless Chromium pans the map by mouse, and each frame that it draws is timed by the page's own clock of frames. A
frame in time comes 33 ms after the one before or sooner. Without a graphics processor both Chromium's WebGL and the
map's own drawing are software on the machine's cores: both are measured. Whatever else runs on those cores is in the
frames, so the machine's load and the page's own work stand beside them.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from chromium import Page, chromium
from thuja.analyze.maps.interactive import InteractiveSettings, write_points

FRAME_MS = 33.0
LISTEN = """
const ask_ = window.ask_ = window.ask_ || window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => ask_((now) => {
  const begun = performance.now(); draw(now); window.work_.push(performance.now() - begun);
});
window.work_ = []; window.frames_ = []; let last_ = performance.now();
(function note_(now) { frames_.push(now - last_); last_ = now; window.isTimed_ && ask_(note_); })
"""


def make_photos(folder: Path, count: int, generator: np.random.Generator) -> list[Path]:
    """Pictures with texture like photos', whose JPEG is as large: coloured noise at several sizes."""
    paths = []
    for number in range(count):
        layers = [
            Image.fromarray(generator.integers(0, 256, (size, size, 3), dtype=np.uint8)).resize((192, 192))
            for size in (3, 12, 48)
        ]
        picture = Image.blend(Image.blend(layers[0], layers[1], 0.4), layers[2], 0.25).filter(ImageFilter.SHARPEN)
        paths.append(folder / f"photo-{number:05d}.jpg")
        picture.save(paths[-1], quality=85)
    return paths


def make_map(path: Path, photos: list[Path], *, points: int, generator: np.random.Generator) -> tuple[int, float]:
    """Write the map; its bytes, and the seconds of a processor that it took."""
    clusters = 300
    centres = generator.normal(size=(clusters, 2)) * 12
    cluster = generator.integers(clusters, size=points)
    places = centres[cluster] + generator.normal(size=(points, 2))
    letters = generator.choice(list("abcdefghilmnoprstu"), size=(clusters, 14))
    species = ["".join(row[:7]).capitalize() + " " + "".join(row[7:]) for row in letters]
    columns = {
        "name": [f"{species[one]} {number:06d}" for number, one in enumerate(cluster)],
        "species": [species[one] for one in cluster],
        "genus": [species[one].split()[0] for one in cluster],
        "class": [f"class {one % 12}" for one in cluster],
        "habitat": [("marine", "freshwater", "terrestrial", None)[one % 4] for one in cluster],
        "stage": [str(one) for one in generator.choice(["adult", "juvenile", "larva"], size=points)],
        "is wild": [bool(one) for one in generator.random(points) < 0.7],
        "beak length": [float(one) for one in generator.normal(20, 4, size=points)],
        "year": [int(one) for one in generator.integers(1900, 2025, size=points)],
        "confidence": [float(one) for one in generator.random(points)],
    }
    pictures: list[Path | str | None] = [
        f"https://example.org/pictures/2024/{number:032x}.jpg" for number in range(points)
    ]
    for row, photo in zip(generator.permutation(points)[: len(photos)], photos, strict=True):
        pictures[int(row)] = photo
    started = time.process_time()
    settings = InteractiveSettings(title="100,000 points", name="name", colour_by="class", thumbnails=len(photos))
    written = write_points(path, places, columns, pictures=pictures, settings=settings, generator=generator)
    return written.size, time.process_time() - started


def pan(page: Page, *, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds between frames while the mouse drags the map in circles, and of the page's own work in each."""
    page.mouse("mouseMoved", 500, 400)
    page.mouse("mousePressed", 500, 400)
    page.evaluate(f"(() => {{ window.isTimed_ = true; {LISTEN}(performance.now()); }})()")
    started = time.perf_counter()
    step = 0
    while (past := time.perf_counter() - started) < seconds:
        x, y = 500 + 180 * np.sin(3 * past), 400 + 120 * np.sin(2 * past)
        page.mouse("mouseMoved", float(x), float(y), is_down=True, is_waited=False)
        step += 1
        time.sleep(max(0.0, started + step / 60 - time.perf_counter()))
    frames = page.evaluate("window.isTimed_ = false; frames_.slice(2)")
    work = page.evaluate("work_")
    page.mouse("mouseReleased", 500, 400)
    return np.array(frames), np.array(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--thumbnails", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--keep", type=Path, help="where to leave the map")
    asked = parser.parse_args()
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        path = asked.keep or at / "map.html"
        size, took = make_map(
            path, make_photos(at, asked.thumbnails, generator), points=asked.points, generator=generator
        )
        print(
            f"{asked.points:,} points, 10 columns, {asked.thumbnails:,} thumbnails: "
            f"{size / 1e6:.1f} MB in {took:.1f} s of a core"
        )
        flags = {"canvas": [], "webgl": ["--enable-unsafe-swiftshader"]}
        for renderer, more in flags.items():
            with chromium(at / f"profile-{renderer}", *more) as page:
                started = time.perf_counter()
                page.open(f"{path.resolve().as_uri()}#{renderer}")
                page.wait("document.body.dataset.renderer")
                page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
                opened = time.perf_counter() - started
                used = page.evaluate("document.body.dataset.renderer")
                frames, work = pan(page, seconds=asked.seconds)
                print(
                    f"asked for {renderer}, got {used}: opened in {opened:.1f} s; {len(frames)} frames while panning, "
                    f"{100 * (frames <= FRAME_MS).mean():.1f} % within {FRAME_MS:g} ms, "
                    f"median {np.median(frames):.1f} ms, 95th percentile {np.quantile(frames, 0.95):.1f} ms; "
                    f"the page's own work {np.median(work):.1f} ms a frame (median; 10th percentile "
                    f"{np.quantile(work, 0.1):.1f}); load of the machine {os.getloadavg()[0]:.1f}"
                )
                if page.complaints:
                    print("the page complained:", *sorted(set(page.complaints)), sep="\n  ")


if __name__ == "__main__":
    main()
