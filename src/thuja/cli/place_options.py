"""The options that say where photos were taken and what lives there, and how clades are weighed by their size."""

from pathlib import Path
from typing import NamedTuple

import click

from thuja.cli.option_groups import grouped
from thuja.errors import UsageError


class PlaceChoice(NamedTuple):
    """What the user said: a table of occurrences that labels are taken from, its area, a table that is a prior."""

    occurrences: Path | None
    country: tuple[str, ...]
    polygon: Path | None
    least_records: int
    prior: Path | None
    clade_size: float

    def check(self) -> "PlaceChoice":
        """Raise UsageError for options that contradict each other; itself otherwise."""
        if self.occurrences is None:
            for name, value in (("--country", self.country), ("--polygon", self.polygon)):
                if value:
                    raise UsageError(
                        f"{name} needs a table that says what lives there",
                        hint="--occurrences TABLE: a download of GBIF's, or any table with names and places",
                    )
            if self.least_records > 1:
                raise UsageError(
                    "--least-records counts records, of which there is no table", hint="--occurrences TABLE"
                )
        return self


_OPTIONS = (
    click.option(
        "--occurrences", type=click.Path(path_type=Path), metavar="TABLE",
        help="Answer only with what this table has records of: CSV, TSV or Parquet with names and places.",
    ),
    click.option(
        "--country", multiple=True, metavar="CODE",
        help="Of --occurrences, those in this country: CR, CRI or Costa Rica. Repeatable.",
    ),
    click.option(
        "--polygon", type=click.Path(path_type=Path), metavar="GEOJSON",
        help="Of --occurrences, those inside this area.",
    ),
    click.option(
        "--least-records", type=click.IntRange(min=1), default=1, show_default=True,
        help="How many of them a taxon needs.",
    ),
    click.option(
        "--prior", type=click.Path(path_type=Path), metavar="TABLE",
        help="Weigh answers by what was recorded near a photo's place and season; nothing is ruled out.",
    ),
    click.option(
        "--clade-size", type=click.FloatRange(0, 2), default=0.0, show_default=True, metavar="STRENGTH",
        help="Make up for the size of clades: 1 lets sister clades count alike, however many species they have.",
    ),
)  # fmt: skip

place_options = grouped("places", PlaceChoice, _OPTIONS, check=PlaceChoice.check)
"""Gives a command the options above, as one argument `places`, checked."""
