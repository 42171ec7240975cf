"""Labels of the user's own from files."""

from pathlib import Path

import pytest

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.labels import read_custom_labels


def read(folder: Path, name: str, text: str) -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    return read_custom_labels(folder / name)


@pytest.mark.parametrize(
    ("name", "text", "labels"),
    [
        ("a.txt", 'raven, common\n\n "magpie"\nÜnd  so\n', ["raven, common", '"magpie"', "Ünd so"]),
        ("a.csv", 'id,Label\n1,"raven, common"\n2,"a ""magpie"""\n', ["raven, common", 'a "magpie"']),
        ("a.csv", '\ufeff"raven, common"\nmagpie\n\n鴉\n', ["raven, common", "magpie", "鴉"]),
        ("a.csv", 'label\n"two\nlines"\n', ["two lines"]),
    ],
)
def test_commas_quotes_and_letters_of_all_kinds_belong_to_labels(
    tmp_path: Path, name: str, text: str, labels: list[str]
) -> None:
    assert read(tmp_path, name, text) == labels


@pytest.mark.parametrize(
    ("name", "text", "error", "said"),
    [
        ("a.txt", "a moth\na  moth\n", UsageError, 'the label "a moth" stands twice'),
        ("a.csv", "label\na\nb\na\n", UsageError, 'the label "a" stands twice'),
        ("a.txt", " \n", EmptyInput, "holds no label"),
        ("a.csv", "", EmptyInput, "holds no label"),
        ("a.csv", "label\n\n", EmptyInput, "holds no label"),
        ("a.csv", "a raven, common\nmagpie\n", UsageError, "several columns"),
        ("a.csv", 'label\n"a" b"\n', BadFile, "is no CSV"),
    ],
)
def test_what_is_no_list_of_distinct_labels_is_one_sentence(
    tmp_path: Path, name: str, text: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        read(tmp_path, name, text)
