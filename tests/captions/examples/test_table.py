"""Tables of examples in the forms that people have them."""

from pathlib import Path

import polars as pl
import pytest

from thuja.captions.examples import Example, Status, read_examples, write_examples
from thuja.errors import BadFile, EmptyInput, ThujaError, UnknownName, UsageError
from thuja.taxonomy import Taxon

FISH = Taxon(class_="Actinopterygii")
NUMBERED = "1.A red fish with long fins.  \xa0 \n\n2. A blue fish with short fins."


def test_a_row_a_group_and_a_row_a_sentence_are_the_same(tmp_path: Path) -> None:
    grouped, single = tmp_path / "grouped.parquet", tmp_path / "single.csv"
    pl.DataFrame({"class": ["Actinopterygii", "Nuda", None], "description": [NUMBERED, None, "x"]}).write_parquet(
        grouped
    )
    single.write_text(
        "Class ,Example\nActinopterygii,A red fish with long fins.\nActinopterygii,A blue fish with short fins.\n"
    )
    wanted = [
        Example(taxon=FISH, sentence="A red fish with long fins."),
        Example(taxon=FISH, sentence="A blue fish with short fins."),
    ]
    assert read_examples(grouped) == wanted
    assert read_examples(single) == wanted


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    crow = Taxon(kingdom="Animalia", class_="Aves", family="Corvidae")
    examples = [
        Example(taxon=FISH, sentence='A "red" fish, with; long fins.', source="https://example.org/fish"),
        Example(
            taxon=crow, sentence="A crow with a stout, black bill.", status=Status.REJECTED, model="m", remark="plain"
        ),
    ]
    write_examples(examples, tmp_path / f"examples{suffix}")
    assert read_examples(tmp_path / f"examples{suffix}") == examples


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("a.csv", b"name,description\nx,y\n", UsageError, "has the columns name, description"),
        ("a.csv", b"class,note\nx,y\n", UsageError, "has the columns class, note"),
        ("a.csv", b"class,description\nAves,N/A\n", EmptyInput, "holds no example"),
        ("a.csv", b"", EmptyInput, "is empty"),
        ("a.csv", b"class,description,status\nAves,A red bird with wings.,maybe\n", UnknownName, '"maybe"'),
        ("a.csv", b"class,Class,description\nAves,Aves,A red bird with wings.\n", BadFile, "two columns of one name"),
        ("a.csv", b"class,description\nAves,A \xff bird.\n", BadFile, "cannot be read"),
        ("a.parquet", b"PAR1 no", BadFile, "cannot be read"),
        ("a.xlsx", b"PK", UsageError, "is no table"),
        ("none/a.csv", None, UsageError, "cannot read"),
    ],
)
def test_what_is_no_table_of_examples_is_said(
    tmp_path: Path, name: str, content: bytes | None, kind: type[ThujaError], said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=said):
        read_examples(tmp_path / name)


@pytest.mark.shared
def test_the_public_file_is_read_whole(shared: Path) -> None:
    """347 classes; 896 examples by its authors' count, two of which are a "N/A"."""
    path = shared / "data" / "format_examples.parquet"
    examples = read_examples(path)
    classes = {example.taxon.class_ for example in examples}
    assert len(examples) == 894
    assert len(classes) == 332
    assert len(set(pl.read_parquet(path)["class"]) - classes) == 15
    assert all(8 <= len(example.sentence.split()) <= 45 for example in examples)
    assert not [e.sentence for e in examples if e.sentence[:2].strip().rstrip(".").isdigit() or "\xa0" in e.sentence]
