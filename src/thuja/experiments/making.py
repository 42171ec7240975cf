"""The simulated worlds that a grid is run in, made once: pictures, curation, and things that are not alive."""

from functools import partial
from pathlib import Path

from thuja.biosphere import World, WriteConfig, read_config, write_world
from thuja.biosphere.claims import open_seed
from thuja.biosphere.config import SEALED
from thuja.biosphere.things import ThingsConfig, ThingsWriteConfig, write_things
from thuja.biosphere.writer import read_card
from thuja.curate import Handed, SourceCall, curate, recipe_of
from thuja.errors import OutputExists, UsageError
from thuja.experiments.sizes import Size
from thuja.experiments.worlds import DATA, PICTURES, THINGS
from thuja.jobs import is_complete
from thuja.names import resolve_names


def make_world(folder: Path, size: Size, seed: int, *, claim: str = "", workers: int = 1) -> Path:
    """Draw and curate the world of that seed and size into `folder`, unless that is done; what was begun goes on.

    A sealed seed needs a claim that opens it. Raises UsageError, OutputExists for a folder of another world.
    """
    claimed = check_world(folder, size, seed, claim=claim)
    config = size.world(seed)
    pictures, data, things = (folder / name for name in (PICTURES, DATA, THINGS))
    if not is_complete(pictures, verb="biosphere"):
        how = WriteConfig(size=size.pixels, workers=workers, claim=claimed)
        write_world(World.make(config), pictures, how, resume=pictures.exists())
    if not is_complete(data, verb="curate"):
        recipe = recipe_of(SourceCall(source=pictures), flags={"unseen_species": size.unseen})
        resolve = partial(resolve_names, backbones=recipe.names.backbones)
        curate(recipe, data, handed=Handed(resolve=resolve), force=data.exists())
    if size.things and not is_complete(things, verb="biosphere things"):
        how_things = ThingsWriteConfig(size=size.pixels, shards=True, workers=workers)
        write_things(ThingsConfig(seed=seed, images=size.things), things, how_things, resume=things.exists())
    return folder


def check_world(folder: Path, size: Size, seed: int, *, claim: str = "") -> str:
    """Insist that `make_world` may make this world or go on with it, before anything is drawn; returns what to note.

    A sealed seed needs a claim that opens it. Raises UsageError, OutputExists for a folder of another world.
    """
    pictures = folder / PICTURES
    if not is_complete(pictures, verb="biosphere"):
        return open_seed(seed, claim)
    if read_config(pictures) != size.world(seed) or read_card(pictures)["size"] != size.pixels:
        raise OutputExists(f"{pictures} is another world than {size.name}'s of seed {seed}", hint="name another --out")
    _require_claim(pictures, seed, claim)
    return ""


def _require_claim(pictures: Path, seed: int, claim: str) -> None:
    """Insist that a sealed world that is there was opened for this claim and no other."""
    opened = str(read_card(pictures).get("claim", "")).partition(" ")[0]
    if seed >= SEALED and opened != claim.partition("#")[2]:
        raise UsageError(
            f"the world in {pictures} was opened for the claim {opened}, not for {claim or 'none'}",
            hint="a sealed world serves one claim; give that one, or name another --out",
        )
