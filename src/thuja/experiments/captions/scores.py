"""What a model knows that was taught captions: retrieval both ways, and traits named in texts apart from the others."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from thuja.biosphere.probes import nearest_mean
from thuja.biosphere.traits import TRAITS
from thuja.embeddings import Vectors
from thuja.evaluate.data import species_of
from thuja.experiments.captions.morphospace import shared_with, species_means, trait_columns, true_vectors
from thuja.experiments.captions.reading import explained
from thuja.experiments.scores import NEAREST, Pictures, Scores, retrieval_score
from thuja.metrics.accuracy import per_class_accuracy
from thuja.taxonomy import Taxon

NEW_TEMPLATE: Final = "the organism to be seen here is known as {common} and belongs to {scientific}"
"""A sentence about a taxon that no training text is like."""


def in_new_template(taxon: Taxon) -> str:
    """A taxon in words that stand in no text type."""
    return NEW_TEMPLATE.format(common=taxon.common or taxon.scientific_name, scientific=taxon.scientific_name)


def retrieval_scores(images: Vectors, texts: Vectors, captions: Sequence[str], *, ending: str) -> Scores:
    """The own text of N images (N, D) among the ten nearest distinct ones, and an own image of each text (N, D)."""
    _, first, truth = np.unique(captions, return_index=True, return_inverse=True)
    distinct = texts[first]
    near = np.asarray(distinct, np.float32) @ np.asarray(images, np.float32).T  # (L, N)
    nearest = np.argsort(-near, axis=1)[:, :NEAREST]
    is_own = truth[nearest] == np.arange(len(distinct))[:, None]
    return {
        f"to_text{ending}": retrieval_score(images, distinct, truth),
        f"to_image{ending}": float(is_own.any(axis=1).mean()),
    }


def retrieval_chances(captions: Sequence[str]) -> Scores:
    """What `retrieval_scores` of these captions are at random."""
    count = len(captions)
    owned = np.unique(captions, return_counts=True)[1]  # pictures of each distinct caption
    missed = np.prod([(count - owned - drawn) / (count - drawn) for drawn in range(min(NEAREST, count))], axis=0)
    return {
        "to_text_chance": min(1.0, NEAREST / len(owned)),
        "to_image_chance": float(1 - np.maximum(missed, 0).mean()),
    }


def named_trait_scores(test: Pictures, unseen: Pictures) -> Scores:
    """R2 on species never trained, as means over the traits that texts name and over those that none ever does."""
    vectors = np.concatenate([test.vectors, unseen.vectors]).astype(np.float64)
    traits = [*test.traits, *unseen.traits]
    species = species_of([*test.taxa, *unseen.taxa])
    is_test = np.arange(len(traits)) >= len(test.taxa)
    columns = {name: trait_columns(traits, trait) for name, trait in TRAITS.items()}
    truth = np.concatenate(list(columns.values()), axis=1)
    parts, weights = explained(vectors, truth, species, is_test=is_test), truth[is_test].var(axis=0)
    found: dict[bool, list[float]] = {True: [], False: []}
    end = 0
    for name, own in columns.items():
        end, part = end + own.shape[1], slice(end, end + own.shape[1])
        if weights[part].any():
            found[TRAITS[name].is_named].append(float((parts[part] * weights[part]).sum() / weights[part].sum()))
    return {what: float(np.mean(found[is_named])) for what, is_named in (("named", True), ("unnamed", False))}


def by_mean_score(taught: Pictures, asked: Pictures) -> float:
    """The mean over species of asked pictures nearest the mean of their own species' taught pictures."""
    species = species_of([*taught.taxa, *asked.taxa])
    learnt, truth = species[: len(taught.taxa)], species[len(taught.taxa) :]
    said = nearest_mean(taught.vectors.astype(np.float64), learnt, asked.vectors.astype(np.float64))
    return float(per_class_accuracy(said == truth, truth).mean())


def morphospace_scores(test: Pictures, unseen: Pictures, *, what: str) -> Scores:
    """R2 and canonical correlation of species' mean vectors with their true trait vectors, on species never trained."""
    species = species_of([*test.taxa, *unseen.taxa])
    vectors = species_means(np.concatenate([test.vectors, unseen.vectors]).astype(np.float64), species)
    truth = species_means(true_vectors([*test.traits, *unseen.traits]), species)
    is_test = np.isin(np.unique(species), species[len(test.taxa) :])
    r2, correlation, chance = shared_with(vectors, truth, is_test=is_test)
    return {f"{what}_r2": r2, f"{what}_cca": correlation, f"{what}_cca_chance": chance}
