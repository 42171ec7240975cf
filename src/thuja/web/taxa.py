"""The taxa that a server knows, of its index and of its labels: completed, walked, and found by what a user writes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.errors import UnknownName, UsageError
from thuja.labels import LabelSpace
from thuja.search.columns import Tree
from thuja.search.columns.lineages import Node, Part
from thuja.search.columns.runs import Runs
from thuja.search.columns.tree import taxon_of
from thuja.search.language import taxon_named
from thuja.taxonomy import RANKS, Taxon
from thuja.web.problems import NotFound

_AT_ONCE: Final = 20_000
"""Taxa whose names are sorted while somebody waits."""
_LIKE: Final = 3
"""Letters of a name that others may be like."""
LONGEST: Final = 500
"""Letters of a path: seven names, none of them near as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A taxon that may be meant, and how many pictures of it the index holds: none for one of the labels alone."""

    taxon: Taxon
    count: int


class NamedTree:
    """A tree whose names are sorted to be completed. Of many that is done in a thread: 400,000 take half a minute."""

    def __init__(self, make: Callable[[], Tree], *, count: int) -> None:
        """`count` is about how many taxa it has, known before it is made."""
        self._make, self.is_large = make, count > _AT_ONCE
        self._tree: Tree | None = None
        self._lock = threading.Lock()
        self._is_begun = False

    @classmethod
    def of_labels(cls, labels: LabelSpace) -> "NamedTree":
        """The tree of labels; each counts as a row."""
        runs = Runs(edges=np.arange(len(labels) + 1, dtype=np.int64), taxa=labels.columns)
        return cls(lambda: Tree.of([Part(runs=runs)]), count=len(labels))

    @classmethod
    def of_tree(cls, tree: Tree) -> "NamedTree":
        """A tree that is made, but for its names."""
        return cls(lambda: tree, count=len(tree))

    def tree(self) -> Tree | None:
        """The tree, None as long as its names are being sorted."""
        with self._lock:
            if not self._is_begun:
                self._is_begun = True
                if self.is_large:
                    threading.Thread(target=self._sort, name="names", daemon=True).start()
                else:
                    self._sort()
        return self._tree

    def _sort(self) -> None:
        tree = self._make()
        tree.find("a")  # the first completion sorts
        self._tree = tree


class KnownTaxa:
    """The trees of an index and of labels; either may be missing."""

    def __init__(self, index: NamedTree | None, labels: NamedTree | None) -> None:
        self._index, self._labels = index, labels

    def completed(self, prefix: str, *, most: int) -> list[Completed]:
        """Taxa with a name of which a word begins so: those of the index first, the most pictures first.

        A single letter begins too many names of a large tree to look at.
        """
        taxa: dict[Taxon, int] = {}
        for named in (self._index, self._labels):
            if named is None or len(taxa) >= most or (named.is_large and len(prefix.strip()) < 2):
                continue
            tree = named.tree()
            for node in [] if tree is None else tree.find(prefix, most=most):
                taxa.setdefault(node.taxon, node.count if named is self._index else 0)
        return [Completed(taxon=taxon, count=count) for taxon, count in taxa.items()][:most]

    def near(self, name: str, *, most: int = 3) -> list[str]:
        """Names that are like one that nothing begins with; none for a few letters, which are like too many."""
        if len(name.strip()) < _LIKE:
            return []
        return list(dict.fromkeys(near for tree in self._trees() for near in tree.near(name, most=most)))[:most]

    def named(self, name: str) -> Taxon | None:
        """The one taxon that a name means, with its whole lineage; None where there is none, or more than one."""
        for tree in self._trees():
            try:
                return node_named(tree, name).taxon
            except (UnknownName, UsageError, NotFound):
                continue
        return None

    def warm(self) -> None:
        """Begin to sort what takes long, before anybody asks."""
        self._trees()

    def _trees(self) -> list[Tree]:
        trees = [None if named is None else named.tree() for named in (self._index, self._labels)]
        return [tree for tree in trees if tree is not None]


def node_named(tree: Tree, name: str) -> Node:
    """The node of a path (`Animalia/Chordata`) or of any name of a taxon; the root for the empty string.

    Raises NotFound with near names, and UsageError for a name of several taxa.
    """
    if len(name) > LONGEST:
        raise UsageError(f"a taxon's path has at most {LONGEST} letters, got {len(name):,}")
    if not name.strip():
        return tree.node(Taxon())
    exact = _exact(tree, name)
    if exact is not None:
        return exact
    try:
        return tree.node(taxon_named(name, tree))
    except UnknownName as error:
        raise NotFound(error.message, hint=error.hint) from error


def _exact(tree: Tree, name: str) -> Node | None:
    """The node of a whole path, None where it is none."""
    if name.count("/") >= len(RANKS):
        return None
    taxon = taxon_of(name)
    try:
        found = tree.node(taxon)
    except UsageError:  # unknown, or several
        return None
    return found if found.taxon.names == taxon.names else None
