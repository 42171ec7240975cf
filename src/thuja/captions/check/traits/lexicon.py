"""The words for parts of living things and for how they look, read from text files; a data set may add its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from thuja.captions.check.words import stems_of, words_of
from thuja.errors import BadFile

WHOLE: Final = "whole"
COLOUR: Final = "colour"
PATTERN: Final = "pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """What a word or a run of words means: a part, a value in a dimension, basic colours, or a word of grammar.

    A mark ("band") is a part, and says that what bears it has that pattern.
    """

    part: tuple[str, ...] = ()
    dimension: str = ""
    value: str = ""
    colours: frozenset[str] = frozenset()
    glue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lexicon:
    """Senses by the stems of words; `exclusive` dimensions and `sole` values say what contradicts what."""

    senses: Mapping[tuple[str, ...], Sense]
    exclusive: frozenset[str] = frozenset()
    sole: frozenset[tuple[str, str]] = frozenset()
    longest: int = field(default=1)

    def plus(self, other: "Lexicon") -> "Lexicon":
        """Both, the other's senses before one's own."""
        return Lexicon(
            senses={**self.senses, **other.senses},
            exclusive=self.exclusive | other.exclusive,
            sole=self.sole | other.sole,
            longest=max(self.longest, other.longest),
        )

    def opposes(self, dimension: str, one: str, other: str) -> bool:
        """Whether a part cannot have both values."""
        is_sole = bool({(dimension, one), (dimension, other)} & self.sole)
        return one != other and (dimension in self.exclusive or is_sole)


@cache
def general() -> Lexicon:
    """The words of English descriptions of animals, plants and fungi."""
    senses: dict[tuple[str, ...], Sense] = {}
    for words, sense in (*_colours(), *_parts(), *_marks(), *_glue()):
        senses.setdefault(words, sense)
    traits = parse_lexicon(_text("traits.txt"))
    return _of({**traits.senses, **senses}).plus(replace(traits, senses={}))


def read_lexicon(path: Path) -> Lexicon:
    """Words of a data set's own: a text file with `[parts]`, `[marks]`, `[colours]`, `[whole]` and dimensions.

    In `[parts]`, `[marks]`, `[colours]` and dimensions a line is `name: words, parted by commas`. Raises BadFile.
    """
    try:
        return parse_lexicon(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise BadFile(f"cannot read the lexicon {path}: {error}", hint="see docs/captions-checks.md") from error


def parse_lexicon(text: str) -> Lexicon:
    """What `read_lexicon` reads, from text; raises ValueError for a line without a section or a colon."""
    senses: dict[tuple[str, ...], Sense] = {}
    exclusive, sole = set(), set()
    section = ""
    for line in _lines(text):
        if line.startswith("["):
            section, *marks = line.strip("[]").split()
            if marks:
                exclusive.add(section)
            continue
        name, colon, behind = line.partition(":")
        if not section or not colon:
            raise ValueError(f'"{line}" is no line of a lexicon')
        name = name.strip()
        if name.endswith("*"):
            name = name[:-1]
            sole.add((section, name))
        separator = "," if "," in behind else None
        for words in behind.split(separator):
            senses[stems_of(words)] = _sense(section, name)
    return replace(_of(senses), exclusive=frozenset(exclusive), sole=frozenset(sole))


def _sense(section: str, name: str) -> Sense:
    match section:
        case "parts":
            return Sense(part=tuple(name.split("+")))
        case "marks":
            return Sense(part=(name,), dimension=PATTERN, value=name)
        case "colours":
            return Sense(colours=frozenset(name.split()))
        case "whole":
            return Sense(part=(WHOLE,))
        case _:
            return Sense(dimension=section, value=name)


def _of(senses: Mapping[tuple[str, ...], Sense]) -> Lexicon:
    return Lexicon(senses=senses, longest=max((len(words) for words in senses), default=1))


def _text(name: str) -> str:
    return (files("thuja.captions.check.traits") / name).read_text(encoding="utf-8")


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# "))


_Senses = Iterator[tuple[tuple[str, ...], Sense]]


def _colours() -> _Senses:
    for line in _lines(_text("colours.txt")):
        word, _, basic = line.partition(":")
        yield stems_of(word), Sense(colours=frozenset(basic.split()))


def _parts() -> _Senses:
    for line in _lines(_text("parts.txt")):
        name, _, words = line.partition(":")
        for word in words.split():
            yield stems_of(word), Sense(part=tuple(name.split("+")))


def _marks() -> _Senses:
    for line in _lines(_text("marks.txt")):
        name, _, words = line.partition(":")
        nouns, _, borne = words.partition(";")
        for word in nouns.split():
            yield stems_of(word), Sense(part=(name,), dimension=PATTERN, value=name)
        for word in borne.split():
            yield words_of(word), Sense(dimension=PATTERN, value=name)


def _glue() -> _Senses:
    section = ""
    for line in _lines(_text("glue.txt")):
        if line.startswith("["):
            section = line.strip("[]")
            continue
        for word in line.split():
            text, _, number = word.partition(":")
            sense = Sense(part=(WHOLE,)) if section == "whole" else Sense(glue=section, value=number)
            yield stems_of(text), sense
