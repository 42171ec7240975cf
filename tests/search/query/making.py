"""A small index with known neighbours, and a model of words that can be reckoned by eye."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from thuja.embeddings import Embeddings
from thuja.search.index import Index
from thuja.search.query import Encode
from thuja.search.query.encoding import unit
from thuja.search.store.build import BuildOptions, build_index
from thuja.taxonomy import Taxon

DIM = 16
MODEL = "made"
BIRDS = ("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae")
TAXA = (
    Taxon.from_names((*BIRDS, "Corvus", "corax"), "raven"),
    Taxon.from_names((*BIRDS, "Corvus", "corone"), "carrion crow"),
    Taxon.from_names((*BIRDS, "Pica", "pica"), "magpie"),
    Taxon.from_names(("Animalia", "Chordata", "Mammalia", "Rodentia", "Muridae", "Mus", "musculus"), "mouse"),
    Taxon.from_names(("Plantae", "", "", "", "Moraceae", "Ficus", "carica"), "fig"),
    Taxon.from_names(("Plantae", "", "", "", "Moraceae", "Morus"), "mulberry"),
)
LICENCES = ("CC0", "CC BY", "CC BY-NC")


def made_embeddings(rows: int = 240, *, seed: int = 0) -> Embeddings:
    """Rows of the six taxa in turn, each about a centre of its own; every tenth row is nearly its predecessor."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(len(TAXA), DIM))
    taxon = np.arange(rows) % len(TAXA)
    vectors = unit(centres[taxon] + 0.8 * generator.normal(size=(rows, DIM)))
    for row in range(10, rows, 10):
        vectors[row] = unit(vectors[row - 1] + 0.01 * generator.normal(size=DIM))
    columns = {
        **{name: [TAXA[one].to_columns()[name] for one in taxon] for name in (*TAXA[0].to_columns(),)},
        "license_name": [LICENCES[row % 3] for row in range(rows)],
        "license_link": ["javascript:alert(1)" if row % 7 == 0 else "https://example.org/by" for row in range(rows)],
        "copyright_owner": [f"person {row % 4}" for row in range(rows)],
        "life_stage": [("adult", "juvenile", None)[row % 3] for row in range(rows)],
        "year": [2000 + row % 20 for row in range(rows)],
    }
    ids = [f"row-{row:04}" for row in range(rows)]
    return Embeddings(ids=ids, vectors=vectors, model=MODEL, columns=pa.table(columns))


def made_index(folder: Path, embeddings: Embeddings, *, segment_rows: int = 100) -> Index:
    """Embeddings as an index of a few segments."""
    embeddings.save(folder / "embeddings.parquet")
    build_index([folder / "embeddings.parquet"], folder / "index", BuildOptions(segment_rows=segment_rows))
    return Index.open(folder / "index")


def word_vector(word: str) -> np.ndarray:
    """A vector of its own for every word."""
    seed = int.from_bytes(hashlib.sha256(word.lower().encode()).digest()[:4], "little")
    return np.random.default_rng(seed).normal(size=DIM)


def read_words(texts: Sequence[str]) -> np.ndarray:
    """Texts as the sum of their words' vectors, of length one."""
    return unit(np.stack([sum(word_vector(word) for word in text.strip(".").split()) for text in texts]))


def read_bytes(pictures: Sequence[bytes]) -> np.ndarray:
    """A picture is sixteen numbers, a byte each."""
    return unit(np.stack([np.frombuffer(data, dtype=np.int8).astype(np.float32) for data in pictures]))


ENCODE = Encode(model=MODEL, dim=DIM, images=read_bytes, texts=read_words)
