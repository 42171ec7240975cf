"""Explanations hold what the posterior says, lie where the model looked, and survive any file name."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from thuja.classify import Tree, marginals, roll_up, zero_shot
from thuja.encode import encode_images
from thuja.errors import OutputExists, ThujaError
from thuja.images import Preparation
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.attribution import contrast_map
from thuja.predict import Answer, Judgement, Prediction
from thuja.predict.why.explaining import Explainer
from thuja.predict.why.explanations import ROWS, Explanation, box_of, open_folder, safe_stem, save_explanations, share
from thuja.predict.why.overlay import GAIN, LOSS, overlaid
from thuja.taxonomy import Rank, Taxon

SCALE = 9.0


@pytest.fixture
def model(model_folder: Path) -> Model:
    return Model.load(model_folder)


@pytest.fixture
def labels(model_folder: Path) -> LabelSpace:
    return LabelSpace.load(model_folder / "labels")


def vector_of(model: Model, path: Path) -> np.ndarray:
    return encode_images(model, [("x", path)]).embeddings.vectors[0]


def predicted(
    vector: np.ndarray, labels: LabelSpace, path: Path, *, rank: Rank = Rank.SPECIES, k: int = 1
) -> Prediction:
    [block] = marginals(vector[None], labels, scale=SCALE, k=k)
    best, tree = block.clades[rank], Tree.of(labels)
    told = zip(best.indices[0].tolist(), best.scores[0].tolist(), strict=True)
    answers = [
        Answer(text=tree.taxa[rank][place].scientific_name, taxon=tree.taxa[rank][place], score=score)
        for place, score in told
    ]
    return Prediction(file_name=str(path), judgement=Judgement(answers=tuple(answers)))


@pytest.mark.parametrize("rank", [Rank.KINGDOM, Rank.GENUS, Rank.SPECIES])
def test_the_rival_is_the_likeliest_of_all_others_and_siblings_are_told_with_their_probabilities(
    model: Model, labels: LabelSpace, pictures: Path, rank: Rank
) -> None:
    path = pictures / "a.png"
    vector = vector_of(model, path)
    posterior, taxa = roll_up(zero_shot(vector[None], labels, scale=SCALE), labels, rank)
    known = dict(zip(taxa, posterior[0].tolist(), strict=True))
    told = predicted(vector, labels, path, rank=rank, k=2)
    found = Explainer(model, labels, scale=SCALE, rank=rank).explain(path, vector, told)
    order = sorted(taxa, key=lambda taxon: -known[taxon])
    assert found.answer.taxon == order[0]
    assert found.rival is not None
    assert found.rival.taxon == order[1]
    for sibling in found.siblings:
        assert sibling.taxon is not None
        assert sibling.score == pytest.approx(known[sibling.taxon], rel=1e-4)
        assert found.clade is None or sibling.taxon.is_within(found.clade)


def test_the_map_is_that_of_the_contrast_of_the_two_labels(model: Model, labels: LabelSpace, pictures: Path) -> None:
    path = pictures / "a.png"
    vector = vector_of(model, path)
    found = Explainer(model, labels, scale=SCALE).explain(path, vector, predicted(vector, labels, path, k=2))
    assert found.rival is not None
    assert found.rival.taxon is not None
    assert found.answer.taxon is not None
    rows = [labels.taxa.index(one) for one in (found.answer.taxon, found.rival.taxon)]
    direction = np.asarray(labels.vectors[rows[0]], np.float32) - np.asarray(labels.vectors[rows[1]], np.float32)
    with Image.open(path) as image:
        expected = contrast_map(model, model.preparation(image), direction)
    np.testing.assert_allclose(found.heat, expected, atol=1e-6)
    assert found.seen == (0, 0, 1, 1)


def test_a_genus_speaks_by_all_its_species(model: Model, labels: LabelSpace, pictures: Path) -> None:
    path = pictures / "a.png"
    vector = vector_of(model, path)
    explainer = Explainer(model, labels, scale=SCALE, rank=Rank.KINGDOM)
    told = predicted(vector, labels, path, rank=Rank.KINGDOM, k=2)
    found = explainer.explain(path, vector, told)
    weights = np.exp(SCALE * np.asarray(labels.vectors, np.float64) @ vector)
    voices = []
    for answer in told.answers:
        rows = [row for row, taxon in enumerate(labels.taxa) if taxon.at(Rank.KINGDOM) == answer.taxon]
        voices.append(weights[rows] @ np.asarray(labels.vectors[rows], np.float64) / weights[rows].sum())
    with Image.open(path) as image:
        expected = contrast_map(model, model.preparation(image), (voices[0] - voices[1]).astype(np.float32))
    np.testing.assert_allclose(found.heat, expected, atol=1e-5)


def test_custom_labels_are_weighed_against_each_other(model: Model, labels: LabelSpace, pictures: Path) -> None:
    custom = LabelSpace(texts=["a", "b", "c", "d"], vectors=labels.vectors, model=labels.model)
    answers = (Answer(text="c", score=0.6), Answer(text="a", score=0.3), Answer(text="b", score=0.1))
    told = Prediction(file_name="x", judgement=Judgement(answers=answers))
    path = pictures / "a.png"
    found = Explainer(model, custom, scale=SCALE).explain(path, vector_of(model, path), told)
    assert (found.rival, found.siblings, found.clade) == (answers[1], answers[1:], None)
    assert found.heat is not None
    bins = Prediction(file_name="x", judgement=Judgement(answers=(Answer(text="a bin", score=0.6), answers[1])))
    assert Explainer(model, custom, scale=SCALE).explain(path, vector_of(model, path), bins).heat is None
    by_members = Explainer(model, custom, scale=SCALE, members=lambda answer: np.array([len(answer.text) % 2]))
    assert by_members.explain(path, vector_of(model, path), bins).heat is not None


def test_a_taxon_that_no_label_is_of_is_weighed_against_the_other_answers(
    model: Model, labels: LabelSpace, pictures: Path
) -> None:
    """Examples may teach a species that the label space does not have."""
    path = pictures / "a.png"
    answers = (Answer(text="x y", taxon=Taxon(genus="x", species="y"), score=0.7), Answer(text="z", score=0.2))
    told = Prediction(file_name="x", judgement=Judgement(answers=answers))
    found = Explainer(model, labels, scale=SCALE).explain(path, vector_of(model, path), told)
    assert (found.siblings, found.rival, found.heat) == (answers[1:], answers[1], None)
    assert found.to_png().startswith(b"\x89PNG")


def test_the_map_lies_on_the_box_and_on_what_the_preparation_keeps_of_it(
    model: Model, labels: LabelSpace, pictures: Path
) -> None:
    model.preparation = replace(model.preparation, mode="crop")
    image = Image.new("RGB", (200, 100))
    told = predicted(vector_of(model, pictures / "a.png"), labels, pictures / "a.png", k=2)
    explainer = Explainer(model, labels, scale=SCALE)
    vector = vector_of(model, pictures / "a.png")
    found = explainer.explain(image, vector, told)
    assert found.seen == pytest.approx((0.25, 0, 0.75, 1))
    found = explainer.explain(image, vector, replace(told, box="0.5,0.2,0.2,0.8"))  # 100, 20, 40 x 80 pixels
    assert found.seen == pytest.approx((0.5, 0.4, 0.7, 0.8))


@given(st.integers(24, 250), st.integers(24, 250), st.sampled_from(["squash", "crop"]), st.sampled_from([0.875, 1.0]))
def test_what_a_preparation_sees_is_what_it_resizes(width: int, height: int, mode: str, fraction: float) -> None:
    """Of an image whose colours tell the place, the prepared one tells where each of its pixels came from."""
    preparation = Preparation(size=16, mode=mode, crop_fraction=fraction)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    image = Image.fromarray(np.stack([across, down, across], axis=-1).astype(np.uint8))
    left, top, right, bottom = preparation.seen_box(width, height)
    found = preparation.resized(image)[3:-3, 3:-3].astype(float)  # at the border there is less to interpolate
    steps = (np.arange(3, 13) + 0.5) / 16
    np.testing.assert_allclose(found[..., 0], np.broadcast_to(left + steps * (right - left) - 0.5, (10, 10)), atol=1.5)
    np.testing.assert_allclose(found[..., 1].T, np.broadcast_to(top + steps * (bottom - top) - 0.5, (10, 10)), atol=1.5)


def test_orange_lies_where_the_map_is_positive_and_blue_where_it_is_not() -> None:
    heat = np.zeros((4, 4), dtype=np.float32)
    heat[0, 0], heat[3, 3] = 1.0, -1.0
    drawn = np.asarray(overlaid(Image.new("RGB", (80, 40), (200, 200, 200)), heat, (0.5, 0, 1, 1))).astype(int)
    assert np.abs(drawn[2, 42] - GAIN).sum() < 140
    assert np.abs(drawn[37, 77] - LOSS).sum() < 140
    np.testing.assert_array_equal(drawn[20, 60], (200, 200, 200))  # neither
    assert drawn[20, 20].min() > 220  # not seen


def explanation(file_name: str, **changes: object) -> Explanation:
    answer = Answer(text="Corvus corax", score=0.9)
    told = Prediction(file_name=file_name, judgement=Judgement(answers=(answer,), path=(answer,)), **changes)  # type: ignore[arg-type]
    return Explanation(
        prediction=told,
        answer=answer,
        rival=Answer(text="Größe 渡鴉", score=0.05),
        clade=None,
        siblings=(),
        others=0,
        others_score=0.0,
        image=Image.new("RGB", (30, 20), "red"),
        seen=(0.0, 0.0, 1.0, 1.0),
        heat=np.ones((2, 2), dtype=np.float32),
    )


def test_every_explanation_has_a_file_and_a_row_whatever_it_is_called(tmp_path: Path) -> None:
    names = [
        "a/raven.jpg",
        "b/raven.JPG",
        "b/Raven.png",
        "../../etc/passwd",
        "x\\y\\raven.jpg",
        "\udcff.jpg",
        "a" * 300,
    ]
    names += ["", "/", "渡鴉.jpg", "<script>.jpg", "con.jpg", "a\0b\nc.jpg", "https://x.org/p/1.jpg?size=2#top"]
    count = save_explanations(tmp_path / "out", [explanation(name) for name in names])
    rows = [json.loads(line) for line in (tmp_path / "out" / ROWS).read_text().splitlines()]
    assert [row["file_name"] for row in rows] == names
    files = [row["png"] for row in rows]
    assert len({file.casefold() for file in files}) == count == len(names)
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == set(files)
    assert files[:3] == ["raven.png", "raven-2.png", "Raven-3.png"]
    for file in files:
        with Image.open(tmp_path / "out" / file) as image:
            assert image.size[0] >= 160


@given(st.text("aé渡/\\<>.: \0\n-_?#|*", max_size=150))
def test_a_safe_stem_is_one_short_name(name: str) -> None:
    stem = safe_stem(name)
    assert stem
    assert len(stem.encode()) <= 121
    assert not set(stem) & set('/\\<>:"|?*\0\n\r ')
    assert stem.strip(".") == stem


def test_boxes_of_one_image_are_explained_each_and_nothing_twice(tmp_path: Path) -> None:
    first, second = explanation("a.jpg", box="0,0,1,1"), explanation("a.jpg", box="0,0,0.5,1")
    with open_folder(tmp_path / "out") as folder:
        assert [folder.add(one).name for one in (first, second, first)] == ["a.png", "a-2.png", "a.png"]
    rows = [json.loads(line) for line in (tmp_path / "out" / ROWS).read_text().splitlines()]
    assert [(row["box"], row["png"]) for row in rows] == [("0,0,1,1", "a.png"), ("0,0,0.5,1", "a-2.png")]
    with pytest.raises(OutputExists), open_folder(tmp_path / "out"):
        pass
    assert save_explanations(tmp_path / "out", [second], force=True) == 1
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["a.png"]


def test_what_cannot_be_explained_is_said(model: Model, labels: LabelSpace, pictures: Path) -> None:
    explainer = Explainer(model, labels, scale=SCALE)
    with pytest.raises(ThujaError, match="no answer to explain for bad"):
        explainer.explain(pictures / "a.png", np.zeros(8, np.float32), Prediction(file_name="bad.jpg", error="cut"))
    for text in ("", "1,2,3", "a,b,c,d", "nan,0,1,1", "0,0,0,1"):
        with pytest.raises(ThujaError, match="not a box"):
            box_of(text)


@pytest.mark.parametrize(
    ("score", "said"), [(0, "0 %"), (1e-9, "<1 %"), (0.5, "50 %"), (0.9999, ">99 %"), (1, "100 %")]
)
def test_a_share_never_claims_certainty_that_is_not_there(score: float, said: str) -> None:
    assert share(score) == said
