"""Maps of vectors: fitted on some rows, and other rows projected onto the same map.

PCA and LDA are linear and project any row exactly; UMAP places rows by its own `transform`. t-SNE has none: a row that
was not fitted lands between its nearest fitted neighbours, which is our approach and no t-SNE.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from sklearn.manifold import TSNE
from threadpoolctl import ThreadpoolController

from thuja.analyze.maps.between import Between
from thuja.analyze.maps.linear import Axes, discriminant_axes, principal_axes
from thuja.analyze.space import require_numbers
from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError, UnknownName

Floats = npt.NDArray[np.float64]

_FEWEST: Final = 5
"""Rows below which a map of neighbours says nothing that PCA does not."""
_NARROW: Final = 50
"""Principal axes that t-SNE is fitted on, as its authors advise for wide vectors."""


class Method(StrEnum):
    """How a map is made."""

    PCA = "pca"
    LDA = "lda"
    UMAP = "umap"
    TSNE = "t-sne"

    @classmethod
    def parse(cls, text: str) -> "Method":
        """The method of that name, in any case; raises UnknownName."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            raise UnknownName.of("projection", text, list(cls)) from None

    @property
    def spelling(self) -> str:
        """The method's name as it is written."""
        return {"pca": "PCA", "lda": "LDA", "umap": "UMAP", "t-sne": "t-SNE"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """What a method gives: the fitted rows' points, the way of any row to a point, and what to know."""

    points: Floats
    place: Callable[[Vectors], Floats]
    shares: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


class Projection:
    """A map of vectors in a few dimensions.

    `points_` (N, k) are the fitted rows, `shares_` the share of the variance on each axis (PCA: of all variance; LDA:
    of the variance between classes over that within; else empty), `notes_` what must be known to read the map:
    settings reduced for few rows, axes that hold nothing.

    >>> line = np.outer(np.arange(4.0), [3.0, 4.0])
    >>> projection = Projection().fit(line, generator=np.random.default_rng(0))
    >>> projection.project(np.array([[30.0, 40.0]]))[0].round(6).tolist()
    [42.5, 0.0]
    """

    points_: Floats
    shares_: tuple[float, ...]
    notes_: tuple[str, ...]

    def __init__(self, method: Method = Method.PCA, *, dimensions: int = 2, neighbours: int = 30) -> None:
        """`neighbours` is UMAP's number of neighbours and t-SNE's perplexity."""
        self.method = Method.parse(method)
        self.dimensions = dimensions
        self.neighbours = neighbours
        self._place: Callable[[Vectors], Floats] | None = None
        self._width = 0

    def fit(self, vectors: Vectors, *, generator: np.random.Generator, labels: npt.ArrayLike | None = None) -> Self:
        """Make the map of vectors (N, D); LDA needs `labels` (N,), the classes that it parts.

        The same vectors, labels and state of the generator give the same map. Raises ThujaError for vectors that are no
        numbers, for a setting below one, for LDA without two labels, and for UMAP where umap-learn is not installed.
        """
        require_numbers(vectors, "vectors", count=len(vectors))
        if not len(vectors):
            raise EmptyInput("there is no vector to map")
        if self.dimensions < 1 or self.neighbours < 1:
            raise ThujaError(
                f"a map needs at least one dimension and one neighbour, got {self.dimensions} and {self.neighbours}"
            )
        fit = self._fit(vectors, generator, labels)
        self._place, self._width = fit.place, vectors.shape[1]
        self.points_, self.shares_, self.notes_ = fit.points, fit.shares, fit.notes
        return self

    def project(self, vectors: Vectors) -> Floats:
        """The points (M, k) of any vectors (M, D) on the fitted map; raises ThujaError before `fit`."""
        if self._place is None:
            raise ThujaError("this projection is not fitted", hint="call fit first")
        require_numbers(vectors, "vectors", count=len(vectors))
        if vectors.shape[1] != self._width:
            raise ThujaError(f"the map was fitted on vectors of {self._width} numbers, got {vectors.shape[1]}")
        return self._place(vectors) if len(vectors) else np.empty((0, self.dimensions))

    def _fit(self, vectors: Vectors, generator: np.random.Generator, labels: npt.ArrayLike | None) -> _Fit:
        if self.method is Method.LDA:
            if labels is None:
                raise ThujaError("LDA parts classes: it needs the label of each row")
            return _linear(discriminant_axes(vectors, np.asarray(labels), dimensions=self.dimensions), vectors)
        principal = principal_axes(vectors, dimensions=self.dimensions)
        if self.method is Method.PCA or not principal.shares:
            return _linear(principal, vectors)
        if len(vectors) < _FEWEST:
            note = f"{len(vectors)} rows are too few for {self.method.spelling}: this is PCA"
            fit = _linear(principal, vectors)
            return _Fit(points=fit.points, place=fit.place, shares=fit.shares, notes=(note, *fit.notes))
        seed = int(generator.integers(2**31))
        return self._umap(vectors, seed) if self.method is Method.UMAP else self._tsne(vectors, seed)

    def _tsne(self, vectors: Vectors, seed: int) -> _Fit:
        perplexity = min(float(self.neighbours), (len(vectors) - 1) / 3)
        notes = _reduced("t-SNE's perplexity", self.neighbours, perplexity, len(vectors))
        axes = principal_axes(vectors, dimensions=_NARROW)
        narrow = axes.place(vectors)
        # Three dimensions at most are fast; sklearn's own message of that would name its setting, not ours.
        way = "barnes_hut" if self.dimensions <= 3 else "exact"
        model = TSNE(self.dimensions, perplexity=perplexity, init="pca", method=way, random_state=seed, n_jobs=1)
        made = model.fit_transform(narrow)
        points = np.asarray(made, dtype=np.float64)
        return _Fit(points=points, place=Between(axes=axes, narrow=narrow, points=points).place, notes=notes)

    def _umap(self, vectors: Vectors, seed: int) -> _Fit:
        neighbours = min(self.neighbours, len(vectors) - 1)
        notes = _reduced("UMAP's neighbours", self.neighbours, neighbours, len(vectors))
        with warnings.catch_warnings():
            # It says at import that Tensorflow is missing, which nothing here asks for.
            warnings.simplefilter("ignore", ImportWarning)
            try:
                from umap import UMAP
            except ImportError:
                raise ThujaError(
                    "UMAP needs the package umap-learn, which is not installed", hint="pip install 'thuja[umap]'"
                ) from None
        # Its spectral start wants more rows than axes by some; a random one is as good for a handful.
        start = "spectral" if len(vectors) > 4 * (self.dimensions + 2) else "random"
        model = UMAP(
            n_components=self.dimensions, n_neighbors=neighbours, init=start,
            random_state=seed, transform_seed=seed, n_jobs=1,
        )  # fmt: skip
        with _threads_kept():
            model.fit(np.asarray(vectors, dtype=np.float32))

        def place(rows: Vectors) -> Floats:
            with _threads_kept():
                return np.asarray(model.transform(np.asarray(rows, dtype=np.float32)), dtype=np.float64)

        return _Fit(points=np.asarray(model.embedding_, dtype=np.float64), place=place, notes=notes)


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Give every library its number of threads back at the end.

    The compiler beneath UMAP sets OpenMP's for the whole process: torch would go on with another number of threads, to
    other bits, and processes forked from there could wait for threads that they do not have.
    """
    before = [(library, library.get_num_threads()) for library in ThreadpoolController().lib_controllers]
    try:
        yield
    finally:
        for library, threads in before:
            if threads is not None and library.get_num_threads() != threads:
                library.set_num_threads(threads)


def _linear(axes: Axes, vectors: Vectors) -> _Fit:
    return _Fit(points=axes.place(vectors), place=axes.place, shares=axes.shares, notes=axes.notes)


def _reduced(what: str, asked: float, used: float, rows: int) -> tuple[str, ...]:
    return (f"{what} is {used:.3g} in place of {asked:.3g}, as there are {rows} rows",) if used < asked else ()
