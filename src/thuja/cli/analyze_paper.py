"""`thuja analyze paper`: the figures of BioCLIP 2's papers, made of public data by any model, with controls."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from thuja.analyze.papers import Encode, Listed

_NAMES = ("darwin-finches", "fishnet-freshwater", "newt-stage-sex", "plantdoc-health", "inat21-tree")
_CONTROLS = ("pixels", "imagenet", "untrained")


@click.command("paper")
@click.argument("name", type=click.Choice(_NAMES), metavar="NAME")
@click.argument("data", metavar="[DATA]", type=click.Path(path_type=Path), required=False)
@click.option("--model", "-m", metavar="NAME", help="A model's or run's folder, or a published model's name.")
@click.option("--embeddings", type=click.Path(path_type=Path), help="Vectors of the images, in place of a model.")
@click.option("--untrained", is_flag=True, help="Beside it, the same tower before training: --control untrained.")
@click.option("--control", "controls", multiple=True, metavar="NAME[=MODEL]",
              help="Beside it: pixels, imagenet, untrained; or NAME= a model or a file of embeddings.")  # fmt: skip
@click.option("--table", type=click.Path(path_type=Path),
              help="Beaks by species (darwin-finches), or another table of the layout.")  # fmt: skip
@click.option("--species", type=click.IntRange(min=1), help="At most so many species, drawn at random.")
@click.option("--per-species", type=click.IntRange(min=1), help="At most so many images of each.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps.")
@click.option("--layout", "is_layout", is_flag=True, help="Say how DATA has to lie, and where it is had.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--force", is_flag=True, help="Replace what an earlier run wrote there.")
def paper(
    name: str,
    data: Path | None,
    *,
    model: str | None,
    embeddings: Path | None,
    untrained: bool,
    controls: tuple[str, ...],
    table: Path | None,
    species: int | None,
    per_species: int | None,
    device: str,
    is_layout: bool,
    out: Path | None,
    seed: int,
    force: bool,
) -> None:
    """Make a figure of the papers, and the numbers that it stands for, from DATA in its public layout.

    NAME is one of darwin-finches, fishnet-freshwater, newt-stage-sex, plantdoc-health, inat21-tree. Writes report.html,
    findings.csv, tables/ and figures/. The images are seen by --model, or their vectors taken from --embeddings, where
    an image is known by its path or id. Each control sees the same images.

    \b
    Example:
      thuja analyze paper fishnet-freshwater fishnet --model imageomics/bioclip-2 --control pixels --out fishnet-page
      thuja analyze paper darwin-finches tol200m --model run --untrained --table beaks.csv --out finches
      thuja analyze paper newt-stage-sex --layout
    """
    import numpy as np

    from thuja.analyze.page import Made, write_report
    from thuja.analyze.papers import find_paper, see
    from thuja.errors import UsageError
    from thuja.jobs import output_folder

    task = find_paper(name)
    if is_layout:
        click.echo(f"{task.title}\n\nhad     {task.where}\nlayout  " + task.layout.replace("\n", "\n        "))
        return
    if data is None or out is None:
        raise UsageError("DATA and --out are needed", hint=f"thuja analyze paper {name} DATA --model RUN --out DIR")
    if (model is None) == (embeddings is None):
        raise UsageError("the images are seen by one of --model and --embeddings", hint="name the one or the other")
    named = _named([*controls, *(["untrained"] if untrained else [])], model)
    if not data.is_dir():
        raise UsageError(f"there is no folder {data}", hint=f"thuja analyze paper {name} --layout")
    listed = task.read(data, table).drawn(
        np.random.default_rng([seed, 0]), species=species or 0, per_species=per_species or 0
    )
    encode, whose = _encoder(embeddings or model or "", "the model", listed, model=model, device=device)
    others = {one: _encoder(what, one, listed, model=model, device=device)[0] for one, what in named.items()}
    with output_folder(out, verb="analyze paper", force=force, can_resume=False):
        seen = see(listed, encode, controls=others, model=whose)
        sections = task.ask(seen, np.random.default_rng([seed, 1]))
        made = Made(command=shlex.join(["thuja", *sys.argv[1:]]), inputs=_inputs(embeddings, model, listed, named))
        page = write_report(sections, out, title=task.title, made=made, summary=_summary(seen.listed, whose, named))
    click.echo(f"{sum(len(section.findings) for section in sections)} findings: {page}")


def _named(controls: Sequence[str], model: str | None) -> dict[str, str]:
    """What each control is seen by: one of the three, a model, or a file of embeddings."""
    from thuja.errors import UsageError

    found: dict[str, str] = {}
    for one in controls:
        name, sign, what = one.partition("=")
        what = what if sign else name
        if not name or not what or (not sign and name not in _CONTROLS):
            raise UsageError(
                f'--control takes {", ".join(_CONTROLS)}, or NAME=MODEL or FILE, got "{one}"',
                hint="--control bioclip=imageomics/bioclip",
            )
        if found.get(name, what) != what:
            raise UsageError(f"two controls are called {name}")
        if what == "untrained" and model is None:
            raise UsageError("an untrained tower is a model's own", hint="name the model: --model RUN")
        found[name] = what
    return found


def _encoder(what: str | Path, who: str, listed: "Listed", *, model: str | None, device: str) -> "tuple[Encode, str]":
    """A function from files to vectors, and whose they are: of embeddings, of a control, or of a model."""
    from thuja.analyze.papers import from_embeddings
    from thuja.embeddings import Embeddings

    if Path(what).suffix.lower() in (".parquet", ".pq"):
        found = Embeddings.load(Path(what))
        return from_embeddings(found, listed), found.model
    from thuja.encode.controls import open_control
    from thuja.encode.files import encode_files, open_model_eye

    if what in _CONTROLS and who != "the model":
        eye, projection, identity = open_control(str(what), model or "", device=device)
    else:
        eye, projection, identity = open_model_eye(str(what), device=device)
    return lambda files: encode_files(eye, files, projection=projection, label=who), identity


def _inputs(embeddings: Path | None, model: str | None, listed: "Listed", named: Mapping[str, str]) -> dict[str, str]:
    """Hashes of vectors, of models' folders and of the layout's tables; images are too many."""
    from thuja.cli.analyze_files import file_hashes

    models = [*([] if model is None else [model]), *(what for what in named.values() if what not in _CONTROLS)]
    given = [*([] if embeddings is None else [embeddings]), *map(Path, models), *listed.tables]
    return file_hashes(given)


def _summary(listed: "Listed", model: str, named: Mapping[str, str]) -> list[str]:
    taxa = len({taxon for taxon in listed.taxa if taxon.binomial})
    told = [f"{len(listed):,} images of {taxa:,} species, seen by {model}.", *listed.notes]
    if not named:
        told.append(
            "No control was asked for, so nothing here is held against raw pixels or an untrained tower "
            "(--control pixels --untrained)."
        )
    return told
