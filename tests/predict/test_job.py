"""Predicting as a job: stopped, gone on with, shared, out of room, and always the same file in the end."""

import csv
import io
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.predict.judging import CoinJudge

from thuja.embeddings import Embeddings
from thuja.encode import EncodeOptions
from thuja.errors import EmptyInput, OutputExists, ThujaError, UsageError
from thuja.jobs import Share
from thuja.predict.answering import answered
from thuja.predict.inputs.finding import InputOptions, find_inputs
from thuja.predict.job import PredictJob, run_predict_job, seen_by

OPTIONS = EncodeOptions(batch_size=4)
OUT = Path("o.csv")
PARTS = Path("o.csv.parts")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def photos(count, *, bad=()):
    Path("p").mkdir(exist_ok=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"p/{number:03}.png")
        if number in bad:
            Path(f"p/{number:03}.png").write_bytes(b"no image")


def table(count, groups, *, name="t.csv"):
    rows = "".join(f"p/{number:03}.png,{groups[number % len(groups)]}\n" for number in range(count))
    Path(name).write_text(f"path,event\n{rows}")
    return name


def job(*named, out=OUT, parts=PARTS, format_="csv", group_by=None, boxes=None, **options):
    given = InputOptions(group_by=group_by, boxes=boxes)
    if not isinstance(out, Path):
        parts = None
    return PredictJob(
        inputs=find_inputs(list(named), given),
        out=out,
        format=format_,
        parts=parts,
        given=given,
        **{"options": OPTIONS, "unit_size": 8, **options},
    )


def run(task, judge, share=None, said=None):
    return run_predict_job(task, lambda _: judge, share or Share(), say=[].append if said is None else said.append)


def rows(path=OUT):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Stopping(CoinJudge):
    """Is interrupted when it is asked for so many images."""

    def __init__(self, model, after, **options):
        super().__init__(model, **options)
        self.after = after

    def judge(self, queries, vectors):
        if len(self.judged) >= self.after:
            raise KeyboardInterrupt
        return super().judge(queries, vectors)


def test_a_job_writes_what_the_plain_stream_answers(tiny_model):
    photos(21, bad=(0, 9, 20))
    judge = CoinJudge(tiny_model)
    tally = run(job("p"), judge)
    inputs = find_inputs(["p"])
    plain = list(answered(judge, seen_by(judge, inputs, inputs.queries(), OPTIONS)))
    assert (tally.answered, tally.failed, str(tally)) == (18, 3, "18 images answered, 3 could not be read")
    assert [row["file_name"] for row in rows() if row["species"] == "Corvus corax" or row["error"]] == [
        prediction.file_name for prediction in plain
    ]
    best = [row for row in rows() if not row["error"]][::2]
    scores = [prediction.answers[0].score for prediction in plain if not prediction.error]
    np.testing.assert_allclose([float(row["score"]) for row in best], scores, rtol=1e-5)
    assert not PARTS.exists()


def test_a_run_that_was_stopped_goes_on_and_ends_in_the_same_bytes(tiny_model):
    photos(40, bad=(3, 17, 18))
    run(job("p", "p/004.png", out=Path("whole.csv"), parts=Path("whole.parts")), CoinJudge(tiny_model))
    said = []
    with pytest.raises(KeyboardInterrupt):
        run(job("p", "p/004.png"), Stopping(tiny_model, after=20), said=said)
    assert said.pop() == "what is done is kept in o.csv.parts: the same command goes on from there"
    assert not OUT.exists()
    assert len(list(PARTS.glob("unit-*"))) == 3
    judge = CoinJudge(tiny_model)
    tally = run(job("p", "p/004.png"), judge, said=said)
    assert OUT.read_bytes() == Path("whole.csv").read_bytes()
    assert len(judge.judged) == 41 - 24 - 0
    assert (tally.kept, tally.answered) == (24, 38)
    assert said == ["going on where an earlier run stopped: up to 24 images are in o.csv.parts"]


def test_groups_that_lie_scattered_are_whole_after_a_stop_too(tiny_model):
    photos(20, bad=(5,))
    name = table(20, ["a", "b", "", "c"])
    whole = job(name, out=Path("whole.csv"), parts=Path("whole.parts"), group_by="event")
    run(whole, CoinJudge(tiny_model))
    with pytest.raises(KeyboardInterrupt):
        run(job(name, group_by="event"), Stopping(tiny_model, after=0))
    tally = run(job(name, group_by="event"), CoinJudge(tiny_model))
    assert OUT.read_bytes() == Path("whole.csv").read_bytes()
    told = [(row["event"], row["images"], row["images_failed"]) for row in rows()[::2]]
    alone = [(f"p/{number:03}.png", "1", "0") for number in (2, 6, 10, 14, 18)]
    assert told == [("a", "5", "0"), ("b", "4", "1"), alone[0], ("c", "5", "0"), *alone[1:]]
    assert tally.answered == 8


def test_a_group_is_named_by_its_id_even_where_its_column_is_empty(tiny_model):
    photos(3)
    name = table(3, [""])
    run(job(name, group_by="event"), CoinJudge(tiny_model))
    assert [row["event"] for row in rows()[::2]] == ["p/000.png", "p/001.png", "p/002.png"]


def test_a_stream_gives_the_answers_of_the_file(tiny_model):
    photos(21, bad=(4,))
    name = table(21, ["a", "b", "c"])
    for group_by in (None, "event"):
        out = io.StringIO()
        run(job(name, group_by=group_by, out=out), CoinJudge(tiny_model))
        run(job(name, group_by=group_by, force=True), CoinJudge(tiny_model))
        streamed = list(csv.DictReader(io.StringIO(out.getvalue())))
        assert [{**row, "score": ""} for row in streamed] == [{**row, "score": ""} for row in rows()]
        for one, other in zip(streamed, rows(), strict=True):
            assert one["score"] == other["score"] or float(one["score"]) == pytest.approx(
                float(other["score"]), abs=1e-6
            )


def test_a_stream_writes_before_the_last_image_is_read(tiny_model):
    photos(40)
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        run(job("p", out=out), Stopping(tiny_model, after=12))
    assert 12 <= len(out.getvalue().splitlines()[1:]) // 2 < 40


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tuned": 1}, r"tuned \(0 there, 1 here\)"),
        ({"unit_size": 16}, r"unit_size \(8 there, 16 here\)"),
        ({"options": EncodeOptions(batch_size=4, is_exact=False)}, "is_exact"),
        ({"options": EncodeOptions(batch_size=2)}, "batch_size"),
        ({"named": "p/000.png"}, "inputs"),
    ],
)
def test_units_of_another_question_are_refused_with_what_differs_and_forced_away(tiny_model, change, said):
    photos(20)
    with pytest.raises(KeyboardInterrupt):
        run(job("p"), Stopping(tiny_model, after=10))
    change = dict(change)
    tuned, named = change.pop("tuned", 0), change.pop("named", "p")
    with pytest.raises(OutputExists, match=said):
        run(job(named, **change), CoinJudge(tiny_model, tuned=tuned))
    judge = CoinJudge(tiny_model, tuned=tuned)
    run(job(named, force=True, **change), judge)
    assert len(judge.judged) == (20 if named == "p" else 1)


def test_an_input_that_changed_in_between_is_refused(tiny_model):
    photos(20)
    with pytest.raises(KeyboardInterrupt):
        run(job("p"), Stopping(tiny_model, after=10))
    Path("p/0000.png").write_bytes(Path("p/001.png").read_bytes())
    with pytest.raises(OutputExists, match="not what it was"):
        run(job("p"), CoinJudge(tiny_model))


def test_another_format_is_no_other_job(tiny_model):
    photos(20)
    with pytest.raises(KeyboardInterrupt):
        run(job("p"), Stopping(tiny_model, after=10))
    judge = CoinJudge(tiny_model)
    run(job("p", format_="jsonl"), judge)
    assert len(judge.judged) == 4
    assert len(OUT.read_text().splitlines()) == 20


def test_two_processes_share_a_job_and_the_last_one_writes_it(tiny_model):
    photos(30, bad=(11,))
    run(job("p", out=Path("whole.csv"), parts=Path("whole.parts")), CoinJudge(tiny_model))
    first, second = CoinJudge(tiny_model), CoinJudge(tiny_model)
    assert run(job("p"), first, Share(rank=0, world=2)) is None
    assert run(job("p"), second, Share(rank=1, world=2)).answered == 29
    assert (len(first.judged), len(second.judged)) == (16, 13)
    assert OUT.read_bytes() == Path("whole.csv").read_bytes()
    with pytest.raises(UsageError, match="cannot share"):
        run(job("p", out=io.StringIO()), first, Share(rank=0, world=2))


def test_an_output_that_is_there_or_is_an_input_and_an_empty_input_are_said_before_a_model_is_loaded():
    def never(_):
        raise AssertionError

    photos(1)
    name = table(1, ["a"])
    OUT.write_text("mine")
    Path("none").mkdir()
    for task, error, said in (
        (job("p"), OutputExists, "is there already"),
        (job(name, out=Path(name), force=True), UsageError, "is an input"),
        (job("none", out=Path("x.csv")), EmptyInput, "no image in none"),
        (job("p", kept=["site"], out=Path("x.csv")), UsageError, "none is named"),
        (job(name, kept=["site"], out=Path("x.csv")), UsageError, "column to keep"),
    ):
        with pytest.raises(error, match=said):
            run_predict_job(task, never, Share(), say=print)
    assert OUT.read_text() == "mine"


def test_embeddings_are_answered_without_a_look_at_an_image(tiny_model):
    photos(5)
    inputs = find_inputs(["p"])
    judge = CoinJudge(tiny_model)
    seen = list(seen_by(judge, inputs, inputs.queries(), OPTIONS))
    vectors = np.stack([one.outcome for one in seen])
    Embeddings(ids=[one.query.id for one in seen], vectors=vectors, model=tiny_model.id).save(Path("e.parquet"))
    run(job("p"), judge)
    run(job("e.parquet", out=Path("e.csv"), parts=Path("e.parts")), judge)
    for one, other in zip(rows(), rows(Path("e.csv")), strict=True):
        assert (one["file_name"], one["species"]) == (other["file_name"], other["species"])
        assert float(one["score"]) == pytest.approx(float(other["score"]), abs=1e-6)
    Embeddings(ids=["x"], vectors=vectors[:1], model="another").save(Path("f.parquet"))
    with pytest.raises(UsageError, match="by another"):
        run(job("f.parquet", out=Path("f.csv")), judge)


def test_boxes_without_an_animal_are_counted_apart(tiny_model):
    photos(2)
    Path("md.json").write_text(
        '{"images": [{"file": "000.png", "detections": [{"category": "1", "conf": 0.9, "bbox": [0, 0, 0.5, 1]}]},'
        '{"file": "001.png", "detections": []}]}'
    )
    tally = run(job("p", boxes="md.json"), CoinJudge(tiny_model))
    assert str(tally) == "1 box answered, 0 could not be read, 1 without an animal"
    assert [(row["box"], row["error"][:25]) for row in rows()[1:]] == [
        ("0,0,0.5,1", ""),
        ("", "the detector saw nothing "),
    ]


@pytest.mark.shared
def test_hostile_images_are_rows_with_their_errors(tiny_model, shared):
    tally = run(job(str(shared / "photos" / "robust"), options=EncodeOptions(batch_size=16)), CoinJudge(tiny_model))
    assert tally.failed == len([row for row in rows() if row["error"]]) > 3
    assert tally.answered > 20


@contextmanager
def room(size):
    """A limit on the size of a file stands in for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_a_full_disk_is_one_sentence_and_what_was_done_is_kept(tiny_model, format_):
    """First no unit fits, then the whole output does not."""
    photos(4)
    name = table(200, ["a", "b"])
    run(job(name, format_=format_), CoinJudge(tiny_model))
    size = OUT.stat().st_size
    OUT.unlink()
    for limit, kept in ((1024, 0), (size - 100, 25)):
        with room(limit), pytest.raises(ThujaError, match="cannot write: File too large") as caught:
            run(job(name, format_=format_), CoinJudge(tiny_model))
        assert "kept in o.csv.parts: make room" in caught.value.hint
        assert len(list(PARTS.glob("unit-??????"))) == kept
        assert not OUT.exists()
    judge = CoinJudge(tiny_model)
    assert run(job(name, format_=format_), judge).failed == 196
    assert judge.judged == []
    assert OUT.stat().st_size == size


DRIVER = """
import sys
from pathlib import Path
from tests.predict.judging import CoinJudge
from thuja.encode import EncodeOptions
from thuja.jobs import Share
from thuja.model import Model
from thuja.predict.inputs.finding import find_inputs
from thuja.predict.job import PredictJob, run_predict_job
out = sys.argv[1]
job = PredictJob(inputs=find_inputs(["t.csv"]), out=Path(out), format="csv", parts=Path(f"{out}.parts"),
                 options=EncodeOptions(batch_size=4), unit_size=8)
run_predict_job(job, lambda _: CoinJudge(Model.load(Path("model"))), Share(), say=print)
"""


@pytest.mark.slow
def test_a_process_that_was_killed_is_gone_on_with_to_the_same_bytes(tiny_model):
    photos(10, bad=(7,))
    lines = [f"p/00{number % 10}.png" if number % 11 else f"gone{number}.png" for number in range(600)]
    Path("t.csv").write_text("path\n" + "\n".join(lines))
    tiny_model.save(Path("model"), name="tiny")
    root = Path(__file__).parent.parent.parent
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}

    def started(out: str) -> subprocess.Popen[str]:
        # Processes of one kind: one that has other threads of torch's sums in another order.
        words = [sys.executable, "-c", DRIVER, out]
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)

    with started("o.csv") as process:
        while process.poll() is None and len(list(PARTS.glob("unit-??????"))) < 10:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    with started("o.csv") as again, started("whole.csv") as whole:
        told, _ = again.communicate()
        whole.communicate()
    assert (again.returncode, whole.returncode) == (0, 0)
    assert "going on where an earlier run stopped: up to" in told
    assert OUT.read_bytes() == Path("whole.csv").read_bytes()
