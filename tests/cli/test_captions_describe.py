"""`thuja captions describe`: what it writes, and what it says of a wrong call."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from tests.captions.descriptions.wiki_pages import PAGES, write_multistream

from thuja.cli.captions_describe import describe_command, index_beside
from thuja.errors import BadFile, ThujaError, UsageError

TAXA = "kingdom,class,family,genus,species\nAnimalia,Aves,Corvidae,Corvus,corax\nAnimalia,Insecta,Apidae,Apis,nobodi\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_multistream(tmp_path, PAGES)
    (tmp_path / "taxa.csv").write_text(TAXA)
    return tmp_path


def call(folder: Path, *more: str, taxa: str = "taxa.csv") -> str:
    words = [str(folder / taxa), "--out", str(folder / "out"), "--workers", "1", *more]
    done = CliRunner().invoke(describe_command, words, catch_exceptions=True)
    if isinstance(done.exception, ThujaError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("more", [(), ("--no-index",)])
def test_a_dump_with_its_index_beside_it_describes_the_taxa(folder: Path, more: tuple[str, ...]) -> None:
    dump = folder / "small-multistream.xml.bz2"
    assert index_beside(dump) == folder / "small-multistream-index.txt.bz2"
    said = call(folder, "--dump", str(dump), "--keep", "all", *more)
    assert said == f"descriptions: {folder / 'out' / 'descriptions.parquet'}\n"
    rows = {row["genus"]: row for row in pl.read_parquet(folder / "out" / "descriptions.parquet").to_dicts()}
    assert rows["Corvus"]["sentences"] == ["It is all black, 56 to 69 cm long.", "Glossy feathers with a purple sheen."]
    assert (rows["Apis"]["reason"], rows["Apis"]["description"]) == ("no_page", None)


def test_a_wrong_call_is_one_sentence(folder: Path) -> None:
    dump = str(folder / "small-multistream.xml.bz2")
    for more, error, message in (
        (["--keep", "all"], UsageError, "no source of descriptions"),
        (["--dump", str(folder / "taxa.csv")], BadFile, "no dump of a wiki"),
        (["--index", dump], UsageError, "1 indexes for 0 dumps"),
        (["--dump", dump, "--index", dump, "--no-index"], UsageError, "exclude each other"),
        (["--api", "http://127.0.0.1:9/api.php"], UsageError, "wants to know who asks"),
        (["--dump", dump, "--index", dump, "--keep", "all"], BadFile, "is no index of a dump"),
    ):
        with pytest.raises(error, match=message):
            call(folder, *more)


def test_a_slip_in_the_table_is_said_before_sources_are_opened(tmp_path: Path) -> None:
    """Introductions were opened first: three seconds, or fifteen on a busy machine, to be told of a missing file."""
    dump = ("--dump", str(tmp_path / "none.xml"))
    result = CliRunner().invoke(describe_command, [str(tmp_path / "none.csv"), *dump, "--out", str(tmp_path / "out")])
    assert "there is no table" in str(result.exception)


def test_an_output_that_cannot_be_is_said_before_any_work(folder: Path) -> None:
    (folder / "out").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        call(folder, "--dump", str(folder / "small-multistream.xml.bz2"), "--keep", "all")
