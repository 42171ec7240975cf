import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.biosphere.digests import digest

from thuja.biosphere.things import Thing, ThingsConfig, ThingsWriteConfig, questions, write_things
from thuja.biosphere.things.writer import jpeg_of
from thuja.cli.biosphere_things import things as command
from thuja.errors import OutputExists, UsageError
from thuja.jobs import MARKER
from thuja.shards import read_manifest, read_shard

CONFIG = ThingsConfig(seed=7, images=450, noise=0.1, test=0.2)
FOLDERS = ThingsWriteConfig(size=32, workers=1)
SHARDS = ThingsWriteConfig(size=32, workers=1, shards=True, shard_images=100)
BOTH = pytest.mark.parametrize("how", [FOLDERS, SHARDS], ids=["folders", "shards"])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@BOTH
def test_workers_change_no_byte(tmp_path, how):
    assert write_things(CONFIG, tmp_path / "one", how) == 450
    write_things(CONFIG, tmp_path / "two", replace(how, workers=2))
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert len(digest(tmp_path / "one")) > 10


def test_the_table_has_a_true_row_for_every_picture(tmp_path):
    write_things(CONFIG, tmp_path / "t", FOLDERS)
    table = rows(tmp_path / "t" / "table.csv")
    assert {row["file"] for row in table} == {
        str(path.relative_to(tmp_path / "t")) for path in (tmp_path / "t" / "images").rglob("*.jpg")
    }
    for number in (0, 77, 449):
        thing, row = Thing.of(CONFIG, number), table[number]
        assert row["uuid"] == thing.uuid
        assert row["caption"] == thing.caption
        assert row["true_caption"] == thing.true_caption
        assert (row["object"], row["colour"]) == (thing.facts.first.kind, thing.facts.first.colour)
        assert (row["count"], row["relation"]) == (str(thing.facts.first.count), thing.facts.relation)
        assert (row["scene"], row["split"]) == (thing.facts.scene, thing.split)
        assert (tmp_path / "t" / row["file"]).read_bytes() == jpeg_of(thing, 32)
    parquet = pq.read_table(tmp_path / "t" / "things.parquet").to_pylist()
    assert [{name: str(value) for name, value in row.items()} for row in parquet] == table


def test_shards_hold_every_picture_once_by_split_with_its_record(tmp_path):
    write_things(CONFIG, tmp_path / "t", SHARDS)
    folder = tmp_path / "t" / "shards"
    names = [path.name for path in sorted(folder.glob("*.tar"))]
    assert names == ["test-00000.tar", *(f"train-{number:05d}.tar" for number in range(len(names) - 1))]
    samples = {sample.record.uuid: sample for name in names for sample in read_shard(folder / name)}
    assert len(samples) == 450
    for number in range(450):
        thing = Thing.of(CONFIG, number)
        record = samples[thing.uuid].record
        assert record.path.startswith(f"shards/{thing.split}-")
        assert record == thing.record(32, record.path)
        assert record.taxon.rank is None
    assert samples[thing.uuid].image == jpeg_of(thing, 32)
    manifest = read_manifest(folder)
    assert manifest.splits == Counter(sample.record.split for sample in samples.values())
    assert not (tmp_path / "t" / "table.csv").exists()
    assert {row["file"] for row in pq.read_table(tmp_path / "t" / "things.parquet").to_pylist()} == {
        sample.record.path for sample in samples.values()
    }


def test_the_questions_lie_beside_the_pictures(tmp_path):
    write_things(CONFIG, tmp_path / "t", FOLDERS)
    found = [(row["uuid"], row["task"], row["answer"]) for row in rows(tmp_path / "t" / "questions.csv")]
    assert found == [(answer.uuid, answer.task, answer.answer) for answer in questions(CONFIG)]
    card = json.loads((tmp_path / "t" / "classes.json").read_text())
    assert {name: task["ways"] for name, task in card["tasks"].items()} == {
        "object": 58,
        "shape": 10,
        "sign": 36,
        "colour": 11,
        "count": 5,
        "pattern": 4,
        "relation": 4,
        "scene": 9,
    }
    asked = Counter(task for _, task, _ in found)
    for name, task in card["tasks"].items():
        assert task["chance"] == pytest.approx(1 / task["ways"], abs=1e-6)
        assert task["images"] == asked[name] == sum(entry["images"] for entry in task["classes"])
        assert len({text for entry in task["classes"] for text in entry["texts"]}) == 3 * task["ways"]
    cup = card["tasks"]["object"]["classes"][0]
    assert (cup["name"], cup["texts"][0]) == ("cup", "an image showing a cup")
    assert cup["held_out_texts"][0] == "an image showing a teacup"
    tests = {row["uuid"] for row in rows(tmp_path / "t" / "table.csv") if row["split"] == "test"}
    choices = rows(tmp_path / "t" / "choices.csv")
    assert {row["uuid"] for row in choices} <= tests
    assert len(choices) == 2 * asked["relation"]


@pytest.mark.slow
@BOTH
def test_an_interrupted_run_is_resumed_to_the_same_bytes(tmp_path, how, monkeypatch):
    write_things(CONFIG, tmp_path / "whole", how)
    count = 0
    place, real = ("replace", Path.replace) if how.shards else ("write_bytes", Path.write_bytes)

    def failing(self: Path, *arguments):
        nonlocal count
        count += ".jpg" in self.name or ".tar" in self.name
        if count > (2 if how.shards else 230):
            raise OSError(28, "No space left on device")
        return real(self, *arguments)

    cut = tmp_path / "cut"
    with monkeypatch.context() as patch:
        patch.setattr(Path, place, failing)
        with pytest.raises(Exception, match="No space left on device") as caught:
            write_things(CONFIG, cut, how)
    assert "--resume" in caught.value.hint
    assert json.loads((cut / MARKER).read_text())["state"] == "running"
    assert not (cut / "things.parquet").exists()
    assert 0 < len(digest(cut)) < len(digest(tmp_path / "whole"))
    write_things(CONFIG, cut, how, resume=True)
    assert digest(cut) == digest(tmp_path / "whole")


def test_a_run_of_other_knobs_is_not_resumed(tmp_path):
    few = replace(CONFIG, images=20)
    write_things(few, tmp_path / "t", FOLDERS)
    with pytest.raises(OutputExists, match="other knobs \\(seed, size\\)"):
        write_things(replace(few, seed=8), tmp_path / "t", replace(FOLDERS, size=48), resume=True)
    with pytest.raises(OutputExists, match="not empty"):
        write_things(few, tmp_path / "t", FOLDERS)
    write_things(replace(few, images=5), tmp_path / "t", FOLDERS, force=True)
    assert len(rows(tmp_path / "t" / "table.csv")) == 5


def test_the_command_says_what_it_wrote(tmp_path):
    out = tmp_path / "t"
    result = CliRunner().invoke(command, [str(out), "--images", "12", "--size", "32", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "12 pictures of things" in result.output
    assert json.loads((out / "things.json").read_text())["things"]["images"] == 12
    help_text = CliRunner().invoke(command, ["--help"]).output
    assert "thuja biosphere things replay --images 20000" in help_text


@pytest.mark.parametrize(
    "arguments",
    [("--images", "0"), ("--size", "4"), ("--noise", "2"), ("--workers", "-2"), ("--seed", "-1")],
)
def test_impossible_knobs_end_in_a_usage_error_and_no_folder(tmp_path, arguments):
    result = CliRunner().invoke(command, [str(tmp_path / "t"), *arguments])
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("test", [0.0, 1.0])
def test_one_split_alone_is_written_too(tmp_path, test):
    write_things(ThingsConfig(images=8, test=test), tmp_path / "t", SHARDS)
    kinds = {path.name for path in (tmp_path / "t" / "shards").glob("*.tar")}
    assert kinds == {"test-00000.tar" if test else "train-00000.tar"}
    assert bool(rows(tmp_path / "t" / "questions.csv")) == bool(test)
