"""What the recipes ask of a folder that `thuja curate` made: that it is one, and which taxa its pictures show."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from thuja.errors import EmptyInput
from thuja.images.finding import walk_images
from thuja.jobs import DATA_VERBS, made_by, require_data
from thuja.taxonomy import RANKS, Rank, Taxon


def require_curated(data: Path, *, then: str) -> Path:
    """The folder, if curation finished there; `then` is the command that would go on with it.

    Raises EmptyInput for a path that is not there, for pictures that are not curated, and for a folder without
    pictures, each with what to do next; BadFile for one that curation did not finish.
    """
    data = Path(data)
    verb = made_by(data)
    if verb in DATA_VERBS:
        return require_data(data)
    hint = f"thuja curate {data} --out curated, then {then} with curated"
    if not data.exists() and data.suffix == ".tar":
        raise EmptyInput(f"no shard is called {data}", hint="a folder with .tar files, or a pattern of their names")
    if not data.exists():
        raise EmptyInput(f"{data} is not there", hint=f"thuja curate PHOTOS --out {data} makes it")
    if not data.is_dir():
        raise EmptyInput(f"{data} is a file, and not a folder that thuja curate made", hint=hint)
    if any(path.is_file() for path in walk_images(data)):
        raise EmptyInput(f"the pictures in {data} were not curated", hint=hint)
    if not any(data.iterdir()):
        raise EmptyInput(f"{data} is an empty folder", hint=f"thuja curate PHOTOS --out {data} fills it")
    made = f"was made by thuja {verb}" if verb else "has neither pictures nor shards"
    raise EmptyInput(f"{data} {made}: it is not a folder that thuja curate made", hint="thuja curate --help")


def catalog_taxa(data: Path) -> list[Taxon]:
    """The distinct taxa of the images that curation kept, sorted, those named to the genus or above among them."""
    columns = [*(rank.label for rank in RANKS), "common", "drop_reason"]
    rows = pq.read_table(data / "catalog.parquet", columns=columns).to_pylist()
    return sorted({Taxon.from_columns(row) for row in rows if row["drop_reason"] is None})


def label_taxa(data: Path) -> list[Taxon]:
    """What a model of this data answers with: the species of its catalog; all its taxa where it has no species.

    A photo that is named to its family teaches the family, but the family is no answer among species.
    """
    taxa = catalog_taxa(data)
    return named_to_species(taxa) or taxa


def named_to_species(taxa: Iterable[Taxon]) -> list[Taxon]:
    """Those of the taxa that are species, in their order."""
    return [taxon for taxon in taxa if taxon[Rank.SPECIES]]


def image_licences(data: Path) -> dict[str, int]:
    """How many of the training images stand under each licence that the catalog names."""
    rows = pq.read_table(data / "catalog.parquet", columns=["license_name", "split", "drop_reason"]).to_pylist()
    kept = [row for row in rows if row["drop_reason"] is None and row["split"] == "train"]
    return dict(sorted(Counter(row["license_name"] or "no licence told" for row in kept).items()))
