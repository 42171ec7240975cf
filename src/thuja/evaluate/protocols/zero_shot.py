"""Zero-shot: the taxon whose text lies nearest to the image, among the candidates of a question.

At a rank above species there are two ways, and both are measured: the text of the taxon at that
rank ("a photo of Animalia Chordata Aves ..."), or the posterior over species summed up the tree.

The benchmarks of the papers put class names into CLIP's 80 prompts (`class_vectors`, `nearest_texts`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.classify import Clades, Top, posteriors, top_k
from thuja.classify.top import top_rows
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.evaluate.protocols.lengths import unit
from thuja.evaluate.question import Question
from thuja.evaluate.task import Texts
from thuja.labels import LabelSpace
from thuja.phrasing import PROMPTS

DEPTH = 5
_NAMES_AT_ONCE = 256
_IMAGES_AT_ONCE = 2048
_LOGITS_AT_ONCE = 8 * 2**20


def class_vectors(texts: Texts, names: Sequence[str], prompts: Sequence[str] = PROMPTS) -> Vectors:
    """What the public code holds a class's text to be: (C, D) float32 of length one.

    The mean over the prompts of the unit vectors of the prompt with the name in it, brought to length one.
    """
    blocks = []
    for start in range(0, len(names), _NAMES_AT_ONCE):
        some = names[start : start + _NAMES_AT_ONCE]
        vectors = unit(texts([prompt.format(name) for name in some for prompt in prompts]))
        blocks.append(unit(vectors.reshape(len(some), len(prompts), -1).mean(axis=1)))
    return np.concatenate(blocks)


def nearest_texts(vectors: Vectors, classes: Vectors, *, scale: float) -> Top:
    """The best of C class vectors for each image, five or all of them, with their posteriors: (N, D), (C, D).

    Ranked by logits: where the posterior rounds to zero it ties. Raises ThujaError where the lengths differ, or a
    class vector is not a number.
    """
    if classes.shape[1] != vectors.shape[1]:
        raise ThujaError(f"texts have {classes.shape[1]} dimensions, and images {vectors.shape[1]}")
    bad = int((~np.isfinite(classes).all(axis=1)).sum())
    if bad:
        raise ThujaError(f"the texts of {bad} of {len(classes)} classes gave vectors that are not numbers")
    depth = min(DEPTH, len(classes))
    wide: npt.NDArray[np.float32] = np.multiply(classes, scale, dtype=np.float32)
    size = max(1, min(_IMAGES_AT_ONCE, _LOGITS_AT_ONCE // len(classes)))
    best = []
    for start in range(0, len(vectors), size):
        logits: npt.NDArray[np.float32] = wide @ unit(vectors[start : start + size]).T  # (C, b)
        top = top_rows(logits, depth)
        logits -= top.scores[:, 0]
        whole = np.exp(logits, out=logits).sum(axis=0)[:, None]
        best.append(Top(indices=top.indices, scores=np.exp(top.scores - top.scores[:, :1]) / whole))
    return Top.joined(best, depth)


def by_text(vectors: Vectors, labels: LabelSpace, *, scale: float) -> Top:
    """The best candidates of each image, where `labels` are the candidates' own texts."""
    depth = min(DEPTH, len(labels))
    return Top.joined([top_k(block, depth) for block in posteriors(vectors, labels, scale=scale)], depth)


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
    return Top.joined(best, depth)
