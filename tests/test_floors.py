"""The floors of docs/architecture.md: imports go down only, and rooms on one floor are blind to each other."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "thuja"
FLOORS = [
    {"errors", "taxonomy"},
    {"phrasing", "record", "images", "shards", "embeddings", "labels", "jobs", "report"},
    {"biosphere", "names", "curate", "captions", "model", "search"},
    {"encode", "classify", "train"},
    {"recipes", "evaluate", "analyze", "predict"},
    {"experiments", "compat", "web"},
    {"cli"},
]
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
ONE_TABLE = 1
"""Floor 1 holds the things everybody passes around; its files may use each other."""
TORCH_ROOMS = {"model", "encode", "train", "compat"}
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    assert room in FLOOR_OF, f"the room {room} stands on no floor"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "torch":
            assert room in TORCH_ROOMS, f"{path} imports torch"
        if parts[0] != "thuja" or parts[1] in (room, "__version__"):
            continue
        same_table = FLOOR_OF[parts[1]] == FLOOR_OF[room] == ONE_TABLE
        assert FLOOR_OF[parts[1]] < FLOOR_OF[room] or same_table, f"{path} imports {name}"
