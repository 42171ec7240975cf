"""Along the simulated world's overlap dial the share is what the world's own geometry says, on true trait vectors."""

import numpy as np
import pytest

from thuja.biosphere import CLEAN, Condition, World, WorldConfig
from thuja.biosphere.geometry import CONTRASTS, expected_geometry
from thuja.structure.contrast import Steps
from thuja.structure.halves import KnownSpan, cuts_of
from thuja.structure.specimens import Sample

SPECIES, EACH = 20, 12


def shares(overlap: float) -> tuple[float, float]:
    """The share of stage inside the span as the world's liabilities have it, and as images of it measure it."""
    world = World.make(WorldConfig(seed=5, species=SPECIES, images=4, overlap=overlap, **CLEAN))
    generator = np.random.default_rng(0)
    expected = expected_geometry(world, generator)["stage"].share
    cells = [Condition(), CONTRASTS["stage"]]
    means = np.stack([world.mean(number, cell) for number in range(SPECIES) for cell in cells])
    rows = np.repeat(np.arange(2 * SPECIES), EACH)
    sample = Sample(rows=np.arange(len(rows)), species=rows // 2, is_second=rows % 2 == 1)
    vectors = means[rows] + 0.1 * generator.standard_normal((len(rows), means.shape[1]))
    cuts = cuts_of(sample, 3, generator)
    found = Steps.of(vectors, sample, cuts).inside_known(KnownSpan.of(vectors, sample, cuts))
    return expected, found.value


@pytest.mark.slow
def test_the_share_of_stage_follows_the_dial() -> None:
    """At overlap 1 the young of a species are another's adults, and means halfway between the levels coincide."""
    found = [shares(overlap) for overlap in (0.0, 0.25, 0.5, 0.75, 1.0)]
    expected, measured = np.array(found).T
    np.testing.assert_allclose(measured[:4], expected[:4], atol=0.02)
    assert expected[4] == pytest.approx(1, abs=0.01)
    assert 0.7 < measured[4] <= 1.02
    assert (np.diff(measured) > 0).all()
