"""What the API says of pictures of an index: of each its taxon, its licence and credit, and what its row tells."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from thuja.search.index import Index
from thuja.search.query import Hit, Query, plain
from thuja.search.query.answering import hits_of
from thuja.search.query.choosing import Chosen
from thuja.search.query.credits import NEEDED
from thuja.web.shapes import Picture, TaxonShape


class HitShape(BaseModel):
    """A picture of the index, and how like it is to what was sought.

    `picture` is None where the index has no thumbnail of it. `row` holds the columns that were asked for. `group` is
    what it stands for where results are grouped, `copies` the near-duplicates that it stands for.
    """

    id: str
    key: int
    score: float
    taxon: TaxonShape
    picture: Picture | None
    row: dict[str, Any]
    group: str | None = None
    copies: int = 0


def hit_shape(index: Index, hit: Hit, columns: Sequence[str] | None = None) -> HitShape:
    """The shape of a hit; of its row these columns, None for all."""
    told = {name: plain(value) for name, value in hit.row.items() if columns is None or name in columns}
    return HitShape(
        id=hit.id,
        key=hit.key,
        score=round(hit.score, 6),
        taxon=TaxonShape.of(hit.taxon),
        picture=Picture.of({"uuid": hit.id, **hit.row}) if index.has_thumbnail(hit.key) else None,
        row=told,
        group=hit.group,
        copies=hit.copies,
    )


def hits_at(index: Index, keys: Sequence[int], scores: Iterable[float]) -> list[HitShape]:
    """The shapes of rows by their keys, each with a score."""
    chosen = [Chosen(key=int(key), score=float(score)) for key, score in zip(keys, scores, strict=True)]
    return [hit_shape(index, hit) for hit in hits_of(index, chosen, Query())]


def pictures_at(index: Index, keys: Sequence[int | None]) -> list[Picture | None]:
    """The pictures of rows with their licence and credit; None for a key of None."""
    wanted = [key for key in keys if key is not None]
    columns = [name for name in NEEDED if name in index.columns]
    rows = iter(index.rows(wanted, columns).to_pylist() if wanted else [])
    return [None if key is None else Picture.of(next(rows)) for key in keys]
