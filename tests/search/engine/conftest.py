"""A segment with codes."""

from pathlib import Path

import pytest
from tests.search.engine.clusters import DIM, SMALL, clustered

from thuja.search.engine.codes import Codes
from thuja.search.engine.vectors import VECTORS, MappedVectors


@pytest.fixture(scope="session")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segment's folder of 2,000 rows, the last of them a copy of the first."""
    folder = tmp_path_factory.mktemp("segment")
    vectors = clustered(2000, seed=1)
    vectors[-1] = vectors[0]
    vectors.astype("<f2").tofile(folder / VECTORS)
    Codes.build(MappedVectors.open(folder / VECTORS, DIM), folder, SMALL)
    return folder


@pytest.fixture(scope="session")
def codes(segment: Path) -> Codes:
    return Codes.open(segment, MappedVectors.open(segment / VECTORS, DIM))
