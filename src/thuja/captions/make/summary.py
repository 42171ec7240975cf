"""What a run came to, in numbers: read off the table of captions a column at a time."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from thuja.captions.make.rows import ACCEPTED
from thuja.captions.make.unit_tables import Requests
from thuja.errors import BadFile
from thuja.jobs import write_json

SUMMARY: Final = "summary.json"
_COLUMNS: Final = (
    "status", "reasons", "why", "tries", "is_described", "examples_of", "requests", "prompt_tokens",
    "completion_tokens", "cost", "model", "strategy",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of pictures, requests, tokens, and what they cost; pictures = accepted + rejected.

    `reasons` counts rejected pictures by each of their last reasons, `tries` pictures by their number of drafts.
    `such_as` is what was said of a picture that was rejected for the commonest of the reasons.
    `unanswered` requests were sent and never heard of again, because the run was killed: they may have been paid.
    """

    pictures: int
    accepted: int
    rejected: int
    described: int
    with_examples: int
    repeats: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    such_as: str = ""
    tries: Mapping[str, int] = field(default_factory=dict)
    models: Sequence[str] = ()
    strategy: str = ""
    requests: int = 0
    unanswered: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    plan: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.pictures == self.accepted + self.rejected, "a picture is accepted or rejected"

    def __str__(self) -> str:
        share = f" ({self.accepted / self.pictures:.1%})" if self.pictures else ""
        lines = [
            f"{self.pictures:,} pictures = {self.accepted:,} accepted{share} + {self.rejected:,} rejected",
        ]
        guided = (
            (self.described, "a description of their species", "descriptions"),
            (self.with_examples, "examples of their class or of one near", "examples"),
        )
        for count, what, given in guided:
            if count or self.plan.get("guidance", {}).get(given):
                lines.append(f"{count:,} had {what}")
        if self.reasons:
            lines.append("rejected: " + ", ".join(f"{reason} {count:,}" for reason, count in self.reasons.items()))
        if self.such_as:
            lines.append(f"such as: {self.such_as}")
        if self.repeats:
            lines.append(f"{self.repeats:,} nearly repeat another caption of their species")
        lines.append(
            f"{self.requests:,} requests, {self.prompt_tokens:,} tokens read, {self.completion_tokens:,} written"
            + (f", cost {self.cost:.4f}" if self.cost else "")
        )
        if self.unanswered:
            lines.append(
                f"asked but unanswered when a run broke off: {self.unanswered:,} at most, which may be paid twice"
            )
        return "\n".join(lines)

    def save(self, folder: Path) -> None:
        """Write summary.json."""
        write_json(folder / SUMMARY, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "Summary":
        """Read summary.json; raises BadFile."""
        path = folder / SUMMARY
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise BadFile(f"{path} cannot be read: {error}", hint="--force makes it anew") from error


def summarize(
    captions: Path, requests: Requests, *, repeats: int = 0, plan: Mapping[str, Any] | None = None
) -> Summary:
    """Count what stands in a table of captions."""
    totals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    said: dict[str, str] = {}
    tries: Counter[int] = Counter()
    models: set[str] = set()
    strategy = ""
    with pq.ParquetFile(captions) as file:
        for batch in file.iter_batches(columns=list(_COLUMNS)):
            for row in batch.to_pylist():
                is_accepted = row["status"] == ACCEPTED
                totals["pictures"] += 1
                totals["accepted" if is_accepted else "rejected"] += 1
                totals["described"] += bool(row["is_described"])
                totals["with_examples"] += bool(row["examples_of"])
                for name in ("requests", "prompt_tokens", "completion_tokens"):
                    totals[name] += row[name] or 0
                if not is_accepted:
                    reasons.update(row["reasons"])
                    said = {**dict(zip(row["reasons"], row["why"], strict=False)), **said}
                tries[row["tries"]] += 1
                models.update([row["model"]] if row["model"] else ())
                strategy = row["strategy"] or strategy
    ordered = dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0])))
    names = ("pictures", "accepted", "rejected", "described", "with_examples")
    counts = {name: totals[name] for name in (*names, "requests", "prompt_tokens", "completion_tokens")}
    return Summary(
        **counts,
        repeats=repeats,
        reasons=ordered,
        such_as=said.get(next(iter(ordered), ""), ""),
        tries={str(number): tries[number] for number in sorted(tries)},
        models=sorted(models),
        strategy=strategy,
        unanswered=requests.unanswered,
        failed=requests.failed,
        cost=requests.cost,
        plan=plan or {},
    )
