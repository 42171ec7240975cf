"""Every task says what it is, and tells a folder of another layout."""

import pytest

from thuja.errors import BadFile
from thuja.evaluate.tasks import ALL_TASKS


def test_every_task_says_where_it_is_had_and_under_what_licence() -> None:
    names = [task.about.name for task in ALL_TASKS]
    assert len(set(names)) == len(names)
    for task in ALL_TASKS:
        about = task.about
        assert all(
            (about.title, about.where, about.licence, about.layout, about.measure, about.public, about.corrected)
        )


@pytest.mark.parametrize("task", ALL_TASKS, ids=lambda task: task.about.name)
def test_an_empty_folder_is_told_with_what_was_expected_and_what_was_found(task, tmp_path) -> None:
    with pytest.raises(BadFile) as error:
        task.read(tmp_path)
    assert "is not laid out as" in error.value.message
    assert "there is" in error.value.message or "it holds no" in error.value.message
    assert error.value.hint.startswith("expected ")
