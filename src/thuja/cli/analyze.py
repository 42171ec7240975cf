"""`thuja analyze`: what an embedding space has learnt, beside controls. Each sub-verb loads its own file."""

import click

from thuja.cli.groups import DefaultGroup

_DEFAULT = "space"
SUB_VERBS = {
    "controls": "thuja.cli.analyze_controls:controls_command",
    "directions": "thuja.cli.analyze_directions:directions",
    "map": "thuja.cli.analyze_map:map_command",
    "paper": "thuja.cli.analyze_paper:paper",
    _DEFAULT: "thuja.cli.analyze_space:space_command",
}


class SubVerbs(DefaultGroup):
    """`thuja analyze a.parquet` is `thuja analyze space a.parquet`."""

    homes = SUB_VERBS
    default = _DEFAULT


@click.group(cls=SubVerbs)
def analyze() -> None:
    """Say what an embedding space has learnt: `thuja analyze EMBEDDINGS --out DIR`, and what it is held against.

    Its options are those of `thuja analyze space --help`; the word `space` may be left out.

    \b
    Example:
      thuja embed data --model run --out embeddings.parquet
      thuja analyze controls data --model run --out controls
      thuja analyze embeddings.parquet --table data/catalog.parquet --trait habitat --within life_stage \\
        --control pixels=controls/pixels.parquet --control untrained=controls/untrained.parquet --out analysis
    """
