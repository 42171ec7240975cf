"""The comparison as a suite calls it."""

import numpy as np
import pytest
from tests.classify.making import units
from tests.evaluate.hierarchical.worlds import ladder_of, lineage, random_builder

from thuja.errors import UsageError
from thuja.evaluate.hierarchical import Ladder, Naming, fit_powers, measure_view, measure_ways, name_by_fitted_sizes
from thuja.evaluate.hierarchical.measured import MASS
from thuja.evaluate.task import View
from thuja.taxonomy import Rank

SPECIES = [lineage(f"K P C O F{size} G{size} s{number}") for size in (1, 2, 4) for number in range(size)]
TAXA = [taxon for taxon in SPECIES for _ in range(3)]


def words_of(sentences):
    """A text is the count of each of its words, so that a taxon's is nearest to its own."""
    known = sorted({name for taxon in SPECIES for name in taxon.names})
    rows = np.array(
        [[sentence.rstrip(".").split().count(word) for word in known] for sentence in sentences], np.float32
    )
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_images_that_are_their_species_own_text_are_named_right_in_every_way_at_every_rank():
    sentences = [f"a photo of {taxon.taxonomic_name}." for taxon in TAXA]
    view = View(vectors=7 * words_of(sentences), texts=words_of, scale=50.0)
    found = measure_view(view, TAXA)
    value = {(row.rank, row.naming, row.measure): row.interval.value for row in found.rows}
    for naming in Naming:
        for rank in Rank:
            assert value[rank, naming, "accuracy"] == 1
        assert value[None, naming, "off the tree"] == 0
    assert {bias.rank for bias in found.biases} == {Rank.FAMILY, Rank.GENUS}  # above, all clades are of one size
    names = [measure.name for measure in found.to_measures()]
    assert names.count("stray elasticity by clade size") == 2 * (len(Naming) + 1)


def test_a_model_that_reads_no_text_is_refused():
    with pytest.raises(UsageError, match="naming at every rank asks by text"):
        measure_view(View(vectors=np.eye(2, dtype=np.float32)), SPECIES[:2])


def test_a_flat_posterior_strays_by_size_and_so_do_its_answers():
    ladder = ladder_of(SPECIES)
    found = measure_ways(np.zeros((len(TAXA), 2), dtype=np.float32), TAXA, ladder, scale=10.0)
    mass = next(bias for bias in found.biases if (bias.rank, bias.given) == (Rank.GENUS, MASS))
    assert mass.bias.elasticity.value == pytest.approx(1, abs=1e-5)
    said = found.paths[Naming.SUMMED].indices[:, Rank.GENUS]
    assert set(said.tolist()) == {2}  # the genus of four
    assert set(found.paths[Naming.TEXT].indices[:, Rank.GENUS].tolist()) == {0}


def test_the_powers_that_name_a_species_never_saw_it():
    generator = np.random.default_rng(0)
    ladder = Ladder.build(SPECIES, random_builder(generator))
    vectors = units(generator, len(TAXA), dim=6)
    paths, powers = name_by_fitted_sizes(vectors, TAXA, ladder, scale=5.0, generator=np.random.default_rng(1))
    half = np.repeat(np.random.default_rng(1).permutation(len(SPECIES)) % 2, 3)
    for number in (0, 1):
        others = np.flatnonzero(half != number)
        fitted = fit_powers(vectors[others], [TAXA[row] for row in others], ladder, scale=5.0)
        assert {rank: pair[number] for rank, pair in powers.items()} == fitted
    assert (paths.indices >= 0).all()
