"""Sentences that show a captioner the form which is wanted, by the group of organisms that they are of."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from thuja.taxonomy import RANKS, Taxon


class Status(StrEnum):
    """What a reviewer says of an example; only accepted ones are used."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One sentence of the group `taxon`, where its facts are from, what a reviewer says, and what we see amiss.

    `model` is what wrote it, empty for people.
    """

    taxon: Taxon
    sentence: str
    source: str = ""
    status: Status = Status.ACCEPTED
    model: str = ""
    remark: str = ""


EXAMPLE_SCHEMA: Final = pl.Schema(
    {rank.label: pl.String for rank in RANKS}
    | {"example": pl.String, "source": pl.String, "status": pl.String, "model": pl.String, "remark": pl.String}
)
"""A row an example: the ranks of its group, the rest as in Example."""


def examples_frame(examples: list[Example]) -> pl.DataFrame:
    """The table that `read_examples` reads."""
    rows = [
        (*(name or None for name in one.taxon.names), one.sentence, one.source, str(one.status), one.model, one.remark)
        for one in examples
    ]
    return pl.DataFrame(rows, schema=EXAMPLE_SCHEMA, orient="row")


BUILT_IN: Final = (
    "A seven-spot ladybird, Coccinella septempunctata, shows domed red wing cases with seven black spots, "
    "on a green stem.",
    "A foxglove, Digitalis purpurea, bears a one-sided spike of drooping, tubular purple flowers with dark spots "
    "inside.",
    "A chanterelle, Cantharellus cibarius, has an egg-yellow, funnel-shaped cap with a wavy edge and blunt ridges "
    "beneath.",
)
"""An animal, a plant and a fungus, for a group that no table has examples of."""
