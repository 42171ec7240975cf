"""The layout of an index by neighbours, fitted on a sample of its rows in a process of its own.

Fitting would take the interpreter from the server's threads, and change how many its model has. A process leaves
both alone and can be ended at any moment.
"""

import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from thuja.analyze.maps.between import Between
from thuja.analyze.maps.projections import Method, Projection
from thuja.errors import BadFile, ThujaError
from thuja.jobs.processes import end_with_parent
from thuja.search.index import Index
from thuja.web.sampling import sampled

_SEED: Final = 0
_NICE: Final = 5
"""Whoever asks the server comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be drawn: a version of an index by some of its rows, in this way."""

    where: str
    version: int
    method: Method
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is to be known of a layout: `rows` were fitted; `shares` are those of axes, of which others have none."""

    method: str
    rows: int
    shares: tuple[float, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A layout, and where it puts any vector of its space."""

    drawn: Drawn
    between: Between


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfitted:
    """Why there is none, for whoever asked."""

    detail: str


def draw(pipe: Connection, order: Order) -> None:
    """The process: sends Fitted or Unfitted, and ends."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process
    os.nice(_NICE)
    with pipe, threadpool_limits(1):
        try:
            pipe.send(fitted(_sample(order), order.method))
        except (BadFile, OSError):  # which file it is, the server's own reading says
            pipe.send(Unfitted(detail="the index cannot be read"))
        except ThujaError as error:
            pipe.send(Unfitted(detail=error.message))


def _sample(order: Order) -> npt.NDArray[np.float32]:
    index = Index.open(order.where, version=order.version)
    keys, _ = sampled(index, None, most=order.rows)
    return np.asarray(index.vectors(keys), dtype=np.float32)


def fitted(vectors: npt.NDArray[np.float32], method: Method) -> Fitted:
    """The layout of vectors (N, D).

    Others lie between their nearest, whatever the method: where a vector lies may not depend on what it is shown with.
    """
    made = Projection(method).fit(vectors, generator=np.random.default_rng(_SEED))
    name = "principal axes" if made.shares_ else made.method.spelling  # too few vectors for more
    drawn = Drawn(method=name, rows=len(vectors), shares=made.shares_, notes=made.notes_)
    return Fitted(drawn=drawn, between=Between.of(vectors, made.points_))
