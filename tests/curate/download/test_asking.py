"""What a host's robots.txt forbids is not asked for, wherever that stands and however long it is."""

import asyncio
import gzip
import time

import pytest
from tests.curate.download.answers import Answers, running

from thuja.curate.download.asking import Asker, HandedError
from thuja.curate.download.client import Client, Sending
from thuja.curate.download.content import Wanted
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ImageError

RULES = b"User-agent: *\nDisallow: /forbidden\n"
LONG = RULES + b"#" + b"x" * 600_000


def ask(answers: Answers, path: str, *, owns: str = "127.") -> bytes:
    """What a path of 127.0.1.1 leads to."""

    async def fetch(port: int) -> bytes:
        settings = DownloadSettings(allow_private=True, rate=100, tries=1)
        async with Client(settings) as client:
            asker = Asker(client, settings, lambda host: host.startswith(owns))
            with asker.lease() as lease:
                return await asker.fetch(Wanted(url=f"http://127.0.1.1:{port}{path}"), lease)

    with running(answers) as port:
        return asyncio.run(fetch(port))


def with_rules(body: bytes, **headers: str) -> Answers:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _, path: (200, named, body) if path == "/robots.txt" else (200, {}, b"image")


@pytest.mark.parametrize("path", ["/forbidden", "/open"])
@pytest.mark.parametrize(
    ("body", "packing"),
    [(LONG, "identity"), (gzip.compress(LONG, mtime=0), "gzip"), (gzip.compress(RULES, mtime=0), "gzip")],
)
def test_a_long_robots_file_is_obeyed_by_its_begin(body: bytes, packing: str, path: str) -> None:
    """One of more than 500 KiB counted as no rules at all."""
    answers = with_rules(body, Content_Encoding=packing)
    if path == "/open":
        assert ask(answers, path) == b"image"
    else:
        with pytest.raises(ImageError) as raised:
            ask(answers, path)
        assert raised.value.reason == "disallowed_by_robots"


def test_a_packed_robots_file_holds_no_other_host_up() -> None:
    """It was unpacked to `max_bytes` and read in the event loop, which stood still for seconds."""
    bomb = gzip.compress(b"User-agent: *\n" + b"Disallow: /*1*2*a*b$\n" * 1_000_000, mtime=0)

    async def longest_stop(port: int) -> float:
        settings = DownloadSettings(allow_private=True, rate=100, tries=1)
        longest = 0.0
        async with Client(settings) as client:
            asker = Asker(client, settings, lambda _: True)
            with asker.lease() as lease:
                task = asyncio.create_task(asker.fetch(Wanted(url=f"http://127.0.1.1:{port}/a"), lease))
                while not task.done():
                    before = time.monotonic()
                    await asyncio.sleep(0.001)
                    longest = max(longest, time.monotonic() - before)
            assert await task == b"image"
        return longest

    with running(with_rules(bomb, Content_Encoding="gzip")) as port:
        assert asyncio.run(longest_stop(port)) < 3  # less than it stood still; more than a busy machine's breath


def test_a_host_whose_rules_lie_with_another_worker_is_put_off() -> None:
    """Its rules counted as none, so that the number of workers decided what was obeyed."""

    def moved(host: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if path != "/robots.txt":
            return 200, {}, b"image"
        if host.startswith("127.0.1.1"):
            return 301, {"Location": f"http://{host.replace('127.0.1.1', '127.0.1.2')}/robots.txt"}, b""
        return 200, {}, RULES

    with pytest.raises(HandedError) as raised:
        ask(moved, "/open", owns="127.0.1.1")
    assert raised.value.hops == 0
    assert ask(moved, "/open") == b"image"
    with pytest.raises(ImageError, match="does not allow"):
        ask(moved, "/forbidden")


@pytest.mark.parametrize("packing", ["identity", "gzip"])
def test_large_bodies_take_no_more_room_than_there_is_until_they_are_examined(packing: str) -> None:
    """The bound was on how many are read, and hundreds of them waited for a thread to decode them."""
    whole = bytes(3 * 2**20)
    body = gzip.compress(whole, mtime=0) if packing == "gzip" else whole
    settings = DownloadSettings(allow_private=True, rate=1000, host_concurrency=50, max_bytes=4 * 2**20)

    async def most_held(port: int) -> tuple[int, int]:
        held, most, done = 0, 0, 0

        async def one(asker: Asker, client: Client, number: int) -> None:
            nonlocal held, most, done
            with asker.lease() as lease:
                sending = Sending(asker.desk("a").pace, lease)
                answer = await client.get(f"http://127.0.1.1:{port}/{number}", sending, largest=settings.max_bytes)
                held += len(answer.body)
                most = max(most, held)
                await asyncio.sleep(0.05)  # as if it were examined
                held -= len(answer.body)
                done += 1

        async with Client(settings, room=8 * 2**20) as client:
            asker = Asker(client, settings, lambda _: True)
            await asyncio.gather(*(one(asker, client, number) for number in range(12)))
        return most, done

    with running(lambda *_: (200, {"Content-Encoding": packing}, body)) as port:
        most, done = asyncio.run(most_held(port))
    assert done == 12
    assert len(whole) <= most <= 8 * 2**20
