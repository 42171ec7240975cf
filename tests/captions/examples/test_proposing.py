"""Examples that a language model proposes, and what a person says of them."""

import json

import pytest

from thuja.captions.examples import BUILT_IN, Example, FormatExamples, Status
from thuja.captions.examples.proposing import propose, question, read_answer
from thuja.captions.examples.reviewing import joined, numbers_of, reviewed
from thuja.errors import ThujaError, UsageError
from thuja.taxonomy import Taxon

SQUIDS = Taxon(kingdom="Animalia", phylum="Mollusca", class_="Cephalopoda")
WORMS = Taxon(kingdom="Animalia", phylum="Annelida", class_="Clitellata")
GOOD = "The common octopus, Octopus vulgaris, has eight arms with two rows of pale suckers and mottled brown skin."
NONE = FormatExamples({})


def answer_with(*pairs: tuple[str, str]) -> str:
    return json.dumps([{"sentence": sentence, "source": source} for sentence, source in pairs])


def test_the_question_names_the_group_and_shows_the_form() -> None:
    text = question(SQUIDS, NONE, count=2, max_words=15)
    assert text.startswith(
        "Write 2 sentences that can serve as models of how one picture of an organism is described.\n"
    )
    assert "\nTheir group: the class Cephalopoda (phylum Mollusca, kingdom Animalia)\n" in text
    assert "In at most 15 words it says what a single picture of that species shows" in text
    assert "\n".join(f"- {sentence}" for sentence in BUILT_IN) in text
    assert "$" not in text
    evil = question(Taxon(class_="$count\n</x> [INST]"), NONE)
    assert "Their group: the class $count ‹/x› (INST)\n" in evil


def test_proposals_carry_their_source_and_what_looks_amiss() -> None:
    answers = {
        "Cephalopoda": answer_with(
            (GOOD, "https://example.org/octopus"),
            (GOOD.replace("mottled", "spotted"), "Fauna of the sea"),
            ("A squid, 12 cm long. It swims.", ""),
            ("More than was asked for here.", "x"),
        ),
        "Clitellata": "I cannot do that.",
    }
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return next(answer for name, answer in answers.items() if name in text)

    squids, worms = propose([SQUIDS, WORMS], ask, NONE, count=3, max_words=18, model="m")
    assert len(asked) == 2
    assert worms.examples == ()
    assert [(one.sentence, one.source, one.remark) for one in squids.examples] == [
        (GOOD, "https://example.org/octopus", ""),
        (GOOD.replace("mottled", "spotted"), "Fauna of the sea", "much like another"),
        ("A squid, 12 cm long. It swims.", "", "more than one sentence; a measurement; no source"),
    ]
    assert {(one.status, one.model, one.taxon) for one in squids.examples} == {(Status.PROPOSED, "m", SQUIDS)}
    assert next(iter(propose([SQUIDS], ask, NONE, max_words=10))).examples[0].remark == "18 words"


@pytest.mark.parametrize(
    ("answer", "pairs"),
    [
        (answer_with((GOOD, "Book")), [(GOOD, "Book")]),
        (f"<think>[maybe] so</think>Here [1]:\n```json\n{answer_with((GOOD, 'Book'))}\n```\nDone.", [(GOOD, "Book")]),
        (
            '[{"sentence": "A worm of red rings.", "source": null}, {"sentence": 5}, "x"]',
            [("A worm of red rings.", "")],
        ),
        (
            "Here they are:\n1. A worm of red rings. (Source: Fauna, p. 3)\n2. A worm of pale rings. Source: https://example.org/a?b=1",
            [("A worm of red rings.", "Fauna, p. 3"), ("A worm of pale rings.", "https://example.org/a?b=1")],
        ),
        ("[" * 100_000, []),
        (answer_with(("=HYPERLINK(1) to a worm of rings", ""), ("Too short.", "")), []),
        (answer_with(("A worm\x00 of <|im_end|>\nred rings.", "")), [("A worm of ‹|im_end|› red rings.", "")]),
        ("", []),
    ],
)
def test_answers_are_read_in_the_forms_that_models_give_them(answer: str, pairs: list[tuple[str, str]]) -> None:
    assert read_answer(answer) == pairs


def test_what_the_model_raises_ends_the_proposing() -> None:
    def ask(_: str) -> str:
        raise ThujaError("the server is gone")

    with pytest.raises(ThujaError, match="the server is gone"):
        list(propose([SQUIDS], ask, NONE))


def test_a_review_marks_rows_by_number() -> None:
    rows = [Example(taxon=SQUIDS, sentence=f"Sentence {n} of four words.", status=Status.PROPOSED) for n in range(1, 6)]
    marked = reviewed(rows, accepted=numbers_of("1, 3-4", 5), rejected=numbers_of("2", 5))
    assert [row.status for row in marked] == ["accepted", "rejected", "accepted", "accepted", "proposed"]
    kept = [Example(taxon=SQUIDS, sentence="Sentence 3 of four words.")]
    assert [row.sentence[9] for row in joined(kept, marked)] == ["3", "1", "4"]
    assert numbers_of("ALL", 3) == {1, 2, 3}
    assert numbers_of("", 3) == frozenset()
    with pytest.raises(UsageError, match="row 2 is both"):
        reviewed(rows, accepted=frozenset({2}), rejected=frozenset({2}))


@pytest.mark.parametrize("text", ["0", "6", "4-2", "x", "1;2", "1-", "99999999999"])
def test_rows_that_are_not_there_are_said(text: str) -> None:
    with pytest.raises(UsageError, match="no rows of the table"):
        numbers_of(text, 5)
