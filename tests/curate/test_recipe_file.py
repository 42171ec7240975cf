"""Recipes from files: every table, and one sentence for whatever no recipe says."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path

import pytest

from thuja.curate import CurateSummary, SourceCall, recipe_of
from thuja.curate.caps import CapSettings
from thuja.curate.download.settings import DownloadSettings
from thuja.curate.duplicates.settings import DuplicateSettings
from thuja.curate.filters.bursts import BurstSettings
from thuja.curate.filters.camera import CameraSettings
from thuja.curate.filters.people import PeopleSettings
from thuja.curate.filters.quality import QualitySettings
from thuja.curate.filters.screen import ScreenSettings
from thuja.curate.filters.specimens import SpecimenSettings
from thuja.curate.leaks.settings import LeakSettings
from thuja.curate.published import published
from thuja.curate.recipe import (
    CurateRecipe,
    LimitSettings,
    NameSettings,
    ShardSettings,
    named_files,
    settings_of,
)
from thuja.curate.recipe_file import from_table, load_recipe, without_nulls
from thuja.curate.sources.spec import SourceSpec
from thuja.curate.splits import SplitSettings
from thuja.errors import BadFile, UnknownName, UsageError

WHOLE = """
title = "Every table"
seed = 7
encoder = "bioclip-2"
[[sources]]
kind = "gbif"
path = "download.zip"
name = "herbarium"
limit = 100
options = { multimedia = "more/media.txt" }
[[sources]]
kind = "folder"
path = "/photos"
options = { labels = "photos.csv" }
[screen]
licences = ["cc0", "cc-by"]
captive = false
takedown = "gone.txt"
[names]
backbones = ["inat", "gbif"]
threshold = 1
[download]
rate = 3
contact = "me@example.org"
[limits]
max_pixels = 1000
[quality]
min_side = 224
[people]
rule = "yunet"
guard = false
[camera]
detections = ["a.json", "/b.json"]
[specimens]
[bursts]
max_distance = -1
[duplicates]
perceptual = true
[leaks]
indexes = ["newt.parquet"]
cosine = 1
[caps]
min_images = 2
[splits]
by = "observation"
unseen_species = 3
[shards]
size = 50
"""


def written(folder: Path, text: str, name: str = "recipe.toml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str) -> CurateRecipe:
    return load_recipe(written(folder, text))


SOURCE = '[[sources]]\nkind = "folder"\npath = "photos"\n'


def test_every_table_of_toml_is_read_with_paths_beside_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE) == CurateRecipe(
        title="Every table",
        seed=7,
        encoder="bioclip-2",
        sources=(
            SourceSpec(
                kind="gbif",
                path=tmp_path / "download.zip",
                name="herbarium",
                limit=100,
                options={"multimedia": str(tmp_path / "more" / "media.txt")},
            ),
            SourceSpec(kind="folder", path=Path("/photos"), options={"labels": str(tmp_path / "photos.csv")}),
        ),
        screen=ScreenSettings(licences=("cc0", "cc-by"), captive=False, takedown=tmp_path / "gone.txt"),
        names=NameSettings(backbones=("inat", "gbif"), threshold=1.0),
        download=DownloadSettings(rate=3.0, contact="me@example.org"),
        limits=LimitSettings(max_pixels=1000),
        quality=QualitySettings(min_side=224),
        people=PeopleSettings(rule="yunet", guard=False),
        camera=CameraSettings(detections=(tmp_path / "a.json", Path("/b.json"))),
        specimens=SpecimenSettings(),
        bursts=BurstSettings(max_distance=-1),
        duplicates=DuplicateSettings(perceptual=True),
        leaks=LeakSettings(indexes=(tmp_path / "newt.parquet",), cosine=1.0),
        caps=CapSettings(min_images=2),
        splits=SplitSettings(by="observation", unseen_species=3.0),
        shards=ShardSettings(size=50),
    )


def test_a_recipe_is_the_same_as_a_table_and_back_and_again_as_json(tmp_path: Path) -> None:
    recipe = load(tmp_path, WHOLE)
    table = without_nulls(recipe.to_table())
    assert from_table(CurateRecipe, table, folder=Path("/elsewhere")) == recipe
    saved = written(tmp_path / "other", json.dumps(recipe.to_table()), "recipe.json")
    assert load_recipe(saved) == recipe


def test_steps_without_a_table_are_left_out_and_the_rest_has_its_defaults(tmp_path: Path) -> None:
    recipe = load(tmp_path, SOURCE)
    assert recipe == CurateRecipe(sources=(SourceSpec(kind="folder", path=tmp_path / "photos"),))
    assert [field.name for field in fields(recipe) if getattr(recipe, field.name) is None] == [
        "quality", "people", "camera", "specimens", "bursts", "leaks",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour = 1", 'unknown setting of the recipe: "colour"'),
        ("[quality]\nmin_size = 3", 'unknown setting of quality: "min_size"'),
        ('[[sources]]\nkind = "folder"\npath = "x"\ncolour = 1', 'unknown setting of sources: "colour"'),
    ],
)
def test_an_unknown_key_names_what_exists(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnknownName) as caught:
        load(tmp_path, _with_source(text))
    assert caught.value.message == says
    known = {"quality": QualitySettings, "sources": SourceSpec}.get(says.split()[3].rstrip(":"), CurateRecipe)
    assert (
        caught.value.hint.removeprefix("did you mean min_side? ")
        == f"one of {', '.join(field.name for field in fields(known))}"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title = 3", "title must be text, got 3"),
        ('seed = "one"', "seed must be a whole number, got 'one'"),
        ("seed = true", "seed must be a whole number, got True"),
        ("seed = 1.5", "seed must be a whole number, got 1.5"),
        ('[screen]\ncaptive = "no"', "screen.captive must be true or false, got 'no'"),
        ("[screen]\ncaptive = 0", "screen.captive must be true or false, got 0"),
        ('[screen]\nlicences = "cc0"', "screen.licences must be a list, each text, got 'cc0'"),
        ("[screen]\nlicences = [1]", "screen.licences must be text, got 1"),
        ("[screen]\ntakedown = 1", "screen.takedown must be a path in quotes, got 1"),
        ("[names]\nthreshold = true", "names.threshold must be a number, got True"),
        ("quality = 224", "quality must be a table, got 224"),
        ('[sources]\nkind = "folder"', "sources must be a list, each a table, got {'kind': 'folder'}"),
        ("sources = [1]", "sources must be a table, got 1"),
        ('[[sources]]\nkind = "folder"', "sources needs path"),
        (f'{SOURCE}options = {{ labels = ["a"] }}', "sources.options.labels must be text, a number, true or false"),
        (f"{SOURCE}limit = 0", "a source's limit must be at least 1, got 0"),
        ("sources = []", "a recipe needs a source"),
    ],
)
def test_what_does_not_fit_says_where_and_what_was_got(tmp_path: Path, text: str, says: str) -> None:
    """A list or a table as an option of a source became the text of its Python form, and then a file's name."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, _with_source(text))
    assert caught.value.message.startswith(says)


def test_a_recipe_without_a_source_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^the recipe needs sources"):
        load(tmp_path, "title = 'x'")


def _with_source(text: str) -> str:
    return text if "sources" in text else f"{text}\n{SOURCE}"


def test_an_options_numbers_and_truths_become_the_words_that_readers_take(tmp_path: Path) -> None:
    recipe = load(tmp_path, f'{SOURCE}options = {{ a = 3, b = true, c = 0.5, d = "x/y" }}')
    assert recipe.sources[0].options == {"a": "3", "b": "true", "c": "0.5", "d": "x/y"}


def test_a_hub_id_stays_one_unless_such_a_folder_lies_beside_the_recipe(tmp_path: Path) -> None:
    text = '[[sources]]\nkind = "hugging_face"\npath = "imageomics/sample"\n'
    assert load(tmp_path, text).sources[0].path == Path("imageomics/sample")
    (tmp_path / "imageomics" / "sample").mkdir(parents=True)
    assert load(tmp_path, text).sources[0].path == tmp_path / "imageomics" / "sample"


def test_backbones_and_an_encoder_that_lie_beside_the_recipe_are_found_from_anywhere(tmp_path: Path) -> None:
    """They were looked for in the folder that the command was called from, unlike every other path of a recipe."""
    (tmp_path / "models" / "mine").mkdir(parents=True)
    (tmp_path / "birds.parquet").touch()
    (tmp_path / "inat").mkdir()
    text = 'encoder = "models/mine"\n[names]\nbackbones = ["birds.parquet", "inat", "gone.parquet", "/a/b"]\n'
    recipe = load(tmp_path, f"{text}{SOURCE}")
    assert recipe.encoder == str(tmp_path / "models" / "mine")
    assert recipe.names.backbones == (str(tmp_path / "birds.parquet"), "inat", "gone.parquet", "/a/b")
    assert load(tmp_path, f'encoder = "hf-hub:org/name"\n{SOURCE}').encoder == "hf-hub:org/name"


def test_a_home_folder_that_is_nobodys_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such home folder: ~nobody-of-this-name/x"):
        load(tmp_path, '[[sources]]\nkind = "folder"\npath = "~nobody-of-this-name/x"')


def test_a_python_recipe_says_RECIPE(tmp_path: Path) -> None:
    head = "from pathlib import Path\nfrom thuja.curate.recipe import CurateRecipe\n"
    head += "from thuja.curate.sources.spec import SourceSpec\n"
    made = 'CurateRecipe(sources=(SourceSpec(kind="table", path=Path("/a.csv")),), seed=2 + 3)'
    recipe = load_recipe(written(tmp_path, f"{head}RECIPE = {made}", "recipe.py"))
    assert recipe == CurateRecipe(sources=(SourceSpec(kind="table", path=Path("/a.csv")),), seed=5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("recipe = 1", "says no RECIPE = CurateRecipe(...)"),
        ("RECIPE = {'sources': []}", "says no RECIPE = CurateRecipe(...)"),
        ("1 / 0", "failed: ZeroDivisionError: division by zero"),
        ("def (", "failed: SyntaxError: invalid syntax"),
        ("import thuja_has_no_such_module", "failed: ModuleNotFoundError"),
    ],
)
def test_a_python_recipe_that_fails_is_told_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text, "recipe.py")
    with pytest.raises(BadFile) as caught:
        load_recipe(path)
    assert caught.value.message.startswith(f"the recipe {path} {says}")


def test_an_error_of_thujas_in_a_python_recipe_stays_what_it_is(tmp_path: Path) -> None:
    text = "from thuja.curate.recipe import ShardSettings\nShardSettings(size=0)"
    with pytest.raises(UsageError, match=r"^shards.size must be at least 1, got 0"):
        load_recipe(written(tmp_path, text, "recipe.py"))


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.toml", b"title = "), ("a.toml", b"title = '\xff'"), ("a.json", b"{"), ("a.json", b"[" * 100_000)],
)
def test_a_broken_file_is_told_in_a_sentence(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadFile, match=f"the recipe .*{name} cannot be read: "):
        load_recipe(tmp_path / name)


def test_json_that_is_no_table_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is no table of settings"):
        load_recipe(written(tmp_path, "[1]", "a.json"))
    with pytest.raises(UsageError, match=r"there is no recipe at .*none\.toml"):
        load_recipe(tmp_path / "none.toml")


def test_the_example_says_what_its_words_say(tmp_path: Path) -> None:
    """Its lines are checked against the settings that they make; what they leave out has its default."""
    recipe = load(tmp_path, files("thuja.curate").joinpath("example.toml").read_text(encoding="utf-8"))
    assert recipe == CurateRecipe(
        title="My tree of life",
        sources=(SourceSpec(kind="gbif", path=tmp_path / "0012345-240506114902167.zip"),),
        names=NameSettings(backbones=("inat",), threshold=0.8),
        screen=ScreenSettings(
            licences=("cc0", "cc-by", "cc-by-nc", "cc-by-sa", "cc-by-nc-sa", "public-domain"),
            captive=True,
            refuse_issues=("TAXON_MATCH_NONE", "TAXON_MATCH_HIGHERRANK"),
            refuse_basis=("MATERIAL_CITATION",),
        ),
        download=DownloadSettings(rate=10.0, contact="", max_side=720),
        quality=QualitySettings(min_side=224),
        people=PeopleSettings(rule="yunet", guard=True),
        bursts=BurstSettings(),
        duplicates=DuplicateSettings(exact=True, pixels=True, perceptual=False),
        caps=CapSettings(min_images=1),
        splits=SplitSettings(by="observation", val=0.01, test=0.01),
        shards=ShardSettings(size=10_000, max_side=720),
    )


def test_the_lines_that_the_example_comments_out_are_settings_too(tmp_path: Path) -> None:
    text = files("thuja.curate").joinpath("example.toml").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        is_setting = bare.startswith("[") or (bare != line and bare.partition(" ")[2].startswith("= "))
        lines.append(bare if is_setting else line)
    recipe = load(tmp_path, "\n".join(lines))
    assert [spec.kind for spec in recipe.sources] == ["gbif", "folder"]
    assert recipe.sources[0].limit == 1_000_000
    assert recipe.sources[1].options == {"labels": str(tmp_path / "photos.csv")}
    assert recipe.screen.quality_grades == ("research",)
    assert recipe.screen.takedown == tmp_path / "takedown.txt"
    assert recipe.download.rates == ("images.example.org=2",)
    assert recipe.camera == CameraSettings(detections=(tmp_path / "detections.json",))
    assert recipe.specimens == SpecimenSettings(support=tmp_path / "support.npz")
    assert recipe.leaks == LeakSettings(indexes=(tmp_path / "newt.parquet",))
    assert (recipe.caps.max_images, recipe.splits.unseen_species) == (1000, 400.0)


def test_recipe_json_of_a_finished_run_is_the_recipe_that_it_ran_with(
    photos: Path, backbone: Path, run: Callable[..., CurateSummary], tmp_path: Path
) -> None:
    run(photos, unseen_species=2, changes=["quality.min_side=8", "splits.by=location"])
    flags = {"backbones": (str(backbone),), "unseen_species": 2}
    ran = recipe_of(SourceCall(source=photos), flags=flags, changes=["quality.min_side=8", "splits.by=location"])
    assert load_recipe(tmp_path / "out" / "recipe.json") == ran
    assert recipe_of(SourceCall(source=tmp_path / "out" / "recipe.json")) == ran


def test_a_file_that_a_setting_names_counts_by_its_size_and_time(tmp_path: Path) -> None:
    """The first such file ended in a traceback: the table grew while it was gone through."""
    one, two = written(tmp_path, "1", "a"), written(tmp_path, "22", "b")
    settings = LeakSettings(indexes=(one,), species=(two, tmp_path / "none"))
    said = settings_of(settings)
    assert said["indexes"] == [str(one)]
    assert said[f"{one} of"] == [1, one.stat().st_mtime_ns]
    assert said[f"{two} of"] == [2, two.stat().st_mtime_ns]
    assert f"{tmp_path / 'none'} of" not in said


def test_a_recipe_to_hand_on_tells_of_no_folder_and_names_its_files(tmp_path: Path) -> None:
    recipe = load(tmp_path, WHOLE)
    assert list(named_files(recipe)) == [
        ("screen.takedown", tmp_path / "gone.txt"),
        ("camera.detections", tmp_path / "a.json"),
        ("camera.detections", Path("/b.json")),
        ("leaks.indexes", tmp_path / "newt.parquet"),
    ]
    handed_on = published(replace(recipe, encoder=str(tmp_path / "model")).to_table())
    assert str(tmp_path) not in json.dumps(handed_on)
    assert (handed_on["encoder"], handed_on["screen"]["takedown"]) == ("model", "gone.txt")
