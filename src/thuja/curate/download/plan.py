"""What is to be downloaded from where: the distinct URLs of a table, by host, less what is there already.

The URLs are dealt into pieces by their hash, so that each piece can be made distinct, compared and sorted in memory
whatever the size of the whole. A piece lies on disk sorted by host; a host is a stretch in each of them, which is read
a few URLs at a time.
"""

import shutil
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import daft
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from daft import col, lit

from thuja.curate.download.content import Wanted
from thuja.curate.download.hosts import AUTHORITY, host_name
from thuja.curate.download.journal import OUTCOMES, tables
from thuja.curate.download.settings import MARGIN, DownloadSettings
from thuja.curate.parquet_frames import read_frame
from thuja.curate.steps import Frame

_PIECE: Final = 4_000_000
"""Rows of a piece, about."""
_READ: Final = 128
"""URLs of one host that are read at once."""
_HOSTS: Final = "hosts.parquet"
_LAST: Final = 1_000_000
_AND: Final = "/"
"""Between the two hashes that a row states."""


def plan_hosts(frame: Frame, settings: DownloadSettings, *, store: Path | None = None) -> pl.DataFrame:
    """Columns host, urls, seconds at the host's rate: what a download would ask for, most seconds first.

    `host` is "" for what is no address of the web. What `store` holds already is not asked for.
    """
    with tempfile.TemporaryDirectory() as scratch:
        pieces = _pieces(frame, store, Path(scratch), retry_failed=settings.retry_failed)
        counts = [left.group_by("host").agg(pl.len().cast(pl.Int64).alias("urls")) for left in pieces]
    hosts = _timed(pl.concat(counts).group_by("host").agg(pl.col("urls").sum()), settings)
    return hosts.sort(["seconds", "host"], descending=[True, False])


def to_download(frame: Frame) -> Frame:
    """The rows that are kept, have an URL and no bytes on this machine."""
    return frame.where(
        col("drop_reason").is_null()
        & col("place").is_null()
        & col("source_url").not_null()
        & (col("source_url") != lit(""))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan on disk: how many URLs it holds, and over how many workers its hosts are shared out."""

    folder: Path
    urls: int
    shares: int


def make_plan(frame: Frame, store: Path, folder: Path, *, settings: DownloadSettings) -> Plan:
    """Write a plan of what is not in the store yet into `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    runs = []
    for piece, left in enumerate(_pieces(frame, store, folder, retry_failed=settings.retry_failed)):
        left.write_ipc(folder / f"{piece:05}.arrow", compression="uncompressed", compat_level=pl.CompatLevel.oldest())
        counts = left.group_by("host", maintain_order=True).agg(pl.len().cast(pl.Int64).alias("urls"))
        start = pl.col("urls").cum_sum() - pl.col("urls")
        runs.append(counts.with_columns(start.alias("start"), pl.lit(piece).alias("piece")))
    stretches = pl.concat(runs)
    hosts = _timed(stretches.group_by("host").agg(pl.col("urls").sum()), settings)
    shared = share_out(hosts, settings.workers).drop("urls")
    stretches.join(shared, on="host").sort(["host", "piece"]).write_parquet(folder / _HOSTS)
    return Plan(folder=folder, urls=int(stretches["urls"].sum()), shares=settings.workers)


def _pieces(frame: Frame, store: Path | None, folder: Path, *, retry_failed: int) -> Iterator[pl.DataFrame]:
    """What is not in the store, by host, a piece at a time; `folder` holds the pieces until the last is taken."""
    rows = to_download(frame).select(
        col("source_url").alias("url"), col("sha256"), col("md5"), col("crop").not_null().alias("is_original")
    )
    done = tables(store) if store is not None else []
    pieces = 1 + (rows.count_rows() + sum(rows_of(path) for path in done)) // _PIECE
    asked = deal(rows, pieces, folder / "asked")
    had = deal(read_tables(done).exclude("place", "message"), pieces, folder / "had") if done else {}
    for piece in range(pieces):
        yield _by_host(_left(asked.get(piece, []), had.get(piece, []), retry_failed))
    for name in ("asked", "had"):
        shutil.rmtree(folder / name, ignore_errors=True)


def share_out(hosts: pl.DataFrame, shares: int) -> pl.DataFrame:
    """Add a column `share`: the longest host first, each to the worker that has the least to do so far."""
    loads = [0.0] * shares
    order = hosts.sort(["seconds", "host"], descending=[True, False])
    chosen = []
    for seconds in order["seconds"]:
        share = min(range(shares), key=loads.__getitem__)
        loads[share] += seconds
        chosen.append(share)
    return order.with_columns(pl.Series("share", chosen, dtype=pl.Int64))


class HostQueue:
    """The URLs of one host, read from the plan as they are asked for."""

    def __init__(self, host: str, stretches: list[tuple[pa.Table, int, int]]) -> None:
        """Each stretch is a table with the columns of a piece, a first row and a number of rows."""
        self.host = host
        self._stretches = list(reversed(stretches))
        self._read: list[Wanted] = []

    @property
    def is_empty(self) -> bool:
        """Whether every URL has been handed out."""
        return not (self._read or self._stretches)

    def pop(self) -> Wanted | None:
        """The next URL, or None at the end."""
        if not self._read and self._stretches:
            table, start, count = self._stretches.pop()
            rows = table.slice(start, min(count, _READ)).to_pylist()
            if count > _READ:
                self._stretches.append((table, start + _READ, count - _READ))
            self._read = [_wanted(row) for row in reversed(rows)]
        return self._read.pop() if self._read else None


class SharePlan:
    """One worker's part of a plan: its hosts, longest first, and who looks after all the others."""

    def __init__(self, plan: Plan, share: int) -> None:
        hosts = pl.read_parquet(plan.folder / _HOSTS, glob=False)
        self.share, self._shares = share, plan.shares
        self._owners: Mapping[str, int] = dict(hosts.select("host", "share").unique().iter_rows())
        self._mine = hosts.filter(pl.col("share") == share)
        self._pieces = {
            piece: pa.ipc.open_file(pa.memory_map(str(plan.folder / f"{piece:05}.arrow"))).read_all()
            for piece in sorted(set(self._mine["piece"]))
        }
        self.urls = int(self._mine["urls"].sum())

    def queues(self) -> list[HostQueue]:
        """The hosts, those first that take the longest."""
        stretches: dict[str, list[tuple[pa.Table, int, int]]] = {}
        ordered = self._mine.sort(["seconds", "host", "piece"], descending=[True, False, False])
        for host, piece, start, count in ordered.select("host", "piece", "start", "urls").iter_rows():
            stretches.setdefault(host, []).append((self._pieces[piece], start, count))
        return [HostQueue(host, found) for host, found in stretches.items()]

    def owns(self, host: str) -> bool:
        """Whether this worker asks a host; one that no plan knows belongs to somebody by its name."""
        owner = self._owners.get(host)
        return (zlib.crc32(host.encode()) % self._shares if owner is None else owner) == self.share


def deal(frame: Frame, pieces: int, folder: Path) -> dict[int, list[Path]]:
    """Write a table with a column `url` into as many pieces by the URL's hash; returns each piece's files."""
    piece = (col("url").hash() % lit(pieces)).cast(daft.DataType.int64())
    frame.with_column("piece", piece).write_parquet(str(folder.absolute()), partition_cols=[col("piece")])
    found: dict[int, list[Path]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        found.setdefault(int(path.parent.name.partition("=")[2]), []).append(path)
    return found


def read_tables(paths: list[Path]) -> Frame:
    """The outcomes of several tars."""
    return read_frame(paths)


def settled(outcomes: pl.LazyFrame) -> pl.LazyFrame:
    """One outcome an URL: an image before a failure, the original before a smaller copy, a later round before an
    earlier one, and anything before a redirect to another worker's host."""
    is_image = (pl.col("reason") == "") & (pl.col("target") == "")
    failed = pl.when(pl.col("target") == "").then(1 + pl.col("round")).otherwise(pl.col("hops") - _LAST)
    worth = pl.when(is_image).then(_LAST + pl.col("is_original").cast(pl.Int64)).otherwise(failed)
    ordered = outcomes.with_columns(worth.alias("worth")).sort(["url", "worth"], descending=[False, True])
    return ordered.unique("url", keep="first", maintain_order=True).drop("worth")


def _left(asked: list[Path], had: list[Path], retry_failed: int) -> pl.DataFrame:
    """Of the URLs asked for, one row each, those that are not had."""
    schema = {"url": pl.String, "sha256": pl.String, "md5": pl.String, "is_original": pl.Boolean}
    # A crop's hash is not the file's.
    hashes = [
        pl.when(pl.col("is_original")).then(pl.lit("")).otherwise(pl.col(name).fill_null(""))
        for name in ("sha256", "md5")
    ]
    stated = pl.concat_str(hashes, separator=_AND).alias("stated")
    rows = (
        _scan(asked, schema)
        .with_columns(stated)
        .group_by("url")
        .agg(pl.col("stated").unique().sort(), pl.col("is_original").any())
        # One row that states nothing takes whatever there is.
        .with_columns(pl.when(~pl.col("stated").list.contains(_AND)).then(pl.col("stated")))
    )
    known = settled(_scan(had, OUTCOMES)).select(
        "url",
        "reason",
        "round",
        "target",
        "hops",
        pl.col("is_original").alias("has_original"),
    )
    is_image = (pl.col("reason") == "") & (pl.col("target") == "")
    is_done = pl.when(is_image).then(pl.col("has_original") | ~pl.col("is_original"))
    is_final = is_done.otherwise((pl.col("target") == "") & (pl.col("round") >= retry_failed))
    both = rows.join(known, on="url", how="left").filter(pl.col("reason").is_null() | ~is_final)
    return both.select(
        "url", "stated", "is_original", pl.col("target").fill_null(""), pl.col("hops").fill_null(0)
    ).collect()


def _scan(paths: list[Path], schema: Mapping[str, Any]) -> pl.LazyFrame:
    if not paths:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(paths, glob=False, hive_partitioning=False)


def _by_host(rows: pl.DataFrame) -> pl.DataFrame:
    """With the host in front, sorted by it: the host of the target where there is one."""
    url = pl.when(pl.col("target") == "").then(pl.col("url")).otherwise(pl.col("target"))
    named = rows.with_columns(_parts(url))
    hosts = _named(named.select("scheme", "authority").unique())
    return named.join(hosts, on=["scheme", "authority"]).sort(["host", "url"]).drop("scheme", "authority")


def _parts(url: pl.Expr) -> list[pl.Expr]:
    groups = ((1, "scheme"), (2, "authority"))
    return [url.str.extract(AUTHORITY, group).fill_null("").alias(name) for group, name in groups]


def _named(table: pl.DataFrame) -> pl.DataFrame:
    """With a column `host` beside scheme and authority; those are few."""
    pairs = zip(table["scheme"], table["authority"], strict=True)
    return table.with_columns(pl.Series("host", [host_name(*pair) for pair in pairs], dtype=pl.String))


def _timed(hosts: pl.DataFrame, settings: DownloadSettings) -> pl.DataFrame:
    """With a column `seconds`; what is no address of the web takes none."""
    rate = pl.col("host").replace_strict(settings.host_rates(), default=settings.rate, return_dtype=pl.Float64)
    seconds = pl.when(pl.col("host") == "").then(0.0).otherwise(pl.col("urls") / (rate * MARGIN))
    return hosts.with_columns(seconds.alias("seconds"))


def _wanted(row: dict[str, Any]) -> Wanted:
    stated = [text.partition(_AND) for text in row["stated"] or ()]
    names = ("url", "is_original", "target", "hops")
    return Wanted(stated=tuple((sha, md5) for sha, _, md5 in stated), **{name: row[name] for name in names})


def rows_of(path: Path) -> int:
    """How many rows a Parquet file holds."""
    return int(pq.read_metadata(path).num_rows)
