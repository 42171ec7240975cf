"""A run of captions: exactly one outcome a picture, whatever happens."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.captions.make.scripted import Scripted, handed, jpeg, record_of, sentence, write_shards

from thuja.captions import CaptionerStopped, Finding, Prompt, Subject
from thuja.captions.make import MakeSettings, Output, Pace, make, preview
from thuja.captions.make.rows import CAPTIONS_SCHEMA
from thuja.errors import OutputExists, UsageError
from thuja.shards import read_shard
from thuja.shards.checking import check_shards

WRONG = "A green parrot with a hooked red bill sits still."
PACE = Pace(concurrency=4)


def by_number(count: int) -> dict[str, int]:
    return {record_of(number).uuid: number for number in range(count)}


def mark_of(number: int) -> str:
    return sha256(jpeg(number)).hexdigest()


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    return write_shards(tmp_path / "in", {"train": [5, 4], "val": [3]})


def test_every_picture_gets_its_caption_in_table_shards_and_catalog(shards: Path, tmp_path: Path) -> None:
    summary = make(shards, Output(folder=tmp_path / "out"), handed=handed(Scripted()), pace=PACE)
    assert (summary.pictures, summary.accepted, summary.rejected) == (12, 12, 0)
    assert (summary.requests, summary.prompt_tokens, summary.cost) == (12, 1200, 6.0)
    table = pq.read_table(tmp_path / "out" / "captions.parquet")
    assert table.schema.remove_metadata() == CAPTIONS_SCHEMA
    rows = table.to_pylist()
    assert [by_number(12)[row["uuid"]] for row in rows] == list(range(12))
    said = {row["uuid"]: row["caption"] for row in rows}
    assert said[record_of(4).uuid].startswith("A magpie with a ")
    samples = [sample for path in sorted((tmp_path / "out" / "shards").glob("*.tar")) for sample in read_shard(path)]
    assert {sample.record.uuid: sample.record.caption for sample in samples} == said
    assert samples[0].image == jpeg(0)
    catalog = pl.read_parquet(tmp_path / "out" / "catalog.parquet")
    assert dict(catalog.select("uuid", "caption").iter_rows()) == said
    assert check_shards([tmp_path / "out"], workers=1).is_good
    assert not (tmp_path / "out" / "work").exists()


def test_a_rejected_draft_is_asked_for_again_with_its_reason_and_another_seed(shards: Path, tmp_path: Path) -> None:
    captioner = Scripted(script=lambda mark, number: WRONG if mark == mark_of(1) and number < 2 else None)
    make(shards, Output(folder=tmp_path / "out"), handed=handed(captioner), pace=PACE)
    row = rows_of(tmp_path / "out")[record_of(1).uuid]
    assert (row["status"], row["tries"], row["reasons"]) == ("accepted", 3, [])
    assert [draft["reasons"] for draft in row["drafts"]] == [["name"], ["name"], []]
    assert [draft["text"] for draft in row["drafts"][:2]] == [WRONG, WRONG]
    assert len({draft["seed"] for draft in row["drafts"]}) == 3
    told = row["drafts"][0]["why"][0]
    assert sum(told in prompt.text for prompt in captioner.prompts) == 2


def test_tries_end_in_a_reject_that_keeps_all_drafts(shards: Path, tmp_path: Path) -> None:
    captioner = Scripted(script=lambda mark, number: WRONG if mark == mark_of(2) else None)
    settings = MakeSettings(tries=2)
    summary = make(shards, Output(folder=tmp_path / "out"), handed=handed(captioner), settings=settings, pace=PACE)
    row = rows_of(tmp_path / "out")[record_of(2).uuid]
    assert (row["caption"], row["status"], row["tries"], len(row["drafts"])) == (None, "rejected", 3, 3)
    assert (summary.accepted, summary.rejected, dict(summary.reasons)) == (11, 1, {"name": 1})
    assert summary.tries == {"1": 11, "3": 1}
    kept = {sample.record.uuid: sample.record.caption for sample in read_shard(tmp_path / "out/shards/train-00000.tar")}
    assert kept[record_of(2).uuid] == "", "the picture stays, to be learnt by its name"


def test_an_answer_without_words_is_tried_again_and_paid(shards: Path, tmp_path: Path) -> None:
    captioner = Scripted(script=lambda mark, number: "empty" if mark == mark_of(0) and number == 0 else None)
    make(shards, Output(folder=tmp_path / "out"), handed=handed(captioner), pace=PACE)
    row = rows_of(tmp_path / "out")[record_of(0).uuid]
    assert (row["tries"], row["drafts"][0]["reasons"], row["cost"], row["prompt_tokens"]) == (2, ["empty"], 0.75, 105)


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_the_number_of_threads_changes_nothing(threads: int, shards: Path, tmp_path: Path) -> None:
    def script(mark: str, number: int) -> str | None:
        return WRONG if int(mark[:2], 16) % 3 > number else None

    one, other = tmp_path / "one", tmp_path / "other"
    make(shards, Output(folder=one), handed=handed(Scripted(script=script)), pace=Pace(concurrency=3))
    make(shards, Output(folder=other), handed=handed(Scripted(script=script)), pace=Pace(concurrency=threads))
    for name in ("captions.parquet", "catalog.parquet", "summary.json", "shards/train-00001.tar"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.parametrize("after", [0, 5, 11])
def test_a_stop_keeps_what_is_done_and_resume_ends_in_the_same_files(after: int, shards: Path, tmp_path: Path) -> None:
    """Also the drafts of a picture that was stopped between two tries."""

    def script(mark: str, number: int) -> str | None:
        return WRONG if int(mark[:2], 16) % 2 > number else None

    out, calm = tmp_path / "out", tmp_path / "calm"
    make(shards, Output(folder=calm), handed=handed(Scripted(script=script)), pace=PACE)
    first = Scripted(script=script, stops_after=after)
    with pytest.raises(CaptionerStopped, match="the budget of 1 is spent") as caught:
        make(shards, Output(folder=out), handed=handed(first), pace=PACE)
    assert "--resume" in caught.value.hint
    rest = Scripted(script=lambda mark, number: script(mark, number + first.asked[mark]))
    summary = make(shards, Output(folder=out, resume=True), handed=handed(rest), pace=PACE)
    assert first.asked.total() + rest.asked.total() == summary.requests
    assert summary.unanswered == 0
    for name in ("captions.parquet", "catalog.parquet", "shards/train-00001.tar", "shards/val-00000.tar"):
        assert (out / name).read_bytes() == (calm / name).read_bytes(), name


def test_a_server_that_dies_ends_the_run_instead_of_rejecting_all_that_is_left(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "in", {"train": [60]})
    dying = Scripted(fails_after=20)
    with pytest.raises(CaptionerStopped, match="no answer: connection refused"):
        make(shards, Output(folder=tmp_path / "out"), handed=handed(dying), pace=Pace(concurrency=2, failures=5))
    healthy = Scripted()
    out = Output(folder=tmp_path / "out", resume=True)
    summary = make(shards, out, handed=handed(healthy), pace=PACE)
    assert (summary.accepted, healthy.asked.total(), summary.unanswered) == (60, 40, 0)
    assert summary.failed >= 5


def test_a_picture_that_nobody_answers_for_is_a_reject_where_others_are_answered(shards: Path, tmp_path: Path) -> None:
    captioner = Scripted(script=lambda mark, number: "no_answer" if mark == mark_of(3) else None)
    summary = make(shards, Output(folder=tmp_path / "out"), handed=handed(captioner), pace=PACE)
    assert (summary.accepted, dict(summary.reasons)) == (11, {"no_answer": 1})
    assert captioner.asked[mark_of(3)] == 1


def test_a_captioner_that_never_answers_makes_no_rejects(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "in", {"train": [3]})
    with pytest.raises(CaptionerStopped, match="the last 3 pictures got no answer"):
        make(shards, Output(folder=tmp_path / "out"), handed=handed(Scripted(fails_after=0)), pace=PACE)


def test_a_picture_that_fails_alone_is_given_up_in_the_third_run(tmp_path: Path) -> None:
    """Else a run whose last picture no server can bear would never end."""
    shards = write_shards(tmp_path / "in", {"train": [2]})
    captioner = Scripted(script=lambda mark, number: "no_answer")
    for resume in (False, True):
        with pytest.raises(CaptionerStopped, match="got no answer"):
            make(shards, Output(folder=tmp_path / "out", resume=resume), handed=handed(captioner), pace=PACE)
    summary = make(shards, Output(folder=tmp_path / "out", resume=True), handed=handed(captioner), pace=PACE)
    assert (dict(summary.reasons), summary.failed) == ({"no_answer": 2}, 4)


def test_a_captioner_that_returns_no_words_is_said(shards: Path, tmp_path: Path) -> None:
    """It was a traceback from within."""
    wrong = handed(lambda image, prompt: cast("str", 3))
    with pytest.raises(CaptionerStopped, match="the captioner returned int, not words"):
        make(shards, Output(folder=tmp_path / "out"), handed=wrong, pace=Pace(concurrency=1))


def test_resuming_a_complete_run_asks_nobody(shards: Path, tmp_path: Path) -> None:
    first = make(shards, Output(folder=tmp_path / "out"), handed=handed(Scripted()), pace=PACE)
    again = make(shards, Output(folder=tmp_path / "out", resume=True), handed=handed(Scripted(stops_after=0)))
    assert again == first
    other = MakeSettings(seed=1)
    with pytest.raises(OutputExists, match="made with other settings"):
        make(shards, Output(folder=tmp_path / "out", resume=True), handed=handed(Scripted()), settings=other)
    with pytest.raises(OutputExists, match="not empty"):
        make(shards, Output(folder=tmp_path / "out"), handed=handed(Scripted()))


def test_other_splits_are_taken_along_as_they_are(shards: Path, tmp_path: Path) -> None:
    captioner = Scripted()
    settings = MakeSettings(splits=("train",))
    summary = make(shards, Output(folder=tmp_path / "out"), handed=handed(captioner), settings=settings, pace=PACE)
    assert (summary.pictures, captioner.asked.total()) == (9, 9)
    assert (tmp_path / "out/shards/val-00000.tar").read_bytes() == (shards / "val-00000.tar").read_bytes()
    assert check_shards([tmp_path / "out"], workers=1).is_good


def test_a_limit_writes_the_first_pictures_alone(shards: Path, tmp_path: Path) -> None:
    settings = MakeSettings(limit=7)
    make(shards, Output(folder=tmp_path / "out"), handed=handed(Scripted()), settings=settings, pace=PACE)
    found = [
        sample.record.uuid for path in sorted((tmp_path / "out/shards").glob("*.tar")) for sample in read_shard(path)
    ]
    assert found == [record_of(number).uuid for number in range(7)]
    assert len(pl.read_parquet(tmp_path / "out/catalog.parquet")) == 7


def test_a_table_alone_leaves_the_shards_out(shards: Path, tmp_path: Path) -> None:
    make(shards, Output(folder=tmp_path / "out", is_table_only=True), handed=handed(Scripted()), pace=PACE)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "captions.parquet", "summary.json", "thuja.job.json", "thuja.lock",
    ]  # fmt: skip


def test_the_output_is_never_the_input(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "in", {"train": [2]})
    with pytest.raises(UsageError, match="is the input"):
        make(shards, Output(folder=shards, force=True), handed=handed(Scripted()))


def test_a_preview_shows_prompts_and_asks_nobody(shards: Path) -> None:
    shown = list(preview(shards, 2, guidance=handed(Scripted()).guidance))
    assert [picture.uuid for picture, _ in shown] == [record_of(0).uuid, record_of(1).uuid]
    assert "Organism: raven (Corvus corax)" in shown[0][1].text


def test_captions_that_repeat_each_other_are_told_or_rejected(shards: Path, tmp_path: Path) -> None:
    def find(captions: Sequence[str], subjects: Sequence[Subject]) -> list[Finding]:
        assert len({subject.taxon.binomial for subject in subjects}) == 1
        counts = Counter(captions)
        return [
            Finding(check="repeats", score=0.2, is_fault=counts[one] > 1, reason="it fits other pictures too")
            for one in captions
        ]

    def same(image: bytes, prompt: Prompt) -> str:
        return "A raven with a heavy bill and strong legs." if "raven" in prompt.text else sentence(prompt, image)

    parts = replace(handed(same), find_repeats=find)
    told = make(shards, Output(folder=tmp_path / "told"), handed=parts, pace=PACE)
    assert (told.repeats, told.accepted) == (4, 12)
    assert rows_of(tmp_path / "told")[record_of(0).uuid]["score"] == 0.2
    settings = MakeSettings(rejects_duplicates=True)
    strict = make(shards, Output(folder=tmp_path / "strict"), handed=parts, settings=settings, pace=PACE)
    assert (strict.accepted, dict(strict.reasons)) == (8, {"repeats": 4})


def rows_of(out: Path) -> dict[str, dict[str, object]]:
    return {row["uuid"]: row for row in pq.read_table(out / "captions.parquet").to_pylist()}


def test_what_is_left_of_a_kill_between_table_and_marker_is_finished(shards: Path, tmp_path: Path) -> None:
    """The work folder goes last: a run that is killed while shards are written asks for nothing again."""
    out = tmp_path / "out"
    make(shards, Output(folder=out), handed=handed(Scripted()), pace=PACE)
    calm = {
        path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file() and path.name != "thuja.job.json"
    }
    shutil.rmtree(out)
    with pytest.raises(CaptionerStopped):
        make(shards, Output(folder=out), handed=handed(Scripted(stops_after=11)), pace=PACE)
    (out / "shards").mkdir()
    shutil.copy(shards / "val-00000.tar", out / "shards" / "val-00000.tar.1-2.tmp")  # half-written
    make(shards, Output(folder=out, resume=True), handed=handed(Scripted()), pace=PACE)
    found = {
        path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file() and path.name != "thuja.job.json"
    }
    assert found == calm


def test_what_a_second_interrupt_broke_off_counts_as_unanswered(shards: Path, tmp_path: Path) -> None:
    """It was told as never sent, though the server may have worked for it."""

    def broken_off(image: bytes, prompt: Prompt) -> str:
        stop = CaptionerStopped("the captioner is closed")
        stop.was_sent = image == jpeg(0)
        raise stop

    out = Output(folder=tmp_path / "out")
    with pytest.raises(CaptionerStopped):
        make(shards, out, handed=handed(broken_off), pace=Pace(concurrency=1))
    summary = make(shards, replace(out, resume=True), handed=handed(Scripted()), pace=PACE)
    assert (summary.unanswered, summary.accepted) == (1, 12)
