"""`thuja analyze controls`: the same images by raw pixels, by ImageNet's features, by the model before training."""

from pathlib import Path

import click


@click.command("controls")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--model", "-m", default="", metavar="NAME", help="The model whose untrained tower is wanted.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--only", multiple=True, metavar="CONTROL", help="pixels, imagenet or untrained; may be repeated.")
@click.option("--column", help="The column of paths or URLs, where INPUT is a table.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option("--force", is_flag=True, help="Replace what an earlier run wrote there.")
def controls_command(
    inputs: tuple[str, ...],
    *,
    model: str,
    out: Path,
    only: tuple[str, ...],
    column: str | None,
    device: str,
    force: bool,
) -> None:
    """Embed the images of INPUT by what knows nothing of species, for `thuja analyze --control`.

    INPUT is what `thuja embed` was given. Writes OUT/pixels.parquet, imagenet.parquet and, with --model,
    untrained.parquet.

    \b
    Example:
      thuja analyze controls data --model run --out controls
    """
    from thuja.encode.controls import CONTROLS, UNTRAINED, encode_control, require_control
    from thuja.encode.sources import find_image_sources
    from thuja.errors import EmptyInput
    from thuja.jobs import output_folder

    wanted = only or tuple(name for name in CONTROLS if model or name != UNTRAINED)
    for name in wanted:
        require_control(name, model)
    find_image_sources(inputs, column=column)  # said before anything is written
    with output_folder(out, verb="analyze controls", force=force, can_resume=False):
        for name in dict.fromkeys(wanted):
            seen = encode_control(name, inputs, model=model, column=column, device=device)
            if not len(seen.embeddings):
                first = seen.errors[0].message if seen.errors else "there is none"
                raise EmptyInput(f"no image of {', '.join(inputs)} could be embedded: {first}")
            path = out / f"{name}.parquet"
            seen.embeddings.save(path)
            failed = f", {len(seen.errors):,} failed" if seen.errors else ""
            click.echo(f"{name}: {len(seen.embeddings):,} images{failed}: {path}")
