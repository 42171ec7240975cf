from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.search.columns.making import CROW, FIG, MAGPIE, MOUSE, RAVEN, ROBIN, SNAIL, opened, table_of, tree_of

from thuja.errors import UnknownName, UsageError
from thuja.search.bits import Bits
from thuja.search.columns import Node, Part, Tree, path_of, taxon_of
from thuja.search.columns.runs import runs_of
from thuja.taxonomy import RANKS, Taxon

ROWS = [RAVEN, RAVEN, RAVEN, CROW, MAGPIE, ROBIN, ROBIN, SNAIL, FIG, FIG, MOUSE]
LETTERS = st.sampled_from(["", "a", "b"])
LINEAGES = st.lists(st.tuples(*[LETTERS] * 7), max_size=8)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Two segments."""
    return tree_of([table_of(ROWS[:6]), table_of(ROWS[6:])], tmp_path_factory.mktemp("tree"))


def paths(nodes: Sequence[Node]) -> list[tuple[str, int]]:
    return [(path_of(node.taxon), node.count) for node in nodes]


def all_nodes(tree: Tree, of: Taxon | None = None) -> list[Node]:
    below = tree.children(of or Taxon())
    return [one for node in below for one in (node, *all_nodes(tree, node.taxon))]


@settings(max_examples=25)
@given(st.lists(LINEAGES, max_size=3))
def test_nodes_are_the_distinct_lineages_with_their_rows(segments: list[list[tuple[str, ...]]]) -> None:
    tree = Tree.of([Part(runs=runs_of(table_of(rows))) for rows in segments])
    generator = np.random.default_rng(sum(map(len, segments)))
    masks = [generator.random(len(rows)) < 0.6 for rows in segments]
    whole = [np.ones(len(rows), dtype=bool) for rows in segments]
    for view, kept in ((tree, whole), (tree.under([Bits.from_mask(mask) for mask in masks]), masks)):
        truth = Counter[tuple[str, ...]]()
        for rows, mask in zip(segments, kept, strict=True):
            for names in (names for names, is_kept in zip(rows, mask, strict=True) if is_kept):
                truth.update({names[: rank + 1] for rank in RANKS if names[rank]})
        found = {node.taxon.names[: node.rank + 1]: node.count for node in all_nodes(view) if node.rank is not None}
        assert found == dict(truth)
        assert view.node(Taxon()).count == sum(int(mask.sum()) for mask in kept)


@settings(max_examples=25)
@given(st.lists(LINEAGES, max_size=3))
def test_a_sample_of_a_taxon_goes_evenly_through_its_rows_and_holds_those_that_are_kept(
    segments: list[list[tuple[str, ...]]],
) -> None:
    starts = np.cumsum([0, *map(len, segments)]).tolist()
    tree = Tree.of(
        [Part(runs=runs_of(table_of(own)), start=start) for own, start in zip(segments, starts, strict=False)]
    )
    rows = [names for own in segments for names in own]
    mask = np.random.default_rng(len(rows)).random(len(rows)) < 0.6
    view = tree.under([Bits.from_mask(mask[start:stop]) for start, stop in pairwise(starts)])
    for node in [tree.node(Taxon()), *all_nodes(tree)]:
        depth = 0 if node.rank is None else node.rank + 1
        own = [key for key, names in enumerate(rows) if names[:depth] == node.taxon.names[:depth]]
        assert tree.sample(node.taxon, most=100).tolist() == own
        assert view.sample(node.taxon, most=100).tolist() == [key for key in own if mask[key]]
        assert tree.sample(node.taxon, most=2).tolist() == sorted({*own[:1], *own[-1:]})


def test_children_are_counted_and_the_commonest_come_first(tree: Tree) -> None:
    assert paths(tree.children(Taxon())) == [("Animalia", 9), ("Plantae", 2)]
    passerines = taxon_of("Animalia/Chordata/Aves/Passeriformes")
    assert [(node.taxon.family, node.count, node.has_children) for node in tree.children(passerines)] == [
        ("Corvidae", 5, True),
        ("Muscicapidae", 2, True),
    ]
    (corax, corone) = tree.children(Taxon(genus="Corvus"))
    assert (corax.taxon.common, corax.has_children) == ("Common Raven", False)
    assert corone.taxon.binomial == "Corvus corone"


def test_a_missing_rank_is_jumped_over(tree: Tree) -> None:
    assert paths(tree.children(taxon_of("Animalia/Chordata"))) == [
        ("Animalia/Chordata/Aves", 7),
        ("Animalia/Chordata//Rodentia", 1),
    ]
    assert tree.node(taxon_of("Animalia/Chordata//Rodentia")).rank is RANKS[3]
    with pytest.raises(UnknownName):
        tree.node(taxon_of("Animalia//Rodentia"))


def test_a_taxon_above_which_names_are_left_out_is_found_where_it_is_the_only_one(tree: Tree) -> None:
    assert tree.node(Taxon(family="Corvidae")).count == 5
    with pytest.raises(UsageError, match=r"2 lineages of Ficus\nhint: one is Animalia/"):
        tree.node(Taxon(genus="Ficus"))
    with pytest.raises(UnknownName, match=r'unknown taxon: "Corvida"\nhint: did you mean Corvidae'):
        tree.children(Taxon(family="Corvida"))
    with pytest.raises(UnknownName, match=r'"Xyzzyx"\nhint: the tree of this index begins with Animalia, '):
        tree.resolve("Xyzzyx")


def test_under_a_filter_only_its_rows_count_and_examples_are_among_them(tree: Tree) -> None:
    kept = [Bits.from_rows([1, 4], size=6), Bits.from_rows([], size=5)]
    view = tree.under(kept)
    assert paths(view.children(taxon_of("Animalia/Chordata/Aves/Passeriformes/Corvidae"))) == [
        ("Animalia/Chordata/Aves/Passeriformes/Corvidae/Corvus", 1),
        ("Animalia/Chordata/Aves/Passeriformes/Corvidae/Pica", 1),
    ]
    assert [node.example_key for node in view.children(Taxon(family="Corvidae"))] == [1, 4]
    assert view.node(Taxon(family="Muscicapidae")).count == 0
    assert view.node(Taxon(family="Muscicapidae")).example_key is None
    assert view.find("fig") == []
    assert tree.node(Taxon(family="Muscicapidae")).count == 2


def test_an_example_is_of_the_commonest_lineage_and_has_a_thumbnail_if_any_has(tmp_path: Path) -> None:
    rows = [RAVEN, RAVEN, CROW, CROW, CROW, MAGPIE]
    runs = opened(table_of(rows), tmp_path).runs
    corvids = Taxon(family="Corvidae")
    assert Tree.of([Part(runs=runs, start=100)]).node(corvids).example_key == 102
    no_crow = Bits.from_rows([1, 5], size=6)
    assert Tree.of([Part(runs=runs, with_thumbnail=no_crow)]).node(corvids).example_key == 1
    gone = Part(runs=runs, kept=Bits.from_rows([0, 2, 3, 4], size=6), with_thumbnail=no_crow)
    assert Tree.of([gone]).node(corvids).example_key == 2


def test_a_row_of_a_later_segment_stands_in_where_an_earlier_has_no_thumbnail(tmp_path: Path) -> None:
    first = Part(runs=opened(table_of([RAVEN, CROW]), tmp_path / "0").runs)
    second = opened(table_of([RAVEN, RAVEN]), tmp_path / "1").runs
    tree = Tree.of([first, Part(runs=second, start=2, with_thumbnail=Bits.from_rows([1], size=2))])
    assert tree.node(Taxon(genus="Corvus")).example_key == 3


def test_names_are_completed_from_any_word_whatever_case_and_accents(tree: Tree) -> None:
    assert [node.taxon.scientific_name for node in tree.find("CORV")] == [
        "Corvidae",
        "Corvus",
        "Corvus corax",
        "Corvus corone",
    ]
    assert [node.taxon.binomial for node in tree.find("comun hig")] == ["Ficus carica"]
    assert [node.taxon.binomial for node in tree.find("Higü")] == ["Ficus carica"]
    assert [node.taxon.binomial for node in tree.find("ravEn")] == ["Corvus corax"]
    assert [node.taxon.binomial for node in tree.find("corone")] == ["Corvus corone"]
    assert [node.taxon.scientific_name for node in tree.find("c", most=2)] == ["Chordata", "Corvidae"]
    assert tree.find("") == tree.find(" - ") == tree.find("aven") == tree.find("x" * 100_000) == []


def test_a_common_name_belongs_to_the_taxon_that_rows_are_labelled_with(tmp_path: Path) -> None:
    rows = [(*RAVEN[:6], ""), RAVEN]
    table = table_of(rows).set_column(8, "common", [["crows and ravens", "Common Raven"]])
    tree = tree_of([table], tmp_path)
    assert [(node.taxon.common, node.count) for node in tree.find("crows")] == [("crows and ravens", 2)]
    assert [node.taxon.binomial for node in tree.find("common")] == ["Corvus corax"]
    assert tree.node(Taxon(family="Corvidae")).taxon.common == ""


def test_the_common_name_that_most_rows_give_is_the_taxons(tmp_path: Path) -> None:
    tables = [
        table_of([RAVEN] * 3).set_column(8, "common", [["Raven", "Raven", "Kolkrabe"]]),
        table_of([RAVEN] * 3).set_column(8, "common", [["Kolkrabe", "Kolkrabe", "Kolkrabe"]]),
    ]
    assert tree_of(tables, tmp_path).node(Taxon(species="corax")).taxon.common == "Kolkrabe"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Corvidae", [Taxon(kingdom="Animalia", family="Corvidae")]),
        ("  corvus   CORAX ", [Taxon(kingdom="Animalia", genus="Corvus", species="corax")]),
        ("common raven", [Taxon(kingdom="Animalia", genus="Corvus", species="corax")]),
        ("Animalia/Chordata/Aves", [Taxon(kingdom="Animalia", phylum="Chordata", class_="Aves")]),
        ("Animalia/Chordata//Rodentia", [Taxon(kingdom="Animalia", phylum="Chordata", order="Rodentia")]),
        ("Chordata/Corvidae", [Taxon(kingdom="Animalia", family="Corvidae")]),
        ("Plantae/Ficus", [Taxon(kingdom="Plantae", genus="Ficus")]),
        ("Corvus/corax", []),
        ("Ficus", [Taxon(kingdom="Plantae", genus="Ficus"), Taxon(kingdom="Animalia", genus="Ficus")]),
        ("Plantae", [Taxon(kingdom="Plantae")]),
    ],
)
def test_what_a_name_means(tree: Tree, text: str, meant: list[Taxon]) -> None:
    if meant:
        assert tree.resolve(text) == meant
    else:
        with pytest.raises(UnknownName):
            tree.resolve(text)


def test_lineages_that_differ_between_kingdom_and_name_are_one_taxon(tmp_path: Path) -> None:
    """Data sets do not agree on orders, and may leave them out: a family is one nevertheless."""
    other_order = (*RAVEN[:3], "Corviformes", *RAVEN[4:])
    no_kingdom = ("", *RAVEN[1:])
    tree = tree_of([table_of([no_kingdom, RAVEN, other_order])], tmp_path)
    assert tree.resolve("Corvidae") == [Taxon(family="Corvidae")]
    assert tree.path(Taxon(kingdom="Animalia", family="Corvidae")) == path_of(Taxon.from_names(other_order[:5]))


def test_a_name_within_a_taxon_of_the_same_name_is_no_other_meaning(tmp_path: Path) -> None:
    inner = ("Animalia", "Arthropoda", "Insecta", "Insecta", "", "", "")
    apart = ("Animalia", "Ctenophora", "", "", "", "", "")
    fly = ("Animalia", "Arthropoda", "Insecta", "Diptera", "Tipulidae", "Ctenophora", "")
    tree = tree_of([table_of([inner, fly, fly, apart])], tmp_path)
    assert tree.resolve("Insecta") == [Taxon(kingdom="Animalia", class_="Insecta")]
    assert [path_of(taxon) for taxon in tree.resolve("Ctenophora")] == [
        "Animalia/////Ctenophora",
        "Animalia/Ctenophora",
    ]


def test_an_unknown_name_is_answered_with_near_ones(tree: Tree) -> None:
    assert tree.near("Corvus corex", most=1) == ["Corvus corax"]
    assert tree.near("comon raven", most=1) == ["Common Raven"]
    with pytest.raises(UnknownName, match=r'unknown taxon: "Corvus corex"\nhint: did you mean Corvus corax'):
        tree.resolve("Corvus corex")
    with pytest.raises(UnknownName) as error:
        tree.resolve("z" * 100_000)
    assert len(str(error.value)) < 300
    with pytest.raises(UnknownName):
        tree.resolve("/".join("abcdefgh"))


def test_ranks_without_a_name_in_any_row_do_no_harm(tmp_path: Path) -> None:
    """The names of such a rank had no type, and no tree of a world without kingdoms could be searched by name."""
    tree = tree_of([table_of([("", "", "", "", "Corvidae", "", "")])], tmp_path)
    assert [node.taxon for node in tree.find("corv")] == [Taxon(family="Corvidae")]
    assert tree.resolve("Corvidae") == [Taxon(family="Corvidae")]
    assert path_of(tree.children(Taxon())[0].taxon) == "////Corvidae"


def test_an_index_without_rows_has_an_empty_tree(tmp_path: Path) -> None:
    for tree in (Tree.of([]), tree_of([table_of([])], tmp_path)):
        assert tree.children(Taxon()) == tree.find("a") == []
        assert (tree.node(Taxon()).count, tree.node(Taxon()).example_key, len(tree)) == (0, None, 0)
        with pytest.raises(UnknownName, match='unknown taxon: "Aves"'):
            tree.resolve("Aves")
