"""Texts to rows of one length, by whatever tokenizer.json says: what SigLIP reads."""

import json
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer as Pipeline
from torch import Tensor

from thuja.errors import BadFile
from thuja.model.description import read_json
from thuja.model.files import TOKENIZER, TOKENIZER_CONFIG

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddedTokenizer:
    """A tokenizer whose rows are cut and padded to one length.

    SigLIP's first words were lower case without punctuation, SigLIP 2's are lower case; a tokenizer.json need not
    say so, because transformers does it in Python.
    """

    pipeline: Pipeline
    is_lower: bool
    is_bare: bool

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(L, T) int64."""
        rows = [encoding.ids for encoding in self.pipeline.encode_batch([self._cleaned(text) for text in texts])]
        return torch.tensor(rows, dtype=torch.int64)

    @classmethod
    def load(cls, folder: Path, *, length: int, pad_id: int) -> "PaddedTokenizer":
        """Read tokenizer.json and what tokenizer_config.json adds; `pad_id` where neither names the padding.

        Raises BadFile.
        """
        path = folder / TOKENIZER
        if not path.is_file():
            hint = "transformers writes one: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
            raise BadFile(f"{folder} has no {TOKENIZER}", hint=hint)
        pipeline = _read_pipeline(path)
        told = read_json(folder / TOKENIZER_CONFIG) if (folder / TOKENIZER_CONFIG).is_file() else {}
        token = _word(told.get("pad_token"))
        found = pipeline.token_to_id(token) if token else None
        pad_id = pad_id if found is None else found
        side = str(told.get("padding_side", "right"))
        pipeline.enable_truncation(max_length=length)
        pipeline.enable_padding(
            length=length, pad_id=pad_id, pad_token=pipeline.id_to_token(pad_id) or "<pad>", direction=side
        )
        name = str(told.get("tokenizer_class", "")).removesuffix("Fast")
        is_siglip = name == "SiglipTokenizer" and bool(told.get("do_lower_case", True))
        return cls(
            pipeline=pipeline,
            is_lower=is_siglip or name in ("Siglip2Tokenizer", "GemmaTokenizer"),
            is_bare=name == "SiglipTokenizer",
        )

    def _cleaned(self, text: str) -> str:
        if self.is_lower:
            text = text.lower()
        if self.is_bare:
            text = re.sub(r"\s+", " ", text.translate(_NO_PUNCTUATION)).strip()
        return text


def _word(token: Any) -> str:
    """A special token, which stands in tokenizer_config.json as a word or with its flags."""
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")


def _read_pipeline(path: Path) -> Pipeline:
    told = json.dumps(read_json(path))
    try:
        return Pipeline.from_str(told)
    except Exception as error:
        if type(error) is not Exception:  # the library raises none of its own kind: what it cannot read is a bare one
            raise
        raise BadFile(f"{path} is not a tokenizer that the library tokenizers reads: {error}") from error
