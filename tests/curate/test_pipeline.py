"""What a whole curation refuses before it begins, keeps when it fails, and does anew when something changed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.curate.conftest import paint_photos, write_backbone

from thuja.cli.curate import curate as command
from thuja.curate import CurateSummary, Handed, SourceCall, curate, recipe_of
from thuja.curate.download.journal import Journal, Outcome, tables
from thuja.errors import EmptyInput, OutputExists, UsageError
from thuja.jobs.locks import locked
from thuja.names import resolve_names

Curator = Callable[..., CurateSummary]
CLOSED = "http://127.0.0.1:9"
"""An address that nobody listens at."""
IMPATIENT = ("download.allow_private=true", "download.tries=1", "download.robots=false", "download.first_wait=0.1")


def web_table(path: Path, names: list[str]) -> Path:
    urls = [f"{CLOSED}/{number}.jpg" for number in range(len(names))]
    pl.DataFrame({"url": urls, "scientific_name": names}).write_csv(path)
    return path


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def times(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (out / "steps").glob("*.json")}


def redone(out: Path, before: dict[str, int]) -> list[str]:
    return [name.removesuffix(".json") for name, time in sorted(times(out).items()) if before.get(name) != time]


def call(*words: object) -> Result:
    return CliRunner().invoke(command, [*map(str, words)], catch_exceptions=False)


class TestWhatFailsLate:
    def test_a_download_of_which_nothing_could_be_had_is_kept_and_resumed(self, run: Curator, tmp_path: Path) -> None:
        table = web_table(tmp_path / "table.csv", ["Corvus corax", "Pica pica"])
        with pytest.raises(EmptyInput, match=r"none of the 2 files can be used: 2 "):
            run(table, changes=IMPATIENT)
        out = tmp_path / "out"
        errors = bytes_below(out / "downloads")
        assert len(errors) >= 2
        assert json.loads((out / "thuja.job.json").read_text())["state"] == "running"
        with pytest.raises(EmptyInput):
            run(table, resume=True, changes=IMPATIENT)
        assert bytes_below(out / "downloads").keys() == errors.keys()

    def test_what_an_older_curation_downloaded_stays_too(self, photos: Path, run: Curator, tmp_path: Path) -> None:
        run(photos, out="old")
        table = web_table(tmp_path / "table.csv", ["Corvus corax", "Pica pica"])
        with Journal(tmp_path / "old" / "downloads") as journal:
            for number in range(2):
                data = (photos / "Pica pica" / f"{number}.jpg").read_bytes()
                digest = sha256(data).hexdigest()
                journal.append(Outcome(url=f"{CLOSED}/{number}.jpg", sha256=digest, width=24, height=24), data)
        (tmp_path / "old" / "downloads" / "store.json").write_text('{"max_side": 720}')
        with pytest.raises(EmptyInput, match=r"none of the 2 files can be used: 2 too_small"):
            run(table, previous=tmp_path / "old", changes=[*IMPATIENT, "quality.min_side=100"])
        kept = pl.concat([pl.read_parquet(file) for file in tables(tmp_path / "out" / "downloads")])
        assert sorted(kept["url"]) == [f"{CLOSED}/0.jpg", f"{CLOSED}/1.jpg"]

    def test_images_of_one_taxon_are_refused_before_one_is_downloaded(self, run: Curator, tmp_path: Path) -> None:
        table = web_table(tmp_path / "table.csv", ["Corvus corax", "Corvus corax"])
        with pytest.raises(EmptyInput, match="all 2 images show one taxon, Animalia Aves Corvidae Corvus corax"):
            run(table, changes=IMPATIENT)
        assert not (tmp_path / "out").exists()

    def test_a_source_that_was_read_stays_when_another_fails(self, photos: Path, run: Curator, tmp_path: Path) -> None:
        recipe = tmp_path / "recipe.toml"
        recipe.write_text("".join(f'[[sources]]\nkind = "folder"\npath = "{path}"\n' for path in ("photos", "more")))
        with pytest.raises(UsageError, match=r"there is no folder at .*more"):
            run(recipe)
        rows = tmp_path / "out" / "steps" / "0-read.part" / "source-000-folder" / "rows-00000.parquet"
        before = rows.stat().st_mtime_ns
        (tmp_path / "more").mkdir()
        assert run(recipe, resume=True).read == 39
        done = tmp_path / "out" / "steps" / "0-read" / "source-000-folder" / "rows-00000.parquet"
        assert done.stat().st_mtime_ns == before


class TestPlaces:
    """`--force` deletes what is in --out: nothing that is read may lie there, under whatever name."""

    def test_a_source_in_the_output_is_refused_and_nothing_is_deleted(
        self, photos: Path, run: Curator, tmp_path: Path
    ) -> None:
        run(photos)
        mine = tmp_path / "out" / "photos"
        photos.rename(mine)
        before = bytes_below(tmp_path / "out")
        with pytest.raises(UsageError, match=r"the source .* lies in the output"):
            run(mine, force=True)
        assert bytes_below(tmp_path / "out") == before

    @pytest.mark.parametrize("name", ["out", "link", "photos/../out"])
    def test_an_update_over_the_old_curation_is_refused(
        self, photos: Path, run: Curator, tmp_path: Path, name: str
    ) -> None:
        """A link to it was let through, and --force then deleted the old curation before it was read."""
        run(photos)
        (tmp_path / "link").symlink_to(tmp_path / "out")
        before = bytes_below(tmp_path / "out")
        with pytest.raises(UsageError, match="lies in the older curation"):
            run(photos, out=name, previous=tmp_path / "out", force=True)
        assert bytes_below(tmp_path / "out") == before

    def test_a_file_of_a_setting_in_the_output_is_refused_and_stays(
        self, photos: Path, run: Curator, tmp_path: Path
    ) -> None:
        """An index that was built into the folder of a curation was deleted by --force, and missed hours later."""
        run(photos)
        listed = tmp_path / "out" / "gone.txt"
        listed.write_text("Parus major/0.jpg\n")
        before = bytes_below(tmp_path / "out")
        with pytest.raises(UsageError, match=r"screen\.takedown: .*gone\.txt lies in the output"):
            run(photos, force=True, changes=[f"screen.takedown={listed}"])
        assert bytes_below(tmp_path / "out") == before


class TestWhatIsMissing:
    """Said before anything is written, not when its step is reached."""

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            (["people.rule=yunet"], r"\[people\] needs a detector of faces"),
            (["specimens.support=SUPPORT"], r"\[specimens\] needs a model to embed with"),
            (["duplicates.perceptual=true", "duplicates.confirm=embedding"], "no embedding is given"),
            (['leaks.keys=["embedding"]', 'leaks.indexes=["SUPPORT"]'], r"\[leaks\] needs a model to embed with"),
            (["specimens.support=NONE"], r"specimens\.support: there is no file at .*none"),
            (['camera.detections=["NONE"]'], r"camera\.detections: there is no file at .*none"),
            (['leaks.indexes=["SUPPORT", "NONE"]'], r"leaks\.indexes: there is no file at .*none"),
        ],
    )
    def test_hands_and_files_that_a_step_needs(
        self, photos: Path, run: Curator, tmp_path: Path, changes: list[str], says: str
    ) -> None:
        (tmp_path / "support").touch()
        places = {"SUPPORT": str(tmp_path / "support"), "NONE": str(tmp_path / "none")}
        for word, place in places.items():
            changes = [change.replace(word, place) for change in changes]
        with pytest.raises(UsageError, match=says):
            run(photos, changes=changes)
        assert not (tmp_path / "out").exists()

    def test_an_encoder_that_is_not_there(self, photos: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no model folder at"):
            call(photos, "--out", tmp_path / "out", "--set", f"encoder={tmp_path / 'none'}")
        assert not (tmp_path / "out").exists()

    def test_a_face_detectors_package(self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "facenet_pytorch", None)  # as where it is not installed
        with pytest.raises(UsageError, match=r"facenet|mtcnn"):
            call(photos, "--out", tmp_path / "out", "--set", "people.rule=mtcnn")
        assert not (tmp_path / "out").exists()


class TestWhatIsDoneAgain:
    @pytest.mark.slow
    def test_a_backbone_that_was_replaced_resolves_the_names_anew(
        self, photos: Path, backbone: Path, tmp_path: Path
    ) -> None:
        """Each call is a process of its own: one process opens a backbone once."""
        words = ["-m", "thuja", "curate", photos, "--out", tmp_path / "out", "--backbone", backbone]
        subprocess.run([sys.executable, *map(str, words)], check=True, capture_output=True)
        before = times(tmp_path / "out")
        pl.read_parquet(backbone).with_columns(family=pl.lit("Aves of one kind")).write_parquet(backbone)
        subprocess.run([sys.executable, *map(str, words), "--resume"], check=True, capture_output=True)
        assert redone(tmp_path / "out", before)[0] == "2-names"
        catalog = pl.read_parquet(tmp_path / "out" / "catalog.parquet")
        assert catalog["family"].unique().to_list() == ["Aves of one kind"]

    @pytest.mark.parametrize(
        ("change", "first"),
        [
            ("title=Another", None),
            ("screen.captive=false", "1-screen"),
            ("names.threshold=0.9", "2-names"),
            ("limits.max_pixels=1000000", "4-check"),
            ("quality.min_side=12", "5-quality"),
            ("duplicates.pixels=false", "6-duplicates"),
            ("caps.min_images=2", "7-caps"),
            ("seed=1", "7-caps"),
            ("splits.val=0.3", "8-splits"),
            ("shards.size=20", "9-pack"),
        ],
    )
    def test_a_changed_setting_redoes_its_step_and_what_follows(
        self, curated: Path, tmp_path: Path, change: str, first: str | None
    ) -> None:
        out = tmp_path / "out"
        shutil.copytree(curated / "out", out)
        before = times(out)
        _curate_in(curated, change, out=out)
        assert redone(out, before) == [name.removesuffix(".json") for name in sorted(before) if first and name >= first]


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos and a backbone, and in `out` a curation of them with [quality]."""
    folder = tmp_path_factory.mktemp("curated")
    paint_photos(folder / "photos")
    write_backbone(folder / "backbone.parquet")
    _curate_in(folder, out=folder / "out")
    return folder


def _curate_in(folder: Path, *changes: str, out: Path) -> None:
    backbones = (str(folder / "backbone.parquet"),)
    call = SourceCall(source=folder / "photos")
    recipe = recipe_of(call, flags={"backbones": backbones}, changes=["quality.min_side=8", *changes])
    curate(recipe, out, handed=Handed(resolve=partial(resolve_names, backbones=backbones)), resume=out.exists())


def test_a_second_run_into_one_folder_is_refused_and_the_first_goes_on(
    photos: Path, run: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --force the second emptied the folder under the first, which then ended as if all were well."""
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    run(photos)
    before = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    [lock] = (tmp_path / "cache" / "locks").iterdir()
    with locked(lock, OutputExists("held")), pytest.raises(OutputExists, match="another process curates into"):
        run(photos, force=True)
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == before
    assert run(photos, force=True).kept == 39
