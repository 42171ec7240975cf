"""A phylogeny in Newick's format, cut down to the species at hand: how much of their history each two share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import dendropy
import numpy as np
import numpy.typing as npt

from thuja.analyze.phylogeny import Phylogeny
from thuja.errors import BadFile, UsageError
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]

_MOST: Final = 20_000
"""Species of which a matrix of all pairs is made: 3 GB."""
_UNEVEN: Final = 0.01
"""The share of the tree's height by which ages of tips may differ and still be called equal."""


def read_phylogeny(path: Path, taxa: Sequence[Taxon]) -> Phylogeny:
    """The tree of those of the species that it has; tips are binomials, with a space or an underscore.

    Raises BadFile for a file that is no tree with branch lengths or whose tips are not all of one age, UsageError for
    fewer than three species in common.
    """
    tree = _read(path)
    of_name = {taxon.binomial.lower(): taxon for taxon in taxa if taxon.binomial}
    tips = [node for node in tree.leaf_node_iter() if _name(node) in of_name]
    found = list(dict.fromkeys(_name(node) for node in tips))
    if len(found) < 3:
        raise UsageError(
            f"{path} has {len(found)} of {len(of_name):,} species", hint="its tips are named as Genus_species"
        )
    if len(found) > _MOST:
        raise UsageError(
            f"{path} shares {len(found):,} species, and a table of all pairs of more than {_MOST:,} is too large"
        )
    if len(found) < len(tips):
        raise BadFile(f"{path} has a species at two tips")
    shared = _shared(tree, found)
    ages = np.diag(shared)
    if ages.min() <= 0:
        raise BadFile(f"{path} has no branch lengths", hint="a tree with lengths in time")
    if np.ptp(ages) > _UNEVEN * ages.max():
        raise BadFile(
            f"the tips of {path} are {ages.min():.3g} to {ages.max():.3g} from the root, and not of one age",
            hint="a tree calibrated in time",
        )
    np.fill_diagonal(shared, ages.max())  # lengths are rounded, and all are alive
    return Phylogeny(taxa=[of_name[name] for name in found], covariance=shared)


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return dendropy.Tree.get(data=text, schema="newick", preserve_underscores=False, rooting="force-rooted")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error
    except (ValueError, dendropy.utility.error.DataParseError) as error:
        raise BadFile(f"{path} is not a tree in Newick's format: {error}") from error


def _name(node: Any) -> str:
    return "" if node.taxon is None else " ".join(str(node.taxon.label).replace("_", " ").split()).lower()


def _shared(tree: Any, names: Sequence[str]) -> Floats:
    """The depth of the last common ancestor of each two tips (S, S), and of each tip itself."""
    place = {name: number for number, name in enumerate(names)}
    shared = np.zeros((len(names), len(names)))
    depth: dict[Any, float] = {}
    for node in tree.preorder_node_iter():
        above = 0.0 if node.parent_node is None else depth[node.parent_node]
        depth[node] = above + (0.0 if node.parent_node is None else float(node.edge.length or 0.0))
    below: dict[Any, list[int]] = {}
    for node in tree.postorder_node_iter():
        if node.is_leaf():
            tips = [place[_name(node)]] if _name(node) in place else []
            for tip in tips:
                shared[tip, tip] = depth[node]
        else:
            tips = []
            for child in node.child_nodes():
                theirs = below.pop(child)
                shared[np.ix_(tips, theirs)] = depth[node]
                shared[np.ix_(theirs, tips)] = depth[node]
                tips = tips + theirs
        below[node] = tips
    return shared
