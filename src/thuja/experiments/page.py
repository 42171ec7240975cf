"""What the page of an ablation shows: its scores, and what each says."""

from collections.abc import Sequence
from typing import Final

import pyarrow.parquet as pq

from thuja.experiments.arms import START
from thuja.experiments.captions.page import MEASURED as ON_CAPTIONS
from thuja.experiments.emergence.about import MEASURED as ON_EMERGENCE
from thuja.experiments.grid import Place
from thuja.experiments.sizes import Size
from thuja.experiments.table import Measured, PageText
from thuja.experiments.worlds import data_folder
from thuja.taxonomy import RANKS

_MEASURED: Final = (
    Measured(
        name="unseen_5_shot",
        heading="5-shot, unseen",
        about="pictures of species never trained, named after five of each (SimpleShot on the image tower alone; "
        "mean over species). Every arm has it, and it is what an arm's gain above the untrained tower is taken from.",
    ),
    Measured(
        name="seen_5_shot",
        heading="5-shot, seen",
        about="the same for fresh pictures of trained species.",
    ),
    Measured(
        name="species",
        heading="zero-shot, species",
        about="fresh pictures of trained species by the nearest text, worded as the arm was taught.",
    ),
    Measured(
        name="unseen_genus",
        heading="genus, unseen",
        about="species never trained: whether the nearest trained species is of their genus, of genera with one.",
    ),
    Measured(name="unseen_family", heading="family, unseen", about="the same for families."),
    Measured(name="unseen_order", heading="order, unseen", about="the same for orders."),
    Measured(
        name="unseen_species",
        heading="zero-shot, unseen",
        about="species never trained, by the nearest of their own names, none of which was trained.",
    ),
    Measured(
        name="convergent",
        heading="convergent traits",
        about="R2 of a linear reading of the traits that answer to the habitat, on species never trained.",
    ),
    Measured(
        name="decoy",
        heading="decoy traits",
        about="the same for traits made alike that answer to no habitat.",
    ),
    Measured(
        name="habitat",
        heading="habitat",
        about="habitats of species never trained, told by a linear probe; mean over habitats.",
    ),
    Measured(
        name="caption",
        heading="captions",
        about="a fresh picture's own caption among the ten nearest of up to 500.",
    ),
    Measured(
        name="things",
        heading="things",
        about="the same for pictures of what is not alive: what replay is to keep.",
    ),
)

MEASURED: Final = (*_MEASURED, *ON_CAPTIONS)


def page_text(command: str, places: Sequence[Place], *, size: Size | None = None) -> PageText:
    """The words of the page for a grid of that command in these worlds."""
    if size is not None and size.views is not None:
        chance = 1 / (size.species - size.unseen)
        return PageText(command=command, measured=ON_EMERGENCE, chances={one.name: chance for one in ON_EMERGENCE})
    return PageText(command=command, measured=MEASURED, start=START, chances=chances(places))


def chances(places: Sequence[Place]) -> dict[str, float]:
    """What answers at random score where every species has one name to be chosen, on the mean over worlds."""
    shares: dict[str, list[float]] = {"species": [], "unseen_species": []}
    for place in places:
        columns = [*(rank.label for rank in RANKS), "split", "drop_reason"]
        rows = pq.read_table(data_folder(place.folder) / "catalog.parquet", columns=columns).to_pylist()
        for name, split in (("species", "test"), ("unseen_species", "unseen")):
            kept = (row for row in rows if row["split"] == split and row["drop_reason"] is None)
            shares[name].append(1 / max(1, len({tuple(row[rank.label] for rank in RANKS) for row in kept})))
    return {name: sum(found) / len(found) for name, found in shares.items() if found}
