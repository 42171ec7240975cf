"""Building a label space as a job: whole or not at all, the same however it was cut short or shared."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from thuja.encode import Encoder, Hardware, build_labels, encode_texts, label_job
from thuja.encode.label_job import LabelJob, build_label_space
from thuja.encode.label_sources import LabelRows, find_labels
from thuja.errors import OutputExists, ThujaError, UnknownName, UsageError
from thuja.jobs import Share, Units
from thuja.labels import LabelSpace, read_facts
from thuja.model import Model

FILES = ("labels.parquet", "embeddings.npy", "labels.json")


@pytest.fixture
def rows(tmp_path: Path) -> LabelRows:
    lines = ["family,genus,species,common", *(f"Corvidae,Corvus,c{number:02},raven {number}" for number in range(23))]
    (tmp_path / "taxa.csv").write_text("\n".join(lines))
    return find_labels([str(tmp_path / "taxa.csv")])


@pytest.fixture
def build(tiny_model: Model) -> Callable[..., bool]:
    said: list[str] = []

    def run(job: LabelJob, share: Share | None = None, *, force: bool = False) -> bool:
        return build_label_space(
            job, lambda workers, planned: Encoder.plain(tiny_model), share or Share(), force=force, say=said.append
        )

    run.said = said  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize("prompts", [None, ("a {}.", "the {}")])
def test_what_is_built_is_what_build_labels_makes(tiny_model, rows, build, tmp_path, prompts) -> None:
    job = LabelJob(labels=rows, out=tmp_path / "out", text_type="sci_com", prompts=prompts, unit_size=5)
    assert build(job)
    taxa = rows.taxa(0, len(rows))
    expected = build_labels(tiny_model, taxa, text_type="sci_com", prompts=prompts)
    built = LabelSpace.load(tmp_path / "out")
    assert list(built.texts) == list(expected.texts)
    assert list(built.taxa) == taxa
    assert [taxon.common for taxon in built.taxa] == [taxon.common for taxon in taxa]
    assert built.model == tiny_model.id
    assert built.vectors.dtype == np.float16
    assert np.abs(built.vectors - expected.vectors).max() < 1e-3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "taxa.csv"]


def test_free_texts_are_built_in_their_order(tiny_model, build, tmp_path) -> None:
    (tmp_path / "texts.txt").write_text("zebra\na moth\nzebra\n")
    job = LabelJob(labels=find_labels([str(tmp_path / "texts.txt")]), out=tmp_path / "out", unit_size=1)
    assert build(job)
    built = LabelSpace.load(tmp_path / "out")
    assert (list(built.texts), list(built.taxa)) == (["zebra", "a moth"], [])
    assert np.abs(built.vectors - encode_texts(tiny_model, ["zebra", "a moth"])).max() < 1e-3


def test_processes_that_share_a_job_make_what_one_makes(rows, build, tmp_path) -> None:
    alone = LabelJob(labels=rows, out=tmp_path / "alone", unit_size=4)
    shared = LabelJob(labels=rows, out=tmp_path / "shared", unit_size=4)
    build(alone)
    assert [build(shared, Share(rank=rank, world=3)) for rank in (2, 0, 1)] == [False, False, True]
    for name in FILES:
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "shared" / name).read_bytes()
    assert build(shared, Share(rank=0, world=3))  # one that comes late finds it whole
    assert not shared.parts.exists()


def test_a_job_that_stopped_goes_on_and_makes_the_same(rows, build, tmp_path, monkeypatch) -> None:
    whole = LabelJob(labels=rows, out=tmp_path / "whole", unit_size=4)
    build(whole)
    job = LabelJob(labels=rows, out=tmp_path / "out", unit_size=4)
    build(job, Share(rank=1, world=3))
    times = {path.name: path.stat().st_mtime_ns for path in job.parts.glob("unit-*")}
    assert sorted(times) == ["unit-000001", "unit-000004"]
    assert build(job)
    assert any("2 of 6 units are done" in line for line in build.said)
    for name in FILES:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_a_label_space_that_is_whole_is_not_built_again(rows, build, tmp_path) -> None:
    job = LabelJob(labels=rows, out=tmp_path / "out")
    build(job)
    before = (tmp_path / "out" / "embeddings.npy").stat().st_mtime_ns
    assert build(job)
    assert "is built already" in build.said[-1]
    assert (tmp_path / "out" / "embeddings.npy").stat().st_mtime_ns == before


def test_another_label_space_is_replaced_only_by_force(rows, build, tmp_path) -> None:
    build(LabelJob(labels=rows, out=tmp_path / "out"))
    other = LabelJob(labels=rows, out=tmp_path / "out", prompts=("a {}",))
    with pytest.raises(OutputExists, match="another label space"):
        build(other)
    assert build(other, force=True)
    assert read_facts(tmp_path / "out")["build"]["prompts"] == 1


def test_units_of_another_job_are_deleted_only_by_force(rows, build, tmp_path) -> None:
    build(LabelJob(labels=rows, out=tmp_path / "out", unit_size=4), Share(rank=0, world=2))
    other = LabelJob(labels=rows, out=tmp_path / "out", unit_size=5)
    with pytest.raises(OutputExists, match="another job"):
        build(other)
    assert build(other, force=True)


def test_what_is_no_label_space_is_not_touched(rows, build, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    with pytest.raises(OutputExists, match="something else"):
        build(LabelJob(labels=rows, out=tmp_path / "out"), force=True)
    with pytest.raises(OutputExists, match="is a file"):
        build(LabelJob(labels=rows, out=tmp_path / "out" / "thesis.tex"))
    (tmp_path / "new.parts").mkdir()
    (tmp_path / "new.parts" / "mine").touch()
    with pytest.raises(OutputExists, match="something else"):
        build(LabelJob(labels=rows, out=tmp_path / "new"), force=True)
    assert (tmp_path / "new.parts" / "mine").exists()


def test_wrong_wishes_are_refused(rows, build, tmp_path) -> None:
    def job(**changes: object) -> LabelJob:
        return LabelJob(labels=rows, out=tmp_path / "out", **changes)

    with pytest.raises(UnknownName, match="text type"):
        job(text_type="latin")
    for changes in ({"unit_size": 0}, {"workers": 0}, {"prompts": ("a photo",)}, {"prompts": ()}):
        with pytest.raises(UsageError):
            job(**changes)
    with pytest.raises(UsageError, match="torchrun"):
        build(job(workers=2), Share(rank=0, world=2))
    with pytest.raises(UsageError, match="torchrun"):
        build(job(), Share(rank=0, world=2), force=True)


def open_or_die(folder: Path, workers: int, planned: str | None) -> Encoder:
    """The model in this process, and no model in a worker."""
    import multiprocessing

    if multiprocessing.parent_process() is not None:
        raise SystemExit(7)
    return Encoder.plain(Model.load(folder))


def test_a_worker_that_dies_is_said_and_the_rest_is_kept(tiny_model, rows, tmp_path) -> None:
    tiny_model.save(tmp_path / "model")
    job = LabelJob(labels=rows, out=tmp_path / "out", unit_size=4, workers=2)
    with pytest.raises(ThujaError, match=r"1 of 2 workers stopped \(exit code [17]\)"):
        build_label_space(job, partial(open_or_die, tmp_path / "model"), Share(), say=print)
    assert sorted(path.name for path in job.parts.glob("unit-*")) == ["unit-000000", "unit-000002", "unit-000004"]


def test_a_build_goes_on_in_the_precision_that_it_was_begun_in(tiny_model, rows, tmp_path) -> None:
    """Where the try of `auto` went the other way, a resume was refused, and a worker's units were of its own mind."""
    tiny_model.save(tmp_path / "model")

    def opened(best: str, workers: int, planned: str | None) -> Encoder:
        hardware = Hardware(device="cpu", precision=planned or best, threads=1)
        return Encoder.prepare(Model.load(tmp_path / "model"), hardware)

    def build(name: str, best: str, share: Share) -> bool:
        job = LabelJob(labels=rows, out=tmp_path / name, unit_size=4)
        return build_label_space(job, partial(opened, best), share, say=print)

    assert build("calm", "bf16", Share())
    assert not build("out", "bf16", Share(rank=0, world=3))
    job = LabelJob(labels=rows, out=tmp_path / "out", unit_size=4)
    label_job._work(job, partial(opened, "fp32"), Units.plan_in(job.parts), share=Share(rank=1, world=3))
    assert build("out", "fp32", Share(rank=2, world=3))
    assert build("calm", "fp32", Share())  # is built already
    for name in FILES:
        assert (tmp_path / "calm" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert read_facts(tmp_path / "out")["build"]["precision"] == "bf16"
