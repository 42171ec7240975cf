"""The taxa that a server knows, of its index and of its labels: completed, walked, and found by what a user writes."""

import threading
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
"""Labels whose names are sorted while somebody waits."""
LONGEST: Final = 500
"""Letters of a path: seven names, none of them near as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A taxon that may be meant, and how many pictures of it the index holds: none for one of the labels alone."""

    taxon: Taxon
    count: int


class LabelTree:
    """The tree of labels by name. Of many it is made in a thread: 400,000 take half a minute, and nobody waits."""

    def __init__(self, labels: LabelSpace) -> None:
        self._labels = labels
        self._tree: Tree | None = None
        self._lock = threading.Lock()
        self._is_begun = False

    @property
    def is_large(self) -> bool:
        """Whether a single letter begins too many names to look at."""
        return len(self._labels) > _AT_ONCE

    def tree(self) -> Tree | None:
        """The tree, None as long as it is being made."""
        with self._lock:
            if not self._is_begun:
                self._is_begun = True
                if self.is_large:
                    threading.Thread(target=self._make, name="label names", daemon=True).start()
                else:
                    self._make()
        return self._tree

    def _make(self) -> None:
        runs = Runs(edges=np.arange(len(self._labels) + 1, dtype=np.int64), taxa=self._labels.columns)
        tree = Tree.of([Part(runs=runs)])
        tree.find("a")  # sorts the names
        self._tree = tree


class KnownTaxa:
    """The trees of an index and of labels; either may be missing."""

    def __init__(self, tree: Tree | None, labels: LabelTree | None) -> None:
        self._tree, self._labels = tree, labels

    def completed(self, prefix: str, *, most: int) -> list[Completed]:
        """Taxa with a name of which a word begins so: those of the index first, the most pictures first."""
        found = [] if self._tree is None else self._tree.find(prefix, most=most)
        taxa = {node.taxon: node.count for node in found}
        labels = None if self._labels is None or len(taxa) >= most else self._labels.tree()
        if labels is not None and (len(prefix.strip()) > 1 or not self._is_large):
            for node in labels.find(prefix, most=most):
                taxa.setdefault(node.taxon, 0)
        return [Completed(taxon=taxon, count=count) for taxon, count in taxa.items()][:most]

    def near(self, name: str, *, most: int = 3) -> list[str]:
        """Names that are like one that nothing begins with."""
        return list(dict.fromkeys(near for tree in self._trees() for near in tree.near(name, most=most)))[:most]

    def named(self, name: str) -> Taxon | None:
        """The one taxon that a name means, with its whole lineage; None where there is none, or more than one."""
        for tree in self._trees():
            try:
                return node_named(tree, name).taxon
            except (UnknownName, UsageError, NotFound):
                continue
        return None

    @property
    def _is_large(self) -> bool:
        return self._labels is not None and self._labels.is_large

    def _trees(self) -> list[Tree]:
        labels = None if self._labels is None else self._labels.tree()
        return [tree for tree in (self._tree, labels) if tree is not None]


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
