"""`thuja index`: make a folder that can be searched, add to it, delete from it, look after it."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.counting import counted_as
from thuja.cli.index_options import SEGMENT_ROWS, TakenIn, taken_in_options

if TYPE_CHECKING:
    from thuja.search.store.build import BuildReport


def _folder(ctx: click.Context, param: click.Parameter, value: str) -> Path:
    """An index that is changed or looked through where it lies; raises UsageError for object storage."""
    return _local(
        value, refused="this is done in a folder of this machine", hint="name the folder that is pushed there"
    )


FOLDER = click.argument("folder", metavar="DIR", callback=_folder)
EMBEDDINGS = click.argument(
    "embeddings", nargs=-1, required=True, metavar="EMBEDDINGS...", type=click.Path(path_type=Path)
)


@click.group()
def index() -> None:
    """Build and keep an index: a folder of embeddings with their rows, made to be searched.

    \b
    Example:
      thuja index build embeddings.parquet --thumbnails data --out birds-index
    """


@index.command("build")
@EMBEDDINGS
@click.option("--out", "-o", required=True, metavar="DIR", help="The folder to write.")
@taken_in_options
@click.option("--force", is_flag=True, help="Put it in the place of the index in --out, as its next version.")
def build_command(embeddings: tuple[Path, ...], *, out: str, taken_in: TakenIn, force: bool) -> None:
    """Make an index of EMBEDDINGS: Parquet files of thuja embed, or any with uuid and emb, and folders of them.

    Of rows with the same uuid the last one counts. Rows whose vector holds what is no number, or is all
    zero, are refused and counted. Columns of places can be left out. A build that was stopped goes on
    where it was when the same command is given again.

    \b
    Examples:
      thuja index build embeddings.parquet --thumbnails data --out index
      thuja index build parts/ --table catalog.parquet --without latitude,longitude --out index
    """
    from thuja.search.store.build import build_index

    folder = _local(out, refused="an index is built in a folder", hint="then: thuja index push DIR {url}")
    with _keeping(folder):
        report = build_index(embeddings, folder, taken_in.options(by="index build"), force=force)
    _told(report, folder)


@index.command("add")
@FOLDER
@EMBEDDINGS
@taken_in_options
def add_command(folder: Path, embeddings: tuple[Path, ...], *, taken_in: TakenIn) -> None:
    """Take more EMBEDDINGS into the index in DIR; a row whose uuid is there already is replaced.

    Whoever searches meanwhile keeps the version that they opened. The segments of many small adds are
    put together on the way.

    \b
    Example:
      thuja index add index new.parquet --thumbnails new-photos
    """
    from thuja.search.store.build import add_to_index

    with _keeping(folder):
        report = add_to_index(embeddings, folder, taken_in.options(by="index add"))
    _told(report, folder)


@index.command("delete")
@FOLDER
@click.option("--ids", type=click.Path(path_type=Path), help="A file with a uuid a line; `-` reads standard input.")
@click.option("--within", multiple=True, metavar="TAXON", help="All rows of a taxon; repeat it for more.")
@click.option("--where", multiple=True, metavar="CONDITION", help="Rows that meet it, such as license_name=.")
@click.option("--dry-run", is_flag=True, help="Say how many rows would go, and delete none.")
def delete_command(
    folder: Path, *, ids: Path | None, within: tuple[str, ...], where: tuple[str, ...], dry_run: bool
) -> None:
    """Delete rows of the index in DIR: those listed, and those within a taxon that meet all conditions.

    They are gone from every search at once, and from the disk when thuja index compact has written
    their segments anew.

    \b
    Examples:
      thuja index delete index --ids withdrawn.txt
      thuja index delete index --within Homo --where "license_name="
    """
    from thuja.errors import UsageError
    from thuja.search.index import Index
    from thuja.search.language import Asked, read_filter
    from thuja.search.store.changes import Doomed, delete_rows

    if ids is None and not within and not where:
        raise UsageError("nothing says which rows", hint="--ids FILE, --within TAXON or --where CONDITION")
    asked = Asked(within=within, where=where) if within or where else None
    doomed = Doomed(
        ids=_lines(ids) if ids is not None else [],
        chosen=None if asked is None else lambda opened: read_filter(asked, tree=opened.tree, kinds=opened.columns),
    )
    if dry_run:
        gone, unknown = doomed.among(Index.open(folder))
        click.echo(f"{counted_as(len(gone), 'row')} would go{_unknown(unknown)}")
        return
    deleted = delete_rows(folder, doomed, by="index delete")
    told = counted_as(deleted.rows, "row")
    click.echo(f"{folder}: {told} deleted{_unknown(deleted.unknown)}, {len(deleted.version):,} are left")


@index.command("compact")
@FOLDER
@SEGMENT_ROWS
@click.option("--keep", type=click.IntRange(min=1), default=1, show_default=True, help="Versions that stay.")
@click.option(
    "--grace", type=click.FloatRange(min=0), default=60.0, show_default=True, metavar="MINUTES",
    help="What was current so lately stays, too: somebody may be opening it.",
)  # fmt: skip
def compact_command(folder: Path, *, segment_rows: int, keep: int, grace: float) -> None:
    """Put small segments of the index in DIR together, drop deleted rows from the disk, and old versions.

    A segment is written anew if it is smaller than half of --segment-rows or a tenth of its rows is
    deleted. What an earlier version still needs stays until that version goes.

    \b
    Example:
      thuja index compact index --keep 3
    """
    from thuja.search.store.changes import compact
    from thuja.search.store.rewriting import CompactOptions

    options = CompactOptions(
        segment_rows=segment_rows, keep=keep, grace=60 * grace, by="index compact", label="rows written anew"
    )
    done = compact(folder, options)
    told = (
        f"{counted_as(done.from_segments, 'segment')} as {done.to_segments}"
        if done.from_segments
        else "no segment needs it"
    )
    gone = f"{counted_as(done.versions_gone, 'version')} gone, {_size(done.bytes_freed)} freed"
    click.echo(f"{folder}: {told}; {gone}; version {done.version.number}, {counted_as(len(done.version), 'row')}")
    if done.versions_left:
        click.echo(
            f"{done.versions_left} earlier versions stay, with what was deleted since: somebody has them open, or may, "
            f"until {grace:g} minutes have gone by (--grace)",
            err=True,
        )


@index.command("versions")
@FOLDER
def versions_command(folder: Path) -> None:
    """List the versions of the index in DIR that can still be opened, the current one last.

    \b
    Example:
      thuja index versions index
    """
    from thuja.search.store.places import LocalPlace
    from thuja.search.store.versions import current_number, listed, read_version

    place = LocalPlace(folder)
    current = current_number(place)
    for number in listed(place):
        if number <= current:
            one = read_version(place, number)
            note = "  current" if number == current else ""
            click.echo(
                f"{number:>6}  {one.made}  {len(one):>13,} rows  {len(one.segments):>4} segments  {one.by}{note}"
            )


@index.command("info")
@click.argument("where", metavar="DIR")
@click.option("--json", "is_json", is_flag=True, help="Print it as JSON.")
def info_command(where: str, *, is_json: bool) -> None:
    """Say what is in the index at DIR, which may be a URL: rows, model, columns, and what it takes on the disk.

    \b
    Example:
      thuja index info index
      thuja index info s3://bucket/index --json
    """
    import json

    from thuja.search.index import Index
    from thuja.search.store.describing import describe

    facts = describe(Index.open(where))
    if is_json:
        click.echo(json.dumps(facts, indent=2))
        return
    width = max(map(len, facts))
    for key, value in facts.items():
        click.echo(f"{key.ljust(width)}  {_shown(key, value)}")


@index.command("check")
@FOLDER
@click.option("--quick", is_flag=True, help="Look at sizes alone, and read no file through.")
def check_command(folder: Path, *, quick: bool) -> None:
    """Hold every file of the index in DIR against its size and SHA-256; exits 1 where one differs.

    \b
    Example:
      thuja index check index
    """
    from thuja.jobs import Progress
    from thuja.search.store.checking import check_index

    progress = Progress(total=None, label="checked", unit="bytes")
    done = check_index(folder, is_quick=quick, advance=lambda size: progress.advance(size))
    progress.close()
    for fault in done.faults:
        click.echo(fault)
    looked = f"{done.files:,} files of {done.versions:,} versions, {_size(done.bytes)}"
    click.echo(f"{folder}: {looked}, {len(done.faults):,} faults", err=bool(done.faults))
    if done.faults:
        sys.exit(1)


@index.command("push")
@FOLDER
@click.argument("url", metavar="URL")
def push_command(folder: Path, url: str) -> None:
    """Bring a copy of the index in DIR to object storage, or an earlier copy there up to date.

    The folder stays the one that is changed. The copy is searched by its URL as the folder is: small
    files are kept in the cache folder, vectors and rows are read where they are needed. Credentials are
    those that the store's own tools use.

    \b
    Example:
      thuja index push index s3://bucket/index
    """
    from thuja.jobs import Progress
    from thuja.search.store.places import without_secrets
    from thuja.search.store.pushing import push_index

    progress = Progress(total=None, label="pushed", unit="bytes")
    done = push_index(folder, url, advance=lambda size: progress.advance(size))
    progress.close()
    click.echo(f"{without_secrets(url)}: version {done.version}, {done.files:,} files and {_size(done.bytes)} sent")


def _local(where: str, *, refused: str, hint: str) -> Path:
    """A folder of this machine, which may be told as file://; raises UsageError for another URL."""
    from thuja.errors import UsageError
    from thuja.search.store.places import LocalPlace, is_url, place_of, without_secrets

    if is_url(where):
        url = without_secrets(where)
        raise UsageError(f"{refused}, not at {url}", hint=hint.format(url=url))
    place = place_of(where)
    assert isinstance(place, LocalPlace)
    return place.folder


@contextmanager
def _keeping(folder: Path) -> Iterator[None]:
    """Say on an interrupt that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nwhat is done is kept in {folder}: the same command goes on from there", err=True)
        raise


def _told(report: "BuildReport", folder: Path) -> None:
    """What came of a build: to stderr what was left out of it and why."""
    from thuja.search.manifest import UNKNOWN
    from thuja.search.store.build import told_counts
    from thuja.search.store.places import LocalPlace
    from thuja.search.store.rewriting import due
    from thuja.search.store.versions import listed

    if report.left_out:
        names = ", ".join(report.left_out)
        click.echo(f"columns left out, which are neither text, number nor bool: {names}", err=True)
    if report.refused:
        click.echo(
            f"{report.refused.total():,} of {report.read:,} rows refused: {told_counts(report.refused)}", err=True
        )
    if report.repeated:
        click.echo(
            f"{counted_as(report.repeated, 'row')} came again under the same uuid: the last one counts", err=True
        )
    replaced = f", {report.replaced:,} of them in the place of earlier ones" if report.replaced else ""
    pictures = f", {counted_as(report.thumbnails, 'thumbnail')}" if report.thumbnails else ""
    if report.version.model == UNKNOWN:
        click.echo(
            "nothing says whose vectors these are: --model NAME, or no picture and no words can be sought", err=True
        )
    taken = report.read - report.refused.total() - report.repeated
    click.echo(
        f"{folder}: {counted_as(taken, 'row')} taken in{replaced}{pictures}; version {report.version.number}, "
        f"{counted_as(len(report.version), 'row')} of {report.version.model}"
    )
    if report.kept_apart:
        click.echo(
            f"small segments stay apart, and the rows are in the index all the same: {report.kept_apart}", err=True
        )
    if reason := due(report.version, versions=len(listed(LocalPlace(folder)))):
        click.echo(f"{reason}: it is time for thuja index compact {shlex.quote(str(folder))}", err=True)
    if report.version.by == "index build":
        click.echo(f"next:    thuja serve --index {shlex.quote(str(folder))}", err=True)


def _lines(path: Path) -> list[str]:
    """The lines of a file, or of standard input, without blanks around and empty ones."""
    from thuja.errors import UsageError

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"{path} cannot be read: {reason}", hint="a file with a uuid a line") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _unknown(count: int) -> str:
    return f" ({count:,} ids are not in the index)" if count else ""


def _size(count: float) -> str:
    """Bytes as people read them.

    >>> _size(999), _size(12_345_678)
    ('999 bytes', '12.3 MB')
    """
    if count < 1000:
        return f"{count:.0f} bytes"
    power = min(int(len(f"{count:.0f}") - 1) // 3, 4)
    return f"{count / 1000**power:.1f} {' kMGT'[power]}B"


def _shown(key: str, value: object) -> str:
    """A value of `describe` on one line."""
    if key == "bytes" and isinstance(value, dict):
        return ", ".join(f"{name} {_size(one)}" for name, one in value.items())
    if isinstance(value, dict):  # columns by their kinds
        kinds = dict.fromkeys(value.values())
        return "; ".join(f"{kind}: {', '.join(name for name in value if value[name] == kind)}" for kind in kinds)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
