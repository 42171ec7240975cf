"""The temperature, and the energies that it is found from."""

import numpy as np
import pytest
from scipy.special import logsumexp
from tests.classify.making import space, units

from thuja.classify import zero_shot
from thuja.classify.calibrate.placement import places_of
from thuja.classify.calibrate.temperature import Heat, energies, fit_temperature, true_energies
from thuja.classify.clades import Tree
from thuja.errors import ThujaError
from thuja.taxonomy import Taxon


def taxa(count: int) -> list[Taxon]:
    return [Taxon.from_names(["k", "p", "c", "o", "f", f"g{n % 7}", f"s{n}"]) for n in range(count)]


def test_energies_at_several_temperatures_are_the_sums_over_all_labels() -> None:
    generator = np.random.default_rng(0)
    labels, images = space(units(generator, 5000), taxa(5000)), units(generator, 40)
    added = generator.normal(size=(5000, 40)).astype(np.float32)
    cosines = images.astype(np.float64) @ labels.vectors.T.astype(np.float64)
    plain = energies(images, labels, temperatures=[1.0, 1 / 300], heat=Heat(scale=1.0))
    heat = Heat(scale=40.0, bias=lambda rows, which: added[rows, which], voice=lambda rows, which: -added[rows, which])
    biased = energies(images, labels, temperatures=[2.0], heat=heat)
    assert plain[0] == pytest.approx(logsumexp(cosines, axis=1), rel=1e-5)
    assert plain[1] == pytest.approx(logsumexp(300 * cosines, axis=1), rel=1e-5)
    assert biased[0] == pytest.approx(logsumexp(20 * cosines + added.T / 2, axis=1), rel=1e-5)


def test_energies_of_an_images_own_clade_are_the_sums_over_its_labels() -> None:
    generator = np.random.default_rng(0)
    labels, images = space(units(generator, 9, dtype=np.float16), taxa(9)), units(generator, 2)
    clades = [np.array([1, 3]), np.array([8])]
    half = Heat(scale=10.0, bias=lambda rows, which: np.full((len(rows), 1), np.float32(0.5)))
    both = Heat(scale=10.0, bias=half.bias, voice=lambda rows, which: np.arange(len(rows), dtype=np.float32)[:, None])
    found = true_energies(images, labels, clades, temperatures=[5.0, 2.0], heat=half)
    with_voice = true_energies(images, labels, clades, temperatures=[5.0, 2.0], heat=both)
    cosines = images @ labels.vectors.T.astype(np.float32)
    assert found[1, 0] == pytest.approx(logsumexp(5 * cosines[0, [1, 3]] + 0.5), rel=1e-5)
    assert with_voice[1, 0] == pytest.approx(logsumexp((10 * cosines[0, [1, 3]] + [0, 1]) / 2 + 0.5), rel=1e-5)
    assert found[0, 1] == pytest.approx(2 * cosines[1, 8] + 0.5, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_truths_were_drawn_at_is_found(temperature: float) -> None:
    generator = np.random.default_rng(1)
    labels, images = space(units(generator, 60), taxa(60)), units(generator, 3000)
    posterior = zero_shot(images, labels, scale=12.0 / temperature).astype(np.float64)
    drawn = (posterior.cumsum(axis=1) > generator.random((3000, 1))).argmax(axis=1)
    tree = Tree.of(labels)
    places = places_of([labels.taxa[number] for number in drawn.tolist()], tree)
    assert fit_temperature(images, places, labels, tree=tree, heat=Heat(scale=12.0)) == pytest.approx(
        temperature, rel=0.06
    )


def test_a_truth_that_is_no_label_fits_no_temperature() -> None:
    labels = space(units(np.random.default_rng(0), 3), taxa(3))
    tree = Tree.of(labels)
    with pytest.raises(ThujaError, match="images of taxa that are labels"):
        fit_temperature(
            labels.vectors[:1], places_of([Taxon(kingdom="k")], tree), labels, tree=tree, heat=Heat(scale=1.0)
        )
