"""A key is sent to its server and shown to nobody else: a canary is looked for in everything that comes out."""

import io
import logging
import pickle
import traceback
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.captions.chat_server import Behaviour, serving

from thuja.captions import Prompt
from thuja.captions.server import Patience, ServerCaptioner, ServerSettings, check_servers
from thuja.errors import ThujaError

CANARY = "sk-canary-7f3a9c51e0"
ENVIRONMENT = {"THUJA_CAPTIONS_KEY": CANARY}
QUICK = Patience(connect=20.0, timeout=20.0, tries=2, first_wait=0.002, longest_wait=0.01)
SHORT = replace(QUICK, timeout=0.1)
"""For what never answers."""
PROMPT = Prompt(system="", text="Organism: common raven")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that any library logs, down to the last detail."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((16, 16, 3), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def told(error: BaseException) -> str:
    """An error as the most talkative of tracebacks shows it, with the variables of every frame of ours."""
    assert error.__traceback__ is not None
    below = error.__traceback__.tb_next  # this test's own frame knows the key
    whole = traceback.TracebackException(type(error), error, below, capture_locals=True)
    return "".join(whole.format()) + repr(error) + str(error) + repr(pickle.dumps(error))


FAULTS = [
    Behaviour(key="another-0123456789"),  # says the key that it got
    Behaviour(status=400, error=f"Bearer {CANARY} is odd"),
    Behaviour(status=500, error=f"Bearer {CANARY} is odd"),
    *(Behaviour(**{kind: 1.0}, strikes=99) for kind in ("broken", "dropped", "garbage", "hanging", "endless", "empty")),
]


@pytest.mark.parametrize("behaviour", FAULTS, ids=lambda behaviour: str(behaviour.status))
def test_no_failure_shows_the_key(behaviour: Behaviour, log: io.StringIO) -> None:
    with serving(behaviour) as server:
        patience = SHORT if behaviour.hanging else QUICK
        settings = ServerSettings(servers=(server.url,), model="thuja-test", patience=patience)
        with ServerCaptioner(settings, environment=ENVIRONMENT) as captioner:
            with pytest.raises(ThujaError) as raised:
                captioner(picture(), PROMPT)
            assert server.is_asked.wait(60)
            assert f"bearer {CANARY}" in server.counts.last_head.lower(), "the server has it"
            shown = told(raised.value) + repr(captioner) + repr(vars(captioner)) + repr(settings)
    assert CANARY not in shown
    assert CANARY not in log.getvalue()
    assert "HTTP" in log.getvalue(), "the libraries did log"


def test_a_server_that_says_the_key_back_is_not_repeated(log: io.StringIO) -> None:
    with serving(Behaviour(echoes_headers=True)) as server:
        settings = ServerSettings(servers=(server.url,), patience=QUICK)
        with ServerCaptioner(settings, environment=ENVIRONMENT) as captioner:
            checked = check_servers(captioner)
            answer = captioner(picture(), PROMPT)
    assert "authorization: Bearer [key]" in answer.text
    assert CANARY not in repr(answer) + repr(checked) + log.getvalue() + repr(pickle.dumps(settings))


def test_openais_names_and_keys_in_the_environment_reach_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.delenv("THUJA_CAPTIONS_KEY", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    with serving() as server:
        with ServerCaptioner(ServerSettings(servers=(server.url,), patience=QUICK)) as captioner:
            captioner(picture(), PROMPT)
        assert CANARY not in server.counts.last_head
