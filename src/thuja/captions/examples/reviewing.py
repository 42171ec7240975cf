"""A reviewer's word on proposed examples, by the numbers of their rows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from thuja.captions.examples.example import Example, Status
from thuja.errors import UsageError

ALL: Final = "all"
_RANGE: Final = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")


def numbers_of(text: str, count: int) -> frozenset[int]:
    """The rows that are meant by `1,3-5`, or `all`, of so many; raises UsageError.

    >>> sorted(numbers_of("1, 3-5", 9))
    [1, 3, 4, 5]
    """
    if text.strip().lower() == ALL:
        return frozenset(range(1, count + 1))
    found: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= count:
            raise UsageError(f'no rows of the table: "{part}"', hint=f"such as 1,3-5 or {ALL}, up to {count:,}")
        found.update(range(first, last + 1))
    return frozenset(found)


def reviewed(examples: Sequence[Example], *, accepted: frozenset[int], rejected: frozenset[int]) -> list[Example]:
    """The examples with what was said of the rows of these numbers; the first has number 1. Raises UsageError."""
    if both := sorted(accepted & rejected):
        raise UsageError(f"row {both[0]} is both accepted and rejected")
    said = dict.fromkeys(rejected, Status.REJECTED) | dict.fromkeys(accepted, Status.ACCEPTED)
    return [replace(example, status=said.get(number, example.status)) for number, example in enumerate(examples, 1)]


def joined(first: Iterable[Example], second: Iterable[Example]) -> list[Example]:
    """All of the first and the accepted ones of the second, those that are there already once."""
    kept = list(first)
    there = {(example.taxon, example.sentence) for example in kept}
    added = [one for one in second if one.status is Status.ACCEPTED and (one.taxon, one.sentence) not in there]
    return kept + added
