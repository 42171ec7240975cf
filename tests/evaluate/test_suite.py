"""A suite over made pictures: what comes out is known, each cell is measured once, and a kill costs one cell."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate import suite_making as making
from tests.evaluate.suite_making import Colours, balanced, entrant, entry, paint

from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.protocols.several import Several
from thuja.evaluate.suite import Entrant, run_suite
from thuja.evaluate.suite_results import read_results
from thuja.evaluate.suite_state import code_of, folder_of
from thuja.evaluate.suite_tasks import Entry, Settings, spread, with_shots
from thuja.evaluate.task import Images, Measure, Outcome, Task, View, Way
from thuja.evaluate.tasks import OWN

PUBLIC = Settings(ways=(Way.PUBLIC,), shots=(1,))


def figure(results, model="mine", task="colours", way=Way.PUBLIC, name="top-1", part=""):
    return results.cell(model, task, way).find(name, part).value


def stamps(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in sorted((out / "models").rglob("*.*"))}


def test_the_figures_of_every_cell_are_what_the_pictures_make_them(tmp_path):
    """One picture in four is painted as another class; blind to green, a model is wrong on green and yellow too."""
    folder = paint(tmp_path / "task", balanced(4, wrong=1))
    results = run_suite(
        [entrant(), entrant("blind", model="blind-1", is_blind=True)],
        [entry(folder)],
        tmp_path / "out",
        settings=Settings(shots=(1, 2)),
    )
    for way in Way:
        assert figure(results, way=way) == 0.75
        # Red, green and yellow are one to it: at best it is right on blue and on one of them.
        assert figure(results, "blind", way=way) <= 0.5
        assert results.cell("mine", "colours", way).find("accuracy", "2-shot") is not None
    answers = results.answers("mine", "colours", Way.CORRECTED)
    whole = answers.filter(pa.compute.equal(answers.column("part"), "")).to_pylist()
    wrong = {row["path"]: (row["truth"], row["answer"]) for row in whole if row["truth"] != row["answer"]}
    assert wrong == {
        "red/3.png": ("red", "green"),
        "green/7.png": ("green", "blue"),
        "blue/11.png": ("blue", "yellow"),
        "yellow/15.png": ("yellow", "red"),
    }


def test_a_suite_that_is_run_again_measures_nothing(tmp_path):
    folder = paint(tmp_path / "task", balanced(3))
    first = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    before = stamps(tmp_path / "out")
    again = entrant()
    second = run_suite([again], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    assert again.lens.looked == []
    assert stamps(tmp_path / "out") == before
    assert second == first


def test_another_model_folder_or_setting_is_measured_anew_and_nothing_else_is(tmp_path):
    places = {name: paint(tmp_path / name, balanced(3)) for name in ("one", "two")}
    entries = [entry(place, name) for name, place in places.items()]
    run_suite([entrant()], entries, tmp_path / "out", settings=PUBLIC)

    making.Image.new("RGB", (8, 8), (20, 20, 220)).save(places["two"] / "red/0.png")
    lens = Colours()
    results = run_suite([Entrant(label="mine", lens=lens)], entries, tmp_path / "out", settings=PUBLIC)
    assert len(lens.looked) == 12
    assert (figure(results, task="one"), figure(results, task="two")) == (1.0, 11 / 12)

    lens = Colours(model="colours-2")
    run_suite([Entrant(label="mine", lens=lens)], entries, tmp_path / "out", settings=PUBLIC)
    assert len(lens.looked) == 24
    for settings in (replace(PUBLIC, seed=1), replace(PUBLIC, shots=(2,)), replace(PUBLIC, limit=8)):
        lens = Colours(model="colours-2")
        run_suite([Entrant(label="mine", lens=lens)], entries, tmp_path / "out", settings=settings)
        assert lens.looked


def test_a_label_table_that_changes_is_measured_anew(tmp_path):
    folder = paint(tmp_path / "task", balanced(3))
    run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    table = folder / making.TABLE
    table.write_text(table.read_text().replace("red/0.png,red", "red/0.png,green"))
    results = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    assert figure(results) == 11 / 12


def test_code_that_changes_is_another_state(tmp_path):
    """The task's own file counts, and what it imports of the rooms that a figure depends on."""

    def task_of(text: str) -> Task:
        path = tmp_path / "a_task.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("a_task", path)
        module = importlib.util.module_from_spec(spec)
        importlib.import_module("sys").modules["a_task"] = module
        spec.loader.exec_module(module)
        return Task(about=making.about("a"), read=module.read)

    plain = "def read(folder):\n    return None\n"
    states = [code_of(task_of(plain)), code_of(task_of(plain)), code_of(task_of(plain + "# more\n"))]
    assert states[0] == states[1] != states[2]
    with_import = code_of(task_of("from thuja.metrics import accuracy\n" + plain))
    with_other = code_of(task_of("from thuja.metrics import calibration\n" + plain))
    assert len({states[0], with_import, with_other}) == 3


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_what_was_measured_before_a_stop_is_kept_and_the_end_is_the_same(tmp_path, kind):
    places = {name: paint(tmp_path / name, balanced(3, wrong=1)) for name in ("one", "two")}
    entries = [entry(place, name) for name, place in places.items()]
    whole = run_suite([entrant()], entries, tmp_path / "whole", settings=PUBLIC)

    def stop(images: Images) -> None:
        if images.folder == places["two"]:
            raise kind("killed")

    out = tmp_path / "out"
    if kind is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            run_suite([entrant(on_look=stop)], entries, out, settings=PUBLIC)
        assert [path.name for path in sorted(out.rglob("*.json"))] == ["one.public.json", "suite.json"]
    else:
        held = run_suite([entrant(on_look=stop)], entries, out, settings=PUBLIC)
        assert held.cell("mine", "two", Way.PUBLIC).error == "MemoryError: killed"
    lens = Colours()
    results = run_suite([Entrant(label="mine", lens=lens)], entries, out, settings=PUBLIC)
    assert len(lens.looked) == 12
    for task in places:
        assert results.cell("mine", task, Way.PUBLIC).measures == whole.cell("mine", task, Way.PUBLIC).measures
        assert results.answers("mine", task, Way.PUBLIC) == whole.answers("mine", task, Way.PUBLIC)


def test_a_cell_that_fails_is_a_row_with_its_sentence_and_is_tried_again(tmp_path, caplog):
    places = {name: paint(tmp_path / name, balanced(3)) for name in ("one", "two")}
    entries = [entry(place, name) for name, place in places.items()]

    def refuse(images: Images) -> None:
        if images.folder == places["one"]:
            raise ThujaError("the tower is on fire", hint="wait")

    results = run_suite([entrant(on_look=refuse), entrant("other")], entries, tmp_path / "out", settings=PUBLIC)
    cell = results.cell("mine", "one", Way.PUBLIC)
    assert (cell.error, cell.measures) == ("the tower is on fire", [])
    assert results.answers("mine", "one", Way.PUBLIC) is None
    assert "mine on one, public, failed: the tower is on fire" in caplog.text
    others = [results.cell(*key) for key in (("mine", "two", Way.PUBLIC), ("other", "one", Way.PUBLIC))]
    assert not any(cell.error for cell in others)
    assert not run_suite([entrant()], entries, tmp_path / "out", settings=PUBLIC).cell("mine", "one", Way.PUBLIC).error


@dataclass(frozen=True)
class OneWay:
    """A task that cannot be asked the public way."""

    images: Images
    head: str = ""

    def select(self, rows: Sequence[int]) -> "OneWay":
        return OneWay(self.images.select(rows))

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        if Way.PUBLIC in ways:
            raise EmptyInput("a class has fewer images than shots")
        value = float(view.heads["caption"].vectors.mean() - view.vectors.mean()) if view.heads else np.nan
        return Outcome(measures=[Measure(way=way, name="top-1", value=value, units=1) for way in ways])


def test_a_way_that_fails_does_not_take_the_other_with_it(tmp_path):
    folder = paint(tmp_path / "task", balanced(1))
    task = Task(about=making.about("colours"), read=lambda place: OneWay(making.read(place).images))
    results = run_suite([entrant()], [replace(entry(folder), task=task)], tmp_path / "out", settings=Settings())
    assert results.cell("mine", "colours", Way.PUBLIC).error == "a class has fewer images than shots"
    assert np.isnan(results.cell("mine", "colours", Way.CORRECTED).measures[0].value)  # kept as what it is


def test_a_further_head_looks_where_the_model_has_it(tmp_path):
    """The made caption head adds 1 to every number."""
    folder = paint(tmp_path / "task", balanced(1))
    task = Task(about=making.about("colours"), read=lambda place: OneWay(making.read(place).images, head="caption"))
    lenses = [entrant(), entrant("two", model="two", heads=("own", "caption"))]
    settings = Settings(ways=(Way.CORRECTED,))
    results = run_suite(lenses, [replace(entry(folder), task=task)], tmp_path / "out", settings=settings)
    assert results.cell("two", "colours", Way.CORRECTED).measures[0].value == pytest.approx(1, abs=1e-4)
    assert np.isnan(results.cell("mine", "colours", Way.CORRECTED).measures[0].value)


def test_missing_images_are_listed_and_refused_before_anything_is_encoded(tmp_path):
    folder = paint(tmp_path / "task", balanced(3))
    other = paint(tmp_path / "other", balanced(3))
    for name in ("red/1.png", "blue/7.png"):
        (folder / name).unlink()
    lens = Colours()
    entries = [entry(other, "other"), entry(folder)]
    with pytest.raises(UsageError, match=r"colours lacks 2 of 12 images: red/1.png, blue/7.png\n.*--allow-missing"):
        run_suite([Entrant(label="mine", lens=lens)], entries, tmp_path / "out", settings=PUBLIC)
    assert lens.looked == []
    listed = (tmp_path / "out" / "missing.csv").read_text().splitlines()
    assert listed == ["task,path", "colours,red/1.png", "colours,blue/7.png"]


def test_allowed_to_be_missing_the_others_are_scored_and_marked_until_they_are_there(tmp_path):
    folder = paint(tmp_path / "task", balanced(3, wrong=1))
    kept = (folder / "red/2.png").read_bytes()  # painted green: without it one answer less is wrong
    (folder / "red/2.png").unlink()
    allowing = replace(PUBLIC, allow_missing=True)
    results = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=allowing)
    cell = results.cell("mine", "colours", Way.PUBLIC)
    assert (cell.images, cell.missing, cell.is_whole) == (12, 1, False)
    assert figure(results) == 8 / 11
    (folder / "red/2.png").write_bytes(kept)
    results = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    assert results.cell("mine", "colours", Way.PUBLIC).is_whole
    assert figure(results) == 8 / 12
    assert not (tmp_path / "out" / "missing.csv").exists()


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "a\0b.png"])
def test_a_name_that_no_file_can_have_is_of_a_missing_image(tmp_path, name):
    """The first ended the suite with the system's own words, the second in a traceback."""
    images = Images(folder=tmp_path, paths=("a.png", name))
    (tmp_path / "a.png").touch()
    assert images.missing() == [name]
    assert folder_of(tmp_path, images, out=tmp_path / "out") == folder_of(tmp_path, images, out=tmp_path / "out")


def test_an_image_that_cannot_be_read_counts_as_missing(tmp_path):
    folder = paint(tmp_path / "task", balanced(3))
    (folder / "red/0.png").write_bytes(b"no image")
    results = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    error = results.cell("mine", "colours", Way.PUBLIC).error
    assert error.startswith("1 of 12 images have no vector, such as red/0.png (")
    results = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=replace(PUBLIC, allow_missing=True))
    assert results.cell("mine", "colours", Way.PUBLIC).missing == 1
    again = run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    assert "no vector" in again.cell("mine", "colours", Way.PUBLIC).error


def test_a_folder_without_any_image_is_refused_even_where_some_may_be_missing(tmp_path):
    folder = paint(tmp_path / "task", balanced(2))
    for path in folder.rglob("*.png"):
        path.unlink()
    with pytest.raises(EmptyInput, match="none of its 8 images is below"):
        run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=replace(PUBLIC, allow_missing=True))


def test_all_tasks_that_cannot_be_read_are_told_at_once(tmp_path):
    (tmp_path / "empty").mkdir()
    folder = paint(tmp_path / "task", balanced(2))
    (folder / "red/0.png").unlink()
    with pytest.raises(BadFile, match=r"is not laid out as Colours: there is no labels\.csv"):
        run_suite([entrant()], [entry(tmp_path / "empty")], tmp_path / "out", settings=PUBLIC)
    with pytest.raises(ThujaError) as error:
        run_suite([entrant()], [entry(tmp_path / "empty", "one"), entry(folder)], tmp_path / "out", settings=PUBLIC)
    assert "2 tasks cannot be asked" in error.value.message
    assert "one: " in error.value.message
    assert "colours lacks 1 of 8" in error.value.message


def test_what_an_earlier_call_measured_and_this_one_leaves_out_is_told(tmp_path, caplog):
    """One more task in the same folder took all others out of the report, without a word."""
    folder = paint(tmp_path / "task", balanced(2))
    both = [entry(folder, "one"), entry(folder, "two")]
    run_suite([entrant(), entrant("other", model="o")], both, tmp_path / "out", settings=PUBLIC)
    run_suite([entrant(), entrant("other", model="o")], both, tmp_path / "out", settings=PUBLIC)
    assert not caplog.messages
    run_suite([entrant()], [entry(folder, "two"), entry(folder, "three")], tmp_path / "out", settings=PUBLIC)
    assert "holds results of other, one, which this call does not name" in caplog.text
    back = run_suite([entrant(), entrant("other", model="o")], both, tmp_path / "out", settings=PUBLIC)
    assert len(back.cells) == 4


def test_a_quick_look_at_a_task_of_many_classes_has_its_few_shots(tmp_path):
    """Of a table sorted by class --limit took an image of each, and an image-only model had nothing to be asked."""
    folder = paint(tmp_path / "task", balanced(20))
    settings = Settings(shots=(1, 5), limit=24)
    silent = Entrant(label="silent", lens=Colours(model="s", reads=False))
    results = run_suite([silent], [entry(folder)], tmp_path / "out", settings=settings)
    for way in Way:
        cell = results.cell("silent", "colours", way)
        assert [cell.find("accuracy", f"{shots}-shot").value for shots in (1, 5)] == [1, 1]


@given(count=st.integers(2, 400), data=st.data())
def test_a_limit_takes_as_many_places_as_it_says_each_once(count, data):
    limit, run = data.draw(st.integers(1, count - 1)), data.draw(st.integers(2, 20))
    places = spread(count, limit, run=run)
    assert len(set(places)) == len(places) == limit
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] < count


def test_a_table_of_ones_own_without_any_image_says_where_its_paths_begin(tmp_path):
    (tmp_path / "my.csv").write_text("file,class\na.jpg,cat\nb.jpg,dog\n")
    task = Entry(name="pets", task=OWN, place=tmp_path / "my.csv")
    with pytest.raises(EmptyInput, match=r"none of its 2 images is a file: a\.jpg, b\.jpg") as error:
        run_suite([entrant()], [task], tmp_path / "out", settings=PUBLIC)
    assert error.value.hint == f"paths are absolute, or below {tmp_path}, where my.csv is"


def test_a_limit_asks_of_all_parts_of_a_task_and_says_so(tmp_path):
    folder = paint(tmp_path / "task", balanced(6))
    lens = Colours()
    results = run_suite(
        [Entrant(label="mine", lens=lens)], [entry(folder)], tmp_path / "out", settings=replace(PUBLIC, limit=8)
    )
    assert [path.split("/")[0] for path in lens.looked] == sorted(
        ["red", "green", "blue", "yellow"] * 2, key=list(making.COLOURS).index
    )
    assert not results.cell("mine", "colours", Way.PUBLIC).is_whole


@pytest.mark.parametrize(
    ("entrants", "names", "message"),
    [
        ([], ["a"], "a suite needs a model"),
        (["m"], [], "a suite needs a task"),
        (["m", "m"], ["a"], "two models are called m"),
        (["a b", "a-b"], ["a"], "two models are called a-b"),
        (["m"], ["a", "a"], "the task a stands twice"),
    ],
)
def test_names_that_would_share_a_file_are_refused(tmp_path, entrants, names, message):
    folder = paint(tmp_path / "task", balanced(1))
    with pytest.raises(UsageError, match=message):
        run_suite(
            [entrant(label) for label in entrants],
            [entry(folder, name) for name in names],
            tmp_path / "out",
            settings=PUBLIC,
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [({"ways": ()}, "needs a protocol"), ({"shots": (1, 1)}, "distinct"), ({"shots": (0,)}, "from 1 on"),
     ({"limit": 0}, "at least 1")],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(given, message):
    with pytest.raises(UsageError, match=message):
        Settings(**given)


def test_shots_are_handed_to_tasks_that_take_several_and_through_a_task_of_tasks(tmp_path):
    task: Labelled = making.read(paint(tmp_path / "task", balanced(2)))
    assert with_shots(task, (3,)).shots == (3,)
    assert with_shots(Several(tasks={"a": task}), (3,)).tasks["a"].shots == (3,)
    without = OneWay(task.images)
    assert with_shots(without, (3,)) is without


def test_vectors_that_are_not_numbers_fail_the_cell_alone(tmp_path):
    folder = paint(tmp_path / "task", balanced(1))

    class Broken(Colours):
        def vector(self, pixels):
            return np.full(3, np.nan, dtype=np.float32)

    results = run_suite([Entrant(label="mine", lens=Broken())], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    assert results.cell("mine", "colours", Way.PUBLIC).error == "4 of 4 image vectors are not numbers"


def test_what_is_no_suite_is_said_so(tmp_path):
    with pytest.raises(EmptyInput, match="holds no suite"):
        read_results(tmp_path)
    folder = paint(tmp_path / "task", balanced(1))
    run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    cell = tmp_path / "out" / "models" / "mine" / "colours.public.json"
    for text in ("{", json.dumps({"model": "mine"}), "[]"):
        cell.write_text(text)
        with pytest.raises(BadFile, match=r"colours.public.json.*\n.*delete it"):
            run_suite([entrant()], [entry(folder)], tmp_path / "out", settings=PUBLIC)
    (tmp_path / "out" / "suite.json").write_text('{"models": {}}')
    with pytest.raises(BadFile, match="does not say what was asked"):
        read_results(tmp_path / "out")
