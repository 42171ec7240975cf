"""Fitting a calibration: on a posterior whose truth is drawn from it, and off by a known temperature."""

import numpy as np
import pytest
from tests.classify.making import space, units

from thuja.classify import Tree, marginals, zero_shot
from thuja.classify.calibrate.backing import paths_of, settled_ranks
from thuja.classify.calibrate.fitting import Added, Identified, fit_calibration, one_each
from thuja.classify.calibrate.placement import places_of
from thuja.classify.calibrate.subtrees import covers_wholly
from thuja.errors import ThujaError
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon

SCALE, TEMPERATURE = 24.0, 2.0


def tree_of_life(species: int) -> list[Taxon]:
    """Four species a genus, two genera a family, two families an order, two orders a class."""
    return [
        Taxon.from_names(["k", "p", f"c{n // 32}", f"o{n // 16}", f"f{n // 8}", f"g{n // 4}", f"s{n}"])
        for n in range(species)
    ]


def world(count: int, *, seed: int = 0, species: int = 64) -> tuple[LabelSpace, Identified]:
    """Images whose truths are drawn from the posterior at TEMPERATURE, of a model that is too sure of itself."""
    generator = np.random.default_rng(seed)
    labels = space(units(np.random.default_rng(99), species), tree_of_life(species))
    images = units(generator, count)
    posterior = zero_shot(images, labels, scale=SCALE / TEMPERATURE).astype(np.float64)
    drawn = (posterior.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
    taxa = [labels.taxa[number] for number in drawn.tolist()]
    return labels, Identified(vectors=images, taxa=taxa, observations=[str(n) for n in range(count)])


def test_a_calibration_finds_the_temperature_and_what_it_promises_holds_on_others() -> None:
    labels, labelled = world(3000)
    tree = Tree.of(labels)
    found = fit_calibration(labelled, labels, scale=SCALE)
    assert found.temperature == pytest.approx(TEMPERATURE, rel=0.1)
    assert found.checks.before[Rank.SPECIES] > 0.2
    assert found.checks.after[Rank.SPECIES] < 0.03
    assert found.checks.covered[0.9] == pytest.approx(0.9, abs=0.02)
    _, others = world(2000, seed=1)
    places = places_of(others.taxa, tree)
    block = next(marginals(others.vectors, labels, scale=SCALE / found.temperature, k=32, tree=tree))
    paths = paths_of(block, tree)
    settled = settled_ranks(paths, found.path_scores(paths), tree, confidence=0.8)
    told = np.flatnonzero(settled >= 0)
    right = paths.indices[told, settled[told]] == places.at_rank[told, settled[told]]
    assert right.mean() > 0.8
    for coverage in (0.8, 0.95):
        sets = found.subtrees(block, tree, coverage=coverage)
        held = [covers_wholly(one, place, tree) for one, place in zip(sets, places.at_rank, strict=True)]
        assert np.mean(held) == pytest.approx(coverage, abs=0.025)


def test_one_image_speaks_for_an_observation_however_many_it_has() -> None:
    labels, labelled = world(400)
    twice = Identified(
        vectors=np.repeat(labelled.vectors, 3, axis=0),
        taxa=[taxon for taxon in labelled.taxa for _ in range(3)],
        observations=[name for name in labelled.observations for _ in range(3)],
    )
    found = fit_calibration(twice, labels, scale=SCALE, is_checked=False)
    assert (found.images, found.observations) == (1200, 400)
    rows = one_each(twice.observations)
    assert sorted(row // 3 for row in rows.tolist()) == list(range(400))
    assert (rows == one_each(twice.observations)).all()


def test_the_same_images_give_the_same_calibration() -> None:
    labels, labelled = world(300)
    assert fit_calibration(labelled, labels, scale=SCALE) == fit_calibration(labelled, labels, scale=SCALE)


def test_what_is_added_to_logits_is_there_when_the_calibration_is_fitted() -> None:
    """Truths drawn from a posterior with a bias: without it the answers are less sure, and wrongly so."""
    generator = np.random.default_rng(5)
    labels, labelled = world(1500)
    added = generator.normal(scale=2, size=(64, 1500)).astype(np.float32)
    logits = SCALE / TEMPERATURE * labelled.vectors @ labels.vectors.T + added.T
    posterior = np.exp(logits - logits.max(axis=1, keepdims=True))
    posterior /= posterior.sum(axis=1, keepdims=True)
    drawn = (posterior.cumsum(axis=1) > generator.random((1500, 1))).argmax(axis=1)
    biased = Identified(
        vectors=labelled.vectors,
        taxa=[labels.taxa[number] for number in drawn.tolist()],
        observations=labelled.observations,
    )

    def bias_of(images):
        return lambda rows, which: added[:, images[which]][rows]

    with_it = fit_calibration(biased, labels, scale=SCALE, added=Added(bias_of=bias_of, options={"prior": 1}))
    without = fit_calibration(biased, labels, scale=SCALE)
    assert with_it.temperature == pytest.approx(TEMPERATURE, rel=0.15)
    assert without.temperature > 1.15 * with_it.temperature
    assert with_it.options == {"prior": 1}


def test_truths_outside_the_labels_take_part_at_the_ranks_above() -> None:
    labels, labelled = world(600)
    known = labels.subset([taxon.genus not in ("g0", "g1") for taxon in labels.taxa])
    found = fit_calibration(labelled, known, scale=SCALE)
    strangers = sum(taxon.genus in ("g0", "g1") for taxon in labelled.taxa)
    assert found.outside == strangers > 0
    assert found.checks.after[Rank.CLASS] < 0.15
    with pytest.raises(ThujaError, match="observations show a taxon that is among the labels") as caught:
        fit_calibration(labelled, labels.subset([0, 1]), scale=SCALE)
    assert "a calibration needs 50" in caught.value.message


def test_labels_at_the_rank_of_genera_are_calibrated_there() -> None:
    labels, labelled = world(900)
    genera = labels.subset(np.arange(0, 64, 4))
    coarse = LabelSpace(
        texts=genera.texts, vectors=genera.vectors, model="m", taxa=[taxon.at(Rank.GENUS) for taxon in genera.taxa]
    )
    found = fit_calibration(labelled, coarse, scale=SCALE)
    assert set(found.checks.after) == set(RANKS[: Rank.SPECIES])
    assert found.maps[Rank.SPECIES] == found.maps[Rank.GENUS]
    assert found.outside == 0  # a species of a genus that is a label is not outside


def test_counts_part_the_thresholds_into_thirds() -> None:
    labels, labelled = world(1200)
    counts = np.arange(64)
    found = fit_calibration(labelled, labels, scale=SCALE, counts=counts, is_checked=False)
    assert len(found.thirds) == 2
    plain = fit_calibration(labelled, labels, scale=SCALE, is_checked=False)
    groups = found.conformity.groups()
    assert {name.rpartition("|")[2] for name in groups if "|" in name} == {"0", "1", "2"}
    assert not [name for name in plain.conformity.groups() if "|" in name]
    assert sum(map(len, groups.values())) == len(found.conformity.scores) == 800
