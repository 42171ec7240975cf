"""A headless Chromium driven over DevTools' own pipe, for tests and benchmarks: no port and no library.

Input goes through the browser as a hand's would, and frames are those that it really draws.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]


class Page:
    """One tab: `evaluate` what stands in it, move the mouse, press keys, take a picture."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._rest = b""
        self._count = 0
        self._session = ""
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol and its answer."""
        number = self.send(method, **parameters)
        while True:
            message = self._next(60)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def send(self, method: str, **parameters: Any) -> int:
        """One command, its answer not waited for."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        return self._count

    def open(self, url: str, *, width: int = 1280, height: int = 800, is_dark: bool = False, ratio: float = 1) -> None:
        """Open a page at that size and wait until it is there."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=ratio, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise RuntimeError(got["exceptionDetails"].get("exception", {}).get("description", "failed in the page"))
        return got["result"].get("value")

    def wait(self, expression: str, *, seconds: float = 30) -> None:
        """Wait until an expression is true in the page; an element is nothing that comes back, so ask `!== null`."""
        end = time.monotonic() + seconds
        while not self.evaluate(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"never true in {seconds:g} s: {expression}")
            time.sleep(0.03)

    def mouse(
        self, kind: str, x: float, y: float, *, is_down: bool = False, is_waited: bool = True, **more: Any
    ) -> None:
        """`mouseMoved`, `mousePressed`, `mouseReleased` or `mouseWheel` at a pixel."""
        is_press = kind in ("mousePressed", "mouseReleased")
        parameters = {"type": kind, "x": x, "y": y, "buttons": int(is_down or kind == "mousePressed"), **more}
        if is_press or is_down:
            parameters |= {"button": "left", "clickCount": int(is_press)}
        (self.call if is_waited else self.send)("Input.dispatchMouseEvent", **parameters)

    def click(self, x: float, y: float) -> None:
        """Press and release the left button."""
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def key(self, key: str, *, code: int = 0) -> None:
        """Press and release a key; `code` is its virtual number, where the page's own doing hangs on it."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def screenshot(self, path: Path | None = None) -> bytes:
        """What the tab shows, as PNG."""
        picture = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        if path is not None:
            path.write_bytes(picture)
        return picture

    def _next(self, seconds: float) -> Json:
        end = time.monotonic() + seconds
        while b"\0" not in self._rest:
            if not select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"the browser said nothing for {seconds:g} s")
            got = os.read(self._read, 1 << 20)
            if not got:
                raise RuntimeError("the browser has ended")
            self._rest += got
        message, _, self._rest = self._rest.partition(b"\0")
        said = json.loads(message)
        if said.get("method") == "Runtime.exceptionThrown":
            details = said["params"]["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        if said.get("method") == "Log.entryAdded" and said["params"]["entry"]["level"] in ("warning", "error"):
            self.complaints.append(said["params"]["entry"]["text"])
        return dict(said)


@contextmanager
def chromium(folder: Path, *flags: str) -> Iterator[Page]:
    """A browser with its profile in `folder` for as long as the block runs; raises FileNotFoundError without one."""
    browser = shutil.which("chromium")
    if browser is None:
        raise FileNotFoundError("needs a headless Chromium")
    command_read, command_write = os.pipe()
    answer_read, answer_write = os.pipe()
    # Chromium reads commands from its third and writes answers to its fourth file.
    shell = f'exec "$@" 3<&{command_read} 4>&{answer_write}'
    words = [browser, "--headless", "--no-sandbox", "--remote-debugging-pipe", f"--user-data-dir={folder}", *flags]
    process = subprocess.Popen(
        ["/bin/bash", "-c", shell, "bash", *words],
        pass_fds=(command_read, answer_write),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(command_read)
    os.close(answer_write)
    try:
        page = Page(answer_read, command_write)
        yield page
        page.send("Browser.close")
        process.wait(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(command_write)
        os.close(answer_read)
