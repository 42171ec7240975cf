"""`thuja shards`: check WebDataset shards, look into them, and write them anew."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from thuja.shards.checking import ShardsReport

_PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
_SHOWN = 10
_WORKERS = click.option("--workers", type=click.IntRange(min=0), default=0, help="Processes.  [default: one a core]")


@click.group()
def shards() -> None:
    """Check WebDataset shards, look into them, write them anew: thuja's, TreeOfLife's, LAION's.

    \b
    Example:
      thuja shards check data/shards
    """


@shards.command("check")
@_PATHS
@click.option("--decode", is_flag=True, help="Decode every image too.")
@_WORKERS
def check_command(paths: tuple[Path, ...], *, decode: bool, workers: int) -> int:
    """Read shards through: tar structure, records, images, keys, and the manifest beside them.

    PATH is a folder of shards, a data folder of thuja curate, or a .tar. Prints what was read and a
    table of the faults; exits 1 where there is one.

    \b
    Example:
      thuja shards check data/shards --decode
    """
    from thuja.shards.checking import check_shards

    report = check_shards(paths, is_decoded=decode, workers=workers)
    for line in _check_lines(report):
        click.echo(line)
    return 0 if report.is_good else 1


def _check_lines(report: "ShardsReport") -> list[str]:
    lines = [f"shards\t{report.shards}", f"samples\t{report.samples}", f"bytes\t{report.bytes}"]
    lines += [f"samples in {_plain(split) or 'no split'}\t{count}" for split, count in report.splits.items()]
    lines.append(f"manifest\t{'yes' if report.manifests else 'none'}")
    lines.append(f"faults\t{sum(report.faults.values())}")
    for reason, count in report.faults.items():
        told = [fault for fault in report.examples if fault.reason == reason]
        lines.append(f"  {reason}\t{count}")
        lines += [f"    {_plain(fault)}" for fault in told]
        if count > len(told):
            lines.append(f"    and {count - len(told):,} more")
    return lines


@shards.command("ls")
@_PATHS
@click.option("--columns", metavar="A,B,...", help="Of the catalog, and shard, key, taxon, size.")
@click.option("--json", "is_json", is_flag=True, help="A JSON object a line.")
@click.option("--count", is_flag=True, help="Only how many samples each shard has.")
def ls_command(paths: tuple[Path, ...], *, columns: str | None, is_json: bool, count: bool) -> int:
    """Print a line a sample: shard, uuid, taxon, split, size of the image in bytes.

    \b
    Examples:
      thuja shards ls data/shards | head
      thuja shards ls data/shards --columns uuid,family,license_name --json
      thuja shards ls data/shards --count
    """
    import json

    from thuja.errors import UsageError
    from thuja.shards import FaultCount
    from thuja.shards.checking import find_shards
    from thuja.shards.listing import COLUMNS, count_samples, list_samples

    faults = FaultCount()
    found = find_shards(paths)
    if count:
        if columns or is_json:
            raise UsageError("--count prints counts alone", hint="leave out --columns and --json")
        total = 0
        for path in found:
            samples = count_samples(path, on_fault=faults)
            total += samples
            click.echo(f"{_plain(path.name)}\t{samples}")
        click.echo(f"total\t{total}")
        return 1 if faults.reasons else 0
    wanted = [name.strip() for name in columns.split(",")] if columns else list(COLUMNS)
    for row in list_samples(found, wanted, on_fault=faults):
        if is_json:
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo("\t".join("" if value is None else _plain(value) for value in row.values()))
    return 1 if faults.reasons else 0


@shards.command("cat")
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("uuids", nargs=-1, required=True, metavar="UUID...")
@click.option("--image", type=click.Path(path_type=Path), metavar="FILE", help="Write the image's bytes there.")
def cat_command(path: Path, uuids: tuple[str, ...], *, image: Path | None) -> None:
    """Print the record of each UUID as JSON, with its text members, and write its image to a file.

    \b
    Example:
      thuja shards cat data/shards 4f7b0a1e-6c1f-5b7e-9a52-1c0a7d0b7e11 --image raven.jpg
    """
    import json

    from thuja.errors import OutputExists, UsageError
    from thuja.jobs import atomic_path
    from thuja.shards.checking import find_shards
    from thuja.shards.listing import find_samples

    if image is not None and len(uuids) > 1:
        raise UsageError(f"--image writes one image, got {len(uuids)} uuids", hint="ask for one at a time")
    if image is not None and image.exists():
        raise OutputExists(f"{image} exists already", hint="name another file")
    for found in find_samples(find_shards([path]), uuids):
        row: dict[str, Any] = {"shard": found.shard.name, **json.loads(found.sample.record.to_json())}
        if found.sample.texts:
            row["texts"] = dict(found.sample.texts)
        click.echo(json.dumps(row, indent=2, ensure_ascii=False))
        if image is not None:
            with atomic_path(image) as temporary:
                temporary.write_bytes(found.sample.image)


@shards.command("repack")
@_PATHS
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--size", type=int, default=10_000, show_default=True, help="Samples a shard, at most.")
@click.option("--shuffle", is_flag=True, help="Shuffle the samples of each split.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the shuffle.")
@click.option("--max-side", type=int, help="Make larger images smaller: their longest side in pixels.")
@click.option("--text-keys", is_flag=True, help="Write TreeOfLife's text members too.")
@click.option(
    "--take-down", type=click.Path(path_type=Path), metavar="FILE", help="Leave out these: a uuid, URL or id a line."
)
@_WORKERS
@click.option("--force", is_flag=True, help="Replace the shards in --out.")
@click.option("--resume", is_flag=True, help="Go on with the shards in --out.")
def repack_command(
    paths: tuple[Path, ...],
    *,
    out: Path,
    size: int,
    shuffle: bool,
    seed: int,
    max_side: int | None,
    text_keys: bool,
    take_down: Path | None,
    workers: int,
    force: bool,
    resume: bool,
) -> int:
    """Write shards anew, of even size, with a manifest.

    PATH is a folder of shards or a .tar, of thuja's, TreeOfLife's or LAION's layout. Samples keep
    their split, what cannot be read is left out and counted, and images lose their metadata. The
    same input gives the same bytes, also when the command was killed and resumed. It exits 1 where an
    entry of the take-down list is found nowhere; the rest is written all the same.

    \b
    Example:
      thuja shards repack data/shards --out smaller --size 1000 --max-side 224 --shuffle
    """
    from thuja.shards.repacking import RepackConfig, repack

    config = RepackConfig(
        size=size, seed=seed if shuffle else None, max_side=max_side, text_keys=text_keys, take_down=take_down
    )
    report = repack(paths, out, config, force=force, resume=resume, workers=workers)
    click.echo(
        f"{report.read:,} samples read = {report.written:,} written + {report.taken_down:,} taken down"
        f" + {report.repeated:,} repeated + {report.unusable:,} unusable"
    )
    click.echo(f"{out}: {report.shards:,} shards ({_counts(report.splits)})")
    if report.faults:
        click.echo(f"left out or damaged: {_counts(report.faults)}")
    if report.not_found:
        shown = ", ".join(_plain(entry) for entry in report.not_found[:_SHOWN])
        more = f" and {len(report.not_found) - _SHOWN:,} more" if len(report.not_found) > _SHOWN else ""
        click.echo(f"not found in these shards, of the take-down list: {shown}{more}", err=True)
    return 1 if report.not_found else 0


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_plain(name)} {count:,}" for name, count in counts.items())


def _plain(value: object) -> str:
    """One field of one line: what would end it, or move a terminal's cursor, becomes its escape."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
