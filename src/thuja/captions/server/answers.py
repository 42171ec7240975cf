"""From the body of an answer to words: what a model thought before is left out, and an answer in JSON is opened."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from thuja.captions.captioner import CaptionerError
from thuja.captions.server.settings import AnswerForm

CAPTION_SCHEMA: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "caption",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"caption": {"type": "string"}},
            "required": ["caption"],
            "additionalProperties": False,
        },
    },
}
"""What `response_format` asks for."""

_THOUGHT: Final = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_END: Final = re.compile(r"\A.*</think>", re.DOTALL | re.IGNORECASE)
_FENCE: Final = re.compile(r"\A```\w*[^\S\n]*\n(.*)```\Z", re.DOTALL)
_MOST_LETTERS: Final = 10_000
"""Letters of an answer that are kept, when thoughts are left out: a caption has some hundred."""
_MODEL_LETTERS: Final = 200
_QUOTES: Final = (('"', '"'), ("“", "”"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An answer's parts. `tokens` are those read and written, None where the server does not count."""

    text: str
    model: str = ""
    finish: str = ""
    is_refusal: bool = False
    tokens: tuple[int, int] | None = None

    @property
    def is_cut(self) -> bool:
        """Whether the model had more to say than it was allowed to."""
        return self.finish == "length"


def read_message(body: bytes) -> Message | None:
    """The parts of a chat completion; None for a body that is none."""
    try:
        told: Any = json.loads(body)
        choice = told["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if isinstance(content, list):  # some servers answer in parts, as requests are made of
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str | None):
        return None
    finish = str(choice.get("finish_reason") or "")
    return Message(
        text=_without_surrogates(content or ""),
        model=_without_surrogates(str(told.get("model") or "")[:_MODEL_LETTERS]),
        finish=finish,
        is_refusal=bool(refusal) or finish == "content_filter",
        tokens=_tokens(told.get("usage")),
    )


def words_of(message: Message, form: AnswerForm) -> str:
    """The words of an answer; raises CaptionerError where there are none."""
    if message.is_refusal:
        raise CaptionerError("the server's filter refuses an answer", reason="refused")
    text = _THOUGHT.sub("", message.text)
    text = _THOUGHT_END.sub("", text).strip()  # some templates put the opening tag into the prompt
    fenced = _FENCE.match(text)
    text = (fenced[1].strip() if fenced else text)[:_MOST_LETTERS]
    if form == "json":
        text = _caption_in(text, message)
    for opening, closing in _QUOTES:
        inner = text[1:-1]
        if len(text) > 1 and text[0] == opening and text[-1] == closing and opening not in inner:
            text = inner.strip()
    if not text:
        hint = "a larger --max-tokens: what it thinks counts too" if message.is_cut else ""
        raise CaptionerError("the answer is empty", reason="empty", hint=hint)
    return text


def _caption_in(text: str, message: Message) -> str:
    if not text:
        return ""
    start, end = text.find("{"), text.rfind("}")
    try:
        told: Any = json.loads(text[start : end + 1] if 0 <= start < end else text)
    except (ValueError, RecursionError):
        told = None
    caption = told.get("caption") if isinstance(told, dict) else None
    if not isinstance(caption, str):
        cut = ", cut short" if message.is_cut else ""
        raise CaptionerError(
            f"the answer is not the JSON that was asked for{cut}: {text!r:.120}",
            reason="broken_answer",
            hint="a larger --max-tokens" if message.is_cut else "",
        )
    return _without_surrogates(caption).strip()


def _tokens(usage: Any) -> tuple[int, int] | None:
    if not isinstance(usage, dict):
        return None
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(read, int) or not isinstance(written, int | None) or read < 0 or (written or 0) < 0:
        return None
    return min(read, 2**31), min(written or 0, 2**31)


def _without_surrogates(text: str) -> str:
    """Halves of letters that JSON can write and UTF-8 can not."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
