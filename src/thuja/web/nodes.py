"""What the API says of a taxon in the tree of an index: its pictures, one of them, and whether there is more below."""

from collections.abc import Sequence

from pydantic import BaseModel

from thuja.search.columns.lineages import Node
from thuja.search.columns.tree import path_of
from thuja.web.explored import Explored
from thuja.web.hits import pictures_at
from thuja.web.shapes import Picture, TaxonShape


class NodeShape(BaseModel):
    """A taxon of the index; `path` names it in `of`, `a` and `b`. Its picture is a typical one."""

    taxon: TaxonShape
    rank: str | None
    count: int
    path: str
    has_children: bool
    picture: Picture | None


def node_shapes(explored: Explored, nodes: Sequence[Node]) -> list[NodeShape]:
    """The shapes of nodes, with typical pictures."""
    pictures = pictures_at(explored.require_index(), explored.typical.keys(nodes))
    return [
        NodeShape(
            taxon=TaxonShape.of(node.taxon),
            rank=None if node.rank is None else node.rank.label,
            count=node.count,
            path=path_of(node.taxon),
            has_children=node.has_children,
            picture=picture,
        )
        for node, picture in zip(nodes, pictures, strict=True)
    ]
