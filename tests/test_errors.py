"""Errors raised on purpose: what they say, which code they exit with, and that they cross process borders."""

import pickle

import pytest

from thuja import errors
from thuja.errors import EmptyInput, ImageError, OutputExists, Stopped, ThujaError, UnknownName, UsageError

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ThujaError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_survives_pickling(kind: type[ThujaError]) -> None:
    back = pickle.loads(pickle.dumps(kind("what is wrong", hint="what to do")))
    assert (type(back), back.message, back.hint) == (kind, "what is wrong", "what to do")


def test_an_image_error_keeps_its_reason_across_processes() -> None:
    back = pickle.loads(pickle.dumps(ImageError("cut short", reason="truncated", hint="fetch it again")))
    assert (back.reason, str(back)) == ("truncated", "cut short\nhint: fetch it again")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_tree_of_the_docstring_is_the_tree_of_the_code(kind: type[ThujaError]) -> None:
    lines = [line for line in str(errors.__doc__).splitlines() if f" {kind.__name__} " in f" {line.lstrip('|-` ')} "]
    assert len(lines) == 1
    depth = len(kind.__mro__) - len(ThujaError.__mro__)
    assert lines[0].index(kind.__name__) == 3 * depth


def test_a_wrong_call_exits_2_a_failure_1_and_work_that_stopped_when_asked_0() -> None:
    codes = {kind: kind.exit_code for kind in ALL}
    assert {kind for kind, code in codes.items() if code == 2} == {UsageError, UnknownName, OutputExists, EmptyInput}
    assert {kind for kind, code in codes.items() if code == 0} == {Stopped}
    assert set(codes.values()) == {0, 1, 2}
