"""Sealed worlds: a claim is stated and committed first, and opens its worlds once."""

import subprocess
from pathlib import Path

import pytest

from thuja.biosphere.claims import open_seed, read_claims
from thuja.errors import UsageError

STATED = """# Claims

## C1: kin look alike
- Claim: species of one family look more alike than species of two.
- Measure: mean gap in shares.
- Decision rule: below one half on every seed.
- Seeds: 100-103, 110

## C2: done already
- Claim: a
- Measure: b
- Decision rule: c
- Seeds: 120
- Result: it held on 2031-01-01.

<!-- Form:
## NAME: what
- Claim:
-->
"""


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    path = tmp_path / "claims.md"
    path.write_text(STATED, encoding="utf-8")
    git(tmp_path, "add", "claims.md")
    git(tmp_path, "commit", "-qm", "State the claims")
    return path


@pytest.mark.parametrize("seed", [0, 9, 99])
def test_worlds_of_development_need_no_claim(seed):
    assert open_seed(seed, "") == ""


def test_a_sealed_world_needs_a_claim():
    with pytest.raises(UsageError, match="seed 100 is sealed") as caught:
        open_seed(100, "")
    assert "--claim" in caught.value.hint


@pytest.mark.parametrize("seed", [100, 102, 103, 110])
def test_a_committed_claim_opens_the_seeds_that_it_names(claims, seed):
    name, commit = open_seed(seed, f"{claims}#C1").split()
    assert name == "C1"
    assert len(commit) == 40


@pytest.mark.parametrize(
    ("seed", "name", "message"),
    [
        (104, "C1", "does not name seed 104"),
        (120, "C2", "has its result"),
        (100, "C9", 'no claim "C9"'),
        (100, "", 'no claim ""'),
    ],
)
def test_other_claims_open_nothing(claims, seed, name, message):
    with pytest.raises(UsageError, match=message):
        open_seed(seed, f"{claims}#{name}")


def test_a_claim_that_changed_after_its_commit_opens_nothing(claims):
    claims.write_text(STATED.replace("one half", "two halves"), encoding="utf-8")
    with pytest.raises(UsageError, match="not committed as it stands"):
        open_seed(100, f"{claims}#C1")


def test_a_claim_outside_of_git_opens_nothing(tmp_path):
    path = tmp_path / "claims.md"
    path.write_text(STATED, encoding="utf-8")
    with pytest.raises(UsageError, match="no git repository"):
        open_seed(100, f"{path}#C1")


@pytest.mark.parametrize(
    "line", ["- Result:\n  it failed, by 3 points.", "- Result:", "  - Result: it held", "-  Result : held"]
)
def test_a_line_of_result_is_a_result_wherever_its_text_stands(claims, line):
    """A result whose text began on the next line was none, and its sealed worlds could be opened again."""
    claims.write_text(STATED.replace("- Seeds: 100-103, 110", f"- Seeds: 100-103, 110\n{line}"), encoding="utf-8")
    git(claims.parent, "commit", "-qam", "Tell the result")
    with pytest.raises(UsageError, match="has its result"):
        open_seed(100, f"{claims}#C1")


def test_two_claims_of_one_name_are_refused(claims):
    """The last of them won, so that a section below could reopen what one above had closed."""
    text = STATED.replace(
        "<!-- Form", "## C2: again\n- Claim: a\n- Measure: b\n- Decision rule: c\n- Seeds: 120\n\n<!-- Form"
    )
    claims.write_text(text, encoding="utf-8")
    git(claims.parent, "commit", "-qam", "State it again")
    with pytest.raises(UsageError, match='2 claims of the name "C2"'):
        open_seed(120, f"{claims}#C2")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("- Seeds: 100-103, 110\n- Seeds: 100-199", "has 2 lines Seeds"),
        ("- Seeds:", "has no text in its line Seeds"),
        ("", "has no line Seeds"),
    ],
)
def test_a_line_that_is_there_twice_or_empty_is_refused(claims, line, message):
    claims.write_text(STATED.replace("- Seeds: 100-103, 110", line), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_claims(claims)


def test_a_claim_that_is_given_for_a_free_seed_is_stated_as_well(claims):
    assert open_seed(3, f"{claims}#C1") == "C1"
    with pytest.raises(UsageError, match='no claim "junk"'):
        open_seed(3, f"{claims}#junk")
    with pytest.raises(UsageError, match="cannot read the claims in junk"):
        open_seed(3, "junk")


def test_a_claim_without_a_decision_rule_is_refused(tmp_path):
    path = tmp_path / "claims.md"
    path.write_text("## C1: x\n- Claim: a\n- Measure: b\n- Seeds: 100\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no line Decision rule"):
        read_claims(path)


@pytest.mark.parametrize("seeds", ["many", "100-2000000", "1e5", "-3"])
def test_seeds_that_are_none_are_refused(tmp_path, seeds):
    path = tmp_path / "claims.md"
    path.write_text(f"## C1: x\n- Claim: a\n- Measure: b\n- Decision rule: c\n- Seeds: {seeds}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="seeds"):
        read_claims(path)


def test_the_projects_own_claims_can_be_read():
    path = Path(__file__).parents[2] / "docs" / "claims.md"
    claims = read_claims(path)
    assert claims
    # Claims that were stated together, for one run, name the very same worlds.
    groups = {claim.seeds for claim in claims}
    opened = [seed for group in groups for seed in group]
    assert min(opened) >= 100
    assert len(set(opened)) == len(opened), "each world is opened once"
