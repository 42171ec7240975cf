"""The few templates that stand for words within a sentence; all others are no prose."""

from collections.abc import Callable
from typing import Final

from mwparserfromhell.nodes import Template
from mwparserfromhell.wikicode import Wikicode

_AS_FIRST: Final = {
    *("nowrap", "nobr", "small", "big", "em", "strong", "italic", "i", "b", "bold", "abbr", "tooltip", "vanchor"),
    *("visible anchor", "not a typo", "sic", "as written", "smallcaps", "center", "ill", "interlanguage link"),
    *("plant name", "no italics", "noitalic"),
}
_AS_SECOND: Final = frozenset(
    {"lang", "wikt-lang", "langx", "transl", "transliteration", "color", "font color", "colored text"}
)
_FIXED: Final = {
    "ndash": "–",
    "mdash": "—",
    "snd": " – ",
    "spaced ndash": " – ",
    "spnd": " – ",
    "spaced en dash": " – ",
    "nbsp": " ",
    "space": " ",
    "'": "'",
    "' ": "'",
    "male": "male",
    "female": "female",
    "male symbol": "male",
    "female symbol": "female",
    "times": "×",
    "x": "×",
    "hybrid": "×",
    "degree": "°",
    "!": "|",
    "=": "=",
    "extinct": "",
}
_BETWEEN: Final = {
    "-": "–",
    "–": "–",
    "to": " to ",
    "to about": " to about ",
    "and": " and ",
    "or": " or ",
    "by": " by ",
    "x": " × ",
    "×": " × ",
    "xx": " × ",
    "*": " × ",
    "+/-": " ± ",
    "±": " ± ",
    "+": " + ",
}
_UNITS: Final = {
    "um": "μm",
    "µm": "μm",
    "km2": "km²",
    "m2": "m²",
    "cm2": "cm²",
    "mm2": "mm²",
    "sqmi": "square miles",
    "sqcm": "cm²",
    "sqin": "square inches",
    "in": "inches",
    "C": "°C",
    "F": "°F",
    "C-change": "°C",
    "micron": "μm",
}

Plain = Callable[[Wikicode | None], str]


def words_of(template: Template, *, plain: Plain) -> str:
    """What a template says within a sentence: a measure, a dash, words that it dresses up; else nothing."""
    name = " ".join(str(template.name).replace("_", " ").split()).lower()
    given = [plain(parameter.value).strip() for parameter in template.params if not parameter.showkey]
    if name in ("convert", "cvt", "converting"):
        return measure(given)
    if name in ("frac", "fraction", "sfrac"):
        return _fraction(given)
    if name in ("val", "gaps", "formatnum"):
        return (" " if name == "val" else "").join(given)
    if name in ("circa", "c.", "ca.", "c"):
        return " ".join(["c.", *given[:1]])
    if name in _AS_SECOND:
        return given[1] if len(given) > 1 else ""
    if name in _FIXED:
        return _FIXED[name] if not (name == "nbsp" and given) else given[0]
    return given[0] if name in _AS_FIRST and given else ""


def measure(given: list[str]) -> str:
    """The numbers of {{convert|3|-|5|cm|in}} and their unit, as the page's author measured them: `3–5 cm`."""
    said: list[str] = []
    at = 0
    while at < len(given) and (_is_number(given[at]) or given[at] in _BETWEEN):
        said.append(_BETWEEN.get(given[at], given[at]))
        at += 1
    if not said:
        return ""
    unit = given[at] if at < len(given) else ""
    text = "".join(said).replace("  ", " ").strip()
    words = [text, _UNITS.get(unit, unit)]
    if at + 2 < len(given) and _is_number(given[at + 1]) and given[at + 2] in ("in", "oz"):
        words += [given[at + 1], _UNITS.get(given[at + 2], given[at + 2])]  # 5 ft 8 in, 6 lb 4 oz
    return " ".join(word for word in words if word)


def _is_number(text: str) -> bool:
    bare = text.replace(",", "").replace("/", "").replace("+", "").replace("−", "-").replace("⁄", "").replace("e", "")
    return any(sign.isdigit() for sign in bare) and bare.lstrip("-").replace(".", "", 1).replace("-", "").isdigit()


def _fraction(given: list[str]) -> str:
    if len(given) >= 3:
        return f"{given[0]} {given[1]}/{given[2]}"
    return "/".join(["1", *given] if len(given) == 1 else given)
