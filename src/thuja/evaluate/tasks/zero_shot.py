"""Zero-shot: the taxon whose text lies nearest to the image, among the candidates of a question.

At a rank above species there are two ways, and both are measured: the text of the taxon at that
rank ("a photo of Animalia Chordata Aves ..."), or the posterior over species summed up the tree.
"""

import numpy as np

from thuja.classify import Clades, Top, posteriors, top_k
from thuja.embeddings import Vectors
from thuja.evaluate.question import Question
from thuja.labels import LabelSpace

DEPTH = 5


def by_text(vectors: Vectors, labels: LabelSpace, *, scale: float) -> Top:
    """The best candidates of each image, where `labels` are the candidates' own texts."""
    depth = min(DEPTH, len(labels))
    return _joined([top_k(block, depth) for block in posteriors(vectors, labels, scale=scale)], depth)


def by_roll_up(vectors: Vectors, species: LabelSpace, question: Question, *, scale: float) -> Top:
    """The best candidates by the species posterior summed at the question's rank.

    A clade of `species` that is no candidate cannot be answered; the indices are the question's.
    """
    clades = Clades.of(species, question.rank)
    columns = question.classes_of(clades.taxa)
    is_candidate = columns >= 0
    depth = min(DEPTH, int(is_candidate.sum()))
    best = []
    for block in posteriors(vectors, species, scale=scale):
        top = top_k(clades.gather(block)[:, is_candidate], depth)
        best.append(Top(indices=columns[is_candidate][top.indices], scores=top.scores))
    return _joined(best, depth)


def _joined(blocks: list[Top], depth: int) -> Top:
    if not blocks:
        return Top(indices=np.zeros((0, depth), dtype=np.int64), scores=np.zeros((0, depth), dtype=np.float32))
    return Top(
        indices=np.concatenate([block.indices for block in blocks]),
        scores=np.concatenate([block.scores for block in blocks]),
    )
