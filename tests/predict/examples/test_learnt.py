import csv
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from thuja.classify.examples.heads import HeadKind
from thuja.embeddings import Embeddings
from thuja.encode import Encoder, encode_images
from thuja.errors import BadFile, EmptyInput, OutputExists, ThujaError, UnknownName, UsageError
from thuja.labels import LabelSpace
from thuja.predict.examples.blended import align
from thuja.predict.examples.learnt import Examples, LearnOptions
from thuja.predict.examples.report import told_examples
from thuja.predict.examples.rows import ExampleClass, ExampleColumns, read_examples
from thuja.predict.examples.store import load_examples, save_examples
from thuja.taxonomy import Taxon

RAVEN = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"], "raven")
MAGPIE = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Pica", "pica"], "magpie")
NEW = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Zzyx", "nova"])
"""No name that a backbone would have to be asked about."""
PEA = Taxon.from_names(["Plantae", "", "", "Fabales", "Fabaceae", "Pica", "pica"])


def paint(path: Path, colour: tuple[int, int, int], seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(-20, 20, (20, 24, 3))
    Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Folders of a species, of a label with a comma, quotes and Unicode, and of another; one photo is cut short."""
    folder = tmp_path / "photos"
    colours = {"Corvus_corax": (20, 20, 30), 'été, "vert"': (40, 200, 60), "rouge": (220, 30, 30)}
    for number, (name, colour) in enumerate(colours.items()):
        for place in range(4):
            paint(folder / name / f"{place}.png", colour, 10 * number + place)
    (folder / "rouge" / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    paint(folder / "stray.png", (0, 0, 0), 99)
    return folder


def embedded(count=60, *, classes=3, dim=8, columns=None, model="m", seed=0) -> Embeddings:
    generator = np.random.default_rng(seed)
    truth = np.arange(count) % classes
    vectors = np.eye(dim)[truth] + 0.3 * generator.normal(size=(count, dim))
    shown = [[RAVEN, MAGPIE, NEW][label].to_columns() for label in truth]
    table = {name: [row[name] for row in shown] for name in shown[0]} | (columns or {})
    return Embeddings(
        ids=[f"{row}.jpg" for row in range(count)],
        vectors=vectors.astype(np.float32),
        model=model,
        columns=pa.table(table),
    )


def learnt(path: Path, embeddings: Embeddings | None = None, *, model="m", head="centroid", **columns) -> Examples:
    (embeddings or embedded()).save(path / "vectors.parquet")
    options = LearnOptions(head=head, columns=ExampleColumns(**columns))
    return Examples.learn(path / "vectors.parquet", None, options, model=model)


def test_a_folder_a_class_teaches_its_classes(tiny_model, photos):
    encode = partial(encode_images, Encoder.plain(tiny_model))
    examples = Examples.learn(photos, encode, LearnOptions(head="centroid"), model=tiny_model.id)
    assert list(examples.texts) == ["Corvus corax", "rouge", 'été, "vert"']
    assert [taxon and taxon.family for taxon in examples.taxa] == ["Corvidae", None, None]
    assert sorted(failure.reason for failure in examples.failures) == ["no_label", "truncated"]
    asked = encode([(str(place), photos / name / "0.png") for place, name in enumerate(("rouge", "Corvus_corax"))])
    assert examples.judge(asked.embeddings.vectors).argmax(axis=1).tolist() == [1, 0]
    lines = "\n".join(map(str, told_examples(examples)))
    assert "12 images of 3 classes, 12 observations" in lines
    assert "1 cannot be used (truncated)" in lines


def test_a_table_teaches_labels_and_targets_with_whole_observations_left_out(tiny_model, photos, tmp_path):
    with (photos / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "what", "animal", "length"])
        for row, name in enumerate(("Corvus_corax", 'été, "vert"', "rouge") * 4):
            writer.writerow([f"{name}/{row // 3}.png", name, f"animal {row // 2}", "" if row == 5 else 3.5 * row])
    encode = partial(encode_images, Encoder.plain(tiny_model))
    columns = ExampleColumns(label="what", observation="animal", targets=["length"])
    examples = Examples.learn(photos / "table.csv", encode, LearnOptions(columns=columns), model=tiny_model.id)
    assert len(set(examples.observations.tolist())) == 6
    target = examples.targets["length"]
    assert (target.kind, target.empty, len(target.rows)) == ("number", 1, 11)
    guess = examples.guesses(examples.vectors[:1])["length"][0]
    assert isinstance(guess.value, float)
    assert guess.low is None  # six observations are too few for nine of ten


def test_what_is_saved_answers_the_same_and_is_refused_for_another_model(tmp_path):
    columns = {
        "habitat": [["forest", "field"][row % 2] for row in range(60)],
        "marks": [["white;black", "white", "black"][row % 3] for row in range(60)],
        "length": [float(row % 7) for row in range(60)],
    }
    for head in HeadKind:
        examples = learnt(tmp_path, embedded(columns=columns), head=head.value, targets=list(columns))
        save_examples(examples, tmp_path / head.value)
        loaded = load_examples(tmp_path / head.value, model="m")
        asked = embedded(seed=5).vectors
        np.testing.assert_array_equal(loaded.judge(asked), examples.judge(asked))
        assert loaded.guesses(asked) == examples.guesses(asked)
        assert list(told_examples(loaded)) == list(told_examples(examples))
        assert (loaded.texts, loaded.taxa) == (examples.texts, examples.taxa)
        with pytest.raises(UsageError, match="learnt with the model m, not with other"):
            load_examples(tmp_path / head.value, model="other")
        with pytest.raises(OutputExists):
            save_examples(examples, tmp_path / head.value)
    assert Embeddings.load(tmp_path / "knn" / "examples.parquet").vectors.dtype == np.float16
    (tmp_path / "knn" / "heads.npz").write_bytes(b"cut")
    with pytest.raises(BadFile, match="no saved examples that can be read"):
        load_examples(tmp_path / "knn", model="m")


def test_embeddings_of_another_model_are_refused(tmp_path):
    with pytest.raises(UsageError, match="embedded by m, not by the model other"):
        learnt(tmp_path, model="other")


def test_copies_count_as_one_observation(tmp_path):
    """A copy that stays while its twin is left out is found again, and every label looks learnt."""
    generator = np.random.default_rng(0)
    vectors = np.repeat(generator.normal(size=(30, 8)), 2, axis=0).astype(np.float32)
    labels = np.repeat(generator.integers(3, size=30), 2)
    embeddings = Embeddings(
        ids=[f"{row}.jpg" for row in range(60)],
        vectors=vectors,
        model="m",
        columns=pa.table({"label": [f"class {label}" for label in labels]}),
    )
    examples = learnt(tmp_path, embeddings, head="knn")
    assert examples.copies == 30
    assert examples.head is not None
    assert examples.head.accuracy is not None
    assert examples.head.accuracy.value < 0.6
    assert examples.head.accuracy.groups == 30


def test_a_genus_and_an_epithet_are_looked_up(tmp_path):
    """Without a kingdom or family beside them they say no lineage, and no clade could be left out."""
    columns = {"genus": ["Corvus", "Pica", "Zzyx"] * 20, "species": ["corax", "pica", "nova"] * 20}
    plain = embedded()
    examples = learnt(tmp_path, replace(plain, columns=pa.table(columns)))
    assert list(examples.texts) == ["Corvus corax", "Pica pica", "Zzyx nova"]
    assert [taxon and taxon.family for taxon in examples.taxa] == ["Corvidae", "Corvidae", None]


def test_two_taxa_of_one_name_are_two_classes(tmp_path):
    taxa = [MAGPIE, PEA, RAVEN] * 20
    columns = {name: [taxon.to_columns()[name] for taxon in taxa] for name in MAGPIE.to_columns()}
    embeddings = embedded(columns=columns)
    examples = learnt(tmp_path, embeddings)
    assert list(examples.texts) == ["Corvus corax", "Pica pica", "Pica pica"]
    labels = LabelSpace(texts=["a", "b"], vectors=np.eye(2, 8), model="m", taxa=[PEA, MAGPIE])
    assert align(examples.classes, labels).tolist() == [-1, 1, 0]


def test_classes_find_their_labels_by_taxon_name_or_common_name():
    labels = LabelSpace(
        texts=["Corvus corax", "Pica pica", "Pica pica"], vectors=np.eye(3), model="m", taxa=[RAVEN, MAGPIE, PEA]
    )
    shown = [ExampleClass(text="Raven"), ExampleClass(text="pica_pica"), ExampleClass(text="Corvus corax")]
    assert align(shown, labels).tolist() == [0, -1, -1]  # the name is two labels', and one label is one class's
    custom = LabelSpace(texts=["a bird", "A moth"], vectors=np.eye(2), model="m")
    assert align([ExampleClass(text="a moth"), ExampleClass(text="x")], custom).tolist() == [1, -1]


def test_blended_with_labels_the_union_is_answered(tmp_path):
    examples = learnt(tmp_path)
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(4, 8))
    other = Taxon.from_names(["Animalia", "", "", "", "", "Anas", "crecca"])
    labels = LabelSpace(
        texts=["Corvus corax", "Pica pica", "Anas crecca"],
        model="m",
        taxa=[RAVEN, MAGPIE, other],
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:3].astype(np.float16),
    )
    blended = examples.blended(labels, scale=10.0)
    assert blended.labels.texts == ["Corvus corax", "Pica pica", "Anas crecca", "Zzyx nova"]
    assert (blended.new, blended.places.tolist()) == (1, [0, 1, 3])
    asked = embedded(seed=5)
    found = np.concatenate(list(blended.judge(asked.normalized().vectors)))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    right = np.array([0, 1, 3])[np.arange(60) % 3]
    assert (found.argmax(axis=1) == right).mean() > 0.8
    assert blended.accuracy is not None
    assert blended.by_text is not None
    assert blended.accuracy.value > blended.by_text.value
    with pytest.raises(UsageError, match="labels were made by n, the examples by m"):
        examples.blended(LabelSpace(texts=["a"], vectors=np.ones((1, 8)), model="n"), scale=10.0)
    with pytest.raises(UsageError, match="between 0 and 1"):
        examples.blended(labels, scale=10.0, weight=1.5)


def test_one_class_teaches_targets_alone(tmp_path):
    columns = {"sex": [["male", "female"][row % 2] for row in range(40)]}
    embeddings = embedded(40, classes=1, columns=columns)
    with pytest.raises(EmptyInput, match="all of one class, Corvus corax"):
        learnt(tmp_path, embeddings)
    examples = learnt(tmp_path, embeddings, targets=["sex"])
    assert examples.head is None
    assert "sex" in examples.targets
    with pytest.raises(UsageError, match="teach targets alone"):
        examples.judge(examples.vectors)


def test_vectors_that_do_not_fit_are_refused(tmp_path):
    examples = learnt(tmp_path)
    with pytest.raises(ThujaError, match="do not fit examples of 8 dimensions"):
        examples.judge(np.ones((2, 5)))
    with pytest.raises(ThujaError, match="not a number"):
        examples.judge(np.full((1, 8), np.nan))


def test_examples_that_are_not_numbers_are_rows_with_an_error(tmp_path):
    embeddings = embedded()
    embeddings.vectors[3] = np.nan
    examples = learnt(tmp_path, embeddings)
    assert [(failure.id, failure.reason) for failure in examples.failures] == [("3.jpg", "not_finite")]
    assert len(examples) == 59


def test_sources_that_cannot_be_learnt_from_say_why(tmp_path, photos):
    with pytest.raises(UsageError, match="no folder or table"):
        read_examples(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptyInput, match="no image in the folders"):
        read_examples(tmp_path / "empty")
    with pytest.raises(UsageError, match="a folder of images has no target column"):
        read_examples(photos, ExampleColumns(targets=["sex"]))
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageError, match="neither a folder nor a table"):
        read_examples(tmp_path / "notes.txt")
    (tmp_path / "t.csv").write_text("file,size\na.jpg,3\n")
    with pytest.raises(UsageError, match="no column that says what its images show"):
        read_examples(tmp_path / "t.csv")
    for columns in (ExampleColumns(label="sort"), ExampleColumns(label="size", observation="o")):
        with pytest.raises(UnknownName):
            read_examples(tmp_path / "t.csv", columns)
    with pytest.raises(UnknownName, match="target column"):
        read_examples(tmp_path / "t.csv", ExampleColumns(label="size", targets=["sex:category"]))


def test_images_of_which_none_can_be_read_are_refused(tiny_model, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / "x.jpg").write_bytes(b"no image")
    with pytest.raises(EmptyInput, match="none of the 2 examples can be used"):
        Examples.learn(tmp_path / "bad", partial(encode_images, Encoder.plain(tiny_model)), model=tiny_model.id)


@pytest.mark.shared
def test_photos_that_programs_stumble_over_are_rows_with_an_error(tiny_model, shared):
    """Two folders of odd files: each is learnt from or has its reason, and none ends the run."""
    encode = partial(encode_images, Encoder.plain(tiny_model))
    examples = Examples.learn(shared / "photos" / "robust", encode, LearnOptions(head="centroid"), model=tiny_model.id)
    rows = read_examples(shared / "photos" / "robust")
    assert len(examples) + len(examples.failures) == len(rows)
    assert len(examples) > 10
    assert all(failure.reason and failure.message for failure in examples.failures)
    assert list(examples.texts) == ["exif", "pillow"]


def test_the_digest_knows_all_that_decides_an_answer(tmp_path):
    """A job went on, and a calibration was taken, with examples whose cells or observations were others."""
    sizes = np.arange(60, dtype=np.float64)

    def examples(sizes=sizes, observations=range(60)):
        columns = {"size": sizes, "observation_id": [str(one) for one in observations]}
        return learnt(tmp_path, embedded(columns=columns), targets=("size:number",))

    same = examples().digest
    assert examples().digest == same
    save_examples(examples(), tmp_path / "saved")
    assert load_examples(tmp_path / "saved").digest == same
    assert examples(sizes=sizes[::-1]).digest != same
    assert examples(observations=np.arange(60) // 4).digest != same


@pytest.mark.parametrize("broken", [b"PK\x03\x04 cut off", b"", b"no archive"])
def test_saved_examples_whose_arrays_are_broken_are_refused_in_a_sentence(tmp_path, broken):
    save_examples(learnt(tmp_path), tmp_path / "saved")
    (tmp_path / "saved" / "heads.npz").write_bytes(broken)
    with pytest.raises(BadFile, match="no saved examples that can be read"):
        load_examples(tmp_path / "saved")
