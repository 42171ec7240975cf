"""New examples for groups that have none: a language model writes them and names sources, a person reviews them."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import Any, Final

from thuja.captions.examples.example import Example, Status
from thuja.captions.examples.format_examples import FormatExamples
from thuja.captions.prompts.naming import lineage
from thuja.captions.prompts.quoting import quoted
from thuja.taxonomy import Rank, Taxon

Ask = Callable[[str], str]
"""A question to a language model, and its words."""

_LONGEST: Final = 400
_FEWEST_WORDS: Final = 4
_MOST_TRIES: Final = 100
_SOURCE: Final = re.compile(r"\s*[(\[]?\bsources?\s*:\s*(?P<source>.+?)[)\]]?\s*$", re.IGNORECASE | re.DOTALL)
_LISTED: Final = re.compile(r"^[ \t]*(?:\d{1,2}[ \t]*[.)]|[-*•–])[ \t]+(.+)$", re.MULTILINE)
_THOUGHT: Final = re.compile(r"<think>.*?</think>", re.DOTALL)
_SECOND: Final = re.compile(r"[.!?][\"')”’]*\s+[A-Z]")
_MEASURED: Final = re.compile(
    r"\d\s*(?:mm|cm|m|µm|μm|inch(?:es)?|in|ft|feet|micromet|millimet|centimet|metre|meter)", re.I
)
_SAME_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What came of asking for one group; no examples where the answer could not be read."""

    group: Taxon
    examples: tuple[Example, ...] = ()
    answer: str = ""


def question(group: Taxon, shown: FormatExamples, *, count: int = 3, max_words: int = 20) -> str:
    """What a language model is asked for a group."""
    above = lineage(group.at(Rank(group.rank - 1))) if group.rank else ""
    name = f"the {group.rank.label} {group.scientific_name}" if group.rank is not None else "any organism"
    models = "\n".join(f"- {quoted(sentence, _LONGEST)}" for sentence in shown.of(group).sentences)
    return Template(_text()).substitute(
        count=str(count),
        max_words=str(max_words),
        group=quoted(f"{name} ({above})" if above else name, _LONGEST),
        examples=models,
    )


def propose(
    groups: Sequence[Taxon],
    ask: Ask,
    shown: FormatExamples,
    *,
    count: int = 3,
    max_words: int = 20,
    model: str = "",
) -> Iterator[Proposal]:
    """Ask for each group in turn. What `ask` raises goes on to the caller: what was proposed before is with them."""
    for group in groups:
        answer = ask(question(group, shown, count=count, max_words=max_words))
        seen = list(shown.of(group).sentences)
        examples: list[Example] = []
        for sentence, source in read_answer(answer)[:count]:
            remark = "; ".join(_remarks(sentence, source, seen, max_words))
            seen.append(sentence)
            examples.append(
                Example(
                    taxon=group, sentence=sentence, source=source, status=Status.PROPOSED, model=model, remark=remark
                )
            )
        yield Proposal(group=group, examples=tuple(examples), answer=answer)


def read_answer(answer: str) -> list[tuple[str, str]]:
    """The sentences of an answer with their sources: its first JSON list of them, or else its numbered lines."""
    answer = _THOUGHT.sub("", answer)
    pairs = _from_json(answer) or [_parted(line) for line in _LISTED.findall(answer)]
    plain = [(quoted(sentence, _LONGEST), quoted(source, _LONGEST)) for sentence, source in pairs]
    return [pair for pair in plain if len(pair[0].split()) >= _FEWEST_WORDS and not pair[0].startswith("=")]


def _from_json(answer: str) -> list[tuple[str, str]]:
    decoder = json.JSONDecoder()
    starts = [match.start() for match in re.finditer(r"\[", answer)]
    for start in starts[:_MOST_TRIES]:
        try:
            value: Any = decoder.raw_decode(answer, start)[0]
        except (ValueError, RecursionError):
            continue
        rows = [row for row in value if isinstance(row, dict) and isinstance(row.get("sentence"), str)]
        if rows:
            return [(row["sentence"], str(row.get("source") or "")) for row in rows]
    return []


def _parted(line: str) -> tuple[str, str]:
    """A sentence and the source behind it: `... spots. Source: Flora of X`."""
    match = _SOURCE.search(line)
    return (line, "") if match is None else (line[: match.start()], match["source"])


def _remarks(sentence: str, source: str, seen: Sequence[str], max_words: int) -> Iterator[str]:
    """What a reviewer should look at."""
    words = len(sentence.split())
    if words > max_words:
        yield f"{words} words"
    if _SECOND.search(sentence):
        yield "more than one sentence"
    if _MEASURED.search(sentence):
        yield "a measurement"
    if not source:
        yield "no source"
    if any(_share(sentence, other) >= _SAME_SHARE for other in seen):
        yield "much like another"


def _share(first: str, second: str) -> float:
    """The words that two sentences have in common, as a share of all."""
    ours, theirs = (set(re.findall(r"\w+", text.casefold())) for text in (first, second))
    return len(ours & theirs) / max(1, len(ours | theirs))


@cache
def _text() -> str:
    return resources.files("thuja.captions.examples").joinpath("propose.txt").read_text(encoding="utf-8")
