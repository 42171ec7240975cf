"""CLIP's byte-level BPE: with CLIP's own vocabulary, or one trained on a model's own texts.

The steps are those of open_clip's SimpleTokenizer; the merges run in the `tokenizers` library. Of a
code point that Unicode took up in the last few years, each library's own age says whether it is a
letter; on all others the ids are open_clip's.
"""

import html
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import ftfy
import torch
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Pipeline
from torch import Tensor

from thuja.errors import BadFile, UsageError
from thuja.jobs import write_json

_WORD_END = "</w>"
_WORDS = r"'[s\x{017F}]|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}\x{0345}]+"
"""CLIP's pattern. It ignores case there, which makes a long s (U+017F) end `'s`, and leaves a Greek
iota below (U+0345) out of every word: the two characters where that tells after lower-casing."""
PAD, START, END = "<pad>", "<start_of_text>", "<end_of_text>"


@lru_cache(maxsize=1 << 16)
def clean(text: str) -> str:
    """Mend mis-decoded characters and HTML entities, squeeze white space, lower the case."""
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return " ".join(text.split()).lower()


class Tokenizer:
    """Texts to token ids: start, the words' pieces, end. The end of text has the highest id.

    Every byte has a token, so no text is unknown. What looks like a special token inside a text is
    ordinary characters.
    """

    def __init__(self, vocab: dict[str, int], merges: Sequence[tuple[str, str]]) -> None:
        """`vocab` maps pieces to ids and ends with a start and an end token."""
        self._vocab, self._merges = vocab, list(merges)
        self.start, self.end = len(vocab) - 2, len(vocab) - 1
        self.pad_id = vocab.get(PAD, 0)
        self._pipeline = _pipeline(vocab, self._merges)

    @property
    def vocab_size(self) -> int:
        """The number of token ids."""
        return len(self._vocab)

    @property
    def is_own(self) -> bool:
        """Whether the vocabulary was trained here, and is not CLIP's."""
        return PAD in self._vocab

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> "Tokenizer":
        """Learn merges from texts; the same texts give the same tokenizer.

        `vocab_size` is the most it may reach: 512 byte tokens, the merges, and three special ones.
        Texts should come from the training split alone.
        """
        alphabet = _alphabet()
        room = vocab_size - 3
        if room < len(alphabet):
            raise UsageError(f"a vocabulary needs at least {len(alphabet) + 3} tokens, got {vocab_size}")
        pipeline = _pipeline({piece: place for place, piece in enumerate(alphabet)}, [])
        # The alphabet is handed in as special tokens because those get their ids in this order;
        # left to the trainer, the ids that break ties between merges would follow a hash map.
        trainer = trainers.BpeTrainer(
            vocab_size=room, min_frequency=2, special_tokens=alphabet, end_of_word_suffix=_WORD_END, show_progress=False
        )
        pipeline.train_from_iterator((clean(text) for text in texts), trainer)
        learned = json.loads(pipeline.to_str())["model"]
        pieces = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
        vocab = {piece: place for place, piece in enumerate([*pieces, PAD, START, END])}
        return cls(vocab, _pairs(learned["merges"]))

    def encode(self, texts: Sequence[str], context_length: int) -> list[list[int]]:
        """The ids of each text with start and end; a text too long is cut and still ends."""
        room = context_length - 2
        encodings = self._pipeline.encode_batch([clean(text) for text in texts], add_special_tokens=False)
        return [[self.start, *encoding.ids[:room], self.end] for encoding in encodings]

    def pad(self, ids: Sequence[Sequence[int]], length: int | None = None) -> Tensor:
        """(L, T) int64, T the longest of them or `length`; what is behind an end changes nothing."""
        T = max((len(row) for row in ids), default=1) if length is None else length
        rows = [[*row, *[self.pad_id] * (T - len(row))] for row in ids]
        return torch.tensor(rows, dtype=torch.int64).reshape(len(ids), T)

    def decode(self, ids: Sequence[int]) -> str:
        """The cleaned text that these ids stand for, special tokens left out."""
        special = {self.start, self.end, *([self.pad_id] if self.is_own else [])}
        pieces = {place: piece for piece, place in self._vocab.items()}
        joined = "".join(pieces[token] for token in ids if token not in special)
        text: str = decoders.ByteLevel().decode([joined.replace(_WORD_END, _SPACE)])
        return text.strip()

    def save(self, path: Path) -> None:
        """Write `tokenizer.json`, and beside it what transformers needs to open it."""
        write_json(path, _portable(self._pipeline, self.start, self.end))
        tokens = {place: piece for piece, place in self._vocab.items()}
        facts = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": tokens[self.start],
            "eos_token": tokens[self.end],
            "pad_token": tokens[self.pad_id],
            "clean_up_tokenization_spaces": False,
        }
        write_json(path.with_name("tokenizer_config.json"), facts)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read `tokenizer.json`, or the `vocab.json` and `merges.txt` of CLIP's in that folder."""
        path = Path(path)
        file = path / "tokenizer.json" if path.is_dir() else path
        try:
            if file.is_file():
                model: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["model"]
                vocab, merges = model["vocab"], _pairs(model["merges"])
            else:
                vocab = json.loads((file.parent / "vocab.json").read_text(encoding="utf-8"))
                lines = (file.parent / "merges.txt").read_text(encoding="utf-8").splitlines()
                merges = _pairs([line for line in lines if line and not line.startswith("#version")])
            _check(vocab, merges, file)
        except OSError as error:
            raise BadFile(
                f"{file.parent} has no tokenizer: {error.strerror}",
                hint="it needs tokenizer.json, or vocab.json and merges.txt",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(f"{file} is not a tokenizer that thuja reads: {error!r}") from error
        return cls(vocab, merges)


_SPACE = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(" ")[0][0]


def _alphabet() -> list[str]:
    """The 512 byte tokens in CLIP's order: by the byte's character, then the same ending a word."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    missing = 256 - len(printable)
    characters = [*(chr(code) for code in printable), *(chr(256 + place) for place in range(missing))]
    return [*characters, *(character + _WORD_END for character in characters)]


def _pairs(merges: Sequence[str | Sequence[str]]) -> list[tuple[str, str]]:
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in merges)
    return [(first, second) for first, second in pairs]


def _check(vocab: object, merges: Sequence[tuple[str, str]], file: Path) -> None:
    """CLIP's layout: ids without a gap, every byte there, an end token that is the last, merges of tokens.

    Raises BadFile; what is of a wrong type raises TypeError.
    """
    if not isinstance(vocab, dict) or sorted(vocab.values()) != list(range(len(vocab))):
        raise BadFile(f"the token ids in {file} are not 0 to {len(vocab) if isinstance(vocab, dict) else 'n'}")
    last = [piece for piece, place in vocab.items() if place >= len(vocab) - 2]
    if not set(_alphabet()) <= set(vocab) or not all(piece.startswith("<") for piece in last):
        raise BadFile(f"{file} is not a byte-level BPE like CLIP's, which ends with its start and end tokens")
    for first, second in merges:
        if not {first, second, first + second} <= vocab.keys():
            raise BadFile(f"{file} merges {first!r} and {second!r}, which are not all in its vocabulary")


def _pipeline(vocab: dict[str, int], merges: list[tuple[str, str]]) -> Pipeline:
    pipeline = Pipeline(models.BPE(vocab=vocab, merges=merges, end_of_word_suffix=_WORD_END))
    pipeline.normalizer = normalizers.Lowercase()
    pipeline.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    pipeline.decoder = decoders.ByteLevel()
    return pipeline


def _portable(pipeline: Pipeline, start: int, end: int) -> dict[str, Any]:
    """The pipeline as JSON that adds the special tokens by itself, as other tools expect."""
    facts: dict[str, Any] = json.loads(pipeline.to_str())
    names = {place: piece for piece, place in facts["model"]["vocab"].items()}
    special = [place for place in (start - 1, start, end) if names[place] in (PAD, names[start], names[end])]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    facts["added_tokens"] = [{"id": place, "content": names[place], **flags} for place in special]
    facts["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": names[start], "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": names[end], "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            names[place]: {"id": names[place], "ids": [place], "tokens": [names[place]]} for place in (start, end)
        },
    }
    return facts
