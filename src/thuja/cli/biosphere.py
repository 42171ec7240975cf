"""`thuja biosphere`: make a simulated living world, draw it again with things swapped, tell of it, measure it."""

from pathlib import Path
from typing import Final

import click

from thuja.cli.biosphere_things import things
from thuja.cli.counting import counted_as

_SHEET: Final = 4_000_000
"""Pixels in a column of a sheet, which has some twenty: 240 MB."""
_CARD: Final = 10_000
"""Pictures of a card, whose features are in memory at once: 4 GB."""
_CARD_VERB: Final = "biosphere card"

_FOLDER = click.argument("folder", type=click.Path(path_type=Path))
_OUT = click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write.")
_FORCE = click.option("--force", is_flag=True, help="Replace what an earlier run wrote there.")
_RESUME = click.option("--resume", is_flag=True, help="Go on with what is there, with the same knobs.")
_WORKERS = click.option(
    "--workers", type=int, default=0, help="Processes that draw; the bytes stay the same.  [default: a core each]"
)


@click.group()
def biosphere() -> None:
    """A simulated living world in which the truth is known.

    \b
    Example:
      thuja biosphere make world --species 200 --images 40 --seed 0
    """


biosphere.add_command(things)


@biosphere.command()
@_FOLDER
@click.option("--species", type=int, default=200, show_default=True, help="How many species live in it.")
@click.option("--images", type=int, default=40, show_default=True, help="Pictures a species, on average.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which world; two seeds share no species.")
@click.option("--size", type=int, default=128, show_default=True, help="Width and height of a picture, in pixels.")
@click.option("--overlap", type=float, help="How far stage, sex, season and health look like other species, 0 to 1.")
@click.option("--knob", "knobs", multiple=True, metavar="NAME=VALUE", help="Any other knob; may be repeated.")
@click.option("--clean", is_flag=True, help="Every label right: none to the family only, wrong, dirty or misplaced.")
@click.option("--shards", is_flag=True, help="Write WebDataset shards instead of folders and a table.")
@click.option(
    "--claim", default="", metavar="FILE#NAME", help="The claim that a world of seed 100 or more is opened for."
)
@_WORKERS
@_FORCE
@_RESUME
def make(
    folder: Path,
    *,
    species: int,
    images: int,
    seed: int,
    size: int,
    overlap: float | None,
    knobs: tuple[str, ...],
    clean: bool,
    shards: bool,
    claim: str,
    workers: int,
    force: bool,
    resume: bool,
) -> None:
    """Draw a world's pictures into FOLDER, with their truth.

    docs/biosphere.md lists the knobs: signal, convergence, confounding, descriptive, misplaced, families, ...

    \b
    Example:
      thuja biosphere make world --species 200 --images 40 --seed 0
      thuja biosphere make pure --overlap 0 --knob convergence=0.8 --clean
    """
    from thuja.biosphere import CLEAN, World, WorldConfig, WriteConfig, knobs_of, write_world
    from thuja.biosphere.claims import open_seed
    from thuja.biosphere.writer import check_world

    given: dict[str, object] = {"species": species, "images": images, "seed": seed}
    given |= CLEAN if clean else {}
    given |= {"overlap": overlap} if overlap is not None else {}
    world = WorldConfig(**given | knobs_of(list(knobs)))  # type: ignore[arg-type]
    config = WriteConfig(size=size, shards=shards, workers=workers, claim=open_seed(world.seed, claim))
    check_world(world, config)
    count = write_world(World.make(world), folder, config, force=force, resume=resume)
    click.echo(f"{counted_as(count, 'picture')} of {world.species:,} species in {folder}")
    if not shards:
        click.echo(f"next:    thuja curate {folder} --out data")


@biosphere.command()
@_FOLDER
@_OUT
@click.option(
    "--swap", "swaps", multiple=True, required=True, metavar="WHAT=VALUE",
    help="ground=own, other or neutral; camera=, view=, style=hatched; trait=NAME:VALUE; pose; joined by +. Repeat it.",
)  # fmt: skip
@click.option("--images", type=int, default=0, help="How many pictures of the world, drawn at random.  [default: all]")
@click.option("--seed", type=int, default=0, show_default=True, help="Which ones.")
@_WORKERS
@_FORCE
@_RESUME
def swap(
    folder: Path,
    *,
    out: Path,
    swaps: tuple[str, ...],
    images: int,
    seed: int,
    workers: int,
    force: bool,
    resume: bool,
) -> None:
    """Draw pictures of the world in FOLDER again, each as it is and with every swap.

    \b
    Example:
      thuja biosphere swap world --out swaps --swap ground=other --swap ground=neutral --swap style=hatched --images 500
    """
    from thuja.biosphere import World, read_config, swap_of
    from thuja.biosphere.redraw import RedrawConfig, write_swaps
    from thuja.biosphere.settings import require_apart
    from thuja.biosphere.writer import read_card

    knobs, size = read_config(folder), read_card(folder)["size"]
    config = RedrawConfig(swaps=tuple(map(swap_of, swaps)), images=images, seed=seed, size=size, workers=workers)
    require_apart(out, folder)
    count = write_swaps(World.make(knobs), out, config, force=force, resume=resume)
    click.echo(f"{counted_as(count, 'picture')} in {out}: originals, and {counted_as(len(swaps), 'swap')} of each")


@biosphere.command()
@_FOLDER
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The picture to write, .png or .jpg.")
@click.option("--species", type=int, default=12, show_default=True, help="How many species.")
@click.option("--cell", type=int, default=96, show_default=True, help="Width and height of each picture, in pixels.")
def sheet(folder: Path, *, out: Path, species: int, cell: int) -> None:
    """Draw species of the world in FOLDER in all stages, sexes, cameras and swaps, on one sheet.

    \b
    Example:
      thuja biosphere sheet world --out sheet.png
    """
    from thuja.biosphere import World, read_config
    from thuja.biosphere.draw import check_size
    from thuja.biosphere.settings import require_apart
    from thuja.biosphere.sheet import save_sheet
    from thuja.errors import UsageError
    from thuja.jobs import in_one_sentence

    knobs = read_config(folder)
    require_apart(out, folder)
    check_size(cell)
    if species * cell * cell > _SHEET:
        raise UsageError(
            f"a sheet of {species:,} species in cells of {cell} pixels is too large",
            hint=f"--species times the square of --cell is at most {_SHEET:,}",
        )
    with in_one_sentence(out, hint="mend that, then run it again"):
        save_sheet(World.make(knobs), out, species=species, cell=cell)
    click.echo(f"{species} species in {out}")


@biosphere.command()
@_FOLDER
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The Parquet table to write.")
@click.option("--omission", type=float, default=0.0, help="Share of the facts of a caption that are left out.")
@click.option("--substitution", type=float, default=0.0, help="Share of the facts that are told wrong.")
@click.option("--hallucination", type=float, default=0.0, help="Share of the captions with a fact that is not there.")
@click.option("--wrong-name", type=float, default=0.0, help="With --named: share of names that are another species'.")
@click.option("--named", is_flag=True, help="Begin each caption with the species' name.")
@click.option(
    "--wording",
    type=click.Choice(["train", "test"]),
    default="train",
    show_default=True,
    help="Words held out for tests, or not.",
)
@_WORKERS
@click.option("--force", is_flag=True, help="Replace the table that is there.")
def captions(
    folder: Path,
    *,
    out: Path,
    omission: float,
    substitution: float,
    hallucination: float,
    wrong_name: float,
    named: bool,
    wording: str,
    workers: int,
    force: bool,
) -> None:
    """Caption the pictures of the world in FOLDER, with errors at known rates: for dose and response.

    \b
    Example:
      thuja biosphere captions world --out captions.parquet --hallucination 0.2
    """
    from thuja.biosphere import World, read_config
    from thuja.biosphere.captioner import Captioner
    from thuja.biosphere.settings import require_apart
    from thuja.biosphere.telling import write_captions
    from thuja.biosphere.vocabulary import Wording

    captioner = Captioner(
        omission=omission,
        substitution=substitution,
        hallucination=hallucination,
        wrong_name=wrong_name,
        wording=Wording(wording),
    )
    knobs = read_config(folder)
    require_apart(out, folder)
    world = World.make(knobs)
    errors = write_captions(world, out, captioner, is_named=named, workers=workers, force=force)
    click.echo(f"{counted_as(world.images, 'caption')} with {counted_as(errors, 'error')} in {out}")


@biosphere.command()
@_FOLDER
@click.option("--out", type=click.Path(path_type=Path), help="A folder for card.json, README.md and card.html as well.")
@click.option("--images", type=int, default=1500, show_default=True, help="About how many pictures to draw again.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which ones, and how they are split.")
@_WORKERS
@_FORCE
def card(folder: Path, *, out: Path | None, images: int, seed: int, workers: int, force: bool) -> None:
    """Say what the world in FOLDER holds: ceilings, floors, and what its knobs promise, measured.

    \b
    Example:
      thuja biosphere card world --out card
    """
    from thuja.biosphere import read_config
    from thuja.biosphere.settings import require_apart
    from thuja.errors import ThujaError
    from thuja.jobs import in_one_sentence, output_folder, require_output

    _check_card(images=images, seed=seed, workers=workers)
    read_config(folder)
    if out is not None:
        require_apart(out, folder)
        require_output(out, verb=_CARD_VERB, force=force, can_resume=False)

    from thuja.biosphere.card import make_card
    from thuja.biosphere.card_page import save_card, to_text
    from thuja.encode.towers import imagenet_tower, untrained_tower

    encoders = {"untrained tower": untrained_tower()}
    try:
        encoders["ImageNet"] = imagenet_tower()
    except ThujaError as error:
        click.echo(f"without ImageNet features: {error.message}; {error.hint}", err=True)
    made = make_card(folder, encoders=encoders, images=images, seed=seed, workers=workers)
    click.echo(to_text(made))
    if out is not None:
        with (
            in_one_sentence(out, hint="mend that, then run it again"),
            output_folder(out, verb=_CARD_VERB, force=force, can_resume=False),
        ):
            save_card(made, out)


def _check_card(*, images: int, seed: int, workers: int) -> None:
    """Say what is wrong with the call or missing, before the work."""
    from importlib.util import find_spec

    from thuja.errors import ThujaError, UsageError
    from thuja.jobs import check_workers

    check_workers(workers)
    if seed < 0:
        raise UsageError(f"seed cannot be {seed}", hint="--seed is at least 0")
    if images > _CARD:
        raise UsageError(f"a card cannot be made of {images:,} pictures", hint=f"--images takes at most {_CARD:,}")
    if find_spec("scipy") is None:
        raise ThujaError("a card needs scipy, which is not installed", hint="pip install 'thuja[analyze]'")
