"""Text queries, each with the images that answer it: a ranking of a whole gallery, or of a query's own candidates.

The measures are INQUIRE's (arXiv:2411.02537): average precision divided by min(relevant, k), nDCG and reciprocal
rank, over all queries and by category. The public way gives what its script gives, where scikit-learn takes equal
scores together; in the corrected way equals stand in random order, so that a model which tells nothing apart scores
as chance does and does not inherit the order in which candidates are listed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.classify import Top
from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.protocols.lengths import unit
from thuja.evaluate.protocols.nearest import nearest
from thuja.evaluate.protocols.sentences import encode
from thuja.evaluate.task import Images, Measure, Outcome, View, Way
from thuja.metrics.bootstrap import mean_over_clusters
from thuja.metrics.chance import average_precision_chance, ndcg_chance, reciprocal_rank_chance
from thuja.metrics.ranking import Normaliser, average_precision, ndcg_at, recall_at, reciprocal_rank
from thuja.metrics.tied import average_precision_by_score, ndcg_by_score

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_TASK = "retrieval by queries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A text, the rows of the images that answer it, and of those that it ranks, or None for all images."""

    text: str
    category: str
    relevant: tuple[int, ...]
    candidates: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """Queries over images. `depths` are where the measures cut the ranking, the public one first, None at its end.

    `gallery` is how many images the published gallery has: over fewer the task is easier, and every figure says so.
    """

    images: Images
    queries: tuple[Query, ...]
    depths: tuple[int | None, ...]
    gallery: int | None = None
    head: str = "caption"

    def __post_init__(self) -> None:
        if len({query.candidates is None for query in self.queries}) > 1:
            raise ThujaError("either every query has candidates of its own, or none has")
        if self.is_full and None in self.depths:
            raise ThujaError("the ranking of a whole gallery needs a depth")

    @property
    def is_full(self) -> bool:
        """Whether every query ranks the whole gallery."""
        return all(query.candidates is None for query in self.queries)

    def select(self, rows: Sequence[int]) -> "Queries":
        """The same queries over these of the images alone."""
        place = {int(row): new for new, row in enumerate(rows)}

        def kept(old: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(place[row] for row in old if row in place)

        queries = tuple(
            replace(
                query,
                relevant=kept(query.relevant),
                candidates=None if query.candidates is None else kept(query.candidates),
            )
            for query in self.queries
        )
        return replace(self, images=self.images.select(rows), queries=queries)

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """Every measure over all queries and over each category; queries without a relevant image are left out."""
        if len(view.vectors) != len(self.images):
            raise ThujaError(f"expected {len(self.images)} image vectors, got {len(view.vectors)}")
        asked = [query for query in self.queries if query.relevant]
        if not asked:
            raise EmptyInput("no query has a relevant image among these")
        measures: list[Measure] = []
        answers: list[pa.Table] = []
        for way in ways:
            seen = view if way == Way.PUBLIC else view.by(self.head)
            texts = encode(seen, [query.text for query in asked], _TASK)
            ranked = self._ranked(asked, seen.vectors, texts, way=way, seed=seed)
            note = self._note(len(self.queries) - len(asked), has_head=seen is not view or way == Way.PUBLIC)
            scores = ranked.public(self.depths[0]) if way == Way.PUBLIC else ranked.corrected(self.depths)
            for score in scores:
                measures += ranked.measures(score, way=way, note=note, seed=seed)
            answers.append(ranked.answers(self.images.paths, way))
        return Outcome(measures=measures, answers=pa.concat_tables(answers) if answers else pa.table({}))

    def _ranked(self, asked: Sequence[Query], vectors: Vectors, texts: Vectors, *, way: Way, seed: int) -> "_Ranked":
        generator = np.random.default_rng(seed)
        if not self.is_full:
            drawn = None if way == Way.PUBLIC else generator
            lists = [np.array(query.candidates, dtype=np.int64) for query in asked]
            tops = [_rerank(vectors, text, rows, drawn=drawn) for text, rows in zip(texts, lists, strict=True)]
            return _Ranked.of(asked, tops, among=[len(top.scores) for top in tops])
        depth = max(depth for depth in self.depths if depth is not None)
        # torch.flip(scores.argsort()), as the public script has it, puts the last of equals first.
        order = np.arange(len(vectors))[::-1] if way == Way.PUBLIC else generator.permutation(len(vectors))
        top = nearest(texts, vectors, depth, order=order)
        tops = [Top(indices=rows, scores=scores) for rows, scores in zip(top.indices, top.scores, strict=True)]
        return _Ranked.of(asked, tops, among=[len(vectors)] * len(tops))

    def _note(self, left_out: int, *, has_head: bool) -> str:
        notes = []
        if self.gallery is not None and len(self.images) < self.gallery:
            notes.append(f"among {len(self.images):,} of the gallery's {self.gallery:,} images, which is easier")
        if left_out:
            notes.append(f"{left_out} queries without a relevant image are left out")
        if not has_head:
            notes.append(f"by the first head, as the model has no {self.head} head")
        return "; ".join(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Score:
    """A measure's value for each of Q queries, and by chance."""

    name: str
    values: Floats
    chance: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """The best K images of each of Q queries, best first; a shorter list ends in rows of -1, which are not relevant.

    `among` is how many images each was chosen from, `relevant` how many of all images answer it.
    """

    queries: Sequence[Query]
    rows: Indices
    scores: npt.NDArray[np.float32]
    is_relevant: Flags
    lengths: Indices
    among: Indices
    relevant: Indices

    @classmethod
    def of(cls, queries: Sequence[Query], tops: Sequence[Top], *, among: Sequence[int]) -> "_Ranked":
        lengths = np.array([len(top.scores) for top in tops], dtype=np.int64)
        rows = np.full((len(tops), lengths.max()), -1, dtype=np.int64)
        scores = np.full(rows.shape, -np.inf, dtype=np.float32)
        for number, top in enumerate(tops):
            rows[number, : lengths[number]], scores[number, : lengths[number]] = top.indices, top.scores
        return cls(
            queries=queries,
            rows=rows,
            scores=scores,
            is_relevant=np.stack([np.isin(row, query.relevant) for row, query in zip(rows, queries, strict=True)]),
            lengths=lengths,
            among=np.array(among, dtype=np.int64),
            relevant=np.array([len(set(query.relevant)) for query in queries], dtype=np.int64),
        )

    def public(self, depth: int | None) -> Iterator[_Score]:
        """AP, nDCG and MRR as INQUIRE's `compute_retrieval_metrics` gives them for lists of this depth."""
        lists = [
            (flags[:length], scores[:length], int(total))
            for flags, scores, length, total in zip(
                self.is_relevant, self.scores, self._ends(depth), self.relevant, strict=True
            )
        ]
        found = (
            ("AP", [average_precision_by_score(f, s, normaliser=min(total, len(f))) for f, s, total in lists]),
            ("nDCG", [ndcg_by_score(f, s, relevant=total) for f, s, total in lists]),
            ("MRR", reciprocal_rank(self.is_relevant, self.relevant, k=depth)),
        )
        chances = self._chances(depth)
        for name, values in found:
            yield _Score(name=name + _at(depth), values=np.array(values), chance=chances[name])

    def corrected(self, depths: Sequence[int | None]) -> Iterator[_Score]:
        """The same at every depth, and where the ranking is cut, AP over all that is relevant, and recall."""
        flags, total = self.is_relevant, self.relevant
        for depth in depths:
            k = flags.shape[1] if depth is None else depth
            chances = self._chances(depth)
            found = {
                "AP": average_precision(flags, total, k=k, normaliser=Normaliser.REACHABLE),
                "nDCG": ndcg_at(flags, total, k=k),
                "MRR": reciprocal_rank(flags, total, k=k),
            }
            if depth is not None:
                found["recall"] = recall_at(flags, total, k=k)
                found["AP over all relevant"] = average_precision(flags, total, k=k)
            for name, values in found.items():
                word, *rest = name.split(" ", 1)
                yield _Score(name=" ".join([word + _at(depth), *rest]), values=values, chance=chances[name])

    def measures(self, score: _Score, *, way: Way, note: str, seed: int) -> Iterator[Measure]:
        """The mean over all queries, then over each category, with intervals over queries."""
        categories = np.array([query.category for query in self.queries], dtype=object)
        for part in ["", *sorted({category for category in categories if category})]:
            mask = np.ones(len(categories), dtype=bool) if not part else categories == part
            count = int(mask.sum())
            interval = mean_over_clusters(score.values[mask], np.arange(count), np.random.default_rng(seed))
            chance = f"chance {score.chance[mask].mean():.3g}"
            yield Measure(
                part=part,
                way=way,
                name=score.name,
                value=interval.value,
                low=interval.low,
                high=interval.high,
                units=count,
                clusters=count,
                note="; ".join(filter(None, (chance, note))),
            )

    def answers(self, paths: Sequence[str], way: Way) -> pa.Table:
        """A row for each image that a query was answered with: to be answered with it is to be called relevant."""
        query, place = np.nonzero(self.rows >= 0)
        rows, is_relevant = self.rows[query, place], self.is_relevant[query, place]
        asked = [self.queries[number] for number in query.tolist()]
        return pa.table(
            {
                "path": pa.array([paths[row] for row in rows], pa.string()),
                "way": pa.array([way.value] * len(rows), pa.string()),
                "part": pa.array([one.category for one in asked], pa.string()),
                "query": pa.array([one.text for one in asked], pa.string()),
                "truth": pa.array(np.where(is_relevant, "relevant", "not relevant"), pa.string()),
                "answer": pa.array(["relevant"] * len(rows), pa.string()),
                "score": pa.array(self.scores[query, place], pa.float32()),
                "place": pa.array(place + 1, pa.int64()),
            }
        )

    def _ends(self, depth: int | None) -> Indices:
        """How long each list is when cut there."""
        return self.lengths if depth is None else np.minimum(self.lengths, depth)

    def _chances(self, depth: int | None) -> dict[str, Floats]:
        found: dict[str, list[float]] = {"AP": [], "nDCG": [], "MRR": [], "recall": [], "AP over all relevant": []}
        counts = (self.relevant.tolist(), self.among.tolist(), self._ends(depth).tolist())
        for total, among, end in zip(*counts, strict=True):
            found["AP"].append(average_precision_chance(total, among, end, normaliser=min(total, end)))
            found["nDCG"].append(ndcg_chance(total, among, end))
            found["MRR"].append(reciprocal_rank_chance(total, among, end))
            found["recall"].append(end / among)
            found["AP over all relevant"].append(average_precision_chance(total, among, end, normaliser=total))
        return {name: np.array(values) for name, values in found.items()}


def _rerank(vectors: Vectors, text: Vectors, rows: Indices, *, drawn: np.random.Generator | None) -> Top:
    """A query's candidates, nearest first; equals at random, or without a generator as NumPy sorts, turned round."""
    scores = unit(vectors[rows]) @ unit(text[None])[0]
    if drawn is None:
        order = np.flip(np.argsort(scores))
    else:
        shuffled = drawn.permutation(len(rows))
        order = shuffled[np.argsort(-scores[shuffled], kind="stable")]
    return Top(indices=rows[order], scores=scores[order])


def _at(depth: int | None) -> str:
    return "" if depth is None else f"@{depth}"
