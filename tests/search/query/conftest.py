"""The index that the tests of queries search."""

import pytest
from tests.search.query.making import made_embeddings, made_index

from thuja.embeddings import Embeddings
from thuja.search.index import Index


@pytest.fixture(scope="session")
def embeddings() -> Embeddings:
    return made_embeddings()


@pytest.fixture(scope="session")
def index(embeddings, tmp_path_factory) -> Index:
    return made_index(tmp_path_factory.mktemp("index"), embeddings)
