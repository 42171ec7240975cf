"""`thuja captions`: describe species, make captions, check them, report on them. Each sub-verb loads its own file."""

import click

from thuja.cli.groups import LazyGroup

SUB_VERBS = {
    "check": "thuja.cli.captions_check:check_command",
    "describe": "thuja.cli.captions_describe:describe_command",
    "examples": "thuja.cli.captions_examples:examples",
    "make": "thuja.cli.captions_make:make_command",
    "report": "thuja.cli.captions_report:report_command",
}


class SubVerbs(LazyGroup):
    """Each loads its own file, as `thuja` itself loads its verbs."""

    homes = SUB_VERBS


@click.group(cls=SubVerbs)
def captions() -> None:
    """Write captions that say only what a picture shows, guided by what is known of its species.

    \b
    Example:
      thuja captions describe data --dump enwiki-latest-pages-articles-multistream.xml.bz2 --out descriptions
      thuja captions make data --server http://127.0.0.1:8000/v1 --descriptions descriptions --out captioned
      thuja captions report captioned --out captions.html
    """
