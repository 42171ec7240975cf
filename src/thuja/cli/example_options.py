"""The options by which a verb learns from examples: what from, how, what else, and where to keep it."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from thuja.cli.option_groups import grouped
from thuja.errors import UsageError

if TYPE_CHECKING:
    from thuja.predict.examples.learnt import Examples, LearnOptions

AUTO, NONE = "auto", "none"


class ExampleChoice(NamedTuple):
    """What the user said; `examples` is None where nothing is to be learnt."""

    examples: Path | None
    head: str | None
    votes: int | None
    blend: str
    targets: tuple[str, ...]
    label_column: str | None
    observation: str | None
    save_examples: Path | None

    @property
    def settled_blend(self) -> "float | Literal['auto', 'none']":
        """The weight of the examples against text labels, `auto` and `none` as they are."""
        if self.blend == AUTO:
            return "auto"
        return "none" if self.blend == NONE else float(self.blend)

    def check(self) -> None:
        """Raise UsageError for options that contradict each other, before anything is loaded."""
        said = {
            "--head": self.head,
            "--votes": self.votes,
            "--target": self.targets or None,
            "--label-column": self.label_column,
            "--observation": self.observation,
            "--save-examples": self.save_examples,
        }
        given = [name for name, value in said.items() if value is not None]
        if self.blend != AUTO:
            _check_weight(self.blend)
        if self.examples is None:
            given += ["--blend"] * (self.blend != AUTO)
            if given:
                raise UsageError(f"{given[0]} is about examples, and there are none", hint="name them by --examples")
            return
        if (self.examples / "examples.json").is_file() and given:
            raise UsageError(
                f"{given[0]} is about learning, and {self.examples} was learnt already",
                hint="leave it out, or name the photos themselves by --examples",
            )
        if self.votes is not None and self.head not in (None, AUTO, "knn"):
            raise UsageError(f"--votes is about nearest examples, and the head is {self.head}", hint="--head knn")
        if self.save_examples is not None:
            from thuja.jobs import require_output

            if self.save_examples.resolve() == self.examples.resolve():
                raise UsageError(f"--save-examples would write into the examples, {self.examples}", hint="name another")
            require_output(self.save_examples, verb="examples", can_resume=False)

    def learning(self) -> "LearnOptions":
        """How to learn from the examples."""
        from thuja.predict.examples.learnt import LearnOptions
        from thuja.predict.examples.rows import ExampleColumns

        columns = ExampleColumns(label=self.label_column, observation=self.observation, targets=self.targets)
        return LearnOptions(head=self.head or AUTO, votes=self.votes or 1, columns=columns)

    def save(self, examples: "Examples | None") -> None:
        """Keep what was learnt, where that was asked."""
        from thuja.predict.examples.store import save_examples

        if examples is not None and self.save_examples is not None:
            save_examples(examples, self.save_examples)


def _check_weight(blend: str) -> None:
    try:
        is_share = 0 <= float(blend) <= 1
    except ValueError:
        is_share = blend == NONE
    if not is_share:
        raise UsageError(f'--blend is a number from 0 to 1, {AUTO} or {NONE}, got "{blend}"')


_OPTIONS = (
    click.option(
        "--examples",
        type=click.Path(path_type=Path, exists=True),
        metavar="PATH",
        help="Learn from these photos: a folder a class, a table of files and labels, embeddings, or saved examples.",
    ),
    click.option(
        "--head",
        type=click.Choice(("centroid", "probe", "knn", AUTO)),
        help="How examples name an image.  [default: auto, the one that unseen observations bear out]",
    ),
    click.option("--votes", type=click.IntRange(min=1), help="Of one observation, at most, among nearest examples."),
    click.option(
        "--blend",
        default=AUTO,
        show_default=True,
        metavar="WEIGHT",
        help="Of examples against text labels, 0 to 1; none answers by examples alone.",
    ),
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="COLUMN",
        help="Learn this column of the examples too; COLUMN:number, :category or :several says what it is.",
    ),
    click.option("--label-column", metavar="COLUMN", help="What the examples show.  [default: label, species, ...]"),
    click.option(
        "--observation",
        metavar="COLUMN",
        help="Which examples are of one organism at one time.  [default: observation_id, or each for itself]",
    ),
    click.option(
        "--save-examples", type=click.Path(path_type=Path), metavar="DIR", help="Keep what was learnt, for --examples."
    ),
)

example_options = grouped("examples", ExampleChoice, _OPTIONS)
"""Gives a command the options above, as one argument `examples`."""
