"""`thuja names` as a user calls it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.names.small_backbone import BIRDS, TAXA, small_backbone

from thuja.cli.main import cli
from thuja.errors import EmptyInput, OutputExists, UsageError
from thuja.names.store import write_tables


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed backbone called small."""
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    world = small_backbone()
    write_tables(world.tables, world.about, tmp_path / "cache" / "backbones" / "small")
    return str(tmp_path / "cache" / "backbones" / "small")


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["names", *map(str, words)], catch_exceptions=False)


def test_names_are_printed_with_score_and_runner_up(store: str) -> None:
    lines = run("resolve", "--backbone", store, "Corvus coraxx", "Oenanthe", "Common Raven").stdout.splitlines()
    head = lines[0].split("\t")
    rows = [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]
    assert [row["match_type"] for row in rows] == ["fuzzy", "ambiguous", "common_name"]
    assert float(rows[0]["score"]) > 0.9
    assert rows[0]["lineage"] == "Animalia Chordata Aves Passeriformes Corvidae Corvus corax"
    assert rows[1]["runner_up"] == "Oenanthe"


@pytest.mark.parametrize("word", ["missing.csv", "missing.parquet", "data/missing", "names.txt"])
def test_a_path_that_is_not_there_is_no_name(store: str, word: str) -> None:
    with pytest.raises(UsageError, match="there is no table at"):
        run("resolve", word)


def test_tables_and_names_do_not_mix(store: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("genus\nCorvus\n")
    with pytest.raises(UsageError, match="Corvus is no file, and the others are"):
        run("resolve", tmp_path / "a.csv", "Corvus")
    with pytest.raises(UsageError, match="are for tables"):
        run("resolve", "Corvus", "--out", tmp_path / "b.csv")


def test_a_table_without_out_is_csv_on_stdout_and_a_summary_on_stderr(store: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,scientific_name\n1,Corvus corax\n2,Xus yus\n3,Xus yus\n")
    done = run("resolve", tmp_path / "a.csv", "--backbone", store)
    found = pl.read_csv(done.stdout.encode(), infer_schema=False)
    assert found["accepted_id"].to_list() == ["11", None, None]
    assert done.stderr == ("3 rows, 2 distinct: unresolved 2, exact 1\ncommonest unresolved: Xus yus (2)\n")


def test_taxonopy_s_layout_and_the_counts_of_a_resolved_table(store: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("uuid,scientific_name\n1,Corvus corax\n2,Xus yus\n")
    run("resolve", tmp_path / "a.csv", "--backbone", store, "--out", tmp_path / "tp", "--taxonopy", "--format", "csv")
    assert sorted(path.name for path in (tmp_path / "tp").iterdir()) == [
        "a.resolved.csv", "a.unsolved.csv", "resolution_stats.json", "taxonopy_resolve_manifest.json", "thuja.job.json",
    ]  # fmt: skip
    assert json.loads((tmp_path / "tp/resolution_stats.json").read_text())["total_entry_groups_processed"] == 2
    run("resolve", tmp_path / "a.csv", "--backbone", store, "--out", tmp_path / "b.parquet")
    assert "rows by match_type\texact\t1" in run("stats", tmp_path / "b.parquet").stdout


@pytest.mark.slow
def test_a_killed_run_leaves_no_table(store: str, tmp_path: Path) -> None:
    rows = pl.DataFrame({"scientific_name": ["Corvus corax", "Corvus coronne", "Xus yus"] * 200_000})
    rows.with_row_index("id").write_parquet(tmp_path / "a.parquet")
    out = tmp_path / "out" / "b.parquet"
    words = ["names", "resolve", tmp_path / "a.parquet", "--backbone", store, "--out", out]
    code = "from thuja.cli.main import main; main()"
    with subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not any(file.stat().st_size for file in tmp_path.glob("out/*.tmp")):
            time.sleep(0.002)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    assert run(*words[1:]).exit_code == 0
    assert len(pl.read_parquet(out)) == 600_000


def test_an_answer_is_explained_by_its_candidates_and_their_evidence(store: str) -> None:
    text = run("explain", "Oenanthe", "--backbone", store, "--class", "Aves").stdout
    assert text.startswith("Oenanthe: exact, Oenanthe\n")
    first, second = text.split("\n\n")[1:]
    assert "Muscicapidae" in text
    assert "class agrees +" in first
    assert "class differs -" in second
    assert float(first.split()[0]) > 0.9 > float(second.split()[0])
    assert "no candidate" in run("explain", "Xus yus", "--backbone", store).stdout


def test_stats_count_a_backbone(store: str) -> None:
    lines = run("stats", store).stdout.splitlines()
    assert f"total\taccepted taxa\t{len(TAXA)}" in lines
    assert "homonyms\tnames of several taxa\t3" in lines
    assert "names by status\tsynonym\t5" in lines
    assert "common names by language\tfr\t1" in lines


def test_an_archive_is_imported_listed_and_compared(store: str, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(f"kingdom,phylum,class,order,family,genus,species\n{','.join(BIRDS)},Corvidae,Corvus,corax\n")
    done = run("import", table, "--name", "mine")
    assert done.stdout.startswith("installed: mine in ")
    lines = run("list").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[2:]] == ["mine", "small"]
    assert "Corvus corax\texact" in run("resolve", "Corvus corax", "--backbone", "mine").stdout
    (tmp_path / "n.csv").write_text("scientific_name\nCorvus corone\n")
    done = run("diff", "small", "mine", "--names", tmp_path / "n.csv")
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()[1:]] == [["Corvus corone", "gone"]]
    assert done.stderr == "gone 1\n"
    with pytest.raises(UsageError, match="no name for a backbone"):
        run("import", table, "--name", "../x")
    with pytest.raises(UsageError, match="is the embedded backbone"):
        run("import", table, "--name", "inat")
    with pytest.raises(OutputExists, match="is installed"):
        run("import", table, "--name", "mine")
    assert run("import", table, "--name", "mine", "--force").exit_code == 0


def test_a_file_of_the_embedded_backbone_s_name_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inat").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "Corvus corax\texact" in run("resolve", "Corvus corax").stdout


def test_a_blank_word_is_a_name_and_not_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("scientific_name\nCorvus corax\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EmptyInput, match="no name"):
        run("resolve", "")


@pytest.mark.parametrize("verb", ["resolve", "explain", "list", "import", "stats", "diff"])
def test_every_help_ends_in_an_example(verb: str) -> None:
    text = run(verb, "--help").stdout
    assert f"Example:\n    thuja names {verb}" in text or f"Example:\n  thuja names {verb}" in text
