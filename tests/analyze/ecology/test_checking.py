"""The draw for a reader, what the reader's answers come to, and the table that is committed."""

import csv
from pathlib import Path

import numpy as np
import pytest

from thuja.analyze.ecology import (
    LABELS,
    PRIMARIES,
    CheckedLabel,
    EcologyLabel,
    Kind,
    Trait,
    draw_for_checking,
    ecology_from,
    error_rate,
    precision_by_label,
    read_labels,
    wilson,
    write_labels,
)
from thuja.errors import BadFile, ThujaError, UsageError
from thuja.taxonomy import Taxon

COMMITTED = Path(__file__).parents[3] / "benchmarks" / "results" / "ecology_labels.csv"


def label_of(name: str, *labels: str, trait: Trait = Trait.HABITAT) -> EcologyLabel:
    kind = Kind.SAID if labels else None
    taxon = Taxon(kingdom="Animalia", genus=name)
    return EcologyLabel(taxon=taxon, trait=trait, labels=labels, kind=kind, words=labels)


def test_every_stratum_gives_five_or_all_it_has() -> None:
    labels = [label_of(f"Sea{n}", "marine") for n in range(90)] + [label_of(f"Pond{n}", "freshwater") for n in range(3)]
    drawn = draw_for_checking([*labels, label_of("Silent")], 20, np.random.default_rng(0))
    assert len(drawn) == 20
    assert sum(label.primary == "freshwater" for label in drawn) == 3
    again = draw_for_checking(list(reversed(labels)), 20, np.random.default_rng(0))
    assert again == drawn
    with pytest.raises(UsageError, match="there are 93 labels to check, got 94"):
        draw_for_checking(labels, 94, np.random.default_rng(0))


def test_wilson_is_that_of_the_books() -> None:
    interval = wilson(81, 263)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.30798, 0.25527, 0.36619), abs=1e-4)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ThujaError, match="3 of 2"):
        wilson(3, 2)


def rows_of() -> list[CheckedLabel]:
    return [
        CheckedLabel(label=label_of("Aa", "marine"), by_hand=("marine",), basis="text"),
        CheckedLabel(label=label_of("Bb", "marine"), by_hand=("marine", "freshwater"), basis="differs"),
        CheckedLabel(label=label_of("Cc", "marine")),
        CheckedLabel(label=label_of("Dd", "terrestrial"), by_hand=("terrestrial",), basis="knowledge"),
        CheckedLabel(label=label_of("Ee")),
        CheckedLabel(label=label_of("Ff", "freshwater")),
        CheckedLabel(label=label_of("Gg", "terrestrial"), by_hand=("marine",), basis="text", is_draft=True),
    ]


def test_precision_counts_checked_labels_alone_and_the_error_rate_is_of_those_that_nobody_read() -> None:
    found = {key: (one.right, one.checked) for key, one in precision_by_label(rows_of()).items()}
    assert found == {("habitat", "marine"): (1, 2), ("habitat", "terrestrial"): (1, 1)}
    assert error_rate(rows_of(), Trait.HABITAT) == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert np.isnan(error_rate(rows_of(), Trait.GROWTH_FORM))


def test_the_reader_s_labels_are_used_where_there_are_any() -> None:
    found = ecology_from(rows_of()).of(Taxon(kingdom="Animalia", genus="Bb", species="x"), Trait.HABITAT)
    assert found is not None
    assert found.primary == "mixed"


def test_a_table_that_is_written_is_read_again(tmp_path: Path) -> None:
    write_labels(rows_of(), tmp_path / "labels.csv")
    assert read_labels(tmp_path / "labels.csv") == rows_of()


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadFile, match="has the columns"):
        read_labels(tmp_path / "other.csv")
    write_labels(rows_of(), tmp_path / "labels.csv")
    spoilt = (tmp_path / "labels.csv").read_text().replace("habitat", "mood")
    (tmp_path / "labels.csv").write_text(spoilt)
    with pytest.raises(BadFile, match="cannot be read"):
        read_labels(tmp_path / "labels.csv")


def test_the_committed_labels_are_150_checked_ones_in_the_vocabulary_and_hold_no_text() -> None:
    rows = read_labels(COMMITTED)
    assert sum(row.is_checked for row in rows) == 150
    assert sum(row.is_draft for row in rows) <= 150
    for row in rows:
        trait = row.label.trait
        assert set(row.by_hand) <= set(LABELS[trait])
        assert row.label.primary in (*PRIMARIES[trait], "")
        assert row.is_read == (row.basis in ("text", "knowledge", "differs"))
        assert all(len(word.split()) <= 2 for word in row.label.words)
    assert len({(row.label.taxon, row.label.trait) for row in rows}) == len(rows)
    with COMMITTED.open(encoding="utf-8") as file:
        assert max(len(cell) for cells in csv.reader(file) for cell in cells) <= 80
