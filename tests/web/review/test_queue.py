"""A review: what is asked first, what is kept of a decision, and what a restart or a torn line leaves of it."""

import json
import resource
from pathlib import Path

import pytest
from tests.web.conftest import TAXA
from tests.web.review.drawn import SCORES, write_batch

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.jobs import write_json
from thuja.predict.outputs.provenance import log_beside
from thuja.taxonomy import Rank, Taxon
from thuja.web.problems import NotKept
from thuja.web.review.answers import open_batch
from thuja.web.review.journal import Verdict, journal_beside
from thuja.web.review.queue import Review

KINDS = ("csv", "parquet", "jsonl")
WREN = Taxon(kingdom="Animalia", family="Troglodytidae", genus="Troglodytes", species="troglodytes")


@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_of_every_form_are_read_the_same(tmp_path: Path, kind: str) -> None:
    batch = open_batch(write_batch(tmp_path, kind))
    assert len(batch) == 5
    second = batch[1]
    assert (second.name, second.answers[0].taxon, second.answers[0].taxon.common) == (
        "photos/1.jpg", TAXA[1], "carrion crow",
    )  # fmt: skip
    assert [one.text for one in second.answers] == ["Corvus corone", "Pica pica"]
    assert [one.score for one in second.answers] == pytest.approx([0.3, 0.175])
    assert second.settled is not None
    assert second.settled.taxon == TAXA[1].at(Rank.FAMILY)
    assert (batch[4].name, batch[4].answers, batch[4].error) == ("broken.jpg", (), "cannot decode")


@pytest.mark.parametrize("kind", KINDS)
def test_the_least_certain_picture_comes_first_and_one_without_an_answer_never(tmp_path: Path, kind: str) -> None:
    review = Review.open(write_batch(tmp_path, kind))
    assert [SCORES[row] for row in review.queue()] == sorted(SCORES)
    assert review.queue(limit=2) == [1, 3]
    assert review.queue(after=3, limit=5) == [2, 0]
    progress = review.progress()
    assert (progress.total, progress.failed, progress.open) == (5, 1, 4)
    review.close()


def test_decisions_are_kept_with_who_when_and_which_model_and_a_restart_goes_on(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "csv")
    write_json(log_beside(answers), {"model": {"id": "a-model@1"}})
    review = Review.open(answers)
    review.decide(1, Verdict.ACCEPT, who="Ada")
    review.decide(3, Verdict.CORRECT, who="Ada", name="wren", resolve=lambda name: WREN)
    review.decide(0, Verdict.SKIP, who="Bo")
    review.close()
    lines = [json.loads(line) for line in journal_beside(answers).read_text().splitlines()]
    assert [(line["decision"], line["who"], line["name"]) for line in lines] == [
        ("accept", "Ada", "Corvus corone"), ("correct", "Ada", "Troglodytes troglodytes"), ("skip", "Bo", ""),
    ]  # fmt: skip
    assert {line["model"] for line in lines} == {"a-model@1"}
    assert all(line["when"].endswith("Z") for line in lines)
    again = Review.open(answers)
    assert again.queue() == [2]
    decision = again.decision(3)
    assert decision is not None
    assert (decision.taxon, decision.answer, decision.score) == (WREN, "Bellis perennis", pytest.approx(0.5))
    again.close()


def test_a_decision_is_undone_down_to_the_one_before_it_also_after_a_restart(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "jsonl")
    review = Review.open(answers)
    review.decide(2, Verdict.ACCEPT, who="Ada")
    review.decide(2, Verdict.CORRECT, who="Ada", name="an owl")
    review.decide(2, Verdict.UNDO, who="Ada")
    before = review.decision(2)
    review.close()
    again = Review.open(answers)
    after = again.decision(2)
    assert before == after
    assert after is not None
    assert after.decision is Verdict.ACCEPT
    again.decide(2, Verdict.UNDO, who="Ada")
    assert again.decision(2) is None
    assert 2 in again.queue()
    with pytest.raises(UsageError, match="nothing was decided"):
        again.decide(2, Verdict.UNDO, who="Ada")
    again.close()


def test_a_line_that_a_killed_server_left_torn_is_cut_and_the_others_stand(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "csv")
    review = Review.open(answers)
    review.decide(1, Verdict.ACCEPT, who="Ada")
    review.close()
    journal = journal_beside(answers)
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[:40])
    again = Review.open(answers)
    again.decide(2, Verdict.SKIP, who="Ada")
    again.close()
    assert journal.read_bytes().startswith(whole)
    assert [json.loads(line)["decision"] for line in journal.read_text().splitlines()] == ["accept", "skip"]


def test_a_decision_that_the_disk_refuses_is_told_without_its_place_and_nothing_of_it_stays(tmp_path: Path) -> None:
    """The caller was told where the server keeps its files, as if the call had been wrong."""
    review = Review.open(write_batch(tmp_path, "jsonl"))
    review.decide(0, Verdict.ACCEPT, who="Ada")
    kept = journal_beside(review.answers).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) + 10, hard))
    try:
        with pytest.raises(NotKept, match="the decision could not be kept: No space left on device"):
            review.decide(1, Verdict.ACCEPT, who="Ada")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert journal_beside(review.answers).read_bytes() == kept
    assert review.decision(1) is None
    review.decide(1, Verdict.SKIP, who="Ada")
    review.close()
    again = Review.open(review.answers)
    assert again.progress().skipped == 1
    again.close()


def test_a_journal_that_is_none_is_told_by_its_line(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "csv")
    journal_beside(answers).write_text('{"decision": "accept"}\n')
    with pytest.raises(BadFile, match="line 1: not a decision"):
        Review.open(answers)
    journal_beside(answers).unlink()
    Review.open(answers).close()  # and the lock was let go of


def test_decisions_follow_their_pictures_where_a_batch_was_answered_again(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "csv")
    review = Review.open(answers)
    review.decide(0, Verdict.SKIP, who="Ada")
    review.close()
    write_batch(tmp_path, "csv", names=[f"photos/{number}.jpg" for number in (3, 2, 1, 0)])
    again = Review.open(answers)
    assert again.decision(0) is None
    assert again.decision(3) is not None
    again.close()


def test_one_server_at_a_time_holds_a_review(tmp_path: Path) -> None:
    answers = write_batch(tmp_path, "csv")
    first = Review.open(answers)
    with pytest.raises(UsageError, match="another server"):
        Review.open(answers)
    first.close()


@pytest.mark.parametrize(
    ("verdict", "name", "who", "said"),
    [
        (Verdict.CORRECT, "", "Ada", "a correction has a name"),
        (Verdict.ACCEPT, "an owl", "Ada", "not among the answers"),
        (Verdict.ACCEPT, "", "  ", "somebody's"),
        (Verdict.CORRECT, "a" * 301, "Ada", "at most 300"),
        (Verdict.CORRECT, "an\x00owl", "Ada", "one line"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_leaves_no_line(
    tmp_path: Path, verdict: Verdict, name: str, who: str, said: str
) -> None:
    review = Review.open(write_batch(tmp_path, "csv"))
    with pytest.raises(UsageError, match=said):
        review.decide(0, verdict, who=who, name=name)
    assert review.decision(0) is None
    assert 0 in review.queue()
    review.close()
    assert journal_beside(review.answers).read_bytes() == b""


def test_another_of_the_answers_is_accepted_by_any_of_its_names(tmp_path: Path) -> None:
    review = Review.open(write_batch(tmp_path, "jsonl"))
    for name, expected in (("MAGPIE", TAXA[2]), ("Corvidae", TAXA[1].at(Rank.FAMILY))):
        review.decide(1, Verdict.ACCEPT, who="Ada", name=name)
        decision = review.decision(1)
        assert decision is not None
        assert decision.taxon == expected
    review.close()


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"),
    [
        ("answers.csv", "file_name,species\na.jpg,b\n", BadFile, "no column score"),
        ("answers.csv", "score\n1\n", BadFile, "no column file_name"),
        ("answers.csv", "", EmptyInput, "no answer"),
        ("answers.csv", "file_name,score\n", EmptyInput, "no answer"),
        ("answers.parquet", "no parquet", BadFile, "cannot read"),
        ("answers.jsonl", "{}\n", BadFile, "line 1"),
        ("answers.jsonl", "[" * 3000 + "\n", BadFile, "line 1"),
        ("answers.txt", "a", UsageError, "no table of answers"),
    ],
)
def test_a_file_that_holds_no_answers_is_told_in_a_sentence(
    tmp_path: Path, name: str, text: str, kind: type[Exception], said: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(kind, match=said):
        open_batch(tmp_path / name)


def test_missing_answers_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no answers at"):
        Review.open(tmp_path / "none.csv")
