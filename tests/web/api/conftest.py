"""A server with a tiny model and an index of its space: four taxa in clusters, with facts that tell some apart."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import TAXA, jpeg

from thuja.embeddings import Embeddings
from thuja.predict import Predictor
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, build_index
from thuja.taxonomy import RANKS
from thuja.web.app import create_app
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

EACH = 30
"""Rows of each taxon."""
LINKS = ("https://creativecommons.org/licenses/by/4.0/", "javascript:alert(1)", "http://example.org/l", "")
CAPTIONS = ("a glossy black bird on a rock", "a grey and black bird in a field")


def row_id(taxon: int, number: int) -> str:
    """Such as corax-07."""
    return f"{TAXA[taxon].species}-{number:02}"


def drawn_vectors(dim: int) -> npt.NDArray[np.float32]:
    """Clusters of unit vectors, one a taxon; the two crows of a genus lie near each other."""
    generator = np.random.default_rng(5)
    centres = generator.normal(size=(len(TAXA), dim))
    centres[1] = centres[0] + 0.4 * centres[1]
    vectors = np.repeat(centres, EACH, axis=0) + 0.25 * generator.normal(size=(EACH * len(TAXA), dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def drawn_columns() -> pa.Table:
    """Corax is mostly male and southern, corone mostly female and northern; all else is the same."""
    taxa = [taxon for taxon in TAXA for _ in range(EACH)]
    numbers = list(range(EACH)) * len(TAXA)
    columns: dict[str, list[object]] = {rank.label: [taxon[rank] for taxon in taxa] for rank in RANKS}
    columns["common"] = [taxon.common for taxon in taxa]
    mostly = ("male", "female", "male", "")
    columns["sex"] = [
        (mostly[TAXA.index(taxon)] if number % 10 else "unknown") or None
        for taxon, number in zip(taxa, numbers, strict=True)
    ]
    columns["latitude"] = [
        10.0 + 40 * (taxon.species == "corone") + number % 7 for taxon, number in zip(taxa, numbers, strict=True)
    ]
    columns["event_date"] = [f"20{10 + number % 10}-0{1 + number % 6}-15" for number in numbers]
    columns["license_name"] = ["CC BY 4.0" if number % 2 else "CC0" for number in numbers]
    columns["license_link"] = [LINKS[number % len(LINKS)] for number in numbers]
    columns["copyright_owner"] = ["<b>Ann</b> Owner" if number % 3 else None for number in numbers]
    columns["source_url"] = [
        f"https://example.org/{taxon.species}/{number}" for taxon, number in zip(taxa, numbers, strict=True)
    ]
    columns["caption"] = [CAPTIONS[taxon.species == "corone"] for taxon in taxa]
    return pa.table(columns)


@pytest.fixture(scope="session")
def index(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """120 rows in the tiny model's space; those of even number have a thumbnail."""
    folder = tmp_path_factory.mktemp("index")
    ids = [row_id(taxon, number) for taxon in range(len(TAXA)) for number in range(EACH)]
    (folder / "photos").mkdir()
    for place, name in enumerate(ids):
        if int(name[-2:]) % 2 == 0:
            (folder / "photos" / f"{name}.jpg").write_bytes(jpeg(place))
    vectors = drawn_vectors(predictor.model.config.embed_dim)
    Embeddings(ids=ids, vectors=vectors, model=predictor.model.id, columns=drawn_columns()).save(
        folder / "rows.parquet"
    )
    build_index([folder / "rows.parquet"], folder / "built", BuildOptions(thumbnails=(folder / "photos",)))
    return Index.open(folder / "built")


def client_of(served: Served) -> TestClient:
    """Asks an application as a browser on the same machine does."""
    return TestClient(create_app(served), base_url="http://127.0.0.1:8080", raise_server_exceptions=False)


@pytest.fixture
def client(predictor: Predictor, index: Index) -> Iterator[TestClient]:
    """Asks a server with the model and the index."""
    with client_of(Served(ServeSettings(), predictor=predictor, index=index)) as client:
        yield client


@pytest.fixture
def bare(predictor: Predictor) -> Iterator[TestClient]:
    """Asks a server that has a model and no index."""
    with client_of(Served(ServeSettings(), predictor=predictor)) as client:
        yield client
