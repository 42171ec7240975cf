"""The journal: nothing that was handed to the system is lost, and a torn end is passed over."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.captions.make.drafts import Draft, Fault
from thuja.captions.make.journal import Journal, read_journal
from thuja.errors import BadFile

FAULTY = Draft(
    text="A parrot.\u2028\ud800", seed=7, prompt="ab", faults=(Fault(check="name", reason="it names a parrot"),),
    scores=(("name", 0.0), ("length", 1.0)), prompt_tokens=100, cost=0.5, requests=2,
)  # fmt: skip


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "1.jsonl") as journal:
        for number in range(2):
            journal.asked("one", number)
            journal.drafted("one", number, FAULTY)
        journal.unusable("two", "truncated", "it ends early")
    told = read_journal(tmp_path / "1.jsonl")
    assert told.drafts == {"one": [FAULTY, FAULTY]}
    assert told.unusable == {"two": ("truncated", "it ends early")}
    assert told.unanswered == 0


def test_what_was_asked_without_an_answer_is_counted(tmp_path: Path) -> None:
    """Once for each request: the one that a kill cut off, and not the one that is known to have failed."""
    path = tmp_path / "1.jsonl"
    with Journal(path) as journal:
        journal.asked("one", 0)
        journal.asked("two", 0)
        journal.failed("two", 0, "no_answer")
    with Journal(path) as journal:  # the run that goes on
        journal.asked("one", 0)
        journal.drafted("one", 0, FAULTY)
    told = read_journal(path)
    assert (told.unanswered, told.failed) == (1, 1)
    assert told.drafts == {"one": [FAULTY]}


@settings(max_examples=10)
@given(cut=st.integers(0, 400))
def test_a_torn_end_loses_no_whole_line(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("torn") / "1.jsonl"
    with Journal(path) as journal:
        for number in range(4):
            journal.drafted("one", number, Draft(text=f"draft {number}", seed=number))
    data = path.read_bytes()[:cut]
    whole = data.count(b"\n")
    path.write_bytes(data)
    assert [draft.seed for draft in read_journal(path).drafts.get("one", [])] == list(range(whole))
    with Journal(path) as journal:
        journal.drafted("one", whole, Draft(text="after", seed=99))
    assert [draft.seed for draft in read_journal(path).drafts["one"]] == [*range(whole), 99]


def test_a_broken_line_in_the_middle_is_said(tmp_path: Path) -> None:
    path = tmp_path / "1.jsonl"
    path.write_bytes(b'{"asked":"one","try":0}\nnonsense\n')
    with pytest.raises(BadFile, match="line 2 of the journal"):
        read_journal(path)


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    path = tmp_path / "1.jsonl"
    with Journal(path) as journal:
        journal.drafted("one", 0, FAULTY)
        length = path.stat().st_size
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (length + 10, limits[1]))
            with pytest.raises(OSError, match="too large"):
                journal.drafted("two", 0, FAULTY)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        assert path.stat().st_size == length
        journal.drafted("two", 0, FAULTY)
    assert set(read_journal(path).drafts) == {"one", "two"}
