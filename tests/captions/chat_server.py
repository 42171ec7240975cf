"""An OpenAI-compatible server of our own on loopback: real HTTP, known faults at known rates, every request counted.

    python tests/captions/chat_server.py --port 0 --behaviour '{"refusal": 0.1, "delay": 1.0}'

What a request meets follows from a hash of its content. What passes (429, 500, ...) strikes the first `strikes` times
that the same content is asked for; what lasts (a refusal, a wrong name, ...) strikes always: another seed or another
prompt draws anew. `GET /counts` tells what was asked, `/reset` forgets it. In a test: `with serving() as server`.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from base64 import b64decode
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

PASSING = ("throttled", "broken", "away", "dropped", "garbage", "hanging", "dripping", "endless")
LASTING = ("empty", "broken_json", "refusal", "filtered", "cut", "wrong_name", "invented", "thinking", "fenced")
REFUSAL = "I'm sorry, but I can't help with identifying this image."
INVENTION = "and a crest of bright violet plumes"
_NAME = re.compile(r"^Organism: (.+?)(?: \(|$)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """Rates of faults, from 0 to 1, and how the server is set up.

    `captions` is a JSON file of true captions by the SHA-256 of the image's bytes, `names` one of all species' names:
    a wrong name is another one of these.
    """

    throttled: float = 0.0  # 429
    broken: float = 0.0  # 500
    away: float = 0.0  # 503
    dropped: float = 0.0  # the connection ends without an answer
    garbage: float = 0.0  # chunks that are none
    hanging: float = 0.0  # never an answer
    dripping: float = 0.0  # a byte of the body now and then
    endless: float = 0.0  # a body without an end
    empty: float = 0.0
    broken_json: float = 0.0
    refusal: float = 0.0
    filtered: float = 0.0
    cut: float = 0.0
    wrong_name: float = 0.0
    invented: float = 0.0
    thinking: float = 0.0  # a <think> part before the answer
    fenced: float = 0.0  # the answer between ``` marks
    strikes: int = 1
    retry_after: str = "retry-after-ms: 20"
    delay: float = 0.0
    model: str = "thuja-test"
    key: str = ""
    has_vision: bool = True
    has_usage: bool = True
    largest_image: int = 2**30
    is_blind: bool = False
    echoes_headers: bool = False
    wants_completion_tokens: bool = False
    status: int = 0  # every answer has this status, if any
    error: str = "as planned"
    error_code: str = ""
    text_answer: str = ""
    captions: str = ""
    names: str = ""


@dataclass(kw_only=True)
class Counts:
    """What the server was asked."""

    requests: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)
    content: Counter[str] = field(default_factory=Counter)
    moments: list[float] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    tokens: int = 0
    token_moments: list[tuple[float, int]] = field(default_factory=list)
    last_body: dict[str, Any] = field(default_factory=dict)
    last_head: str = ""

    def fullest(self, window: float) -> int:
        """The most requests that any window of so many seconds held."""
        moments = sorted(self.moments)
        return max((bisect_left(moments, at + window) - first for first, at in enumerate(moments)), default=0)

    def told(self, window: float) -> dict[str, Any]:
        """In JSON's types."""
        return {
            "requests": self.requests, "kinds": dict(self.kinds), "images": dict(self.images),
            "most_in_flight": self.most_in_flight, "fullest": self.fullest(window), "tokens": self.tokens,
        }  # fmt: skip


class ChatServer:
    """Answers as its behaviour says; `behaviour` may be set anew while it runs."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.counts = Counts()
        self.is_asked = threading.Event()
        self.port = 0
        self._captions = _read_json(behaviour.captions)
        self._names: list[str] = sorted(_read_json(behaviour.names), key=len, reverse=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, backlog=512, limit=2**26)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and break off what is under way."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    await writer.drain()
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False where the connection ends with it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else b""
        path = head.split(" ", 2)[1]
        if path.startswith("/counts"):
            return _send(writer, 200, self.counts.told(float(path.partition("=")[2] or 60)))
        if path == "/reset":
            self.counts = Counts()
            return _send(writer, 200, {})
        if path == "/v1/models":
            return _send(writer, 200, {"object": "list", "data": [{"id": self.behaviour.model, "object": "model"}]})
        if path != "/v1/chat/completions":
            return _send(writer, 404, {"detail": "Not Found"})
        counts = self.counts
        counts.requests += 1
        counts.moments.append(time.monotonic())
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        try:
            return await self._chat(head, body, writer)
        finally:
            counts.in_flight -= 1

    async def _chat(self, head: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        request = json.loads(body)
        self.counts.last_head, self.counts.last_body = head, request
        self.is_asked.set()
        text, image = _parts(request)
        refused = self._refused(head, request, image)
        if refused:
            self.counts.kinds[str(refused[0])] += 1
            return _send(writer, *refused)
        if image:
            self.counts.images[sha256(image).hexdigest()] += 1
        content = sha256(body).hexdigest()
        self.counts.content[content] += 1
        if self.counts.content[content] <= self.behaviour.strikes:
            passing = self._drawn(PASSING, content + "passing")
            if passing:
                self.counts.kinds[passing] += 1
                return await self._fail(passing, writer)
        if self.behaviour.delay:
            await asyncio.sleep(self.behaviour.delay)
        kind = self._drawn(LASTING, content)
        self.counts.kinds[kind or "good"] += 1
        answer = self._answer(kind, request, (text, image))
        if self.behaviour.echoes_headers:
            answer["choices"][0]["message"]["content"] += head
        self.counts.tokens += answer.get("usage", {}).get("total_tokens", 0)
        return _send(writer, 200, answer)

    def _refused(self, head: str, request: dict[str, Any], image: bytes) -> tuple[int, Any, str] | None:
        """Status, body and headers where the whole server, or this image, has no answer."""
        set_up = self.behaviour
        if set_up.key and f"authorization: bearer {set_up.key}".lower() not in head.lower():
            sent = re.search(r"(?i)authorization: (.+?)\r", head)
            return 401, _error(f"Incorrect API key provided: {sent[1] if sent else ''}.", "invalid_api_key"), ""
        if request.get("model") != set_up.model:
            return 404, _error(f"The model `{request.get('model')}` does not exist.", "model_not_found"), ""
        if image and not set_up.has_vision:
            return 400, _error(f"{set_up.model} is not a multimodal model: image input is not supported"), ""
        if len(image) > set_up.largest_image:
            return 413, _error("Request Entity Too Large"), ""
        if set_up.wants_completion_tokens and "max_tokens" in request:
            told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
            return 400, _error(told, "unsupported_parameter"), ""
        if set_up.status:
            return set_up.status, _error(set_up.error, set_up.error_code), f"{set_up.retry_after}\r\n"
        return None

    def _drawn(self, kinds: tuple[str, ...], content: str) -> str:
        """The fault that this content meets, "" for none."""
        chance = int.from_bytes(sha256(content.encode()).digest()[:8]) / 2**64
        for kind in kinds:
            chance -= getattr(self.behaviour, kind)
            if chance < 0:
                return kind
        return ""

    async def _fail(self, kind: str, writer: asyncio.StreamWriter) -> bool:
        statuses = {"throttled": 429, "broken": 500, "away": 503}
        if kind in statuses:
            more = "" if kind == "broken" else f"{self.behaviour.retry_after}\r\n"
            return _send(writer, statuses[kind], _error("as planned"), more)
        if kind == "garbage":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a number\r\n{{{\x00\xff")
            await writer.drain()
        elif kind == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
            while True:
                writer.write(b" " * 2**18)
                await writer.drain()
        elif kind == "hanging":
            await asyncio.sleep(600)
        elif kind == "dripping":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n")
            for _ in range(5000):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        return False

    def _answer(self, kind: str, request: dict[str, Any], parts: tuple[str, bytes]) -> dict[str, Any]:
        """The body of a good answer, or of one whose fault lies in its words."""
        said = self._said(kind, *parts)
        if "response_format" in request and kind != "empty":
            said = json.dumps({"caption": said})
        said = f"```json\n{said}\n```" if kind == "fenced" else said
        said = f"<think>\nLet me see: {said[:9]}\n</think>\n\n{said}" if kind == "thinking" else said
        if kind == "cut":
            said = said[: len(said) // 2]
        if kind == "broken_json":
            said = said.removesuffix('"}') + ', "caption": '
        reason = {"filtered": "content_filter", "cut": "length"}.get(kind, "stop")
        message = {"role": "assistant", "content": None if kind == "filtered" else said, "reasoning_content": None}
        answer: dict[str, Any] = {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": self.behaviour.model,
            "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        }  # fmt: skip
        if self.behaviour.has_usage:
            asked, written = len(parts[0]) // 4 + 256 * bool(parts[1]), len(said.split())
            answer["usage"] = {
                "prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written,
            }  # fmt: skip
        return answer

    def _said(self, kind: str, text: str, image: bytes) -> str:
        if kind == "empty":
            return ""
        if kind == "refusal":
            return REFUSAL
        if not image:
            return self.behaviour.text_answer or f"You sent {len(text)} characters."
        if "Which one colour" in text:
            return "I can see no image." if self.behaviour.is_blind else "Red."
        name = self._name_in(text)
        digest = sha256(image).hexdigest()
        said = self._captions.get(digest) or f"A {name or 'living thing'} with mark {digest[:6]} in plain view."
        if kind == "wrong_name" and name:
            said = said.replace(name, self._other(name, digest))
        if kind == "invented":
            said = f"{said.removesuffix('.')} {INVENTION}."
        return said

    def _name_in(self, text: str) -> str:
        known = next((name for name in self._names if name in text), "")
        told = _NAME.search(text)
        return known or (told[1] if told else "")

    def _other(self, name: str, digest: str) -> str:
        others = [other for other in self._names if other != name] or ["Rosa canina"]
        return others[int(digest[:8], 16) % len(others)]


def _read_json(path: str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}


def _parts(request: dict[str, Any]) -> tuple[str, bytes]:
    """The text of a request's messages, and its image."""
    texts, image = [], b""
    for message in request["messages"]:
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            if part["type"] == "text":
                texts.append(part["text"])
            else:
                image = b64decode(part["image_url"]["url"].partition(",")[2])
    return "\n".join(texts), image


def _error(message: str, code: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code or None}}


def _send(writer: asyncio.StreamWriter, status: int, body: Any, more: str = "") -> bool:
    data = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} As planned\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n{more}\r\n"
    )
    writer.write(head.encode() + data)
    return True


@contextmanager
def serving(behaviour: Behaviour | None = None) -> Iterator[ChatServer]:
    """A server in a thread of this process, for the length of the block."""
    server = ChatServer(behaviour or Behaviour())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server in a process of its own."""

    port: int

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.port}/v1"

    def counts(self, window: float = 60.0) -> dict[str, Any]:
        """What it was asked; `fullest` is the most requests in any window of so many seconds."""
        with urlopen(f"http://127.0.0.1:{self.port}/counts?window={window}") as answer:
            told: dict[str, Any] = json.load(answer)
        return told


@contextmanager
def started(behaviour: Behaviour | None = None) -> Iterator[Site]:
    """A server in a process of its own, for the length of the block."""
    command = [sys.executable, __file__, "--behaviour", json.dumps(asdict(behaviour or Behaviour()))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Site(port=int(process.stdout.readline().split()[-1]))
        finally:
            process.kill()


async def _forever(behaviour: Behaviour, port: int) -> None:
    server = ChatServer(behaviour)
    await server.start(port)
    print("ready", server.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--behaviour", type=json.loads, default={})
    chosen = options.parse_args()
    asyncio.run(_forever(Behaviour(**chosen.behaviour), chosen.port))
