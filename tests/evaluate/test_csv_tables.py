"""Tables that were downloaded: what they may hold, and where they may point."""

from collections.abc import Callable
from pathlib import Path

import pytest

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.csv_tables import read_lines, read_rows, require_below
from thuja.evaluate.task import Task
from thuja.evaluate.tasks import cornell_bird, fishnet, inquire, meta_album, nabirds, newt, own

ABOUT = cornell_bird.ABOUT


def test_rows_are_texts_by_column_and_a_short_one_is_filled(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text('\ufeffid;note\n1;"x; y"\n\n2\n', encoding="utf-8")
    rows = read_rows(table, ABOUT, ("id",), delimiter=";")
    assert rows == [{"id": "1", "note": "x; y"}, {"id": "2", "note": ""}]


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"id,\xff\n", BadFile, "not a CSV table in UTF-8"),
        (b"id\n" + b"x" * 200_000, BadFile, "not a CSV table"),
        (b"", BadFile, "of no name, and has no column id"),
        (b"id\n1,2\n", BadFile, "row 2 .* has 2 cells"),
        (b"id\n", EmptyInput, "has no row"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, kind: type[Exception], told: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(kind, match=told):
        read_rows(tmp_path / "a.csv", ABOUT, ("id",))


def test_a_table_further_down_is_told_by_its_place_in_the_task(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=rf"{tmp_path} is not .* there is no sub/a\.csv"):
        read_rows(tmp_path / "sub" / "a.csv", ABOUT, ("id",), folder=tmp_path)


@pytest.mark.parametrize("path", ["/etc/a.jpg", "../a.jpg", "a/../../b.jpg", "a\0.jpg"])
def test_a_path_out_of_the_folder_is_refused(path: str) -> None:
    require_below(Path("t.csv"), ["a/b.jpg", "a..b.jpg", "..."])
    with pytest.raises(BadFile, match="outside the folder"):
        require_below(Path("t.csv"), ["a/b.jpg", path])


def _nabirds(folder: Path, path: str) -> None:
    for name, line in (("images.txt", f"1 {path}"), ("image_class_labels.txt", "1 7"), ("classes.txt", "7 Teal")):
        (folder / name).write_text(line + "\n")


def _meta_album(folder: Path, path: str) -> None:
    (folder / "metadata.csv").write_text(f"filepath,class\n{path},a\nb.jpg,b\n")


def _cornell(folder: Path, path: str) -> None:
    (folder / "cornell_bird.csv").write_text(f'id,captions\n{path},"A, b"\n')


def _newt(folder: Path, path: str) -> None:
    (folder / newt.FOLDER).mkdir()
    header = "id,task_cluster,task_subcluster,task,label,text_label,split"
    (folder / newt.TABLE).write_text(f"{header}\n{path},a,b,t,0,x,train\n")


def _fishnet(folder: Path, path: str) -> None:
    (folder / fishnet.FOLDER).mkdir()
    columns = ("image", "Folder", "species", "Genus", *fishnet.LABELS)
    (folder / "train.csv").write_text(",".join(columns) + f"\na.jpg,{path},s,g" + ",1" * len(fishnet.LABELS) + "\n")


def _inquire(folder: Path, path: str) -> None:
    (folder / "inquire").mkdir()
    (folder / "inat24" / "train").mkdir(parents=True)
    (folder / "inquire" / "inquire_queries_test.csv").write_text("query_id,query_text,supercategory\n1,a,b\n")
    (folder / "inquire" / "inquire_annotations.csv").write_text(f"query_id,image_path\n1,{path}\n")


@pytest.mark.parametrize(
    ("task", "write"),
    [
        (nabirds.TASK, _nabirds),
        (meta_album.TASKS[0], _meta_album),
        (cornell_bird.TASK, _cornell),
        (newt.TASK, _newt),
        (fishnet.TASK, _fishnet),
        (inquire.FULL, _inquire),
    ],
    ids=lambda one: one.about.name if isinstance(one, Task) else "",
)
def test_no_task_takes_images_from_outside_its_folder(
    tmp_path: Path, task: Task, write: Callable[[Path, str], None]
) -> None:
    write(tmp_path, "../../private")
    with pytest.raises(BadFile, match="outside the folder"):
        task.read(tmp_path)


def test_ones_own_table_may_name_images_anywhere(tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text(f"file,class\n../a.jpg,a\n{tmp_path}/b.jpg,b\n")
    assert own.read(tmp_path / "my.csv").images.paths == ("../a.jpg", f"{tmp_path}/b.jpg")


def test_lines_are_those_with_words_and_other_encodings_are_told(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes("\ufeff1 antelope\r\n\r\n2 b\u00e4r\n".encode())
    assert read_lines(path) == ["1 antelope", "2 b\u00e4r"]
    path.write_bytes("2 b\u00e4r\n".encode("latin-1"))
    with pytest.raises(BadFile, match=r"classes\.txt is no text in UTF-8"):
        read_lines(path)
