"""`thuja analyze EMBEDDINGS` from the command line: what it writes, what it says, and wrong calls in one sentence."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from thuja.cli.analyze import analyze
from thuja.embeddings import Embeddings
from thuja.errors import OutputExists, UsageError

SPECIES, IMAGES, D = 12, 4, 16
NAMES = [f"Genus{one // 2} species{one}" for one in range(SPECIES)]


def call(*words: str) -> Result:
    done = CliRunner().invoke(analyze, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    means = np.repeat(generator.normal(size=(SPECIES, D)), IMAGES, axis=0)
    species = np.repeat(np.arange(SPECIES), IMAGES)
    Embeddings(
        ids=[f"i{row}" for row in range(len(means))],
        vectors=(means + 0.3 * generator.normal(size=means.shape)).astype(np.float32),
        model="m",
        is_normalized=False,
        columns=pa.table(
            {
                "order": [f"Order{one % 6}" for one in species],
                "genus": [NAMES[one].split()[0] for one in species],
                "species": [NAMES[one].split()[1] for one in species],
                "stage": ["adult", "young"] * (len(species) // 2),
            }
        ),
    ).save(tmp_path / "e.parquet")
    return tmp_path / "e.parquet"


def test_a_trait_of_a_table_by_name_becomes_a_page_with_its_csv(vectors: Path, tmp_path: Path) -> None:
    beaks = tmp_path / "beaks.csv"
    beaks.write_text("species,beak\n" + "".join(f"{name},{size}\n" for size, name in enumerate(NAMES)))
    out = tmp_path / "out"
    done = call(str(vectors), "--table", str(beaks), "--trait", "beak", "--only", "traits", "--out", str(out))
    assert done.stderr == "the trait beak\n"
    rows = list(csv.DictReader((out / "findings.csv").read_text().splitlines()))
    assert done.stdout == f"{len(rows)} findings: {out / 'report.html'}\n"
    assert np.isfinite([float(row["value"]) for row in rows]).all()
    assert "R2 for species of clades left out" in {row["measure"] for row in rows}


def test_what_is_not_answered_is_said_and_not_only_on_the_page(vectors: Path, tmp_path: Path) -> None:
    """A trait without values ended in "0 findings" and nothing else."""
    beaks = tmp_path / "beaks.csv"
    beaks.write_text("scientific_name,beak\n" + "".join(f"{name},\n" for name in NAMES))
    words = ["--table", str(beaks), "--trait", "beak", "--only", "traits", "--out", str(tmp_path / "out")]
    done = call(str(vectors), *words)
    assert "not answered: No species has a known value." in done.stderr
    assert done.stdout.startswith("0 findings: ")


def test_the_theorem_alone_needs_texts(vectors: Path, tmp_path: Path) -> None:
    """`--only theorem` without `--texts` wrote an empty page and ended well."""
    with pytest.raises(UsageError, match="no texts are given"):
        call(str(vectors), "--only", "theorem", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_columns_of_any_name_become_files_of_the_page(vectors: Path, tmp_path: Path) -> None:
    """A column called `g/m2` made a folder, `../x` left its own, and a trait named twice failed at the end."""
    table, out = tmp_path / "t.csv", tmp_path / "out"
    rows = [["species", "g/m2", "g:m2", "../x"], *([name, row, row % 5, row % 7] for row, name in enumerate(NAMES))]
    table.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    traits = [word for name in ("g/m2", "g:m2", "../x", "../x") for word in ("--trait", name)]
    call(str(vectors), "--table", str(table), *traits, "--only", "traits", "--out", str(out))
    assert {f"{name}.csv" for name in ("g_m2-species", "g_m2-species-2", "x-species")} <= {
        path.name for path in (out / "tables").iterdir()
    }
    assert {path.name for path in out.iterdir()} == {
        "report.html", "findings.csv", "tables", "figures", "thuja.job.json"
    }  # fmt: skip


def test_a_column_of_many_values_is_no_stratum(vectors: Path, tmp_path: Path) -> None:
    """`--by latitude` put a line on the page for each of a thousand values."""
    table = tmp_path / "t.csv"
    table.write_text("uuid,latitude\n" + "".join(f"i{row},{row}.5\n" for row in range(SPECIES * IMAGES)))
    with pytest.raises(UsageError, match="latitude has 48 values"):
        call(str(vectors), "--table", str(table), "--by", "latitude", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["space", "directions"])
def test_an_output_that_exists_is_refused_before_anything_is_read(verb: str, tmp_path: Path) -> None:
    """`directions` learnt for minutes, and then refused its folder."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputExists, match="is not empty"):
        call(verb, str(tmp_path / "nothing.parquet"), *(["--trait", "x"] if verb == "directions" else []), "--out",
             str(tmp_path))  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{}", "--only", "pixel"], 'unknown control: "pixel"'),
        (["{}", "--only", "untrained"], "a model's own"),
        (["{}/nothing", "--only", "pixels"], "no such file or folder"),
    ],
)
def test_a_wrong_call_of_controls_leaves_no_folder(words: list[str], said: str, tmp_path: Path) -> None:
    """A word mistyped left a folder that was never finished, and the call that was right then wanted --force."""
    with pytest.raises(UsageError, match=said):
        call("controls", *(word.format(tmp_path) for word in words), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_the_help_says_where_the_options_are() -> None:
    assert "`thuja analyze space --help`" in " ".join(call("--help").stdout.split())
    assert "--trait" in call("space", "--help").stdout
