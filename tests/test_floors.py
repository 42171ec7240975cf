"""The floors of docs/architecture.md: imports go down only, and rooms on one floor are blind to each other."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "thuja"
FLOORS = [
    {"errors", "taxonomy"},
    {"phrasing", "record", "images", "shards", "embeddings", "labels", "jobs", "regions", "report"},
    {"biosphere", "names", "curate", "captions", "metrics", "model", "search"},
    {"encode", "classify", "structure", "train"},
    {"recipes", "evaluate", "analyze", "predict"},
    {"experiments", "compat", "web"},
    {"cli"},
]
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
ONE_TABLE = 1
"""Floors 0 and 1 hold the words and things that everybody passes around; their files may use each other."""
TORCH_ROOMS = {"model", "encode", "train", "compat"}
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import in line {node.lineno}"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


@cache
def imports(path: Path) -> list[str]:
    """Every name the file imports, inside functions too."""
    return [name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for name in imported_by(node)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    assert room in FLOOR_OF, f"the room {room} stands on no floor"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "torch":
            assert room in TORCH_ROOMS, f"{path} imports torch"
        if parts[0] != "thuja" or parts[1] in (room, "__version__"):
            continue
        same_table = FLOOR_OF[parts[1]] == FLOOR_OF[room] <= ONE_TABLE
        assert FLOOR_OF[parts[1]] < FLOOR_OF[room] or same_table, f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_lowest_floors_stand_on_few_libraries(path: Path) -> None:
    allowed = [{"thuja"}, {"thuja", "numpy", "PIL", "pyarrow", "urllib3"}]
    level = FLOOR_OF.get(room_of(path), len(FLOORS))
    used = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names
    if path == SOURCE / "report" / "drawing.py":
        used -= {"matplotlib"}  # figures alone need it, and they alone import this file
    assert level >= len(allowed) or used <= allowed[level]


@pytest.mark.parametrize("path", sorted(SOURCE.glob("cli/*.py")), ids=lambda path: path.name)
def test_a_verbs_file_imports_its_room_inside_the_command(path: Path) -> None:
    """At the top, a room would bring numpy or torch with it, and help would take seconds."""
    names = [name for node in ast.parse(path.read_text(encoding="utf-8")).body for name in imported_by(node)]
    light = ("thuja.cli.", "thuja.errors.", "thuja.taxonomy.", "thuja.__version__")
    heavy = [name for name in names if name.startswith("thuja") and not name.startswith(light)]
    others = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"thuja", "click", "rich"}
    assert not heavy
    assert not others


def test_every_room_stands_in_the_architecture_page() -> None:
    page = (SOURCE.parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {room_of(path) for path in FILES} - {"__init__", "__main__"}
    assert [room for room in sorted(rooms) if f"`{room}" not in page] == []
