"""Meta-Album: eight sets of one layout, and their tables in the papers."""

import numpy as np
import pytest
from tests.evaluate.tasks.minis import found, from_table, told, value, view_of, write_images, write_table

from thuja.errors import BadFile, ThujaError
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks import meta_album


@pytest.mark.parametrize("below", ["", "val"])
@pytest.mark.parametrize("album", meta_album.ALBUMS, ids=lambda album: album.code)
def test_an_album_of_four_images_scores_the_three_that_are_right(tmp_path, album, below) -> None:
    paths = ["Emiliania_huxleyi/a b.png", "Emiliania_huxleyi/2.png", "mix_elongated/1.png", "dino_large1/1.png"]
    write_table(
        tmp_path / "metadata.csv", [{"": n, "filepath": p, "class": p.split("/")[0]} for n, p in enumerate(paths)]
    )
    write_images(tmp_path / below, paths)
    task = album.reader()(tmp_path)
    assert task.images.missing() == []
    outcome = task.measure(view_of(task, [0, 1, 1, 2]), BOTH)
    assert value(outcome, "top-1") == 0.75
    assert value(outcome, "macro top-1", way=Way.CORRECTED) == pytest.approx((0.5 + 1 + 1) / 3)
    assert found(outcome, "top-1").note.startswith("3 candidates; 4 images of 3 classes, the papers score")


def test_a_table_of_another_layout_is_told_by_its_columns(tmp_path) -> None:
    write_table(tmp_path / "metadata.csv", [{"FILE_NAME": "a.png", "CATEGORY": "x"}])
    with pytest.raises(BadFile) as error:
        meta_album.TASKS[0].read(tmp_path)
    assert "metadata.csv has the columns FILE_NAME, CATEGORY, and has no column filepath, class" in told(error.value)
    assert "expected metadata.csv (filepath, class); <class>/<image>, beside it or below val" in told(error.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("filepath,class\n", "has no row"),
        ("filepath,class\na.png,x\na.png,y\n", '"a.png" stands 2 times'),
        ("filepath,class\na.png,x\n,y\nb.png,y\n", "row 3 .* no file path"),
        ("filepath,class\na.png,x\nb.png,\nc.png,\n", "row 3 .* no class, and so have 1 others"),
        ("filepath,class\na.png,x,z\n", "row 2 .* has 3 cells, and the header 2"),
        ("filepath,class\na.png,x\nb.png,x\n", 'one class only, "x"'),
        ("", "has the columns of no name"),
    ],
)
def test_a_bad_table_is_told_in_a_sentence(tmp_path, text, why) -> None:
    (tmp_path / "metadata.csv").write_text(text)
    with pytest.raises(ThujaError, match=why):
        meta_album.TASKS[0].read(tmp_path)


def test_a_table_that_is_no_utf8_is_told(tmp_path) -> None:
    (tmp_path / "metadata.csv").write_bytes("filepath,class\na.png,Pilát\n".encode("latin-1"))
    with pytest.raises(BadFile, match="not a CSV table in UTF-8"):
        meta_album.TASKS[0].read(tmp_path)


SIZES = {
    "PLK": (3440, 86), "INS": (4160, 104), "INS_2": (4080, 102), "PLT_NET": (1000, 25), "FNG": (1000, 25),
    "PLT_VIL": (1520, 38), "MED_LF": (1000, 25), "PLT_DOC": (1080, 27),
}  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("album", meta_album.ALBUMS, ids=lambda album: album.code)
def test_the_tables_of_meta_album_have_forty_images_of_each_class(shared, tmp_path, album) -> None:
    task = from_table(album.task(), shared, tmp_path, f"meta_album_{album.code}")
    assert (len(task.images), len(task.classes)) == SIZES[album.code]
    assert set(np.bincount(task.truth).tolist()) == {40}
    assert task.note == ""
    merged, _ = task.classes.merged()
    assert len(merged) == len(task.classes)
