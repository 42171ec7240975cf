"""The download as a step, against a server with faults."""

import resource
import time
from collections import Counter
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import daft
import polars as pl
import pytest
from tests.curate.download.answers import running

from curate_download import COLUMNS, Site, make_table, wrong_rows
from image_server import FAULTS, LARGEST, host_name, most_in_a_second, picture
from thuja.curate.download import DownloadSettings, download_step
from thuja.errors import OutputExists, ThujaError
from thuja.images import read_place


def settings(**more: Any) -> DownloadSettings:
    quick = {"rate": 200, "read_timeout": 1, "connect_timeout": 2, "deadline": 10, "tries": 3, "first_wait": 0.05}
    return DownloadSettings(**{**quick, "max_bytes": LARGEST, "allow_private": True, **more})


def download(table: pl.DataFrame, folder: Path, chosen: DownloadSettings) -> pl.DataFrame:
    step = download_step(chosen, folder)
    frame = daft.from_arrow(table.select(*COLUMNS).to_arrow())
    return pl.DataFrame(step.apply(frame).to_arrow()).sort("uuid")


def rows_of(site: Site, *paths: str, **columns: object) -> pl.DataFrame:
    rows = [
        {"uuid": f"{number}", "source_url": f"http://{host_name(0)}:{site.port}/{path}", **columns}
        for number, path in enumerate(paths)
    ]
    return pl.DataFrame(rows, schema=COLUMNS)


def each_fault(site: Site) -> pl.DataFrame:
    """Every fault once, on a host of its own, and what it comes to."""
    rows = [
        {
            "uuid": f"{n:04}",
            "source_url": f"http://{host_name(n % site.hosts)}:{site.port}/{fault}/{n}.jpg",
            "reason": reason,
        }
        for n, (fault, reason) in enumerate(FAULTS.items())
    ]
    return pl.DataFrame(rows, schema={**COLUMNS, "reason": pl.String})


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_image_that_can_be_had_is_had_and_every_other_url_has_its_reason(
    site: Site, tmp_path: Path, workers: int
) -> None:
    """With two workers, redirects are followed by whoever looks after the host they lead to."""
    table = each_fault(site)
    rows = download(table, tmp_path, settings(workers=workers))
    assert wrong_rows(table, rows) == []
    assert (rows["dropped_by"].is_not_null() == rows["drop_reason"].is_not_null()).all()
    errors = pl.read_parquet(tmp_path / "errors.parquet")
    dropped = rows.filter(pl.col("drop_reason").is_not_null())
    assert errors["uuid"].to_list() == dropped["uuid"].to_list()
    assert errors["reason"].to_list() == dropped["drop_reason"].to_list()
    assert errors["message"].str.len_chars().min() > 5
    tries = dict(zip(errors["reason"], errors["tries"], strict=True))
    assert (tries["timeout"], tries["not_an_image"]) == (3, 2)


def test_a_second_run_asks_for_nothing_and_gives_the_same_rows(site: Site, tmp_path: Path) -> None:
    table = rows_of(site, "ok/1.jpg", "missing/2.jpg", "ok/3.jpg")
    first = download(table, tmp_path, settings())
    asked = len(site.ask("/log"))
    assert download(table, tmp_path, settings()).equals(first)
    assert len(site.ask("/log")) == asked
    download(table, tmp_path, settings(retry_failed=1))
    paths = [path for _, _, path in site.ask("/log")[asked:]]
    assert paths == ["/robots.txt", "/missing/2.jpg"]


def test_rows_of_one_url_share_its_bytes_and_other_rows_are_left_alone(site: Site, tmp_path: Path) -> None:
    table = rows_of(site, "ok/1.jpg", "ok/1.jpg", "ok/2.jpg", "ok/3.jpg", "ok/4.jpg")
    number = pl.col("uuid").cast(pl.Int64)
    table = table.with_columns(
        place=pl.when(number == 3).then(pl.lit("/here.jpg")),
        drop_reason=pl.when(number == 4).then(pl.lit("too_old")),
        md5=pl.when(number == 1).then(pl.lit("0" * 32)),
    )
    rows = download(table, tmp_path, settings())
    assert rows["drop_reason"].to_list() == [None, "hash_mismatch", None, None, "too_old"]
    assert rows["place"].to_list()[3:] == ["/here.jpg", None]
    assert sorted(path for _, _, path in site.ask("/log")) == ["/ok/1.jpg", "/ok/2.jpg", "/robots.txt"]


def test_a_row_with_a_crop_has_the_original_bytes(site: Site, tmp_path: Path) -> None:
    table = rows_of(site, "photo/1.jpg", "photo/1.jpg", "photo/2.jpg")
    crop = pl.when(pl.col("uuid") == "1").then(pl.lit("0,0,50,50"))
    rows = download(table.with_columns(crop=crop), tmp_path, settings())
    stored = [read_place(place) for place in rows["place"]]
    assert stored[0] == stored[1] == picture("photo", 1)
    assert b"Exif" not in stored[2]
    assert rows["width"].to_list() == [960] * 3
    again = download(table.with_columns(crop=pl.lit("0,0,50,50")), tmp_path, settings())
    assert read_place(again["place"][2]) == picture("photo", 2)


def test_no_private_address_is_connected_to(site: Site, tmp_path: Path) -> None:
    urls = [
        f"http://{host}:{site.port}/ok/1.jpg" for host in (host_name(0), "0x7f.1", "localhost", "[::ffff:127.0.1.1]")
    ]
    table = pl.DataFrame([{"uuid": f"{n}", "source_url": url} for n, url in enumerate(urls)], schema=COLUMNS)
    rows = download(table, tmp_path, settings(allow_private=False))
    assert rows["drop_reason"].to_list() == ["refused_address"] * 4, rows["source_url"].to_list()
    assert site.ask("/log") == []


def test_a_host_is_never_asked_more_often_than_its_rate(site: Site, tmp_path: Path) -> None:
    paths = [f"{'hop' if number % 5 == 0 else 'ok'}/{number * site.hosts}.jpg" for number in range(40)]
    rows = download(rows_of(site, *paths), tmp_path, settings(rate=20))
    assert rows["place"].null_count() == 0
    assert max(most_in_a_second(site.ask("/log")).values()) <= 20


def test_a_retry_after_pauses_the_whole_host(site: Site, tmp_path: Path) -> None:
    download(rows_of(site, "wait/1.jpg", *(f"ok/{number}.jpg" for number in range(100))), tmp_path, settings())
    times = [moment for _, moment, _ in site.ask("/log")]
    assert max(later - earlier for earlier, later in pairwise(times)) >= 0.99


def test_a_host_that_is_down_costs_its_urls_little_and_they_have_their_reason(site: Site, tmp_path: Path) -> None:
    urls = [f"http://127.0.9.9:{site.port}/ok/{number}.jpg" for number in range(200)]
    table = pl.DataFrame([{"uuid": f"{n:03}", "source_url": url} for n, url in enumerate(urls)], schema=COLUMNS)
    started = time.monotonic()
    rows = download(table, tmp_path, settings())
    assert rows["drop_reason"].to_list() == ["unreachable"] * 200
    assert time.monotonic() - started < 10


def test_a_host_that_asks_for_a_long_pause_is_let_be(site: Site, tmp_path: Path) -> None:
    rows = download(rows_of(site, "wait/1.jpg"), tmp_path, settings(longest_pause=0.5))
    assert rows["drop_reason"].to_list() == ["http_429"]


def test_a_robots_file_is_obeyed_unless_told_otherwise(site: Site, tmp_path: Path) -> None:
    table = rows_of(site, "forbidden/1.jpg")
    assert download(table, tmp_path / "a", settings())["drop_reason"].to_list() == ["disallowed_by_robots"]
    assert [path for _, _, path in site.ask("/log")] == ["/robots.txt"]
    assert download(table, tmp_path / "b", settings(robots=False))["drop_reason"].to_list() == [None]


def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(site: Site, tmp_path: Path) -> None:
    table = rows_of(site, *(f"ok/{number}.jpg" for number in range(20)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        with pytest.raises(ThujaError, match="cannot write: File too large"):
            download(table, tmp_path, settings(concurrency=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert download(table, tmp_path, settings())["place"].null_count() == 0
    asked = [path for _, _, path in site.ask("/log") if path != "/robots.txt"]
    assert 20 < len(asked) < 25, "what was written is not asked for again"


def test_a_store_of_another_size_is_refused(site: Site, tmp_path: Path) -> None:
    table = rows_of(site, "ok/1.jpg")
    download(table, tmp_path, settings())
    with pytest.raises(OutputExists, match="max_side 720"):
        download(table, tmp_path, settings(max_side=512))


def test_rows_of_one_url_are_compared_with_their_own_hash(site: Site, tmp_path: Path) -> None:
    """The lesser of two stated hashes was compared with the bytes, so that the row with the right one failed too."""
    right = sha256(picture("ok", 1)).hexdigest()
    table = rows_of(site, *["ok/1.jpg"] * 3, *["ok/2.jpg"] * 2)
    hashes = pl.Series("sha256", ["0" * 64, right, "f" * 64, "0" * 64, "f" * 64])
    rows = download(table.with_columns(hashes), tmp_path, settings())
    assert rows["drop_reason"].to_list() == ["hash_mismatch", None, *["hash_mismatch"] * 3]
    asked = Counter(path for _, _, path in site.ask("/log"))
    assert (asked["/ok/1.jpg"], asked["/ok/2.jpg"]) == (1, 2)


def test_the_stated_hash_of_a_crop_is_not_that_of_its_file(site: Site, tmp_path: Path) -> None:
    """The hash of file and box was compared with that of the file, and the image was refused."""
    table = rows_of(site, "ok/1.jpg").with_columns(crop=pl.lit("0,0,9,9"), sha256=pl.lit("0" * 64))
    rows = download(table, tmp_path, settings())
    assert rows["drop_reason"].to_list() == [None]
    assert read_place(rows["place"][0]) == picture("ok", 1)


@pytest.mark.parametrize(("contact", "warnings"), [("", 1), ("a@example.org", 0)])
def test_many_urls_without_a_contact_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, contact: str, warnings: int
) -> None:
    """Hosts were asked millions of times by a nameless crawler, and nobody was told."""
    urls = [f"ftp://example.org/{number}" for number in range(1001)]
    table = pl.DataFrame([{"uuid": f"{n:04}", "source_url": url} for n, url in enumerate(urls)], schema=COLUMNS)
    download(table, tmp_path, settings(contact=contact))
    assert sum("1,001 URLs are asked for without a contact" in text for text in caplog.messages) == warnings


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_rules_on_another_workers_host_are_obeyed(tmp_path: Path, workers: int) -> None:
    """With two workers a robots.txt that is redirected to the other one's host counted as no rules."""
    with running(redirect_rules) as port:
        urls = [f"http://127.0.1.{host}:{port}/{path}" for host in (1, 2) for path in ("forbidden", "open")]
        table = pl.DataFrame([{"uuid": f"{n}", "source_url": url} for n, url in enumerate(urls)], schema=COLUMNS)
        rows = download(table, tmp_path, settings(workers=workers))
    assert rows["drop_reason"].to_list() == ["disallowed_by_robots", None] * 2


def redirect_rules(host: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """Two hosts; the rules of both stand on the second."""
    if path == "/robots.txt" and host.startswith("127.0.1.1:"):
        return 301, {"Location": f"http://{host.replace('1.1:', '1.2:')}/robots.txt"}, b""
    return 200, {}, b"User-agent: *\nDisallow: /forbidden\n" if path == "/robots.txt" else picture("ok", 1)


@pytest.mark.slow
def test_many_urls_on_many_hosts_come_out_as_planned(site: Site, tmp_path: Path) -> None:
    table = make_table(site, 400)
    assert wrong_rows(table, download(table, tmp_path, settings(rate=50))) == []
    assert max(most_in_a_second(site.ask("/log")).values()) <= 50
