"""A row a taxon: a description with its source, or the reason why there is none; a killed run goes on."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.captions.descriptions.wiki_pages import PAGES, write_multistream

from thuja.captions.descriptions.describing import (
    DESCRIPTIONS,
    SCHEMA,
    DescribeSettings,
    OpenSource,
    Summary,
    describe,
    read_summary,
)
from thuja.captions.descriptions.description import Description, Source
from thuja.captions.descriptions.dump import Dump, open_dump
from thuja.captions.descriptions.keeping import keep_all
from thuja.captions.descriptions.pages import Found, PageSource, Section
from thuja.captions.descriptions.taxon_table import TaxonTable, read_taxa
from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.taxonomy import Taxon

ROWS = """kingdom,class,family,genus,species,common
Animalia,Aves,Corvidae,Corvus,corax,raven
Animalia,Aves,Muscicapidae,Oenanthe,oenanthe,
Animalia,Insecta,Braconidae,Agathis,montana,
Plantae,,Apiaceae,Oenanthe,,
Animalia,Aves,Nobodidae,Nobody,knows,
"""


def split(text: str) -> list[str]:
    return [f"{part.strip()}." for part in text.replace("\n", " ").split(".") if part.strip()]


def keep_coloured(texts: Sequence[str]) -> list[list[str]]:
    colours = ("black", "purple", "white")
    return [[one for one in split(text) if any(colour in one for colour in colours)] for text in texts]


class Told:
    """A source that tells what it was given, and fails when it is asked for a taxon named Fail."""

    def __init__(self, name: str, words: dict[str, str]) -> None:
        self.name, self.words = name, words
        self.asked: list[str] = []

    def pages(self, taxa: Sequence[Taxon]) -> Iterator[tuple[Taxon, Found]]:
        for taxon in taxa:
            self.asked.append(taxon.genus)
            text = self.words.get(taxon.genus, "")
            if text == "fail":
                raise ThujaError("the source is gone")
            source = Source(name=self.name, title=taxon.genus)
            if text:
                yield taxon, Found(source=source, sections=(Section(heading="Looks", text=text),))
            else:
                yield taxon, Found(source=source, reason="no_page")


def opened(source: PageSource) -> OpenSource:
    return OpenSource(plan={"name": source.name}, open=lambda table, work: source)


@pytest.fixture
def table(tmp_path: Path) -> TaxonTable:
    path = tmp_path / "taxa.csv"
    path.write_text(ROWS)
    return read_taxa(path)


def rows_of(out: Path) -> list[dict[str, object]]:
    return pq.read_table(out / DESCRIPTIONS).to_pylist()


@pytest.mark.parametrize("has_index", [True, False])
def test_a_dump_describes_each_taxon_or_says_why_not(tmp_path: Path, table: TaxonTable, has_index: bool) -> None:
    path, index = write_multistream(tmp_path, PAGES)
    dump = Dump(path=path, index=index if has_index else None)
    source = OpenSource(plan={"dump": dump.plan()}, open=lambda taxa, work: open_dump(dump, taxa, work))
    out = tmp_path / "out"
    summary = describe(table, [source], out, keep=keep_coloured)
    rows = {row["scientific_name"]: row for row in rows_of(out)}
    raven = rows["Corvus corax"]
    assert raven["sentences"] == ["It is all black, 56 to 69 cm long.", "Glossy feathers with a purple sheen."]
    assert raven["description"] == "It is all black, 56 to 69 cm long. Glossy feathers with a purple sheen."
    assert (raven["section"], raven["title"], raven["revision"]) == ("Description; Plumage", "Common raven", "1000")
    assert (raven["source"], raven["licence"], raven["known_by"]) == ("wikipedia-en", "CC BY-SA 4.0", "lineage")
    reasons = {name: row["reason"] for name, row in rows.items()}
    assert reasons == {
        "Corvus corax": None,
        "Oenanthe oenanthe": None,
        "Agathis montana": "other_lineage",
        "Oenanthe": None,
        "Nobody knows": "no_page",
    }
    assert (
        summary
        == read_summary(out)
        == Summary(
            taxa=5,
            nameless=0,
            described=3,
            sentences=4,
            by_source={"wikipedia-en": 3},
            by_reason={"other_lineage": 1, "no_page": 1},
            by_known={"lineage": 3},
        )
    )
    assert pq.read_schema(out / DESCRIPTIONS).equals(SCHEMA)
    assert sorted(path.name for path in out.iterdir()) == [
        DESCRIPTIONS,
        "plan.json",
        "summary.json",
        "thuja.job.json",
        "thuja.lock",
    ]
    assert Description.from_row(raven).taxon == Taxon(
        kingdom="Animalia", class_="Aves", family="Corvidae", genus="Corvus", species="corax"
    )


def test_the_first_source_that_tells_looks_is_taken_and_later_ones_are_asked_for_the_rest(
    tmp_path: Path, table: TaxonTable
) -> None:
    first = Told("first", {"Corvus": "It is black.", "Agathis": "It sings."})
    second = Told("second", {"Corvus": "It is white.", "Agathis": "It is white.", "Nobody": "It hums."})
    describe(table, [opened(first), opened(second)], tmp_path / "out", keep=keep_coloured)
    rows = {row["genus"]: row for row in rows_of(tmp_path / "out") if row["species"]}
    assert (rows["Corvus"]["source"], rows["Agathis"]["source"]) == ("first", "second")
    assert (rows["Nobody"]["reason"], rows["Nobody"]["source"], rows["Nobody"]["description"]) == (
        "no_looks",
        "second",
        None,
    )
    assert "Corvus" not in second.asked


def test_keeping_all_asks_no_judge(tmp_path: Path, table: TaxonTable) -> None:
    told = Told("told", {"Corvus": "It sings. It is black. It sings."})
    describe(table, [opened(told)], tmp_path / "out", keep=keep_all(split), kept="all")
    [row] = [row for row in rows_of(tmp_path / "out") if row["genus"] == "Corvus"]
    assert row["sentences"] == ["It sings.", "It is black."]


def test_a_run_that_failed_keeps_its_blocks_and_resumes_to_the_same_table(tmp_path: Path, table: TaxonTable) -> None:
    words = {"Corvus": "It is black.", "Oenanthe": "It is white.", "Nobody": "It is purple."}
    keep = keep_coloured
    describe(table, [opened(Told("told", words))], tmp_path / "straight", keep=keep)
    out = tmp_path / "out"
    failing = Told("told", words | {"Oenanthe": "fail"})
    with pytest.raises(ThujaError, match="the source is gone"):
        describe(table, [opened(failing)], out, keep=keep, settings=DescribeSettings(block=1))
    done = len(failing.asked) - 1
    assert done > 0
    again = Told("told", words)
    settings = DescribeSettings(block=1, resume=True)
    describe(table, [opened(again)], out, keep=keep, settings=settings)
    assert rows_of(out) == rows_of(tmp_path / "straight")
    assert len(again.asked) == len(table) - done


def test_a_run_is_not_resumed_with_other_taxa_sources_or_sentences(tmp_path: Path, table: TaxonTable) -> None:
    out = tmp_path / "out"
    with pytest.raises(ThujaError):
        describe(table, [opened(Told("told", {"Corvus": "fail"}))], out, keep=keep_all(split), kept="all")
    settings = DescribeSettings(resume=True)
    for source, kept in (("told", "looks"), ("other", "all")):
        with pytest.raises(OutputExists, match="units of another job"):
            describe(table, [opened(Told(source, {}))], out, keep=keep_all(split), kept=kept, settings=settings)


def test_a_finished_run_is_read_back_and_not_taken_for_another(tmp_path: Path, table: TaxonTable) -> None:
    told, keep, settings = Told("told", {"Corvus": "It is black."}), keep_all(split), DescribeSettings(resume=True)
    first = describe(table, [opened(told)], tmp_path / "out", keep=keep, kept="all")
    asked = len(told.asked)
    assert describe(table, [opened(told)], tmp_path / "out", keep=keep, kept="all", settings=settings) == first
    assert len(told.asked) == asked
    with pytest.raises(OutputExists, match="keep differ"):
        describe(table, [opened(told)], tmp_path / "out", keep=keep, kept="looks", settings=settings)


def test_what_cannot_be_asked_is_refused(tmp_path: Path, table: TaxonTable) -> None:
    with pytest.raises(UsageError, match="no source"):
        describe(table, [], tmp_path / "out", keep=keep_all(split))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(OutputExists, match="is not empty"):
        describe(table, [opened(Told("told", {}))], tmp_path / "full", keep=keep_all(split))


def test_the_summary_reads_as_a_sentence(tmp_path: Path, table: TaxonTable) -> None:
    summary = describe(table, [opened(Told("told", {"Corvus": "Black."}))], tmp_path / "out", keep=keep_all(split))
    assert str(summary) == "1 of 5 taxa described (20.0%), 1 sentences; without one: 4 no_page"
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["taxa"] == 5
    assert len(pl.read_parquet(tmp_path / "out" / DESCRIPTIONS)) == 5
