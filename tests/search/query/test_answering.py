"""A query is answered as if every picture were looked at, page by page."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.search.query.making import ENCODE, TAXA, made_index

from thuja.errors import UnknownName, UsageError
from thuja.search.filters import Filter, Range
from thuja.search.query import Query, answer
from thuja.search.query.grouping import most_of
from thuja.search.store.changes import Doomed, delete_rows
from thuja.taxonomy import Taxon

QUERIES = st.sampled_from(
    [
        Query(id="row-0004"),
        Query(id="row-0004", filter=Filter(equals={"license_name": ("CC0",)})),
        Query(id="row-0003", group_by="species", per_group=7),
        Query(id="row-0009", collapse=0.97),
        Query(id="row-0001", collapse=0.9, group_by="life_stage", per_group=9),
    ]
)


def ids(query: Query, index) -> list[str]:
    return [hit.id for hit in answer(index, query, ENCODE).hits]


def test_the_nearest_come_first_with_their_cosines(index, embeddings) -> None:
    query = embeddings.vectors[4].astype(np.float32)
    found = answer(index, Query(id="row-0004", k=8))
    cosines = embeddings.vectors.astype(np.float32) @ query
    order = [row for row in np.argsort(-cosines) if row != 4][:8]
    assert [hit.id for hit in found.hits] == [f"row-{row:04}" for row in order]
    assert [hit.score for hit in found.hits] == pytest.approx(cosines[order], abs=2e-3)
    assert (found.total, found.is_exhausted, found.told) == (240, False, ())


def test_a_hit_tells_its_taxon_and_whose_picture_it_is_whatever_columns_are_asked_for(index) -> None:
    hit = answer(index, Query(id="row-0006", k=1, columns=("year",), filter=Filter(within=(Taxon(genus="Mus"),)))).hits[
        0
    ]
    assert hit.taxon == TAXA[3]
    assert hit.credit.owner.startswith("person")
    assert set(hit.row) == {"year"}


@given(query=QUERIES, cut=st.integers(1, 30))
def test_pages_put_together_are_the_whole(index, query, cut) -> None:
    whole = ids(replace(query, k=60), index)
    first, second = ids(replace(query, k=cut), index), ids(replace(query, k=60, offset=cut), index)
    assert (first + second)[:60] == whole
    assert len(set(whole)) == len(whole)


def test_pages_of_one_size_put_together_are_the_whole_when_results_differ(index) -> None:
    pages = [ids(Query(id="row-0002", diversity=0.6, k=10, offset=offset), index) for offset in range(0, 240, 10)]
    together = [one for page in pages for one in page]
    assert sorted(together) == [f"row-{row:04}" for row in range(240) if row != 2]


def test_the_best_of_each_species_is_the_best_there_is(index, embeddings) -> None:
    found = answer(index, Query(id="row-0000", group_by="species", k=20))
    cosines = embeddings.vectors.astype(np.float32) @ embeddings.vectors[0].astype(np.float32)
    cosines[0] = -2
    best = {one: int(np.where(np.arange(240) % 6 == one, cosines, -2).argmax()) for one in range(6)}
    assert {hit.id for hit in found.hits} == {f"row-{row:04}" for row in best.values()}
    assert {hit.group for hit in found.hits} == {"", *(taxon.binomial for taxon in TAXA[:5])}
    assert found.is_exhausted
    assert "6 pictures, at most 1 of a species" in found.told[0]


def test_groups_of_one_name_under_other_lineages_stay_apart(index) -> None:
    found = answer(index, Query(id="row-0000", group_by="family", k=20))
    assert sorted(hit.group for hit in found.hits) == ["Corvidae", "Moraceae", "Muridae"]


def test_what_cannot_be_grouped_by_is_named_shortly_with_each_choice_once(index) -> None:
    """A text of 100 kB stood in the error, and every rank twice."""
    with pytest.raises(UnknownName) as caught:
        answer(index, Query(id="row-0000", group_by="x" * 100_000))
    assert len(caught.value.message) < 200
    assert str(caught.value.hint).count("kingdom") == 1


def test_near_duplicates_are_shown_once_and_counted(index) -> None:
    plain = answer(index, Query(id="row-0000", k=239))
    once = answer(index, Query(id="row-0000", k=239, collapse=0.99))
    assert len(plain.hits) == 239
    assert len(once.hits) == 239 - 23
    assert sum(hit.copies for hit in once.hits) == 23


def test_diversity_puts_what_is_alike_apart(index) -> None:
    def likeness(diversity: float) -> float:
        found = answer(index, Query(id="row-0000", k=8, diversity=diversity))
        vectors = index.vectors([hit.key for hit in found.hits])
        return float((vectors @ vectors.T)[np.triu_indices(8, 1)].mean())

    assert likeness(0.0) > likeness(0.5) > likeness(1.0)
    assert ids(Query(id="row-0000", k=5, diversity=1e-9), index) == ids(Query(id="row-0000", k=5), index)


def test_a_filter_that_keeps_nothing_is_told_with_what_each_condition_keeps(index) -> None:
    none = Filter(
        within=(Taxon(genus="Mus"),), ranges={"year": Range(low=2000, high=2002)}, equals={"license_name": ("CC BY",)}
    )
    found = answer(index, Query(id="row-0000", filter=none))
    assert (found.hits, found.total, found.is_exhausted) == ((), 0, True)
    assert found.told == (
        "no picture of 240 meets every condition; alone they keep within Mus: 40; license_name=CC BY: 80; "
        "year=2000..2002: 36",
    )


def test_a_value_that_no_picture_has_is_told_with_those_that_there_are(index) -> None:
    found = answer(index, Query(id="row-0000", filter=Filter(equals={"license_name": ("CC BYE",)})))
    assert found.told[0].startswith("no picture of 240 is license_name=CC BYE; the commonest there are ")
    assert "CC BY" in found.told[0].partition("there are ")[2].split(", ")


def test_fewer_than_asked_for_is_said(index) -> None:
    found = answer(index, Query(id="row-0003", k=100, filter=Filter(within=(Taxon(genus="Mus"),))))
    assert len(found.hits) == 39
    assert found.told == ("39 pictures are all there are: the filter keeps 40",)


def test_a_page_after_the_last_is_empty(index) -> None:
    found = answer(index, Query(id="row-0003", k=10, offset=500))
    assert (len(found.hits), found.is_exhausted) == (0, True)


def test_facets_count_all_that_the_filter_keeps(index) -> None:
    found = answer(
        index,
        Query(id="row-0000", k=1, facets=("family", "license_name"), filter=Filter(within=(Taxon(kingdom="Plantae"),))),
    )
    assert {one.value: one.count for one in found.facets["family"]} == {"Moraceae": 80}
    assert sum(one.count for one in found.facets["license_name"]) == 80


def test_with_a_filter_alone_the_typical_come_first(index, embeddings) -> None:
    found = answer(index, Query(k=40, filter=Filter(within=(Taxon(genus="Mus"),))))
    mean = embeddings.vectors[np.arange(240) % 6 == 3].mean(axis=0)
    assert [hit.taxon.genus for hit in found.hits] == ["Mus"] * 40
    first, last = index.vectors([found.hits[0].key])[0], index.vectors([found.hits[-1].key])[0]
    assert first @ mean > last @ mean
    assert found.told == ("neither words nor a picture say what is sought: the most typical come first",)


def test_what_is_not_there_is_named(index) -> None:
    with pytest.raises(UnknownName, match="unknown id"):
        answer(index, Query(id="row-9999"))
    with pytest.raises(UnknownName, match='group by: "specis"') as caught:
        answer(index, Query(id="row-0000", group_by="specis"))
    assert "did you mean species" in caught.value.hint
    with pytest.raises(UsageError, match="need the model"):
        answer(index, Query(text="a moth"))


def test_an_index_without_lineages_takes_words_and_has_no_species(embeddings, tmp_path) -> None:
    bare = replace(embeddings, columns=embeddings.columns.select(["year"]))
    index = made_index(tmp_path, bare)
    found = answer(index, Query(text="raven", k=3), ENCODE)
    assert (len(found.hits), found.told, found.hits[0].taxon) == (3, (), Taxon())
    with pytest.raises(UsageError, match="no names at the rank species"):
        answer(index, Query(id="row-0001", group_by="species"))


def test_an_index_of_which_all_is_deleted_says_so(embeddings, tmp_path) -> None:
    index = made_index(tmp_path, embeddings.select([0, 1]))
    delete_rows(tmp_path / "index", Doomed(ids=["row-0000", "row-0001"], chosen=None), by="test")
    found = answer(index.refreshed(), Query(k=3))
    assert (found.hits, found.told) == ((), ("the index holds no picture",))


def test_deleted_pictures_are_not_found_and_cannot_be_asked_for(embeddings, tmp_path) -> None:
    index = made_index(tmp_path, embeddings)
    delete_rows(tmp_path / "index", Doomed(ids=["row-0007"], chosen=None), by="test")
    index = index.refreshed()
    found = answer(index, Query(id="row-0001", k=500))
    assert len(found.hits) == 238
    assert "row-0007" not in {hit.id for hit in found.hits}
    with pytest.raises(UnknownName, match="row-0007"):
        answer(index, Query(id="row-0007"))


def test_the_values_of_a_column_are_sought_no_further_than_there_are_any(index) -> None:
    """Else a fourth licence would be looked for in a hundred thousand pictures."""
    for query, count in (
        (Query(id="row-0000", group_by="license_name", k=9), 3),
        (Query(id="row-0000", group_by="life_stage", per_group=100, k=239), 239),
        (Query(id="row-0003", group_by="year", k=30, filter=Filter(ids=("row-0003", "row-0004", "row-0024"))), 1),
    ):
        found = answer(index, query)
        assert (len(found.hits), found.is_exhausted) == (count, True)
    kept = Filter(ids=("row-0003", "row-0004", "row-0024"))
    assert most_of(index, "year", 1, kept, ("row-0003",)) == 1
    assert most_of(index, "year", 2, kept, ("row-0003", "row-0100")) == 2
    assert most_of(index, "species", 1, kept, ()) is None
