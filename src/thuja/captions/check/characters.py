"""Whether a caption is plain text: no control characters, no markup, no remains of JSON."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from thuja.captions.check.finding import Finding, Subject

_ALLOWED: Final = frozenset("\u00b0\u00d7\u2640\u2642\u00bd\u00bc\u00be")
"""Signs of biologists' texts: degrees, hybrids, female and male, halves and quarters."""
_MARKUP: Final[Mapping[str, re.Pattern[str]]] = {
    "a chat template's marker": re.compile(
        r"<\|.*?\|>|</?s>|\[/?INST\]|<</?SYS>>|<image>|<start_of_turn>", re.IGNORECASE
    ),
    "an HTML tag or entity": re.compile(r"</?[a-zA-Z][^>\n]{0,80}>|&(?:[a-zA-Z]{2,8}|#\d{2,6});"),
    "a link": re.compile(r"https?://|www\.|\]\("),
    "remains of JSON": re.compile(r"[{}]|\\[nrtu\"]|[\"']\s*:\s*[\"'\[{]|^\s*\[|[\"\]]\s*,\s*\""),
    "wiki markup": re.compile(r"\[\[|\]\]|'{2,}|={2,}"),
    "Markdown": re.compile(r"\*\*|__|`|^\s*#{1,6}\s|(?<!\w)[*_]+\S.*?\S[*_]+(?!\w)|^\s*>\s"),
}
_MOJIBAKE: Final = re.compile("[\u00c2-\u00c3][\u0080-\u00bf]|\u00e2\u20ac|\ufffd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Characters:
    """Looks at each character's Unicode category, then for markup."""

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault names what was found, control characters by their code point."""
        text = caption.strip()
        found = _odd_character(text) or _markup(text)
        if not found:
            return Finding(check="characters")
        return Finding(check="characters", score=0.0, is_fault=True, reason=f"it holds {found}", facts={"found": found})


def _odd_character(text: str) -> str:
    if _MOJIBAKE.search(text):
        return "wrongly decoded letters"
    for letter in text:
        category = unicodedata.category(letter)
        if category in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"):
            return f"a control character, U+{ord(letter):04X}"
        if category in ("So", "Sk", "Sc") and letter not in _ALLOWED:
            return f"a sign that is no word, U+{ord(letter):04X}"
    return ""


def _markup(text: str) -> str:
    return next((kind for kind, expression in _MARKUP.items() if expression.search(text)), "")
