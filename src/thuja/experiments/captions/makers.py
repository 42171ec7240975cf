"""Whose captions a model is taught: the true ones, those of an erring captioner, or those in a table beside the world.

A table is `captions-NAME.parquet` in the world's folder with the columns `uuid` and `caption`, so any maker of
captions can be tried: one who errs at known rates is made here, others write theirs before the grid is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from thuja.biosphere import World, read_config
from thuja.biosphere.captioner import Captioner
from thuja.biosphere.telling import write_captions
from thuja.errors import EmptyInput, UsageError
from thuja.experiments.worlds import PICTURES
from thuja.record import Record
from thuja.taxonomy import Taxon
from thuja.train.sources import Fetched, Floats, Rows, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Who wrote the captions: their name, and how they err where they are handed the truth and spoil it.

    Without an `erring` captioner and with a name that is not TRUE, the table has to be there already.
    """

    name: str
    erring: Captioner | None = None


TRUE: Final = Maker(name="true")
"""The captions that the world's pictures come with."""


def table_of(folder: Path, maker: Maker) -> Path:
    """Where a maker's captions of the world in `folder` lie."""
    return Path(folder) / f"captions-{maker.name}.parquet"


def make_captions(folder: Path, maker: Maker, *, workers: int = 1) -> None:
    """Write the table of an erring captioner, unless it is there."""
    path = table_of(folder, maker)
    if maker.erring is not None and not path.exists():
        write_captions(World.make(read_config(folder / PICTURES)), path, maker.erring, workers=workers)


def read_captions(folder: Path, maker: Maker) -> dict[str, str]:
    """A maker's captions by uuid; raises UsageError where nobody wrote them."""
    path = table_of(folder, maker)
    if not path.exists():
        raise UsageError(f"there are no captions in {path}", hint="a table of uuid and caption, made by a captioner")
    table = pq.read_table(path, columns=["uuid", "caption"])
    return dict(zip(table["uuid"].to_pylist(), table["caption"].to_pylist(), strict=True))


def named(taxon: Taxon, caption: str) -> str:
    """A caption that begins with the name, the common one where there is one, as the paper's do."""
    return f"{taxon.common or taxon.scientific_name}: {caption[0].lower()}{caption[1:]}" if caption else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recaptioned:
    """A source whose records bear other captions, or the same behind their names; the pixels stay where they are."""

    whole: Source
    captions: Mapping[str, str] | None
    is_named: bool
    _records: tuple[Record, ...] = field(init=False)
    taxa: tuple[Taxon, ...] | None = field(init=False)
    sizes: tuple[int, ...] = field(init=False)
    fingerprint: str = field(init=False)
    deviation: Floats = field(init=False)

    def __post_init__(self) -> None:
        old = self.whole.records(np.arange(len(self.whole)))
        records = tuple(self._said_of(record) for record in old)
        if not any(record.caption for record in records):
            raise EmptyInput("none of the pictures has a caption", hint="a table of this world's own pictures")
        said = "\n".join([self.whole.fingerprint, *(record.caption for record in records)])
        object.__setattr__(self, "_records", records)
        object.__setattr__(self, "taxa", self.whole.taxa if self.whole.taxa is None else tuple(self.whole.taxa))
        object.__setattr__(self, "sizes", tuple(self.whole.sizes))
        object.__setattr__(self, "fingerprint", sha256(said.encode()).hexdigest())
        object.__setattr__(self, "deviation", self.whole.deviation)

    def _said_of(self, record: Record) -> Record:
        caption = record.caption if self.captions is None else self.captions.get(record.uuid, "")
        return replace(record, caption=named(record.taxon, caption) if self.is_named else caption)

    def __len__(self) -> int:
        return len(self._records)

    def fetch(self, rows: Rows) -> Fetched:
        """These samples, in this order; raises what the whole source raises."""
        found = self.whole.fetch(rows)
        return replace(found, records=[self._said_of(record) for record in found.records])

    def records(self, rows: Rows) -> list[Record]:
        """The records of these samples."""
        return [self._records[row] for row in rows.tolist()]
