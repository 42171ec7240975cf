"""The file of real dirty names judged by hand is sound: closed lists, no double, every truth in the backbone."""

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from thuja.names.embedded import embedded_file

_FILE = Path(__file__).with_name("dirty_names.csv")
_HINTS = ["kingdom", "phylum", "class", "order", "family", "genus"]
_COLUMNS = ["name", *_HINTS, "truth_rank", "truth", "acceptable", "kind", "seen_in", "note"]
_TRUTH_RANKS = {"species", "hybrid", "genus", "subfamily", "family", "infraclass", "phylum", "kingdom"}
_ACCEPTABLE_RANKS = _TRUTH_RANKS | {"genushybrid", "superfamily", "order", "class"}
_KINDS = {
    "absent", "authorship", "common_name", "cultivar", "debris", "disease_label", "domestic", "format",
    "gender", "higher_taxon", "homonym", "hybrid", "infraspecific", "misspelling", "not_biological", "otu",
    "qualifier", "recombined", "subgenus", "synonym", "virus",
}  # fmt: skip


@cache
def _rows() -> list[dict[str, str]]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _ranks() -> dict[str, frozenset[str]]:
    """The ranks at which each name that the tests ask about stands in the embedded backbone."""
    asked: set[str] = set()
    for row in _rows():
        asked |= {row["name"], _written_binomial(row["name"]), row["truth"], *row["acceptable"].split(";")}
    taxa = pl.scan_parquet(embedded_file()).select("scientificName", "taxonRank").drop_nulls()
    named = taxa.filter(pl.col("scientificName").is_in(sorted(asked)))
    grouped = named.group_by("scientificName").agg(pl.col("taxonRank").unique()).collect()
    return {name: frozenset(ranks) for name, ranks in grouped.iter_rows()}


def _written_binomial(name: str) -> str:
    """The first two words as they are written, in the backbone's capitals; "" when there are fewer."""
    words = re.split(r"[\s_]+", name.strip())[:2]
    return f"{words[0].capitalize()} {words[1].lower()}" if len(words) == 2 else ""


def test_the_file_has_its_columns_and_at_least_300_names() -> None:
    with _FILE.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == _COLUMNS
    assert len(_rows()) >= 300
    assert all(row["name"].strip() and row["seen_in"] and row["note"] for row in _rows())


def test_no_name_stands_twice_with_the_same_hints() -> None:
    keys = Counter((row["name"], *(row[hint] for hint in _HINTS)) for row in _rows())
    assert [key for key, count in keys.items() if count > 1] == []


def test_kinds_and_ranks_come_from_closed_lists() -> None:
    assert {row["kind"] for row in _rows()} == _KINDS
    assert {row["truth_rank"] for row in _rows()} == _TRUTH_RANKS | {"none", "ambiguous"}


def test_only_names_without_one_answer_lack_a_truth() -> None:
    wrong = [row["name"] for row in _rows() if (row["truth"] == "") != (row["truth_rank"] in ("none", "ambiguous"))]
    assert wrong == []


def test_every_truth_stands_in_the_backbone_at_its_rank() -> None:
    wrong = [
        (row["name"], row["truth"])
        for row in _rows()
        if row["truth"] and row["truth_rank"] not in _ranks().get(row["truth"], frozenset())
    ]
    assert wrong == []


def test_every_acceptable_answer_stands_in_the_backbone_and_is_not_the_truth() -> None:
    for row in _rows():
        answers = [answer for answer in row["acceptable"].split(";") if answer]
        assert row["truth"] not in answers, row["name"]
        for answer in answers:
            assert _ranks().get(answer, frozenset()) & _ACCEPTABLE_RANKS, (row["name"], answer)


@pytest.mark.parametrize(("kind", "least"), [("misspelling", 120), ("absent", 50), ("recombined", 40)])
def test_the_kinds_that_measure_most_are_well_filled(kind: str, least: int) -> None:
    assert sum(row["kind"] == kind for row in _rows()) >= least


@pytest.mark.parametrize("kind", ["absent", "gender", "misspelling", "recombined", "synonym"])
def test_names_said_to_differ_from_the_backbone_do_not_stand_in_it(kind: str) -> None:
    standing = [
        row["name"]
        for row in _rows()
        if row["kind"] == kind and {_written_binomial(row["name"]), row["name"]} & _ranks().keys()
    ]
    assert standing == []


def test_an_absent_name_is_never_answered_by_a_species() -> None:
    assert {row["truth_rank"] for row in _rows() if row["kind"] == "absent"} <= {"genus", "family", "none"}


def test_about_half_of_the_names_bring_a_lineage() -> None:
    share = sum(any(row[hint] for hint in _HINTS) for row in _rows()) / len(_rows())
    assert 0.4 < share < 0.6
