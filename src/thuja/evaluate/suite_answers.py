"""What a cell's answers tell beside its figures: the errors, where on the tree they lie, what a confidence is worth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from thuja.evaluate.suite_results import Results
from thuja.evaluate.task import Way
from thuja.taxonomy import RANKS, Rank

Flags = npt.NDArray[np.bool_]

COLUMNS: Final = (
    "path", "part", "query", "fold", "run", "truth", "answer", "score", "group", "top", "place",
    *(rank.label for rank in RANKS),
)  # fmt: skip
CLADE_RANKS: Final = (Rank.FAMILY, Rank.ORDER, Rank.CLASS)
"""The ranks at which failures are told, the first that fits."""
MOST_CLADES: Final = 40
LEAST_IMAGES: Final = 5


def first_answers(results: Results, model: str, task: str, *, way: Way) -> pa.Table | None:
    """One answer an image (or a query and image): of the task as a whole, its first fold and run.

    Where nothing was asked as a whole (a model that reads no text), the first of the parts. None for no answers.
    """
    answers = results.answers(model, task, way, columns=COLUMNS)
    if answers is None or not answers.num_rows:
        return None
    parts = answers.column("part")
    whole = answers.filter(pc.equal(parts, ""))
    if not whole.num_rows:
        whole = answers.filter(pc.equal(parts, parts[0]))
    for name in ("fold", "run"):
        if name in whole.column_names:
            whole = whole.filter(pc.equal(whole.column(name), pc.min(whole.column(name))))
    return whole


def is_right(answers: pa.Table) -> Flags:
    """Whether each answer is the truth: (N,); a row without an answer is wrong."""
    same = pc.fill_null(pc.equal(answers.column("truth"), answers.column("answer")), False)
    return np.asarray(same.to_numpy(zero_copy_only=False), dtype=np.bool_)


def confidences(answers: pa.Table) -> tuple[npt.NDArray[np.float64], Flags] | None:
    """The posterior of each answer and whether it is right; None where the scores are no posteriors.

    Answers of several candidates each (`top`) are of a softmax over all of them; other scores are distances,
    cosines or shares.
    """
    if "top" not in answers.column_names or "score" not in answers.column_names:
        return None
    kept = answers.filter(pc.and_(pc.is_valid(answers.column("top")), pc.is_valid(answers.column("score"))))
    if not kept.num_rows:
        return None
    scores = np.asarray(kept.column("score").to_numpy(), dtype=np.float64)
    return (scores, is_right(kept)) if scores.min() >= 0 and scores.max() <= 1.001 else None


def surest_errors(answers: pa.Table, count: int) -> list[int]:
    """Rows of wrong answers, at most one a true class, those first of which the model is surest."""
    wrong = np.flatnonzero(~is_right(answers))
    if not len(wrong):
        return []
    some = answers.take(pa.array(wrong))
    scores = np.zeros(len(wrong))
    if "score" in some.column_names:
        scores = np.nan_to_num(pc.cast(some.column("score"), pa.float64()).to_numpy(zero_copy_only=False))
    order = np.argsort(-scores, kind="stable")
    keys = np.array(some.column(_class_column(some)).to_pylist(), dtype=object).astype(str)[order]
    _, first = np.unique(keys, return_index=True)
    return [int(wrong[order[place]]) for place in np.sort(first)[:count]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clade:
    """One clade of a task: its images, the share that each model names right, and what it is mostly taken for."""

    name: str
    images: int
    shares: Mapping[str, float]
    taken_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clades:
    """A task's clades at one rank, the worst first, by the mean over models."""

    rank: Rank
    clades: Sequence[Clade]


def by_clade(answers: Mapping[str, pa.Table]) -> Clades | None:
    """Where models fail on the tree, by their answers to one task; None where the answers name no clades.

    A model that was not asked about the task as a whole names none, and is left out.
    """
    for rank in CLADE_RANKS:
        tables = {model: table for model, table in answers.items() if rank.label in table.column_names}
        if not tables:
            continue
        one = next(iter(tables.values()))
        counts = Counter(name for name in one.column(rank.label).to_pylist() if name)
        kept = [name for name, count in counts.items() if count >= LEAST_IMAGES]
        if 2 <= len(kept) <= MOST_CLADES or (rank == CLADE_RANKS[-1] and len(kept) >= 2):
            found = [_clade(name, counts[name], tables, rank=rank) for name in kept]
            return Clades(rank=rank, clades=sorted(found, key=lambda clade: (_mean(clade), clade.name)))
    return None


def _clade(name: str, images: int, tables: Mapping[str, pa.Table], *, rank: Rank) -> Clade:
    shares, taken = {}, Counter[str]()
    for model, table in tables.items():
        rows = table.filter(pc.fill_null(pc.equal(table.column(rank.label), name), False))
        right = is_right(rows)
        if len(right):
            shares[model] = float(right.mean())
            taken.update(
                answer for answer, is_it in zip(rows.column("answer").to_pylist(), right, strict=True) if not is_it
            )
    commonest = taken.most_common(1)
    return Clade(name=name, images=images, shares=shares, taken_for=commonest[0][0] or "" if commonest else "")


def _mean(clade: Clade) -> float:
    return sum(clade.shares.values()) / max(len(clade.shares), 1)


def _class_column(answers: pa.Table) -> str:
    """What an error is one of: of ranked lists the query, else the true class."""
    is_list = "query" in answers.column_names and answers.column("query").null_count == 0
    return "query" if is_list else "truth"
