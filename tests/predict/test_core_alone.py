"""`pip install thuja` without extras predicts: nothing below predict needs what curation is made of."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "thuja"
FILES = sorted(path for room in ("classify", "encode", "labels", "predict") for path in (SOURCE / room).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_file_that_answers_imports_curation(path: Path) -> None:
    """One did, and daft, matplotlib and aiohttp, which are extras, came with it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in named if name.startswith("thuja.curate")] == []
