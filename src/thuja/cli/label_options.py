"""The options that say what may be answered, the same for every verb that answers from labels."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.option_groups import grouped
from thuja.errors import UsageError

if TYPE_CHECKING:
    from thuja.classify.bins import Bins
    from thuja.predict.label_choice import LabelChoice


class LabelOptions(NamedTuple):
    """What the user said of the labels."""

    texts: tuple[str, ...] = ()
    file: Path | None = None
    within: tuple[str, ...] = ()
    checklist: Path | None = None
    add: bool = False
    bins: Path | None = None

    @property
    def space(self) -> Path | None:
        """The folder of a label space."""
        return self.file if self.file is not None and self.file.is_dir() else None

    @property
    def is_custom(self) -> bool:
        """Whether the labels are texts and no taxa."""
        return bool(self.texts) or self.bins is not None or (self.file is not None and self.space is None)

    def require_sense(self, rank: str | None = None) -> None:
        """Raise UsageError for options that contradict each other, or the rank."""
        own = [("--label", bool(self.texts)), ("--labels", self.file is not None), ("--bins", self.bins is not None)]
        given = [option for option, is_given in own if is_given]
        if len(given) > 1:
            raise UsageError(f"{given[0]} and {given[1]} exclude each other", hint="put all labels into one file")
        of_taxa = [
            ("--rank", rank is not None),
            ("--within", bool(self.within)),
            ("--checklist", self.checklist is not None),
        ]
        wanted = [option for option, is_given in of_taxa if is_given]
        if self.is_custom and wanted:
            raise UsageError(
                f"{wanted[0]} is for taxa, and {given[0]} gives labels that are texts",
                hint=f"leave out {wanted[0]} or {given[0]}",
            )
        if self.add and self.checklist is None:
            raise UsageError("--add makes labels of what a checklist names, and there is none", hint="--checklist FILE")

    def custom(self) -> list[str] | None:
        """The user's own labels, distinct; None where labels are taxa."""
        from thuja.labels import read_custom_labels, require_distinct

        if self.bins is not None:
            return require_distinct(self.read_bins().labels)
        if self.texts:
            return require_distinct(self.texts)
        return read_custom_labels(self.file) if self.file is not None and self.space is None else None

    def read_bins(self) -> "Bins":
        """The bins of the file that --bins names."""
        from thuja.classify.bins import Bins

        if self.bins is None:
            raise UsageError("there are no bins", hint="--bins FILE")
        return Bins.read(self.bins)

    def choice(self) -> "LabelChoice":
        """Which of the labels are wanted."""
        from thuja.predict.label_choice import LabelChoice

        return LabelChoice(within=self.within, checklist=self.checklist, add=self.add)


_OPTIONS = (
    click.option("--label", "texts", multiple=True, metavar="TEXT", help="A label of your own; repeat it for more."),
    click.option(
        "--labels", "file", type=click.Path(path_type=Path), help="A label space, or a file of labels: .txt, .csv."
    ),
    click.option("--within", multiple=True, metavar="TAXON", help="Only what lies below this taxon; repeat it."),
    click.option(
        "--checklist", type=click.Path(path_type=Path), help="Only the taxa that this file names, at any rank."
    ),
    click.option("--add", is_flag=True, help="Make labels of the checklist's taxa that are none."),
    click.option(
        "--bins", type=click.Path(path_type=Path), help="A CSV of labels of your own and the bin of each: label,bin."
    ),
)

label_options = grouped("labels", LabelOptions, _OPTIONS)
"""Gives a command the options above, as one argument `labels`."""
