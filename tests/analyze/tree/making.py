"""Spaces whose answer is known: traits that drift along a grown tree, and vectors that know no tree."""

import numpy as np

from thuja.analyze import Space
from thuja.biosphere.phylogeny import covariance
from thuja.biosphere.tree import Tree
from thuja.taxonomy import Taxon

GROUPS = (2, 3, 5, 9, 18, 36)
"""Lineages at which the tree is cut into kingdoms, phyla, classes, orders, families, genera."""


def grown(species, seed=0, groups=GROUPS):
    """A tree, and the lineages that are cut from it."""
    tree = Tree.grow(species, np.random.default_rng(seed))
    clades = np.stack([tree.clades(count) for count in groups])
    taxa = [
        Taxon.from_names([*(f"{'kpcofg'[rank]}{clades[rank, place]}" for rank in range(6)), f"s{place}"])
        for place in range(species)
    ]
    return tree, taxa


def drifted(tree, generator, width=600):
    """Brownian motion along the tree, (S, D): squared distances are those along the tree, nearly."""
    shared = covariance(tree)
    return np.linalg.cholesky(shared + 1e-9 * np.eye(len(shared))) @ generator.normal(size=(len(shared), width))


def space_of(means, taxa, generator, *, images=2, noise=0.01, **given):
    """`images` of each species around its mean."""
    spread = noise * generator.normal(size=(len(means) * images, means.shape[1]))
    vectors = np.repeat(means, images, axis=0) + spread
    return Space(
        vectors=vectors.astype(np.float32), taxa=[taxon for taxon in taxa for _ in range(images)], model="m", **given
    )


def by_measure(section, word, *, control=None, of=None):
    """The findings whose measure or claim holds a word, of one control."""
    return [
        finding
        for finding in section.findings
        if (word in finding.measure or word in finding.claim)
        and (control is None or finding.control == control)
        and (of is None or finding.of == of)
    ]
