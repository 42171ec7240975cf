"""A server with an index of 12,000 small pictures, and a browser before it that holds the page to its promises."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from tests.web.conftest import serving

from thuja.analyze.maps.projections import Method
from thuja.embeddings import Embeddings
from thuja.predict import Predictor
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, build_index
from thuja.web.drawing import DrawingBoard
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

BIRDS = [("Corvus", "corax", "common raven"), ("Corvus", "corone", "carrion crow"), ("Pica", "pica", "magpie")]
INSECTS = [("Saturnia", "pavonia", "emperor moth"), ("Attacus", "atlas", "Atlas moth")]
PER_SPECIES = 2400
PICTURED = 12
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def lineage(genus: str, species: str, common: str) -> dict[str, str]:
    """A bird or a moth."""
    is_bird = (genus, species, common) in BIRDS
    names = (
        ("Chordata", "Aves", "Passeriformes", "Corvidae")
        if is_bird
        else ("Arthropoda", "Insecta", "Lepidoptera", "Saturniidae")
    )
    return dict(zip(("phylum", "class", "order", "family"), names, strict=True)) | {
        "kingdom": "Animalia", "genus": genus, "species": species, "common": common,
    }  # fmt: skip


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory, predictor: Predictor) -> Index:
    """Five species apart from each other, 2,400 pictures of each, of which 12 have a thumbnail."""
    folder = tmp_path_factory.mktemp("explored")
    (folder / "pictures").mkdir()
    generator = np.random.default_rng(0)
    dim = predictor.model.config.embed_dim
    centres = np.linalg.qr(generator.normal(size=(dim, dim)))[0][:5]
    ids, rows, vectors = [], [], []
    for number, names in enumerate([*BIRDS, *INSECTS]):
        near = centres[number] + 0.25 * generator.normal(size=(PER_SPECIES, dim)) / dim**0.5
        vectors.append(near / np.linalg.norm(near, axis=1, keepdims=True))
        for row in range(PER_SPECIES):
            ids.append(f"{names[1]}-{row:04d}")
            rows.append(
                lineage(*names)
                | {"event_date": f"{2000 + row % 20}-06-15", "life_stage": ["adult", "juvenile"][row % 2]}
                | {"license_name": "CC BY 4.0", "license_link": LICENCE, "copyright_owner": f"Owner {row}"}
                | {"note": "=1+1" if row % 2 else "plain"}
            )
            if row < PICTURED:
                shade = (40 * number + 20, 12 * row, 200 - 30 * number)
                Image.new("RGB", (48, 48), shade).save(folder / "pictures" / f"{ids[-1]}.jpg")
    Embeddings(
        ids=ids,
        vectors=np.concatenate(vectors).astype(np.float32),
        model=predictor.model.id,
        preparation=predictor.model.preparation.name,
        columns=pa.Table.from_pylist(rows),
    ).save(folder / "vectors.parquet")
    build_index([folder / "vectors.parquet"], folder / "index", BuildOptions(thumbnails=(folder / "pictures",)))
    return Index.open(folder / "index")


@pytest.fixture(scope="session")
def site(predictor: Predictor, index: Index) -> Iterator[str]:
    """The address of the server, whose map by neighbours is drawn from few rows."""
    board = DrawingBoard(method=Method.TSNE, rows=100)
    with serving(Served(ServeSettings(), predictor=predictor, index=index, board=board)) as address:
        yield address


@pytest.fixture
def visit(chromium: Any, site: str) -> Iterator[Callable[..., Any]]:
    """Opens the page at `#...`. At the end nothing may have been complained of, and nothing asked of another host."""
    complaints: list[str] = []
    contexts = []

    def open_at(place: str, **how: Any) -> Any:
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | how))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((site, "blob:", "data:")) else complaints.append(asked.url),
        )
        page.goto(f"{site}/{place}")
        page.complaints = complaints
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []


def until(page: Any, condition: str) -> None:
    """Wait for an expression to be true. Playwright's own way evaluates it in the page, whose policy forbids that."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {condition}")


def saved(page: Any, click: Callable[[], None]) -> str:
    """The text of the file that a click saves."""
    with page.expect_download() as download:
        click()
    return Path(download.value.path()).read_text(encoding="utf-8-sig")
