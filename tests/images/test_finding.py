"""From what is named on the command line to image files."""

from pathlib import Path

import pytest

from thuja.errors import EmptyInput, UsageError
from thuja.images.finding import find_images, walk_images


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.JPG", "a.png", "notes.txt", "deep/er/c.webp", "deep/d.heif", "odd[1].jpg", "bare"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


def names(*named: str | Path) -> list[str]:
    return [path.as_posix() for path in find_images(named)]


def test_a_folder_gives_the_images_below_it_sorted() -> None:
    assert names("deep") == ["deep/d.heif", "deep/er/c.webp"]
    assert names(Path()) == ["a.png", "b.JPG", "deep/d.heif", "deep/er/c.webp", "odd[1].jpg"]


def test_patterns_are_followed_and_files_come_once_in_the_order_named() -> None:
    assert names("deep/**/*.webp", "a.png", "*.png") == ["deep/er/c.webp", "a.png"]
    assert names("de*") == ["deep/d.heif", "deep/er/c.webp"]


def test_an_absolute_pattern_is_followed(tmp_path: Path) -> None:
    assert find_images([f"{tmp_path}/*.png"]) == [tmp_path / "a.png"]


def test_a_file_named_by_itself_is_taken_whatever_it_is_called() -> None:
    assert names("bare", "odd[1].jpg") == ["bare", "odd[1].jpg"]


def test_a_dangling_link_is_taken_so_that_it_becomes_an_error_row() -> None:
    Path("link.jpg").symlink_to("nowhere.jpg")
    assert names("link.jpg") == ["link.jpg"]


def test_what_does_not_exist_or_holds_no_image_is_said() -> None:
    with pytest.raises(UsageError, match=r"no such file or folder: gone\.jpg"):
        find_images(["a.png", "gone.jpg"])
    with pytest.raises(EmptyInput, match="no image in"):
        find_images(["*.tif"])
    Path("empty").mkdir()
    with pytest.raises(EmptyInput):
        find_images(["empty"])


def test_hidden_files_and_folders_are_left_out() -> None:
    """A Mac leaves `._name.jpg` beside every photo it copies, and it is no image."""
    Path("deep/.thumbnails").mkdir()
    for name in ("deep/._d.jpg", "deep/.thumbnails/d.jpg"):
        Path(name).touch()
    assert names("deep") == ["deep/d.heif", "deep/er/c.webp"]
    assert names("deep/._d.jpg") == ["deep/._d.jpg"]


def test_linked_folders_are_entered_and_a_loop_of_them_ends(tmp_path: Path) -> None:
    Path("other").mkdir()
    Path("other/o.jpg").touch()
    Path("deep/link").symlink_to(tmp_path / "other")
    Path("deep/up").symlink_to(tmp_path / "deep")
    assert names("deep") == ["deep/d.heif", "deep/er/c.webp", "deep/link/o.jpg"]


def test_a_folder_that_cannot_be_read_is_yielded_so_that_it_becomes_an_error_row(tmp_path: Path) -> None:
    assert list(walk_images(tmp_path / "gone")) == [tmp_path / "gone"]


def test_a_link_to_itself_hides_none_of_its_neighbours(tmp_path: Path) -> None:
    """Asking what it is fails, and the whole folder counted as one that may not be read."""
    (tmp_path / "deep" / "loop.jpg").symlink_to("loop.jpg")
    found = [path.relative_to(tmp_path).as_posix() for path in walk_images(tmp_path / "deep")]
    assert found == ["deep/d.heif", "deep/er/c.webp", "deep/loop.jpg"]
