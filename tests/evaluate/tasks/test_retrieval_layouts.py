"""Mini data sets in the true layout, read by a lens that looks at the images' colours; and the real caption tables."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.protocols.captioned import TO_IMAGE, TO_TEXT, WITHOUT_NAME, Captioned
from thuja.evaluate.protocols.sentences import species_of, split_name, without_name
from thuja.evaluate.task import BOTH, Images, View, Way
from thuja.evaluate.tasks import cornell_bird, inquire, plant_id

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


def paint(path: Path, *colours: str) -> Path:
    """A picture of stripes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", (12, 12))
    for number, colour in enumerate(colours):
        picture.paste(COLOURS[colour], (number * 12 // len(colours), 0, 12, 12))
    picture.save(path, quality=95)
    return path


def look(images: Images) -> View:
    """How much of each colour an image shows; a text is the colours that it names."""
    assert images.missing() == []
    vectors = np.array([np.asarray(Image.open(path)).mean(axis=(0, 1)) / 255 for path in images.files()], np.float32)

    def texts(sentences: Sequence[str]) -> np.ndarray:
        words = [re.findall("[a-z]+", sentence.lower()) for sentence in sentences]
        named = np.array([[float(colour in said) for colour in COLOURS] for said in words], np.float32)
        return named / np.maximum(np.linalg.norm(named, axis=1, keepdims=True), 1)

    return View(vectors=vectors, texts=texts)


def write_csv(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def scores(opened, way: Way) -> dict[tuple[str, str], float]:
    outcome = opened.measure(look(opened.images), [way])
    return {(measure.part, measure.name): pytest.approx(measure.value, abs=1e-3) for measure in outcome.measures}


BIRDS = [
    {"": 0, "id": 11, "source_url": "u", "captions": "Red_Wing, Mostly red.", "md5": "a"},
    {"": 1, "id": 12, "source_url": "u", "captions": "Red_Wing, Green below.", "md5": "b"},
    {"": 2, "id": 13, "source_url": "u", "captions": "Blue_Wing, Mostly blue.", "md5": "c"},
    {"": 3, "id": 14, "source_url": "u", "captions": "Blue_Wing, Green below.", "md5": "d"},
]


@pytest.mark.parametrize(("task", "table"), [(cornell_bird.TASK, "cornell_bird.csv"), (plant_id.TASK, "plantID.csv")])
def test_a_mini_caption_set_scores_what_its_pictures_show(tmp_path: Path, task, table: str) -> None:
    """To the public way "ofRed" is no colour: two captions are green alone, and one of them finds the other's image."""
    write_csv(tmp_path / table, BIRDS)
    green = ["green", "green"]
    for name, colours in ((11, ["red"]), (12, ["red", *green]), (13, ["blue"]), (14, ["blue", *green])):
        paint(tmp_path / "images" / f"{name}.jpg", *colours)
    opened = task.read(tmp_path)
    assert opened.images.paths == tuple(f"images/{name}.jpg" for name in (11, 12, 13, 14))
    assert opened.head == "caption"
    public, corrected = scores(opened, Way.PUBLIC), scores(opened, Way.CORRECTED)
    for part in (TO_IMAGE, TO_TEXT):
        assert public[part, "R@1"] == 3 / 4
        assert corrected[part, "R@1"] == 1
        assert corrected[part + WITHOUT_NAME, "R@1"] == 1


def test_a_caption_table_laid_out_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"there is no cornell_bird\.csv") as caught:
        cornell_bird.TASK.read(tmp_path)
    assert "images/<id>.jpg" in caught.value.hint
    write_csv(tmp_path / "cornell_bird.csv", [{"id": 1, "caption": "x"}])
    with pytest.raises(BadFile, match="no column captions"):
        cornell_bird.TASK.read(tmp_path)
    write_csv(tmp_path / "cornell_bird.csv", [{"id": 1, "captions": "x"}, {"id": 1, "captions": "y"}])
    with pytest.raises(BadFile, match="the id 1 more than once"):
        cornell_bird.TASK.read(tmp_path)
    write_csv(tmp_path / "cornell_bird.csv", [{"id": 1, "captions": " "}])
    with pytest.raises(BadFile, match="1 rows without a caption, the first with id 1"):
        cornell_bird.TASK.read(tmp_path)
    (tmp_path / "cornell_bird.csv").write_text("id,captions\n")
    with pytest.raises(EmptyInput, match="has no row"):
        cornell_bird.TASK.read(tmp_path)


def real(shared: Path, folder: Path, task, file: str, table: str) -> Captioned:
    (folder / table).symlink_to(shared.resolve() / "data" / "benchmarks" / file)
    return task.read(folder)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("task", "file", "table", "rows", "captions", "pictures", "species", "words"),
    [
        (cornell_bird.TASK, "cornell_bird.csv", "cornell_bird.csv", 7007, 5913, 7007, 700, 22.19),
        (plant_id.TASK, "plantid.csv", "plantID.csv", 2349, 2349, 2314, 703, 16.23),
    ],
)
def test_the_real_tables_have_the_papers_counts(
    shared: Path, tmp_path: Path, task, file, table, rows, captions, pictures, species, words
) -> None:
    opened = real(shared, tmp_path, task, file, table)
    assert len(opened.images) == rows
    assert len(set(opened.captions)) == captions
    assert len(set(opened.pictures)) == pictures
    assert len(set(opened.species)) == species
    assert np.mean([len(caption.split()) for caption in opened.captions]) == pytest.approx(words, abs=0.005)


@pytest.mark.shared
def test_no_caption_of_the_real_tables_keeps_its_name(shared: Path, tmp_path: Path) -> None:
    """Told by another rule than the one that takes names out: letters alone, side by side."""

    def letters(text: str) -> str:
        return " ".join(re.findall("[a-z]+", text.lower().replace("'", "").replace("’", "")))

    repeated = 0
    for task, file, table in (
        (cornell_bird.TASK, "cornell_bird.csv", "cornell_bird.csv"),
        (plant_id.TASK, "plantid.csv", "plantID.csv"),
    ):
        for caption in real(shared, tmp_path, task, file, table).captions:
            name, rest = split_name(caption)
            repeated += f" {letters(name)} " in f" {letters(rest)} "
            assert f" {letters(name)} " not in f" {letters(without_name(caption))} "
            assert "_" not in name
    assert repeated >= 100


@pytest.mark.shared
@pytest.mark.parametrize(
    ("task", "file", "table", "alone"),
    [
        pytest.param(
            cornell_bird.TASK,
            "cornell_bird.csv",
            "cornell_bird.csv",
            [0.100, 0.498, 0.895],
            marks=pytest.mark.slow,
        ),
        (plant_id.TASK, "plantid.csv", "plantID.csv", [0.299, 0.947, 0.998]),
    ],
)
def test_a_lens_that_knows_the_species_alone_gets_what_the_notes_and_headers_say(
    shared: Path, tmp_path: Path, task, file, table, alone
) -> None:
    """A species has a code of its own, exact in float32, and so have its captions: all else ties."""
    opened = real(shared, tmp_path, task, file, table)
    names = sorted(set(opened.species))
    codes = np.sign(np.random.default_rng(0).standard_normal((len(names), 64))).astype(np.float32)
    code_of = dict(zip(names, codes, strict=True))

    def texts(sentences: Sequence[str]) -> np.ndarray:
        named = [species_of(sentence.removeprefix("a photo of").strip()) for sentence in sentences]
        return np.array([code_of.get(name, np.zeros(64, np.float32)) for name in named]) / 8

    view = View(vectors=np.array([code_of[name] for name in opened.species]), texts=texts)
    public = []
    for measure in opened.measure(view, BOTH).measures:
        chance, known = (float(part.split()[-1]) for part in measure.note.split(";")[:2])
        if WITHOUT_NAME in measure.part:
            assert measure.value == pytest.approx(chance, abs=1e-4)
        elif measure.way == Way.CORRECTED:
            assert measure.value == pytest.approx(known, abs=1e-3)
        elif measure.part == TO_TEXT:
            public.append(measure.value)
            assert known == pytest.approx(measure.value, abs=1e-3)
    assert public == pytest.approx(alone, abs=5e-4)


CLASSES = ("00001_Animalia_Chordata_Aves_A_B_C_d", "00002_Plantae_Tracheophyta_Magnoliopsida_A_B_C_e")
GALLERY = {
    f"train/{CLASSES[0]}/a.jpg": ["red"],
    f"train/{CLASSES[0]}/b.jpg": ["red", "green"],
    f"train/{CLASSES[1]}/c.jpg": ["green"],
    f"train/{CLASSES[1]}/d.jpg": ["blue"],
}


def inquire_folder(folder: Path, *, painted: Sequence[str] = tuple(GALLERY)) -> Path:
    for path in painted:
        paint(folder / "inat24" / path, *GALLERY[path])
    about = {"category": "c", "iconic_group": "Birds"}
    queries = [
        {"": 0, "query_id": 3, "query_text": "a red bird", "supercategory": "Appearance", **about},
        {"": 1, "query_id": 7, "query_text": 'something ""blue""', "supercategory": "Context", **about},
    ]
    write_csv(folder / "inquire" / "inquire_queries_test.csv", queries)
    write_csv(folder / "inquire" / "inquire_queries_val.csv", [{**queries[0], "query_id": 5}])
    a, b, c, d = GALLERY
    pairs = [(3, a), (3, b), (3, b), (7, c), (7, d), (5, a)]
    write_csv(
        folder / "inquire" / "inquire_annotations.csv",
        [{"query_id": query, "image_id": n, "image_path": path} for n, (query, path) in enumerate(pairs)],
    )
    return folder


def test_a_mini_inquire_scores_what_its_pictures_show(tmp_path: Path) -> None:
    """Red finds both; blue finds one, and its other, a green one, at a place among equals."""
    inquire_folder(tmp_path)
    (tmp_path / "inat24" / "train" / "list.txt").touch()
    (tmp_path / "inat24" / "train" / CLASSES[0] / ".hidden").touch()
    opened = inquire.FULL.read(tmp_path)
    assert opened.images.paths == tuple(f"inat24/{path}" for path in GALLERY)
    assert [query.relevant for query in opened.queries] == [(0, 1), (2, 3)]
    for way in BOTH:
        found = scores(opened, way)
        assert found["Appearance", "AP@50"] == 1
        assert found["Context", "MRR@50"] == 1
    note = opened.measure(look(opened.images), [Way.PUBLIC]).measures[0].note
    assert "among 4 of the gallery's 5,000,000 images" in note


def test_a_relevant_image_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    opened = inquire.FULL.read(inquire_folder(tmp_path, painted=tuple(GALLERY)[:3]))
    assert opened.images.missing() == [f"inat24/{tuple(GALLERY)[3]}"]
    assert opened.queries[1].relevant == (2, 3)
    rest = opened.select([0, 1, 2])
    assert rest.queries[1].relevant == (2,)


def test_an_inquire_laid_out_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"there is no inquire/inquire_queries_test\.csv"):
        inquire.FULL.read(tmp_path)
    inquire_folder(tmp_path, painted=())
    with pytest.raises(BadFile, match="there is no folder inat24/train"):
        inquire.FULL.read(tmp_path)
    write_csv(tmp_path / "inquire" / "inquire_annotations.csv", [{"query_id": 3, "path": "x"}])
    with pytest.raises(BadFile, match="has no column image_path"):
        inquire.FULL.read(tmp_path)


RERANKED = [
    ("red bird", "Appearance", 10, ["red"], 1),
    ("red bird", "Appearance", 11, ["blue"], 0),
    ("blue bird", "Behavior", 11, ["blue"], 0),
    ("blue bird", "Behavior", 12, ["red", "blue"], 1),
]


def rerank_rows(folder: Path) -> list[dict[str, object]]:
    rows = []
    for query, category, name, colours, relevant in RERANKED:
        data = paint(folder / f"{name}.jpg", *colours).read_bytes()
        rows.append(
            {
                "image": {"bytes": data, "path": f"{name}.jpg"},
                "query": query,
                "relevant": relevant,
                "clip_score": 0.5,
                "inat24_image_id": name,
                "supercategory": category,
            }
        )
    return rows


def test_a_mini_rerank_set_unpacks_its_images_once_and_scores_what_they_show(tmp_path: Path) -> None:
    rows = rerank_rows(tmp_path / "made")
    folder = tmp_path / "set"
    (folder / "data").mkdir(parents=True)
    for part in (0, 1):
        table = pa.Table.from_pylist(rows[2 * part : 2 * part + 2])
        pq.write_table(table, folder / "data" / f"test-0000{part}-of-00002.parquet")
    opened = inquire.RERANK.read(folder)
    assert opened.images.paths == ("images/10.jpg", "images/11.jpg", "images/12.jpg")
    assert (folder / "images" / "12.jpg").read_bytes() == rows[3]["image"]["bytes"]
    assert {query.text: (query.category, query.relevant, query.candidates) for query in opened.queries} == {
        "red bird": ("Appearance", (0,), (0, 1)),
        "blue bird": ("Behavior", (2,), (1, 2)),
    }
    for way in BOTH:
        found = scores(opened, way)
        assert (found["Appearance", "AP"], found["Behavior", "AP"], found["", "AP"]) == (1, 1 / 2, 3 / 4)
    (folder / "images" / "10.jpg").write_bytes(b"kept as it is")
    inquire.RERANK.read(folder)
    assert (folder / "images" / "10.jpg").read_bytes() == b"kept as it is"


def test_a_rerank_set_as_csv_takes_images_that_are_there(tmp_path: Path) -> None:
    rows = rerank_rows(tmp_path / "images")
    write_csv(tmp_path / "test.csv", [{name: row[name] for name in row if name != "image"} for row in rows])
    assert scores(inquire.RERANK.read(tmp_path), Way.PUBLIC)["", "AP"] == 3 / 4


def test_a_rerank_set_laid_out_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"there is no test\.csv") as caught:
        inquire.RERANK.read(tmp_path)
    assert "data/test-*.parquet" in caught.value.hint
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "test-0.parquet"
    pq.write_table(pa.table({"query": ["a"], "relevant": [1]}), file)
    with pytest.raises(BadFile, match="no column image, supercategory, inat24_image_id"):
        inquire.RERANK.read(tmp_path)
    file.write_bytes(b"PAR1")
    with pytest.raises(BadFile, match="not a Parquet file"):
        inquire.RERANK.read(tmp_path)
    file.unlink()
    row = {"query": "a", "relevant": 2, "inat24_image_id": 1, "supercategory": ""}
    write_csv(tmp_path / "test.csv", [row])
    with pytest.raises(BadFile, match='relevant: "2"'):
        inquire.RERANK.read(tmp_path)


def test_a_rerank_set_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    """An image's id is part of the file's name that it is unpacked to, and a downloaded table said where that was."""
    (row,) = rerank_rows(tmp_path / "made")[:1]
    (tmp_path / "set" / "data").mkdir(parents=True)
    table = pa.Table.from_pylist([{**row, "inat24_image_id": "../../outside"}])
    pq.write_table(table, tmp_path / "set" / "data" / "test-0.parquet")
    with pytest.raises(BadFile, match="outside the folder"):
        inquire.RERANK.read(tmp_path / "set")
    assert not (tmp_path / "outside.jpg").exists()
