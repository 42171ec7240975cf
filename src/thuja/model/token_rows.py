"""Texts to rows of token ids; a name in many prompts is tokenised once for each way they hold it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.model.tokenizer import Tokenizer

Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.uint16 | np.uint32]

_PLAIN = re.compile(r"[ -%'-~]*")
"""Printable ASCII without the ampersand: cleaning leaves it as it is, but for blanks and capitals,
so it can be cleaned in parts. No token spans a blank, so what stands between blanks can be
tokenised in parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRows:
    """L texts as (L, T) token ids with start and end, 0 behind them, and the (L,) lengths."""

    ids: Ids
    lengths: Ints

    def __len__(self) -> int:
        return len(self.lengths)

    @classmethod
    def of(cls, tokenizer: Tokenizer, rows: Sequence[Sequence[int]]) -> "TokenRows":
        """Rows that this tokenizer made, each with its start and end."""
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        ids = np.zeros((len(rows), int(lengths.max(initial=0))), dtype=_type_of(tokenizer))
        ids[np.arange(ids.shape[1]) < lengths[:, None]] = [token for row in rows for token in row]
        return cls(ids=ids, lengths=lengths)


def token_rows(tokenizer: Tokenizer, texts: Sequence[str], context_length: int) -> TokenRows:
    """Each text tokenised by itself; a text too long is cut and still ends."""
    return TokenRows.of(tokenizer, tokenizer.encode(texts, context_length))


def prompted_rows(
    tokenizer: Tokenizer, names: Sequence[str], prompts: Sequence[str], *, context_length: int
) -> TokenRows:
    """The rows of `prompt.replace("{}", name)`, all prompts of the first name, then of the second.

    Names and prompts of plain characters are tokenised apart and joined; the others as a whole.
    """
    is_plain = [_PLAIN.fullmatch(name) is not None for name in names]
    plain = [name for name, is_so in zip(names, is_plain, strict=True) if is_so]
    columns = [_Prompt.of(prompt) for prompt in prompts]
    cores = dict.fromkeys(column.core for column in columns if column)
    tokens = {core: _inner(tokenizer, [core.replace("{}", name) for name in plain], context_length) for core in cores}
    sides = _sides(tokenizer, [column for column in columns if column], context_length)
    joined = [
        _joined(*sides[column.before, column.behind], tokens[column.core])
        if column
        else token_rows(tokenizer, [prompt.replace("{}", name) for name in plain], context_length)
        for prompt, column in zip(prompts, columns, strict=True)
    ]
    odd = [name for name, is_so in zip(names, is_plain, strict=True) if not is_so]
    whole = token_rows(tokenizer, [prompt.replace("{}", name) for name in odd for prompt in prompts], context_length)
    T = max(part.ids.shape[1] for part in (*joined, whole))
    ids = np.zeros((len(names), len(prompts), T), dtype=_type_of(tokenizer))
    lengths = np.zeros((len(names), len(prompts)), dtype=np.int64)
    at = np.array(is_plain, dtype=bool)
    for place, part in enumerate(joined):
        ids[at, place, : part.ids.shape[1]] = part.ids
        lengths[at, place] = part.lengths
    ids[~at, :, : whole.ids.shape[1]] = whole.ids.reshape(len(odd), len(prompts), whole.ids.shape[1])
    lengths[~at] = whole.lengths.reshape(len(odd), len(prompts))
    return _cut(ids.reshape(lengths.size, T), lengths.reshape(-1), context_length, end=tokenizer.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prompt:
    """A prompt cut at the blanks around what holds the name: "a bad photo of a", "{}.", ""."""

    before: str
    core: str
    behind: str

    @classmethod
    def of(cls, prompt: str) -> "_Prompt | None":
        """The prompt in three parts, or None where its parts might not add up to the whole."""
        if not _PLAIN.fullmatch(prompt):
            return None
        start = prompt.rfind(" ", 0, prompt.index("{}")) + 1
        stop = prompt.find(" ", prompt.rindex("{}"))
        stop = len(prompt) if stop < 0 else stop
        return cls(before=prompt[:start], core=prompt[start:stop], behind=prompt[stop:])


def _inner(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> TokenRows:
    """As `token_rows`, without start and end, and cut only behind `length` tokens."""
    rows = token_rows(tokenizer, texts, length + 2)
    lengths = rows.lengths - 2
    ids = rows.ids[:, 1:-1].copy()
    ids[np.arange(ids.shape[1]) >= lengths[:, None]] = 0
    return TokenRows(ids=ids, lengths=lengths)


def _sides(tokenizer: Tokenizer, prompts: Sequence[_Prompt], length: int) -> dict[tuple[str, str], tuple[Ids, Ids]]:
    """What stands before and behind the name in each prompt, with start and end."""
    rows = _inner(tokenizer, [side for prompt in prompts for side in (prompt.before, prompt.behind)], length)
    sides = [row[:count] for row, count in zip(rows.ids, rows.lengths, strict=True)]
    start, end = (np.array([token], dtype=rows.ids.dtype) for token in (tokenizer.start, tokenizer.end))
    return {
        (prompt.before, prompt.behind): (np.append(start, before), np.append(behind, end))
        for prompt, before, behind in zip(prompts, sides[::2], sides[1::2], strict=True)
    }


def _joined(head: Ids, tail: Ids, names: TokenRows) -> TokenRows:
    """One prompt around every name, too long where a part was cut."""
    n, inner = names.ids.shape
    ids = np.zeros((n, len(head) + inner + len(tail)), dtype=names.ids.dtype)
    ids[:, : len(head)] = head
    ids[:, len(head) : len(head) + inner] = names.ids
    ends = len(head) + names.lengths
    ids[np.arange(n)[:, None], ends[:, None] + np.arange(len(tail))] = tail
    return TokenRows(ids=ids, lengths=ends + len(tail))


def _cut(ids: Ids, lengths: Ints, context_length: int, *, end: int) -> TokenRows:
    """Rows of at most `context_length` tokens; those that lose some end all the same."""
    is_long = lengths > context_length
    kept = np.minimum(lengths, context_length)
    ids = ids[:, : int(kept.max(initial=0))]
    ids[is_long, -1:] = end
    return TokenRows(ids=ids, lengths=kept)


def _type_of(tokenizer: Tokenizer) -> type[np.uint16 | np.uint32]:
    return np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.uint32
