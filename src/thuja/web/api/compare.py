"""Two taxa side by side: typical pictures, look-alikes across, and what tells them apart."""

from itertools import islice
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from thuja.web.compare.looks import DESCRIPTIONS, look_tells, sentences
from thuja.web.compare.sides import Side, cosine_of_means, lookalikes, require_apart, told_apart
from thuja.web.compare.tells import Tell, column_tells
from thuja.web.compare.words import word_tells
from thuja.web.encoding import require_short
from thuja.web.explored import Explored
from thuja.web.hits import HitShape, hits_at, pictures_at
from thuja.web.nodes import NodeShape, node_shapes
from thuja.web.problems import TooLarge
from thuja.web.served import Here, Served
from thuja.web.shapes import Picture
from thuja.web.taxa import LONGEST, node_named

router = APIRouter(tags=["tree"])

_SHOWN: Final = 6
_WORDS: Final = 50
Name = Annotated[str, Query(min_length=1, max_length=LONGEST, description="A taxon, by its path or name")]


class SideShape(BaseModel):
    """A taxon with typical pictures; `likeness` is the mean cosine of two of its pictures, of `sampled` ones."""

    node: NodeShape
    pictures: list[Picture]
    likeness: float | None
    sampled: int


class PairShape(BaseModel):
    """A picture of each side that are much alike."""

    a: HitShape
    b: HitShape
    score: float


class Compared(BaseModel):
    """Two taxa: the cosine of their means, and how often a picture is nearer to its own side's (.5 is chance).

    `cosine` is taken from the middle of the whole index: about 0 of taxa that have nothing in common, nearer 1
    the more they look alike. `raw_cosine` is that of the vectors as they are, which is high for any two taxa.
    """

    a: SideShape
    b: SideShape
    cosine: float
    raw_cosine: float
    told_apart: float | None
    pairs: list[PairShape]
    tells: list[Tell]


@router.get("/api/taxa/compare", summary="Two taxa side by side")
async def compare(
    here: Here,
    *,
    a: Name,
    b: Name,
    pairs: Annotated[int, Query(ge=0, le=100)] = 12,
    words: Annotated[
        list[str] | None, Query(description="Descriptions to try by the text tower, in place of the usual ones")
    ] = None,
) -> Compared:
    """Of samples of up to 2,000 pictures a side. A difference is told where chance is an unlikely reason."""
    explored = here.explored
    explored.require_lineage()
    descriptions = list(DESCRIPTIONS) if words is None else list(dict.fromkeys(words))
    if len(descriptions) > _WORDS:
        raise TooLarge(f"{len(descriptions)} descriptions are over the limit of {_WORDS}")
    require_short(descriptions, here.limits.text)
    texts = await _texts(here, descriptions)
    async with here.comparisons:
        return await run_in_threadpool(_compared, explored, (a, b), pairs=pairs, looks=(descriptions, texts))


async def _texts(here: Served, descriptions: list[str]) -> npt.NDArray[np.float32] | None:
    """The vectors of the descriptions, None where the server has no model of the index's space."""
    if here.encoder is None or here.encoder.model.id != here.require_index().model or not descriptions:
        return None
    return await here.require_encoding().read(sentences(descriptions))


def _compared(
    explored: Explored,
    names: tuple[str, str],
    *,
    pairs: int,
    looks: tuple[list[str], npt.NDArray[np.float32] | None],
) -> Compared:
    index = explored.require_index()
    nodes = [node_named(index.tree(), name) for name in names]
    require_apart(*nodes)
    first, second = (Side.of(index, node) for node in nodes)
    tells = [*column_tells(index, first, second), *word_tells(index, first, second)]
    descriptions, texts = looks
    if texts is not None:
        tells += look_tells(first, second, descriptions, texts=texts)
    found = lookalikes(first, second, most=pairs)
    scores = [pair.score for pair in found]
    ours = hits_at(index, [int(first.keys[pair.first]) for pair in found], scores)
    theirs = hits_at(index, [int(second.keys[pair.second]) for pair in found], scores)
    return Compared(
        a=_side(explored, first),
        b=_side(explored, second),
        cosine=cosine_of_means(first, second, explored.middle),
        raw_cosine=cosine_of_means(first, second),
        told_apart=told_apart(first, second),
        pairs=[PairShape(a=one, b=other, score=one.score) for one, other in zip(ours, theirs, strict=True)],
        tells=tells,
    )


def _side(explored: Explored, side: Side) -> SideShape:
    index = explored.require_index()
    shown = list(islice((key for key in side.typical.tolist() if index.has_thumbnail(key)), _SHOWN))
    pictures = pictures_at(index, shown)
    return SideShape(
        node=node_shapes(explored, [side.node])[0],
        pictures=[one for one in pictures if one is not None],
        likeness=side.spread,
        sampled=len(side.keys),
    )
