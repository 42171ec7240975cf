"""The tree of life: names completed as they are typed, and the taxa below one."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from thuja.search.columns.tree import path_of
from thuja.web.nodes import NodeShape, node_shapes
from thuja.web.served import Here
from thuja.web.shapes import TaxonShape
from thuja.web.taxa import LONGEST, node_named

router = APIRouter(tags=["tree"], prefix="/api/taxa")

_MOST = 100
_CHILDREN = 2_000


class TaxonFound(BaseModel):
    """A taxon that may be meant; `count` is how many pictures of it the index holds."""

    taxon: TaxonShape
    rank: str | None
    count: int
    path: str


class TaxaFound(BaseModel):
    """Taxa, those with the most pictures first; `near` are names that are like one that nothing begins with."""

    taxa: list[TaxonFound]
    near: list[str]


class Children(BaseModel):
    """A taxon and those right below it, the most pictures first; `more` are left out."""

    node: NodeShape
    children: list[NodeShape]
    more: int


@router.get("", summary="Complete the name of a taxon")
def taxa(
    here: Here,
    q: Annotated[str, Query(max_length=LONGEST, description="The beginning of any word of a name", examples=["corv"])],
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 12,
) -> TaxaFound:
    """Scientific and common names of the index, then of the model's labels; case and accents do not matter."""
    known = here.explored.taxa
    found = known.completed(q, most=limit)
    shapes = [
        TaxonFound(
            taxon=TaxonShape.of(one.taxon),
            rank=None if one.taxon.rank is None else one.taxon.rank.label,
            count=one.count,
            path=path_of(one.taxon),
        )
        for one in found
    ]
    return TaxaFound(taxa=shapes, near=known.near(q) if not shapes and q.strip() else [])


@router.get("/children", summary="The taxa below one")
def children(
    here: Here,
    of: Annotated[
        str,
        Query(
            max_length=LONGEST,
            description="A path such as Animalia/Chordata, a missing rank an empty part; any name; empty for the root",
            examples=["Animalia/Chordata/Aves"],
        ),
    ] = "",
) -> Children:
    """Each with its count and a typical picture."""
    explored = here.explored
    tree = explored.require_lineage().tree()
    node = node_named(tree, of)
    below = tree.children(node.taxon)
    shown = node_shapes(explored, [node, *below[:_CHILDREN]])
    return Children(node=shown[0], children=shown[1:], more=max(0, len(below) - _CHILDREN))
