"""Whose fault a failure is, by the codes and words of the servers that people run."""

import json

import pytest

from thuja.captions.server.failures import Kind, failure_of, no_completion, said


def body(message: str, code: str = "") -> bytes:
    return json.dumps({"error": {"message": message, "type": "x", "code": code}}).encode()


@pytest.mark.parametrize(
    ("status", "words", "kind", "told"),
    [
        (401, "Incorrect API key provided", Kind.SERVER, "refuses the key"),
        (403, "You are not allowed", Kind.SERVER, "refuses the key"),
        (403, "Your chosen model requires moderation and your input was flagged", Kind.PICTURE, "filter"),
        (404, "The model `x` does not exist.", Kind.SERVER, "does not have this model"),
        (400, "model 'x' not found, try pulling it first", Kind.SERVER, "does not have this model"),
        (404, "Not Found", Kind.SERVER, "no chat at this address"),
        (405, "Method Not Allowed", Kind.SERVER, "no chat at this address"),
        (307, "", Kind.SERVER, "sends us elsewhere"),
        (400, "x is not a multimodal model", Kind.BLIND, "sees no images"),
        (400, "At most 0 image(s) may be provided in one request.", Kind.BLIND, "sees no images"),
        (404, "No endpoints found that support image input", Kind.BLIND, "sees no images"),
        (500, "image input is not supported - hint: you may need to provide the mmproj", Kind.BLIND, "sees no images"),
        (400, "Invalid content type. image_url is only supported by certain models.", Kind.BLIND, "sees no images"),
        (413, "Request Entity Too Large", Kind.PICTURE, "too large"),
        (400, "You uploaded an unsupported image. Please make sure your image is valid.", Kind.PICTURE, "image"),
        (400, "The image dimensions exceed the maximum allowed size", Kind.PICTURE, "image"),
        (422, "cannot identify image file", Kind.PICTURE, "image"),
        (
            400,
            "The response was filtered due to the prompt triggering content management policy",
            Kind.PICTURE,
            "filter",
        ),
        (400, "This model's maximum context length is 2048 tokens.", Kind.PICTURE, "too long"),
        (
            400,
            "'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            Kind.COMPLETION_TOKENS,
            "max_tokens",
        ),
        (400, "Unknown parameter: 'seed'", Kind.UNKNOWN, "refuses the request"),
        (429, "Rate limit reached for requests", Kind.AWAY, "fewer requests"),
        (429, "You exceeded your current quota, please check your plan and billing details", Kind.SERVER, "no credit"),
        (402, "Insufficient credits", Kind.SERVER, "no credit"),
        (429, "Request too large for x on tokens per min (TPM)", Kind.PICTURE, "over the account's limit"),
        (500, "Internal Server Error", Kind.PASSING, "failed: 500"),
        (502, "<html><h1>Bad Gateway</h1></html>", Kind.AWAY, "no time"),
        (503, "Loading model", Kind.AWAY, "no time"),
        (504, "upstream timed out", Kind.PASSING, "failed: 504"),
        (529, "Overloaded", Kind.AWAY, "no time"),
        (408, "timeout", Kind.PASSING, "failed"),
        (599, "what", Kind.PASSING, "failed"),
    ],
)
def test_a_failure_is_the_servers_or_the_pictures_or_may_pass(status: int, words: str, kind: Kind, told: str) -> None:
    failure = failure_of(status, body(words), {})
    assert failure.kind is kind
    assert told in failure.message


def test_a_spent_quota_is_told_by_its_code_too() -> None:
    assert failure_of(429, body("Slow down", "insufficient_quota"), {}).kind is Kind.SERVER


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b'{"error": {"code": 429, "message": "slow down"}}', Kind.AWAY),
        (b'{"error": {"code": "401", "message": "no key"}}', Kind.SERVER),
        (b'{"error": {"code": 200}}', Kind.PASSING),
        (b'{"error": "no"}', Kind.PASSING),
        (b"[]", Kind.PASSING),
        (b"<html>", Kind.PASSING),
        (b"", Kind.PASSING),
    ],
)
def test_an_error_may_hide_behind_a_status_of_success(sent: bytes, kind: Kind) -> None:
    assert no_completion(sent).kind is kind


def test_a_wait_that_is_asked_for_comes_along() -> None:
    assert failure_of(429, b"", {"retry-after": "9"}).wait == 9.0
    assert failure_of(503, b"", {"retry-after-ms": "90"}).wait == 0.09


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        (b'{"error": {"message": "no", "code": "why"}}', "no (why)"),
        (b'{"object": "error", "message": "no", "code": 400}', "no"),
        (b'{"detail": [{"msg": "field required"}]}', '[{"msg": "field required"}]'),
        (b'{"error": "no"}', "no"),
        (b"<html><body>Bad\x1b[31m\nGateway</body></html>", "Bad [31m Gateway"),
        (b"\xff\xfe\x00", "\ufffd\ufffd"),
        (b"[" * 100_000, "[" * 300),
        (b"", ""),
    ],
)
def test_what_a_server_says_is_one_clean_short_line(sent: bytes, heard: str) -> None:
    assert said(sent) == heard
