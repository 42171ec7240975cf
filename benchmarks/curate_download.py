"""How the download keeps its promises: a server with faults measures its pace, and it is killed and goes on.

    python benchmarks/curate_download.py [--images 20000] [--hosts 60] [--rate 10] [--kills 3]

A server in a process of its own answers on one address a host, with a fault fixed for each URL (image_server.py).
Printed: images that can be had and are had, requests in the fullest second of any host, images a second beside the
limit of all hosts together, the same for a plain threaded loop over urllib3 without manners, and whether a run that
was killed ends in the table of one that was not.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.request import urlopen

import daft
import polars as pl
import urllib3

from image_server import FAULTS, LARGEST, host_name, most_in_a_second, picture
from thuja.curate.download import DownloadSettings, download_step
from thuja.images import read_place

RARE = [fault for fault in FAULTS if fault != "ok"]
COLUMNS = {
    "uuid": pl.String, "source_url": pl.String, "place": pl.String, "crop": pl.String, "sha256": pl.String,
    "md5": pl.String, "file_size": pl.Int64, "width": pl.Int64, "height": pl.Int64, "drop_reason": pl.String,
    "dropped_by": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running server."""

    port: int
    hosts: int

    def ask(self, path: str) -> list[tuple[str, float, str]]:
        """The log; with `/reset` the server forgets everything."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return [(host, moment, asked) for host, moment, asked in json.load(answer)]


@contextmanager
def serving(hosts: int, port: int) -> Iterator[Site]:
    """Run the server for the length of the block."""
    command = [sys.executable, str(Path(__file__).with_name("image_server.py")), str(port), str(hosts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().strip() == "ready"
            yield Site(port=port, hosts=hosts)
        finally:
            server.kill()


def make_table(site: Site, images: int, *, faults: float = 0.2) -> pl.DataFrame:
    """Rows with URLs, one in fifty twice, and their fates: `reason` is null for what can be had."""
    rng = random.Random(0)
    rows = []
    for number in range(images):
        fault = rng.choice(RARE) if rng.random() < faults else "ok"
        host = host_name(number % site.hosts)
        url = f"http://{host}:{site.port}/{fault}/{number}.jpg"
        reason = FAULTS[fault]
        if number % 1000 == 999:
            url, reason = f"http://127.0.9.9:{site.port}/ok/{number}.jpg", "unreachable"
        rows += [
            {"uuid": f"{number:08}-{copy}", "source_url": url, "reason": reason}
            for copy in range(1 + (number % 50 == 0))
        ]
    return pl.DataFrame(rows, schema={**COLUMNS, "reason": pl.String})


def settings_of(rate: float, **more: object) -> DownloadSettings:
    return DownloadSettings(
        rate=rate, read_timeout=5, connect_timeout=5, deadline=40, tries=3, first_wait=0.5, max_bytes=LARGEST,
        allow_private=True, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def work(table: Path, out: Path, rate: float, workers: int) -> None:
    """One download, as a step of a curation runs it."""
    step = download_step(settings_of(rate, workers=workers, piece_bytes=50 * 2**20), out / "store")
    rows = pl.DataFrame(step.apply(daft.read_parquet(str(table))).to_arrow()).sort("uuid")
    rows.write_parquet(out / "rows.parquet")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"processor {time.process_time():.1f} s, memory {peak:.2f} GB")


def command(table: Path, out: Path, rate: float, workers: int) -> list[str]:
    out.mkdir(exist_ok=True)
    return [sys.executable, __file__, "--work", str(table), str(out), str(rate), str(workers)]


def wrong_rows(table: pl.DataFrame, rows: pl.DataFrame) -> list[str]:
    """What of a result is not as planned: a missing image, one that should not be, other bytes than the server's."""
    wrong = []
    for planned, row in zip(table.sort("uuid").iter_rows(named=True), rows.iter_rows(named=True), strict=True):
        if planned["reason"] != row["drop_reason"]:
            wrong.append(f"{row['source_url']}: {row['drop_reason']} for {planned['reason']}")
        elif row["place"]:
            *_, fault, name = row["source_url"].split("/")
            served = picture(fault, int(name.partition(".")[0]))
            stored = read_place(row["place"])
            if (
                row["sha256"] != sha256(served).hexdigest()
                or (stored != served) != (fault == "photo")
                or b"Exif" in stored
            ):
                wrong.append(f"{row['source_url']}: other bytes")
    return wrong


def differences(calm: Path, killed: Path) -> list[str]:
    """What two runs' results differ in, beside where the bytes lie."""
    found = []
    one, other = (pl.read_parquet(out / "rows.parquet").drop("place") for out in (calm, killed))
    if not one.equals(other):
        found.append("rows.parquet")
    errors = [pl.read_parquet(out / "store" / "errors.parquet") for out in (calm, killed)]
    if not errors[0].equals(errors[1]):
        found.append(f"errors.parquet: {errors[0].join(errors[1], on=errors[0].columns, how='anti', nulls_equal=True)}")
    return found


def run_killed(site: Site, table: Path, out: Path, *, rate: float, workers: int, kills: int, seconds: float) -> int:
    """Kill a run at random moments of the `seconds` it takes, then let it end; returns how often it was killed."""
    rng, done = random.Random(1), 0
    for _ in range(kills):
        # Only the process itself is killed: its workers are to notice.
        with subprocess.Popen(command(table, out, rate, workers), stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(timeout=2 + rng.random() * seconds / (kills + 1))
            except subprocess.TimeoutExpired:
                process.kill()
                done += 1
    subprocess.run(command(table, out, rate, workers), check=True, stderr=subprocess.DEVNULL)
    return done


def plain_loop(urls: list[str], threads: int) -> float:
    """Seconds of a threaded loop over urllib3 that asks as fast as it can, and once."""
    pool = urllib3.PoolManager(num_pools=1000, maxsize=threads, retries=False, timeout=2)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as workers:
        sizes = list(workers.map(lambda url: len(pool.request("GET", url).data), urls))
    assert min(sizes) > 0
    return time.perf_counter() - started


def shown(site: Site, table: pl.DataFrame, out: Path, rate: float, seconds: float) -> None:
    rows, log = pl.read_parquet(out / "rows.parquet"), site.ask("/log")
    wrong = wrong_rows(table, rows)
    fullest = max(most_in_a_second(log).values())
    had = rows.filter(pl.col("place").is_not_null())
    served = Counter((host, path) for host, _, path in log if path.startswith("/ok/"))
    print(f"rows {len(rows):,}, images had {had['source_url'].n_unique():,}, rows not as planned {len(wrong)}")
    print(f"requests {len(log):,}, fullest second of any host {fullest} (limit {rate:g})")
    direct = {url.removeprefix("http://") for url in table["source_url"] if "/ok/" in url}
    twice = sum(1 for (host, path), n in served.items() if n > 1 and f"{host}:{site.port}{path}" in direct)
    print(f"plain images asked for more than once {twice}")
    rates = len(log) / seconds
    print(
        f"{seconds:.1f} s: {len(had) / seconds:.0f} images/s, {rates:.0f} requests/s of {rate * site.hosts:.0f} allowed"
    )
    for line in wrong[:10]:
        print("  ", line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--hosts", type=int, default=60)
    parser.add_argument("--rate", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--port", type=int, default=18_211)
    options = parser.parse_args()
    rate, workers = options.rate, options.workers
    with tempfile.TemporaryDirectory() as folder, serving(options.hosts, options.port) as site:
        at = Path(folder)
        table = make_table(site, options.images)
        table.drop("reason").write_parquet(at / "table.parquet")
        started = time.perf_counter()
        subprocess.run(command(at / "table.parquet", at / "calm", rate, workers), check=True)
        seconds = time.perf_counter() - started
        shown(site, table, at / "calm", rate, seconds)
        site.ask("/reset")
        if options.kills:
            more = {"rate": rate, "workers": workers, "kills": options.kills, "seconds": seconds}
            kills = run_killed(site, at / "table.parquet", at / "killed", **more)
            fullest = max(most_in_a_second(site.ask("/log")).values())
            print(
                f"killed {kills} times: fullest second {fullest}, differs in {differences(at / 'calm', at / 'killed')}"
            )
            site.ask("/reset")
        good = make_table(site, min(options.images, 4000), faults=0).filter(pl.col("reason").is_null())
        good.drop("reason").write_parquet(at / "good.parquet")
        started = time.perf_counter()
        subprocess.run(command(at / "good.parquet", at / "fast", 1e4, 1), check=True, stderr=subprocess.DEVNULL)
        fast = time.perf_counter() - started
        loop = plain_loop(good["source_url"].to_list(), 64)
        figures = f"{len(good) / fast:.0f} images/s; urllib3 in 64 threads {len(good) / loop:.0f}"
        print(f"without faults and without a limit: {figures}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
