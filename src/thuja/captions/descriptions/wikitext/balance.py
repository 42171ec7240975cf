"""Brackets and tags that never close, taken out before a parser meets them.

mwparserfromhell tries again from every opening bracket or tag that finds no end: 20,000 times `{{a|` keep it busy for
four minutes, 6,000 times `<ref name=` for half of one. After this pass each that is left has its partner, and none lies
deeper than any page needs; tags have no attributes, which say nothing to a reader.
"""

import re
from typing import Final

_DEEPEST: Final = 12
_TOKEN: Final = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|^[: \t]{0,20}\{\||^[ \t]{0,20}\|\}(?!\})|</?[a-zA-Z][^<>]*>", re.MULTILINE
)
_TAG: Final = re.compile(r"<(/?[a-zA-Z]+)(?:[^<>]*?(/?)>)?")
_BRACES: Final = re.compile(r"\{\{|\}\}")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PARTNER: Final = {"}}": "{{", "]]": "[[", "|}": "{|"}
_SINGLE: Final = ("br", "hr", "wbr", "li", "p", "dd", "dt", "tr", "td", "th", "references")
"""Tags that HTML or MediaWiki lets stand without an end."""


def without_comments(text: str) -> str:
    """The text without `<!-- ... -->`; one that never ends takes the rest, as it does on the wiki."""
    return _COMMENT.sub("", text)


def balanced(text: str) -> str:
    """The text without brackets, tables and tags that have no partner or lie too deep; in linear time."""
    text = _TAG.sub(_bare, text)
    open_: list[tuple[str, int, int, bool]] = []
    blanks: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        kind, is_end = _kind(match[0])
        span = match.span()
        if kind and not is_end:
            open_.append((kind, *span, len(open_) >= _DEEPEST))
        elif kind:
            _close(kind, span, open_, blanks)
    blanks.extend((start, end) for _, start, end, _ in open_)
    return _blanked(text, blanks)


def _bare(tag: re.Match[str]) -> str:
    """A tag without attributes; of one that has no end, the words."""
    return tag[1].lstrip("/") if tag[2] is None else f"<{tag[1]}{tag[2]}>"


def _kind(token: str) -> tuple[str, bool]:
    """What an opening or closing token pairs by, and whether it closes; an empty kind for what needs no partner."""
    word = token.strip(" \t\r\n:")
    if word in _PARTNER:
        return _PARTNER[word], True
    if not word.startswith("<"):
        return word, False
    name = re.match(r"</?([a-zA-Z]+)", word)
    tag = name[1].lower() if name else ""
    return ("", False) if word.endswith("/>") or tag in _SINGLE else (f"<{tag}", word.startswith("</"))


def _close(
    kind: str, span: tuple[int, int], open_: list[tuple[str, int, int, bool]], blanks: list[tuple[int, int]]
) -> None:
    """Pair an end with the last opening of its kind among the last few; openings between them have no end."""
    for back in range(1, min(len(open_), _DEEPEST) + 1):
        if open_[-back][0] == kind:
            blanks.extend((start, end) for _, start, end, _ in open_[len(open_) - back + 1 :])
            _, start, end, is_deep = open_[-back]
            del open_[-back:]
            if is_deep:
                blanks.extend([(start, end), span])
            return
    blanks.append(span)


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in sorted(spans):
        parts.append(text[at:start])
        at = max(at, end)
    return "".join([*parts, text[at:]])


def braces_end(text: str, start: int, end: int | None = None) -> int:
    """Where the template that opens at `start` ends, -1 where it does not before `end`."""
    depth = 0
    for match in _BRACES.finditer(text, start, len(text) if end is None else end):
        depth += 1 if match[0] == "{{" else -1
        if depth == 0:
            return match.end()
    return -1
