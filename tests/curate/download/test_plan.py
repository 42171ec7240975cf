"""Who is asked for what: each URL once, by host, and nothing that is there."""

from pathlib import Path

import daft
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate_download import COLUMNS
from thuja.curate.download.content import Wanted
from thuja.curate.download.hosts import host_of
from thuja.curate.download.journal import Journal, Outcome
from thuja.curate.download.plan import SharePlan, make_plan, plan_hosts, settled, share_out
from thuja.curate.download.settings import MARGIN, DownloadSettings


def frame(rows: list[dict[str, object]]) -> daft.DataFrame:
    numbered = [{"uuid": f"{number:04}", **row} for number, row in enumerate(rows)]
    return daft.from_arrow(pl.DataFrame(numbered, schema=COLUMNS).to_arrow())


def of(*urls: str | None) -> daft.DataFrame:
    return frame([{"source_url": url} for url in urls])


def planned(rows: daft.DataFrame, tmp_path: Path, **settings: object) -> dict[str, list[Wanted]]:
    chosen = DownloadSettings(**settings)  # type: ignore[arg-type]
    plan = make_plan(rows, tmp_path / "store", tmp_path / "plan", settings=chosen)
    found: dict[str, list[Wanted]] = {}
    for share in range(plan.shares):
        for queue in SharePlan(plan, share).queues():
            assert queue.host not in found, "a host is one worker's"
            found[queue.host] = []
            while not queue.is_empty:
                wanted = queue.pop()
                assert wanted is not None
                found[queue.host].append(wanted)
            assert queue.pop() is None
    assert sum(map(len, found.values())) == plan.urls
    return found


def test_a_url_is_asked_for_once_and_rows_that_need_none_are_not(tmp_path: Path) -> None:
    rows = [
        {"source_url": "http://a.org/1"},
        {"source_url": "http://A.org:80/2", "md5": "M"},
        {"source_url": "http://a.org/1", "crop": "0,0,5,5"},
        {"source_url": "http://b.org/1", "drop_reason": "too_small"},
        {"source_url": "http://b.org/2", "place": "/there.jpg"},
        {"source_url": ""},
        {"source_url": None},
        {"source_url": "ftp://c.org/1"},
    ]
    found = planned(frame(rows), tmp_path)
    assert found == {
        "a.org": [Wanted(url="http://A.org:80/2", stated=(("", "M"),)), Wanted(url="http://a.org/1", is_original=True)],
        "": [Wanted(url="ftp://c.org/1")],
    }


def test_a_host_of_many_urls_is_read_to_its_end_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thuja.curate.download.plan._PIECE", 150)
    urls = [f"http://{'a' if number % 3 else 'b'}.org/{number}" for number in range(1000)]
    found = planned(of(*urls, *urls[:50]), tmp_path, workers=2)
    assert sorted(wanted.url for wanteds in found.values() for wanted in wanteds) == sorted(urls)
    assert len(list((tmp_path / "plan").glob("*.arrow"))) == 8


def test_what_is_in_the_store_is_not_asked_for_again(tmp_path: Path) -> None:
    with Journal(tmp_path / "store") as journal:
        journal.append(Outcome(url="http://a.org/small", sha256="a" * 64), b"\xff\xd8\xffimage")
        journal.append(Outcome(url="http://a.org/whole", sha256="a" * 64, is_original=True), b"\xff\xd8\xffimage")
        journal.append(Outcome(url="http://a.org/gone", reason="http_404"))
        journal.append(Outcome(url="http://a.org/moved", target="http://b.org/1", hops=2))
    names = ("small", "whole", "gone", "moved", "other")
    rows = of(*(f"http://a.org/{name}" for name in names))
    moved = Wanted(url="http://a.org/moved", target="http://b.org/1", hops=2)
    assert planned(rows, tmp_path) == {"a.org": [Wanted(url="http://a.org/other")], "b.org": [moved]}
    again = planned(rows, tmp_path, retry_failed=1)["a.org"]
    assert [wanted.url for wanted in again] == ["http://a.org/gone", "http://a.org/other"]
    crops = frame([{"source_url": f"http://a.org/{name}", "crop": "0,0,5,5"} for name in ("small", "whole")])
    assert planned(crops, tmp_path) == {"a.org": [Wanted(url="http://a.org/small", is_original=True)]}


def test_the_best_outcome_of_an_url_stands() -> None:
    rows = [
        {"url": "a", "reason": "", "target": "http://b", "hops": 1},
        {"url": "a", "reason": "timeout", "round": 0},
        {"url": "a", "reason": "http_404", "round": 1},
        {"url": "b", "reason": "timeout", "round": 3},
        {"url": "b", "reason": "", "place": "small"},
        {"url": "b", "reason": "", "place": "whole", "is_original": True},
    ]
    filled = [
        {"reason": "", "target": "", "round": 0, "hops": 0, "is_original": False, "place": "", **row} for row in rows
    ]
    found = settled(pl.LazyFrame(filled)).collect().sort("url")
    assert found["reason"].to_list() == ["http_404", ""]
    assert found["place"].to_list() == ["", "whole"]


def test_hosts_are_counted_and_timed_at_their_own_rate() -> None:
    rows = of("http://a.org/1", "http://a.org/1", "http://A.org/2", "http://slow.org/1", "ftp://c.org/1", None)
    table = plan_hosts(rows, DownloadSettings(rates=("slow.org=0.5",)))
    assert table.rows() == [
        ("slow.org", 1, pytest.approx(1 / (0.5 * MARGIN))),
        ("a.org", 2, pytest.approx(2 / (10 * MARGIN))),
        ("", 1, 0.0),
    ]


def test_hosts_are_counted_without_what_the_store_has(tmp_path: Path) -> None:
    """A dry run counted URLs that were downloaded already."""
    with Journal(tmp_path) as journal:
        journal.append(Outcome(url="http://a.org/1", sha256="a" * 64), b"\xff\xd8\xffimage")
        journal.append(Outcome(url="http://a.org/2", reason="http_404"))
    rows = of("http://a.org/1", "http://a.org/2", "http://a.org/3", "http://b.org/1")
    counted = plan_hosts(rows, DownloadSettings(), store=tmp_path).select("host", "urls").rows()
    assert counted == [("a.org", 1), ("b.org", 1)]
    again = plan_hosts(rows, DownloadSettings(retry_failed=1), store=tmp_path)
    assert again.select("host", "urls").rows() == [("a.org", 2), ("b.org", 1)]


def test_all_that_the_rows_of_an_url_state_is_told_unless_one_states_nothing(tmp_path: Path) -> None:
    rows = [
        {"source_url": "http://a.org/1", "sha256": "b", "md5": "d"},
        {"source_url": "http://a.org/1", "sha256": "a", "md5": "c"},
        {"source_url": "http://a.org/2", "sha256": "a"},
        {"source_url": "http://a.org/2"},
        {"source_url": "http://a.org/3", "sha256": "a", "crop": "0,0,1,1"},
    ]
    wanted = planned(frame(rows), tmp_path)["a.org"]
    assert [one.stated for one in wanted] == [(("a", "c"), ("b", "d")), (), ()]


def test_nothing_to_download_is_an_empty_plan(tmp_path: Path) -> None:
    assert planned(of(None), tmp_path) == {}
    assert plan_hosts(of(None), DownloadSettings()).height == 0


@given(
    counts=st.lists(st.integers(1, 1000), min_size=1, max_size=30),
    shares=st.integers(1, 5),
)
def test_shares_are_whole_hosts_and_none_does_more_than_the_longest_host_beyond_the_mean(
    counts: list[int], shares: int
) -> None:
    hosts = pl.DataFrame({"host": [f"h{n}" for n in range(len(counts))], "seconds": [float(count) for count in counts]})
    loads = share_out(hosts, shares).group_by("share").agg(pl.col("seconds").sum())["seconds"]
    assert loads.sum() == sum(counts)
    assert loads.max() <= sum(counts) / shares + max(counts)


@given(
    name=st.sampled_from(["a.org", "B.org:8080", "u:p@c.org", "bücher.example", ""]),
    rest=st.sampled_from(["", "/x", "?q"]),
)
def test_the_host_by_columns_is_the_host_by_itself(name: str, rest: str) -> None:
    url = f"http://{name}{rest}"
    assert plan_hosts(of(url), DownloadSettings())["host"].to_list() == [host_of(url)]
