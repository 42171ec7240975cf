"""`thuja curate`: sources in, a training set out; and what looks into one."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from thuja.cli.clusters import use_ray
from thuja.cli.curate_leaks import leaks
from thuja.cli.curate_tools import compare_command, explain_command, report_command, status_command
from thuja.cli.groups import DefaultGroup

if TYPE_CHECKING:
    from thuja.curate import CurateRecipe, Handed
    from thuja.curate.recipe import NameSettings


class CurateGroup(DefaultGroup):
    """`thuja curate photos` is `thuja curate run photos`."""

    default = "run"


@click.group(cls=CurateGroup)
def curate() -> None:
    """Turn sources of images into catalog, shards and report: `thuja curate SOURCE --out DATA`.

    SOURCE is a recipe, a folder of images, a table, a GBIF download, ...: see `thuja curate run --help`.

    \b
    Example:
      thuja curate photos --labels photos.csv --out data
      thuja curate status data
    """


@curate.command("run")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--kind", help="What SOURCE is: folder, table, gbif, inaturalist, ...; else told by its look.")
@click.option("--labels", type=click.Path(path_type=Path), help="CSV or Parquet: file, scientific_name, ..., split.")
@click.option("--backbone", "backbones", multiple=True, metavar="NAME|PATH", help="Names and lineages; repeat it.")
@click.option("--unseen-species", type=float, help="Hold out this many species, or below 1 this fraction.")
@click.option("--val", type=float, help="Fraction of images for validation.  [default: 0.05]")
@click.option("--test", type=float, help="Fraction of images for testing.  [default: 0.15]")
@click.option("--seed", type=int, help="Of the splits and the order in the shards.  [default: 0]")
@click.option("--max-side", type=int, help="Longest side in pixels in the shards.  [default: 720]")
@click.option("--min-images", type=int, help="Drop species with fewer images.  [default: 1]")
@click.option("--text-keys", is_flag=True, default=None, help="Write TreeOfLife's text members into the shards too.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Any setting: quality.min_side=224.")
@click.option("--ray", metavar="ADDRESS", help="Run on this Ray cluster (`auto`, or HOST:PORT).")
@click.option("--dry-run", is_flag=True, help="Read, screen and name, say what is left to do; --resume goes on.")
@click.option("--force", is_flag=True, help="Replace the curation in --out.")
@click.option("--resume", is_flag=True, help="Go on with the curation in --out.")
def run_command(
    source: Path,
    out: Path,
    *,
    kind: str | None,
    labels: Path | None,
    ray: str | None,
    changes: tuple[str, ...],
    dry_run: bool,
    force: bool,
    resume: bool,
    **flags: Any,
) -> None:
    """Curate SOURCE into catalog, shards, report and counts.

    \b
    SOURCE is one of
      a recipe        recipe.toml or recipe.py; `thuja curate recipe` prints one to begin with
      a folder        images in a folder per species, named by scientific name, common name or as in
                      iNat21, with or without train/ and test/ folders; --labels is a table of them
      a table         CSV or Parquet: what each file or URL shows
      a download      of GBIF (.zip), or with --kind any other source
      a biosphere     what `thuja biosphere make` wrote
    The source's own splits are kept; without any, --val and --test divide each species' images.

    \b
    Example:
      thuja curate photos --labels photos.csv --out data --unseen-species 20
    """
    _quiet_daft()
    if ray is not None:
        use_ray(ray)
    from thuja.curate import curate, plan
    from thuja.curate.opening import SourceCall, recipe_of

    call = SourceCall(source=source, kind=kind or "", labels=labels)
    recipe = recipe_of(call, flags=_given(flags), changes=changes)
    handed = handed_for(recipe)
    if dry_run:
        click.echo(str(plan(recipe, out, handed=handed, force=force, resume=resume)))
        return
    summary = curate(recipe, out, handed=handed, force=force, resume=resume)
    click.echo(str(summary))
    if not recipe.names.backbones and "unresolved" in summary.names:
        _hint_common_names()
    click.echo(f"catalog: {out / 'catalog.parquet'}")
    click.echo(f"report:  {out / 'report.html'}")
    click.echo(f"next:    thuja train small {shlex.quote(str(out))} --out run")


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value not in (None, ())}


def _quiet_daft() -> None:
    import logging
    import os

    os.environ.setdefault("DO_NOT_TRACK", "1")  # Daft reports its use over the network unless told not to
    logging.getLogger("daft").setLevel(logging.WARNING)


def handed_for(recipe: "CurateRecipe") -> "Handed":
    """What the recipe's steps need of other rooms; raises UsageError where a package or a model is missing."""
    from thuja.curate import Handed
    from thuja.names.frames import seal_of_names

    seal = seal_of_names(recipe.names.backbones)
    return Handed(resolve=_resolve(recipe.names), names_seal=seal, faces=_faces(recipe), embed=_embed(recipe))


def _faces(recipe: "CurateRecipe") -> Any:
    settings = recipe.people
    if settings is None or settings.rule == "off":
        return None
    from thuja.model.detectors import FaceFinder

    finder = FaceFinder(
        detector=settings.rule, min_score=settings.min_score, thresholds=settings.thresholds, guard=settings.guard
    )
    finder.load()  # what is missing is said before the work begins
    return finder


def _embed(recipe: "CurateRecipe") -> Any:
    if not recipe.encoder:
        return None
    from thuja.encode.embedder import Embedder

    embedder = Embedder(model=recipe.encoder)
    embedder.load()
    return embedder


def _resolve(settings: "NameSettings") -> Any:
    from functools import partial

    from thuja.names import resolve_names
    from thuja.names.embedded import NAME
    from thuja.names.frames import placed_backbones

    backbones = placed_backbones(settings.backbones or (NAME,))
    return partial(resolve_names, backbones=tuple(backbones), threshold=settings.threshold)


def _hint_common_names() -> None:
    """Names that nobody knows may be English ones, for which the table has to be installed once."""
    from thuja.names import FETCH, vernacular_file

    if not vernacular_file().is_file():
        click.echo("hint: if these are English names, install the table of them once:")
        click.echo(f"  {FETCH}")
        click.echo("  thuja names import naturtag-0.8.1.tar.gz")


@curate.command("update")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Any setting: quality.min_side=224.")
@click.option("--ray", metavar="ADDRESS", help="Run on this Ray cluster (`auto`, or HOST:PORT).")
@click.option("--force", is_flag=True, help="Replace the curation in --out.")
@click.option("--resume", is_flag=True, help="Go on with the curation in --out.")
def update_command(
    old: Path, source: Path, *, out: Path, changes: tuple[str, ...], ray: str | None, force: bool, resume: bool
) -> None:
    """Curate a newer SOURCE (a recipe, or as in `run`) by what the curation OLD has, and say what changed.

    \b
    What OLD downloaded is not asked for again; an image that OLD split keeps its split, so that nothing of
    its test set gets into training. changes.parquet lists every image that was added, withdrawn, re-identified
    or relicensed; take_down.csv those that must leave OLD's shards (thuja shards repack --take-down).

    \b
    Example:
      thuja curate update data-2025 recipe.toml --out data-2026
    """
    _quiet_daft()
    if ray is not None:
        use_ray(ray)
    from thuja.curate import curate
    from thuja.curate.opening import SourceCall, recipe_of
    from thuja.curate.update import compare_catalogs

    recipe = recipe_of(SourceCall(source=source), changes=changes)
    summary = curate(recipe, out, handed=handed_for(recipe), previous=old, force=force, resume=resume)
    click.echo(str(summary))
    click.echo(str(compare_catalogs(old, out, out)))


@curate.command("recipe")
def recipe_command() -> None:
    """Print a recipe to begin with, every line of it explained.

    \b
    Example:
      thuja curate recipe > recipe.toml
    """
    from importlib.resources import files

    click.echo(files("thuja.curate").joinpath("example.toml").read_text(encoding="utf-8"), nl=False)


@curate.command("step")
@click.argument("name")
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The Parquet file to write.")
@click.option("--recipe", "recipe_file", type=click.Path(path_type=Path), help="Whose settings; else the defaults.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Any setting: quality.min_side=224.")
@click.option("--force", is_flag=True, help="Replace the file at --out.")
def step_command(
    name: str, table: Path, *, out: Path, recipe_file: Path | None, changes: tuple[str, ...], force: bool
) -> None:
    """Do one step by itself on TABLE, a Parquet file with any of a catalog's columns.

    \b
    Steps: screen, names, download, check, quality, people, camera, specimens, leaks, leak_copies,
    bursts, duplicates, caps, splits. What a step needs of those before it has to be in the table:
    `quality` what `check` measures.

    \b
    Example:
      thuja curate step screen rows.parquet --out screened.parquet --set 'screen.licences=["cc0"]'
    """
    _quiet_daft()
    from thuja.curate.opening import OPTIONAL, SourceCall, recipe_of
    from thuja.curate.pipeline import Curation
    from thuja.curate.single import run_step, step_named
    from thuja.errors import OutputExists, UsageError

    if out.is_file() and not out.samefile(table) and not force:
        raise OutputExists(f"{out} exists already", hint="--force replaces it")
    call = SourceCall(source=table, kind="table") if recipe_file is None else SourceCall(source=recipe_file)
    is_optional = recipe_file is None and name in OPTIONAL
    recipe = recipe_of(call, changes=(f"{name}={{}}", *changes) if is_optional else changes)
    if name in OPTIONAL and getattr(recipe, name) is None:
        raise UsageError(f"the recipe {recipe_file} has no [{name}]", hint=f"--set '{name}={{}}' takes the defaults")
    curation = Curation(recipe=recipe, folder=out.absolute().parent / f"{out.name}.files", handed=handed_for(recipe))
    counts = run_step(step_named({step.name: step for step in curation.steps()}, name), table, out)
    click.echo(f"{name}: {counts.read:,} read = {counts.kept:,} kept + {counts.read - counts.kept:,} dropped")
    for reason, count in counts.dropped.items():
        click.echo(f"  dropped  {count:>12,}  {reason}")


for command in (status_command, explain_command, report_command, compare_command, leaks):
    curate.add_command(command)
