"""How a resolver's answers stand to a truth set: right, wrong, cautious, and whether the score can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from names_ceiling import ceiling

_ANSWERED = (
    "exact", "synonym", "variant", "fuzzy", "infraspecific", "common_name", "identifier", "override", "higher_rank",
)  # fmt: skip
"""Match types that name a taxon of a backbone; the others say that there is none or more than one."""

ANSWER = (
    "match_type", "score", "kingdom", "genus", "species", "accepted_name", "accepted_rank", "accepted_id",
    "runner_up", "runner_up_score", "reason",
)  # fmt: skip

AIMS = {
    "clean": "99.99 % first",
    "typo1": "first within 0.3 points of the ceiling",
    "typo2": "95 % first",
    "homonym_genus": "99.9 % right",
    "homonym_binomial": "99.9 % right",
    "homonym_bare": "ambiguous",
    "absent": "0.5 % wrong at most",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindResult:
    """Shares of the `n` names of a kind. `first`: the true taxon is the best candidate, whatever the
    threshold; `right`: it is the answer; `wrong`: another taxon of its rank or below is the answer;
    `genus`: the answer stops at the true genus; `ambiguous`: it says that it cannot tell. For absent
    species `right` is no species at all. `told` and `guessed` are the ceilings, where there are any."""

    kind: str
    n: int
    first: float
    right: float
    wrong: float
    genus: float
    ambiguous: float
    calibration: float | None
    told: float | None = None
    guessed: float | None = None
    aim: str = ""


def judge(truth: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The truth set, the answers' columns behind `answer_`, and `is_first`, `is_right`, `is_wrong`, `is_genus`,
    `is_ambiguous`, and for calibration `is_answer` (a taxon was named) and `is_answer_right` (and it holds)."""
    both = pl.concat([truth, answers.select(pl.col(*ANSWER).name.prefix("answer_"))], how="horizontal")
    expected, is_ambiguous = pl.col("expected"), pl.col("answer_match_type") == "ambiguous"
    has_species = pl.col("answer_species").is_not_null()
    is_genus_truth = pl.col("truth_rank") != "species"
    is_same = _is(pl.col("answer_accepted_id") == pl.col("truth_id")) | _is(
        (pl.col("answer_accepted_name") == pl.col("truth_name"))
        & (pl.col("answer_kingdom") == pl.col("truth_kingdom"))
        & ((pl.col("answer_accepted_rank") == pl.col("truth_rank")) | ~is_genus_truth)
    )
    is_named = pl.col("answer_match_type").is_in(_ANSWERED)
    is_found = is_same & is_named & (has_species | is_genus_truth)
    is_genus = ~has_species & is_named & _is(pl.col("answer_genus") == pl.col("truth_genus"))
    goes_to_genus = is_named & (has_species | _is(pl.col("answer_accepted_rank") == "genus"))
    goes_as_far = goes_to_genus & (has_species | is_genus_truth)
    # "Corvus corax (Animalia, Corvidae)": the name, then the kingdom
    runner_up = pl.col("answer_runner_up").str.extract_groups(r"^(.+?)(?: \((\w+)[^()]*\))?$").struct
    is_kingdom = (runner_up.field("2") == pl.col("truth_kingdom")).fill_null(value=True)
    is_second = _is(runner_up.field("1") == pl.col("truth_name")) & is_kingdom
    is_runner_up = ~has_species & ~is_genus_truth & is_second
    holds_above = _is(pl.col("truth_above").list.contains(pl.col("answer_accepted_name"))) & _is(
        pl.col("answer_kingdom") == pl.col("truth_kingdom")
    )
    by_expected = {
        "is_first": (is_found | is_runner_up, is_ambiguous, ~has_species),
        "is_right": (is_found, is_ambiguous, ~has_species),
        "is_wrong": (goes_as_far & ~is_found, goes_to_genus, has_species),
    }
    return both.with_columns(
        *(
            pl.when(expected == "taxon").then(taxon)
            .when(expected == "ambiguous").then(many)
            .otherwise(none).alias(name)
            for name, (taxon, many, none) in by_expected.items()
        ),
        is_genus.alias("is_genus"),
        is_ambiguous.alias("is_ambiguous"),
        (is_named & pl.col("answer_score").is_not_null()).alias("is_answer"),
        (
            is_named
            & pl.when(expected == "taxon").then(is_found | ~has_species & holds_above)
            .otherwise(~has_species & holds_above & (expected == "absent"))
        ).alias("is_answer_right"),
    )  # fmt: skip


def _is(claim: pl.Expr) -> pl.Expr:
    return claim.fill_null(value=False)


def summarise(judged: pl.DataFrame) -> list[KindResult]:
    """One result a kind, in the order of the truth set; absent species also by congener distance."""
    results = []
    for (kind,), rows in judged.group_by("kind", maintain_order=True):
        results.append(_result(str(kind), rows))
        far = rows.filter(pl.col("congener_distance").is_null())
        if kind == "absent" and len(far):
            results.append(_result("absent, no near congener", far))
        if kind == "absent_near":
            parts = rows.partition_by("congener_distance", as_dict=True)
            results += [_result(f"absent, congener at {key[0]}", parts[key]) for key in sorted(parts)]
    return results


def _result(kind: str, rows: pl.DataFrame) -> KindResult:
    told, guessed = (None, None) if rows["rivals_level"].null_count() else ceiling(rows)
    return KindResult(
        kind=kind,
        n=len(rows),
        first=_share(rows["is_first"]),
        right=_share(rows["is_right"]),
        wrong=_share(rows["is_wrong"]),
        genus=_share(rows["is_genus"]),
        ambiguous=_share(rows["is_ambiguous"]),
        calibration=calibration_error(rows),
        told=told,
        guessed=guessed,
        aim=AIMS.get(kind, ""),
    )


def _share(column: pl.Series) -> float:
    return float(column.cast(pl.Float64).to_numpy().mean())


def calibration_error(judged: pl.DataFrame, bins: int = 15) -> float | None:
    """Expected calibration error of the answers' scores, over bins of equal mass; None without answers."""
    rows = reliability(judged, bins)
    weights = np.array([row[0] for row in rows], dtype=float)
    if not weights.sum():
        return None
    return float(np.dot(weights, [abs(score - right) for _, score, right in rows]) / weights.sum())


def candidates(judged: pl.DataFrame) -> pl.DataFrame:
    """The same names with the best species in the answer's place, accepted or not, for its calibration."""
    asked = judged.filter(pl.col("truth_rank") == "species", pl.col("expected") != "ambiguous")
    has_species = pl.col("answer_species").is_not_null()
    score = pl.when(has_species).then("answer_score").otherwise("answer_runner_up_score")
    return asked.with_columns(
        score.alias("answer_score"),
        score.is_not_null().alias("is_answer"),
        (pl.col("is_first") & (pl.col("expected") == "taxon")).alias("is_answer_right"),
    )


def reliability(judged: pl.DataFrame, bins: int = 15) -> list[tuple[int, float, float]]:
    """For each bin of equal mass the number of answers, their mean score and the share that is right."""
    named = judged.filter("is_answer")
    score = named["answer_score"].cast(pl.Float64).to_numpy()
    is_right = named["is_answer_right"].cast(pl.Float64).to_numpy()
    # Equal scores are put in an order by chance: in that of the kinds, a bin would hold one kind of them.
    order = np.random.default_rng(0).permutation(len(score))
    order = order[np.argsort(score[order], kind="stable")]
    parts: Sequence[npt.NDArray[np.int64]] = np.array_split(order, bins)
    return [(len(part), float(score[part].mean()), float(is_right[part].mean())) for part in parts if len(part)]


def table(results: Sequence[KindResult]) -> str:
    """The results as one Markdown table, shares in per cent."""
    lines = [
        "| kind | n | first | ceiling | with guesses | right | wrong | genus only | ambiguous | calibration | aim |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for one in results:
        shares = (one.first, one.told, one.guessed, one.right, one.wrong, one.genus, one.ambiguous)
        cells = ["" if share is None else f"{share:.2%}" for share in shares]
        error = "" if one.calibration is None else f"{one.calibration:.3f}"
        lines.append(f"| {one.kind} | {one.n:,} | {' | '.join(cells)} | {error} | {one.aim} |")
    return "\n".join(lines)
