"""What a visitor of `thuja serve` waits for: the first look of the page, and an answer, beside the model's own time.

    python benchmarks/serve_page.py PHOTOS [--model RUN] [--index DIR] [--count 20] [--slow 4]

A headless Chromium opens the page of a server on loopback, and is given PHOTOS (a folder) one at a time in the tab
Identify. "To the answer" is from the choice of the file until the answer is painted: the page's reading and turning of
the photo, the way to the server and back, and the model. The model's own time is what the server's metrics say of it.
Without a RUN the model is that of benchmarks/serve.py. With an index, its results are scrolled through by the wheel, as
fast as a hand turns it, and the frames that the browser draws meanwhile are timed. --slow divides the browser's
processor, as a phone's is slower.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

from chromium import Page, chromium
from serve import small_run
from thuja.images.finding import find_images

OBSERVER = """
window.seen = { shift: 0, blocked: 0, largest: 0 };
for (const [type, told] of Object.entries({
  "layout-shift": (one) => { if (!one.hadRecentInput) window.seen.shift += one.value; },
  "longtask": (one) => { window.seen.blocked += Math.max(0, one.duration - 50); },
  "largest-contentful-paint": (one) => { window.seen.largest = one.startTime; },
})) new PerformanceObserver((list) => list.getEntries().forEach(told)).observe({ type, buffered: true });
"""
LOADED = """
(() => {
  const parts = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const sum = (name) => parts.reduce((total, one) => total + one[name], 0);
  const first = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  return { ...window.seen, first, requests: parts.length, sent: sum("transferSize"), unpacked: sum("decodedBodySize") };
})()
"""
ANSWERED = """
new Promise((resolve) => {
  const count = document.querySelectorAll(".strip-photo[data-state=done]").length;
  const began = performance.now();
  const look = () => {
    if (document.querySelectorAll(".strip-photo[data-state=done]").length === count) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
  };
  look();
})
"""
FRAMES = """
window.frames_seen = [];
window.is_scrolled = false;
(function look(before) {
  requestAnimationFrame((now) => {
    if (before) window.frames_seen.push(now - before);
    if (!window.is_scrolled) look(now);
  });
})();
"""
TURNS, TURN, PIXELS = 300, 0.04, 900
"""Turns of the wheel, seconds between two, and how far each goes."""


def model_seconds(address: str) -> float:
    """What the server's model has worked for so far."""
    host, _, port = address.partition(":")
    connection = HTTPConnection(host, int(port))
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("thuja_model_seconds_sum"))


def answer_times(page: Page, address: str, photos: list[Path]) -> tuple[list[float], list[float]]:
    """Milliseconds to the answer of each photo, and the model's own."""
    waits, models = [], []
    root = page.call("DOM.getDocument")["root"]["nodeId"]
    chooser = page.call("DOM.querySelector", nodeId=root, selector="input[type=file][multiple]")["nodeId"]
    for photo in photos:
        before = model_seconds(address)
        page.evaluate(f"void (window.answered = {ANSWERED.strip()})")
        page.call("DOM.setFileInputFiles", files=[str(photo.resolve())], nodeId=chooser)
        waits.append(page.evaluate("window.answered"))
        models.append(1000 * (model_seconds(address) - before))
    return waits, models


def scroll_frames(page: Page, url: str) -> tuple[np.ndarray, float]:
    """Milliseconds of each frame while results are scrolled through, and how many rows of pixels went by."""
    page.open(f"{url}#search", width=1280, height=850)
    page.wait("document.querySelectorAll('[role=main] img, main img').length > 5")
    page.evaluate(FRAMES)
    for _ in range(TURNS):
        page.mouse("mouseWheel", 640, 600, deltaX=0, deltaY=PIXELS)
        time.sleep(TURN)
    page.evaluate("void (window.is_scrolled = true)")
    return np.array(page.evaluate("window.frames_seen")), page.evaluate("document.scrollingElement.scrollTop")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--slow", type=float, default=1)
    said = parser.parse_args()
    found = find_images([said.photos])
    photos = [Path(path) for path in found[:: max(1, len(found) // said.count)][: said.count]]
    with tempfile.TemporaryDirectory() as made:
        run = said.model or small_run(Path(made) / "run", 1_000)
        command = [sys.executable, "-m", "thuja", "serve", "--model", str(run), "--port", "0"]
        command += ["--index", str(said.index)] if said.index else []
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip().removeprefix("thuja serves ")
            with chromium(Path(made) / "profile", "--disable-gpu") as page:
                page.call("Page.addScriptToEvaluateOnNewDocument", source=OBSERVER)
                page.call("Emulation.setCPUThrottlingRate", rate=said.slow)
                page.open(url, width=412, height=823)
                page.wait("document.querySelector('input[type=file][multiple]') !== null")
                loaded = page.evaluate(LOADED)
                waits, models = answer_times(page, url.removeprefix("http://").strip("/"), photos)
                shift = page.evaluate("window.seen.shift")
                frames, gone = scroll_frames(page, url) if said.index else (np.zeros(0), 0.0)
                complaints = page.complaints
        finally:
            server.terminate()
            server.wait(60)
    beyond = np.array(waits) - np.array(models)
    first, largest, blocked = (loaded[name] for name in ("first", "largest", "blocked"))
    print(f"first look {first:.0f} ms, largest part {largest:.0f} ms, blocked {blocked:.0f} ms")
    sent, unpacked = loaded["sent"] / 1000, loaded["unpacked"] / 1000
    print(f"{loaded['requests']} requests, {sent:.0f} kB sent, {unpacked:.0f} kB unpacked")
    print(f"{len(photos)} photos, one at a time: ms{'p50':>12}{'max':>9}")
    for name, values in (("to the answer", waits), ("the model's own", models), ("beyond the model", beyond)):
        print(f"  {name:<28}{np.median(values):>12.0f}{max(values):>9.0f}")
    if len(frames):
        within, slowest = (frames < 33.5).mean(), frames.max()
        print(
            f"{gone:,.0f} pixels of results: {len(frames)} frames, {within:.1%} within 33 ms, the slowest {slowest:.0f}"
        )
    print(f"layout shift in all {shift:.3f}; {len(complaints)} complaints of the console")


if __name__ == "__main__":
    main()
