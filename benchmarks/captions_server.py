"""How fast captions come from a server, what a picture takes of this machine, and whether limits hold.

    python benchmarks/captions_server.py [--pictures 1920] [--concurrency 64] [--delay 1.0] [--minutes 2]

The server is tests/captions/chat_server.py in a process of its own; each answer takes `delay` seconds. Beside thuja's
captioner stands its peer, the `openai` package's own async client, which does the same work: decode, scale, encode,
ask. Pictures are photos of 1024 x 768, and the same as a shard holds them: plain JPEGs that need no decoding. Each
client is a process of its own, whose processor time is told a picture. Then a limit a minute is kept for some minutes,
by the server's own count, through failures.
"""

import argparse
import asyncio
import base64
import io
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from openai import AsyncOpenAI
from PIL import Image

from thuja.captions import CaptionerError, Prompt
from thuja.captions.server import Rates, ServerCaptioner, ServerSettings

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "captions"))
from chat_server import Behaviour, started

PROMPT = Prompt(
    system="You are a biologist. You describe what the picture shows and nothing else.",
    text="Organism: common raven (Corvus corax)\n\n" + "Look at its colours, shapes and patterns, and name them. " * 25,
)
SIDE = 448
SPARE = 8
"""Threads that make pictures ready while all requests that may be under way are."""


def photos(kind: str) -> list[bytes]:
    """Eight pictures; `photo` are larger than is sent, `shard` are plain and small."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(8):
        pixels = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        size = (1024, 768) if kind == "photo" else (SIDE, SIDE * 3 // 4)
        buffer = io.BytesIO()
        Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        made.append(buffer.getvalue())
    return made


def ours(url: str, images: Sequence[bytes], pictures: int, concurrency: int) -> None:
    settings = ServerSettings(servers=(url,), model="thuja-test", rates=Rates(concurrency=concurrency))
    with ServerCaptioner(settings) as captioner, ThreadPoolExecutor(concurrency + SPARE) as pool:

        def one(number: int) -> str:
            prompt = Prompt(system=PROMPT.system, text=PROMPT.text, seed=number)
            return captioner(images[number % len(images)], prompt).text

        tell(pictures, lambda: list(pool.map(one, range(pictures))))


def peer(url: str, images: Sequence[bytes], pictures: int, concurrency: int) -> None:
    async def everything() -> list[str]:
        gate = asyncio.Semaphore(concurrency)
        async with AsyncOpenAI(base_url=url, api_key="none") as client:

            async def one(number: int) -> str:
                async with gate:
                    image = Image.open(io.BytesIO(images[number % len(images)])).convert("RGB")
                    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
                    buffer = io.BytesIO()
                    image.save(buffer, "JPEG", quality=90)
                    link = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
                    content = [{"type": "image_url", "image_url": {"url": link}}, {"type": "text", "text": PROMPT.text}]
                    answer = await client.chat.completions.create(
                        model="thuja-test", temperature=0.6, top_p=0.8, max_tokens=50, seed=number,
                        messages=[{"role": "system", "content": PROMPT.system}, {"role": "user", "content": content}],
                    )  # fmt: skip
                    return answer.choices[0].message.content or ""

            return await asyncio.gather(*(one(number) for number in range(pictures)))

    tell(pictures, lambda: asyncio.run(everything()))


def tell(pictures: int, work: object) -> None:
    """Print what a piece of work took, as JSON."""
    began, busy = time.perf_counter(), time.process_time()
    answers = work()  # type: ignore[operator]
    took = time.perf_counter() - began
    assert len(answers) == pictures
    assert all(answers)
    print(json.dumps({"rate": pictures / took, "processor_ms": (time.process_time() - busy) / pictures * 1000}))


def measure(who: str, kind: str, options: argparse.Namespace) -> tuple[float, float]:
    """Pictures a second and processor time a picture, in milliseconds, of one client against a fresh server."""
    with started(Behaviour(delay=options.delay)) as site:
        command = [sys.executable, __file__, "--as", who, "--kind", kind, "--url", site.url]
        command += ["--pictures", str(options.pictures), "--concurrency", str(options.concurrency)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        counts = site.counts()
    assert counts["requests"] == options.pictures
    assert counts["most_in_flight"] <= options.concurrency
    return told["rate"], told["processor_ms"]


def keep_limit(minutes: float, limit: int) -> None:
    """Ask as fast as the limit allows, through failures, and have the server count."""
    behaviour = Behaviour(throttled=0.05, broken=0.05, dropped=0.02, delay=0.2)
    settings_of = {"requests_per_minute": limit, "concurrency": 64}
    image = photos("shard")[0]
    with started(behaviour) as site:
        settings = ServerSettings(servers=(site.url,), model="thuja-test", rates=Rates(**settings_of))
        until = time.monotonic() + minutes * 60
        with ServerCaptioner(settings) as captioner, ThreadPoolExecutor(64) as pool:

            def one(number: int) -> int:
                if time.monotonic() > until:
                    return 0
                try:
                    captioner(image, Prompt(system="", text="Say.", seed=number))
                except CaptionerError:
                    return 0
                return 1

            answered = sum(pool.map(one, range(round(limit * minutes * 1.2))))
        counts = site.counts(60)
        spread = {window: site.counts(window)["fullest"] for window in (1, 10)}
    print(f"limit {limit:,} a minute for {minutes:g} minutes, 12 % of first tries failing:")
    print(f"  fullest 60 s by the server's count {counts['fullest']:,} ({counts['fullest'] / limit:.1%} of the limit);")
    print(f"  fullest 10 s {spread[10]:,}, fullest 1 s {spread[1]:,}; {answered:,} answers of {counts['requests']:,}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pictures", type=int, default=1920)
    options.add_argument("--concurrency", type=int, default=64)
    options.add_argument("--delay", type=float, default=1.0)
    options.add_argument("--minutes", type=float, default=2.0)
    options.add_argument("--limit", type=int, default=1200)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--as", dest="role", choices=("ours", "peer"))
    options.add_argument("--kind", choices=("photo", "shard"), default="photo")
    options.add_argument("--url", default="")
    chosen = options.parse_args()
    if chosen.role:
        {"ours": ours, "peer": peer}[chosen.role](chosen.url, photos(chosen.kind), chosen.pictures, chosen.concurrency)
        return
    best = chosen.concurrency / chosen.delay if chosen.delay else float("nan")
    for kind in ("photo", "shard"):
        told: dict[str, list[tuple[float, float]]] = {"ours": [], "peer": []}
        for _ in range(chosen.rounds):
            for who, figures in told.items():
                figures.append(measure(who, kind, chosen))
        for who, figures in told.items():
            rate = statistics.median(rate for rate, _ in figures)
            busy = statistics.median(busy for _, busy in figures)
            print(f"{kind:5} {who}: {rate:6.1f} pictures/s ({rate / best:.0%} of {best:.0f}),", end=" ")
            print(f"{busy:.2f} ms of processor time each")
    if chosen.minutes:
        keep_limit(chosen.minutes, chosen.limit)


if __name__ == "__main__":
    main()
