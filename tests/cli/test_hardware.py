"""The options that say where a model runs."""

import pytest

from thuja.cli.hardware import HardwareChoice
from thuja.errors import UsageError


def choice(**changes: object) -> HardwareChoice:
    given = {"device": "cpu", "precision": "auto", "engine": "auto", "is_compiled": False, "threads": 1}
    return HardwareChoice(**{**given, **changes})


@pytest.mark.parametrize("planned", ["fp32", "bf16"])
def test_an_auto_precision_is_that_of_the_job_that_was_begun(planned: str) -> None:
    assert choice().settled(planned).precision == planned


def test_a_precision_that_was_asked_for_stays() -> None:
    assert choice(precision="bf16").settled("fp32").precision == "bf16"
    with pytest.raises(UsageError, match="does not compute in fp16 on cpu"):
        choice(precision="fp16").settled("fp32")


@pytest.mark.parametrize("planned", ["fp16", "fp7"])
def test_a_planned_precision_that_this_machine_has_not_is_left_to_its_own_choice(planned: str) -> None:
    assert choice().settled(planned).precision in ("fp32", "bf16")
