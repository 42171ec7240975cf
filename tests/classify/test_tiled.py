"""The one pass over tiles against the posterior as a whole, summed by plain loops."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import Clades, Tree, best_at_every_rank, marginals, tiled
from thuja.classify.tiles import sum_runs
from thuja.errors import ThujaError, UsageError
from thuja.taxonomy import RANKS, Rank, Taxon


def exact(vectors, labels, scale):
    """The posterior in double precision."""
    logits = scale * vectors.astype(np.float64) @ labels.vectors.astype(np.float64).T
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def small_tiles(patch, labels, images, *, workers=1):
    patch.setattr("thuja.classify.tiled._LABELS", labels)
    patch.setattr("thuja.classify.tiled._IMAGES", images)
    patch.setattr("thuja.classify.tiled._TILES", 1)
    patch.setattr("thuja.classify.tiled._workers", lambda: workers)


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(1, 60),
    names=st.integers(1, 4),
    tile=st.integers(1, 70),
    images=st.integers(1, 5),
    workers=st.integers(1, 4),
    scale=st.sampled_from([1.0, 100.0, 3000.0]),
    seed=st.integers(0, 999),
)
def test_any_tiles_give_the_sums_and_the_best_of_the_whole_posterior(count, names, tile, images, workers, scale, seed):
    """At scale 3000 logits lie thousands apart, and later tiles outdo earlier ones by far more than e^40.

    A genus may go on from one thread's tiles to the next one's, or through all of them.
    """
    generator = np.random.default_rng(seed)
    taxa = random_taxa(generator, count, names=names)
    labels, vectors = space(units(generator, count, dtype=np.float16), taxa), units(generator, 7)
    tree, whole = Tree.of(labels), exact(vectors, labels, scale)
    k = min(3, count)
    with pytest.MonkeyPatch.context() as patch:
        small_tiles(patch, tile, images, workers=workers)
        blocks = list(marginals(vectors, labels, scale=scale, k=k))
        ranked = best_at_every_rank(vectors, labels, scale=scale, k=k)
    assert [len(block.labels.indices) for block in blocks][:-1] == [images] * (len(blocks) - 1)
    near = {"rtol": 2e-5 * scale**0.5, "atol": 1e-7}
    np.testing.assert_allclose(ranked.labels.scores, -np.sort(-whole, axis=1)[:, :k], **near)
    np.testing.assert_allclose(np.take_along_axis(whole, ranked.labels.indices, axis=1), ranked.labels.scores, **near)
    for rank in RANKS:
        clades = Clades.of(labels, rank)
        plain = clades.gather(whole)
        best = ranked.clades[rank]
        assert best.indices.shape == (7, min(k, len(clades.taxa)))
        np.testing.assert_allclose(best.scores, -np.sort(-plain, axis=1)[:, :k], **near)
        np.testing.assert_allclose(np.take_along_axis(plain, best.indices, axis=1), best.scores, **near)
        if rank < Rank.SPECIES:
            np.testing.assert_allclose(
                np.concatenate([block.posterior[rank] for block in blocks], axis=1), plain.T, **near
            )
    assert len(tree) == count


def test_the_best_of_equal_labels_is_the_first_lineage():
    taxa = [Taxon(genus="B", species="x"), Taxon(genus="A", species="y"), Taxon(genus="A", species="x")]
    ranked = best_at_every_rank(np.ones((1, 1), np.float32), space(np.ones((3, 1), np.float32), taxa), scale=1.0, k=3)
    assert ranked.labels.indices.tolist() == [[2, 1, 0]]
    assert ranked.clades[Rank.GENUS].indices.tolist() == [[0, 1]]
    np.testing.assert_allclose(ranked.clades[Rank.GENUS].scores, [[2 / 3, 1 / 3]], rtol=1e-6)


def test_labels_of_one_lineage_are_one_species_and_still_apart_as_labels():
    taxa = [Taxon(genus="A", species="x")] * 3 + [Taxon(genus="A", species="y")]
    vectors = np.array([[0.9], [0.8], [0.7], [1.0]], dtype=np.float32)
    ranked = best_at_every_rank(np.ones((1, 1), np.float32), space(vectors, taxa), scale=1.0, k=2)
    assert ranked.labels.indices.tolist() == [[3, 0]]
    weights = np.exp(vectors[:, 0])
    np.testing.assert_allclose(ranked.clades[Rank.SPECIES].scores[0, 0], weights[:3].sum() / weights.sum(), rtol=1e-6)
    assert ranked.clades[Rank.SPECIES].indices.tolist() == [[0, 1]]


def test_no_image_gives_no_answer_of_the_right_shape():
    labels = space(np.eye(3, dtype=np.float32), [Taxon(genus=name, species="x") for name in "abc"])
    ranked = best_at_every_rank(np.zeros((0, 3), np.float32), labels, scale=1.0, k=2)
    assert (ranked.labels.indices.shape, ranked.clades[Rank.KINGDOM].scores.shape) == ((0, 2), (0, 1))


def test_more_genera_than_fit_make_the_blocks_smaller(monkeypatch):
    taxa = [Taxon(genus=str(number), species="x") for number in range(50)]
    monkeypatch.setattr("thuja.classify.tiled._SUMS_BYTES", 4 * (50 + 50) * 3)
    labels = space(units(np.random.default_rng(0), 50), taxa)
    blocks = marginals(units(np.random.default_rng(1), 7), labels, scale=10.0, k=1)
    assert [len(block.labels.indices) for block in blocks] == [3, 3, 1]


def test_labels_without_taxa_a_wrong_k_and_vectors_that_do_not_fit_are_refused():
    vectors, taxa = np.eye(2, dtype=np.float32), [Taxon(genus="A", species="x"), Taxon(genus="A", species="y")]
    with pytest.raises(UsageError, match="no ranks"):
        best_at_every_rank(vectors, space(vectors), scale=1.0, k=1)
    for k in (0, 3):
        with pytest.raises(UsageError, match=f"best {k} of 2"):
            best_at_every_rank(vectors, space(vectors, taxa), scale=1.0, k=k)
    with pytest.raises(ThujaError, match=r"\(2, 3\).*length 2"):
        best_at_every_rank(np.zeros((2, 3), np.float32), space(vectors, taxa), scale=1.0, k=1)
    with pytest.raises(ThujaError, match="1 of 2 image vectors"):
        best_at_every_rank(np.array([[np.nan, 0], [1, 0]], np.float32), space(vectors, taxa), scale=1.0, k=1)


def test_a_label_that_is_not_a_number_is_named():
    taxa = [Taxon(genus=name, species="x") for name in "ba"]
    labels = space(np.array([[np.nan, 0], [1, 0]], np.float16), taxa)
    with pytest.raises(ThujaError, match='label 0, "0", is not a number'):
        best_at_every_rank(np.eye(2, dtype=np.float32), labels, scale=1.0, k=1)


@pytest.mark.parametrize("columns", [1, 4, 200])
def test_the_sums_of_runs_are_those_of_reduceat(columns):
    rows, edges = np.random.default_rng(0).random((11, columns), dtype=np.float32), np.array([0, 1, 4, 5, 7, 11])
    np.testing.assert_allclose(sum_runs(rows, edges), np.add.reduceat(rows, edges[:-1], axis=0), rtol=1e-6)


def test_an_error_in_a_thread_is_told_and_products_have_their_threads_back(monkeypatch):
    small_tiles(monkeypatch, 2, 3, workers=3)
    generator = np.random.default_rng(4)
    vectors = units(generator, 12)
    vectors[7] = np.inf
    labels = space(vectors, [Taxon(genus=name, species="x") for name in "abcdefghijkl"])
    before = tiled._blas().threads
    with pytest.raises(ThujaError, match='label 7, "7", is not a number'):
        best_at_every_rank(units(generator, 4), labels, scale=1.0, k=1)
    assert tiled._blas().threads == before


def test_label_vectors_stay_in_their_file_in_either_layout(tmp_path):
    """TreeOfLife publishes a label space as (D, L), which is read transposed."""
    generator = np.random.default_rng(0)
    matrix, vectors, taxa = units(generator, 40, dtype=np.float16), units(generator, 3), random_taxa(generator, 40)
    expected = best_at_every_rank(vectors, space(matrix, taxa), scale=30.0)
    for name, array in (("rows", matrix), ("columns", np.ascontiguousarray(matrix.T))):
        np.save(tmp_path / f"{name}.npy", array)
        mapped = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
        labels = space(mapped if name == "rows" else mapped.T, taxa)
        found = best_at_every_rank(vectors, labels, scale=30.0)
        for rank in RANKS:
            np.testing.assert_array_equal(found.clades[rank].indices, expected.clades[rank].indices)
            np.testing.assert_allclose(found.clades[rank].scores, expected.clades[rank].scores, rtol=1e-5)


def test_one_block_of_sums_is_held_at_a_time(monkeypatch):
    """The sums of the block before were still held while the next one's were made: twice the memory."""
    taxa = [Taxon(genus=f"{number:06}", species="x") for number in range(20_000)]
    monkeypatch.setattr("thuja.classify.tiled._SUMS_BYTES", 4 * (20_000 + 2048) * 200)
    labels, vectors = space(units(np.random.default_rng(0), 20_000), taxa), units(np.random.default_rng(1), 800)
    tree = Tree.of(labels)
    tracemalloc.start()
    try:
        best_at_every_rank(vectors, labels, scale=10.0, k=1, tree=tree)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.7 * 4 * 20_000 * 200


@pytest.mark.parametrize("scale", [1.0, 3000.0])
def test_peak_and_energy_are_those_of_all_logits(scale, monkeypatch):
    small_tiles(monkeypatch, 7, 3)
    generator = np.random.default_rng(2)
    labels, vectors = space(units(generator, 40), random_taxa(generator, 40, names=3)), units(generator, 8)
    logits = scale * vectors.astype(np.float64) @ labels.vectors.astype(np.float64).T
    blocks = list(marginals(vectors, labels, scale=scale, k=2))
    np.testing.assert_allclose(np.concatenate([block.peak for block in blocks]), logits.max(axis=1), rtol=1e-5)
    expected = np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)) + logits.max(axis=1)
    np.testing.assert_allclose(np.concatenate([block.energy for block in blocks]), expected, rtol=1e-5)


@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_bias_is_added_to_the_logits_of_each_label_and_image(is_sorted, monkeypatch):
    small_tiles(monkeypatch, 7, 3)
    generator = np.random.default_rng(3)
    taxa = random_taxa(generator, 40, names=3)
    labels = space(units(generator, 40), sorted(taxa) if is_sorted else taxa)
    vectors, weights = units(generator, 8), generator.normal(0, 2, (40, 8)).astype(np.float32)
    logits = 20 * vectors.astype(np.float64) @ labels.vectors.astype(np.float64).T + weights.T
    whole = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    blocks = list(marginals(vectors, labels, scale=20, k=4, bias=lambda rows, images: weights[rows, images]))
    scores = np.concatenate([block.labels.scores for block in blocks])
    np.testing.assert_allclose(scores, -np.sort(-whole, axis=1)[:, :4], rtol=1e-4)
    families = np.concatenate([block.clades[Rank.FAMILY].scores for block in blocks])
    plain = Clades.of(labels, Rank.FAMILY).gather(whole)
    np.testing.assert_allclose(families, -np.sort(-plain, axis=1)[:, : families.shape[1]], rtol=1e-4)
