"""Embedding as a job: killed, resumed, shared, out of room, and always the same file in the end."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.embeddings import Embeddings
from thuja.encode import EncodeOptions, Encoder, Hardware, encode_images, encode_texts, parts, walk
from thuja.encode.job import EmbedJob, run_job
from thuja.encode.parts import Summary
from thuja.errors import EmptyInput, OutputExists, ThujaError, UnknownName, UsageError
from thuja.jobs import Share, Units
from thuja.model import Model

OPTIONS = EncodeOptions(batch_size=4)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def photos(count: int, *, bad: tuple[int, ...] = ()) -> list[Path]:
    Path("p").mkdir(exist_ok=True)
    paths = [Path(f"p/{number:03}.png") for number in range(count)]
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        if number in bad:
            path.write_bytes(b"no image")
    return paths


def job(*inputs: str, **options: object) -> EmbedJob:
    given = {"out": Path("o.parquet"), "parts": Path("o.parts"), "errors": Path("o.csv"), "options": OPTIONS}
    return EmbedJob(inputs=inputs, unit_size=8, **{**given, **options})


def run(task: EmbedJob, model: Model, share: Share | None = None, said: list[str] | None = None) -> Summary | None:
    return run_job(
        task, lambda planned: Encoder.plain(model), share or Share(), say=[].append if said is None else said.append
    )


def errors(path: Path = Path("o.csv")) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_job_gives_what_encode_images_gives(tiny_model: Model) -> None:
    paths = photos(21, bad=(0, 9, 10, 11, 20))
    summary = run(job("p"), tiny_model)
    expected = encode_images(tiny_model, [(str(path), path) for path in paths], OPTIONS)
    made = Embeddings.load(Path("o.parquet"))
    assert np.array_equal(made.vectors, expected.embeddings.vectors)
    assert replace(made, vectors=expected.embeddings.vectors, precision="") == expected.embeddings
    assert made.precision == "fp32"
    assert errors() == [["id", "reason", "message"], *map(list, expected.errors)]
    assert (summary.embedded, summary.failed, summary.dim, summary.model) == (16, 5, 8, tiny_model.id)
    assert not Path("o.parts").exists()


def test_order_duplicates_and_columns_are_kept(tiny_model: Model) -> None:
    photos(3)
    Path("t.csv").write_text("path,note\n" + "".join(f"p/00{n % 3}.png,{n}\n" for n in range(20)))
    run(job("t.csv", "p/001.png", "t.csv"), tiny_model)
    made = Embeddings.load(Path("o.parquet"))
    names = [f"p/00{n % 3}.png" for n in range(20)]
    assert made.ids == [*names, "p/001.png", *names]
    assert made.columns.column("note").to_pylist() == [*map(str, range(20)), None, *map(str, range(20))]
    assert np.allclose(made.vectors[0], made.vectors[3], atol=1e-6)
    assert not np.allclose(made.vectors[0], made.vectors[1], atol=1e-3)


def test_columns_of_other_types_meet_in_one_that_holds_both(tiny_model: Model) -> None:
    photos(1)
    rows = [{"path": "p/000.png", "n": n if n < 12 else f"{n}!"} for n in range(20)]
    Path("t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    Path("u.jsonl").write_text(json.dumps({"path": "p/000.png", "n": 1, "m": 0.5}))
    run(job("u.jsonl", "t.jsonl"), tiny_model)
    columns = Embeddings.load(Path("o.parquet")).columns
    assert columns.column("n").to_pylist() == ["1", *map(str, range(12)), *(f"{n}!" for n in range(12, 20))]
    assert columns.column("m").to_pylist() == [0.5] + [None] * 20


def test_texts_come_with_their_text_and_average_over_prompts(tiny_model: Model) -> None:
    Path("t.csv").write_text("uuid,text,text_de\n1,a raven,Rabe\n2,,\n3,a magpie,Elster\n")
    prompts = ("a photo of {}.", "{}!")
    run(job("t.csv", is_text=True, prompts=prompts, options=replace(OPTIONS, dtype="float16")), tiny_model)
    made = Embeddings.load(Path("o.parquet"))
    expected = encode_texts(tiny_model, ["a raven", "a magpie"], prompts=prompts)
    assert made.ids == ["1", "3"]
    assert made.vectors.dtype == np.float16
    assert np.array_equal(made.vectors, expected.astype(np.float16))
    assert made.columns.to_pydict() == {"text": ["a raven", "a magpie"], "text_de": ["Rabe", "Elster"]}
    assert (made.is_normalized, made.preparation) == (True, "")
    assert [row[:2] for row in errors()[1:]] == [["2", "empty_text"]]


def test_json_is_in_pybioclips_shape(tiny_model: Model) -> None:
    paths = photos(10, bad=(2,))
    options = replace(OPTIONS, normalize=False)
    run(job("p", out=Path("o.json"), form="json", options=options), tiny_model)
    made = json.loads(Path("o.json").read_text())
    expected = encode_images(tiny_model, [(str(path), path) for path in paths], options).embeddings
    assert list(made) == ["model", "embeddings"]
    assert made["model"] == tiny_model.id
    assert list(made["embeddings"]) == expected.ids
    assert np.array_equal(np.array(list(made["embeddings"].values()), np.float32), expected.vectors)


def test_a_run_that_fails_goes_on_and_ends_the_same(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches must fall on the same images whether or not units before them are skipped, good images or bad."""
    photos(45, bad=(3, 4, 5, 17))
    run(job("p", out=Path("calm.parquet"), errors=Path("calm.csv")), tiny_model)
    plain = Encoder.encode_image
    calls = 0

    def fail_later(*args: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        return plain(*args, **options)

    monkeypatch.setattr(Encoder, "encode_image", fail_later)
    with pytest.raises(KeyboardInterrupt):
        run(job("p"), tiny_model)
    assert not Path("o.parquet").exists()
    said: list[str] = []
    run(job("p"), tiny_model, said=said)
    assert said == ["going on where an earlier run stopped: up to 16 images are in o.parts"]
    assert calls == 6 + (12 - 4)  # two units of two batches were not made again
    assert Path("o.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert Path("o.csv").read_bytes() == Path("calm.csv").read_bytes()


def stop_halfway(task: EmbedJob, model: Model) -> None:
    """Two processes share the job, and one of them dies before it begins."""
    assert run(task, model, Share(rank=0, world=2)) is None


def test_another_command_does_not_go_on_with_this_ones_units(tiny_model: Model) -> None:
    photos(20)
    stop_halfway(job("p"), tiny_model)
    for other in (job("p", options=replace(OPTIONS, head="caption")), job("p", "p"), job("p", "p/000.png")):
        with pytest.raises(OutputExists, match="units of another job"):
            run(other, tiny_model)
    assert run(job("p", "p", force=True), tiny_model).embedded == 40


def test_an_input_that_has_changed_is_noticed(tiny_model: Model) -> None:
    paths = photos(20)
    stop_halfway(job("p"), tiny_model)
    paths[1].unlink()
    with pytest.raises(OutputExists, match="the input is not what it was"):
        run(job("p"), tiny_model)
    Path("t.csv").write_text("path,x\n" + "p/002.png,1\n" * 20)
    Path("o.parts").rename("old")
    stop_halfway(job("t.csv"), tiny_model)
    Path("t.csv").write_text("path,x\n" + "p/002.png,12\n" * 20)
    with pytest.raises(OutputExists, match="units of another job"):
        run(job("t.csv"), tiny_model)


@pytest.mark.parametrize("world", [1, 2, 3])
def test_force_makes_units_of_other_items_again_and_keeps_those_of_the_same(tiny_model: Model, world: int) -> None:
    """The hint of the refusal, --force, once ended in the same refusal: only the plan was compared, not the items."""
    paths = photos(43, bad=(5,))
    stop_halfway(job("p"), tiny_model)
    kept = Path("o.parts/unit-000000").stat().st_mtime_ns
    paths[20].unlink()  # units 2 to 5 are of other items; 2 and 4 are done
    with pytest.raises(OutputExists, match="the input is not what it was"):
        run(job("p"), tiny_model)
    for rank in range(1, world):
        assert run(job("p", force=True), tiny_model, Share(rank=rank, world=world)) is None
        assert Path("o.parts/unit-000000").stat().st_mtime_ns == kept
    run(job("p", force=True), tiny_model, Share(rank=0, world=world))
    run(job("p", out=Path("calm.parquet"), errors=Path("calm.csv")), tiny_model)
    assert Path("o.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert Path("o.csv").read_bytes() == Path("calm.csv").read_bytes()
    assert not Path("o.parts").exists()


def test_force_makes_the_changed_list_of_standard_input_again(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be read once, so what a unit may have to be made of is held until its end."""
    photos(20)

    def piped(numbers: Sequence[int]) -> None:
        lines = "".join(f"p/{number:03}.png\n" for number in numbers)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))

    piped(range(20))
    plain = Encoder.encode_image
    begun = iter([plain] * 3)  # two batches of the first unit, one of the second

    def stop(*args: object, **options: object) -> object:
        return next(begun)(*args, **options)

    monkeypatch.setattr(Encoder, "encode_image", stop)
    with pytest.raises(RuntimeError, match="StopIteration"):
        run(job("-"), tiny_model)
    monkeypatch.setattr(Encoder, "encode_image", plain)
    assert [path.name for path in Path("o.parts").glob("unit-??????")] == ["unit-000000"]
    piped(range(19, -1, -1))
    run(job("-", force=True), tiny_model)
    assert Embeddings.load(Path("o.parquet")).ids == [f"p/{number:03}.png" for number in range(19, -1, -1)]


def test_a_process_that_still_walks_when_another_clears_the_units_away_ends_in_peace(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has made its share and passes over that of another, which puts all together: once a FileNotFoundError."""
    photos(45)
    run(job("p", out=Path("calm.parquet")), tiny_model)
    run(job("p"), tiny_model, Share(rank=1, world=2))
    plain = walk.check_part

    def late(path: Path, digest: str) -> None:
        if path.name == "unit-000003":
            monkeypatch.setattr(walk, "check_part", plain)
            assert run(job("p", force=True), tiny_model).embedded == 45
        plain(path, digest)

    monkeypatch.setattr(walk, "check_part", late)
    assert run(job("p"), tiny_model, Share(rank=0, world=2)) is None
    assert Path("o.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert not Path("o.parts").exists()


def test_an_input_that_goes_while_it_is_read_is_said(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """That no file is there means `another process was first` only where its output is."""
    photos(20)
    stop_halfway(job("p"), tiny_model)

    def gone(path: Path, digest: str) -> None:
        raise FileNotFoundError(path)

    monkeypatch.setattr(walk, "check_part", gone)
    with pytest.raises(FileNotFoundError):
        run(job("p"), tiny_model)


@pytest.mark.parametrize("is_begun_meanwhile", [False, True])
def test_a_job_goes_on_in_the_precision_that_it_was_begun_in(tiny_model: Model, is_begun_meanwhile: bool) -> None:
    """`--precision auto` is a try of some milliseconds; where it went the other way, a resume was refused."""
    photos(20)
    tiny_model.save(Path("model"))

    def opened(best: str, planned: str | None) -> Encoder:
        if is_begun_meanwhile and best == "fp32" and planned is None:
            run_job(job("p"), partial(opened, "bf16"), Share(rank=1, world=2), say=print)
        hardware = Hardware(device="cpu", precision=planned or best, threads=1)
        return Encoder.prepare(Model.load(Path("model")), hardware)

    run_job(job("p", out=Path("calm.parquet")), partial(opened, "bf16"), Share(), say=print)
    if not is_begun_meanwhile:
        run_job(job("p"), partial(opened, "bf16"), Share(rank=1, world=2), say=print)
    assert run_job(job("p"), partial(opened, "fp32"), Share(rank=0, world=2), say=print).embedded == 20
    assert Path("o.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert Embeddings.load(Path("o.parquet")).precision == "bf16"


def test_another_precision_that_was_asked_for_is_refused_by_its_name(tiny_model: Model) -> None:
    photos(20)
    tiny_model.save(Path("model"))

    def opened(asked: str, planned: str | None) -> Encoder:
        return Encoder.prepare(Model.load(Path("model")), Hardware(device="cpu", precision=asked, threads=1))

    run_job(job("p"), partial(opened, "bf16"), Share(rank=1, world=2), say=print)
    with pytest.raises(OutputExists, match=r"of another job: precision \(bf16 there, fp32 here\)\n"):
        run_job(job("p"), partial(opened, "fp32"), Share(), say=print)


def test_texts_that_cannot_be_read_are_no_full_disk(tiny_model: Model) -> None:
    """A folder named d.txt was once `cannot write: Is a directory`, with the hint to make room."""
    Path("d.txt").mkdir()
    with pytest.raises(IsADirectoryError):
        run(job("d.txt", is_text=True), tiny_model)


def test_a_tables_own_text_column_comes_along(tiny_model: Model) -> None:
    """With --column other, the table's `text` was replaced by ours."""
    Path("t.csv").write_text("uuid,text,other\n1,kept,a raven\n2,too,a magpie\n")
    Path("u.txt").write_text("an owl\n")
    run(job("t.csv", "u.txt", is_text=True, column="other"), tiny_model)
    made = Embeddings.load(Path("o.parquet"))
    assert made.columns.to_pydict() == {"other": ["a raven", "a magpie", "an owl"], "text": ["kept", "too", None]}
    assert np.array_equal(made.vectors, encode_texts(tiny_model, ["a raven", "a magpie", "an owl"]))
    run(job("t.csv", is_text=True, column="uuid", force=True), tiny_model)
    made = Embeddings.load(Path("o.parquet"))
    assert made.columns.column_names == ["uuid_text", "text", "other"]
    assert made.columns.column("uuid_text").to_pylist() == made.ids == ["1", "2"]


@pytest.mark.parametrize("world", [2, 3, 7])
def test_processes_that_share_a_job_end_in_the_file_of_one(tiny_model: Model, world: int) -> None:
    photos(45, bad=(3, 4, 5, 17, 40))
    run(job("p", out=Path("calm.parquet"), errors=Path("calm.csv")), tiny_model)
    ends = [run(job("p"), tiny_model, Share(rank=rank, world=world)) for rank in reversed(range(world))]
    assert [end is None for end in ends] == [True] * (world - 1) + [False]
    assert Path("o.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert Path("o.csv").read_bytes() == Path("calm.csv").read_bytes()
    assert not Path("o.parts").exists()


@pytest.mark.parametrize("is_cleared", [True, False])
def test_two_that_put_the_output_together_at_once_do_no_harm(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch, is_cleared: bool
) -> None:
    """While one is about to, the other has done it, and has or has not yet cleared the units away."""
    photos(40)
    run(job("p", out=Path("calm.parquet")), tiny_model)
    stop_halfway(job("p"), tiny_model)
    plain = parts.assemble

    def late(*args: object, **options: object) -> Summary:
        monkeypatch.setattr("thuja.encode.job.assemble", plain)
        with monkeypatch.context() as patch:
            if not is_cleared:
                patch.setattr(Units, "remove", lambda units: None)
            assert run(job("p", force=True), tiny_model).embedded == 40
        return plain(*args, **options)

    monkeypatch.setattr("thuja.encode.job.assemble", late)
    summary = run(job("p"), tiny_model, Share(rank=1, world=2))
    assert (summary is None) == is_cleared
    assert Path("o.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert not Path("o.parts").exists()


def test_a_process_that_comes_when_the_others_are_done_leaves_nothing_behind(tiny_model: Model) -> None:
    """With fewer units than processes, the others may be done while this one still loads the model."""
    photos(4)

    def slow(planned: str | None) -> Encoder:
        run(job("p"), tiny_model, Share(rank=0, world=2))
        return Encoder.plain(tiny_model)

    assert run_job(job("p"), slow, Share(rank=1, world=2), say=print) is None
    assert len(Embeddings.load(Path("o.parquet"))) == 4
    assert not Path("o.parts").exists()


def test_a_folder_that_is_not_of_units_is_never_deleted(tiny_model: Model) -> None:
    photos(2)
    Path("o.parts").mkdir()
    Path("o.parts/mine.txt").write_text("mine")
    with pytest.raises(OutputExists, match="holds something else"):
        run(job("p", force=True), tiny_model)
    assert Path("o.parts/mine.txt").exists()


def test_what_is_wrong_with_the_call_is_said_before_the_model_is_loaded(tiny_model: Model) -> None:
    photos(2)
    Path("there.parquet").write_text("mine")
    Path("t.csv").write_text("path\np/000.png\n")
    Path("e").mkdir()

    def refused(kind: type[ThujaError], said: str, task: EmbedJob, share: Share | None = None) -> None:
        def no_model(planned: str | None) -> Encoder:
            raise AssertionError("the model was loaded")

        with pytest.raises(kind, match=said):
            run_job(task, no_model, share or Share(), say=print)

    refused(UsageError, "no such file", job("gone"))
    refused(EmptyInput, "nothing to embed in e", job("e"))
    refused(OutputExists, "is there already", job("p", out=Path("there.parquet")))
    refused(UsageError, "cannot write to", job("p", out=Path("t.csv/o.parquet")))
    refused(UsageError, "cannot write to", job("p", errors=Path("e")))
    refused(OutputExists, "no list of errors", job("p", errors=Path("t.csv")))
    refused(UsageError, "is an input", job("t.csv", out=Path("t.csv"), force=True))
    refused(UsageError, "cannot share", job("-"), Share(rank=1, world=2))
    with pytest.raises(UnknownName, match="unknown head"):
        run(job("p", options=replace(OPTIONS, head="sound")), tiny_model)
    assert not Path("o.parts").exists()
    for wrong in (
        {"prompts": ["{}"]},
        {"is_text": True, "options": replace(OPTIONS, normalize=False)},
        {"out": sys.stdout},
        {"unit_size": 0},
    ):
        with pytest.raises(UsageError):
            EmbedJob(**{"inputs": ["p"], "out": Path("o"), "parts": Path("o.parts"), **wrong})


def test_when_nothing_is_embedded_there_is_a_list_of_errors_and_no_output(tiny_model: Model) -> None:
    photos(3, bad=(0, 1, 2))
    summary = run(job("p"), tiny_model)
    assert (summary.embedded, summary.failed) == (0, 3)
    assert summary.first_error.reason == "unsupported"
    assert len(errors()) == 4
    assert not Path("o.parquet").exists()
    assert not Path("o.parts").exists()


def test_a_list_of_errors_of_an_earlier_run_goes_when_there_are_none(tiny_model: Model) -> None:
    photos(3, bad=(1,))
    run(job("p", errors=None), tiny_model)
    assert len(errors(Path("o.parquet.errors.csv"))) == 2
    run(job("p", force=True), tiny_model)
    assert len(errors(Path("o.csv"))) == 2
    photos(3)
    run(job("p", errors=None, force=True), tiny_model)
    assert not Path("o.parquet.errors.csv").exists()
    run(job("p", force=True), tiny_model)
    assert errors(Path("o.csv")) == [
        ["id", "reason", "message"]
    ]  # where the user named it, it says that nothing failed


def test_a_list_of_errors_of_another_output_is_kept(tiny_model: Model) -> None:
    """x.parquet and x.json shared x.errors.csv: the run of one without errors deleted the list of the other."""
    photos(3, bad=(1,))
    run(job("p", out=Path("x.parquet"), errors=None), tiny_model)
    photos(3)
    run(job("p", out=Path("x.json"), errors=None, form="json"), tiny_model)
    assert sorted(path.name for path in Path().glob("x.*")) == ["x.json", "x.parquet", "x.parquet.errors.csv"]
    assert len(errors(Path("x.parquet.errors.csv"))) == 2


@pytest.mark.parametrize("text", ["my notes", "id,reason,messages\n1,2,3\n"])
@pytest.mark.parametrize("named", ["notes.csv", None])
def test_a_file_that_is_no_list_of_errors_is_not_touched_by_force(
    tiny_model: Model, text: str, named: str | None
) -> None:
    """`--force --errors notes.csv` once deleted a user's notes when nothing failed."""
    photos(3)
    notes = Path(named or "o.parquet.errors.csv")
    notes.write_text(text)
    with pytest.raises(OutputExists, match="no list of errors"):
        run(job("p", errors=named and notes, force=True), tiny_model)
    assert notes.read_text() == text
