"""A job in numbered units: shared, gone on with, and never mixed with another's."""

import errno
import json
from pathlib import Path

import pytest

from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.jobs import Share, Units, kept_when_full


def finish(units: Units, *numbers: int) -> None:
    for number in numbers:
        with units.writing(number) as path:
            path.write_text(str(number))


def test_units_are_finished_one_by_one_and_whole(tmp_path: Path) -> None:
    units = Units(tmp_path / "u", {"of": 3})
    finish(units, 2, 0)

    def fail_halfway() -> None:
        with units.writing(1) as path:
            path.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert [units.is_done(number) for number in range(3)] == [True, False, True]
    assert (units.done(), units.finished(3), units.finished(1)) == (2, None, [units.path(0)])
    finish(units, 1)
    assert [path.read_text() for path in units.finished(3) or []] == ["0", "1", "2"]
    units.remove()
    units.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_same_plan_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    finish(Units(tmp_path / "u", {"a": [1, (2,)]}), 0)
    assert Units(tmp_path / "u", {"a": [1, [2]]}).done() == 1
    with pytest.raises(OutputExists, match="units of another job"):
        Units(tmp_path / "u", {"a": [1, [3]]})


def test_the_refusal_of_another_plan_names_the_fields_that_differ(tmp_path: Path) -> None:
    """It once said "of another job", and nobody knew which of fifteen options it was."""
    Units(tmp_path / "u", {"model": "a" * 40, "precision": "bf16", "prompts": None, "same": 1, "inputs": [["p"]]})
    with pytest.raises(OutputExists) as caught:
        Units(tmp_path / "u", {"model": "b", "precision": "fp32", "prompts": 80, "same": 1, "inputs": [["q"]]})
    assert caught.value.message == (
        f"{tmp_path / 'u'} holds units of another job: "
        "model, precision (bf16 there, fp32 here), prompts (none there, 80 here), inputs"
    )


@pytest.mark.parametrize("rank", [0, 1])
def test_units_of_another_plan_are_cleared_only_by_force_and_the_first_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    monkeypatch.setattr("thuja.jobs.units._PATIENCE", 0.0)
    finish(Units(tmp_path / "u", {"a": 1}), 0)
    share = Share(rank=rank, world=2)
    with pytest.raises(OutputExists, match="another job"):
        Units.open(tmp_path / "u", {"a": 2}, share, force=False)
    assert Units.open(tmp_path / "u", {"a": 1}, share, force=True).done() == 1
    if rank == 1:
        with pytest.raises(OutputExists, match="another job"):
            Units.open(tmp_path / "u", {"a": 2}, share, force=True)
    else:
        assert Units.open(tmp_path / "u", {"a": 2}, share, force=True).done() == 0


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_sentence(code: int) -> None:
    with pytest.raises(ThujaError, match=r"cannot write: .*\n.*kept in u: make room"), kept_when_full(Path("u")):
        raise OSError(code, "no room")


@pytest.mark.parametrize("code", [errno.EISDIR, errno.EACCES, errno.ENOENT, errno.EIO])
def test_what_cannot_be_read_is_not_called_a_full_disk(code: int) -> None:
    """A folder named d.txt among the texts was once `cannot write: Is a directory`, with the hint to make room."""
    with pytest.raises(OSError, match="why") as caught, kept_when_full(Path("u")):
        raise OSError(code, "why")
    assert caught.value.errno == code


def test_a_disk_that_fails_while_a_unit_is_written_is_one_sentence(tmp_path: Path) -> None:
    units = Units(tmp_path / "u", {})
    with pytest.raises(ThujaError, match="cannot write"), units.writing(0):
        raise OSError(errno.EIO, "Input/output error")


def test_what_is_no_folder_of_units_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    for name in ("file", "folder"):
        assert not Units.is_folder(tmp_path / name)
        with pytest.raises(OutputExists, match="holds something else"):
            Units(tmp_path / name, {})
    finish(Units(tmp_path / "u", {}), 0)
    assert Units.is_folder(tmp_path / "u")


def test_a_folder_that_another_process_is_about_to_begin_is_no_strangers(tmp_path: Path) -> None:
    """Of two processes that started together, the second met a folder without its plan and gave up."""
    folder = tmp_path / "u"
    folder.mkdir()
    (folder / "plan.json.1234.tmp").touch()
    Units(folder, {"a": 1})
    assert json.loads((folder / "plan.json").read_text()) == {"a": 1}


def test_shares_part_the_units_among_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = [Units(tmp_path / "u", {}, share=Share(rank=rank, world=3)) for rank in range(3)]
    assert [sum(units.is_mine(number) for units in shares) for number in range(7)] == [1] * 7
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert Share.from_environment() == Share(rank=1, world=2)
    monkeypatch.setenv("RANK", "one")
    with pytest.raises(UsageError, match="whole numbers"):
        Share.from_environment()
    with pytest.raises(UsageError, match="rank 2 of 2"):
        Share(rank=2, world=2)
