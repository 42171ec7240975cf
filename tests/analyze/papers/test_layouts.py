"""Each public layout is read as it lies, and what does not fit it is said in one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.analyze.papers.making import (
    FINCHES,
    encode,
    make_finches,
    make_fishnet,
    make_inat21,
    make_newt,
    make_plantdoc,
    paint,
    write_csv,
)

from thuja.analyze.papers import PAPERS, Listed, find_paper, from_embeddings, see
from thuja.analyze.papers.plantdoc import read_class
from thuja.embeddings import Embeddings
from thuja.errors import BadFile, EmptyInput, ThujaError, UnknownName, UsageError
from thuja.taxonomy import Rank, Taxon


def read(name: str, folder: Path, table: Path | None = None) -> Listed:
    return find_paper(name).read(folder, table)


def test_finches_are_read_with_their_beaks_and_found_by_uuid(tmp_path) -> None:
    make_finches(tmp_path)
    listed = read("darwin-finches", tmp_path)
    assert len(listed) == 5 * len(FINCHES)
    assert listed.taxa[0].binomial == "Geospiza fuliginosa"
    assert listed.taxa[0].family == "Thraupidae"
    assert listed.paths[0] == "images/0000-0.jpg"
    assert listed.columns["beak_size"][:6] == [6, 6, 6, 6, 6, 7]


def test_beaks_come_from_a_table_where_the_list_has_none(tmp_path) -> None:
    make_finches(tmp_path, beaks=False)
    with pytest.raises(BadFile, match="says no size of beaks") as error:
        read("darwin-finches", tmp_path)
    assert "--table beaks.csv" in error.value.hint
    table = tmp_path / "beaks.csv"
    write_csv(table, [{"species": f"Geospiza {name}", "beak size": 5 + n} for n, name in enumerate(FINCHES)][:-1])
    sizes = read("darwin-finches", tmp_path, table).columns["beak_size"]
    assert sizes[0] == 5
    assert sizes[-1] is None
    write_csv(table, [{"species": "Corvus corax", "beak_size": 70}])
    with pytest.raises(BadFile, match="names none of the finches"):
        read("darwin-finches", tmp_path, table)


def test_fishes_of_the_test_set_are_read_by_their_columns(tmp_path) -> None:
    make_fishnet(tmp_path)
    listed = read("fishnet-freshwater", tmp_path)
    assert len(listed) == 12 * 4 * 2 + 1
    assert listed.paths[0] == "Image_Library/F0idae/f0-0-0.png"
    assert listed.taxa[0].order == "Order0"
    assert listed.columns["freshwater"][:3] == ["freshwater", "freshwater", "not freshwater"]
    assert listed.taxa[-1].binomial == ""
    assert "1 images have a genus and no species" in listed.notes[1]


def test_tasks_of_age_and_sex_are_taken_of_newt_and_others_left(tmp_path) -> None:
    make_newt(tmp_path)
    listed = read("newt-stage-sex", tmp_path)
    assert len(listed) == 12 * 9
    assert listed.taxa[0].binomial == "Haliaeetus leucocephalus"
    assert set(listed.columns["life_stage"]) == {"adult", "not adult", None}
    assert set(listed.columns["sex"]) == {"female", "male", None}
    moa = next(taxon for taxon in listed.taxa if "moa" in taxon.species)
    assert moa.binomial == "(unnamed) crested moa"
    assert any("crested moa" in note for note in listed.notes)


def test_newt_as_released_has_no_sex_and_says_so(tmp_path) -> None:
    make_newt(tmp_path, sexed=False)
    listed = read("newt-stage-sex", tmp_path)
    assert list(listed.columns) == ["life_stage"]
    assert any("sex is not asked" in note for note in listed.notes)


@pytest.mark.parametrize(
    ("name", "plant", "ailment"),
    [
        ("Tomato leaf late blight", "Solanum lycopersicum", "late blight"),
        ("Tomato two spotted spider mites leaf", "Solanum lycopersicum", "two spotted spider mites"),
        ("Bell_pepper leaf spot", "Capsicum annuum", "spot"),
        ("Apple Scab Leaf", "Malus domestica", "scab"),
        ("grape leaf", "Vitis vinifera", ""),
        ("Soyabean leaf", "Glycine max", ""),
        ("Squash Powdery mildew leaf", "Cucurbita pepo", "powdery mildew"),
        ("Okra leaf rust", "(unnamed) okra", "rust"),
    ],
)
def test_a_class_of_plantdoc_is_a_crop_and_an_ailment(name, plant, ailment) -> None:
    taxon, found = read_class(name)
    assert taxon.binomial == plant
    assert found == ailment


def test_leaves_are_healthy_or_diseased_in_both_splits(tmp_path) -> None:
    make_plantdoc(tmp_path)
    paint(tmp_path / "train" / "others" / "1.jpg", np.zeros(8))
    listed = read("plantdoc-health", tmp_path)
    assert len(listed) == 9 * 8
    assert set(zip(listed.columns["health"], listed.columns["ailment"], strict=True)) >= {
        ("healthy", None),
        ("diseased", "late blight"),
    }
    assert any("1 images lie in folders whose names are no class" in note for note in listed.notes)


def test_inat21_is_the_same_by_its_json_and_by_its_folders(tmp_path) -> None:
    make_inat21(tmp_path)
    by_json = read("inat21-tree", tmp_path)
    (tmp_path / "val.json").unlink()
    by_folder = read("inat21-tree", tmp_path)
    assert by_json.taxa[0].common == "thing 0"
    assert by_json.paths == by_folder.paths
    assert by_json.taxa == by_folder.taxa
    assert by_json.taxa[0][Rank.FAMILY] == "F0idae"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_an_empty_folder_is_told_how_it_should_lie(paper, tmp_path) -> None:
    with pytest.raises(BadFile) as error:
        paper.read(tmp_path, None)
    assert error.value.hint == paper.layout


def test_missing_columns_and_odd_answers_are_named(tmp_path) -> None:
    make_fishnet(tmp_path)
    write_csv(tmp_path / "other.csv", [{"image": "a.jpg", "Folder": "F"}])
    with pytest.raises(BadFile, match=r"has no column species, Genus, Family, Order, Class, freshwater; it has image"):
        read("fishnet-freshwater", tmp_path, tmp_path / "other.csv")
    text = (tmp_path / "test.csv").read_text(encoding="utf-8")
    (tmp_path / "test.csv").write_text(text.replace("F0idae,1", "F0idae,maybe", 1), encoding="utf-8")
    with pytest.raises(BadFile, match='row 2: freshwater is 0 or 1, got "maybe"'):
        read("fishnet-freshwater", tmp_path)


def test_a_name_with_a_comma_outside_quotes_is_said(tmp_path) -> None:
    make_finches(tmp_path)
    path = tmp_path / "metadata" / "Darwin-finches.csv"
    path.write_text(path.read_text(encoding="utf-8").replace('"', ""), encoding="utf-8")
    with pytest.raises(BadFile, match=r"row 2 of .* has 4 cells, and the header 3") as error:
        read("darwin-finches", tmp_path)
    assert "quotes" in error.value.hint


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([], "is no COCO file"),
        ({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}, "has no categories"),
        ({"categories": [{"id": 1}], "annotations": [], "images": []}, "has a category without a lineage"),
        ({"categories": [{"id": 1, "genus": "A"}], "annotations": [{"image_id": 1}], "images": []},
         "has annotations without category_id"),
    ],
)  # fmt: skip
def test_a_broken_json_is_said(facts, why, tmp_path) -> None:
    (tmp_path / "val.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(BadFile, match=why):
        read("inat21-tree", tmp_path)


def test_a_table_cannot_lead_out_of_the_folder(tmp_path) -> None:
    with pytest.raises(BadFile, match="outside"):
        Listed(folder=tmp_path, paths=["../a.jpg"], taxa=[Taxon()])


def test_a_layout_without_a_table_refuses_one(tmp_path) -> None:
    for name in ("newt-stage-sex", "plantdoc-health"):
        with pytest.raises(UsageError):
            read(name, tmp_path, tmp_path / "table.csv")
    with pytest.raises(UnknownName, match='unknown paper: "newt"'):
        find_paper("newt")


def test_missing_images_are_left_out_of_model_and_control_alike(tmp_path) -> None:
    make_plantdoc(tmp_path)
    listed = read("plantdoc-health", tmp_path)
    listed.files[3].unlink()
    listed.files[5].write_bytes(b"broken")

    def half(files):
        vectors = encode(files)
        vectors[7] = np.nan
        return vectors

    seen = see(listed, encode, controls={"half": half})
    assert len(seen.space) == len(listed) - 3 == len(seen.listed)
    assert listed.paths[3] not in seen.listed.paths
    assert "3 of 72 images are missing or unreadable" in seen.listed.notes[-1]
    np.testing.assert_array_equal(seen.space.vectors, encode(seen.listed.files))
    with pytest.raises(EmptyInput, match="none of 72 images could be read"):
        see(listed, lambda files: np.full((len(files), 2), np.nan))
    with pytest.raises(ThujaError, match="expected 72 vectors by the model"):
        see(listed, lambda files: np.zeros((3, 2)))


@pytest.mark.parametrize(
    "name_of",
    [
        lambda listed, row: str(listed.files[row]),
        lambda listed, row: listed.paths[row],
        lambda listed, row: f"elsewhere/{listed.paths[row]}",
        lambda listed, row: f"https://example.org/photos/{listed.ids[row]}.jpeg",
        lambda listed, row: listed.ids[row],
    ],
    ids=["file", "path", "end of the path", "uuid as a name", "uuid"],
)
def test_embeddings_are_joined_however_they_name_the_images(name_of, tmp_path) -> None:
    make_finches(tmp_path)
    listed = read("darwin-finches", tmp_path)
    order = np.random.default_rng(0).permutation(len(listed))[1:]
    vectors = encode(listed.files).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    embeddings = Embeddings(ids=[name_of(listed, row) for row in order], vectors=vectors[order], model="m")
    seen = see(listed, from_embeddings(embeddings, listed))
    assert len(seen.space) == len(listed) - 1
    np.testing.assert_allclose(seen.space.vectors, vectors[np.sort(order)])


def test_names_that_stand_twice_join_nothing(tmp_path) -> None:
    """PlantDoc calls an image of every class `1.jpg`."""
    make_plantdoc(tmp_path)
    listed = read("plantdoc-health", tmp_path)
    embeddings = Embeddings(ids=["1", "2"], vectors=np.eye(2, dtype=np.float32), model="m")
    with pytest.raises(BadFile, match="know none of 72 images"):
        from_embeddings(embeddings, listed)


def test_fewer_species_and_images_are_drawn_at_random_and_said(tmp_path) -> None:
    make_inat21(tmp_path)
    listed = read("inat21-tree", tmp_path).drawn(np.random.default_rng(0), species=5, per_species=2)
    assert len(listed) == 10
    assert len(set(listed.taxa)) == 5
    assert "10 of 48 images were drawn" in listed.notes[-1]
