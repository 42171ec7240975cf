"""`thuja captions check` at the command line."""

from pathlib import Path

import pyarrow.parquet as pq
from click.testing import CliRunner
from PIL import Image

from thuja.cli.captions_check import check_command
from thuja.images import encode_jpeg
from thuja.model import Model

CAPTIONS = """uuid,caption,genus,species,common,path
1,An American goldfinch with a yellow breast perches on a twig.,Spinus,tristis,American goldfinch,a.jpg
2,A house finch with a red cap sits on a twig.,Spinus,tristis,American goldfinch,a.jpg
3,The image shows a house finch with a red cap.,Haemorhous,mexicanus,house finch,a.jpg
4,A house finch with a red cap that sings all day.,Haemorhous,mexicanus,house finch,a.jpg
"""


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(check_command, [str(word) for word in words])
    said = result.output if result.exception is None else f"{result.output}{result.exception}"
    return result.exit_code, said


def table_in(folder: Path) -> Path:
    (folder / "captions.csv").write_text(CAPTIONS)
    (folder / "a.jpg").write_bytes(encode_jpeg(Image.new("RGB", (64, 64), "yellow")))
    return folder / "captions.csv"


def test_captions_are_checked_and_the_rejects_counted(tmp_path: Path) -> None:
    code, said = run(table_in(tmp_path), "--out", tmp_path / "checked.parquet")
    assert code == 0, said
    got = pq.read_table(tmp_path / "checked.parquet")
    assert got["checks"].to_pylist() == [[], ["name"], ["refusal"], ["invisible"]]
    assert "1 of 4 captions accepted" in said
    assert "it is called" in got["reasons"].to_pylist()[1][0]


def test_colours_and_a_model_need_the_pictures(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path / "model")
    out = tmp_path / "checked.parquet"
    model = ("--model", tmp_path / "model", "--device", "cpu")
    code, said = run(table_in(tmp_path), "--out", out, "--images", "--only", "colours", *model)
    assert code == 0, said
    assert pq.read_table(out)["checks"].to_pylist() == [[], ["colours"], ["colours"], ["colours"]]


def test_names_are_unwanted_where_captions_are_nameless(tmp_path: Path) -> None:
    code, said = run(table_in(tmp_path), "--out", tmp_path / "c.parquet", "--nameless", "--only", "name")
    assert code == 0, said
    assert pq.read_table(tmp_path / "c.parquet")["checks"].to_pylist() == [["name"]] * 4


def test_repeats_are_chosen_by_name_like_other_checks(tmp_path: Path) -> None:
    """`--only name` rejected repeats, too, and `--leave-out repeats` was an unknown check."""
    rows = "".join(f"{number},A goldfinch on a twig.,Spinus,tristis,goldfinch,\n" for number in range(3))
    (tmp_path / "same.csv").write_text(f"uuid,caption,genus,species,common,path\n{rows}")
    told = []
    for number, words in enumerate((("--only", "repeats"), ("--only", "name"), ("--leave-out", "repeats"))):
        code, said = run(tmp_path / "same.csv", "--out", tmp_path / f"{number}.parquet", *words)
        assert code == 0, said
        told.append(pq.read_table(tmp_path / f"{number}.parquet")["checks"].to_pylist())
    assert told == [[["repeats"]] * 3, [[]] * 3, [[]] * 3]


def test_a_wrong_check_an_output_that_is_there_and_no_captions_are_refused(tmp_path: Path) -> None:
    table = table_in(tmp_path)
    out = tmp_path / "checked.parquet"
    assert 'unknown check: "lenght"' in run(table, "--out", out, "--leave-out", "lenght")[1]
    out.write_bytes(b"")
    assert "is there already" in run(table, "--out", out)[1]
    (tmp_path / "none.csv").write_text("caption\n")
    assert "has no captions" in run(tmp_path / "none.csv", "--out", tmp_path / "n.parquet")[1]


def test_a_table_is_read_as_people_write_it(tmp_path: Path) -> None:
    """`common_name` and an author were not understood, 007 became 7, and empty rows vanished unsaid."""
    rows = (
        'uuid,caption,scientificName,common_name\n007,A raven with a black bill.,"Corvus corax, Linnaeus 1758",raven\n'
    )
    rows += "008,A Corvus corax with a black bill.,Corvus corax L.,\n009,,Corvus corax,raven\n"
    (tmp_path / "mine.csv").write_text(rows)
    code, said = run(tmp_path / "mine.csv", "--out", tmp_path / "c.parquet")
    assert code == 0, said
    got = pq.read_table(tmp_path / "c.parquet").to_pylist()
    assert [(row["uuid"], row["scientific_name"], row["checks"]) for row in got] == [
        ("007", "Corvus corax", []), ("008", "Corvus corax", []),
    ]  # fmt: skip


def test_repeats_may_be_left_out_and_what_looks_at_pictures_wants_them(tmp_path: Path) -> None:
    """`repeats` was no check to choose, and `--only colours` without pictures accepted everything."""
    rows = "caption,scientific_name\n" + "A Corvus corax with a black bill.,Corvus corax\n" * 9
    (tmp_path / "same.csv").write_text(rows)
    out = tmp_path / "c.parquet"
    assert "0 of 9" in run(tmp_path / "same.csv", "--out", out)[1]
    assert "9 of 9" in run(tmp_path / "same.csv", "--out", out, "--force", "--leave-out", "repeats")[1]
    assert "0 of 9" in run(tmp_path / "same.csv", "--out", out, "--force", "--only", "repeats")[1]
    assert "looks at the pictures" in run(tmp_path / "same.csv", "--out", out, "--force", "--only", "colours")[1]
    assert "cannot write a Parquet table" in run(tmp_path / "same.csv", "--out", tmp_path / "c.csv")[1]
