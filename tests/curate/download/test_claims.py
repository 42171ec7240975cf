"""One run at a time works in a store, and no worker of another."""

from pathlib import Path

import pytest

from thuja.curate.download.claims import claimed, working
from thuja.errors import ThujaError


def claim(folder: Path, patience: float = 0.0) -> str:
    with claimed(folder, patience=patience) as run:
        return run


def work(folder: Path, run: str) -> bool:
    with working(folder, 0, run):
        return True


def test_a_second_run_is_refused_while_the_first_lasts(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(ThujaError, match="another process downloads"):
        claim(tmp_path)
    assert claim(tmp_path)


def test_a_run_does_not_begin_beside_a_worker_of_an_earlier_one(tmp_path: Path) -> None:
    """A resume downloaded beside the workers of a killed run: twice the rate, and tars were cut under their writers."""
    run = claim(tmp_path)
    with working(tmp_path, 0, run), pytest.raises(ThujaError, match="worker of an earlier run"):
        claim(tmp_path, patience=0.2)
    assert claim(tmp_path)


def test_a_worker_that_is_late_finds_that_another_run_has_begun(tmp_path: Path) -> None:
    first, second = claim(tmp_path), claim(tmp_path)
    with pytest.raises(ThujaError, match="another run"):
        work(tmp_path, first)
    assert work(tmp_path, second)
