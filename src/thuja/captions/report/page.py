"""The report: what came of a run in numbers, and a wall of pictures for each thing that happened."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from thuja.captions.make.finishing import CAPTIONS
from thuja.captions.make.job import VERB
from thuja.captions.make.summary import Summary
from thuja.captions.report.cards import STYLE, cards
from thuja.captions.report.drawing import Row, draw_rows, thumbnail
from thuja.jobs import require_complete
from thuja.report import Headline, Report
from thuja.report.page import Cell

_REASONS: Final[Mapping[str, str]] = {
    "name": "The name is missing, wrong, or where it must not be.",
    "length": "Too many words, or too few.",
    "sentence": "Not one sentence.",
    "language": "Not the language that was asked for.",
    "refusal": "The model refuses, or speaks of itself or of the image.",
    "characters": "Signs that no sentence has.",
    "leakage": "Words of the prompt, or of a format, in the answer.",
    "invisible": "Claims that no picture can show.",
    "copying": "Copied from the description.",
    "traits": "Contradicts the description.",
    "content": "Says nothing of how the organism looks.",
    "similarity": "Fits the picture no better than others, to a model that compares them.",
    "colours": "Names a colour that the picture does not have.",
    "repeats": "Says what captions of other pictures of the species say.",
    "no_answer": "Nobody answered.",
    "timeout": "No answer in time.",
    "refused": "The server's filter refused.",
    "empty": "An answer without words.",
    "broken_answer": "An answer of another form than was asked for.",
    "image": "A picture that the server cannot take.",
}


def write_report(folders: Sequence[Path], out: Path) -> Path:
    """Write the page of one run, or of several side by side with the walls of the first; returns `out`.

    Raises EmptyInput or BadFile for a folder without finished captions.
    """
    runs = [(Path(folder), Summary.load(require_complete(Path(folder), verb=VERB))) for folder in folders]
    folder, summary = runs[0]
    page = Report(f"Captions: {folder.name}", summary=_told(summary), style=STYLE).headlines(_headlines(summary))
    if len(runs) > 1:
        page.section("Runs side by side", "Walls and numbers below are of the first.")
        page.table(*_side_by_side(runs))
    _walls(page, folder)
    _numbers(page, folder, summary)
    page.save(Path(out))
    return Path(out)


def _told(summary: Summary) -> list[str]:
    model = " and ".join(summary.models) or "a function"
    described = f"For {summary.described:,} of them it was told how their species looks. " if summary.described else ""
    shown = f"For {summary.with_examples:,} it was shown captions of their class, or of one near."
    lines = [
        f"{summary.pictures:,} pictures were shown to {model} with the prompt {summary.strategy}. "
        f"{described}{shown if summary.with_examples else ''}",
        "An accepted caption passed every check. A rejected picture keeps its name and has no caption; all its drafts "
        "are in the table.",
    ]
    if summary.repeats:
        lines.append(f"{summary.repeats:,} captions nearly repeat others of their species.")
    return lines


def _headlines(summary: Summary) -> list[Headline]:
    again = sum(count for tries, count in summary.tries.items() if int(tries) > 1)
    lost = f", up to {summary.unanswered:,} more were lost in kills" if summary.unanswered else ""
    cost = f"cost {summary.cost:,.2f}, " if summary.cost else ""
    tokens = summary.prompt_tokens + summary.completion_tokens
    share = summary.accepted / max(summary.pictures, 1)
    return [
        Headline(label="accepted", value=f"{share:.1%}", note=f"{summary.accepted:,} of {summary.pictures:,} pictures"),
        Headline(label="rejected", value=f"{summary.rejected:,}", note="each with its reasons"),
        Headline(label="asked again", value=f"{again:,}", note="pictures whose first draft was not taken"),
        Headline(label="requests", value=f"{summary.requests:,}", note=f"{cost}{tokens:,} tokens{lost}"),
    ]


def _side_by_side(runs: Sequence[tuple[Path, Summary]]) -> tuple[list[str], list[list[Cell]]]:
    columns = ["run", "prompt", "model", "pictures", "accepted", "in one try", "requests", "tokens", "cost"]
    rows: list[list[Cell]] = []
    for folder, one in runs:
        total = max(one.pictures, 1)
        first = one.tries.get("1", 0)
        tokens = one.prompt_tokens + one.completion_tokens
        shares = [f"{one.accepted / total:.1%}", f"{first / total:.1%}"]
        told: list[Cell] = [folder.name, one.strategy, ", ".join(one.models), one.pictures]
        rows.append([*told, *shares, one.requests, tokens, round(one.cost, 4)])
    return columns, rows


def _walls(page: Report, folder: Path) -> None:
    drawn = draw_rows(folder)
    if drawn.accepted:
        page.section("Accepted at once", "Drawn by chance.")
        page.raw(cards(_with_images(folder, drawn.accepted)))
    if drawn.mended:
        page.section(
            "Accepted in a further try",
            "Below each stand the drafts before it, and what was told to the model of them.",
        )
        page.raw(cards(_with_images(folder, drawn.mended), says_drafts=True))
    for reason, rows in drawn.rejected.items():
        page.section(f"Rejected: {reason.replace('_', ' ')}", _REASONS.get(reason, ""))
        page.raw(cards(_with_images(folder, rows)))


def _with_images(folder: Path, rows: Sequence[Row]) -> list[tuple[Row, bytes | None]]:
    return [(row, thumbnail(folder, row)) for row in rows]


def _numbers(page: Report, folder: Path, summary: Summary) -> None:
    page.section("In numbers")
    if summary.reasons:
        reasons: list[list[Cell]] = [
            [reason.replace("_", " "), count, f"{count / summary.pictures:.1%}", _REASONS.get(reason, "")]
            for reason, count in summary.reasons.items()
        ]
        caption = "Why pictures are rejected, by their last draft; one may have several reasons."
        page.table(["reason", "pictures", "of all", "what it is"], reasons, caption=caption)
    drafts, scores, sources = _counted(folder)
    if drafts:
        total = sum(count for tries, count in _tries(summary) if tries) or 1
        table: list[list[Cell]] = [[reason.replace("_", " "), count] for reason, count in drafts.most_common()]
        page.table(
            ["reason", "drafts"], table, caption=f"What was wrong with drafts of {total:,} pictures, mended or not."
        )
    page.table(
        ["drafts", "pictures"], [list(one) for one in _tries(summary)], caption="How often pictures were asked about."
    )
    if scores:
        rows: list[list[Cell]] = [[name, f"{mean:.3f}", count] for name, (mean, count) in sorted(scores.items())]
        page.table(["check", "mean score", "pictures"], rows, caption="Scores of the last drafts, from 0 (bad) to 1.")
    if sources:
        listed: list[list[Cell]] = [[*source, count] for source, count in sources.most_common()]
        page.table(["source", "licence", "pictures"], listed, caption="Where the words that guided captions come from.")


def _tries(summary: Summary) -> Iterator[tuple[int, int]]:
    return ((int(tries), count) for tries, count in summary.tries.items())


def _counted(folder: Path) -> tuple[Counter[str], dict[str, tuple[float, int]], Counter[tuple[str, str]]]:
    """Reasons of all drafts, means and numbers of scores, and sources of descriptions."""
    drafts: Counter[str] = Counter()
    sources: Counter[tuple[str, str]] = Counter()
    sums: defaultdict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    columns = ["drafts", "scores", "description_source", "description_licence"]
    with pq.ParquetFile(folder / CAPTIONS) as file:
        for batch in file.iter_batches(batch_size=2_000, columns=columns):
            for row in batch.to_pylist():
                drafts.update(reason for draft in row["drafts"] or () for reason in draft["reasons"])
                if row["description_source"]:
                    sources[row["description_source"], row["description_licence"] or "not told"] += 1
                scores: Mapping[str, Any] = json.loads(row["scores"] or "{}")
                for name, score in scores.items():
                    sums[name] += score
                    counts[name] += 1
    return drafts, {name: (sums[name] / counts[name], counts[name]) for name in sums}, sources
