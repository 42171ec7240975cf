"""A prompt's template: plain text with named fields, from this package or from a file of one's own.

What stands above a line `---` is the role that the model plays, what stands below it the request. `$name` is replaced
by the field of that name, `$$` is a dollar. A paragraph with a field that is empty is left out, so that a species
without a description gets a prompt that speaks of none. What is put in is never read for fields again.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template as Substituted
from typing import Final, Self

from thuja.captions.captioner import Prompt
from thuja.captions.prompts.naming import lineage, name_of, naming, organism
from thuja.captions.prompts.quoting import excerpt, quoted
from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.taxonomy import Taxon

FIELDS: Final = (
    "organism", "name", "scientific_name", "common_name", "lineage", "examples", "description", "feedback", "naming",
    "max_words",
)  # fmt: skip
"""What a template may ask for."""

MOST_EXAMPLES: Final = 3
_EXAMPLE_CHARACTERS: Final = 400
_MOST_REASONS: Final = 5
_MOST_BYTES: Final = 100_000
_RULE: Final = re.compile(r"^---[ \t]*\n", re.MULTILINE)
_BLANK: Final = re.compile(r"\n(?:[ \t]*\n)+")


class Strategy(StrEnum):
    """What a captioner is told beside the picture's name; `guided` is BioCAP's."""

    BARE = "bare"
    EXAMPLES = "examples"
    DESCRIPTION = "description"
    GUIDED = "guided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one caption is asked with.

    `names` are all that the taxon may be called, the one to be said first; none: its common or scientific name.
    `feedback` are the reasons why the last try was rejected, `seed` is handed on to the captioner.
    """

    taxon: Taxon
    names: tuple[str, ...] = ()
    is_name_wanted: bool = True
    examples: tuple[str, ...] = ()
    description: str = ""
    feedback: tuple[str, ...] = ()
    max_words: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_words < 1:
            raise UsageError(f"a caption of at most {self.max_words} words says nothing", hint="20 are BioCAP's")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template; `name` is a strategy's, or that of the file."""

    name: str
    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise EmptyInput(f"the template {self.name} is empty", hint="docs/captions-prompts.md shows one")
        if not Substituted(self.text).is_valid():
            raise UsageError(
                f"the template {self.name} has a $ that begins no field", hint="write $$ where a dollar is meant"
            )
        wrong = next((field for field in self.fields if field not in FIELDS), None)
        if wrong is not None:
            raise UnknownName.of(f"field in the template {self.name}", wrong, FIELDS)

    @classmethod
    def of(cls, strategy: Strategy | str) -> Self:
        """The template of a strategy; raises UnknownName."""
        if strategy not in list(Strategy):
            raise UnknownName.of("strategy", strategy, list(Strategy))
        return cls(name=str(strategy), text=_packed(str(strategy)))

    @classmethod
    def read(cls, path: Path) -> Self:
        """A template of one's own; raises UsageError."""
        path = Path(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read the template {path}: {error.strerror}", hint="a text file") from error
        if len(data) > _MOST_BYTES:
            raise UsageError(f"the template {path} has {len(data):,} bytes", hint=f"{_MOST_BYTES:,} at most")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError(f"the template {path} is not UTF-8 text", hint="save it as UTF-8") from error
        return cls(name=path.stem, text=text.replace("\r\n", "\n"))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it asks for, in the order of their first use."""
        return tuple(Substituted(self.text).get_identifiers())

    @property
    def digest(self) -> str:
        """What tells this text from every other, for tables and plans."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def render(self, request: Request) -> Prompt:
        """The prompt for one picture."""
        values = _values(request)
        parts = _RULE.split(self.text, maxsplit=1)
        system = parts[0] if len(parts) > 1 else ""
        return Prompt(system=_filled(system, values), text=_filled(parts[-1], values), seed=request.seed)


def render(strategy: Strategy | Template, request: Request) -> Prompt:
    """The prompt of a strategy, or of a template of one's own."""
    template = strategy if isinstance(strategy, Template) else Template.of(strategy)
    return template.render(request)


@cache
def _packed(name: str) -> str:
    return resources.files("thuja.captions.prompts").joinpath(f"{name}.txt").read_text(encoding="utf-8")


def _filled(text: str, values: Mapping[str, str]) -> str:
    """The paragraphs whose fields all have a value, with these in their places."""
    paragraphs = [Substituted(part) for part in _BLANK.split(text.strip())]
    kept = [part for part in paragraphs if all(values[field] for field in part.get_identifiers())]
    return "\n\n".join(part.substitute(values) for part in kept)


def _values(request: Request) -> dict[str, str]:
    taxon, names = request.taxon, request.names
    description = excerpt(request.description)
    return {
        "organism": organism(taxon, names),
        "name": name_of(taxon, names),
        "scientific_name": quoted(taxon.scientific_name, _EXAMPLE_CHARACTERS),
        "common_name": quoted(taxon.common, _EXAMPLE_CHARACTERS),
        "lineage": lineage(taxon),
        "examples": _listed(request.examples[:MOST_EXAMPLES]),
        "description": f"<description>\n{description}\n</description>" if description else "",
        "feedback": _listed(request.feedback[:_MOST_REASONS]),
        "naming": naming(taxon, names, is_name_wanted=request.is_name_wanted),
        "max_words": str(request.max_words),
    }


def _listed(lines: tuple[str, ...]) -> str:
    """One line each, with a dash: `- ...`."""
    plain = [quoted(line, _EXAMPLE_CHARACTERS) for line in lines]
    return "\n".join(f"- {line}" for line in plain if line)
