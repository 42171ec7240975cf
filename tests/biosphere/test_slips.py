"""Dirty names: what they keep, and that no relative is nearer."""

import re

import numpy as np
import pytest

from thuja.biosphere.slips import SLIPS, Written, distance, written
from thuja.errors import UsageError
from thuja.taxonomy import Rank, Taxon

TAXON = Taxon(family="Bralizvoridae", genus="Bralizvora", species="glornatus", common="Ashby garrock")
KIN = (
    Taxon(family="Bralizvoridae", genus="Bralizvora", species="glarnatus", common="Fenby garrock"),
    Taxon(family="Bralizvoridae", genus="Spuxovrulus", species="fisata", common="Kelby garrock"),
)


def all_of(slip: str, count: int = 200, kin=KIN) -> set[str]:
    generator = np.random.default_rng(0)
    return {written(TAXON, generator, kin=kin, slip=slip).text for _ in range(count)}


@pytest.mark.parametrize("slip", SLIPS)
def test_each_kind_differs_from_the_clean_name(slip):
    texts = all_of(slip)
    assert TAXON.binomial not in texts
    assert all(texts)


def test_all_kinds_come_up_by_chance():
    generator = np.random.default_rng(1)
    assert {written(TAXON, generator, kin=KIN).slip for _ in range(1000)} == set(SLIPS)


@pytest.mark.parametrize("slip", ["one_letter", "two_letters", "swapped", "misread"])
def test_a_misspelt_name_is_nearer_to_its_own_than_to_a_relatives(slip):
    for text in all_of(slip):
        gap = distance(text, TAXON.binomial)
        assert 1 <= gap <= 4
        assert all(distance(text, other.binomial) > gap for other in KIN)


def test_one_letter_is_one_letter_and_a_swap_keeps_all_letters():
    assert {distance(text, TAXON.binomial) for text in all_of("one_letter")} == {1}
    assert {"".join(sorted(text)) for text in all_of("swapped")} == {"".join(sorted(TAXON.binomial))}


@pytest.mark.parametrize(
    ("slip", "expected"),
    [
        ("abbreviated", {"B. glornatus", "B.glornatus"}),
        ("upper", {"BRALIZVORA GLORNATUS"}),
        ("lower", {"bralizvora glornatus"}),
        ("common", {"Ashby garrock"}),
        ("underscores", {"Bralizvora_glornatus", "Bralizvora_glornatus_"}),
        ("gender", {"Bralizvora glornata", "Bralizvora glornatum"}),
        ("moved", {"Spuxovrulus glornatus"}),
        ("comma", {"glornatus, Bralizvora", "Bralizvora glornatus,", "Bralizvora, glornatus"}),
    ],
)
def test_texts_of_a_kind_are_as_named(slip, expected):
    assert all_of(slip) == expected


def test_an_author_comes_with_and_without_a_year():
    texts = all_of("authorship")
    assert all(text.startswith("Bralizvora glornatus ") for text in texts)
    assert any(re.search(r", \d{4}\)$", text) for text in texts)
    assert any(not re.search(r"\d", text) for text in texts)


@pytest.mark.parametrize("slip", [slip for slip, kind in SLIPS.items() if kind.best is Rank.SPECIES])
def test_a_text_that_tells_the_species_holds_what_finds_it(slip):
    """The epithet but for slips of letters and gender, or the common name."""
    for text in all_of(slip):
        plain = re.sub(r"[^a-z ]", " ", text.lower())
        near = min(distance(word, "glornatus") for word in plain.split())
        assert near <= 4 or text == TAXON.common


def test_only_an_open_species_loses_it():
    assert {slip for slip, kind in SLIPS.items() if kind.best is not Rank.SPECIES} == {"sp"}
    assert all("Bralizvora" in text and "glorn" not in text for text in all_of("sp"))


def test_mojibake_is_utf8_read_as_western_letters():
    for text in all_of("mojibake"):
        assert "Bralizvora" in text.encode("cp1252").decode()


def test_what_would_be_a_relatives_name_is_not_written():
    twin = Taxon(genus="Bruxovra", species="glornatus", common="Ashby garrock")
    girl = Taxon(genus="Bralizvora", species="glornata")
    rng = np.random.default_rng(2)
    for slip, kin in (("abbreviated", [twin]), ("common", [twin]), ("moved", [twin]), ("moved", [])):
        with pytest.raises(UsageError, match=slip):
            written(TAXON, rng, kin=kin, slip=slip)
    assert {text for _ in range(50) for text in [written_or_none(rng, girl)]} == {"", "Bralizvora glornatum"}


def written_or_none(rng, relative: Taxon) -> str:
    try:
        return written(TAXON, rng, kin=[relative], slip="gender").text
    except UsageError:
        return ""


def test_a_genus_alone_is_written_too():
    rng = np.random.default_rng(3)
    texts = [written(Taxon(genus="Bralizvora"), rng, kin=()) for _ in range(200)]
    assert {each.slip for each in texts} <= set(SLIPS) - {"sp", "abbreviated", "moved", "gender", "hybrid", "common"}
    assert all(each.text and each.text != "Bralizvora" for each in texts)


def test_the_same_generator_writes_the_same():
    first, second = (np.random.default_rng(9) for _ in range(2))
    assert written(TAXON, first, kin=KIN) == written(TAXON, second, kin=KIN)
    assert isinstance(written(TAXON, first, kin=KIN), Written)


def test_what_cannot_be_written_is_refused():
    rng = np.random.default_rng(4)
    with pytest.raises(UsageError, match="without a name"):
        written(Taxon(), rng, kin=())
    with pytest.raises(UsageError, match='"typo"'):
        written(TAXON, rng, kin=KIN, slip="typo")
    with pytest.raises(UsageError, match="common"):
        written(Taxon(genus="Bralizvora", species="glornatus"), rng, kin=(), slip="common")


def test_distance_counts_letters():
    assert [distance("corax", other) for other in ("corax", "corx", "corrax", "cordx", "xaroc", "")] == [
        0,
        1,
        1,
        1,
        4,
        5,
    ]
