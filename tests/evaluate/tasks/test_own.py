"""Your own table: which columns are found, and what is told where one cannot be used."""

import pytest
from tests.evaluate.tasks.minis import told, value, view_of, write_images, write_table

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks import own


def test_your_own_table_is_scored_like_a_benchmark(tmp_path) -> None:
    shown = [("Corvus corax", "a"), ("Corvus corax", "a"), ("Corvus corax", "b"), ("Pica pica", "c")]
    rows = [
        {"File": f"photos/{n}.jpg", "Scientific Name": name, "observation_id": seen}
        for n, (name, seen) in enumerate(shown)
    ]
    write_table(tmp_path / "my.csv", rows)
    write_images(tmp_path, [row["File"] for row in rows])
    task = own.read(tmp_path / "my.csv")
    assert task.images.missing() == []
    assert task.observations == ("a", "a", "b", "c")
    outcome = task.measure(view_of(task, [0, 0, 1, 1]), BOTH)
    assert value(outcome, "top-1") == 0.75
    assert value(outcome, "macro top-1", way=Way.CORRECTED) == pytest.approx((2 / 3 + 1) / 2)


TWO = ("Corvus corax", "Pica pica")
CORVUS = "Aves;Passeriformes;Corvidae;Corvus;corax"


@pytest.mark.parametrize(
    ("header", "rows", "texts", "names"),
    [
        ("path,class", ["1.jpg,a cat", "2.jpg,a dog"], ("a cat", "a dog"), ("a cat", "a dog")),
        # `class` beside another rank is the taxonomic one, and the label is made of the ranks.
        (
            "class;order;family;genus;species;common_name;path",
            [f"{CORVUS};raven;1.jpg", "Aves;;;;;;2.jpg"],
            ("Aves Passeriformes Corvidae Corvus corax with common name raven", "Aves"),
            ("Corvus corax", "Aves"),
        ),
        # `class` beside `cls` is the label, as in the papers' tables.
        (
            "filepath\tcls\tgenus\tclass",
            ["1.jpg\tAves\tCorvus\tjuvenile", "2.jpg\tAves\tCorvus\tadult"],
            ("juvenile", "adult"),
            ("juvenile", "adult"),
        ),
        ("image,species", ["1.jpg,Corvus corax", "2.jpg,Pica pica"], TWO, TWO),
        ("image,genus,species", ["1.jpg,Corvus,Corvus corax", "2.jpg,Pica,pica"], TWO, TWO),
    ],
)  # fmt: skip
def test_your_columns_are_found_whatever_parts_them(tmp_path, header, rows, texts, names) -> None:
    (tmp_path / "my.csv").write_text("\ufeff" + "\n".join([header, *rows]) + "\n", encoding="utf-8")
    task = own.read(tmp_path / "my.csv")
    assert (task.classes.texts, task.classes.names) == (texts, names)
    assert task.images.paths == ("1.jpg", "2.jpg")


@pytest.mark.parametrize(
    ("rows", "texts", "note"),
    [
        (["1.jpg,n0,Alouatta palliata", "2.jpg,n1,Macaca fuscata"], ("Alouatta palliata", "Macaca fuscata"),
         "asked by scientific_name"),
        (["1.jpg,n0,", "2.jpg,n1,"], ("n0", "n1"), ""),
        (["1.jpg,n0,Alouatta palliata", "2.jpg,n1,"], ("n0", "n1"), "asked by the label"),
        (["1.jpg,male,Pica pica", "2.jpg,female,Pica pica"], ("male", "female"), "asked by the label"),
        (["1.jpg,n0,Pica pica", "2.jpg,n1,Pica mauritanica", "3.jpg,n1,Pica nuttalli"], ("n0", "n1"),
         "asked by the label"),
    ],
)  # fmt: skip
def test_a_class_is_asked_by_the_scientific_name_that_stands_beside_it(tmp_path, rows, texts, note) -> None:
    """A model was asked for "a photo of a n0" though the table had the name of the monkey beside it."""
    (tmp_path / "my.csv").write_text("\n".join(["file,class,scientific_name", *rows]) + "\n")
    task = own.read(tmp_path / "my.csv")
    assert task.classes.texts == texts
    assert task.classes.names == tuple(dict.fromkeys(row.split(",")[1] for row in rows))
    assert task.note.startswith(note)
    assert bool(task.note) == bool(note)


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("name,label\nx,y\n", BadFile, "no column with an image's path: found name, label | expected one of file,"),
        ("file,size\nx,1\n", BadFile, "no column with what an image shows: found file, size | expected one of class,"),
        ("file,class\n", EmptyInput, "has no row"),
        ("file,class\na.jpg,\n", BadFile, "row 2 of"),
        ("file,label,Label \na.jpg,cat,1\n", BadFile, "one name, but for case and blanks: file, label, Label "),
        ("file,class\na.jpg,cat\nb.jpg,cat\n", EmptyInput, 'one class only, "cat"'),
        ("file,class\na.jpg,cat\na.jpg,dog\n", BadFile, "stands 2 times"),
        ("file,genus\na.jpg,\nb.jpg,Pica\n", BadFile, "row 2 of"),
    ],
)  # fmt: skip
def test_a_table_of_yours_that_cannot_be_used_is_told(tmp_path, text, kind, why) -> None:
    (tmp_path / "my.csv").write_text(text)
    with pytest.raises(kind) as error:
        own.read(tmp_path / "my.csv")
    assert why in told(error.value)


def test_a_table_of_yours_that_is_not_there_or_a_folder_is_told(tmp_path) -> None:
    for path, found_there in ((tmp_path, "a folder"), (tmp_path / "no.csv", "nothing")):
        with pytest.raises(UsageError, match=f"must be a CSV table, and {found_there} is there"):
            own.read(path)
