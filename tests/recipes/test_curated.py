"""What recipes ask of a curated folder: three ways of not being one, and which taxa are answers."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from thuja.errors import EmptyInput
from thuja.jobs import MARKER, write_json
from thuja.recipes.curated import catalog_taxa, label_taxa, require_curated
from thuja.recipes.run import plan_recipe
from thuja.taxonomy import RANKS, Taxon
from thuja.train import Recipe

RAVEN, CROW = (
    Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", name])
    for name in ("corax", "corone")
)
FAMILY = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae"])


def catalog(folder: Path, taxa: list[Taxon]) -> Path:
    rows = [
        {**dict(zip((rank.label for rank in RANKS), taxon.names, strict=True)), "common": "", "drop_reason": None}
        for taxon in taxa
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalog.parquet")
    return folder


def test_the_family_that_a_photo_is_named_to_is_no_answer_beside_species(tmp_path: Path) -> None:
    """`thuja predict` answered with families, to which some photos were named."""
    catalog(tmp_path, [CROW, FAMILY, RAVEN, CROW])
    assert label_taxa(tmp_path) == [RAVEN, CROW]
    assert catalog_taxa(tmp_path) == sorted([FAMILY, RAVEN, CROW])
    genus = Taxon.from_names([*FAMILY.names[:5], "Corvus"])
    assert label_taxa(catalog(tmp_path, [FAMILY, genus])) == sorted([FAMILY, genus])


def test_a_folder_that_is_not_curated_is_told_from_an_empty_one_and_from_none(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """All were "not a folder that thuja curate made"."""
    raw, empty, other, run = (tmp_path / name for name in ("raw", "empty", "other", "run"))
    for folder in (raw / "owls", empty, other, run):
        folder.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(raw / "owls" / "a.jpg")
    (other / "notes.txt").write_text("x")
    write_json(run / MARKER, {"verb": "train", "state": "complete"})
    told = {
        tmp_path / "none": ("is not there", "thuja curate PHOTOS"),
        tmp_path / "*.tar": ("no shard is called", "a pattern"),
        raw: ("pictures in .*raw were not curated", f"thuja curate {raw} --out curated, then thuja train with curated"),
        empty: ("is an empty folder", "fills it"),
        other: ("neither pictures nor shards", ""),
        run: ("run was made by thuja train", ""),
    }
    for data, (says, hint) in told.items():
        with pytest.raises(EmptyInput, match=says) as caught:
            plan_recipe(tiny_recipe, data, tmp_path / "out")
        assert hint in caught.value.hint
    with pytest.raises(EmptyInput, match="is a file"):
        require_curated(raw / "owls" / "a.jpg", then="thuja finetune")
    assert require_curated(small_world, then="thuja finetune") == small_world
