"""Fit the classifier of visible clauses (src/thuja/captions/descriptions/visual_weights.npz) to labelled introductions.

    pip install 'thuja[introductions,analyze]'
    python scripts/fit_visual.py

Logistic regression over the clauses of the training part and over sentences written for it, in styles that
introductions lack (`visual_sentences.txt`); a clause that says a visible and a hidden thing at once is left out. The
features, the strength of the penalty and the weight of the sentence were chosen by ten-fold cross-validation over the
taxa of that part, which it prints. benchmarks/captions_visual.py measures the test part, by which nothing was chosen.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from captions_labelled import Labelled, labelled, parted  # noqa: E402
from thuja.captions.descriptions.introduction_store import IntroductionStore  # noqa: E402
from thuja.captions.descriptions.visual import CONTEXT, WEIGHTS, VisualModel  # noqa: E402
from thuja.captions.descriptions.visual_features import BUCKETS, HAND, look_at  # noqa: E402

OWN = ROOT / "scripts" / "visual_sentences.txt"
Examples = tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]
WEIGHT_OF_OWN = 3
LOOSENESS = 10.0
"""scikit-learn's C."""


def main() -> None:
    """Cross-validate, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "src/thuja/captions/descriptions" / WEIGHTS)
    options = parser.parse_args()
    rows = parted(labelled(IntroductionStore()), "train")
    clauses = [(row, text, label) for row in rows for text, label in row.clauses]
    own = WEIGHT_OF_OWN * [
        (line[2:], float(line[0] == "+")) for line in OWN.read_text(encoding="utf-8").splitlines() if line[0] in "+-"
    ]
    matrix = dense([text for _, text, _ in clauses])  # (N, BUCKETS + len(HAND))
    labels = np.array([label for *_, label in clauses])
    print(f"{len(rows)} sentences, {len(clauses)} clauses, {int((labels == 1).sum())} of them visible")
    more = (dense([text for text, _ in own]), np.array([label for _, label in own]))
    cross_validate([row for row, *_ in clauses], (matrix, labels), more)
    model = fit(np.r_[matrix, more[0]], np.r_[labels, more[1]])
    model.save(options.out, maker="scripts/fit_visual.py")
    print(f"wrote {options.out}, {options.out.stat().st_size:,} bytes")


def dense(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """(N, BUCKETS + len(HAND)): what the model looks at, a row a text."""
    matrix = np.zeros((len(texts), BUCKETS + len(HAND)), np.float32)
    for row, text in zip(matrix, texts, strict=True):
        buckets, hand = look_at(text)
        row[buckets] = 1 / np.sqrt(max(1, len(buckets)))
        row[BUCKETS:] = hand
    return matrix


def fit(matrix: npt.NDArray[np.float32], labels: npt.NDArray[np.float64]) -> VisualModel:
    """The model of these clauses."""
    is_sure = labels != 0.5
    found = LogisticRegression(C=LOOSENESS, max_iter=5000).fit(matrix[is_sure], labels[is_sure] > 0.5)
    weights = found.coef_[0].astype(np.float64)
    return VisualModel(words=weights[:BUCKETS], hand=weights[BUCKETS:], bias=float(found.intercept_[0]))


def cross_validate(rows: Sequence[Labelled], clauses: Examples, more: Examples) -> None:
    """Print precision, recall and F1 of clauses whose taxa the fit has not seen; `more` is added to every fit."""
    matrix, labels = clauses
    whole = dense([row.text for row in rows])
    logits = np.zeros(len(labels))
    for seen, unseen in GroupKFold(10).split(matrix, groups=[row.taxon for row in rows]):
        model = fit(np.r_[matrix[seen], more[0]], np.r_[labels[seen], more[1]])
        weights = np.r_[model.words, model.hand]
        logits[unseen] = (1 - CONTEXT) * matrix[unseen] @ weights + CONTEXT * whole[unseen] @ weights + model.bias
    for stratum in ("drawn", "enriched", "uncertain"):
        here = np.array([row.stratum == stratum for row in rows]) & (labels != 0.5)
        is_kept, is_visible = logits[here] > 0, labels[here] == 1
        right = int((is_kept & is_visible).sum())
        precision, recall = right / max(1, is_kept.sum()), right / max(1, is_visible.sum())
        f1 = 2 * right / max(1, is_kept.sum() + is_visible.sum())
        print(f"cross-validated, {stratum}: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")


if __name__ == "__main__":
    main()
