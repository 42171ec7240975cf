"""`thuja captions`: describe species, make captions, check them, report on them. Each sub-verb loads its own file."""

from importlib import import_module

import click

SUB_VERBS = {
    "check": "thuja.cli.captions_check:check_command",
    "describe": "thuja.cli.captions_describe:describe_command",
    "examples": "thuja.cli.captions_examples:examples",
    "make": "thuja.cli.captions_make:make_command",
    "report": "thuja.cli.captions_report:report_command",
}


class SubVerbs(click.Group):
    """Looks a sub-verb up by name, as `thuja` itself does its verbs."""

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
def captions() -> None:
    """Write captions that say only what a picture shows, guided by what is known of its species.

    \b
    Example:
      thuja captions describe data --dump enwiki-latest-pages-articles-multistream.xml.bz2 --out descriptions
      thuja captions make data --server http://127.0.0.1:8000/v1 --descriptions descriptions --out captioned
      thuja captions report captioned --out captions.html
    """
