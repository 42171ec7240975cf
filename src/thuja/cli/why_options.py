"""The options that ask why: explanations in a folder, and a page to look at."""

from pathlib import Path
from typing import NamedTuple

import click

from thuja.cli.option_groups import grouped


class WhyChoice(NamedTuple):
    """What the user said: `explain` is the folder of explanations, `html` the page, either None where not wanted."""

    explain: Path | None
    html: Path | None
    max_page: int

    @property
    def is_asked(self) -> bool:
        """Whether anything is wanted."""
        return self.explain is not None or self.html is not None

    def check(self, *, force: bool = False) -> None:
        """Raise UsageError for an output that cannot be written, before hours of work."""
        from thuja.errors import OutputExists
        from thuja.jobs import require_output, require_writable

        if self.explain is not None:
            require_output(self.explain, verb="predict", force=force, can_resume=False)
        if self.html is not None:
            if self.html.exists() and not force:
                raise OutputExists(f"{self.html} is there already", hint="--force replaces it")
            require_writable(self.html)


_OPTIONS = (
    click.option(
        "--explain",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Write why into this folder: rivals, path, and a heat map an answer.",
    ),
    click.option(
        "--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page of all answers with their images."
    ),
    click.option(
        "--max-page",
        type=click.IntRange(min=1),
        default=2000,
        show_default=True,
        help="Answers on the page, and explained; the rest are counted.",
    ),
)

why_options = grouped("why", WhyChoice, _OPTIONS)
"""Gives a command the options above, as one argument `why`."""
