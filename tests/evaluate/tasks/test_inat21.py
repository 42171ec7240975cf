"""iNat21 from its folders, and what its JSON adds."""

import json
from pathlib import Path

import pytest
from tests.evaluate.tasks.minis import found, value, view_of, write_images

from thuja.errors import BadFile
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks import inat21

FOLDERS = (
    "00042_Animalia_Chordata_Aves_Passeriformes_Corvidae_Corvus_corax",
    "00043_Animalia_Chordata_Aves_Passeriformes_Corvidae_Corvus_corone",
    "05000_Plantae_Tracheophyta_Liliopsida_Poales_Poaceae_Avena_fatua",
)


def inat(folder: Path, *, facts: bool) -> None:
    paths = [f"val/{name}/{n}.jpg" for name in FOLDERS for n in range(2)]
    write_images(folder, paths)
    if facts:
        images = [
            {"file_name": path, "rights_holder": "jo", "date": f"2015-05-0{1 + n // 3} 12:0{n}:00+00:00",
             "latitude": 1.5, "longitude": 2}
            for n, path in enumerate(paths)
        ]  # fmt: skip
        images[5]["rights_holder"] = None
        categories = [{"image_dir_name": FOLDERS[0], "common_name": "Common Raven"}]
        (folder / "val.json").write_text(json.dumps({"images": images, "categories": categories}))


def test_inat21_is_read_from_its_folders_and_scored_by_rank(tmp_path) -> None:
    inat(tmp_path, facts=False)
    task = inat21.read(tmp_path)
    assert task.classes.names == ("Corvus corax", "Corvus corone", "Avena fatua")
    assert task.classes.texts[0] == "Animalia Chordata Aves Passeriformes Corvidae Corvus corax"
    outcome = task.measure(view_of(task, [0, 1, 1, 1, 2, 0]), BOTH)
    assert value(outcome, "top-1") == pytest.approx(4 / 6)
    assert value(outcome, "top-1", "genus", Way.CORRECTED) == pytest.approx(5 / 6)
    assert value(outcome, "macro top-1", "kingdom", Way.CORRECTED) == pytest.approx((1 + 0.5) / 2)
    assert found(outcome, "accuracy", "1-shot", Way.CORRECTED).note.count("no observation is known") == 1


def test_inat21s_json_adds_common_names_and_observations(tmp_path) -> None:
    inat(tmp_path, facts=True)
    task = inat21.read(tmp_path)
    assert task.classes.texts[0].endswith("Corvus corax with common name Common Raven")
    assert task.observations == (*["jo 2015-05-01 1.5 2"] * 3, *["jo 2015-05-02 1.5 2"] * 2, "")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("val/birds/1.jpg", "", 'not an iNat21 folder name: "birds"'),
        ("val.json", "{", "val.json is not JSON"),
        ("val.json", "[]", "val.json has no list of images and categories"),
        ("val.json", '{"images": [{"id": 1}], "categories": []}', "val.json has images without file_name"),
        ("val.json", '{"images": [], "categories": {"a": 1}}', "val.json has categories without image_dir_name"),
    ],
)
def test_inat21_laid_out_otherwise_is_told(tmp_path, name, text, why) -> None:
    inat(tmp_path, facts=False)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    with pytest.raises(BadFile, match=why):
        inat21.read(tmp_path)
