"""Units on a Ray cluster: each is done by whichever worker is free, with its part of the threads, rate and budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import daft
from daft import DataType, Series, col

from thuja.captions.captioner import Captioner, CaptionerStopped
from thuja.captions.check.finding import Check
from thuja.captions.make.asking import Asking
from thuja.captions.make.drafting import Drafter
from thuja.captions.make.guidance import GuidancePlan
from thuja.captions.make.inputs import find_inputs
from thuja.captions.make.settings import MakeSettings, Pace, Portion
from thuja.errors import ThujaError
from thuja.jobs import Units


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """All that a worker needs to do a unit; functions are importable ones with a configuration, never closures."""

    data: Path
    units: Path
    journals: Path
    plan: dict[str, Any]
    settings: MakeSettings
    pace: Pace
    portion: Portion
    guidance: GuidancePlan
    open_captioner: Callable[[Portion], Captioner]
    open_checks: Callable[[], Sequence[Check]]

    def asking(self) -> Asking:
        """Open what was named; raises what opening it raises."""
        guidance = self.guidance.open()
        drafter = Drafter(
            captioner=self.open_captioner(self.portion),
            checks=self.open_checks(),
            template=guidance.template,
            settings=self.settings,
        )
        units = Units(self.units, self.plan)
        return Asking(drafter=drafter, guidance=guidance, pace=self.pace, units=units, journals=self.journals)


class UnitCaptioner:
    """Does units on whatever machine a row of the list of units comes to, one after the other."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._asking = worker.asking()

    @daft.method.batch(return_dtype=DataType.string(), batch_size=1)
    def do(self, numbers: Series) -> list[str]:
        """Do these units; returns for each why it could not be finished, or nothing."""
        return [self._do(number) for number in numbers.to_pylist()]

    def _do(self, number: int) -> str:
        worker = self._worker
        inputs = find_inputs(worker.data, splits=worker.settings.splits).limited(worker.settings.limit)
        try:
            self._asking.run(unit for unit in inputs.units() if unit.number == number)
        except ThujaError as error:
            return error.message
        return ""


def run_on_ray(worker: Worker, numbers: Sequence[int], workers: int) -> None:
    """Do the units of these numbers, `workers` at a time; raises CaptionerStopped where some could not be finished."""
    each = replace(
        worker,
        pace=replace(worker.pace, concurrency=max(1, worker.pace.concurrency // workers), workers=0),
        portion=replace(worker.portion, parts=workers),
    )
    captioner = daft.cls(max_concurrency=workers)(UnitCaptioner)(each)  # no more, or they would pass the rate
    do = cast(Callable[..., daft.Expression], captioner.do)
    frame = daft.from_pydict({"number": list(numbers)}).into_partitions(len(numbers))
    said = frame.select(do(col("number")).alias("why")).to_pydict()["why"]
    why = next((one for one in said if one), "")
    if why:
        raise CaptionerStopped(why)
