"""The page in a real browser, served by the real application with a tiny model."""

import asyncio
import inspect
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from tests.web.conftest import jpeg, serving

from thuja.predict import Predictor
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

TAKEN = "2024:05:06 07:08:09"
"""When the photo with a place was taken, as its camera wrote it."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """A page that is open, what it complained of, and what it asked for beyond its host."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    def give(self, *photos: Path | dict[str, Any]) -> None:
        """Choose photos in the tab Identify."""
        self.page.set_input_files("input[type=file][multiple]", list(photos))

    def wait_for(self, count: int, state: str = "done") -> None:
        """Until so many photos are in that state."""
        self.page.wait_for_function(
            "([count, state]) => document.querySelectorAll(`.strip-photo[data-state=${state}]`).length === count",
            arg=[count, state],
        )

    def text(self, selector: str) -> str:
        """The text of one element, its blanks made single."""
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def is_faultless(self) -> bool:
        """Whether the console stayed empty and nothing left the host."""
        assert self.complaints == []
        assert self.strays == []
        return True


@pytest.fixture(scope="session")
def launched() -> Iterator[tuple[Any, Any]]:
    """A headless Chromium for all tests, and the event loop that Playwright leaves running in this thread.

    The loop is put aside between tests: another that runs one of its own would be told that there is one already.
    """
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs a headless Chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def chromium(launched: tuple[Any, Any]) -> Iterator[Any]:
    """The browser."""
    browser, loop = launched
    asyncio._set_running_loop(loop)
    yield browser
    asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def home(predictor: Predictor) -> Iterator[str]:
    """The address of a server that tests share: the tiny model, no index."""
    with serving(Served(ServeSettings(), predictor=predictor)) as address:
        yield address


@pytest.fixture
def live(
    live: Callable[[Served | None], str], home: str, request: pytest.FixtureRequest
) -> Callable[[Served | None], str]:
    """The shared server, but for a test that gives parts of its own or asks for those of its server."""
    has_own = "served" in inspect.signature(request.function).parameters
    return lambda other=None: live(other) if other or has_own else home


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Visit]]:
    """Opens `address`, with a hash where one is given, in a fresh browser; keywords are Playwright's for a context."""
    contexts = []

    def start(address: str, where: str = "", *, waits_for: str = "main h1", **options: Any) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        told = Visit(page=context.new_page(), address=address)
        told.page.on("console", lambda said: told.complaints.append(said.text) if said.type == "error" else None)
        told.page.on("pageerror", lambda error: told.complaints.append(str(error)))
        told.page.on("request", lambda request: _note(told, request.url))
        told.page.goto(f"{address}/{where}")
        told.page.wait_for_selector(waits_for)
        return told

    yield start
    for context in contexts:
        context.close()


def _note(told: Visit, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("blob", "data") and f"{parts.scheme}://{parts.netloc}" != told.address:
        told.strays.append(url)


def photo(name: str, seed: int = 0) -> dict[str, Any]:
    """A photo as Playwright's file choosers take one."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": jpeg(seed)}


def placed_photo(name: str = "placed.jpg", size: tuple[int, int] = (60, 40)) -> dict[str, Any]:
    """A photo on its side, red above and blue below once upright, whose EXIF holds a place and a date."""
    lying = Image.new("RGB", size, "blue")  # orientation 6: the left of the file is the top of the picture
    lying.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0132] = TAKEN
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 40.44), 3: "E", 4: (8.0, 32.0, 28.32)})
    buffer = io.BytesIO()
    lying.save(buffer, "JPEG", exif=exif, quality=95)
    return {"name": name, "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def serious(page: Any) -> list[str]:
    """The faults of a page that axe-core calls serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        f"{fault['id']}: {[node['target'] for node in fault['nodes']]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
