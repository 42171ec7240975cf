"""`thuja models`: what is known of published models and of a folder's own, cards, and the way to the hub."""

from pathlib import Path

import click


@click.group(invoke_without_command=True)
@click.option("--json", "is_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def models(ctx: click.Context, *, is_json: bool) -> None:
    """List the published models that --model knows by name.

    For each: parameters, billions of operations for an image and for a text of 77 tokens (a
    multiply-add is two), dimensions of the embedding, and whether it is in the Hugging Face cache.

    \b
    Example:
      thuja models
      thuja models --json
    """
    if ctx.invoked_subcommand is not None:
        return
    from thuja.model.listing import list_models

    rows = list_models()
    if is_json:
        _print_json(rows)
        return
    head = ("name", "parameters", "GFLOP/image", "GFLOP/text", "dimensions", "images", "labels", "cached")
    table = [
        (
            row["name"],
            f"{row['parameters'] / 1e6:.1f} M",
            f"{row['gflop_image']:.1f}",
            f"{row['gflop_text']:.1f}",
            str(row["dimensions"]),
            row["preparation"].split(",")[0],
            row["labels"].rpartition("/")[2],
            "yes" if row["cached"] else "no",
        )
        for row in rows
    ]
    widths = [max(len(line[place]) for line in (head, *table)) for place in range(len(head))]
    for line in (head, *table):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    click.echo("thuja models show NAME says more of one.", err=True)


@models.command("show")
@click.argument("name", metavar="NAME_OR_FOLDER")
@click.option("--json", "is_json", is_flag=True, help="Print it as JSON.")
def show(name: str, *, is_json: bool) -> None:
    """Say what is known of one model: by its name, or a model's folder.

    \b
    Example:
      thuja models show bioclip-2
      thuja models show demo/run/model
    """
    from thuja.model.listing import show_model

    facts = show_model(name)
    if is_json:
        _print_json(facts)
        return
    width = max(map(len, facts))
    for key, value in facts.items():
        click.echo(f"{key.replace('_', ' ').ljust(width)}  {_said(value)}")


@models.command("card")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--license", "licence", metavar="ID", help="State the model's licence, by the hub's name for it.")
@click.option("--scores", type=click.Path(path_type=Path), help="Take the figures from an evaluation's folder.")
def card(folder: Path, *, licence: str | None, scores: Path | None) -> None:
    """Write a model FOLDER's card, README.md, anew; what you wrote into it by hand is lost.

    \b
    Example:
      thuja models card run/model --license cc0-1.0 --scores report
    """
    from thuja.model.card import add_facts, write_card
    from thuja.model.listing import scores_of
    from thuja.model.published import find_model

    folder = find_model(folder)
    facts = ({"license": licence} if licence else {}) | ({"scores": scores_of(scores, folder)} if scores else {})
    if facts:
        add_facts(folder, facts)
    click.echo(write_card(folder))


@models.command("push")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("repository", metavar="ORG/NAME")
@click.option("--private", "is_private", is_flag=True, help="Make the repository private if it is not there yet.")
def push(folder: Path, repository: str, *, is_private: bool) -> None:
    """Upload a model FOLDER to the Hugging Face hub as ORG/NAME.

    Goes up: config, weights, tokenizer, thuja.json, further heads and the card; nothing else that
    lies there. Needs a token that may write (hf auth login, or HF_TOKEN).

    \b
    Example:
      thuja models push run/model my-lab/ravens --private
    """
    from thuja.model.published import find_model
    from thuja.model.push import push_model

    click.echo(push_model(find_model(folder), repository, is_private=is_private))


def _said(value: object) -> str:
    """A fact as a person reads it."""
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value) or "not known"


def _print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
