"""What an earlier curation has is had, and what it could not get is asked for again."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from thuja.curate.download.journal import Journal, Outcome, recover, tables
from thuja.curate.download.reuse import FORM, take_over
from thuja.images import read_place
from thuja.jobs import write_json

IMAGE = b"\xff\xd8\xff" + bytes(700) + b"\xff\xd9"


def store(folder: Path, *, max_side: int = 720) -> Path:
    """Nine tars: of each three URLs one an image, one a failure, one a redirect to another worker."""
    with Journal(folder, piece_bytes=2000) as journal:
        for number in range(9):
            url = f"https://example.org/{number}"
            journal.append(Outcome(url=f"{url}/gone", reason="http_404"))
            journal.append(Outcome(url=f"{url}/moved", target="http://b.org/"))
            journal.append(Outcome(url=f"{url}/had", sha256="a" * 64), IMAGE + bytes([number]))
    write_json(folder / FORM, {"max_side": max_side})
    return folder


def found(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in tables(folder)]).sort("url")


def copied(old: Path, new: Path) -> None:
    """What a link to another disk is."""
    raise OSError(18, "Invalid cross-device link")


@pytest.mark.parametrize("is_one_disk", [True, False])
def test_images_are_taken_over_and_read_when_the_old_store_is_gone(tmp_path: Path, is_one_disk: bool) -> None:
    """Failures were taken over too, so that an update never asked for them again."""
    old, new = store(tmp_path / "old"), tmp_path / "new"
    more = {} if is_one_disk else {"link": copied}
    taken = take_over(old, new, max_side=720, **more)  # type: ignore[arg-type]
    tars = sorted(new.glob("*.tar"))
    assert taken == len(tars) == len(tables(new)) > 1
    assert all((tar.stat().st_nlink == 2) == is_one_disk for tar in tars)
    shutil.rmtree(old)
    rows = found(new)
    assert rows["url"].to_list() == [f"https://example.org/{number}/had" for number in range(9)]
    assert all(place.startswith(f"{new.resolve()}/") for place in rows["place"])
    assert [read_place(place) for place in rows["place"]] == [IMAGE + bytes([number]) for number in range(9)]


def test_taking_over_again_changes_nothing_and_own_downloads_stay(tmp_path: Path) -> None:
    old, new = store(tmp_path / "old"), tmp_path / "new"
    take_over(old, new, max_side=720)
    with Journal(new) as journal:
        journal.append(Outcome(url="https://example.org/own", sha256="a" * 64), IMAGE)
    before = found(new)
    assert take_over(old, new, max_side=720) == 0
    assert found(new).equals(before)
    assert "https://example.org/own" in before["url"]


def test_what_was_killed_between_table_and_tar_is_taken_whole(tmp_path: Path) -> None:
    old, new = store(tmp_path / "old"), tmp_path / "new"
    take_over(old, new, max_side=720)
    before = found(new)
    sorted(new.glob("*.tar"))[0].unlink()
    recover(new)
    assert take_over(old, new, max_side=720) == 1
    assert found(new).equals(before)
    assert read_place(before["place"][0]) == IMAGE + bytes(1)


def test_images_of_another_size_are_not_taken_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They were, and the download then refused the folder, with a hint that no option could follow."""
    old, new = store(tmp_path / "old", max_side=512), tmp_path / "new"
    assert take_over(old, new, max_side=720) == 0
    assert not new.exists()
    assert len(caplog.messages) == 1
    assert "max_side 512, not 720" in caplog.messages[0]


def test_no_store_is_nothing_to_take(tmp_path: Path) -> None:
    assert take_over(tmp_path / "none", tmp_path / "new") == 0
