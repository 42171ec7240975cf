"""What is asked of a server: the JSON of a chat completion, and how many tokens it may take at worst."""

import json
from dataclasses import dataclass
from typing import Any, Final

from thuja.captions.captioner import Prompt
from thuja.captions.server.answers import CAPTION_SCHEMA
from thuja.captions.server.settings import ServerSettings

_LETTERS_PER_TOKEN: Final = 2
"""Bytes of text to a token at the least; English has about four."""
_SEEDS: Final = 2**31
_FRAME: Final = 64
"""Tokens that a chat's template adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A prompt, the URL of its image ("" for none), and the most tokens that its answer may have."""

    prompt: Prompt
    image_url: str = ""
    max_tokens: int

    def text_tokens(self) -> int:
        """The most tokens that its words are taken for."""
        size = len((self.prompt.system + self.prompt.text).encode("utf-8", errors="replace"))
        return size // _LETTERS_PER_TOKEN + _FRAME

    def body(self, settings: ServerSettings, model: str, *, tokens_field: str) -> bytes:
        """The request's JSON. What `settings.extra` sets to null is left out."""
        text = {"type": "text", "text": self.prompt.text}
        image = {"type": "image_url", "image_url": {"url": self.image_url}}
        system = [{"role": "system", "content": self.prompt.system}] if self.prompt.system else []
        request: dict[str, Any] = {
            "model": model,
            "messages": [*system, {"role": "user", "content": [image, text] if self.image_url else self.prompt.text}],
            "temperature": settings.sampling.temperature,
            "top_p": settings.sampling.top_p,
            "seed": (settings.sampling.seed + self.prompt.seed) % _SEEDS,
            tokens_field: self.max_tokens,
        }
        if settings.answers == "json" and self.image_url:
            request["response_format"] = CAPTION_SCHEMA
        request.update(settings.extra)
        return json.dumps({name: value for name, value in request.items() if value is not None}).encode("ascii")
