"""The story of one image: found by whatever it is known by, told step by step, with its reason."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.curate.written_curation import TAXA, drop, name, source_rows, write_curation, write_small

from thuja.curate import CurateSummary
from thuja.curate.outputs import CurationFolder
from thuja.curate.story import Leak, find_images, hamming, read_story
from thuja.curate.story_text import tell
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.record import uuid_of_source


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("story"))


def test_a_kept_image_has_a_passage_a_step_and_lies_in_a_shard(data: Path) -> None:
    story = read_story(data, uuid_of_source("GBIF", "14"))
    assert [passage.step for passage in story.passages] == [
        "read", "names", "check", "quality", "people", "duplicates", "leaks", "splits", "pack",
    ]  # fmt: skip
    assert {passage.outcome for passage in story.passages} == {"kept"}
    filled = {passage.step: dict(passage.filled) for passage in story.passages}
    assert filled["splits"] == {"split": "train"}
    assert filled["pack"] == {"shard_filename": "train-00000.tar"}
    assert filled["duplicates"] == {}
    assert filled["names"]["scientific_name"] == "Quercus"
    assert story.drop is None
    text = tell(story)
    assert text.splitlines()[0] == f"{story.uuid}: kept, split train"
    assert "QUERCUS" in text
    assert "fuzzy, score 0.980: read as Quercus" in text
    assert "https://images.example/14.jpg" in text
    assert text.splitlines()[-1] == f"it lies in shards/train-00000.tar as {story.uuid}.jpg, split train"


def test_a_drop_is_told_with_what_was_measured_and_what_the_recipe_says(data: Path) -> None:
    story = read_story(data, uuid_of_source("GBIF", "5"))
    assert story.drop is not None
    assert (story.drop.step, story.drop.reason) == ("people", "person")
    assert story.drop.measured == {"person_score": 0.993}
    assert story.drop.settings == {"detector": "yunet", "min_score": 0.985}
    outcomes = {passage.step: passage.outcome for passage in story.passages}
    assert (outcomes["quality"], outcomes["people"], outcomes["pack"]) == ("kept", "dropped", "passed on")
    text = tell(story)
    assert "person_score       0.993" in text
    assert "recipe: people.min_score = 0.985" in text


def test_a_duplicate_is_told_with_the_copy_that_was_kept(data: Path) -> None:
    kept = uuid_of_source("GBIF", "10")
    story = read_story(data, uuid_of_source("EOL", "30"))
    assert story.kept_copy is not None
    assert story.kept_copy.facts["uuid"] == kept
    assert story.kept_copy.distance == 2
    changed = next(passage.changed for passage in story.passages if passage.step == "duplicates")
    assert set(changed) == {"pdq"}
    assert f"the copy that was kept: {kept}, 2 of 256 bits" in tell(story)
    assert read_story(data, kept).copies == 2
    assert "2 other images were dropped as copies of this one" in tell(read_story(data, kept))


def test_a_leak_is_told_with_its_sets_and_keys(data: Path) -> None:
    story = read_story(data, uuid_of_source("GBIF", "40"))
    assert story.leaks == [Leak(benchmark="newt", key="pdq"), Leak(benchmark="fishnet", key="source_url")]
    assert "found in the evaluation set fishnet, by source_url" in tell(story)


def test_an_image_is_found_by_whatever_it_is_known_by(data: Path) -> None:
    uuid = uuid_of_source("GBIF", "14")
    path = data.parent / "images" / "14.jpg"
    for word in (
        uuid, uuid.upper(), uuid[:13], f" {uuid} ", "14", "https://images.example/14.jpg", str(path), "images/14.jpg",
        f"{14:064x}",
    ):  # fmt: skip
        assert find_images(CurationFolder.open(data), word) == [uuid], word


def test_a_word_that_means_several_images_names_them(data: Path) -> None:
    both = sorted(uuid_of_source("EOL" if number % 3 == 0 else "GBIF", f"{number}") for number in (14, 15))
    assert find_images(CurationFolder.open(data), "occurrence:7") == both
    with pytest.raises(UsageError, match='"occurrence:7" means 2 images') as refusal:
        read_story(data, "occurrence:7")
    assert refusal.value.hint == f"name one of them: {', '.join(both)}"


def test_a_word_that_means_no_image_is_one_sentence(data: Path, tmp_path: Path) -> None:
    for word in ("https://images.example/999.jpg", "no such image", "ffffffff-ffff-5fff-bfff-ffffffffffff"):
        with pytest.raises(EmptyInput, match="no image of"):
            read_story(data, word)
    with pytest.raises(UsageError, match="an empty word"):
        read_story(data, " ")
    with pytest.raises(EmptyInput, match="is not a folder that thuja curate made"):
        read_story(tmp_path, "14")


def test_the_story_so_far_of_a_curation_that_was_cut_short(tmp_path: Path) -> None:
    rows = source_rows(tmp_path)
    data = write_curation(tmp_path / "data", rows, {"read": lambda row: {}, "names": name}, complete=False)
    story = read_story(data, "3")
    assert not story.is_settled
    assert [passage.step for passage in story.passages] == ["read", "names"]
    assert tell(story).splitlines()[0] == f"{story.uuid}: kept so far"


def test_a_row_dropped_as_it_was_read_keeps_its_reason(tmp_path: Path) -> None:
    rows = source_rows(tmp_path)
    data = write_curation(tmp_path / "data", rows, {"read": lambda row: drop("no_image"), "names": name})
    story = read_story(data, "3")
    assert [passage.outcome for passage in story.passages] == ["dropped", "passed on"]
    assert story.drop is not None
    assert (story.drop.step, story.drop.reason, dict(story.drop.settings)) == ("read", "no_image", {})


def test_a_story_is_json(data: Path) -> None:
    story = read_story(data, uuid_of_source("EOL", "30"))
    told = json.loads(json.dumps(asdict(story)))
    assert told["drop"]["reason"] == "near_duplicate"
    assert told["facts"]["kingdom"] == TAXA[told["facts"]["scientific_name"]][0]


def test_a_step_whose_table_is_cut_short_is_one_sentence(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    table = data / "steps" / "3-quality" / "unit-00000" / "rows.parquet"
    table.write_bytes(table.read_bytes()[:-100])
    with pytest.raises(BadFile, match=r"the tables in .* cannot be read") as refusal:
        read_story(data, "14")
    assert refusal.value.hint == "resume the curation, or make it anew"
    table.unlink()
    with pytest.raises(BadFile, match="holds no Parquet file"):
        read_story(data, "14")


def test_hamming_counts_the_bits_that_differ() -> None:
    assert hamming("ff" * 32, "fe" + "ff" * 31) == 1
    assert hamming("00" * 32, "ff" * 32) == 256
    assert hamming(None, "00") is None
    assert hamming("no hash", "00") is None


def test_a_real_curation_tells_its_stories(photos: Path, run: Callable[..., CurateSummary], tmp_path: Path) -> None:
    (photos / "Pica pica" / "cut.jpg").write_bytes((photos / "Pica pica" / "0.jpg").read_bytes()[:500])
    run(photos)
    cut = read_story(tmp_path / "out", "Pica pica/cut.jpg")
    assert cut.drop is not None
    assert (cut.drop.step, cut.drop.reason) == ("check", "truncated")
    kept = read_story(tmp_path / "out", str(photos / "Pica pica" / "0.jpg"))
    assert kept.facts["family"] == "Corvidae"
    assert str(kept.facts["shard_filename"]).endswith(".tar")


def test_an_id_in_whole_goes_before_the_beginning_of_a_uuid(tmp_path: Path) -> None:
    """A source id such as 4567 found the image whose uuid begins so."""
    rows = source_rows(tmp_path)[:4]
    rows[0] |= {"uuid": "45670000-0000-5000-8000-000000000000"}
    rows[1] |= {"source_id": "4567"}
    rows[2] |= {"observation_id": "77"}
    rows[3] |= {"source_id": "77"}
    curation = CurationFolder.open(write_curation(tmp_path / "data", rows, {"read": lambda row: {}, "names": name}))
    assert find_images(curation, "4567") == [rows[1]["uuid"]]
    assert find_images(curation, "45670") == [rows[0]["uuid"]]
    assert find_images(curation, "77") == sorted([rows[2]["uuid"], rows[3]["uuid"]])
