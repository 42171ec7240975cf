"""What is named on the command line, as a recipe."""

from pathlib import Path

import polars as pl
import pytest

from thuja.biosphere import World, WorldConfig, WriteConfig, write_world
from thuja.curate import SourceCall, recipe_of
from thuja.curate.opening import kind_of
from thuja.curate.recipe import CurateRecipe
from thuja.curate.sources.spec import SourceSpec
from thuja.errors import UnknownName, UsageError


def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir(exist_ok=True)
    return tmp_path / "photos"


def opened(source: Path, *changes: str) -> CurateRecipe:
    return recipe_of(SourceCall(source=source), changes=changes)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "table"), ("a.TSV", "table"), ("a.tab", "table"), ("a.csv.gz", "table"), ("a.parquet", "table"),
        ("a.pq", "table"), ("0012.zip", "gbif"), ("0012.ZIP", "gbif"),
    ],
)  # fmt: skip
def test_a_file_is_told_by_its_end(tmp_path: Path, name: str, kind: str) -> None:
    """`.tab` and `.csv.gz`, which a table may end in, were no table unless --kind said so."""
    (tmp_path / name).touch()
    assert kind_of(tmp_path / name) == kind


def test_a_folder_is_one_of_images_unless_it_is_an_unpacked_gbif_download(tmp_path: Path) -> None:
    assert kind_of(folder(tmp_path)) == "folder"
    (folder(tmp_path) / "meta.xml").touch()
    assert kind_of(folder(tmp_path)) == "gbif"


def test_what_is_nothing_known_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder or table at .*nothing"):
        kind_of(tmp_path / "nothing")
    (tmp_path / "a.txt").touch()
    with pytest.raises(UsageError, match=r"a\.txt is neither a folder, a table nor a recipe") as caught:
        kind_of(tmp_path / "a.txt")
    assert caught.value.hint == "a table ends in .csv, .tsv, .tab, .csv.gz, .tsv.gz, .parquet, .pq; or --kind"


def test_a_single_source_is_a_recipe_of_defaults(tmp_path: Path) -> None:
    source = folder(tmp_path)
    assert opened(source) == CurateRecipe(sources=(SourceSpec(kind="folder", path=source),))
    told = recipe_of(SourceCall(source=source, kind="inat21"))
    assert told.sources == (SourceSpec(kind="inat21", path=source),)


def test_a_folder_whose_name_ends_like_a_recipe_is_a_folder(tmp_path: Path) -> None:
    """`thuja curate birds.py`, a folder, was "there is no recipe at birds.py"."""
    (tmp_path / "birds.py").mkdir()
    assert opened(tmp_path / "birds.py").sources[0].kind == "folder"
    with pytest.raises(UsageError, match=r"there is no recipe at .*none\.toml"):
        opened(tmp_path / "none.toml")


def test_a_biosphere_brings_its_table_and_its_backbone(tmp_path: Path) -> None:
    world = tmp_path / "world"
    write_world(World.make(WorldConfig(seed=1, species=3, images=1)), world, WriteConfig(size=16, workers=1))
    recipe = opened(world)
    assert recipe.sources == (
        SourceSpec(kind="folder", path=world, options={"labels": str(world / "table.csv")}),
    )  # fmt: skip
    assert recipe.names.backbones == (str(world / "backbone.parquet"),)
    own = tmp_path / "own.csv"
    own.write_text("file,scientific_name\n")
    flags = {"backbones": ("inat",)}
    mine = recipe_of(SourceCall(source=world, labels=own), flags=flags)
    assert mine.sources[0].options == {"labels": str(own)}
    assert mine.names.backbones == ("inat",)


def test_flags_of_their_own_are_settings(tmp_path: Path) -> None:
    flags = {
        "backbones": ("inat", "gbif"), "unseen_species": 0.5, "val": 0.1, "test": 0.2, "seed": 9, "max_side": 32,
        "min_images": 3, "text_keys": True,
    }  # fmt: skip
    recipe = recipe_of(SourceCall(source=folder(tmp_path)), flags=flags)
    assert recipe.names.backbones == ("inat", "gbif")
    assert (recipe.splits.unseen_species, recipe.splits.val, recipe.splits.test) == (0.5, 0.1, 0.2)
    assert (recipe.seed, recipe.shards.max_side, recipe.shards.text_keys) == (9, 32, True)
    assert recipe.caps.min_images == 3


def test_set_reads_values_as_toml_does_and_the_rest_as_text(tmp_path: Path) -> None:
    recipe = opened(
        folder(tmp_path),
        "screen.captive=false",
        "names.threshold=0.25",
        'screen.licences=["cc0", "cc-by"]',
        " title = Birds of the north ",
        "splits.by=location",
        'download.contact="7"',
        "bursts={}",
        "quality.min_side=224",
        "quality.min_contrast=1",
    )
    assert recipe.screen.captive is False
    assert recipe.names.threshold == 0.25
    assert recipe.screen.licences == ("cc0", "cc-by")
    assert (recipe.title, recipe.splits.by, recipe.download.contact) == ("Birds of the north", "location", "7")
    assert recipe.bursts is not None
    assert recipe.quality is not None
    assert (recipe.quality.min_side, recipe.quality.min_contrast) == (224, 1.0)


def test_set_comes_after_the_flags_and_both_after_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('seed = 1\n[caps]\nmin_images = 4\n[[sources]]\nkind = "folder"\npath = "photos"\n')
    call = SourceCall(source=path)
    recipe = recipe_of(call, flags={"seed": 2, "max_side": 9}, changes=["seed=3"])
    assert (recipe.seed, recipe.shards.max_side, recipe.caps.min_images) == (3, 9, 4)
    assert recipe.sources[0].path == tmp_path / "photos"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("quality.min_side", "--set takes KEY=VALUE, got 'quality.min_side'"),
        ("quality.min_size=3", 'unknown setting of quality: "min_size"'),
        ("quantity.min_side=3", 'unknown setting of the recipe: "quantity"'),
        ("=3", 'unknown setting of the recipe: ""'),
        ("sources.path=x", "sources.path is no setting: sources is not a table"),
        ("seed=1.5", "seed must be a whole number, got 1.5"),
        ("seed=", "seed must be a whole number, got ''"),
        ("names.threshold=2", "names.threshold is a probability from 0 to 1, got 2"),
        ("shards.size=0", "shards.size must be at least 1, got 0"),
        ("title.x=1", "title must be text, got {'x': 1}"),
    ],
)
def test_set_refuses_what_is_no_setting(tmp_path: Path, change: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        opened(folder(tmp_path), change)
    assert caught.value.message.startswith(says)


def test_set_with_an_unknown_name_says_what_exists(tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        opened(folder(tmp_path), "caps.least=3")
    assert caught.value.hint == "one of min_images, max_images, max_per_source, max_per_observation"


def test_labels_are_for_folders_only_and_have_to_be_there(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    pl.DataFrame({"file": ["a.jpg"], "scientific_name": ["Corvus corax"]}).write_csv(labels)
    recipe = recipe_of(SourceCall(source=folder(tmp_path), labels=labels))
    assert recipe.sources[0].options == {"labels": str(labels)}
    with pytest.raises(UsageError, match="--labels is for a folder of images, not for a table"):
        recipe_of(SourceCall(source=labels, labels=labels))
    with pytest.raises(UsageError, match=r"there is no label table at .*none\.csv"):
        recipe_of(SourceCall(source=folder(tmp_path), labels=tmp_path / "none.csv"))
    (tmp_path / "recipe.toml").write_text('[[sources]]\nkind = "folder"\npath = "photos"\n')
    with pytest.raises(UsageError, match="a recipe says what its sources are"):
        recipe_of(SourceCall(source=tmp_path / "recipe.toml", labels=labels))
