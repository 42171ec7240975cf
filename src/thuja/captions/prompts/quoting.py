"""Words of strangers in a prompt: they stay data, whatever they say.

A description, a name or a caption that is quoted may hold a chat template's markers, the tags that close the quotation,
characters that nobody sees, or an order to the model. All of it ends up on one line, without markers, cut to size;
the templates put it between tags and say that nothing in it is an instruction.
"""

import re
import unicodedata
from typing import Final

DESCRIPTION_CHARACTERS: Final = 600
"""What the public caption_gen of BioCAP keeps of an excerpt."""

_PLAIN: Final = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'"})
"""What chat templates, image slots and our own tags are made of, and what reads the same."""

_ODD: Final = re.compile(r"[^\x20-\x7e]")
_HASHES: Final = re.compile(r"#{2,}")
_SPACES: Final = re.compile(r"\s+")
_JOINERS: Final = "\u200c\u200d"
_NO_LETTERS: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_SELECTORS: Final = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_SENTENCE_END: Final = re.compile(r"(?<!\b\w)(?<!\b\w\w)[.!?][\"')\]’”]*(?=\s+[^\sa-z])|[。！？]")
_SLACK: Final = 4


def quoted(text: str, most: int) -> str:
    """`text` on one line as data: no control characters, no markers, at most so many characters, cut between words."""
    line = _one_line(text, most)
    if len(line) <= most:
        return line
    kept = line[:most].rsplit(" ", 1)[0] if " " in line[:most] else line[: most - 1]
    return kept[: most - 1].rstrip(" .,;:") + "…"


def excerpt(text: str, most: int = DESCRIPTION_CHARACTERS) -> str:
    """The first sentences of a description as data: as many whole ones as fit, or the begin of the first."""
    line = _one_line(text, most)
    if len(line) <= most:
        return line
    ends = [match.end() for match in _SENTENCE_END.finditer(line) if match.end() <= most]
    return line[: ends[-1]] if ends else quoted(line, most)


def _one_line(text: str, most: int) -> str:
    """A little more than is kept, so that the cost does not grow with the text."""
    head = text.lstrip()[: most * _SLACK]
    line = _HASHES.sub("", _ODD.sub(_odd, head).translate(_PLAIN))
    return _SPACES.sub(" ", line).strip()


def _odd(match: re.Match[str]) -> str:
    """A character that is no plain one: letters and signs stay, what is invisible goes."""
    character = match.group()
    if character.isspace():
        return " "
    if character in _JOINERS:  # Persian and Indic scripts are spelt with them
        return character
    number = ord(character)
    is_hidden = unicodedata.category(character) in _NO_LETTERS or any(low <= number <= up for low, up in _SELECTORS)
    return "" if is_hidden else character
