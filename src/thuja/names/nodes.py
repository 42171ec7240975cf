"""Backbones on the machines of a Ray cluster.

A machine that sees the same store at the same path, as on a shared file system, opens it there. To any other, its
files are sent once, in pieces through Ray's object store, and unpacked into that machine's own cache, where later runs
find them. Ray's other ways fit worse: an object of a whole store would have to fit into shared memory and could not
be mapped from disk, and a runtime environment is limited to some hundred megabytes and set when the cluster is joined.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import ray
from daft.runners import get_or_create_runner
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from thuja.jobs import temporary_name
from thuja.names.placed import Placed, files_of, seal_of

_PIECE = 64 * 2**20


def place(paths: Sequence[Path]) -> list[Placed]:
    """Make each of these folders or files openable on every machine that is in the cluster and has processors."""
    placed = [Placed(source=path, seal=seal_of(path)) for path in paths]
    get_or_create_runner()  # connects to the cluster that Daft was told of
    here = ray.remote(num_cpus=0)(_are_here)
    alive = ray.nodes()  # type: ignore[no-untyped-call]
    nodes = [node["NodeID"] for node in alive if node["Alive"] and node["Resources"].get("CPU", 0) > 0]
    found = ray.get([here.options(scheduling_strategy=_only(node)).remote(placed) for node in nodes])
    for number, one in enumerate(placed):
        without = [node for node, held in zip(nodes, found, strict=True) if not held[number]]
        if without:
            _send(one, without)
    return placed


def _only(node: str) -> NodeAffinitySchedulingStrategy:
    return NodeAffinitySchedulingStrategy(node_id=node, soft=False)


def _are_here(placed: Sequence[Placed]) -> list[bool]:
    return [one.is_here() for one in placed]


def _send(placed: Placed, nodes: Sequence[str]) -> None:
    pieces = [(file.name, ray.put(part)) for file in files_of(placed.source) for part in _pieces(file)]
    unpack = ray.remote(num_cpus=0)(_unpack)
    ray.get([unpack.options(scheduling_strategy=_only(node)).remote(placed, pieces) for node in nodes])


def _pieces(file: Path) -> Iterator[bytes]:
    """A file in pieces; of an empty one, an empty piece."""
    with file.open("rb") as stream:
        yield stream.read(_PIECE)
        while piece := stream.read(_PIECE):
            yield piece


def _unpack(placed: Placed, pieces: Sequence[tuple[str, "ray.ObjectRef[bytes]"]]) -> None:
    """Write what was sent beside its place, and move it there whole; who comes second leaves the first's."""
    target = placed.copy()
    temporary = target.with_name(temporary_name(target.name))
    is_folder = [name for name, _ in pieces] != [target.name] * len(pieces)
    folder = temporary if is_folder else temporary.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, piece in pieces:
            with (folder / name if is_folder else temporary).open("ab") as stream:
                stream.write(ray.get(piece))
        temporary.rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        temporary.unlink(missing_ok=True)
