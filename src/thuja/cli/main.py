"""`thuja`: finds the verb, and turns errors raised on purpose into one sentence and an exit code."""

import logging
import os
import sys
from io import TextIOWrapper

import click

from thuja import __version__
from thuja.cli.groups import LazyGroup
from thuja.errors import ThujaError

VERBS = {
    "ablate": "thuja.cli.ablate:ablate",
    "analyze": "thuja.cli.analyze:analyze",
    "biosphere": "thuja.cli.biosphere:biosphere",
    "calibrate": "thuja.cli.calibrate:calibrate",
    "captions": "thuja.cli.captions:captions",
    "curate": "thuja.cli.curate:curate",
    "embed": "thuja.cli.embed:embed",
    "evaluate": "thuja.cli.evaluate:evaluate",
    "finetune": "thuja.cli.finetune:finetune",
    "index": "thuja.cli.index:index",
    "labels": "thuja.cli.labels:labels",
    "models": "thuja.cli.models:models",
    "names": "thuja.cli.names:names",
    "predict": "thuja.cli.predict:predict",
    "search": "thuja.cli.search:search",
    "serve": "thuja.cli.serve:serve",
    "shards": "thuja.cli.shards:shards",
    "train": "thuja.cli.train:train",
}


class Verbs(LazyGroup):
    """The verbs of `thuja`."""

    homes = VERBS


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="thuja")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr, and show tracebacks.")
@click.pass_context
def cli(ctx: click.Context, *, verbose: bool) -> None:
    """From biodiversity records to a model of the tree of life.

    \b
    Example:
      thuja biosphere make world --species 200 --images 40 --seed 0
    """
    ctx.obj = verbose
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s: %(message)s")


def main() -> None:
    """Run the command line; exits 0, 1 for a failure, 2 for a wrong call."""
    # Threads that wait for each other by spinning lose half of a model's speed as soon as one other
    # process wants a core. It must be set before torch loads OpenMP.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name that is not UTF-8 ends no run
    try:
        status = cli.main(prog_name="thuja", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit("interrupted")
    except ThujaError as error:
        if _is_verbose():
            raise
        if not error.is_told_elsewhere:
            print(f"thuja: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # a full disk, a folder gone: for the user to mend, as a ThujaError is
        if _is_verbose():
            raise
        print(f"thuja: {error}", file=sys.stderr)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _is_verbose() -> bool:
    return "-v" in sys.argv or "--verbose" in sys.argv
