"""Real dirty names, judged by hand before any resolver was asked: what is answered, and if the score can be believed.

The judgements lie in tests/names/dirty_names.csv; how they were made, in dirty_names.md beside it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from names_world import ABOVE

JUDGED = Path(__file__).resolve().parents[1] / "tests" / "names" / "dirty_names.csv"
_OPEN = ("given", "conflict", "unresolved", "empty")
BINS = (0.0, 0.8, 0.9, 0.98, 0.999, 1.0)
VERDICTS = ("right", "less", "nothing", "wrong")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirty:
    """`names`: the judged rows with the answers' columns behind `answer_` and a `verdict`: right; less (a taxon that
    holds the true one, or that the name may be several things); nothing; or wrong."""

    names: pl.DataFrame

    def by_kind(self) -> pl.DataFrame:
        """How many names of each kind have each verdict, the largest kind first."""
        counts = [(pl.col("verdict") == verdict).sum().alias(verdict) for verdict in VERDICTS]
        return self.names.group_by("kind").agg(pl.len().alias("n"), *counts).sort("n", "kind", descending=[True, False])

    def reliability(self) -> list[tuple[int, float, float]]:
        """For each bin of scores the number of taxa answered, their mean score, and the share that holds."""
        named = self.names.filter(
            ~pl.col("answer_match_type").is_in([*_OPEN, "ambiguous"]), pl.col("answer_score").is_not_null()
        )
        score = named["answer_score"].to_numpy()
        holds = named["verdict"].is_in(["right", "less"]).to_numpy()
        place = np.clip(np.searchsorted(BINS, score, "right") - 1, 0, len(BINS) - 2)
        return [
            (int((place == one).sum()), float(score[place == one].mean()), float(holds[place == one].mean()))
            for one in range(len(BINS) - 1)
            if (place == one).any()
        ]


def judge_dirty() -> Dirty:
    """The judged names resolved against the embedded backbone."""
    from thuja.names import resolve

    judged = pl.read_csv(JUDGED, infer_schema=False)
    answers = resolve(judged["name"].to_list(), judged.select(name for name in ABOVE if name in judged.columns))
    both = judged.hstack(answers.drop("verbatim").select(pl.all().name.prefix("answer_")))
    above = _lineages(judged["truth"].drop_nulls().unique().to_list())
    verdicts = [_verdict(row, above) for row in both.iter_rows(named=True)]
    return Dirty(names=both.with_columns(pl.Series("verdict", verdicts)))


def _lineages(names: list[str]) -> dict[str, set[str]]:
    """The names above each true taxon, itself included; all of them where several bear its name."""
    from thuja.names import embedded

    backbone = embedded()
    keys = pl.Series(names).str.to_lowercase()
    hits = backbone.by_key(keys)
    taxa = backbone.tables.names["taxon"].gather(hits.found).to_numpy()
    held: dict[str, set[str]] = {name: {name} for name in names}
    for asked, row in zip(hits.asked.tolist(), backbone.lineages(taxa).iter_rows(named=True), strict=True):
        held[names[asked]] |= {row[rank] for rank in ABOVE if row[rank]}
    return held


def _verdict(row: dict[str, str | None], above: dict[str, set[str]]) -> str:
    answer, match = row["answer_accepted_name"], row["answer_match_type"]
    truth, rank = row["truth"] or "", row["truth_rank"]
    also = {name.strip() for name in (row["acceptable"] or "").split(";") if name.strip()}
    if answer is None or match in _OPEN:
        is_right = rank == "none" or (rank == "ambiguous" and match == "ambiguous")
        return "right" if is_right else "less" if match == "ambiguous" else "nothing"
    if answer in {truth, *also}:
        return "right"
    # Of a name that means nothing or several things, what the row itself gave may be said.
    given = {row[name] for name in ABOVE if row.get(name)}
    return "less" if answer in above.get(truth, set()) | given else "wrong"


def table(dirty: Dirty) -> str:
    """The kinds as a Markdown table."""
    rows = dirty.by_kind()
    total = rows.select(pl.lit("all").alias("kind"), pl.all().exclude("kind").sum())
    lines = [f"| {' | '.join(map(str, row))} |" for row in pl.concat([rows, total]).rows()]
    return "\n".join(["| kind | n | right | less | nothing | wrong |", "|---|--:|--:|--:|--:|--:|", *lines])
