"""The pages say what is there: links lead somewhere, commands parse, dependencies are named."""

import ast
import functools
import importlib.metadata
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from thuja.cli.main import cli

REPOSITORY = Path(__file__).parent.parent
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~\[;]", name, maxsplit=1)[0]).lower()


EXTRAS = PROJECT["optional-dependencies"]
CORE = {normal(line) for line in PROJECT["dependencies"]}
DECLARED = (CORE | {normal(line) for lines in EXTRAS.values() for line in lines}) - {"thuja"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_listed() -> None:
    index = (REPOSITORY / "docs" / "index.md").read_text(encoding="utf-8")
    unlisted = [page.name for page in PAGES if page.parent.name == "docs" and f"({page.name})" not in index]
    assert unlisted == ["index.md"]


def calls(page: Path) -> Iterator[str]:
    """The lines of a page's shell blocks that call thuja, continued lines joined."""
    for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().removeprefix("$ ")
            if line.startswith("thuja "):
                yield line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_has_the_options_it_uses(page: Path) -> None:
    for line in calls(page):
        words = shlex.split(line, comments=True)[1:]
        command: click.Command = cli
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            below = command.get_command(click.Context(command), words[0])
            assert below is not None, line
            command, words = below, words[1:]
        command.make_parser(click.Context(command)).parse_args(words)  # raises NoSuchOption


def test_the_page_of_commands_is_what_help_says() -> None:
    script = REPOSITORY / "scripts" / "docs_cli"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""


def test_every_dependency_has_its_line() -> None:
    page = (REPOSITORY / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [
        normal(cell.strip(" `"))
        for row in page.splitlines()
        if row.startswith("|")
        for cell in row.split("|")[1:3]
        for cell in cell.split(",")
    ]
    assert sorted(DECLARED - set(rows)) == []


def test_every_dependency_is_pinned() -> None:
    constraints = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {normal(line): line for line in constraints if line and not line.startswith("#")}
    assert sorted(DECLARED - set(pins)) == []
    assert all("==" in line for line in pins.values())


BENCHMARKS = {path.stem for path in (REPOSITORY / "benchmarks").glob("*.py")}
"""Our own too: tests import them by their bare names."""


@functools.cache
def providers() -> dict[str, str]:
    """Which distribution brings each top-level module."""
    return {module: normal(names[0]) for module, names in importlib.metadata.packages_distributions().items()}


def third_party(path: Path) -> set[str]:
    """The distributions that a file imports, by normalised name."""
    modules = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    } - {"thuja", "tests", "scripts", *BENCHMARKS, *sys.stdlib_module_names}
    return {providers().get(module, normal(module)) for module in modules}


def test_whatever_the_package_imports_is_declared() -> None:
    used = {name for path in (REPOSITORY / "src").rglob("*.py") for name in third_party(path)}
    assert sorted(used - DECLARED) == []


def test_whatever_the_core_declares_is_used() -> None:
    """Imported, or looked up by its module's name as a package that only holds data is."""
    sources = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "src").rglob("*.py")]
    modules = {module: name for module, name in providers().items() if name in CORE}
    forms = {module: re.compile(rf"(import|from) {module}\b|['\"]{module}['\"]") for module in modules}
    used = {modules[module] for module, form in forms.items() if any(map(form.search, sources))}
    assert sorted(CORE - used) == []


def test_whatever_the_tests_import_is_declared() -> None:
    used = {name for path in (REPOSITORY / "tests").rglob("*.py") for name in third_party(path)}
    assert sorted(used - DECLARED) == []
