"""What is asked of images, and what is answered: one Prediction an image, a box in it, or a group of images."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from thuja.errors import UsageError
from thuja.taxonomy import Rank, Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to say of each organism.

    `rank` sums the labels' probabilities up the tree; None is every label by itself. `k` is how many answers are
    given; None is five of taxa and all of custom labels. With `confidence` the deepest taxon is named whose
    probability reaches it; with `coverage` the smallest set of subtrees that holds the truth so often. With
    `allows_none` "none of these" competes with the other answers, and with the taxa of the path.
    """

    rank: Rank | None = None
    k: int | None = None
    confidence: float | None = None
    coverage: float | None = None
    allows_none: bool = False

    def __post_init__(self) -> None:
        if self.k is not None and self.k < 1:
            raise UsageError(f"cannot give the best {self.k} answers", hint="choose k of 1 or more")
        for name in ("confidence", "coverage"):
            share = getattr(self, name)
            if share is not None and not 0 < share < 1:
                raise UsageError(f"{name} is a share between 0 and 1, got {share:g}", hint=f"such as {name} 0.9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One thing that an image may show: `taxon` is None for a custom label.

    `score` is its probability, calibrated where a calibration is at hand. `unplaced` is what it would be without
    the place and date, None where these took no part.
    """

    text: str
    score: float
    taxon: Taxon | None = None
    unplaced: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What examples say of something else than the taxon: a category, several labels, or a number.

    `probability` is that of a category; `low` and `high` bound a number.
    """

    value: str | float | tuple[str, ...]
    probability: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All that is said of one organism.

    `answers` are best first. `path` goes from the kingdom down, each taxon within the one before it, and its scores
    never rise. `settled` is the deepest taxon that reaches the confidence asked for, None where none does.
    `within` are the subtrees that together reach the coverage asked for: None where it was not asked for, and
    possibly none. `unseen` says for a rank how likely it is that the organism's taxon there is not among the labels.
    `targets` are what examples say of other columns.
    """

    answers: tuple[Answer, ...] = ()
    path: tuple[Answer, ...] = ()
    settled: Answer | None = None
    within: tuple[Answer, ...] | None = None
    unseen: Mapping[Rank, float] = field(default_factory=dict)
    targets: Mapping[str, Guess] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What is said of an image, a box in it, or a group; or why nothing is: a short `reason` and a sentence.

    `file_name` is as it was named, for a group that of its first image. `id` is the row's own id or the group's, the
    file name where there is none. `images` were pooled, and `failed` of the group could not be. `box` is
    "x,y,width,height" in shares of the image, empty for the whole. `cells` came along from the table that named the
    image.
    """

    file_name: str
    id: str = ""
    judgement: Judgement = field(default_factory=Judgement)
    images: int = 1
    failed: int = 0
    box: str = ""
    cells: Mapping[str, object] = field(default_factory=dict)
    reason: str = ""
    error: str = ""

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers, best first."""
        return self.judgement.answers
