"""`thuja ablate`: train a declared grid of arms over worlds and seeds, and write the table paired by world."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.train_options import pairs_of

if TYPE_CHECKING:
    from thuja.experiments import Arm, Place
    from thuja.experiments.sizes import Size

_VERB = "ablate"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="The folder of worlds, cells and tables; gone on with.")
@click.option("--worlds", default="0,1", show_default=True, metavar="SEEDS", help="Worlds to make, by seed.")
@click.option("--world", "folders", type=click.Path(path_type=Path), multiple=True, help="A curated folder instead.")
@click.option("--seeds", default="0,1", show_default=True, help="Seeds of each run in each world.")
@click.option("--only", multiple=True, metavar="GROUP[/ARM]", help="Only these groups or arms; repeat it.")
@click.option("--size", default="tiny", show_default=True, help="Of worlds and models: tiny, wide, small, emergence.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a field of every arm's recipe.")
@click.option("--workers", type=int, default=1, show_default=True, help="Cells at a time, one thread each on a CPU.")
@click.option("--device", default="cpu", show_default=True, help="Where models train: cpu, cuda, auto.")
@click.option("--claim", default="", metavar="FILE#NAME", help="The claim that worlds of seed 100 or more are for.")
@click.option(
    "--list", "is_list", is_flag=True, help="Say what the arms are, how many cells, and about how long; then stop."
)
def ablate(
    *,
    out: Path | None,
    worlds: str,
    folders: tuple[Path, ...],
    seeds: str,
    only: tuple[str, ...],
    size: str,
    settings: tuple[str, ...],
    workers: int,
    device: str,
    claim: str,
    is_list: bool,
) -> None:
    """Train every arm in every world from every seed, and compare them.

    Each cell is kept in OUT/cells; a run that was killed, or an arm that is declared anew, is gone on with.

    \b
    Example:
      thuja ablate --list
      thuja ablate --out ablations --worlds 0,1 --seeds 0,1 --workers 2
      thuja ablate --out ablations --only loss --only control/shuffled
    """
    _one_thread()
    from thuja.errors import UsageError
    from thuja.experiments import Grid, run_grid, save_tables
    from thuja.experiments.about import arms_told, grid_told
    from thuja.experiments.arms import arms_of
    from thuja.experiments.measuring import Measuring
    from thuja.experiments.page import page_text
    from thuja.experiments.sizes import size_named
    from thuja.jobs import check_workers, sole_folder
    from thuja.model.machine import find_device

    check_workers(workers)
    find_device(device)
    chosen_size = size_named(size)
    arms = arms_of(chosen_size, pairs_of(settings, option="--set", example="epochs=2"))
    if folders and click.get_current_context().get_parameter_source("worlds") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--worlds makes worlds and --world takes one that is there", hint="give either of them")
    numbers = _numbers(seeds, "--seeds")
    declared = Grid(arms=arms, places=_declared(worlds, folders), seeds=tuple(numbers)).only(only)
    if is_list:
        click.echo("\n".join(arms_told(declared)))
        click.echo(f"\n{grid_told(declared, chosen_size, workers=workers)}")
        return
    if out is None:
        raise UsageError("nowhere to write", hint="--out DIR")
    if not folders:
        _check_worlds(out, worlds, size=chosen_size, claim=claim)
    with sole_folder(out, verb=_VERB, resume=out.exists()):
        places = _opened(out, worlds, folders, size=chosen_size, arms=declared.arms, claim=claim, workers=workers)
        grid = Grid(arms=declared.arms, places=places, seeds=declared.seeds)
        results = run_grid(grid, Measuring(out=out, device=device), out, workers=workers)
        save_tables(grid, results, out, text=page_text(_command(click.get_current_context()), places, size=chosen_size))
    _conclude(out, cells=len(grid.cells()), failed=sum(bool(result.error) for result in results), found=len(results))


def _check_worlds(out: Path, worlds: str, *, size: "Size", claim: str) -> None:
    """Insist that each world may be made or gone on with, before any is."""
    from thuja.experiments.emergence.worlds import check_views
    from thuja.experiments.making import check_world

    check = check_world if size.views is None else check_views
    for seed in _numbers(worlds, "--worlds"):
        check(_world_folder(out, size, seed), size, seed, claim=claim)


def _conclude(out: Path, *, cells: int, failed: int, found: int) -> None:
    click.echo(f"{found - failed} of {cells} cells measured, {failed} failed")
    click.echo(f"table: {out / 'table.md'}")
    click.echo(f"cells: {out / 'table.csv'}")
    if failed:
        raise click.exceptions.Exit(1)


def _command(context: click.Context) -> str:
    """What was called, as it would be typed again."""
    words = ["thuja", _VERB]
    for option in context.command.params:
        name = option.name or ""
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            given = context.params[name]
            for value in given if isinstance(given, tuple) else [given]:
                words += [option.opts[0], str(value)]
    return shlex.join(words)


def _one_thread() -> None:
    """Before torch is there: a cell gives the same bits beside others as alone, and workers do not crowd each other."""
    import os

    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.setdefault("DO_NOT_TRACK", "1")  # Daft reports its use over the network unless told not to


def _numbers(text: str, option: str) -> list[int]:
    from thuja.errors import UsageError

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise UsageError(f'{option} takes whole numbers parted by commas, got "{text}"', hint=f"{option} 0,1")
    return [int(part) for part in parts]


def _world_folder(out: Path, size: "Size", seed: int) -> Path:
    return out / "worlds" / f"{size.name}-{seed}"


def _declared(worlds: str, folders: tuple[Path, ...]) -> "tuple[Place, ...]":
    """The worlds by name alone: what is wrong with the call is said before any is made."""
    from thuja.experiments import Place

    names = [str(folder) for folder in folders] or [str(number) for number in _numbers(worlds, "--worlds")]
    return tuple(Place(name=name, folder=Path(name), identity=name) for name in names)


def _opened(
    out: Path,
    worlds: str,
    folders: tuple[Path, ...],
    *,
    size: "Size",
    arms: "tuple[Arm, ...]",
    claim: str,
    workers: int,
) -> "tuple[Place, ...]":
    """The worlds, made where they are not there."""
    from thuja.experiments.worlds import place_of

    if folders:
        return tuple(place_of(str(folder), folder) for folder in folders)
    from thuja.experiments.captions.making import make_for_captions
    from thuja.experiments.emergence.worlds import make_views, place_of_views
    from thuja.experiments.making import make_world

    places = []
    for seed in _numbers(worlds, "--worlds"):
        if size.views is not None:
            viewed = make_views(_world_folder(out, size, seed), size, seed, claim=claim, workers=workers)
            places.append(place_of_views(str(seed), viewed))
            continue
        folder = make_world(_world_folder(out, size, seed), size, seed, claim=claim, workers=workers)
        make_for_captions(folder, arms=arms, workers=workers)
        places.append(place_of(str(seed), folder))
    return tuple(places)
