"""Layouts by neighbours, from the server's side: one is fitted at a time, and kept until a newer one is ready."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import get_context
from multiprocessing.resource_tracker import ensure_running
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.maps.projections import Method
from thuja.embeddings import Vectors
from thuja.search.index import Index
from thuja.search.manifest import Version
from thuja.web.neighbours import Drawn, Fitted, Order, Unfitted, draw
from thuja.web.problems import Busy, Refusal

LOG: Final = logging.getLogger(__name__)
ROWS: Final = 4_000
"""Rows that are fitted."""
_PATIENCE: Final = 5.0
"""Seconds that a process may take to end once it is killed."""
_PAUSE: Final = 300.0
"""Seconds until a layout that failed is tried again: its cause may be gone, and a cause that stays costs little so."""


class BeingDrawn(Busy):
    """A layout that is not ready."""

    retry_after = 2


class Undrawable(Refusal):
    """A layout that there cannot be."""

    status = 409


class State(StrEnum):
    """How far a layout is."""

    DRAWING = "drawing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the layout by neighbours is, by which method, and what went wrong."""

    state: State
    method: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Points (N, 2), and what is to be known of the layout that they lie on."""

    points: npt.NDArray[np.float64]
    drawn: Drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A layout by neighbours of one version of an index, which places all vectors of the same space."""

    of: Version
    space: tuple[str, int]
    fitted: Fitted

    def is_of(self, index: Index) -> bool:
        """Whether it was fitted on this very version; that of another index in its folder may have the same number."""
        return self.of == index.facts

    def place(self, vectors: Vectors) -> Placed:
        """Where it has them."""
        points = self.fitted.between.place(vectors) if len(vectors) else np.zeros((0, 2))
        return Placed(points=points, drawn=self.fitted.drawn)


class _Fit:
    """A process that fits a layout."""

    def __init__(self, index: Index, *, method: Method, rows: int) -> None:
        self.of, self.space = index.facts, _space(index)
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe(duplex=False)
        order = Order(where=index.where, version=index.version, method=method, rows=rows)
        self._process = context.Process(target=draw, args=(theirs, order), name="layout", daemon=True)
        try:
            with _without_ctrl_c():
                self._process.start()
        except OSError:
            self._pipe.close()
            raise
        finally:
            theirs.close()  # so that the end of the process is the end of the pipe

    def answer(self) -> Fitted | Unfitted | None:
        """What it came to; None while it is at it."""
        if not self._pipe.poll():
            return None
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(_PATIENCE)
            return Unfitted(detail=f"its process ended (exit code {self._process.exitcode})")
        assert isinstance(answer, Fitted | Unfitted)
        return answer

    def close(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.join(_PATIENCE)
        self._pipe.close()


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Processes begun meanwhile do not hear Ctrl+C: it is for the server, which ends them.

    Until its own code runs, a process would end by it with a traceback, beside the server's last words.
    """
    ensure_running()  # multiprocessing's own helper, which lets Ctrl+C through again where it begins later
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class DrawingBoard:
    """The layouts of a server: one that is ready, and at most one that is fitted, however many ask.

    One of an earlier version of the index serves until that of the version asked for is ready.
    """

    def __init__(self, *, method: Method = Method.TSNE, rows: int = ROWS, pause: float = _PAUSE) -> None:
        """t-SNE kept more neighbours than UMAP on BioCLIP 2's vectors, at less time: docs/log.md.

        A layout that failed is tried again after `pause` seconds, when somebody asks.
        """
        self._pause = pause
        self._method = method
        self._rows = rows
        self._lock = threading.Lock()
        self._ready: Drawing | None = None
        self._fit: _Fit | None = None
        self._failed: tuple[Version, float, str] | None = None  # of which, when, why
        self._is_closed = False

    def progress(self, index: Index) -> Progress:
        """How far the layout of an index is. It is begun where nobody has."""
        drawing, detail = self._asked(index)
        state = State.READY if drawing is not None else State.DRAWING if detail is None else State.FAILED
        return Progress(state=state, method=self._method.spelling, detail=detail or "")

    def drawing(self, index: Index) -> Drawing:
        """The layout of an index; raises BeingDrawn until it is ready, Undrawable where it failed."""
        drawing, detail = self._asked(index)
        if drawing is not None:
            return drawing
        if detail is not None:
            raise Undrawable(f"the layout by neighbours cannot be drawn: {detail}", hint="layout=axes is there")
        raise BeingDrawn("the layout by neighbours is being drawn", hint="come again; layout=axes is there meanwhile")

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._is_closed = True
            fit, self._fit = self._fit, None
            if fit is not None:
                fit.close()

    def _asked(self, index: Index) -> tuple[Drawing | None, str | None]:
        """The layout that serves an index, and where there is none why it failed, if it did."""
        with self._lock:
            self._look()
            ready = self._ready if self._ready is not None and self._ready.space == _space(index) else None
            is_old = ready is None or not ready.is_of(index)
            if is_old and self._fit is None and self._failure(index) is None:
                self._begin(index)
            return ready, None if ready is not None else self._failure(index)

    def _begin(self, index: Index) -> None:
        try:
            if self._is_closed:  # who still asks would leave a process behind
                self._fail(index.facts, "the server is stopping")
            else:
                self._fit = _Fit(index, method=self._method, rows=self._rows)
        except OSError as error:
            self._fail(index.facts, f"no process can be begun ({error.strerror})")

    def _failure(self, index: Index) -> str | None:
        """Why there was no layout of this version when it was last tried, unless that is long ago."""
        if self._failed is None:
            return None
        version, when, detail = self._failed
        return detail if version == index.facts and time.monotonic() - when < self._pause else None

    def _fail(self, version: Version, detail: str) -> None:
        LOG.warning("the layout by neighbours of version %d cannot be drawn: %s", version.number, detail)
        self._failed = (version, time.monotonic(), detail)

    def _look(self) -> None:
        """Whether what is fitted has come to an end."""
        fit = self._fit
        answer = None if fit is None else fit.answer()
        if fit is None or answer is None:
            return
        self._fit = None
        fit.close()
        if isinstance(answer, Fitted):
            self._ready = Drawing(of=fit.of, space=fit.space, fitted=answer)
        else:
            self._fail(fit.of, answer.detail)


def _space(index: Index) -> tuple[str, int]:
    return index.model, index.dim
