"""All predictions as one page that needs no other file: images, how deep each answer goes, bars, a filter.

Cards go to a temporary file as they come, so memory does not grow with them; what is counted is counted of all.
"""

import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from thuja.errors import UsageError
from thuja.jobs import atomic_path
from thuja.predict.answers import Prediction, Question
from thuja.predict.why.cards import Content, card, doubted, headline
from thuja.predict.why.explanations import Explanation, share
from thuja.predict.why.style import SCRIPT, STYLE
from thuja.report import Cell, Headline, Report
from thuja.taxonomy import RANKS, Rank

MOST: Final = 2000
_IN_MEMORY: Final = 8 * 2**20
_ROWS: Final = 15
"""Of a table of taxa, how many are named."""
_PLACE: Final = "<!--cards-->"
"""Where the cards go: no escaped text can hold it."""


class PredictionPage:
    """A page that predictions are added to, then saved; the first `most` are shown, and all are counted.

    A shown card takes 10 to 25 kB, and twice that with its heat map.
    """

    def __init__(self, title: str, question: Question, *, summary: Sequence[str] = (), most: int = MOST) -> None:
        if most < 1:
            raise UsageError(f"a page shows at least one prediction, got {most}")
        self._title, self._question, self._summary, self._most = title, question, list(summary), most
        self._cards = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - it lives as long as the page
        weakref.finalize(self, self._cards.close)
        self._shown = self._added = self._failed = self._unseen = 0
        self._reasons: Counter[str] = Counter()
        self._settled: Counter[Rank | None] = Counter()
        self._taxa: dict[Rank, Counter[str]] = {Rank.CLASS: Counter(), Rank.ORDER: Counter()}
        self._texts: Counter[str] = Counter()

    def add(self, prediction: Prediction, image: Content | None = None, explanation: Explanation | None = None) -> None:
        """Count a prediction, and show it if there is room: with its image, where it is given or explained."""
        self._count(prediction)
        if self._shown < self._most:
            made = card(prediction, image, explanation, question=self._question)
            self._cards.write(_bytes(made))
            self._shown += 1

    @property
    def is_full(self) -> bool:
        """Whether further predictions are counted only, so that their images need not be read."""
        return self._shown >= self._most

    def save(self, path: Path) -> None:
        """Write the page; more may be added and saved again."""
        before, after = self._report().to_html().split(_PLACE)
        with atomic_path(Path(path)) as temporary, temporary.open("wb") as file:
            file.write(_bytes(before))
            self._cards.seek(0)
            while block := self._cards.read(2**20):
                file.write(block)
            file.write(_bytes(after))

    def _count(self, prediction: Prediction) -> None:
        self._added += 1
        if prediction.error:
            self._failed += 1
            self._reasons[prediction.reason or "error"] += 1
            return
        judgement = prediction.judgement
        best = headline(judgement, self._question)
        self._unseen += bool(doubted(judgement))
        self._settled[best.taxon.rank if best is not None and best.taxon is not None else None] += 1
        if best is not None and best.taxon is None:
            self._texts[best.text] += 1
            return
        for rank, counts in self._taxa.items():
            counts[best.taxon[rank] if best is not None and best.taxon is not None else ""] += 1

    def _report(self) -> Report:
        report = Report(self._title, summary=self._summary, style=STYLE).headlines(list(self._headlines()))
        report.section("What was found")
        report.raw('<div class="tables">')
        for columns, rows in self._tables():
            report.table(columns, rows)
        report.raw("</div>")
        shown = "" if self._shown == self._added else f"The first {self._shown:,} of {self._added:,} are shown."
        report.section("Predictions", shown)
        kinds = [
            ("", "all"),
            *([("open", "nothing settled")] if self._question.confidence is not None else []),
            *([("unseen", "maybe not among the labels")] if self._unseen else []),
            *([("error", "could not be read")] if self._failed else []),
        ]
        options = "".join(f'<option value="{kind}">{text}</option>' for kind, text in kinds)
        return report.raw(
            f'{_CONTROLS.replace("KINDS", options)}<ol class="cards">{_PLACE}</ol><script>{SCRIPT}</script>'
        )

    def _headlines(self) -> Iterator[Headline]:
        answered = self._added - self._failed
        yield Headline(label="answered", value=f"{answered:,}", note=f"of {self._added:,}")
        confidence = self._question.confidence
        if confidence is not None:
            deep = self._settled[Rank.SPECIES]
            yield Headline(label="settled on a species", value=f"{deep:,}", note=f"at {share(confidence)}")
            if self._settled[None]:
                yield Headline(label="nothing settled", value=f"{self._settled[None]:,}")
        if self._unseen:
            yield Headline(label="maybe not among the labels", value=f"{self._unseen:,}")
        if self._failed:
            yield Headline(label="could not be read", value=f"{self._failed:,}")

    def _tables(self) -> Iterator[tuple[Sequence[str], list[list[Cell]]]]:
        answered = self._added - self._failed
        if self._question.confidence is not None:
            ranks = [*((rank.label, self._settled[rank]) for rank in reversed(RANKS)), ("none", self._settled[None])]
            yield ("settled at", "images", "share"), _rows(ranks, answered)
        unnamed = "no name" if self._question.confidence is None else "not so deep"
        for rank, counts in self._taxa.items():
            if counts:
                yield (rank.label, "images", "share"), _most_common(counts, answered, unnamed=unnamed)
        if self._texts:
            yield ("label", "images", "share"), _most_common(self._texts, answered)
        if self._reasons:
            yield ("not read, because", "images", "share"), _most_common(self._reasons, self._added)


_CONTROLS: Final = """<form class="controls" hidden>
<label>Find <input type="search" name="text" placeholder="name or file" autocomplete="off"></label>
<label>Show <select name="kind">KINDS</select></label>
<label>Sure by at least <input type="range" name="least" min="0" max="100" step="5" value="0">
<output name="least_told">0 %</output></label>
<label>Order <select name="order"><option value="">as given</option><option value="down">surest first</option>
<option value="up">least sure first</option></select></label>
<p class="count" role="status"></p></form>
"""


def _rows(counts: Sequence[tuple[str, int]], total: int) -> list[list[Cell]]:
    return [[name, count, share(count / total) if total else "–"] for name, count in counts if count]


def _most_common(counts: Counter[str], total: int, *, unnamed: str = "") -> list[list[Cell]]:
    """The most common, then how many others there are; what has no name comes last."""
    named = [(name, count) for name, count in counts.most_common() if name]
    rest = named[_ROWS:]
    told = [*named[:_ROWS], (f"{len(rest):,} others", sum(count for _, count in rest)), (unnamed, counts[""])]
    return _rows(told, total)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")  # file names that are not UTF-8
