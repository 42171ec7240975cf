"""A server with a tiny model, asked in the same process or over a real socket."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from tests.conftest import make_tiny_model

from thuja.encode import build_labels
from thuja.predict import Predictor
from thuja.taxonomy import Taxon
from thuja.web.app import create_app
from thuja.web.running import Server, open_socket
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

_CROW = Taxon(kingdom="Animalia", phylum="Chordata", class_="Aves", order="Passeriformes", family="Corvidae")
_ASTER = Taxon(kingdom="Plantae", phylum="Tracheophyta", class_="Magnoliopsida", order="Asterales", family="Asteraceae")
TAXA = (
    replace(_CROW, genus="Corvus", species="corax", common="common raven"),
    replace(_CROW, genus="Corvus", species="corone", common="carrion crow"),
    replace(_CROW, genus="Pica", species="pica", common="magpie"),
    replace(_ASTER, genus="Bellis", species="perennis", common="daisy"),
)
"""Three crows and a daisy."""


def jpeg(seed: int = 0, size: tuple[int, int] = (48, 32)) -> bytes:
    """A picture of noise, the same for the same seed."""
    grey = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    """A tiny model that answers among TAXA."""
    model = make_tiny_model()
    return Predictor(model, labels=build_labels(model, TAXA))


@pytest.fixture
def served(predictor: Predictor) -> Served:
    """The parts of a server: the tiny model, no index."""
    return Served(ServeSettings(), predictor=predictor)


@pytest.fixture
def client(served: Served) -> Iterator[TestClient]:
    """Asks the application in this process, as a browser on the same machine does."""
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080", raise_server_exceptions=False) as client:
        yield client


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """A server on a free port of loopback: its address."""
    server, listening = Server(served), open_socket(replace(served.settings, port=0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server could not be started: its log says why"
            threading.Event().wait(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:  # a thread that goes on holds up the end of all tests
        server.should_exit = True
        thread.join(20)
        listening.close()
    assert not thread.is_alive(), "the server does not end"


@pytest.fixture
def live(served: Served) -> Iterator[Callable[[Served | None], str]]:
    """Starts a server on a free port of loopback; gives its address. Stopped at the end of the test."""
    with ExitStack() as running:
        yield lambda other=None: running.enter_context(serving(other or served))
