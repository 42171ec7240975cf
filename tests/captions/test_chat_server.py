"""The test server does what it says: the same content meets the same fate, at the rates that are set."""

import json
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.captions.chat_server import INVENTION, Behaviour, ChatServer, Counts, serving, started


def post(url: str, text: str, seed: int = 0) -> str:
    body = {"model": "thuja-test", "seed": seed, "messages": [{"role": "user", "content": text}]}
    request = Request(f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        return str(json.load(answer)["choices"][0]["message"]["content"])


def test_a_fault_that_passes_strikes_the_same_content_once() -> None:
    with serving(Behaviour(broken=1.0)) as server:
        with pytest.raises(HTTPError):
            post(server.url, "a")
        assert post(server.url, "a") == post(server.url, "a") == "You sent 1 characters."
        assert server.counts.kinds == {"broken": 1, "good": 2}


def test_faults_come_at_their_rates_and_follow_from_the_content() -> None:
    server = ChatServer(Behaviour(refusal=0.2, empty=0.1))
    kinds = ("empty", "refusal")
    drawn = [server._drawn(kinds, str(number)) for number in range(4000)]
    assert drawn == [server._drawn(kinds, str(number)) for number in range(4000)]
    assert drawn.count("refusal") / 4000 == pytest.approx(0.2, abs=0.025)
    assert drawn.count("empty") / 4000 == pytest.approx(0.1, abs=0.02)


def test_true_captions_names_and_inventions_are_handed_in(tmp_path: Path) -> None:
    image = b"an image"
    captions, names = tmp_path / "captions.json", tmp_path / "names.json"
    captions.write_text(json.dumps({sha256(image).hexdigest(): "A red Corvus corax."}))
    names.write_text(json.dumps(["Corvus corax", "Pica pica"]))
    server = ChatServer(Behaviour(captions=str(captions), names=str(names)))
    assert server._said("", "This is Corvus corax.", image) == "A red Corvus corax."
    assert server._said("wrong_name", "This is Corvus corax.", image) == "A red Pica pica."
    assert server._said("invented", "This is Corvus corax.", image) == f"A red Corvus corax {INVENTION}."


def test_the_fullest_window_is_found_wherever_it_begins() -> None:
    counts = Counts(moments=[0.0, 50.0, 59.0, 61.0, 100.0, 110.0, 120.0])
    assert counts.fullest(60) == 4
    assert counts.fullest(10.0) == 2
    assert Counts().fullest(60) == 0


@pytest.mark.slow
def test_it_runs_as_a_process_and_tells_its_counts() -> None:
    with started(Behaviour(text_answer="yes")) as site:
        assert post(site.url, "a") == "yes"
        assert site.counts()["requests"] == 1
        assert site.counts()["fullest"] == 1
