"""Pictures to a captioner in many threads, few ahead, and their journals; units are put away as they are finished.

Each thread has one picture until it is settled. A request that nobody answers is held back: once another one is
answered it was the picture's bad luck and becomes its reject, but where none is for too long the server is gone, and
the run ends with these pictures still to do.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any, Final

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.make.drafting import Drafter, Guide, Unanswered
from thuja.captions.make.drafts import Draft, is_settled
from thuja.captions.make.guidance import Guidance
from thuja.captions.make.inputs import Picture, Unit
from thuja.captions.make.journal import Journal, Told, read_journal
from thuja.captions.make.rows import RowFacts, row_of, unusable_row
from thuja.captions.make.settings import Pace
from thuja.captions.make.unit_tables import write_unit
from thuja.errors import ImageError
from thuja.jobs import Progress, Units, say
from thuja.taxonomy import Taxon

_FAILED_RUNS: Final = 2
"""Runs in which a picture got no answer, and nobody else did, after which it is not asked about a further time."""


@dataclass(slots=True, kw_only=True)
class _Work:
    """A unit that is begun: its pictures in order, what is known, and how many are still to be settled."""

    unit: Unit
    pictures: Sequence[Picture]
    guides: Mapping[Taxon, Guide]
    journal: Journal
    told: Told
    left: int = 0
    is_listed: bool = False

    def guide(self, picture: Picture) -> Guide:
        return self.guides[picture.record.taxon]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """How a thread ended with a picture, and when it began and ended; both None where it is settled."""

    began: float
    ended: float
    drafts: Sequence[Draft] = ()
    unanswered: Unanswered | None = None
    stopped: CaptionerStopped | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A picture that nobody answered for at that moment."""

    work: _Work
    picture: Picture
    unanswered: Unanswered
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who is asked, what guides the prompts, how fast, and where units and journals lie."""

    drafter: Drafter
    guidance: Guidance
    pace: Pace
    units: Units
    journals: Path
    progress: Progress | None = None

    def run(self, units: Iterable[Unit]) -> None:
        """Settle every picture of these units; raises CaptionerStopped where no further one will be, ThujaError."""
        self.drafter.warm_up()
        run = _Run(asking=self, pool=ThreadPoolExecutor(self.pace.concurrency))
        try:
            run.go(units)
        except KeyboardInterrupt:
            say("stopping: answers under way are waited for; interrupt again to leave them")
            raise
        finally:
            run.close()

    def journal_of(self, unit: Unit) -> Path:
        """Where the journal of a unit lies."""
        return self.journals / f"{unit.number:06}.jsonl"


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run of an Asking; only the main thread touches what is in here, but for `stop`."""

    asking: Asking
    pool: ThreadPoolExecutor
    stop: Event = field(default_factory=Event)
    done: "SimpleQueue[Future[_Outcome]]" = field(default_factory=SimpleQueue)
    flying: dict[Future[_Outcome], tuple[_Work, Picture]] = field(default_factory=dict)
    open_works: dict[int, _Work] = field(default_factory=dict)
    held: list[_Held] = field(default_factory=list)
    answered: int = 0
    accepted: int = 0
    cost: float = 0.0
    note: str = ""
    stopped: CaptionerStopped | None = None

    def go(self, units: Iterable[Unit]) -> None:
        for work, picture in self._todo(units):
            while len(self.flying) >= 2 * self.asking.pace.concurrency:
                self._collect()
            if self.stopped is not None:
                break
            future = self.pool.submit(self._one, work, picture)
            self.flying[future] = (work, picture)
            future.add_done_callback(self.done.put)
        while self.flying:
            self._collect()
        self._end_held()
        if self.stopped is not None:
            raise self.stopped

    def close(self) -> None:
        """Let threads end after the request that they wait for, which is paid; an interrupt ends them at once."""
        self.stop.set()
        try:
            self.pool.shutdown(wait=True, cancel_futures=True)
        except KeyboardInterrupt:
            close = getattr(self.asking.drafter.captioner, "close", None)
            if close is not None:
                close()
            self.pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            for work in self.open_works.values():
                work.journal.close()

    def _todo(self, units: Iterable[Unit]) -> Iterator[tuple[_Work, Picture]]:
        """The pictures that are not settled; a unit is put away when its last one is."""
        for unit in units:
            work = self._begun(unit)
            for picture in work.pictures:
                if self._is_settled(work, picture):
                    self._advance(1)
                    continue
                if picture.fault is not None:
                    work.journal.unusable(picture.uuid, *picture.fault)
                    self._advance(1)
                    continue
                work.left += 1
                yield work, picture
            work.is_listed = True
            self._put_away(work)

    def _begun(self, unit: Unit) -> _Work:
        path = self.asking.journal_of(unit)
        pictures = list(unit.pictures())
        guides = self.asking.guidance.of(dict.fromkeys(picture.record.taxon for picture in pictures))
        work = _Work(unit=unit, pictures=pictures, guides=guides, journal=Journal(path), told=read_journal(path))
        self.open_works[unit.number] = work
        return work

    def _is_settled(self, work: _Work, picture: Picture) -> bool:
        tries = self.asking.drafter.settings.tries
        return picture.uuid in work.told.unusable or is_settled(work.told.drafts.get(picture.uuid, ()), tries)

    def _one(self, work: _Work, picture: Picture) -> _Outcome:
        """A thread's part: one picture, until it is settled."""
        began = time.monotonic()
        drafts: Sequence[Draft] = ()
        unanswered, stopped = None, None
        try:
            drafts = self.asking.drafter.draft(
                picture,
                work.guide(picture),
                so_far=work.told.drafts.get(picture.uuid, ()),
                log=work.journal,
                is_stopped=self.stop.is_set,
            )
        except ImageError as error:
            work.journal.unusable(picture.uuid, error.reason, error.message)
        except Unanswered as error:
            unanswered = error
        except CaptionerStopped as error:
            stopped = error
        return _Outcome(began=began, ended=time.monotonic(), drafts=drafts, unanswered=unanswered, stopped=stopped)

    def _collect(self) -> None:
        """Take what the next thread that ends leaves."""
        future = self.done.get()
        work, picture = self.flying.pop(future)
        if future.cancelled():
            return
        outcome = future.result()
        if outcome.stopped is not None:
            self._stop_for(outcome.stopped)
        elif outcome.unanswered is not None:
            self.held.append(_Held(work=work, picture=picture, unanswered=outcome.unanswered, at=outcome.ended))
            if self.stopped is not None:
                self._let_go()
            elif len(self.held) >= self.asking.pace.patience:
                self._stop_for(self._gone())
        elif not self.stop.is_set():
            self.answered += 1
            self._tell(outcome.drafts)
            self._settled(work)
            self._settle_held(before=outcome.began)

    def _settled(self, work: _Work) -> None:
        work.left -= 1
        self._advance(1)
        self._put_away(work)

    def _settle_held(self, *, before: float) -> None:
        """Somebody was asked about, and answered, after these were not: they are rejects."""
        held, self.held = self.held, [one for one in self.held if one.at >= before]
        for one in held:
            if one.at < before:
                self._reject(one)

    def _reject(self, one: _Held) -> None:
        one.work.journal.drafted(one.picture.uuid, one.unanswered.number, one.unanswered.draft)
        self._settled(one.work)

    def _end_held(self) -> None:
        """Nobody is left to compare with: what failed beside answered ones, or in earlier runs too, is a reject."""
        if self.stopped is not None:
            return
        held, self.held = self.held, []
        for one in held:
            if self.answered or one.work.told.failures[one.picture.uuid] >= _FAILED_RUNS:
                self._reject(one)
            else:
                self.held.append(one)
        if self.held:
            self._stop_for(self._gone())

    def _stop_for(self, error: CaptionerStopped) -> None:
        if self.stopped is None:
            self.stopped = error
            self.stop.set()
            for future in list(self.flying):
                future.cancel()
        self._let_go()

    def _let_go(self) -> None:
        """Leave the pictures that are held back to the run that goes on."""
        held, self.held = self.held, []
        for one in held:
            draft = one.unanswered.draft
            one.work.journal.failed(one.picture.uuid, one.unanswered.number, draft.error, cost=draft.cost)

    def _gone(self) -> CaptionerStopped:
        last = self.held[-1].unanswered.draft
        why = last.faults[0].reason if last.faults else last.error
        count = len(self.held)
        many = f"the last {count} pictures got" if count > 1 else "the picture got"
        return CaptionerStopped(f"the captioner seems to be gone: {many} no answer: {why}")

    def _put_away(self, work: _Work) -> None:
        """Write the table of a unit whose last picture is settled, and drop its journal."""
        if work.left or not work.is_listed or self.stop.is_set():
            return
        work.journal.close()
        del self.open_works[work.unit.number]
        told = read_journal(work.journal.path)
        write_unit(self.asking.units, work.unit, self._rows(work, told), told)
        work.journal.path.unlink(missing_ok=True)

    def _rows(self, work: _Work, told: Told) -> Iterator[dict[str, Any]]:
        """The rows of a unit, in the order of its pictures."""
        settings = self.asking.drafter.settings
        about = RowFacts(
            strategy=self.asking.guidance.template.name,
            shard=f"{work.unit.name}.tar",
            split=work.unit.split,
            model=settings.model,
        )
        for picture in work.pictures:
            if picture.uuid in told.unusable:
                reason, message = told.unusable[picture.uuid]
                yield unusable_row(picture, reason, message, about=about)
            else:
                yield row_of(picture, work.guide(picture), told.drafts[picture.uuid], about=about)

    def _tell(self, drafts: Sequence[Draft]) -> None:
        """Say how it goes behind the progress: the share that is accepted, and the price so far."""
        self.accepted += bool(drafts) and drafts[-1].is_accepted
        self.cost += sum(draft.cost for draft in drafts)
        self.note = f"{self.accepted / self.answered:.0%} accepted" + (f", cost {self.cost:.2f}" if self.cost else "")

    def _advance(self, count: int) -> None:
        if self.asking.progress is not None:
            self.asking.progress.advance(count, note=self.note)
