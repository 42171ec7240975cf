"""The bias by clade size on posteriors whose bias is known, and the fit against other people's regressions."""

import numpy as np
import pytest
from tests.evaluate.hierarchical.worlds import ladder_of, lineage

from thuja.errors import ThujaError
from thuja.evaluate.hierarchical import (
    CladeShares,
    Paths,
    name_by_text,
    shares_of_answers,
    shares_of_mass,
    size_bias,
)
from thuja.evaluate.hierarchical.clade_size import _Clades, elasticities
from thuja.taxonomy import Rank

SIZES = (1, 2, 3, 5, 8, 13)
SPECIES = [lineage(f"K P C O F g{size:02} s{number}") for size in SIZES for number in range(size)]
LADDER = ladder_of(SPECIES)  # all texts are nought: every posterior is flat
NOTHING = np.zeros((len(SPECIES), 2), dtype=np.float32)


def test_a_flat_posterior_gives_a_clade_its_share_of_the_species():
    shares = shares_of_mass(NOTHING, SPECIES, LADDER, scale=10.0)[Rank.GENUS]
    assert shares.sizes.tolist() == list(SIZES)
    assert shares.images.tolist() == list(SIZES)
    np.testing.assert_allclose(shares.given, SIZES, rtol=1e-5)
    # 32 images in all: of a genus of n, 32 - n are of others, and each gives it n / 32.
    np.testing.assert_allclose(shares.strayed, [(32 - n) * n / 32 for n in SIZES], rtol=1e-5)
    for of_strays in (True, False):
        bias = size_bias(shares, np.random.default_rng(0), of_strays=of_strays)
        assert bias.elasticity.value == pytest.approx(1, abs=1e-5)
        assert bias.elasticity.low == pytest.approx(1, abs=1e-4)
        assert bias.correlation.value == pytest.approx(1)
    assert bias.clades == 6


def test_answers_are_counted_by_clade_and_strays_apart():
    answers = name_by_text(NOTHING, LADDER, scale=10.0)  # all texts are as near: the first genus
    shares = shares_of_answers(answers, SPECIES, LADDER, rank=Rank.GENUS)
    assert shares.given.tolist() == [32, 0, 0, 0, 0, 0]
    assert shares.strayed.tolist() == [31, 0, 0, 0, 0, 0]
    bias = size_bias(shares, np.random.default_rng(0))
    assert np.isnan(bias.elasticity.value)  # only the smallest got any: no finite power says that
    assert bias.correlation.value < 0
    with pytest.raises(ThujaError, match="32 answers do not fit 31 images"):
        shares_of_answers(answers, SPECIES[:-1], LADDER, rank=Rank.GENUS)


def test_images_without_an_answer_or_of_no_candidate_are_in_no_share():
    answers = Paths.empty(3)
    answers.indices[:2, Rank.GENUS] = 4
    shares = shares_of_answers(answers, [SPECIES[0], lineage("X"), SPECIES[1]], LADDER, rank=Rank.GENUS)
    assert (shares.images.sum(), shares.given.sum()) == (1, 1)


def test_clades_of_one_size_have_no_bias_to_measure():
    flat = CladeShares(sizes=np.full(4, 2), images=np.ones(4, dtype=np.int64), given=np.ones(4), strayed=np.arange(4.0))
    bias = size_bias(flat, np.random.default_rng(0))
    assert np.isnan(bias.elasticity.value)
    assert np.isnan(bias.correlation.value)


def test_the_elasticity_is_that_of_a_poisson_regression():
    from sklearn.linear_model import PoissonRegressor

    generator = np.random.default_rng(0)
    log_sizes, exposure = np.log(np.arange(1, 200)), generator.integers(1, 50, (3, 199)).astype(float)
    given = generator.poisson(exposure * np.exp(np.array([[0.7], [-0.5], [2.0]]) * log_sizes - 3)).astype(float)
    for row, found in enumerate(elasticities(log_sizes, given, exposure)):
        plain = PoissonRegressor(alpha=0, solver="newton-cholesky", tol=1e-10, max_iter=1000)
        plain.fit(log_sizes[:, None], given[row] / exposure[row], sample_weight=exposure[row])
        assert found == pytest.approx(float(plain.coef_[0]), abs=1e-5)


def test_an_elasticity_exists_unless_only_an_end_of_the_sizes_is_given_any():
    log_sizes, exposure = np.log([1.0, 2.0, 4.0]), np.ones((6, 3))
    exposure[5] = [0, 1, 1]
    given = np.array([[1, 0, 0], [0, 0, 3], [0, 2, 0], [0, 0, 0], [1, 2, 4], [0, 2, 0]], dtype=float)
    found = elasticities(log_sizes, given, exposure)
    assert np.isnan(found[[0, 1, 3, 5]]).all()
    assert found[2] == pytest.approx(0, abs=1e-9)  # a size in the middle: as many above as below
    assert found[4] == pytest.approx(1)
    assert np.isnan(elasticities(np.zeros(1), np.ones((1, 1)), np.ones((1, 1)))).all()


def test_the_correlation_is_spearmans_of_the_clades_as_often_as_drawn():
    from scipy.stats import spearmanr

    generator = np.random.default_rng(0)
    sizes, given, exposure = generator.integers(1, 5, 30), generator.integers(0, 4, 30) * 1.0, np.full(30, 2.0)
    draws = generator.multinomial(30, np.full(30, 1 / 30), size=20)
    found = _Clades(sizes=sizes, given=given, exposure=exposure).correlations(draws)
    for row, counts in enumerate(draws):
        assert found[row] == pytest.approx(spearmanr(np.repeat(sizes, counts), np.repeat(given, counts)).statistic)


def test_one_clade_has_no_bias():
    alone = CladeShares(sizes=np.array([3]), images=np.array([5]), given=np.array([5.0]), strayed=np.array([0.0]))
    for of_strays in (True, False):
        assert np.isnan(size_bias(alone, np.random.default_rng(0), of_strays=of_strays).elasticity.value)
