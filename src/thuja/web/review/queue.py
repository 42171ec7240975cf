"""The queue of a review: pictures least certain first, what was decided of each, and how far along it is."""

import math
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile, UsageError
from thuja.predict.outputs.provenance import log_beside
from thuja.taxonomy import Taxon
from thuja.web.review.answers import Asked, Batch, open_batch
from thuja.web.review.journal import Decision, Journal, Key, Verdict, journal_beside, undone, utc_now
from thuja.web.review.logs import model_of_log

Resolve = Callable[[str], Taxon | None]
"""A name that somebody typed to its taxon; None for one that stands for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far along a review is; `failed` pictures have no answer and are not looked through."""

    total: int
    accepted: int
    corrected: int
    skipped: int
    failed: int

    @property
    def open(self) -> int:
        """How many wait."""
        return self.total - self.failed - self.accepted - self.corrected - self.skipped


class Review:
    """A batch under review. Safe among threads; each decision is on the disk when `decide` returns."""

    def __init__(self, batch: Batch, journal: Journal, *, answers: Path, model: str = "") -> None:
        self.batch, self.answers, self.model = batch, answers, model
        self._journal = journal
        self._lock = threading.Lock()
        self._made: dict[int, list[Decision]] = {}
        self._read_journal()
        scores = batch.scores
        has_answer = ~np.isnan(scores)
        order = np.argsort(np.where(has_answer, scores, np.inf), kind="stable")
        self._order: npt.NDArray[np.int64] = order[: int(has_answer.sum())]
        self._place = {int(row): place for place, row in enumerate(self._order)}

    @classmethod
    def open(cls, answers: Path, *, model: str = "") -> Self:
        """Begin, or go on; `model` is who answered, where no log beside the answers says it."""
        batch = open_batch(answers)
        journal = Journal(journal_beside(answers))
        try:
            return cls(batch, journal, answers=answers, model=model_of_log(log_beside(answers)) or model)
        except BadFile:
            journal.close()
            raise

    def close(self) -> None:
        """Let another server have it."""
        self._journal.close()

    def __getitem__(self, row: int) -> Asked:
        """The picture of a row; raises UsageError for one that is not there."""
        if not 0 <= row < len(self.batch):
            raise UsageError(f"there is no picture {row} in this review", hint=f"it has {len(self.batch):,}, from 0 on")
        return self.batch[row]

    def decision(self, row: int) -> Decision | None:
        """What was decided of a picture last; None where it waits."""
        made = self._made.get(row)
        return made[-1] if made else None

    def queue(self, *, after: int | None = None, limit: int = 20, waiting: bool = True) -> list[int]:
        """Rows of the queue behind `after`: those that wait, or all that have an answer."""
        start = 0 if after is None else self._place.get(after, -1) + 1
        found: list[int] = []
        for place in range(start, len(self._order)):
            row = int(self._order[place])
            if not waiting or not self._made.get(row):
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def decided(self) -> list[tuple[int, Decision]]:
        """Every picture that was decided on, by row, with its last decision."""
        with self._lock:
            return [(row, made[-1]) for row, made in sorted(self._made.items()) if made]

    def progress(self) -> Progress:
        """How far along it is."""
        with self._lock:
            kinds = Counter(made[-1].decision for made in self._made.values() if made)
        return Progress(
            total=len(self.batch),
            accepted=kinds[Verdict.ACCEPT],
            corrected=kinds[Verdict.CORRECT],
            skipped=kinds[Verdict.SKIP],
            failed=len(self.batch) - len(self._order),
        )

    def decide(self, row: int, verdict: Verdict, *, who: str, name: str = "", resolve: Resolve | None = None) -> Asked:
        """Decide on a picture, or undo what was decided of it; raises UsageError for what cannot be decided."""
        asked = self[row]
        who, name = _line(who), _line(name)
        with self._lock:
            made = self._made.setdefault(row, [])
            if verdict is Verdict.UNDO:
                if not made:
                    raise UsageError(f"nothing was decided of picture {row}", hint="there is nothing to take back")
                self._journal.append(undone(made[-1], who=who))
                made.pop()
                return asked
            said, taxon = _named(asked, verdict, name, resolve=resolve)
            best = asked.answers[0] if asked.answers else None
            decision = Decision(
                file_name=asked.name,
                id=asked.id,
                box=asked.box,
                decision=verdict,
                name=said,
                taxon=taxon,
                who=who,
                when=utc_now(),
                model=self.model,
                answer=best.text if best else "",
                score=best.score if best and math.isfinite(best.score) else None,
            )
            self._journal.append(decision)
            made.append(decision)
        return asked

    def _read_journal(self) -> None:
        """What an earlier server wrote, by the pictures' names: a batch that was answered again may have other rows."""
        found: dict[Key, list[Decision]] = {}
        for decision in self._journal.decisions():
            made = found.setdefault(decision.key, [])
            if decision.decision is not Verdict.UNDO:
                made.append(decision)
            elif made:
                made.pop()
        if found:
            rows: dict[Key, int] = {}
            for row, key in enumerate(self.batch.keys()):
                if key in found:
                    rows.setdefault(key, row)
            self._made = {rows[key]: made for key, made in found.items() if key in rows}


def _named(asked: Asked, verdict: Verdict, name: str, *, resolve: Resolve | None) -> tuple[str, Taxon | None]:
    """What a picture shows by a decision: the best answer's name, or one that was given, with its lineage."""
    if verdict is Verdict.SKIP:
        return "", None
    answers = [*asked.answers, *asked.path, *([asked.settled] if asked.settled else [])]
    if verdict is Verdict.ACCEPT and not name:
        if not asked.answers:
            raise UsageError(f"picture {asked.row} has no answer to accept", hint="correct it, or skip it")
        return asked.answers[0].text, asked.answers[0].taxon
    for one in answers:
        known = {one.text, one.taxon.scientific_name, one.taxon.common} if one.taxon is not None else {one.text}
        if name and name.casefold() in {word.casefold() for word in known}:
            return one.text, one.taxon
    if verdict is Verdict.ACCEPT:
        raise UsageError(
            f'"{name:.100}" is not among the answers to picture {asked.row}', hint="correct it by that name"
        )
    taxon = resolve(name) if resolve is not None and name else None
    return (name, None) if taxon is None else (taxon.scientific_name or name, taxon)


def _line(text: str) -> str:
    return " ".join(text.split())
