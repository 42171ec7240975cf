"""Captions through real HTTP: a server that answers, fails, throttles, stalls, and one that is not there."""

import io
import json
import pickle
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Thread
from time import monotonic
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.captions.chat_server import Behaviour, ChatServer, serving

from thuja.captions import CaptionerError, CaptionerStopped, Prompt, Sampling
from thuja.captions.server import (
    Patience,
    Rates,
    ServerCaptioner,
    ServerSettings,
    Spending,
    check_servers,
)

QUICK = Patience(connect=20.0, timeout=20.0, tries=4, first_wait=0.002, longest_wait=0.01)
STALLED = replace(QUICK, timeout=0.2, tries=200)
"""For a server that stalls once: on a busy machine a good answer may come too late as well, and is asked for again."""
BRIEF = replace(QUICK, outage=0.3)
"""For a server that stays away."""
PROMPT = Prompt(system="You are a biologist.", text="Organism: common raven (Corvus corax)\nSay what you see.")


def picture(number: int = 0, side: int = 40) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def asking(*servers: ChatServer, patience: Patience = QUICK, **more: Any) -> ServerCaptioner:
    settings = ServerSettings(servers=tuple(server.url for server in servers), patience=patience, **more)
    return ServerCaptioner(settings, environment={})


def test_an_answer_carries_words_model_and_tokens() -> None:
    with serving() as server, asking(server) as captioner:
        answer = captioner(picture(), PROMPT)
        assert answer.text.startswith("A common raven with mark ")
        assert (answer.model, answer.requests, answer.is_cut) == ("thuja-test", 1, False)
        assert answer.prompt_tokens == (len(PROMPT.system + PROMPT.text) + 1) // 4 + 256
        assert answer.completion_tokens == 9
        assert captioner.ask("Is it?") == "You sent 6 characters."
        assert captioner.usage.requests == captioner.usage.answers == 2


def test_a_request_says_what_the_settings_say() -> None:
    sampling = Sampling(temperature=0.25, top_p=0.5, max_tokens=33, seed=1000)
    extra = '{"top_k": 5, "top_p": null}'
    with serving() as server, asking(server, sampling=sampling, extra_json=extra) as captioner:
        captioner(picture(), replace(PROMPT, seed=7))
        sent = server.counts.last_body
    assert {name: value for name, value in sent.items() if name != "messages"} == {
        "model": "thuja-test", "temperature": 0.25, "max_tokens": 33, "seed": 1007, "top_k": 5,
    }  # fmt: skip
    system, user = sent["messages"]
    assert system == {"role": "system", "content": "You are a biologist."}
    assert [part["type"] for part in user["content"]] == ["image_url", "text"]
    assert user["content"][1]["text"] == PROMPT.text


def test_answers_in_json_are_asked_for_by_a_schema() -> None:
    with serving(Behaviour(fenced=1.0)) as server, asking(server, answers="json") as captioner:
        assert captioner(picture(), PROMPT).text.startswith("A common raven")
        schema = server.counts.last_body["response_format"]["json_schema"]["schema"]
        assert schema["required"] == ["caption"]


def test_every_fault_in_words_has_its_reason_and_its_price() -> None:
    spending = Spending(prompt_price=1e6)
    for kind, reason in (("empty", "empty"), ("broken_json", "broken_answer"), ("filtered", "refused")):
        with (
            serving(Behaviour(**{kind: 1.0})) as server,
            asking(server, answers="json", spending=spending) as captioner,
        ):
            with pytest.raises(CaptionerError) as told:
                captioner(picture(), PROMPT)
            assert told.value.reason == reason
            assert told.value.spent is not None
            assert told.value.spent.cost == told.value.spent.prompt_tokens > 256
            assert server.counts.requests == 1, "another draw is for the one who asks"


def test_a_cut_answer_says_so_and_a_thinking_one_is_opened() -> None:
    with serving(Behaviour(cut=1.0)) as server, asking(server) as captioner:
        assert captioner(picture(), PROMPT).is_cut
    with serving(Behaviour(thinking=1.0)) as server, asking(server) as captioner:
        assert captioner(picture(), PROMPT).text.startswith("A common raven")


@pytest.mark.parametrize("kind", ["throttled", "broken", "away", "dropped", "garbage", "endless"])
def test_what_passes_is_asked_again(kind: str) -> None:
    with serving(Behaviour(**{kind: 1.0})) as server, asking(server) as captioner:
        answer = captioner(picture(), PROMPT)
        assert answer.text.startswith("A common raven")
        assert answer.requests == server.counts.requests == 2


@pytest.mark.parametrize("kind", ["hanging", "dripping"])
def test_what_stalls_is_left_and_asked_again(kind: str) -> None:
    with (
        serving(Behaviour(**{kind: 1.0})) as server,
        asking(server, model="thuja-test", patience=STALLED) as captioner,
    ):
        answer = captioner(picture(), PROMPT)
        assert answer.text.startswith("A common raven")
        assert answer.requests >= 2
        assert server.counts.kinds[kind] == 1


def test_tries_end_and_the_picture_has_its_reason() -> None:
    with serving(Behaviour(broken=1.0, strikes=99)) as server, asking(server) as captioner:
        with pytest.raises(CaptionerError, match=r'the server failed: 500, "as planned"') as told:
            captioner(picture(), PROMPT)
        assert told.value.reason == "no_answer"
        assert server.counts.requests == QUICK.tries
        again = pickle.loads(pickle.dumps(told.value))
        assert (again.reason, again.spent, str(again)) == ("no_answer", told.value.spent, str(told.value))


def test_silence_is_a_timeout_that_may_have_been_paid_for() -> None:
    patience = replace(QUICK, timeout=0.05, tries=2)
    spending = Spending(prompt_price=1.0)
    with (
        serving(Behaviour(hanging=1.0, strikes=99)) as server,
        asking(server, model="thuja-test", patience=patience, spending=spending) as captioner,
    ):
        with pytest.raises(CaptionerError, match="did not answer in time") as told:
            captioner(picture(), PROMPT)
        assert told.value.reason == "timeout"
        assert captioner.usage.unsure_cost == pytest.approx(told.value.spent.cost if told.value.spent else 0)
        assert captioner.usage.unsure_cost > 0


def test_a_server_that_fails_for_everybody_ends_the_run_and_not_picture_after_picture() -> None:
    with serving(Behaviour(away=1.0, strikes=10**6)) as server, asking(server, patience=BRIEF) as captioner:
        with pytest.raises(CaptionerStopped, match="no answer for"):
            captioner(picture(), PROMPT)
        with pytest.raises(CaptionerStopped, match="no answer for"):
            captioner(picture(1), PROMPT)


def test_an_absent_server_is_waited_for_and_then_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        port = taken.getsockname()[1]
        settings = ServerSettings(servers=(f"http://127.0.0.1:{port}/v1",), model="m", patience=BRIEF)
        with ServerCaptioner(settings, environment={}) as captioner:
            with pytest.raises(CaptionerStopped, match=f"no server at http://127.0.0.1:{port}/v1") as told:
                captioner(picture(), PROMPT)
            assert told.value.hint == "start it, or give its right address"


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (Behaviour(key="right-0123456789"), "refuses the key"),
        (Behaviour(has_vision=False), "sees no images"),
        (Behaviour(status=429, error_code="insufficient_quota"), "no credit left"),
        (Behaviour(status=307), "sends us elsewhere"),
        (Behaviour(status=400, error="Unknown parameter: 'seed'"), "refuses the request: 400"),
        (Behaviour(status=429, retry_after="Retry-After: 86400"), "asks for a wait of 86,400 s"),
    ],
)
def test_what_no_picture_will_get_over_stops_at_once(behaviour: Behaviour, told: str) -> None:
    with serving(behaviour) as server, asking(server) as captioner:
        with pytest.raises(CaptionerStopped, match=told):
            captioner(picture(), PROMPT)
        assert server.counts.requests == 1


def test_an_unknown_model_is_named_and_an_address_without_chat_too() -> None:
    with serving() as server:
        with (
            asking(server, model="gpt-0") as captioner,
            pytest.raises(CaptionerStopped, match="`gpt-0` does not exist"),
        ):
            captioner(picture(), PROMPT)
        settings = ServerSettings(servers=(server.url.removesuffix("/v1"),), model="m", patience=QUICK)
        nowhere = ServerCaptioner(settings, environment={})
        with nowhere as captioner, pytest.raises(CaptionerStopped, match="no chat at this address"):
            captioner(picture(), PROMPT)


def test_an_image_too_large_for_the_server_is_the_pictures_own_fault() -> None:
    with serving(Behaviour(largest_image=2000)) as server, asking(server) as captioner:
        with pytest.raises(CaptionerError, match="too large for the server: 413") as told:
            captioner(picture(side=200), PROMPT)
        assert told.value.reason == "image"
        assert captioner(picture(side=16), PROMPT).text


def test_a_bad_request_after_good_ones_is_the_pictures_own_fault() -> None:
    with serving() as server, asking(server) as captioner:
        captioner(picture(), PROMPT)
        server.behaviour = Behaviour(status=400, error="I do not like it")
        with pytest.raises(CaptionerError, match="I do not like it"):
            captioner(picture(1), PROMPT)


def test_a_model_that_wants_completion_tokens_gets_them() -> None:
    with serving(Behaviour(wants_completion_tokens=True)) as server, asking(server) as captioner:
        captioner(picture(), PROMPT)
        captioner(picture(1), PROMPT)
        assert server.counts.requests == 3
        assert server.counts.last_body["max_completion_tokens"] == 50


def test_no_more_are_under_way_than_allowed_and_each_is_asked_once() -> None:
    images = [picture(number, side=16) for number in range(40)]
    with serving(Behaviour(delay=0.01)) as server, asking(server, rates=Rates(concurrency=5)) as captioner:
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda image: captioner(image, PROMPT).text, images))
        assert len(set(answers)) == 40
        assert 1 < server.counts.most_in_flight <= 5
        assert set(server.counts.images.values()) == {1}


def test_rates_hold_by_the_servers_own_count() -> None:
    rates = Rates(concurrency=16, requests_per_minute=20)
    images = [picture(number, side=16) for number in range(21)]
    began = monotonic()
    with serving() as server, asking(server, rates=rates, model="thuja-test") as captioner:
        with ThreadPoolExecutor(16) as pool:
            waiting = [pool.submit(captioner, image, PROMPT) for image in images]
            first = next(as_completed(waiting))
            captioner.close()
            ends = [future.exception() for future in waiting if future is not first]
        assert first.result().text
        assert all(end is None or isinstance(end, CaptionerStopped) for end in ends)
        assert server.counts.requests <= 1 + (monotonic() - began) / 3, "twenty a minute are one every three seconds"


def test_a_budget_stops_before_it_is_passed() -> None:
    with serving() as server:
        spending = Spending(prompt_price=1e6, completion_price=1e6, budget=12000.0)
        with asking(server, spending=spending, rates=Rates(concurrency=8)) as captioner:

            def one(number: int) -> float:
                try:
                    return captioner(picture(number, side=16), PROMPT).cost
                except CaptionerStopped as stop:
                    told.append(str(stop))
                    return 0.0

            told: list[str] = []
            with ThreadPoolExecutor(8) as pool:
                costs = list(pool.map(one, range(60)))
            assert all("the budget of 12000 does not reach" in stop for stop in told)
            assert 8000 < sum(costs) <= 12000
            assert sum(costs) == pytest.approx(captioner.usage.cost)
            assert sum(costs) == pytest.approx(server.counts.tokens)


def test_what_an_image_takes_is_learnt_from_one_and_then_nobody_waits() -> None:
    """Who had come before the first answer asked one after the other, each for as long as an answer takes."""
    spending = Spending(prompt_price=1.0, budget=1e9)
    with (
        serving(Behaviour(delay=0.1)) as server,
        asking(server, spending=spending, model="thuja-test", rates=Rates(concurrency=6)) as captioner,
    ):
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda number: captioner(picture(number, side=16), PROMPT), range(6)))
        assert server.counts.most_in_flight > 1


def test_answers_without_counts_are_counted_at_worst() -> None:
    spending = Spending(prompt_price=1e6, budget=1e9)
    with serving(Behaviour(has_usage=False)) as server, asking(server, spending=spending) as captioner:
        answer = captioner(picture(), PROMPT)
        assert answer.prompt_tokens == 0
        assert answer.cost > 3328


def test_several_servers_share_the_work_and_one_that_fails_is_left_out() -> None:
    images = [picture(number, side=16) for number in range(24)]
    with (
        serving(Behaviour(delay=0.01)) as one,
        serving(Behaviour(delay=0.01)) as two,
        serving(Behaviour(key="k" * 9)) as no,
        asking(one, two, no, rates=Rates(concurrency=6), model="thuja-test") as captioner,
    ):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda image: captioner(image, PROMPT), images))
        assert len({answer.text for answer in answers}) == 24
        assert one.counts.requests + two.counts.requests == 24
        assert min(one.counts.requests, two.counts.requests) >= 2
        assert no.counts.requests <= 6


def test_a_check_tells_who_sees(caplog: pytest.LogCaptureFixture) -> None:
    with (
        serving() as good,
        serving(Behaviour(is_blind=True)) as blind,
        serving(Behaviour(has_vision=False)) as text_only,
        asking(good, blind, text_only, model="thuja-test") as captioner,
    ):
        checked = check_servers(captioner)
    assert [server.sees for server in checked] == [True, False, False]
    assert checked[2].failure is not None
    assert f"{blind.url} does not seem to see images" in caplog.text
    assert f"{text_only.url} does not answer" in caplog.text


def test_a_check_of_nothing_but_failures_stops() -> None:
    with serving(Behaviour(has_vision=False)) as server, asking(server) as captioner:
        with pytest.raises(CaptionerStopped, match="sees no images") as told:
            check_servers(captioner)
        assert "InternVL3" in told.value.hint


def test_a_proxy_in_the_environment_is_none_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving() as server, asking(server) as captioner:
        assert captioner(picture(), PROMPT).text


def test_settings_may_travel_to_other_processes() -> None:
    settings = ServerSettings(servers=("http://127.0.0.1:1/v1",), extra_json='{"a": 1}', rates=Rates(concurrency=3))
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert json.loads(settings.extra_json) == settings.extra


@contextmanager
def saying(words: bytes) -> Iterator[int]:
    """A port at which whoever connects is told the same and let go."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)

        def greet() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(2**16)
                        connection.sendall(words)

        thread = Thread(target=greet)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("scheme", "words", "told"),
    [
        ("http", b"SSH-2.0-OpenSSH_9.6\r\n", "broke off"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "no chat completion"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
    ],
)
def test_something_else_at_the_address_is_named(scheme: str, words: bytes, told: str) -> None:
    with saying(words) as port:
        settings = ServerSettings(servers=(f"{scheme}://127.0.0.1:{port}/v1",), model="m", patience=QUICK)
        captioner = ServerCaptioner(settings, environment={})
        with captioner, pytest.raises((CaptionerError, CaptionerStopped), match=told):
            captioner(picture(), PROMPT)


@pytest.mark.parametrize("kind", ["away", "hanging"])
def test_closing_ends_those_who_wait_for_their_turn_or_an_answer(kind: str) -> None:
    """Closing a socket wakes nobody who reads from it: an interrupted run stood still until its timeouts."""
    patience = replace(QUICK, timeout=20.0, first_wait=600.0, longest_wait=600.0, outage=6000.0)
    with serving(Behaviour(**{kind: 1.0}, retry_after="X-Nothing: 1")) as server:
        captioner = asking(server, patience=patience, model="thuja-test", rates=Rates(concurrency=2))
        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(captioner, picture(number), PROMPT) for number in range(3)]
            assert server.is_asked.wait(60)
            captioner.close()
            ends = [future.exception() for future in waiting]
        assert all(isinstance(end, CaptionerStopped) for end in ends)
        if kind == "hanging":
            assert any(end.was_sent for end in ends if isinstance(end, CaptionerStopped))
