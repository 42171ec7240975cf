"""What filters, counts and the tree of an index are read from: coded columns and lineages of each segment."""

from thuja.search.columns.cache import BitsCache
from thuja.search.columns.facets import Counts, FacetCount, most_frequent
from thuja.search.columns.kinds import ColumnKind, kinds_of, merged_kinds, require_column, require_filterable
from thuja.search.columns.lineages import Node, Part
from thuja.search.columns.segment import SegmentColumns
from thuja.search.columns.tree import Tree, path_of, taxon_of

__all__ = [
    "BitsCache",
    "ColumnKind",
    "Counts",
    "FacetCount",
    "Node",
    "Part",
    "SegmentColumns",
    "Tree",
    "kinds_of",
    "merged_kinds",
    "most_frequent",
    "path_of",
    "require_column",
    "require_filterable",
    "taxon_of",
]
