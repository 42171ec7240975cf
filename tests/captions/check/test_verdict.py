"""What all findings come to, and which checks settings ask for."""

import pytest

from thuja.captions.check.choosing import checks_of
from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.settings import CheckSettings
from thuja.captions.check.verdict import verdict
from thuja.errors import UnknownName, UsageError


def test_a_caption_is_taken_if_no_check_rejects_it_and_as_good_as_the_worst_finding() -> None:
    good, poor = Finding(check="copying", score=0.8), Finding(check="traits", score=0.4)
    assert (verdict([good, poor]).is_accepted, verdict([good, poor]).score) == (True, 0.4)
    bad = Finding(check="length", score=0.1, is_fault=True, reason="it is too long")
    found = verdict([good, bad])
    assert (found.is_accepted, found.score) == (False, 0.1)
    assert (found.reasons, found.checks) == (("it is too long",), ("length",))
    assert verdict([]).is_accepted


def test_settings_choose_checks_and_their_order(goldfinch: Subject) -> None:
    checks = checks_of(CheckSettings(checks=("name", "length")))
    assert [check("", goldfinch).check for check in checks] == ["name", "length"]


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(UnknownName, match='unknown check: "lenght"'):
        CheckSettings(checks=("lenght",))
    with pytest.raises(UsageError, match="from 30 to 20 words"):
        CheckSettings(min_words=30)


@pytest.mark.parametrize("piece", ["a", "a ", "<", "<|", "(", "*", "the very-nice-", "red-brown-", "1", "\u0301"])
def test_a_caption_without_end_is_too_long_and_read_no_further_than_its_beginning(
    piece: str, goldfinch: Subject
) -> None:
    """Expressions whose time grows with the square of a caption's length took minutes over 100 kB."""
    caption = piece * 100_000
    findings = [check(caption, goldfinch) for check in checks_of()]
    told = {finding.check: finding for finding in findings}
    assert told["length"].reason == f"it has {len(caption):,} letters, at most 4,000 are read"
    assert all(len(finding.reason) < 400 for finding in findings)


def test_checks_read_no_further_than_four_thousand_letters(goldfinch: Subject) -> None:
    (name,) = checks_of(CheckSettings(checks=("name",)))
    assert name(f"{'x' * 3_000} Spinus tristis", goldfinch).facts == {"kind": "right"}
    assert name(f"{'x' * 4_000} Spinus tristis", goldfinch).facts == {"kind": "missing"}
