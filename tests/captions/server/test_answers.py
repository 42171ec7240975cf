"""Words are found in whatever models wrap them in."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.captions.captioner import CaptionerError
from thuja.captions.server.answers import Message, read_message, words_of
from thuja.captions.server.settings import AnswerForm


def completion(content: Any, finish: str = "stop", **more: Any) -> bytes:
    message = {"role": "assistant", "content": content, **more}
    return json.dumps({"model": "m", "choices": [{"message": message, "finish_reason": finish}]}).encode()


def words(content: Any, form: AnswerForm = "text", finish: str = "stop", **more: Any) -> str:
    message = read_message(completion(content, finish, **more))
    assert message is not None
    return words_of(message, form)


@pytest.mark.parametrize(
    "content",
    [
        "A red bird.",
        "  A red bird.\n",
        "<think>\nred? yes\n</think>\n\nA red bird.",
        "It is red, so</think>A red bird.",
        "```\nA red bird.\n```",
        "```text\nA red bird.\n```",
        '"A red bird."',
        "“A red bird.”",
        [{"type": "text", "text": "A red "}, {"type": "text", "text": "bird."}],
    ],
)
def test_words_are_taken_out_of_what_models_wrap_them_in(content: Any) -> None:
    assert words(content) == "A red bird."


@pytest.mark.parametrize(
    "content",
    [
        '{"caption": "A red bird."}',
        '```json\n{"caption": "A red bird."}\n```',
        'Here you are: {"caption": " A red bird. "} Anything else?',
        '<think>{"caption": "no"}</think>{"caption": "A red bird."}',
    ],
)
def test_an_answer_in_json_is_opened(content: str) -> None:
    assert words(content, "json") == "A red bird."


@pytest.mark.parametrize(
    "content", ['{"caption": "A red', "A red bird.", "[]", '{"caption": 3}', '{"text": "x"}', "{}"]
)
def test_json_that_is_none_is_a_broken_answer(content: str) -> None:
    with pytest.raises(CaptionerError) as told:
        words(content, "json")
    assert told.value.reason == "broken_answer"


def test_quotes_that_belong_to_the_words_stay() -> None:
    assert words('"Red" is "bird".') == '"Red" is "bird".'


def test_thoughts_without_an_end_leave_nothing_and_say_what_to_do() -> None:
    with pytest.raises(CaptionerError) as told:
        words("<think>Let me see, this is a", finish="length")
    assert told.value.reason == "empty"
    assert "--max-tokens" in told.value.hint


def test_what_a_model_reasons_apart_is_not_its_answer() -> None:
    with pytest.raises(CaptionerError, match="the answer is empty"):
        words(None, reasoning_content="A red bird.")


def test_a_filter_is_a_refusal() -> None:
    for refused in (
        completion(None, "content_filter"),
        completion(None, refusal="I cannot"),
    ):
        message = read_message(refused)
        assert message is not None
        with pytest.raises(CaptionerError) as told:
            words_of(message, "text")
        assert told.value.reason == "refused"


@pytest.mark.parametrize("content", [" " * 2**21, "```\n" + " " * 2**21 + "x", "<think>" * 2**18])
def test_megabytes_of_nothing_are_read_in_one_pass(content: str) -> None:
    """Blanks before a tag that never comes took the square of their number: hours for one answer."""
    read = words("x" + content)
    assert read.startswith("x")
    assert len(read) <= 10_000


def test_an_answer_without_an_end_is_cut() -> None:
    assert len(words("<think>" + "a" * 20_000 + "</think>" + "b" * 20_000)) == 10_000
    told = json.loads(completion("x"))
    told["model"] = "m" * 2**20
    message = read_message(json.dumps(told).encode())
    assert message is not None
    assert len(message.model) == 200


def test_halves_of_letters_are_replaced() -> None:
    assert words("A red \ud800 bird.").encode() == b"A red ? bird."


def test_tokens_are_unknown_where_they_are_not_told() -> None:
    for usage in (None, {}, {"prompt_tokens": "9"}, {"prompt_tokens": -1, "completion_tokens": 2}, [3]):
        told = json.loads(completion("x"))
        told["usage"] = usage
        message = read_message(json.dumps(told).encode())
        assert message is not None
        assert message.tokens is None


@given(st.binary(max_size=60))
@settings(max_examples=40)
def test_bytes_that_are_no_completion_are_none(body: bytes) -> None:
    assert read_message(body) is None


FIELDS = st.sampled_from(["choices", "message", "content", "usage", "model", "prompt_tokens"])
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
LIST = st.lists(PLAIN, max_size=2)
JSON = PLAIN | LIST | st.dictionaries(FIELDS, PLAIN | LIST | st.dictionaries(FIELDS, PLAIN, max_size=2), max_size=3)


@given(JSON)
@settings(max_examples=40)
def test_any_json_is_a_message_or_none(told: Any) -> None:
    for whole in (told, {"choices": [{"message": told}]}, {"choices": [{"message": {"content": told}}], "usage": told}):
        assert isinstance(read_message(json.dumps(whole).encode()), Message | None)
