"""`thuja captions make`: ask a multimodal model for a caption of every picture, check it, and write it down."""

import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.captions_make_options import MakeChoice, make_options
from thuja.cli.captions_server_options import ServerChoice, server_options
from thuja.cli.clusters import use_ray
from thuja.errors import UsageError

if TYPE_CHECKING:
    from thuja.captions.make import Handed, Summary


@click.command("make")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write.")
@server_options
@make_options
@click.option("--prompts-only", type=click.IntRange(1), metavar="N", help="Print the first N prompts, and ask nobody.")
@click.option("--ray", metavar="ADDRESS", help="Share the shards out on this Ray cluster (`auto`, or HOST:PORT).")
@click.option("--workers", type=click.IntRange(1), default=4, show_default=True, help="Processes on the cluster.")
def make_command(
    data: Path,
    *,
    out: Path | None,
    server: ServerChoice,
    choice: MakeChoice,
    prompts_only: int | None,
    ray: str | None,
    workers: int,
) -> None:
    """Caption the pictures of DATA: one accepted caption or one reasoned reject each, however often the run is killed.

    DATA is a folder that thuja curate made, a folder of shards or a .tar, a table (CSV, TSV, Parquet) with a column of
    paths and the lineage of each, or a folder of images named by species. Captions go to captions.parquet, to the
    catalog and into the shards of --out, which thuja train takes as DATA. The key of a server is read from
    THUJA_CAPTIONS_KEY (for OpenAI's own from OPENAI_API_KEY) and stands nowhere else.

    \b
    Examples:
      thuja captions make data --prompts-only 2 --descriptions descriptions
      thuja captions make data --server http://127.0.0.1:8000/v1 --descriptions descriptions --out captioned
      thuja captions make data --server https://api.openai.com/v1 --model gpt-4o-mini --out captioned \\
        --rate 500/min --price-in 0.15 --price-out 0.60 --budget 5
      thuja captions make photos.csv --captioner mine:caption --strategy bare --table-only --out captioned
    """
    if prompts_only is not None:
        _print_prompts(data, prompts_only, choice, server)
        return
    if out is None:
        raise UsageError("there is no output", hint="--out FOLDER, or --prompts-only N")
    server.require_one()
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # with -v it says a line for every request
    if ray is not None:
        use_ray(ray)
    from thuja.captions.make import Pace, make

    pace = Pace(concurrency=server.threads, workers=workers if ray is not None else 0)
    summary = make(
        data,
        choice.output(out),
        handed=_handed(data, server, choice),
        settings=choice.settings(server.model),
        pace=pace,
    )
    _print_summary(summary, out, choice)


def _handed(data: Path, server: ServerChoice, choice: MakeChoice) -> "Handed":
    from functools import partial

    from thuja.captions.check.repeats import Repeats
    from thuja.captions.check.settings import CheckSettings
    from thuja.captions.make import Handed
    from thuja.captions.make.checking import open_checks

    return Handed(
        open_captioner=server.opener(),
        open_checks=partial(open_checks, CheckSettings(max_words=choice.max_words), data),
        guidance=choice.guidance(),
        find_repeats=Repeats(),
        name=server.name(),
    )


def _print_prompts(data: Path, count: int, choice: MakeChoice, server: ServerChoice) -> None:
    from thuja.captions.make import preview

    shown = preview(data, count, guidance=choice.guidance(), settings=choice.settings(server.model))
    for number, (picture, prompt) in enumerate(shown):
        click.echo(("\n" if number else "") + f"=== {picture.uuid}  seed {prompt.seed}")
        if prompt.system:
            click.echo(f"--- role\n{prompt.system}")
        click.echo(f"--- request\n{prompt.text}")


def _print_summary(summary: "Summary", out: Path, choice: MakeChoice) -> None:
    click.echo(str(summary))
    click.echo(f"captions: {out / 'captions.parquet'}")
    click.echo(f"next:     thuja captions report {shlex.quote(str(out))} --out captions.html")
    if not choice.is_table_only:
        click.echo(f"          thuja train small-captions {shlex.quote(str(out))} --out run")
