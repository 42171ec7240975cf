"""The options of `thuja captions make` that say what is asked, of which pictures, and where it goes."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.option_groups import grouped

if TYPE_CHECKING:
    from thuja.captions.make import GuidancePlan, MakeSettings, Output

_PATH = click.Path(path_type=Path)


class MakeChoice(NamedTuple):
    """What the user said of prompts, pictures and output."""

    descriptions: Path | None = None
    examples: Path | None = None
    strategy: str = "guided"
    template: Path | None = None
    max_words: int = 20
    tries: int = 3
    rejects_repeats: bool = False
    splits: tuple[str, ...] = ()
    limit: int | None = None
    seed: int = 0
    is_table_only: bool = False
    text_keys: bool = False
    force: bool = False
    resume: bool = False

    def guidance(self) -> "GuidancePlan":
        """What guides the prompts."""
        from thuja.captions.make import GuidancePlan
        from thuja.cli.example_places import class_lineages

        return GuidancePlan(
            strategy=self.strategy,
            template=self.template,
            descriptions=self.descriptions,
            examples=self.examples,
            known=class_lineages() if self.examples is not None else {},
        )

    def settings(self, model: str) -> "MakeSettings":
        """What decides the words."""
        from thuja.captions.make import MakeSettings

        return MakeSettings(
            strategy=self.strategy,
            model=model,
            tries=self.tries,
            max_words=self.max_words,
            seed=self.seed,
            splits=self.splits,
            limit=self.limit,
            rejects_duplicates=self.rejects_repeats,
        )

    def output(self, folder: Path) -> "Output":
        """Where captions go."""
        from thuja.captions.make import Output

        return Output(
            folder=folder,
            is_table_only=self.is_table_only,
            text_keys=self.text_keys or None,
            force=self.force,
            resume=self.resume,
        )


_OPTIONS = (
    click.option("--descriptions", type=_PATH, help="What thuja captions describe wrote: how each species looks."),
    click.option("--examples", type=_PATH, help="A table of good captions by class.  [default: three of thuja's]"),
    click.option(
        "--strategy",
        type=click.Choice(["bare", "examples", "description", "guided"]),
        default="guided",
        show_default=True,
        help="What the prompt holds beside the name: nothing, one of the two, or both.",
    ),
    click.option("--template", type=_PATH, help="A prompt of your own instead, a text file."),
    click.option("--max-words", type=click.IntRange(4), default=20, show_default=True, help="Of a caption."),
    click.option("--tries", type=int, default=3, show_default=True, help="How often a reject is tried again."),
    click.option("--reject-repeats", "rejects_repeats", is_flag=True, help="Reject what fits other pictures too."),
    click.option("--split", "splits", multiple=True, metavar="SPLIT", help="Only this split; repeat it."),
    click.option("--limit", type=int, metavar="N", help="Only the first N pictures."),
    click.option("--seed", type=int, default=0, show_default=True, help="Each try of each picture has its own of it."),
    click.option("--table-only", "is_table_only", is_flag=True, help="Write the table, and no shards."),
    click.option("--text-keys", is_flag=True, help="Write text members too; else as the shards of DATA have them."),
    click.option("--force", is_flag=True, help="Replace the captions in --out."),
    click.option("--resume", is_flag=True, help="Go on with the captions in --out."),
)  # fmt: skip

make_options = grouped("choice", MakeChoice, _OPTIONS)
"""Gives a command the options above, as one argument `choice`."""
