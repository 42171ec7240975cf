"""Arms on captions: what each is taught, whose captions they are, and cells from end to end."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.biosphere.captioner import Captioner
from thuja.errors import EmptyInput, UsageError
from thuja.experiments import Cell
from thuja.experiments.captions.arms import Lesson, caption_arms, makers_of
from thuja.experiments.captions.grounds import open_grounds
from thuja.experiments.captions.makers import Maker, Recaptioned, make_captions, named, read_captions, table_of
from thuja.experiments.captions.making import make_for_captions
from thuja.experiments.measuring import Measuring
from thuja.experiments.sizes import SIZES
from thuja.experiments.worlds import open_world, place_of
from thuja.images import Preparation
from thuja.phrasing import CAPTION
from thuja.taxonomy import Taxon
from thuja.train import Recipe

KEPT = Preparation(size=18, mode="squash")
ARMS = {arm.label: arm for arm in caption_arms(SIZES["wide"].recipe)}


def lesson_of(label: str) -> Lesson:
    lesson = ARMS[label].setup
    assert isinstance(lesson, Lesson)
    return lesson


def test_captions_are_a_second_objective_under_one_projector_or_two() -> None:
    one, two = lesson_of("captions/true_one").recipe, lesson_of("captions/true_two").recipe
    assert one.heads == ()
    assert [(head.name, head.has_own_temperature) for head in two.heads] == [(CAPTION, True)]
    assert [objective.is_captions for objective in two.streams[0].objectives] == [False, True]
    assert lesson_of("captions/none").recipe.streams[0].objectives == one.streams[0].objectives[:1]


def test_the_arms_say_whose_captions_they_need() -> None:
    makers = {maker.name: maker.erring for maker in makers_of(ARMS.values())}
    assert makers["bare"] is makers["guided"] is None
    assert makers["missing-30"] == Captioner(omission=0.3)
    assert makers["invented-60"] == Captioner(substitution=0.6, hallucination=0.6)


def test_a_source_with_other_captions_keeps_its_pictures(small_world: Path) -> None:
    life = open_world(small_world.parent, KEPT).life
    rows = np.arange(3)
    old = life.records(rows)
    told = Recaptioned(whole=life, captions={record.uuid: "A thing." for record in old}, is_named=True)
    fetched = told.fetch(rows[::-1])
    assert [record.uuid for record in fetched.records] == [record.uuid for record in old][::-1]
    assert [record.caption for record in told.records(rows)] == [f"{record.taxon.common}: a thing." for record in old]
    assert told.records(np.array([5]))[0].caption == ""
    assert (fetched.pixels == life.fetch(rows[::-1]).pixels).all()
    assert told.fingerprint != life.fingerprint
    assert named(Taxon(genus="Corvus", species="corax"), "A bird.") == "Corvus corax: a bird."
    with pytest.raises(EmptyInput, match="none of the pictures has a caption"):
        Recaptioned(whole=life, captions={"nobody": "A thing."}, is_named=False)


def test_a_maker_who_errs_writes_a_table_once_and_any_other_has_to_be_there(small_world: Path) -> None:
    folder, half = small_world.parent, Maker(name="half", erring=Captioner(omission=0.5))
    make_captions(folder, half)
    told = read_captions(folder, half)
    true = {record.uuid: record.caption for record in open_world(folder, KEPT).train.records}
    shorter = sum(len(told[uuid]) < len(caption) for uuid, caption in true.items())
    assert len(true) > shorter > len(true) / 2
    before = table_of(folder, half).stat().st_mtime_ns
    make_captions(folder, half)
    assert table_of(folder, half).stat().st_mtime_ns == before
    with pytest.raises(UsageError, match=r"no captions in .*captions-bare\.parquet"):
        read_captions(folder, Maker(name="bare"))


def test_a_cell_is_asked_for_names_captions_traits_and_looks(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    arms = {arm.label: arm for arm in caption_arms(tiny_recipe)}
    folder = small_world.parent
    uuids = [record.uuid for record in open_world(folder, KEPT).train.records]
    pq.write_table(pa.table({"uuid": uuids, "caption": ["A bird."] * len(uuids)}), table_of(folder, Maker(name="bare")))
    try:
        measure = Measuring(out=tmp_path)
        cells = {
            name: Cell(arm=arms[f"captions/{name}"], place=place_of("w", folder), seed=0)
            for name in ("bare_two", "untrained", "pixels")
        }
        found = {name: measure(cell) for name, cell in cells.items()}
    finally:
        table_of(folder, Maker(name="bare")).unlink()
    wanted = {"species_new_template", "to_text_named_known_words", "to_image", "text_cca"}
    for name in ("bare_two", "untrained"):
        assert wanted | {"named", "unnamed", "image_r2", "seen_5_shot"} <= set(found[name])
    assert {"named", "unnamed", "image_r2", "seen_5_shot"} <= set(found["pixels"])
    assert not wanted & set(found["pixels"])
    assert found["bare_two"]["named"] != found["untrained"]["named"]


def test_pictures_are_drawn_on_grounds_once_and_tied_as_often_as_asked(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    folder = small_world.parent
    arms = {arm.label: arm for arm in caption_arms(tiny_recipe)}
    chosen = [arms[f"grounds_90/{name}"] for name in ("names", "captions", "pixels")]
    with pytest.raises(UsageError, match="not drawn on grounds"):
        Measuring(out=tmp_path)(Cell(arm=chosen[0], place=place_of("w", folder), seed=0))
    make_for_captions(folder, arms=chosen)
    before = (folder / "grounds.parquet").stat().st_mtime_ns
    make_for_captions(folder, arms=chosen)
    assert (folder / "grounds.parquet").stat().st_mtime_ns == before
    world = open_world(folder, KEPT)
    loose, tied = (open_grounds(folder, world.train, world.test, share=share) for share in (0, 90))
    images = {row["uuid"]: row for row in pq.read_table(folder / "grounds.parquet").to_pylist()}
    uuids = [record.uuid for record in world.train.records]
    is_own = [
        np.array([grounds.train.read(row) == images[uuid]["own"] for row, uuid in enumerate(uuids)])
        for grounds in (loose, tied)
    ]
    assert (is_own[0] <= is_own[1]).all()
    assert 0.05 < is_own[0].mean() < 0.4
    assert 0.8 < is_own[1].mean() < 1
    assert [tied.own.read(0), tied.other.read(0)] == [
        images[world.test.records[0].uuid][ground] for ground in ("own", "other")
    ]
    for arm in chosen:
        found = Measuring(out=tmp_path)(Cell(arm=arm, place=place_of("w", folder), seed=0))
        assert found["fall_by_mean"] == pytest.approx(found["own_by_mean"] - found["other_by_mean"])
        assert ("fall_by_name" in found) == (arm.name != "pixels")
