"""The one class that the rest of thuja uses: what it finds is what brute force finds, whatever lies beneath."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.search.making import GENERA, MODEL, ids, made, table, vectors, written

from thuja.errors import UnknownName, UsageError
from thuja.search.engine import effort as efforts
from thuja.search.engine.building import CodeSettings
from thuja.search.engine.effort import EXACT
from thuja.search.filters import Filter, Range
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, add_to_index
from thuja.search.store.changes import Doomed, delete_rows
from thuja.taxonomy import Taxon

GONE = {0, 13, 14, 15, 39}
CODES = CodeSettings(least_rows=100, lists=16, rounds=2)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Sixty rows in seven segments, some replaced and some deleted."""
    folder = made(tmp_path_factory.mktemp("index") / "index", range(50), segment_rows=9)
    add_to_index([written(folder.parent / "more.parquet", range(45, 60))], folder, BuildOptions())
    delete_rows(folder, Doomed(ids=ids(sorted(GONE))))
    return Index.open(folder)


LEFT = [number for number in range(60) if number not in GONE]
FILTERS = {
    "none": (None, lambda number: True),
    "within": (Filter(within=(Taxon(family="Corvidae"),)), lambda number: number % 4 < 2),
    "excludes": (Filter(excludes=(Taxon(genus="Pica"),)), lambda number: number % 4 != 1),
    "equals": (Filter(equals={"species": ("s0",)}), lambda number: number % 3 == 0),
    "range": (Filter(ranges={"latitude": Range(low=20, high=40)}), lambda number: 20 <= number <= 40),
    "ids": (Filter(ids=tuple(ids([3, 13, 50]))), lambda number: number in (3, 13, 50)),
    "few": (
        Filter(within=(Taxon(genus="Pica"),), ranges={"event_date": Range(low="2005", high="2009")}),
        lambda number: number % 4 == 1 and 5 <= number % 20 <= 9,
    ),
    "nothing": (Filter(within=(Taxon(genus="Pica"),), equals={"genus": ("Quercus",)}), lambda number: False),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("k", [1, 5, 100])
def test_found_is_what_brute_force_finds(index: Index, name: str, k: int) -> None:
    filter, is_kept = FILTERS[name]
    kept = [number for number in LEFT if is_kept(number)]
    queries = np.random.default_rng(1).standard_normal((4, 8)).astype(np.float32) * 3
    found = index.search(queries, k=k, filter=filter)
    assert found.keys.shape == found.scores.shape == (4, k)
    for row, query in enumerate(queries / np.linalg.norm(queries, axis=1, keepdims=True)):
        scores = vectors(kept) @ query if kept else np.zeros(0)
        best = np.argsort(-scores)[:k]
        has = found.keys[row] >= 0
        assert has.sum() == len(best)
        names = index.rows(found.keys[row][has], ["uuid"]).column("uuid").to_pylist()
        own = dict(zip(ids(kept), scores, strict=True))  # float16 may swap two that are as near
        assert len(set(names)) == len(names)
        assert np.abs([own[name] for name in names] - scores[best]).max(initial=0) < 2e-3
        assert np.abs(found.scores[row][has] - scores[best]).max(initial=0) < 2e-3
        assert (found.scores[row][~has] == -np.inf).all()
    assert index.count(filter) == len(kept)


@given(numbers=st.lists(st.sampled_from(LEFT), max_size=15))
def test_ids_keys_rows_and_vectors_are_of_one_row(index: Index, numbers: list[int]) -> None:
    keys = index.keys_of(ids(numbers))
    rows = index.rows(keys)
    assert rows.column("uuid").to_pylist() == ids(numbers)
    assert rows.column("genus").to_pylist() == [GENERA[number % 4] for number in numbers]
    if numbers:
        assert np.abs(index.vectors(keys) - vectors(numbers)).max() < 1e-3


def test_what_an_index_says_of_itself(index: Index) -> None:
    assert (len(index), index.count(), index.dim, index.model, index.version) == (55, 55, 8, MODEL, 3)
    assert (index.has_lineage, index.has_thumbnails) == (True, False)
    assert set(index.columns) == set(table([0]).column_names)
    assert index.thumbnail(0) is None
    assert len(index.keys()) == 55


def test_facets_and_tree_count_what_is_left(index: Index) -> None:
    counted = {one.value: one.count for one in index.facets(["genus"])["genus"]}
    assert counted == {name: sum(number % 4 == kind for number in LEFT) for kind, name in enumerate(GENERA)}
    kept = Filter(within=(Taxon(kingdom="Animalia"),))
    assert [one.value for one in index.facets(["family"], filter=kept, most=1)["family"]] == ["Corvidae"]
    children = {node.taxon.kingdom: node.count for node in index.tree().children(Taxon())}
    assert children == {
        "Animalia": counted["Corvus"] + counted["Pica"],
        "Plantae": counted["Quercus"],
        "Fungi": counted["Amanita"],
    }
    assert [node.taxon.kingdom for node in index.tree(kept).children(Taxon())] == ["Animalia"]
    assert index.tree() is index.tree(Filter())
    for node in index.tree().find("cor"):
        assert node.example_key in index.keys().tolist()


def test_a_single_vector_of_any_length_is_a_query(index: Index) -> None:
    one = index.search(vectors([7])[0] * 12, k=2)
    assert one.keys.shape == (1, 2)
    assert one.scores[0, 0] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (lambda index: index.search(np.ones(5)), "a query of 5 numbers does not fit an index of 8"),
        (lambda index: index.search(np.full(8, np.nan)), "no number, or is all zero"),
        (lambda index: index.search(np.zeros(8)), "no number, or is all zero"),
        (lambda index: index.search(np.ones(8), k=0), "at least one neighbour"),
        (lambda index: index.rows([10**9]), "no row has the key 1000000000"),
        (lambda index: index.rows([-1]), "no row has the key -1"),
        (lambda index: index.vectors([65]), "no row has the key 65"),
    ],
)
def test_wrong_questions_are_one_sentence(index: Index, asked: object, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        asked(index)  # type: ignore[operator]


def test_unknown_names_are_told_with_near_ones(index: Index) -> None:
    with pytest.raises(UnknownName, match='unknown column: "genis"') as caught:
        index.rows([1], ["genis"])
    assert "did you mean genus?" in caught.value.hint
    for asked in (
        lambda: index.facets(["genis"]),
        lambda: index.search(np.ones(8), filter=Filter(equals={"genis": ("x",)})),
    ):
        with pytest.raises(UnknownName, match="genis"):
            asked()
    with pytest.raises(UnknownName, match='unknown id: "id-00013"'):
        index.keys_of(ids([3, 13]))


def test_an_index_may_be_asked_from_many_threads_at_once(index: Index) -> None:
    wanted = [index.search(vectors([number]), k=5, filter=FILTERS["within"][0]).keys.tolist() for number in range(20)]
    wrong: list[int] = []

    def ask() -> None:
        for number in range(20):
            found = index.search(vectors([number]), k=5, filter=FILTERS["within"][0]).keys
            rows = index.rows(found[0][found[0] >= 0])
            if found.tolist() != wanted[number] or any(name not in GENERA[:2] for name in rows["genus"].to_pylist()):
                wrong.append(number)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_index_without_lineages_is_searched_and_has_no_tree(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from thuja.search.store.build import build_index

    pq.write_table(pa.table({"uuid": ids(range(5)), "emb": vectors(range(5)).tolist()}), tmp_path / "x.parquet")
    build_index([tmp_path / "x.parquet"], tmp_path / "index", BuildOptions())
    index = Index.open(tmp_path / "index")
    assert (index.has_lineage, dict(index.columns), index.tree().children(Taxon())) == (False, {}, [])
    assert index.rows([2]).column_names == ["uuid"]
    assert index.search(vectors([3]), k=1).keys.tolist() == [index.keys_of(ids([3]))]
    with pytest.raises(UsageError, match="no lineages"):
        index.count(Filter(within=(Taxon(genus="Pica"),)))


@pytest.mark.shared
def test_the_published_embeddings_are_built_and_found(shared: Path, tmp_path: Path) -> None:
    from thuja.search.store.build import build_index

    source = shared / "data" / "bioclip2_embeddings_1k.parquet"
    report = build_index([source], tmp_path / "index", BuildOptions(model="bioclip-2", segment_rows=300))
    assert (report.read, len(report.version), report.refused.total()) == (1030, 1030, 0)
    index = Index.open(tmp_path / "index")
    keys = np.arange(1030)
    assert (index.search(index.vectors(keys), k=1).keys[:, 0] == keys).all()
    (birds,) = index.tree().resolve("Aves")
    rows = index.rows(index.keys(Filter(within=(birds,))), ["class"])
    assert rows.column("class").unique().to_pylist() == ["Aves"]
    assert rows.num_rows == 147


def test_a_filter_that_is_remembered_is_that_of_its_version(tmp_path: Path) -> None:
    filter, _ = FILTERS["within"]
    first = Index.open(made(tmp_path / "index", range(20), segment_rows=6))
    assert first.count(filter) == 10
    delete_rows(tmp_path / "index", Doomed(ids=ids([0, 1, 2])))
    second = first.refreshed()
    assert (second.count(filter), first.count(filter)) == (8, 10)
    assert first.kept(filter)[0] is first.kept(filter)[0]


def test_another_index_in_the_place_of_one_is_told_from_it_by_more_than_its_number(tmp_path: Path) -> None:
    """A folder that was exchanged for one of the same number of versions was never opened anew; and what a filter
    kept of the old one's third version was taken for that of the new one's."""
    filter, _ = FILTERS["within"]
    made(tmp_path / "other", range(40, 48), segment_rows=6)
    first = Index.open(made(tmp_path / "index", range(20), segment_rows=6))
    assert first.count(filter) == 10
    shutil.rmtree(tmp_path / "index")
    (tmp_path / "other").rename(tmp_path / "index")
    second = first.refreshed()
    assert (first.version, second.version) == (1, 1)
    assert (len(second), second.count(filter), first.count(filter)) == (8, 4, 10)
    assert second.refreshed() is second


def test_segments_that_share_a_search_find_what_exact_search_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One large and some small ones, all with codes."""
    monkeypatch.setattr(efforts, "EXACT_ROWS", 0)
    folder = made(tmp_path / "index", range(1200), codes=CODES)
    for step in range(3):
        numbers = range(2000 + 200 * step, 2200 + 200 * step)
        add_to_index([written(tmp_path / f"{step}.parquet", numbers)], folder, BuildOptions(codes=CODES))
    index = Index.open(folder)
    assert [one.codes.list_count for one in index.segments] == [16] * 4
    for name in ("none", "within", "range"):
        queries = vectors(range(9000, 9008))
        found = index.search(queries, k=5, filter=FILTERS[name][0])
        true = index.search(queries, k=5, filter=FILTERS[name][0], effort=EXACT)
        shared = [len(np.intersect1d(one, other)) for one, other in zip(found.keys, true.keys, strict=True)]
        assert sum(shared) >= 0.95 * true.keys.size
