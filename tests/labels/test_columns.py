"""Taxa in columns against a list of them."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.labels.making import taxa

from thuja.labels import Column, Sorted, Taxa, Texts
from thuja.taxonomy import RANKS, Taxon

plainly = settings(deadline=None, max_examples=60)


def told(some: "Taxa | list[Taxon]") -> list[tuple[Taxon, str]]:
    """Taxa with their common names, which take no part in their equality."""
    return [(taxon, taxon.common) for taxon in some]


def from_table(some: list[Taxon]) -> Taxa:
    return Taxa.of_table(pa.Table.from_pylist([taxon.to_columns() for taxon in some]))


@plainly
@given(some=taxa(), way=st.sampled_from([Taxa.of, from_table, lambda some: pickle.loads(pickle.dumps(Taxa.of(some)))]))
def test_taxa_in_columns_are_those_of_the_list(some, way):
    columns = way(some)
    assert told(columns) == told(some)
    assert [columns[row] for row in range(-len(some), len(some))] == some * 2
    assert told(columns[1::2]) == told(some[1::2])
    assert columns == some
    assert columns == tuple(some)
    assert columns != some[1:]
    with pytest.raises(IndexError):
        columns[len(some)]


@plainly
@given(some=taxa(), rank=st.sampled_from(RANKS))
def test_cut_named_and_held_against_an_ancestor_they_are_as_each_taxon_is(some, rank):
    columns = from_table(some)
    assert told(columns.at(rank)) == told([taxon.at(rank) for taxon in some])
    assert list(columns.scientific_names()) == [taxon.scientific_name for taxon in some]
    for ancestor in {taxon.at(rank) for taxon in some} | {Taxon(genus="nobody"), Taxon()}:
        assert columns.is_within(ancestor).tolist() == [taxon.is_within(ancestor) for taxon in some]


@plainly
@given(some=taxa(), rank=st.sampled_from(RANKS), is_sorted=st.booleans())
def test_they_are_sorted_as_a_list_of_lineages_is(some, rank, is_sorted):
    some = sorted(some) if is_sorted else some
    cut = [taxon.at(rank).names for taxon in some]
    order = sorted(range(len(some)), key=cut.__getitem__)
    found = Sorted.of(Taxa.of(some), down_to=rank)
    assert found.order.tolist() == order
    firsts = [place for place in range(len(some)) if not place or cut[order[place]] != cut[order[place - 1]]]
    assert found.starts(rank).tolist() == firsts


@plainly
@given(first=taxa(most=9), second=taxa(most=9, names=["", "b", "c"]))
def test_joined_they_stand_one_after_the_other(first, second):
    assert told(Taxa.joined([Taxa.of(first), from_table(second)])) == told(first + second)


def test_codes_compare_as_names_do_and_zero_is_no_name():
    column = Column.of(pa.chunked_array([["b", None, "é"], ["a", "", "b"]]))
    assert list(column.names) == ["", "a", "b", "é"]
    assert column.codes.tolist() == [2, 0, 3, 1, 0, 2]
    assert column.codes.dtype == np.uint8
    for each in (column, Column.of_names(["b", "", "é", "a", "", "b"])):
        assert (each.code("é"), each.code(""), each.code("c")) == (3, 0, -1)
        assert each.codes_of(["é", "", "c", "b"]).tolist() == [3, 0, -1, 2]
    assert column.strings().to_pylist() == ["b", None, "é", "a", None, "b"]


def test_many_names_have_wider_codes_that_are_as_right():
    names = [f"name {number:05}" for number in range(70_000)]
    column = Column.of(pa.array(names))
    assert column.codes.dtype == np.uint32
    assert (column.codes == np.arange(1, 70_001)).all()


def test_names_that_arrow_cannot_hold_are_taxa_all_the_same():
    """A file's name in another encoding becomes half a surrogate pair, and a folder's name a taxon."""
    some = [Taxon(genus="\udcff"), Taxon(genus="a"), Taxon(genus="\udcff", common="x")]
    assert list(Taxa.of(some)) == some
    assert Sorted.of(Taxa.of(some)).order.tolist() == [1, 0, 2]


def test_texts_are_made_when_the_first_of_them_is_asked_for():
    made = []
    texts = Texts(3, lambda: made.append(1) or pa.array(["a", "b", "c"]))
    assert (len(texts), len(texts.take(np.array([2, 0]))), made) == (3, 2, [])
    assert list(texts[1:]) == ["b", "c"]
    assert (texts[-1], list(texts.take(np.array([2, 0]))), made) == ("c", ["c", "a"], [1])
    assert texts == ["a", "b", "c"]
    assert texts != ["a", "b", "d"]


def test_the_names_of_no_taxa_are_no_names():
    """Names made in blocks of rows were joined without a block, which Arrow refuses."""
    assert Taxa.of([]).scientific_names().arrow.to_pylist() == []
