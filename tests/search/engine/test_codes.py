"""Search by codes finds what exact search finds, under every filter, and is the same wherever the vectors lie."""

import errno
import resource
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.search.engine.clusters import DIM, SMALL, clustered

from thuja.errors import BadFile, UsageError
from thuja.search.bits import Bits
from thuja.search.engine import effort as efforts
from thuja.search.engine.building import CODES, LISTS, CodeSettings
from thuja.search.engine.codes import Codes
from thuja.search.engine.effort import EXACT, STANDARD, Effort
from thuja.search.engine.found import Found
from thuja.search.engine.vectors import VECTORS, Halves, MappedVectors, Rows

QUERIES = clustered(50, seed=2)


class Elsewhere:
    """Vectors that are not mapped, as those of object storage, and how many rows were asked for."""

    def __init__(self, halves: Halves) -> None:
        self.halves, self.asked = halves, 0

    @property
    def shape(self) -> tuple[int, int]:
        return self.halves.shape

    def run(self, start: int, stop: int) -> Halves:
        self.asked += stop - start
        return self.halves[start:stop]

    def take(self, rows: Rows) -> Halves:
        self.asked += len(rows)
        return self.halves[rows]


@pytest.fixture
def by_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small sets are looked for by their codes too."""
    monkeypatch.setattr(efforts, "EXACT_ROWS", 0)
    monkeypatch.setattr(efforts, "EXACT_ROWS_OF_MANY", 0)
    monkeypatch.setattr(efforts, "SCANNED", 1)
    monkeypatch.setattr(efforts, "PROBES", 6)
    monkeypatch.setattr(efforts, "PROBES_OF_KEPT", 6)
    monkeypatch.setattr(efforts, "SCANNED_OF_ALL", 1)


def recall(found: Found, true: Found) -> float:
    shared = [len(np.intersect1d(one, other)) for one, other in zip(found.rows, true.rows, strict=True)]
    return sum(shared) / true.rows.size


FILTERS = {
    "none": None,
    "nine in ten": Bits.from_mask(np.arange(2000) % 10 > 0),
    "one in ten": Bits.from_mask(np.arange(2000) % 10 == 0),
    "a run": Bits.from_range(700, 1100, size=2000),
    "two runs": Bits.from_range(0, 90, size=2000) | Bits.from_range(1800, 2000, size=2000),
    "twenty rows": Bits.from_rows(np.arange(20) * 97, size=2000),
}


@pytest.mark.usefixtures("by_codes")
@pytest.mark.parametrize("name", FILTERS)
def test_all_lists_and_many_candidates_find_all_neighbours(codes: Codes, name: str) -> None:
    kept = FILTERS[name]
    found = codes.search(QUERIES, 4, kept=kept, effort=Effort(probes=16, candidates=2000))
    true = codes.search(QUERIES, 4, kept=kept, effort=EXACT)
    np.testing.assert_allclose(found.scores, true.scores, atol=1e-5)
    assert recall(found, true) > 0.98  # but for ties
    assert kept is None or kept.mask()[found.rows].all()


@pytest.mark.usefixtures("by_codes")
@pytest.mark.parametrize("name", FILTERS)
def test_a_few_lists_find_nearly_all(codes: Codes, name: str) -> None:
    true = codes.search(QUERIES, 4, kept=FILTERS[name], effort=EXACT)
    assert recall(codes.search(QUERIES, 4, kept=FILTERS[name]), true) >= 0.98


@pytest.mark.usefixtures("by_codes")
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 40), share=st.floats(0, 1), probes=st.integers(1, 16))
def test_scores_are_exact_and_no_row_is_missing_or_double(
    codes: Codes, seed: int, k: int, share: float, probes: int
) -> None:
    generator = np.random.default_rng(seed)
    mask = generator.random(2000) < share * share
    found = codes.search(QUERIES[:3], k, kept=Bits.from_mask(mask), effort=Effort(probes=probes))
    count = min(k, int(mask.sum()))
    for query, rows, scores in zip(QUERIES[:3], found.rows, found.scores, strict=True):
        assert len(set(rows[:count])) == count
        assert (rows[count:] == -1).all()
        assert (scores[count:] == -np.inf).all()
        assert mask[rows[:count]].all()
        np.testing.assert_allclose(
            scores[:count], codes.vectors.take(rows[:count]).astype(np.float32) @ query, atol=1e-5
        )
        assert (np.diff(scores[:count]) <= 0).all()


@pytest.mark.usefixtures("by_codes")
@pytest.mark.parametrize("name", FILTERS)
def test_vectors_from_elsewhere_give_the_same(segment: Path, codes: Codes, name: str) -> None:
    far = Elsewhere(np.fromfile(segment / VECTORS, dtype="<f2").reshape(-1, DIM))
    effort = Effort(probes=5, candidates=25)
    near = codes.search(QUERIES, 6, kept=FILTERS[name], effort=effort)
    other = Codes.open(segment, far).search(QUERIES, 6, kept=FILTERS[name], effort=effort)
    np.testing.assert_allclose(near.scores, other.scores, atol=1e-5)
    assert recall(near, other) > 0.99  # but for ties


@pytest.mark.usefixtures("by_codes")
def test_of_vectors_elsewhere_only_candidates_are_read(segment: Path) -> None:
    far = Elsewhere(np.fromfile(segment / VECTORS, dtype="<f2").reshape(-1, DIM))
    Codes.open(segment, far).search(QUERIES[:2], 5, effort=Effort(probes=4, candidates=30))
    assert 30 <= far.asked <= 60


def test_equal_vectors_come_in_the_order_of_rows(codes: Codes) -> None:
    first = codes.vectors.run(0, 1).astype(np.float32)
    assert codes.search(first, 2).rows.tolist() == [[0, 1999]]


def test_more_than_all_rows_gives_all_rows_and_gaps(codes: Codes) -> None:
    found = codes.search(QUERIES[:1], 2100)
    assert sorted(found.rows[0, :2000]) == list(range(2000))
    assert (found.rows[0, 2000:] == -1).all()


def test_no_query_and_no_row_find_nothing(codes: Codes) -> None:
    assert codes.search(QUERIES[:0], 3).rows.shape == (0, 3)
    none = codes.search(QUERIES[:2], 3, kept=Bits.from_rows([], size=2000))
    assert (none.rows == -1).all()
    assert (none.scores == -np.inf).all()


@pytest.mark.parametrize("rows", [0, 1, 99])
def test_a_small_segment_has_no_codes_and_is_searched_exactly(tmp_path: Path, rows: int) -> None:
    vectors = clustered(rows, seed=4).astype(np.float16)
    vectors.tofile(tmp_path / VECTORS)
    mapped = MappedVectors.open(tmp_path / VECTORS, DIM)
    Codes.build(mapped, tmp_path, SMALL)
    assert not (tmp_path / CODES).exists()
    found = Codes.open(tmp_path, mapped).search(QUERIES[:4], 3)
    scores = QUERIES[:4] @ vectors.astype(np.float32).T
    np.testing.assert_allclose(found.scores[:, : min(3, rows)], -np.sort(-scores, axis=1)[:, : min(3, rows)], atol=1e-5)


def test_the_same_seed_gives_the_same_bytes(segment: Path, codes: Codes, tmp_path: Path) -> None:
    Codes.build(codes.vectors, tmp_path, SMALL)
    for name in (CODES, LISTS):
        assert (tmp_path / name).read_bytes() == (segment / name).read_bytes()


@pytest.mark.usefixtures("by_codes")
def test_threads_do_not_disturb_each_other(codes: Codes) -> None:
    jobs = [(QUERIES[n : n + 3], list(FILTERS.values())[n % len(FILTERS)]) for n in range(24)]
    alone = [codes.search(queries, 5, kept=kept).rows for queries, kept in jobs]
    together: dict[int, Rows] = {}

    def work(thread: int) -> None:
        for number in range(thread, len(jobs), 4):
            together[number] = codes.search(jobs[number][0], 5, kept=jobs[number][1]).rows

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(alone[number], together[number]) for number in range(len(jobs)))


def test_an_odd_width_is_coded(tmp_path: Path) -> None:
    vectors = MappedVectors(clustered(400, seed=5, dim=301).astype(np.float16))
    Codes.build(vectors, tmp_path, CodeSettings(least_rows=1, lists=4, rounds=1))
    codes = Codes.open(tmp_path, vectors)
    queries = clustered(5, seed=6, dim=301)
    found = codes.search(queries, 3, effort=Effort(probes=4, candidates=100))
    np.testing.assert_allclose(found.scores, codes.search(queries, 3, effort=EXACT).scores, atol=1e-5)


def test_codes_of_other_vectors_are_refused(segment: Path) -> None:
    with pytest.raises(BadFile, match=r"codes of 2000 x 24 numbers for vectors of \(10, 24\)"):
        Codes.open(segment, MappedVectors(clustered(10, seed=1).astype(np.float16)))


@pytest.mark.parametrize("name", [CODES, LISTS])
def test_codes_cut_short_are_one_sentence(segment: Path, codes: Codes, tmp_path: Path, name: str) -> None:
    for each in (CODES, LISTS):
        held = (segment / each).read_bytes()
        (tmp_path / each).write_bytes(held[: len(held) // 2] if each == name else held)
    with pytest.raises(BadFile, match="no codes that can be read"):
        Codes.open(tmp_path, codes.vectors)


def test_a_file_of_no_whole_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / VECTORS).write_bytes(b"x" * 50)
    with pytest.raises(BadFile, match="50 bytes, which are no whole rows of 24"):
        MappedVectors.open(tmp_path / VECTORS, DIM)


def test_efforts_of_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="probes is at least 1, got 0"):
        Effort(probes=0)
    with pytest.raises(UsageError, match="candidates is at least 1, got -3"):
        Effort(candidates=-3)


@pytest.mark.parametrize(("kept", "probes"), [(1_000_000, 66), (100_000, 123), (20_000, 615), (900, 2048)])
def test_the_rarer_the_rows_the_more_lists(kept: int, probes: int) -> None:
    assert STANDARD.probes_for(10, lists=2048, each=kept / 2048, part=kept / 1_000_000) == probes


@pytest.mark.parametrize(("share", "probes"), [(1.0, 1229), (0.1, 123), (0.01, 80)])
def test_of_many_segments_each_looks_for_its_share_and_into_enough_lists(share: float, probes: int) -> None:
    """A search in ten segments looked at ten times the rows that it looks at in one."""
    assert STANDARD.shared(share).probes_for(10, lists=2048, each=10_000 / 2048, part=0.01) == probes


def test_of_fewer_rows_a_greater_part_of_the_lists_is_looked_into() -> None:
    """At 100,000 rows in 512 lists, 48 of them held .977 of the neighbours, and 164 hold .982."""
    assert STANDARD.probes_for(10, lists=512, each=100_000 / 512) == 164
    assert STANDARD.probes_for(10, lists=256, each=20_000 / 256) == 256


def test_rows_that_lie_unevenly_in_their_lists_have_more_looked_into() -> None:
    """A region's rows lie in few lists, and strays in many: by the mean over all lists too few were looked into."""
    vectors = MappedVectors(clustered(2000, seed=4).astype(np.float16))
    lists = np.repeat(np.arange(16, dtype=np.uint16), 125)
    codes = Codes(vectors, None, lists)
    codes.list_count = 16
    kept = Bits.from_range(0, 240, size=2000) | Bits.from_rows([300, 400, 500], size=2000)
    wanted = codes._wanted_lists(kept, kept.count)
    assert (wanted.count, wanted.each) == (5, 1)
    assert wanted.lists is not None
    assert wanted.lists.rows().tolist() == [0, 1, 2, 3, 4]
    assert codes._wanted_lists(None, 2000).each == 125


def test_few_rows_are_few_in_all_segments_together() -> None:
    """A tenth of each of ten segments was scored row by row: as many rows as nobody scores in one."""
    assert STANDARD.wants_exact(kept=10_000, k=10, queries=1)
    assert not STANDARD.shared(0.1).wants_exact(kept=10_000, k=10, queries=1)
    assert STANDARD.shared(0.1).wants_exact(kept=1_600, k=10, queries=1)
    assert STANDARD.shared(0.5).wants_exact(kept=8_000, k=10, queries=1)
    assert EXACT.shared(0.1).wants_exact(kept=10_000, k=10, queries=1)


def test_a_full_disk_is_told_as_one_and_not_as_an_error_of_faiss(tmp_path: Path) -> None:
    """FAISS raises RuntimeError, of which nobody upstairs made one sentence."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(OSError) as raised:
            Codes.build(MappedVectors(QUERIES.astype(np.float16)), tmp_path, CodeSettings(least_rows=1, lists=4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []
