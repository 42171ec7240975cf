"""`thuja captions describe`: what encyclopedias say of how species look."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from thuja.captions.descriptions.describing import OpenSource
    from thuja.captions.descriptions.dump import Dump
    from thuja.captions.descriptions.keeping import Judge, Keep

PATH = click.Path(path_type=Path)


@click.command("describe")
@click.argument("taxa", type=PATH)
@click.option("--out", "-o", required=True, type=PATH, help="The folder to write.")
@click.option("--dump", "dumps", type=PATH, multiple=True, metavar="FILE", help="A wiki's pages-articles; repeatable.")
@click.option(
    "--index", "indexes", type=PATH, multiple=True, metavar="FILE", help="Of the dump at the same place; use it."
)
@click.option("--no-index", is_flag=True, help="Read whole dumps, whatever lies beside them.")
@click.option("--api", metavar="URL", help="A wiki's api.php.")
@click.option("--contact", metavar="MAIL|URL", help="Who asks, for --api: a mail address, or a page of yours.")
@click.option("--introductions", is_flag=True, help="The introductions that pip install taxoniq brings.")
@click.option(
    "--keep", type=click.Choice(["looks", "all"]), default="looks", show_default=True, help="Which sentences."
)
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="How visible to be.")
@click.option("--model-server", metavar="URL", help="Let a language model judge the sentences.")
@click.option(
    "--model-name", default="", metavar="NAME", help="Of the language model.  [default: the server's only one]"
)
@click.option("--workers", type=click.IntRange(0), default=0, help="Processes; 0 is one a core.")
@click.option("--block", type=click.IntRange(1), default=2_000, show_default=True, help="Taxa done at a time.")
@click.option("--force", is_flag=True, help="Replace what this verb wrote into --out.")
@click.option("--resume", is_flag=True, help="Go on where a killed run was.")
def describe_command(
    taxa: Path,
    *,
    out: Path,
    dumps: tuple[Path, ...],
    indexes: tuple[Path, ...],
    no_index: bool,
    api: str | None,
    contact: str | None,
    introductions: bool,
    keep: str,
    threshold: float,
    model_server: str | None,
    model_name: str,
    workers: int,
    block: int,
    force: bool,
    resume: bool,
) -> None:
    """Find how each of TAXA looks: sentences from encyclopedias, each with its page, revision and licence.

    TAXA is a data folder of thuja curate, or a table (.csv, .tsv, .parquet) with columns kingdom ... species and
    common, or with scientific_name alone. Sources are asked in the order dumps, API, introductions; the first that
    tells how a taxon looks is taken. A taxon without a description gets a row that says why. An index that lies beside
    its dump is used where that saves work; --index and --no-index decide it.

    \b
    Examples:
      thuja captions describe data --dump enwiki-latest-pages-articles-multistream.xml.bz2 --out descriptions
      thuja captions describe species.csv --api https://en.wikipedia.org/w/api.php --contact me@example.org \\
          --introductions --out descriptions
    """
    from thuja.captions.descriptions.describing import DESCRIPTIONS, DescribeSettings, describe
    from thuja.captions.descriptions.taxon_table import read_taxa
    from thuja.jobs import require_output

    settings = DescribeSettings(block=block, force=force, resume=resume)
    require_output(out, verb="captions describe", force=force, resume=resume)
    table = read_taxa(taxa)
    sources = [open_source(dump, workers) for dump in _dumps(dumps, indexes, no_index=no_index)]
    if api:
        sources.append(_api(api, contact))
    if introductions:
        sources.append(_introductions())
    if table.nameless:
        click.echo(f"{table.nameless:,} rows name no taxon and are left out", err=True)
    kept = f"{keep} {threshold:g} {model_server or 'thuja'} {model_name}" if keep == "looks" else keep
    keeps = _keep(keep, threshold=threshold, model_server=model_server, model_name=model_name)
    summary = describe(table, sources, out, keep=keeps, kept=kept, settings=settings)
    click.echo(str(summary), err=True)
    click.echo(f"descriptions: {out / DESCRIPTIONS}")


def _dumps(paths: tuple[Path, ...], indexes: tuple[Path, ...], *, no_index: bool) -> "list[Dump]":
    """Each dump with its index: the one given for it, else the one that lies beside it, which serves where it helps."""
    from thuja.captions.descriptions.dump import Dump
    from thuja.errors import UsageError

    if len(indexes) > len(paths):
        raise UsageError(f"{len(indexes)} indexes for {len(paths)} dumps", hint="an --index belongs to a --dump")
    if indexes and no_index:
        raise UsageError("--index and --no-index exclude each other", hint="leave one out")
    given = [Dump(path=path, index=index) for path, index in zip(paths, indexes, strict=False)]
    others = paths[len(given) :]
    if no_index:
        return [Dump(path=path) for path in others]
    return [*given, *(Dump(path=path, index=index_beside(path), is_index_optional=True) for path in others)]


def index_beside(dump: Path) -> Path | None:
    """The index of a multistream dump under its usual name, if it is there."""
    if not dump.name.endswith(".xml.bz2"):
        return None
    path = dump.with_name(dump.name.removesuffix(".xml.bz2") + "-index.txt.bz2")
    return path if path.is_file() else None


def open_source(dump: "Dump", workers: int) -> "OpenSource":
    """A dump as a source to open."""
    from thuja.captions.descriptions.describing import OpenSource
    from thuja.captions.descriptions.dump import head_of, open_dump
    from thuja.errors import EmptyInput

    head_of(dump.path)
    if dump.index is not None and not dump.index.is_file():
        raise EmptyInput(f"there is no index at {dump.index}", hint="leave --index out where it lies beside the dump")
    return OpenSource(
        plan={"dump": dump.plan()}, open=lambda table, work: open_dump(dump, table, work, workers=workers)
    )


def _api(url: str, contact: str | None) -> "OpenSource":
    from thuja.captions.descriptions.api import open_wiki
    from thuja.captions.descriptions.describing import OpenSource
    from thuja.captions.descriptions.page_choice import LookupSource
    from thuja.errors import UsageError
    from thuja.jobs import cache_folder

    if not contact:
        raise UsageError("a wiki's API wants to know who asks", hint="--contact: a mail address, or a page of yours")
    wiki = open_wiki(url, contact=contact, cache=cache_folder() / "wikis")

    return OpenSource(plan={"api": url}, open=lambda table, work: LookupSource(wiki, site=wiki.site()))


def _introductions() -> "OpenSource":
    from thuja.captions.descriptions.describing import OpenSource
    from thuja.captions.descriptions.introduction_store import IntroductionStore
    from thuja.captions.descriptions.introductions import IntroductionSource

    store = IntroductionStore()
    return OpenSource(plan={"introductions": store.edition}, open=lambda table, work: IntroductionSource(store))


def _keep(keep: str, *, threshold: float, model_server: str | None, model_name: str) -> "Keep":
    from thuja.captions.descriptions.keeping import keep_all
    from thuja.captions.descriptions.sentences import split_sentences
    from thuja.captions.descriptions.visual import judge_of, keep_visible

    if keep == "all":
        return keep_all(split_sentences)
    if model_server:  # asked once for each clause
        return keep_visible(_model_judge(model_server, model_name), threshold=threshold, context=0)
    return keep_visible(judge_of(), threshold=threshold)


def _model_judge(server: str, model: str) -> "Judge":
    from thuja.captions.descriptions.asked_judge import judge_by
    from thuja.captions.server import ServerCaptioner, ServerSettings

    return judge_by(ServerCaptioner(ServerSettings(servers=(server,), model=model)).ask)
