"""What it means that a request brought no answer: whose fault it is, and whether asking again may help.

Servers agree on status codes, and hardly on words. A word decides only where a code means several things: 400, 403, 404
and 429.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from thuja.captions.server.addresses import KEY_VARIABLE
from thuja.captions.server.waiting import asked_wait


class Kind(Enum):
    """Whose fault a failure is."""

    SERVER = "server"
    """No picture will have an answer of this server: a wrong key, an unknown model."""
    AWAY = "away"
    """The server has no time for anybody: not there, restarting, too many requests. To be waited out."""
    PASSING = "passing"
    """May be chance, may be the picture: asked again a few times."""
    PICTURE = "picture"
    """This picture will have no answer."""
    COMPLETION_TOKENS = "completion_tokens"
    """The model wants `max_completion_tokens` in the stead of `max_tokens`."""
    BLIND = "blind"
    """The model sees no images, it says: the server's fault before it ever saw one, else the picture's."""
    UNKNOWN = "unknown"
    """The request is refused for an unknown cause: the server's fault before it ever answered, else the picture's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A request without an answer. `wait` is what the server asks for; `is_paid` where the words may have been made."""

    kind: Kind
    message: str
    hint: str = ""
    reason: str = "no_answer"
    wait: float | None = None
    is_paid: bool = False


_AWAY: Final = frozenset({429, 502, 503, 520, 521, 522, 523, 529, 530})
_PASSING: Final = frozenset({408, 409, 425, 500, 504, 524})
_LONGEST: Final = 300
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

_NO_CREDIT: Final = re.compile(r"insufficient.?(quota|credit|balance|funds)|billing|exceeded your current quota", re.I)
_ONE_TOO_LARGE: Final = re.compile(r"request (is )?too large", re.I)
_FILTERED: Final = re.compile(r"content.?(filter|policy|management)|moderation|flagged|safety (system|policy)", re.I)
_NO_VISION: Final = re.compile(
    r"not a multimodal|(does not|doesn't|not) support(ed)? .{0,40}(image|vision|multimodal)"
    r"|(image|vision|multimodal).{0,60}not (a )?(support|valid content|allowed|enabled|available)"
    r"|at most 0 image|no endpoints found that support image|only (supports? )?text|image_url is only supported by"
    r"|image_url.{0,60}(expected|invalid type)"
    r"|unknown (part|content) type.{0,20}image",
    re.I,
)  # the words of vLLM, SGLang, llama.cpp, Ollama, OpenRouter and OpenAI
_BAD_IMAGE: Final = re.compile(
    r"image.{0,80}(invalid|could not|cannot|failed|corrupt|too (large|small|big)|exceed|dimension|aspect ratio|format)"
    r"|(unsupported|invalid|cannot|failed|corrupt|decode|process|too large|exceeds?).{0,80}image",
    re.I,
)
_LONG_PROMPT: Final = re.compile(r"context.{0,10}length|maximum.{0,20}tokens|prompt is too long|max_model_len", re.I)
_NO_MODEL: Final = re.compile(
    r"model.{0,200}(not exist|not found|unknown|not available|do not have access)", re.I | re.S
)
_COMPLETION_TOKENS: Final = re.compile(r"max_tokens.{0,120}max_completion_tokens", re.I | re.S)
_NO_JSON: Final = re.compile(r"response_format|json_schema|guided|structured output", re.I)


def failure_of(status: int, body: bytes, headers: Mapping[str, str]) -> Failure:
    """What an answer with a status of an error, or of a redirect, means."""
    words = said(body)
    if status in (429, 402) or _NO_CREDIT.search(words):
        return _throttled(status, words, headers)
    if status >= 404 and _NO_VISION.search(words):
        return _bad_request(f"{status}{_quoted(words)}", words)
    if status in _AWAY:
        return Failure(
            kind=Kind.AWAY, message=f"the server has no time: {status}{_quoted(words)}", wait=asked_wait(headers)
        )
    if status in _PASSING or (status > 501 and status < 600):
        return Failure(
            kind=Kind.PASSING,
            message=f"the server failed: {status}{_quoted(words)}",
            wait=asked_wait(headers),
            is_paid=status in (408, 504, 524),
        )
    return _refused(status, words)


def no_completion(body: bytes) -> Failure:
    """What an answer means that has a status of success and is no chat completion: some hide an error in one."""
    try:
        error: Any = json.loads(body)["error"]
        status = int(error["code"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return _NO_COMPLETION
    return failure_of(status, body, {}) if 400 <= status < 600 else _NO_COMPLETION


_NO_COMPLETION: Final = Failure(
    kind=Kind.PASSING,
    reason="broken_answer",
    message="the server answered something that is no chat completion",
    hint="is it an OpenAI-compatible API? its address mostly ends in /v1",
    is_paid=True,
)


def said(body: bytes) -> str:
    """What the body of an error says, on one line and not too long: its message, or all of it."""
    text = body[: 2**16].decode("utf-8", errors="replace")
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        told = re.sub(r"<[^<>]*>", " ", text)
    code = ""
    if isinstance(told, Mapping):
        inner = told.get("error", told)
        if isinstance(inner, Mapping):
            code = str(inner.get("code") or "")
            inner = inner.get("message") or inner.get("detail") or inner
        told = inner
    words = " ".join(_CONTROL.sub(" ", told if isinstance(told, str) else json.dumps(told)).split())
    code = "" if code.isdecimal() or not code.isprintable() or code in words else f" ({code[:60]})"
    return words[:_LONGEST] + code


def _throttled(status: int, words: str, headers: Mapping[str, str]) -> Failure:
    if status == 402 or _NO_CREDIT.search(words):
        return Failure(
            kind=Kind.SERVER,
            message=f"the account has no credit left: {status}{_quoted(words)}",
            hint="add credit, then go on where it stopped",
        )
    if _ONE_TOO_LARGE.search(words):
        return Failure(
            kind=Kind.PICTURE,
            message=f"one request is over the account's limit: {status}{_quoted(words)}",
            hint="a smaller --image-side, or a shorter description",
        )
    return Failure(
        kind=Kind.AWAY,
        message=f"the server asks for fewer requests: {status}{_quoted(words)}",
        wait=asked_wait(headers),
    )


def _refused(status: int, words: str) -> Failure:
    """A request that would be refused again."""
    told = f"{status}{_quoted(words)}"
    if status == 401 or (status == 403 and not _FILTERED.search(words)):
        return Failure(
            kind=Kind.SERVER,
            message=f"the server refuses the key: {told}",
            hint=f"set {KEY_VARIABLE} to the server's key",
        )
    if status == 413:
        return Failure(
            kind=Kind.PICTURE,
            reason="image",
            message=f"too large for the server: {told}",
            hint="a smaller --image-side",
        )
    if status < 400:
        return Failure(
            kind=Kind.SERVER, message=f"the server sends us elsewhere: {told}", hint="name the address that it leads to"
        )
    if _COMPLETION_TOKENS.search(words):
        return Failure(kind=Kind.COMPLETION_TOKENS, message=f"the model refuses max_tokens: {told}")
    if _NO_MODEL.search(words):
        return Failure(
            kind=Kind.SERVER,
            message=f"the server does not have this model: {told}",
            hint="the names are at /models of its address, or leave --model out where there is but one",
        )
    if status in (404, 405, 501):
        return Failure(
            kind=Kind.SERVER,
            message=f"no chat at this address: {told}",
            hint="the address of an OpenAI-compatible API, which mostly ends in /v1",
        )
    return _bad_request(told, words)


def _bad_request(told: str, words: str) -> Failure:
    if _FILTERED.search(words):
        return Failure(kind=Kind.PICTURE, reason="refused", message=f"the server's filter refuses the picture: {told}")
    if _NO_VISION.search(words):
        return Failure(
            kind=Kind.BLIND,
            reason="image",
            message=f"the model sees no images: {told}",
            hint="a multimodal model, such as OpenGVLab/InternVL3-38B-AWQ",
        )
    if _LONG_PROMPT.search(words):
        return Failure(
            kind=Kind.PICTURE,
            message=f"the prompt is too long for the model: {told}",
            hint="a server with a larger context (vLLM: --max-model-len)",
        )
    if _BAD_IMAGE.search(words):
        return Failure(kind=Kind.PICTURE, reason="image", message=f"the server can not use the image: {told}")
    hint = "--answers text, for a server without JSON schemas" if _NO_JSON.search(words) else ""
    return Failure(kind=Kind.UNKNOWN, message=f"the server refuses the request: {told}", hint=hint)


def _quoted(words: str) -> str:
    return f', "{words}"' if words else ""
