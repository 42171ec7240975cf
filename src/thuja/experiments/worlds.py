"""A world as a grid's cells see it: its pictures decoded once a process, its test pictures, and what is true of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq

from thuja.biosphere.writer import read_card
from thuja.errors import UsageError
from thuja.experiments.grid import Place
from thuja.images import Preparation
from thuja.jobs import require_complete
from thuja.record import Record
from thuja.taxonomy import RANKS, Taxon
from thuja.train.corpus import Corpus
from thuja.train.sources import Fetched, Floats, MemorySource, Rows, Source

PICTURES, DATA, THINGS = "world", "data", "things"
"""The folders of a world that was made for a grid: as it was drawn, curated, and what is not alive beside it."""

_FACTS = ("uuid", "split", "caption", *(rank.label for rank in RANKS), "drop_reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWorld:
    """What arms share: the training pictures in memory, fresh pictures of their species, and of species held out."""

    life: Source
    train: Corpus
    life_taxa: Sequence[Taxon]
    test: Corpus
    unseen: Corpus
    roles: dict[str, str]
    things: Source | None
    things_test: Corpus | None

    @property
    def taxa(self) -> list[Taxon]:
        """Every species, the held-out ones too."""
        return sorted({*self.life_taxa, *self.test.taxa, *self.unseen.taxa})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfSource:
    """Some rows of a source as a source of their own; the pixels stay where they are."""

    whole: Source
    rows: Rows
    taxa: Sequence[Taxon] = field(init=False)
    sizes: Sequence[int] = field(init=False)
    fingerprint: str = field(init=False)
    deviation: Floats = field(init=False)

    def __post_init__(self) -> None:
        taxa = sorted({record.taxon for record in self.whole.records(self.rows)})
        object.__setattr__(self, "taxa", taxa)
        object.__setattr__(self, "sizes", [len(self.rows)])
        object.__setattr__(self, "deviation", self.whole.deviation)
        named = f"{self.whole.fingerprint} {self.rows.tolist()}"
        object.__setattr__(self, "fingerprint", sha256(named.encode()).hexdigest())

    def __len__(self) -> int:
        return len(self.rows)

    def fetch(self, rows: Rows) -> Fetched:
        """These samples of the part, in this order."""
        return self.whole.fetch(self.rows[rows])

    def records(self, rows: Rows) -> Sequence[Record]:
        """The records of these samples of the part."""
        return self.whole.records(self.rows[rows])


def place_of(name: str, folder: Path) -> Place:
    """A world in a folder: one that `make_world` made, or one that `thuja curate` made.

    Its identity is what its catalog says of the pictures that were kept, and its things.
    """
    folder = Path(folder)
    data = data_folder(folder)
    require_complete(data, verb="curate")
    rows = pq.read_table(data / "catalog.parquet", columns=list(_FACTS)).to_pylist()
    kept = sorted(str([row[name] for name in _FACTS[:-1]]) for row in rows if row["drop_reason"] is None)
    things = folder / THINGS / "things.json"
    said = [*kept, things.read_text(encoding="utf-8") if things.exists() else ""]
    return Place(name=name, folder=folder, identity=sha256("\n".join(said).encode()).hexdigest())


@lru_cache(maxsize=1)
def open_world(folder: Path, kept: Preparation) -> OpenWorld:
    """Decode a world for models of this preparation; the last one opened stays in memory.

    Raises EmptyInput for one without test pictures or held-out species.
    """
    data, things = data_folder(folder), folder / THINGS
    train = Corpus.open(data, "train")
    has_things = things.is_dir()
    return OpenWorld(
        life=MemorySource(train, kept),
        train=train,
        life_taxa=[record.taxon for record in train.records],
        test=_held(Corpus.open(data, "test")),
        unseen=_held(Corpus.open(data, "unseen")),
        roles=read_card(folder / PICTURES)["roles"] if (folder / PICTURES).is_dir() else {},
        things=MemorySource(Corpus.open(things, "train"), kept) if has_things else None,
        things_test=Corpus.open(things, "test") if has_things else None,
    )


def _held(corpus: Corpus) -> Corpus:
    """The same with its images in memory: each cell looks at them again."""
    images = [corpus.read(row) for row in range(len(corpus))]
    return Corpus(records=corpus.records, read=lambda row: images[row])


def require_things(world: OpenWorld) -> Source:
    """The source of things; raises UsageError for a world without."""
    if world.things is None:
        raise UsageError(
            "this world has no things to replay",
            hint="worlds made by seed have them: --worlds 0,1, or --only the others",
        )
    return world.things


def data_folder(folder: Path) -> Path:
    """Where the curated pictures of a world lie."""
    return folder / DATA if (folder / DATA).is_dir() else folder
