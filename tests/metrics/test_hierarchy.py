"""Measures on the tree against `common_ancestor`, sets of ancestors and loops written out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.bootstrap import mean_over_clusters, over_clusters
from thuja.metrics.hierarchy import (
    Agreement,
    accuracy_at_ranks,
    ancestor_depth,
    ancestor_height,
    codes_of,
    hierarchical_scores,
    is_full_path,
    is_off_tree,
    nlca,
    severity,
    top_down,
)
from thuja.taxonomy import RANKS, Rank, Taxon, common_ancestor

RAVEN = Taxon.from_lineage("Animalia Chordata Aves Passeriformes Corvidae Corvus corax")
CROW = replace(RAVEN, species="corone")
MAGPIE = replace(RAVEN, genus="Pica", species="pica")
TIT = Taxon.from_lineage("Animalia Chordata Aves Passeriformes Paridae Parus major")
GANNET = Taxon.from_lineage("Animalia Chordata Aves Suliformes Sulidae Morus bassanus")
MULBERRY = Taxon.from_lineage("Plantae Tracheophyta Magnoliopsida Rosales Moraceae Morus alba")

NAMES = st.sampled_from(["", "A", "B"])
TAXA = st.lists(NAMES, min_size=7, max_size=7).map(Taxon.from_names)
NAMED = TAXA.filter(lambda taxon: taxon.rank is not None)
PAIRS = st.lists(st.tuples(NAMED, TAXA), min_size=1, max_size=6)
WHOLE = st.lists(st.sampled_from("AB"), min_size=7, max_size=7).map(Taxon.from_names)


def depth(taxon):
    return 0 if taxon.rank is None else taxon.rank + 1


@given(PAIRS)
def test_ranks_agree_as_the_common_ancestor_says(pairs) -> None:
    truth, answers = zip(*pairs, strict=True)
    found = Agreement.of(truth, answers)
    shared = [common_ancestor(ours, theirs) for ours, theirs in pairs]
    np.testing.assert_array_equal(found.is_right, [[bool(taxon[rank]) for rank in RANKS] for taxon in shared])
    np.testing.assert_array_equal(top_down(found), found.is_right)
    np.testing.assert_array_equal(ancestor_depth(found), [depth(taxon) for taxon in shared])
    heights = [depth(ours) - depth(taxon) for ours, taxon in zip(truth, shared, strict=True)]
    np.testing.assert_array_equal(ancestor_height(found), heights)
    shares = [depth(taxon) / depth(ours) for ours, taxon in zip(truth, shared, strict=True)]
    np.testing.assert_allclose(nlca(found), shares)


@given(st.lists(st.tuples(WHOLE, WHOLE), min_size=1, max_size=6))
def test_codes_say_the_same_of_whole_lineages(pairs) -> None:
    truth, answers = zip(*pairs, strict=True)
    by_names, by_codes = Agreement.of(truth, answers), Agreement.of_codes(codes_of(truth), codes_of(answers))
    for field in ("is_right", "is_named", "is_answered"):
        np.testing.assert_array_equal(getattr(by_names, field), getattr(by_codes, field))


@given(st.lists(TAXA, max_size=8))
def test_two_codes_are_the_same_if_the_lineages_cut_there_are(taxa) -> None:
    codes = codes_of(taxa)
    assert codes.shape == (len(taxa), 7)
    for rank in RANKS:
        for ours, code in zip(taxa, codes[:, rank], strict=True):
            assert (code == -1) == (ours[rank] == "")
            for theirs, other in zip(taxa, codes[:, rank], strict=True):
                if ours[rank] and theirs[rank]:
                    assert (code == other) == (ours.at(rank) == theirs.at(rank))


def test_homonyms_differ_in_codes_and_in_agreement() -> None:
    codes = codes_of([GANNET, MULBERRY])
    assert codes[0, Rank.GENUS] != codes[1, Rank.GENUS]
    assert (codes >= 0).all()
    found = Agreement.of([GANNET], [MULBERRY])
    assert not found.is_right.any()
    assert ancestor_height(found).tolist() == [7]


def test_codes_made_apart_compare_and_common_names_do_not_count() -> None:
    np.testing.assert_array_equal(codes_of([RAVEN, CROW])[1], codes_of([replace(CROW, common="carrion crow")])[0])


def test_heights_of_known_birds() -> None:
    found = Agreement.of([RAVEN] * 6, [RAVEN, CROW, MAGPIE, TIT, GANNET, Taxon()])
    assert ancestor_height(found).tolist() == [0, 1, 2, 3, 4, 7]
    assert nlca(found).tolist() == pytest.approx([1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 0])
    assert is_full_path(found).tolist() == [True, False, False, False, False, False]
    values, named = accuracy_at_ranks(found.is_right, found.is_named)
    assert values.tolist() == pytest.approx([5 / 6, 5 / 6, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])
    assert named.tolist() == [6] * 7


def test_a_rank_is_asked_where_the_truth_has_a_name_alone() -> None:
    genus = RAVEN.at(Rank.GENUS)
    found = Agreement.of([RAVEN, genus, genus], [CROW, RAVEN, RAVEN.at(Rank.FAMILY)])
    values, named = accuracy_at_ranks(found.is_right, found.is_named)
    assert named.tolist() == [3, 3, 3, 3, 3, 3, 1]
    assert values[[Rank.FAMILY, Rank.GENUS, Rank.SPECIES]].tolist() == pytest.approx([1, 2 / 3, 0])
    assert ancestor_height(found).tolist() == [1, 0, 1]  # a deeper answer within the truth is right
    nobody = Agreement.of([RAVEN.at(Rank.KINGDOM)], [RAVEN])
    assert np.isnan(accuracy_at_ranks(nobody.is_right, nobody.is_named)[0][1:]).all()


def test_a_gap_contradicts_nothing_for_taxa_and_is_another_lineage_for_codes() -> None:
    gap = replace(RAVEN, order="")
    assert ancestor_height(Agreement.of([RAVEN], [gap])).tolist() == [0]
    assert ancestor_height(Agreement.of_codes(codes_of([RAVEN]), codes_of([gap]))).tolist() == [4]


def test_severity_over_the_wrong_and_over_all() -> None:
    found = severity([0, 0, 1, 3])
    assert (found.over_wrong, found.over_all, found.wrong, found.images) == (2.0, 1.0, 2, 4)
    assert np.isnan(severity([0, 0]).over_wrong)
    assert severity([0, 0]).over_all == 0


def test_answers_given_apart_lose_what_they_got_right_below_a_mistake() -> None:
    truth = codes_of([RAVEN, RAVEN])
    answers = truth.copy()
    answers[0, Rank.ORDER] = codes_of([GANNET])[0, Rank.ORDER]
    answers[1, Rank.ORDER] = -1
    found = Agreement.of_codes(truth, answers)
    assert found.is_right.tolist() == [[True] * 3 + [False] + [True] * 3] * 2
    assert top_down(found).tolist() == [[True] * 3 + [False] * 4, [True] * 3 + [False] + [True] * 3]
    assert ancestor_height(found).tolist() == [4, 0]
    assert is_full_path(found).tolist() == [False, False]


@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1)), min_size=7, max_size=7))
def test_top_down_and_full_path_are_their_definitions(row) -> None:
    truth, answer = np.array(row).T
    if (truth < 0).all():
        return
    found = Agreement.of_codes(truth[None], answer[None])
    right = [ours == theirs >= 0 for ours, theirs in row]
    wrong = [ours >= 0 and theirs >= 0 and ours != theirs for ours, theirs in row]
    expected = [right[rank] and not any(wrong[:rank]) for rank in range(7)]
    assert top_down(found)[0].tolist() == expected
    assert is_full_path(found)[0] == all(right[rank] for rank in range(7) if truth[rank] >= 0)
    assert ancestor_depth(found)[0] == max((rank + 1 for rank in range(7) if expected[rank]), default=0)


@given(st.lists(st.tuples(WHOLE, st.tuples(WHOLE, st.sampled_from(RANKS))), min_size=1, max_size=6))
def test_hierarchical_scores_are_those_of_sets_of_ancestors(drawn) -> None:
    """Kiritchenko's definition with sets: each taxon is every lineage above and with it."""
    truth = [taxon for taxon, _ in drawn]
    answers = [taxon.at(rank) for _, (taxon, rank) in drawn]

    def ancestors(taxon):
        return {taxon.at(rank) for rank in RANKS if taxon[rank]}

    pairs = [(ancestors(ours), ancestors(theirs)) for ours, theirs in zip(truth, answers, strict=True)]
    shared = sum(len(ours & theirs) for ours, theirs in pairs)
    precision, recall = shared / sum(len(theirs) for _, theirs in pairs), shared / sum(len(ours) for ours, _ in pairs)
    found = hierarchical_scores(Agreement.of(truth, answers))
    assert (found.precision, found.recall) == pytest.approx((precision, recall))
    assert found.f == pytest.approx(2 * precision * recall / (precision + recall) if shared else 0)


def test_an_answer_too_deep_costs_precision_and_one_cut_short_recall() -> None:
    deep = hierarchical_scores(Agreement.of([RAVEN.at(Rank.GENUS)], [RAVEN]))
    assert (deep.precision, deep.recall) == pytest.approx((6 / 7, 1))
    short = hierarchical_scores(Agreement.of([RAVEN], [RAVEN.at(Rank.FAMILY)]))
    assert (short.precision, short.recall) == pytest.approx((1, 5 / 7))
    silent = hierarchical_scores(Agreement.of([RAVEN], [Taxon()]))
    assert (silent.precision, silent.recall, silent.f) == (0, 0, 0)


@given(st.lists(WHOLE, min_size=1, max_size=5), st.data())
def test_off_the_tree_is_what_no_taxon_has(taxa, data) -> None:
    """On a tree without gaps a row of seven answers is on the tree if some taxon has just these."""
    tree = codes_of(taxa)
    rows = [[data.draw(st.sampled_from(tree[:, rank].tolist())) for rank in RANKS] for _ in range(4)]
    paths = {tuple(path) for path in tree.tolist()}
    assert is_off_tree(rows, tree).tolist() == [tuple(row) not in paths for row in rows]


def test_ranks_left_open_contradict_nothing_on_the_tree() -> None:
    gap = replace(TIT, order="")
    tree = codes_of([RAVEN, gap, MULBERRY])
    raven, tit, mulberry = tree
    skipping = raven.copy()
    skipping[[Rank.CLASS, Rank.SPECIES]] = -1
    ordered = tit.copy()
    ordered[Rank.ORDER] = raven[Rank.ORDER]
    torn = ordered.copy()
    torn[Rank.KINGDOM] = mulberry[Rank.KINGDOM]
    assert is_off_tree([skipping, ordered, torn, [-1] * 7], tree).tolist() == [False, False, True, False]


def test_answers_off_any_list_and_trees_that_are_none_are_told() -> None:
    tree = codes_of([RAVEN])
    with pytest.raises(ThujaError, match="1 answers at rank species are not on the tree"):
        is_off_tree(codes_of([CROW]), tree)
    with pytest.raises(ThujaError, match="two places"):
        is_off_tree([[0] * 7], [[0, 0, 0, 0, 0, 5, 0], [1, 0, 0, 0, 0, 5, 1]])
    with pytest.raises(EmptyInput):
        is_off_tree(tree, tree[:0])


def test_what_cannot_be_compared_is_told() -> None:
    with pytest.raises(EmptyInput):
        Agreement.of([], [])
    with pytest.raises(ThujaError, match="1 of 2 truths have no name"):
        Agreement.of([RAVEN, Taxon()], [RAVEN, RAVEN])
    with pytest.raises(ThujaError, match="1 answers do not fit 2 truths"):
        Agreement.of([RAVEN, RAVEN], [RAVEN])
    with pytest.raises(ThujaError, match="whole numbers"):
        Agreement.of_codes(np.zeros((1, 7)), np.zeros((1, 7)))
    with pytest.raises(ThujaError, match="whole numbers"):
        Agreement.of_codes([[1, 2]], [[1, 2]])
    with pytest.raises(EmptyInput):
        severity([])


def test_intervals_come_by_the_ways_that_the_docstrings_show() -> None:
    """Two species, one always named right, the other never below the family."""
    found = Agreement.of([RAVEN] * 10 + [TIT] * 10, [RAVEN] * 10 + [TIT.at(Rank.FAMILY)] * 10)
    species = np.repeat([0, 1], 10)
    rows = found.is_named[:, Rank.SPECIES]
    share = mean_over_clusters(found.is_right[rows, Rank.SPECIES], species[rows], np.random.default_rng(0))
    assert (share.low, share.value, share.high) == (0, 0.5, 1)
    recall = over_clusters(
        lambda rows: hierarchical_scores(found.select(rows)).recall, species, np.random.default_rng(0)
    )
    assert (recall.low, recall.value, recall.high) == pytest.approx((5 / 7, 6 / 7, 1))
