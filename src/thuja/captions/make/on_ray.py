"""Units on a Ray cluster: dealt out to a number of workers, each with its part of the threads, rate and budget."""

import json
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
from thuja.captions.make.opening import opened
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


@daft.cls(use_process=False)
class UnitCaptioner:
    """Does the units of one worker on whatever machine its row comes to, one after the other."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @daft.method.batch(return_dtype=DataType.string(), batch_size=1)
    def do(self, shares: Series) -> list[str]:
        """Do the units of these shares; returns for each why it could not be finished, or nothing."""
        return [self._do(json.loads(share)) for share in shares.to_pylist()]

    def _do(self, numbers: Sequence[int]) -> str:
        worker = self._worker
        inputs = find_inputs(worker.data, splits=worker.settings.splits).limited(worker.settings.limit)
        wanted = set(numbers)
        try:
            asking = worker.asking()
            done = asking.units.is_done  # a worker that died is begun again
            with opened(asking.drafter.captioner):
                asking.run(unit for unit in inputs.units() if unit.number in wanted and not done(unit.number))
        except ThujaError as error:
            return error.message
        return ""


def run_on_ray(worker: Worker, numbers: Sequence[int], workers: int) -> None:
    """Do the units of these numbers by `workers` processes; raises CaptionerStopped where some could not be finished.

    There are as many rows as workers, whatever the cluster has, so that together they keep the rate.
    """
    shares = [list(numbers[first::workers]) for first in range(min(workers, len(numbers)))]
    each = replace(
        worker,
        pace=replace(worker.pace, concurrency=max(1, worker.pace.concurrency // workers), workers=0),
        portion=replace(worker.portion, parts=workers),
    )
    captioner = UnitCaptioner(each)
    do = cast(Callable[..., daft.Expression], captioner.do)
    frame = daft.from_pydict({"share": [json.dumps(share) for share in shares]}).into_partitions(len(shares))
    said = frame.select(do(col("share")).alias("why")).to_pydict()["why"]
    why = next((one for one in said if one), "")
    if why:
        raise CaptionerStopped(why)
