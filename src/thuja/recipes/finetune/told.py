"""What a fine-tuning came to: as data, as lines for a terminal, and as a page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from thuja.jobs import write_json
from thuja.recipes.finetune.scores import Kept, Row
from thuja.report import Report
from thuja.taxonomy import Rank

FILE = "finetune.json"
_COLUMNS = ("asked", "rank", "pictures", "names", "before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A row for each exam and rank, and what is left of the start model where it was changed.

    `species` counts those of the training photos, of which `without_species` are named to the genus
    or above alone. `best_step` is the step whose model was kept, 0 the start model itself. `held_out` of the
    training photos were taken for the `checked` ones that say when to stop; `is_tested_apart` says
    whether the test photos are others.
    """

    start: str
    model: str
    method: str
    photos: int
    species: int
    without_species: int
    checked: int
    held_out: int
    is_tested_apart: bool
    best_step: int
    rows: Sequence[Row]
    kept: Kept | None

    def save(self, out: Path) -> None:
        """Write `finetune.json` and `report.html` into a run folder."""
        write_json(out / FILE, asdict(self))
        page = Report(f"{self.start}, tuned to {self.photos:,} photos", summary=self.sentences())
        cells = [
            [row["exam"], row["rank"], row["pictures"], row["names"], _percent(row["before"]), _percent(row["after"])]
            for row in self.rows
        ]
        page.section("Before and after").table(_COLUMNS, cells, caption="Share of pictures named right, in per cent")
        page.save(out / "report.html")

    def sentences(self) -> list[str]:
        """What happened, in words."""
        others = f", {self.without_species:,} of them named above the species only" if self.without_species else ""
        told = [
            f"{self.method}: {self.photos:,} photos of {self.species:,} species{others}; "
            f"best at step {self.best_step:,}."
        ]
        if self.best_step == 0:
            told.append("Nothing that was learnt was better than the start model on the photos held out: it is kept.")
        if self.held_out:
            told.append(f"{self.held_out:,} of the training photos were held out to know when to stop.")
        if not self.is_tested_apart:
            told.append("There is no test split: the scores are of the photos that said when to stop, and flatter.")
        told += self._readings()
        if self.kept is None:
            told.append("The model itself is unchanged: nothing that it knew is lost.")
        else:
            told.append(
                f"On these photos the embeddings of images stayed at a cosine of {self.kept.images:.3f} with the start "
                f"model's, those of names at {self.kept.names:.3f}."
            )
            if self.kept.answers is not None:
                told.append(
                    f"Among {self.kept.labels:,} of the start model's own labels, {100 * self.kept.answers:.0f} % of "
                    "the photos get the same answer as before."
                )
        return told

    def _readings(self) -> list[str]:
        """How finely the table measures, and where it went down."""
        finest = {row["exam"]: row["pictures"] for row in self.rows if row["rank"] == Rank.SPECIES.label}
        points = [f"{100 / pictures:.2g} points of {exam} ({pictures:,})" for exam, pictures in finest.items()]
        told = [f"At species, one picture is {' and '.join(points)}: less is no difference."] if points else []
        worse = [row for row in self.rows if row["after"] < row["before"]]
        if worse:
            falls = [
                f"{row['exam']} at {row['rank']} ({_percent(row['before'])} to {_percent(row['after'])} %)"
                for row in worse
            ]
            told.append(f"Fewer are named right than before: {', '.join(falls)}.")
        return told

    def as_text(self) -> str:
        """The table and the sentences, for a terminal."""
        lines = [_line(*_COLUMNS)]
        for row in self.rows:
            shares = (f"{_percent(row['before'])} %", f"{_percent(row['after'])} %")
            lines.append(_line(row["exam"], row["rank"], row["pictures"], row["names"], *shares))
        return "\n".join([*lines, "", *self.sentences()])


def _line(exam: object, rank: object, *numbers: object) -> str:
    return f"{exam!s:18}{rank!s:9}" + "".join(f"{number!s:>9}" for number in numbers)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
