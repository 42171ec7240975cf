"""Many queries from a file give what one query after the other gives, also when the job was killed in between."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.search.query.making import made_embeddings

from thuja.embeddings import Embeddings
from thuja.errors import BadFile, EmptyInput, OutputExists, UsageError
from thuja.search.filters import Filter
from thuja.search.query import Query, answer, batches
from thuja.search.query.batches import Batch, search_batch
from thuja.taxonomy import Taxon


@pytest.fixture
def queries(tmp_path):
    made_embeddings(50, seed=1).save(tmp_path / "queries.parquet")
    return tmp_path / "queries.parquet"


def test_each_query_gets_its_own_neighbours(index, queries, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(batches, "BLOCK", 16)
    mice = Filter(within=(Taxon(genus="Mus"),))
    batch = Batch(queries=queries, out=tmp_path / "out.parquet", k=5, filter=mice, columns=("year", "common"))
    assert search_batch(index, batch) == 50
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["query_uuid", "rank", "uuid", "score", "year", "common"]
    assert table.column("rank").to_pylist() == [1, 2, 3, 4, 5] * 50
    given = Embeddings.load(queries)
    for row in (0, 17, 49):
        hits = answer(index, Query(vector=given.vectors[row], k=5, filter=mice)).hits
        mine = table.slice(5 * row, 5)
        assert mine.column("query_uuid").to_pylist() == [given.ids[row]] * 5
        assert mine.column("uuid").to_pylist() == [hit.id for hit in hits]
        assert mine.column("year").to_pylist() == [hit.row["year"] for hit in hits]
        assert mine.column("score").to_numpy() == pytest.approx([hit.score for hit in hits], abs=1e-5)
    assert not (tmp_path / "out.parquet.parts").exists()


def test_a_query_does_not_find_itself_where_that_is_asked(index, embeddings, tmp_path) -> None:
    embeddings.save(tmp_path / "queries.parquet")
    batch = Batch(queries=tmp_path / "queries.parquet", out=tmp_path / "out.parquet", k=3, without_self=True)
    search_batch(index, batch)
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column("rank").to_pylist() == [1, 2, 3] * 240
    assert table.filter(pa.compute.equal(table.column("query_uuid"), table.column("uuid"))).num_rows == 0
    assert table.slice(0, 3).column("uuid").to_pylist() == [
        hit.id for hit in answer(index, Query(id="row-0000", k=3)).hits
    ]


def test_a_killed_job_goes_on_and_ends_in_the_same_rows(index, queries, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(batches, "BLOCK", 16)
    whole = Batch(queries=queries, out=tmp_path / "whole.parquet", k=4)
    search_batch(index, whole)
    done = []

    def until_the_third(*args):
        done.append(args)
        if len(done) == 3:
            raise KeyboardInterrupt
        return found(*args)

    found = batches.neighbours
    cut = Batch(queries=queries, out=tmp_path / "cut.parquet", k=4)
    monkeypatch.setattr(batches, "neighbours", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        search_batch(index, cut)
    assert not cut.out.exists()
    assert sorted(path.name for path in (tmp_path / "cut.parquet.parts").iterdir())[1:] == [
        "unit-000000",
        "unit-000001",
    ]
    search_batch(index, cut)
    assert len(done) == 5
    assert pq.read_table(cut.out).equals(pq.read_table(whole.out))


def test_fewer_neighbours_than_asked_are_fewer_rows(index, queries, tmp_path) -> None:
    kept = Filter(ids=("row-0001", "row-0002"))
    search_batch(index, Batch(queries=queries, out=tmp_path / "out.parquet", k=9, filter=kept))
    assert pq.read_table(tmp_path / "out.parquet").column("rank").to_pylist() == [1, 2] * 50
    none = Filter(ids=())
    search_batch(index, Batch(queries=queries, out=tmp_path / "none.parquet", k=9, filter=none, columns=("year",)))
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0


def test_what_holds_no_queries_is_named(index, queries, tmp_path) -> None:
    out = tmp_path / "out.parquet"
    with pytest.raises(UsageError, match="no file of queries"):
        search_batch(index, Batch(queries=tmp_path / "missing.parquet", out=out))
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(BadFile, match="is not a Parquet file"):
        search_batch(index, Batch(queries=tmp_path / "text.parquet", out=out))
    pq.write_table(pa.table({"uuid": ["a"]}), tmp_path / "ids.parquet")
    with pytest.raises(BadFile, match='no column "emb"'):
        search_batch(index, Batch(queries=tmp_path / "ids.parquet", out=out))
    other = made_embeddings(3)
    Embeddings(ids=other.ids, vectors=other.vectors, model="bioclip").save(tmp_path / "other.parquet")
    with pytest.raises(UsageError, match="made by bioclip, and the index by made"):
        search_batch(index, Batch(queries=tmp_path / "other.parquet", out=out))
    vectors = np.array(other.vectors)
    vectors[1] = np.nan
    Embeddings(ids=other.ids, vectors=vectors, model="made").save(tmp_path / "nan.parquet")
    with pytest.raises(BadFile, match='vector of "row-0001"'):
        search_batch(index, Batch(queries=tmp_path / "nan.parquet", out=out))
    unsaid = {"uuid": ["a"], "emb": [[1.0, 0.0, 0.0]]}
    pq.write_table(pa.table(unsaid), tmp_path / "short.parquet")
    with pytest.raises(UsageError, match="have 3 numbers, the vectors of the index"):
        search_batch(index, Batch(queries=tmp_path / "short.parquet", out=tmp_path / "short-out.parquet"))
    assert not list(tmp_path.glob("short-out*"))
    made_embeddings(0).save(tmp_path / "empty.parquet")
    with pytest.raises(EmptyInput, match="holds no query"):
        search_batch(index, Batch(queries=tmp_path / "empty.parquet", out=out))
    out.write_text("there")
    with pytest.raises(OutputExists):
        search_batch(index, Batch(queries=queries, out=out))
    with pytest.raises(UsageError, match="are Parquet"):
        Batch(queries=queries, out=tmp_path / "out.csv")
