"""The layout by neighbours: drawn beside the server, once, and gone with it."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from thuja.analyze.maps.projections import Method
from thuja.embeddings import Embeddings
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, add_to_index, build_index
from thuja.search.store.changes import Doomed, delete_rows
from thuja.web.drawing import BeingDrawn, Drawing, DrawingBoard, State, Undrawable
from thuja.web.neighbours import fitted
from thuja.web.plane import Layout, Maps

Processes = Callable[[], list[BaseProcess]]
DIM = 12


def clusters(seed: int, each: int = 20) -> np.ndarray:
    """Four clusters far apart for their spread."""
    generator = np.random.default_rng(seed)
    vectors = np.repeat(np.eye(DIM)[:4], each, axis=0) + 0.1 * generator.normal(size=(4 * each, DIM))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def parquet(folder: Path, name: str, vectors: np.ndarray, model: str = "m") -> Path:
    ids = [f"{name}{row}" for row in range(len(vectors))]
    Embeddings(ids=ids, vectors=vectors, model=model).save(folder / f"{name}.parquet")
    return folder / f"{name}.parquet"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    build_index([parquet(tmp_path, "a", clusters(0))], tmp_path / "index", BuildOptions())
    return tmp_path / "index"


@pytest.fixture
def board() -> Iterator[DrawingBoard]:
    board = DrawingBoard(method=Method.TSNE, rows=40)
    yield board
    board.close()


@pytest.fixture
def processes() -> Callable[[], list[BaseProcess]]:
    """The processes that draw, without those of servers that other tests keep."""
    others = {one.pid for one in multiprocessing.active_children()}
    return lambda: [one for one in multiprocessing.active_children() if one.pid not in others]


def drawing_of(board: DrawingBoard, index: Index) -> Drawing:
    """Once it is ready."""
    end = time.monotonic() + 150
    while board.progress(index).state is State.DRAWING:
        assert time.monotonic() < end
        time.sleep(0.05)
    return board.drawing(index)


@pytest.mark.parametrize("method", [Method.TSNE, Method.PCA])
def test_a_vector_that_was_fitted_lies_where_it_was_fitted_and_others_in_their_cluster(method: Method) -> None:
    """UMAP's own way put a vector elsewhere with each company: a branch did not lie where it lies in the whole."""
    known, others = clusters(0), clusters(1)
    layout = fitted(known, method)
    points = layout.between.place(np.concatenate([known, others]))
    np.testing.assert_allclose(points[:80], layout.between.points, rtol=1e-6)
    np.testing.assert_allclose(layout.between.place(others[7:9]), points[87:89], rtol=1e-6)
    centres = points[:80].reshape(4, 20, 2).mean(axis=1)
    apart = np.linalg.norm(points[80:, None] - centres, axis=2)
    assert (apart.argmin(axis=1) == np.repeat(np.arange(4), 20)).mean() > (0.99 if method is Method.TSNE else 0.5)


def test_what_was_fitted_is_told() -> None:
    few = fitted(clusters(0, each=1), Method.TSNE).drawn
    assert (few.method, few.notes[0]) == ("principal axes", "4 rows are too few for t-SNE: this is PCA")
    many = fitted(clusters(0), Method.TSNE).drawn
    assert (many.method, many.rows, many.shares) == ("t-SNE", 80, ())


def test_a_crowd_that_asks_for_a_layout_begins_one(built: Path, board: DrawingBoard, processes: Processes) -> None:
    index, states = Index.open(built), []
    threads = [threading.Thread(target=lambda: states.append(board.progress(index).state)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [State.DRAWING] * 20
    assert len(processes()) == 1
    with pytest.raises(BeingDrawn, match="is being drawn") as told:
        board.drawing(index)
    assert told.value.retry_after == 2
    began = time.monotonic()
    board.close()  # while it is fitted
    assert time.monotonic() - began < 2
    assert processes() == []


def test_a_process_that_ends_while_it_fits_is_told_with_its_exit_code(
    built: Path, board: DrawingBoard, processes: Processes
) -> None:
    index = Index.open(built)
    board.progress(index)
    [process] = processes()
    process.kill()
    process.join(5)
    progress = board.progress(index)
    assert (progress.state, progress.detail) == (State.FAILED, "its process ended (exit code -9)")
    maps = Maps(index, board)
    with pytest.raises(Undrawable, match="cannot be drawn: its process ended"):
        maps.plane(layout=Layout.NEIGHBOURS)
    assert maps.plane(layout=Layout.AXES).header["method"] == "principal axes"
    assert processes() == []  # it is not tried again at once


def test_a_layout_that_failed_is_tried_again_after_a_while(built: Path, processes: Processes) -> None:
    """An object store that did not answer for a moment left the server without a layout until it was begun anew."""
    index, board = Index.open(built), DrawingBoard(rows=40, pause=0)
    try:
        board.progress(index)
        for process in processes():
            process.kill()
            process.join(5)
        assert board.progress(index).state is State.DRAWING
        assert len(processes()) == 1
    finally:
        board.close()


def test_no_process_is_begun_after_the_server_has_ended_its_own(
    built: Path, board: DrawingBoard, processes: Processes
) -> None:
    """A thread that was still asked while the server stopped left a process behind."""
    board.close()
    assert board.progress(Index.open(built)).detail == "the server is stopping"
    assert processes() == []


def test_a_machine_that_begins_no_more_processes_is_told_of(
    built: Path, board: DrawingBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was "something went wrong on the server", each time that somebody asked."""

    def start(self: BaseProcess) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(BaseProcess, "start", start)
    progress = board.progress(Index.open(built))
    assert (progress.state, progress.detail) == (
        State.FAILED,
        "no process can be begun (Resource temporarily unavailable)",
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_ctrl_c_is_not_for_the_process_not_even_while_it_loads(
    built: Path, board: DrawingBoard, processes: Processes
) -> None:
    """Ctrl+C in the first seconds of a layout printed the traceback of a process that loaded its modules."""
    board.progress(Index.open(built))
    [process] = processes()
    status = Path(f"/proc/{process.pid}/status").read_text()
    blocked = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk")), 16)
    assert blocked >> (signal.SIGINT - 1) & 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.slow
def test_an_index_that_grows_keeps_its_layout_until_the_next_is_ready(
    tmp_path: Path, built: Path, board: DrawingBoard, processes: Processes
) -> None:
    before = Index.open(built)
    first = drawing_of(board, before)
    add_to_index([parquet(tmp_path, "b", clusters(1))], built, BuildOptions())
    index = before.refreshed()
    maps = Maps(index, board)
    header = maps.plane(layout=Layout.NEIGHBOURS).header
    assert (header["count"], header["version"], header["fitted"]) == (160, index.version, 40)
    old = f"the layout is that of version {before.version} of the index"
    assert header["notes"][-1] == old
    assert len(processes()) == 1
    end = time.monotonic() + 150
    while board.drawing(index) is first:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert old not in maps.plane(layout=Layout.NEIGHBOURS).header["notes"]
    assert processes() == []


@pytest.mark.slow
def test_another_index_in_the_folder_is_drawn_anew_though_its_number_is_the_same(
    tmp_path: Path, built: Path, board: DrawingBoard
) -> None:
    before = Index.open(built)
    first = drawing_of(board, before)
    built.rename(tmp_path / "before")
    build_index([parquet(tmp_path, "b", clusters(1))], built, BuildOptions())
    index = Index.open(built)
    assert (index.version, first.is_of(before), first.is_of(index)) == (before.version, True, False)
    end = time.monotonic() + 150
    while board.drawing(index) is first:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert board.drawing(index).is_of(index)


def test_an_index_without_rows_has_no_layout(built: Path, board: DrawingBoard) -> None:
    delete_rows(built, Doomed(ids=[f"a{row}" for row in range(80)]))
    with pytest.raises(Undrawable, match="there is no vector to map"):
        drawing_of(board, Index.open(built))
