"""`thuja analyze`: what an embedding space has learnt, beside controls. Each sub-verb loads its own file."""

from importlib import import_module

import click

_DEFAULT = "space"
SUB_VERBS = {
    "controls": "thuja.cli.analyze_controls:controls_command",
    "directions": "thuja.cli.analyze_directions:directions",
    "map": "thuja.cli.analyze_map:map_command",
    "paper": "thuja.cli.analyze_paper:paper",
    _DEFAULT: "thuja.cli.analyze_space:space_command",
}


class SubVerbs(click.Group):
    """A group whose first word may be left out: `thuja analyze a.parquet` is `thuja analyze space a.parquet`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `space` in front of what begins with no sub-verb."""
        if args and args[0] not in SUB_VERBS and args[0] not in ctx.help_option_names:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All sub-verbs, sorted."""
        return sorted(SUB_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The sub-verb's command, imported here and not before."""
        if cmd_name not in SUB_VERBS:
            return None
        module, name = SUB_VERBS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


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
