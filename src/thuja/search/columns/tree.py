"""The tree as it is asked: what lies below a taxon, what a few letters may become, what a written name means."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

import numpy as np

from thuja.errors import UnknownName, UsageError
from thuja.search.bits import Bits
from thuja.search.columns.lineages import ROOT, Lineages, Node, Part
from thuja.search.columns.meanings import meanings_of
from thuja.search.columns.naming import Names
from thuja.search.columns.runs import Integers
from thuja.taxonomy import RANKS, Taxon

_SHOWN: Final = 80
"""Letters of an unknown name that an error repeats."""
_TOPS: Final = 5
"""The greatest branches that an error names."""


def path_of(taxon: Taxon) -> str:
    """A lineage in one word: names from the kingdom down, a missing rank an empty part.

    >>> path_of(Taxon(kingdom="Animalia", phylum="Chordata", order="Rodentia"))
    'Animalia/Chordata//Rodentia'
    """
    return "" if taxon.rank is None else "/".join(taxon.names[: taxon.rank + 1])


def taxon_of(path: str) -> Taxon:
    """The taxon of such a path; raises UsageError for more than seven names."""
    names = path.split("/")
    if len(names) > len(RANKS):
        raise UsageError(f"a path has at most seven names, from kingdom to species, got {len(names)}")
    return Taxon.from_names(names)


class Tree:
    """The tree of life of an index.

    Built once for a version; `under` counts other rows of it and shares all else.
    """

    def __init__(self, lineages: Lineages, names: "Tree | None" = None) -> None:
        self._lineages = lineages
        self._with_names = names
        self._names: Names | None = None
        self._lock = Lock()

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "Tree":
        """Over the segments of a version, in its order."""
        return cls(Lineages.of(parts))

    def under(self, kept: Sequence[Bits | None]) -> "Tree":
        """The same tree counting only these rows of each segment."""
        return Tree(self._lineages.under(kept), names=self._with_names or self)

    def __len__(self) -> int:
        """How many taxa it has, those without a row included."""
        return len(self._lineages.nodes.start)

    def node(self, of: Taxon) -> Node:
        """The node of a taxon: of its whole lineage, or else the only one that has the names it gives.

        Raises UnknownName for a taxon that is not there, UsageError for one that is there more than once.
        """
        return self._lineages.node(self._number(of))

    def children(self, of: Taxon) -> list[Node]:
        """The nodes right below a taxon that have rows, the most of them first; raises as `node`."""
        return self._lineages.below(self._number(of))

    def sample(self, of: Taxon, *, most: int) -> Integers:
        """The keys of some rows within a taxon, at most so many, evenly through them; raises as `node`."""
        return self._lineages.sample(self._number(of), most=most)

    def find(self, prefix: str, *, most: int = 10) -> list[Node]:
        """Taxa with a name of which a word begins so, scientific or common, those of most rows first."""
        found = self.names.begun(prefix)
        counts = self._lineages.counts[found]
        order = np.lexsort([found, -counts])[:most]
        return [self._lineages.node(int(number)) for number in found[order] if self._lineages.counts[number]]

    def near(self, name: str, *, most: int = 3) -> list[str]:
        """Names of the tree that are like a text, the likest first."""
        taxa = [(self._lineages.nodes.taxon(node), is_common) for node, is_common in self.names.near(name, most=most)]
        return [taxon.common if is_common else taxon.scientific_name for taxon, is_common in taxa]

    def resolve(self, text: str) -> list[Taxon]:
        """What a written name means: a scientific name, a common name, or a path such as `Plantae/Ficus`.

        One taxon for each meaning, the commonest first (`meanings_of` says what one is); a whole path from the kingdom
        down means its own node. Raises UnknownName with the nearest names.
        """
        *above, name = text.split("/")
        exact = self._exact(text) if above else None
        if exact is not None:
            return [self._lineages.nodes.taxon(exact)]
        nodes = self.names.whole(name, is_common=False)
        nodes = nodes if len(nodes) else self.names.whole(name, is_common=True)
        found = meanings_of(self._lineages, self._below(nodes, above))
        if not found:
            raise self._unknown(text)
        return found

    def path(self, of: Taxon) -> str:
        """The path of the commonest lineage that has the names a taxon gives; raises UnknownName."""
        nodes = self._lineages.nodes
        found = nodes.matching(of)
        if not len(found):
            raise self._unknown(of.scientific_name)
        most = int(found[np.argmax(self._lineages.counts[found])]) if of.rank is not None else ROOT
        return "" if most == ROOT else path_of(nodes.taxon(most))

    @property
    def names(self) -> Names:
        """Every name by its beginning, made when it is first asked for: seconds, for a million taxa."""
        if self._with_names is not None:
            return self._with_names.names
        with self._lock:
            if self._names is None:
                self._names = Names.of(self._lineages.nodes)
            return self._names

    def _number(self, of: Taxon) -> int:
        exact = self._lineages.nodes.exact(of)
        if exact is not None:
            return exact
        found = self._lineages.nodes.matching(of)
        if not len(found):
            raise self._unknown(of.scientific_name)
        if len(found) > 1:
            paths = [path_of(self._lineages.nodes.taxon(int(number))) for number in found[:3]]
            raise UsageError(f"there are {len(found)} lineages of {of.scientific_name}", hint=f"one is {paths[0]}")
        return int(found[0])

    def _exact(self, path: str) -> int | None:
        """The node of a path from the kingdom down, None where it is no such path."""
        is_path = path.count("/") < len(RANKS) and path.strip("/ ") != ""
        return self._lineages.nodes.exact(taxon_of(path)) if is_path else None

    def _below(self, nodes: Integers, above: Sequence[str]) -> Integers:
        """Those of the nodes that lie below a node of each of these names."""
        for name in filter(None, above):
            ancestors = np.concatenate([self.names.whole(name, is_common=kind) for kind in (False, True)])
            spans = [slice(self._lineages.nodes.start[one], self._lineages.nodes.stop[one]) for one in ancestors]
            starts = self._lineages.nodes.start[nodes]
            within = [(starts >= span.start) & (starts < span.stop) for span in spans]
            nodes = nodes[np.any(within, axis=0)] if within else nodes[:0]
        return nodes

    def _unknown(self, text: str) -> UnknownName:
        near = self.near(text.rsplit("/", 1)[-1])
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        top = [node.taxon.scientific_name for node in self._lineages.below(ROOT)[:_TOPS]]
        hint = f"the tree of this index begins with {', '.join(top)}" if top else "this index has no lineages"
        hint = f"did you mean {' or '.join(near)}?" if near else hint
        return UnknownName(f'unknown taxon: "{shown}"', hint=hint)
