"""The door: every verb's help is light and ends in an example, and errors leave as one sentence."""

import json
import os
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from thuja.cli.main import VERBS, cli

HEAVY = ("torch", "numpy", "pyarrow", "polars", "PIL", "daft", "sklearn", "scipy", "matplotlib")


def commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and every one below it, each with the words that call it."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*words, name))


def of_verb(verb: str) -> list[tuple[tuple[str, ...], click.Command]]:
    module, name = VERBS[verb].split(":")
    return list(commands(getattr(import_module(module), name), (verb,)))


def thuja(*arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, after `script`."""
    code = f"import sys\n{textwrap.dedent(script)}\nfrom thuja.cli.main import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "100"},
    )


REPORT_HEAVY = f"""
    import atexit
    atexit.register(lambda: print("heavy:", *sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr))
"""


def test_help_lists_every_verb_and_imports_nothing_heavy() -> None:
    done = thuja("--help", script=REPORT_HEAVY)
    assert (done.returncode, done.stderr) == (0, "heavy:\n")
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)


HELPS = f"""
    import json
    from thuja.cli.main import main
    for words in json.loads(sys.argv[1]):
        sys.argv[1:] = [*words, "--help"]
        try:
            main()
        except SystemExit as end:
            print(*words, end.code, *sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
    sys.exit()
"""
"""The help of one command after the other, as starting Python is most of the time: the first that is heavy is named."""


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_verbs_help_imports_nothing_heavy(verb: str) -> None:
    asked = [words for words, _ in of_verb(verb)]
    done = thuja(json.dumps(asked), script=HELPS)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [" ".join([*words, "0"]) for words in asked]
    assert done.stdout.count("Usage: thuja ") == len(asked)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_help_ends_in_an_example_whose_options_exist(verb: str) -> None:
    for words, command in of_verb(verb):
        assert command.help, words
        _, marker, example = command.help.partition("Example")
        assert marker, f"thuja {' '.join(words)} --help has no example"
        calls = [line.strip() for line in example.replace("\\\n", " ").splitlines() if "thuja " in line]
        assert calls, words
        for call in calls:
            check_call(shlex.split(call, comments=True))


def check_call(call: list[str]) -> None:
    """Walk from `thuja` to the command that the call names, and parse the rest with its own parser."""
    call = call[call.index("thuja") + 1 :]
    command: click.Command = cli
    while isinstance(command, click.Group) and call and not call[0].startswith("-"):
        below = command.get_command(click.Context(command), call[0])
        assert below is not None, call
        command, call = below, call[1:]
    command.make_parser(click.Context(command)).parse_args(call)  # raises NoSuchOption


def test_the_version_is_the_packages() -> None:
    done = thuja("--version")
    assert done.stdout == "thuja, version 0.1.0\n"


def test_an_unknown_verb_exits_2() -> None:
    done = thuja("clasify")
    assert done.returncode == 2
    assert "No such command 'clasify'" in done.stderr


def test_no_verb_shows_the_help_and_exits_2() -> None:
    done = thuja()
    assert done.returncode == 2
    assert "Usage: thuja" in done.stderr


FAILING = """
    import click
    from thuja.cli import main as door
    from thuja.errors import BadFile, UsageError

    @click.command()
    @click.argument("what")
    @click.pass_context
    def fail(ctx, what):
        errors = {
            "usage": UsageError("k is larger than the labels", hint="at most 10"),
            "failure": BadFile("cut short"),
            "disk": OSError(28, "No space left on device", "out.parquet"),
            "interrupt": KeyboardInterrupt(),
            "bug": ZeroDivisionError("ours"),
        }
        if what == "exit":
            ctx.exit(3)
        if what in errors:
            raise errors[what]

    sys.modules["thuja.cli.fail"] = type(sys)("fail")
    sys.modules["thuja.cli.fail"].fail = fail
    door.VERBS["fail"] = "thuja.cli.fail:fail"
"""
"""A verb that ends in every way a verb can end."""


@pytest.mark.parametrize(
    ("what", "code", "stderr"),
    [
        ("nothing", 0, ""),
        ("usage", 2, "thuja: k is larger than the labels\nhint: at most 10\n"),
        ("failure", 1, "thuja: cut short\n"),
        ("disk", 1, "thuja: [Errno 28] No space left on device: 'out.parquet'\n"),
        ("exit", 3, ""),
    ],
)
def test_a_verb_leaves_with_its_code_and_one_sentence(what: str, code: int, stderr: str) -> None:
    """A full disk was once a traceback, and a verb's own exit code was lost."""
    done = thuja("fail", what, script=FAILING)
    assert (done.returncode, done.stderr, done.stdout) == (code, stderr, "")


def test_an_interrupt_is_no_traceback() -> None:
    done = thuja("fail", "interrupt", script=FAILING)
    assert done.returncode == 1
    assert done.stderr.strip() == "interrupted"


def test_our_own_faults_keep_their_traceback_and_verbose_shows_all() -> None:
    assert "ZeroDivisionError: ours" in thuja("fail", "bug", script=FAILING).stderr
    assert "Traceback" in thuja("--verbose", "fail", "failure", script=FAILING).stderr


def test_training_on_a_folder_that_curate_did_not_make_is_a_wrong_call(tmp_path: Path) -> None:
    """It was the system's own error, a missing folder `shards`, and exit code 1."""
    done = thuja("train", "small", str(tmp_path), "--out", str(tmp_path / "run"))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"thuja: {tmp_path} is an empty folder\nhint: thuja curate PHOTOS --out {tmp_path} fills it" in done.stderr


def test_a_name_that_is_not_utf_8_is_printed_as_its_escape() -> None:
    """Standard output refused it, and one file's name ended a run of many."""
    script = "import click; from thuja.cli import names; names.names.commands['say'] = click.Command("
    script += "'say', callback=lambda: print('\\udcff.jpg'))"
    strict = "sys.stdout.reconfigure(encoding='utf-8', errors='strict')\n"
    done = thuja("names", "say", script=strict + script)
    assert (done.returncode, done.stdout) == (0, "\\udcff.jpg\n")
