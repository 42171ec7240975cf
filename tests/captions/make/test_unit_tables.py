"""What finished and begun units tell of a run: nothing twice, and the budget at its worst."""

import math
from pathlib import Path

import pytest
from tests.captions.make.scripted import record_of

from thuja.captions.make.drafting import Guide
from thuja.captions.make.drafts import Draft
from thuja.captions.make.inputs import Picture, Unit
from thuja.captions.make.journal import Journal, read_journal
from thuja.captions.make.rows import RowFacts, row_of
from thuja.captions.make.unit_tables import JOURNALS, UNITS, portion_of, requests_so_far, write_unit
from thuja.jobs import Units

PICTURES = [Picture(record=record_of(number)) for number in range(3)]
UNIT = Unit(number=0, name="train-00000", split="train", pictures=lambda: iter(PICTURES))


def journal_in(work: Path) -> Path:
    """Two drafts, one request that failed at a price, and one that a kill cut off."""
    path = work / JOURNALS / "000000.jsonl"
    with Journal(path) as journal:
        for picture, cost in zip(PICTURES[:2], (0.5, 2.0), strict=True):
            journal.asked(picture.uuid, 0)
            journal.drafted(picture.uuid, 0, Draft(text="words", cost=cost))
        journal.asked(PICTURES[2].uuid, 0)
        journal.failed(PICTURES[2].uuid, 0, "timeout", cost=0.25)
        journal.asked(PICTURES[2].uuid, 0)
    return path


def test_what_nobody_answered_counts_against_the_budget_at_its_worst(tmp_path: Path) -> None:
    journal_in(tmp_path)
    portion = portion_of(tmp_path)
    assert portion.spent == pytest.approx(2.5 + 0.25 + 2.0)
    assert 0 <= portion.rest < 3600


def test_a_journal_that_a_kill_left_beside_its_table_counts_once(tmp_path: Path) -> None:
    """The table is written and then the journal dropped: between the two, a run told all its costs twice."""
    path = journal_in(tmp_path)
    before = requests_so_far(tmp_path / UNITS, path.parent)
    told = read_journal(path)
    about = RowFacts(strategy="bare", shard="train-00000.tar")
    rows = (row_of(picture, Guide(), told.drafts[picture.uuid], about=about) for picture in PICTURES[:2])
    write_unit(Units(tmp_path / UNITS, {}), UNIT, rows, told)
    assert requests_so_far(tmp_path / UNITS, path.parent) == before
    path.unlink()
    assert requests_so_far(tmp_path / UNITS, path.parent) == before
    assert portion_of(tmp_path).rest < math.inf, "the table tells when it was last asked"
