"""A curated world whose scores are known by construction.

Two families of two genera of two species each are met in training; a ninth species, in the first
genus, is not. A taxon's vector has a part for each of its names, so that texts and pictures that
agree on a name lie near, and a picture's vector is that of the taxon it was made to look like.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from thuja.embeddings import Embeddings
from thuja.evaluate import Encoders
from thuja.labels import LabelSpace
from thuja.record import CATALOG_SCHEMA, Record, uuid_of_source
from thuja.shards import ShardWriter
from thuja.taxonomy import Taxon

ABOVE = ("Animalia", "Chordata", "Aves", "Passeriformes")
SEEN = [
    Taxon.from_names([*ABOVE, f"F{family}", f"G{family}{genus}", f"s{family}{genus}{species}"], f"bird {n}")
    for n, (family, genus, species) in enumerate(np.ndindex(2, 2, 2))
]
NEVER_MET = Taxon.from_names([*ABOVE, "F0", "G00", "novel"], "novel bird")
NAMES = sorted({name for taxon in [*SEEN, NEVER_MET] for name in taxon.names})

# Each species has four test pictures; the fourth of every species looks like the other species of
# its genus, and the third of the first species like a species of the other family.
TESTS = {
    (taxon, n): SEEN[row ^ 1] if n == 3 else SEEN[7] if (row, n) == (0, 2) else taxon
    for row, taxon in enumerate(SEEN)
    for n in range(4)
}


def vector_of(taxon: Taxon) -> np.ndarray:
    names = [name for name in taxon.names if name]
    vector = np.array([float(name in names) for name in NAMES], dtype=np.float32)
    return vector / np.linalg.norm(vector)


class World:
    """The folder, and for every picture what it looks like."""

    seen, never_met = SEEN, NEVER_MET

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.looks: dict[str, Taxon] = {}
        self.taxon_of: dict[str, Taxon] = {}
        self.rows: list[dict[str, object]] = []

    def write(self, split: str, pictures: Sequence[tuple[Taxon, Taxon]]) -> None:
        with ShardWriter(self.folder / "shards", prefix=split) as writer:
            for n, (taxon, look) in enumerate(pictures):
                uuid = uuid_of_source("test", f"{split} {n}")
                self.looks[uuid], self.taxon_of[uuid] = look, taxon
                record = Record(uuid=uuid, path=f"{split}/{n}.jpg", taxon=taxon, split=split)
                writer.write(record, jpeg(SEEN.index(look) if look in SEEN else 9))
                self.rows.append(record.to_row())

    def finish(self) -> "World":
        lost = Record(uuid=uuid_of_source("test", "lost"), path="lost.jpg", facts={"drop_reason": "truncated"})
        table = pa.Table.from_pylist([*self.rows, lost.to_row()], schema=CATALOG_SCHEMA)
        pq.write_table(table, self.folder / "catalog.parquet")
        return self

    def encoders(self, looks: dict[str, Taxon] | None = None) -> Encoders:
        shown = self.looks if looks is None else looks

        def encode(images: Iterable[tuple[str, bytes]]) -> Embeddings:
            ids = [uuid for uuid, data in images if data and uuid in shown]
            vectors = np.array([vector_of(shown[uuid]) for uuid in ids], dtype=np.float32).reshape(-1, len(NAMES))
            return Embeddings(ids=ids, vectors=vectors, model="by hand")

        def labels(taxa: Sequence[Taxon]) -> LabelSpace:
            vectors = np.array([vector_of(taxon) for taxon in taxa], dtype=np.float32)
            return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors, model="m", taxa=taxa)

        return Encoders(model="by hand", encode_images=encode, build_labels=labels, scale=50.0)


def jpeg(shade: int) -> bytes:
    """A grey picture with a bar at a place of its own: what a look looks like."""
    pixels = np.full((32, 32, 3), 100, dtype=np.uint8)
    pixels[:, 3 * shade : 3 * shade + 3] = (250, 200, 20)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.fixture
def world_at() -> type[World]:
    """Call it with a folder for a world to fill by hand."""
    return World


def make_world(folder: Path) -> World:
    made = World(folder)
    # The first species is the commonest in training.
    made.write("train", [(taxon, taxon) for taxon in SEEN for _ in range(2)] + [(SEEN[0], SEEN[0])] * 2)
    made.write("test", [(taxon, look) for (taxon, _), look in TESTS.items()])
    made.write("unseen", [(NEVER_MET, NEVER_MET)] * 3)
    return made.finish()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "data")


@pytest.fixture(scope="module")
def known_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same world, made once for tests that only read it."""
    return make_world(tmp_path_factory.mktemp("world") / "data")
