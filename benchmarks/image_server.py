"""A web server of images on many loopback addresses, each URL with a fault of its own, and a log of every request.

    python benchmarks/image_server.py FIRST_PORT HOSTS

The hosts are 127.0.1.1, 127.0.1.2 and so on. An URL is `/<fault>/<number>.jpg`; what a fault does depends on how often
the URL was asked for, and on nothing else. `/log` and `/reset` of 127.0.0.1 hand out the log, and forget everything.
"""

import asyncio
import io
import json
import sys
import time
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
from PIL import Image

FAULTS = {
    "ok": None,
    "throttle": None,  # 429 twice
    "wait": None,  # 429 with Retry-After in seconds, once
    "waitdate": None,  # 503 with Retry-After as a date, once
    "stall": None,  # silence behind the headers, once
    "drop": None,  # ends in the middle of the body, once
    "reset": None,  # ends before any answer, once
    "flaky": None,  # 500, once
    "page": None,  # a page of HTML with status 200, once
    "slow": None,  # byte by byte
    "endless": None,  # no length; ends with the connection
    "hop": None,  # a redirect to the next host
    "chain": None,  # five redirects
    "photo": None,  # larger than 720, with a place in its EXIF
    "missing": "http_404",
    "gone": "http_410",
    "broken": "http_500",
    "stalls": "timeout",
    "drops": "truncated",
    "short": "truncated",  # a JPEG without its second half, of the length that it says
    "html": "not_an_image",
    "json": "not_an_image",
    "long": "too_many_redirects",
    "cycle": "too_many_redirects",
    "elsewhere": "bad_url",  # a redirect to file:///etc/passwd
    "bomb": "too_many_pixels",
    "huge": "too_large_file",
    "forbidden": "disallowed_by_robots",
}
"""What each fault comes to: an image, or a reason."""

LARGEST = 300_000
ROBOTS = b"User-agent: *\nDisallow: /forbidden/\n"
_PAGE = b"<!DOCTYPE html><html><body>Service temporarily unavailable</body></html>"


def host_name(number: int) -> str:
    """The address of the host of this number, from 0 on; 250 to a network."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


def picture(fault: str, number: int) -> bytes:
    """The bytes of an image: another picture for each number."""
    rng = np.random.default_rng(number)
    if fault == "photo":
        exif = Image.Exif()
        exif[0x010E] = "the label of the picture"
        exif.get_ifd(0x8825)[1] = "N"
        pixels = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        return _encoded(Image.fromarray(pixels).resize((960, 720), Image.Resampling.BILINEAR), "JPEG", exif=exif)
    pixels = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return _encoded(Image.fromarray(pixels).resize((256, 192), Image.Resampling.BILINEAR), "JPEG", quality=85)


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


class Server:
    """The hosts, and what they were asked for."""

    def __init__(self, port: int, hosts: int) -> None:
        self.port, self.hosts = port, hosts
        self.asked: Counter[str] = Counter()
        self.log: list[tuple[str, float, str]] = []

    async def run(self) -> None:
        """Serve until the process ends."""
        addresses = ["127.0.0.1", *(host_name(number) for number in range(self.hosts))]
        for address in addresses:
            await asyncio.start_server(self.serve, address, self.port, backlog=2048)
        print("ready", flush=True)
        await asyncio.Event().wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        host = writer.get_extra_info("sockname")[0]
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode("latin-1")
                if host != "127.0.0.1":
                    self.log.append((host, time.monotonic(), path))
                if not await self.answer(host, path, writer):
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, host: str, path: str, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; returns False where the connection ends with it."""
        if host == "127.0.0.1":
            body = json.dumps(self.log).encode()
            if path == "/reset":
                self.asked.clear()
                self.log.clear()
            return _send(writer, 200, body)
        if path == "/robots.txt":
            return _send(writer, 200, ROBOTS)
        self.asked[host + path] += 1
        times = self.asked[host + path]
        _, fault, name = path.split("/", 2)
        number = int(name.partition(".")[0].partition("-")[0])
        if fault in ("stall", "stalls", "drop", "drops", "reset", "slow", "endless"):
            return await self.dawdle(fault, number, times, writer)
        return _send(writer, *self.plain(fault, number, times, name))

    def plain(self, fault: str, number: int, times: int, name: str) -> tuple[int, bytes, str]:
        """Status, body and more headers of an answer that comes at once."""
        once = times == 1
        if fault == "throttle" and times <= 2:
            return 429, b"slow down", ""
        if fault == "wait" and once:
            return 429, b"", "Retry-After: 1\r\n"
        if fault == "waitdate" and once:
            until = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
            return 503, b"", f"Retry-After: {until}\r\n"
        if fault in ("flaky", "broken") and (once or fault == "broken"):
            return 500, b"oh", ""
        if fault in ("missing", "gone"):
            return {"missing": 404, "gone": 410}[fault], b"<html>not here</html>", ""
        if fault == "html" or (fault == "page" and once):
            return 200, _PAGE, "Content-Type: image/jpeg\r\n"
        if fault == "json":
            return 200, b'{"error": "no such image"}', ""
        if fault == "huge":
            return 200, bytes(LARGEST + 1), ""
        if fault == "bomb":
            return 200, _bomb(), ""
        body = picture(fault, number)
        if fault == "short":
            return 200, body[: len(body) // 2], ""
        target = self.target(fault, number, name)
        return (302, b"", f"Location: {target}\r\n") if target else (200, body, "")

    def target(self, fault: str, number: int, name: str) -> str:
        """Where an URL redirects to; "" where it does not."""
        step = int(name.partition(".")[0].partition("-")[2] or 0)
        following = f"http://{host_name((number + step + 1) % self.hosts)}:{self.port}"
        if fault == "elsewhere":
            return "file:///etc/passwd"
        if fault == "cycle":
            return f"/cycle/{name}"
        if fault == "hop":
            return f"{following}/ok/{number}.jpg"
        ends = {"chain": 4, "long": 9}.get(fault)
        if ends is None:
            return ""
        return f"{following}/{fault}/{number}-{step + 1}.jpg" if step < ends else f"/ok/{number}.jpg"

    async def dawdle(self, fault: str, number: int, times: int, writer: asyncio.StreamWriter) -> bool:
        """What takes its time, or breaks off."""
        body, once = picture(fault, number), times == 1
        if fault == "reset" and once:
            return False
        if fault == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
            return False
        if fault == "slow":
            writer.write(_head(200, len(body)))
            for start in range(0, len(body), 1 + len(body) // 10):
                writer.write(body[start : start + 1 + len(body) // 10])
                await writer.drain()
                await asyncio.sleep(0.1)
            return True
        if fault == "stalls" or (fault == "stall" and once):
            writer.write(_head(200, len(body)) + body[:100])
            await asyncio.sleep(60)
            return False
        if fault == "drops" or (fault == "drop" and once):
            writer.write(_head(200, len(body)) + body[: len(body) // 2])
            await writer.drain()
            return False
        return _send(writer, 200, body)


def _send(writer: asyncio.StreamWriter, status: int, body: bytes, more: str = "") -> bool:
    writer.write(_head(status, len(body), more) + body)
    return True


def _head(status: int, length: int, more: str = "") -> bytes:
    return f"HTTP/1.1 {status} As planned\r\nContent-Length: {length}\r\n{more}\r\n".encode()


def _bomb() -> bytes:
    """A small PNG whose header says 60,000 x 60,000."""
    data = bytearray(_encoded(Image.new("RGB", (8, 8)), "PNG"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def most_in_a_second(log: list[tuple[str, float, str]]) -> dict[str, int]:
    """For each host the most requests that any second held, wherever it begins."""
    times: dict[str, list[float]] = {}
    for host, moment, _ in log:
        times.setdefault(host, []).append(moment)
    most = {}
    for host, moments in times.items():
        ordered = np.sort(moments)
        ends = np.searchsorted(ordered, ordered + 1.0, side="left")
        most[host] = int((ends - np.arange(len(ordered))).max())
    return most


if __name__ == "__main__":
    asyncio.run(Server(int(sys.argv[1]), int(sys.argv[2])).run())
