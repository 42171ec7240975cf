"""The shim beside pybioclip itself, on the same weights, label files and images: the same rows."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from thuja.compat import pybioclip as ours
from thuja.compat.pybioclip.names import Rank


@pytest.fixture(scope="module", name="theirs")
def reference() -> Any:
    """The package, imported once torchvision can be."""
    import bioclip.predict

    return bioclip.predict


@pytest.fixture(scope="module", name="their_tree")
def their_tree_of_life(theirs: Any) -> Any:
    return theirs.TreeOfLifeClassifier()


@pytest.fixture(scope="module", name="tree")
def tree_of_life() -> ours.TreeOfLifeClassifier:
    return ours.TreeOfLifeClassifier()


def assert_same_rows(got: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """The same keys in the same order, the same names, and scores within a ten-thousandth of each other."""
    assert [list(row) for row in got] == [list(row) for row in expected]
    names = [{key: value for key, value in row.items() if key != "score"} for row in got]
    assert names == [{key: value for key, value in row.items() if key != "score"} for row in expected]
    assert [row["score"] for row in got] == pytest.approx([row["score"] for row in expected], rel=1e-4)
    assert {type(row["score"]) for row in got} == {float}


@pytest.mark.parametrize("rank", list(Rank), ids=lambda rank: rank.get_label())
def test_rows_at_every_rank_are_pybioclips(
    theirs: Any, their_tree: Any, tree: ours.TreeOfLifeClassifier, photos: list[str], rank: Rank
) -> None:
    expected = their_tree.predict(photos, theirs.Rank[rank.name], k=4, batch_size=3)
    assert_same_rows(tree.predict(photos, rank, k=4, batch_size=3), expected)


def test_a_threshold_leaves_out_what_pybioclip_leaves_out(
    theirs: Any, their_tree: Any, tree: ours.TreeOfLifeClassifier, photos: list[str]
) -> None:
    """At 0.02 a few species of 300 pass, and in some taxa one alone."""
    for least, rank in ((1e-9, Rank.GENUS), (0.02, Rank.PHYLUM), (0.02, Rank.FAMILY), (0.2, Rank.GENUS)):
        expected = their_tree.predict(photos[:2], theirs.Rank[rank.name], min_prob=least, k=500)
        assert_same_rows(tree.predict(photos[:2], rank, min_prob=least, k=500), expected)


def test_custom_labels_are_pybioclips(theirs: Any, photos: list[str]) -> None:
    labels = [" raven", "a bird, perched", 'a "moth"', "Quercus robur", "Ökologie ", "raven"]
    expected = theirs.CustomLabelsClassifier(cls_ary=labels)
    got = ours.CustomLabelsClassifier(cls_ary=labels)
    torch.testing.assert_close(got.txt_embeddings, expected.txt_embeddings, atol=1e-6, rtol=0)
    assert_same_rows(got.predict(photos, k=3), expected.predict(photos, k=3))
    assert_same_rows(
        sorted(got.predict(photos), key=str), sorted(expected.predict(photos), key=str)
    )  # the equal scores of the label that stands twice have no order


def test_bins_are_pybioclips(theirs: Any, photos: list[str]) -> None:
    bins = {"raven": "bird", "magpie": "bird", "moth": "insect", "oak": "plant", "fern": "plant"}
    expected = theirs.CustomLabelsBinningClassifier(cls_to_bin=bins)
    got = ours.CustomLabelsBinningClassifier(cls_to_bin=bins)
    for k in (None, 2, 99):
        assert_same_rows(got.predict(photos, k=k), expected.predict(photos, k=k))


def test_a_subset_is_pybioclips(theirs: Any, photos: list[str], tmp_path: Path) -> None:
    (tmp_path / "subset.csv").write_text("Family,note\nFamily3idae,x\nFamily5idae,y\n", encoding="utf-8")
    reference, tree = theirs.TreeOfLifeClassifier(), ours.TreeOfLifeClassifier()
    # pybioclip looks the column up by its name in lower case, so that only such a header works there.
    (tmp_path / "lower.csv").write_text("family\nFamily3idae\nFamily5idae\n", encoding="utf-8")
    reference.apply_filter(reference.create_taxa_filter_from_csv(str(tmp_path / "lower.csv")))
    tree.apply_filter(tree.create_taxa_filter_from_csv(str(tmp_path / "subset.csv")))
    for rank in (Rank.FAMILY, Rank.SPECIES):
        expected = reference.predict(photos, theirs.Rank[rank.name], k=500)
        assert_same_rows(tree.predict(photos, rank, k=500), expected)


def test_label_data_and_filters_are_pybioclips(theirs: Any, their_tree: Any, tree: ours.TreeOfLifeClassifier) -> None:
    assert tree.get_label_data().equals(their_tree.get_label_data())
    for rank, names in ((Rank.GENUS, ["Twin"]), (Rank.SPECIES, ["Twin species25", "Genus1 species1"])):
        expected = their_tree.create_taxa_filter(theirs.Rank[rank.name], names)
        assert tree.create_taxa_filter(rank, names).equals(expected)


def test_features_and_probabilities_are_pybioclips(
    their_tree: Any, tree: ours.TreeOfLifeClassifier, photos: list[str]
) -> None:
    pictures = [Image.open(path) for path in photos]
    for normalize in (True, False):
        expected = their_tree.create_image_features([one.convert("RGB") for one in pictures], normalize=normalize)
        torch.testing.assert_close(
            tree.create_image_features(pictures, normalize=normalize), expected, atol=2e-5, rtol=0
        )
    prepared = torch.stack([tree.preprocess(one) for one in pictures])
    torch.testing.assert_close(
        prepared, torch.stack([their_tree.preprocess(one.convert("RGB")) for one in pictures]), atol=2e-5, rtol=0
    )
    torch.testing.assert_close(tree(prepared), their_tree(prepared), rtol=1e-3, atol=1e-7)


def test_a_model_of_another_name_is_prepared_as_its_folder_says(
    theirs: Any, hub_cache: Path, photos: list[str]
) -> None:
    (hub_cache / "models--someone--tiny").symlink_to(hub_cache / "models--imageomics--bioclip")
    labels = ["raven", "moth"]
    expected = theirs.CustomLabelsClassifier(labels, model_str="hf-hub:someone/tiny").predict(photos)
    assert_same_rows(ours.CustomLabelsClassifier(labels, model_str="hf-hub:someone/tiny").predict(photos), expected)


def test_images_may_be_pictures_one_or_many(tree: ours.TreeOfLifeClassifier, photos: list[str]) -> None:
    by_path = tree.predict(photos[:2], Rank.GENUS, k=1)
    by_picture = tree.predict([Image.open(path) for path in photos[:2]], Rank.GENUS, k=1)
    assert [row["file_name"] for row in by_path] == photos[:2]
    assert [row["file_name"] for row in by_picture] == ["0", "1"]
    assert [row["score"] for row in by_picture] == [row["score"] for row in by_path]
    assert tree.predict(photos[0], Rank.GENUS, k=1) == tree.predict(Path(photos[0]), Rank.GENUS, k=1) == by_path[:1]
    assert tree.predict(Image.open(photos[0]), Rank.GENUS, k=1) == by_picture[:1]  # pybioclip takes a list alone


def test_an_image_named_twice_is_answered_twice_and_in_memory_once(
    tree: ours.TreeOfLifeClassifier, photos: list[str]
) -> None:
    twice = tree.predict([photos[0], photos[1], photos[0]], Rank.SPECIES, k=2)
    assert [row["file_name"] for row in twice] == [photos[place] for place in (0, 0, 1, 1, 0, 0)]
    assert twice[:2] == twice[4:]


def test_progress_is_told_after_each_batch(tree: ours.TreeOfLifeClassifier, photos: list[str]) -> None:
    told: list[tuple[int, int]] = []
    tree.predict(photos, Rank.GENUS, batch_size=3, callback=lambda done, total: told.append((done, total)))
    assert told == [(3, 4), (4, 4)]
    told.clear()
    tree.predict(photos, Rank.GENUS, batch_size=None, callback=lambda done, total: told.append((done, total)))
    assert told == [(4, 4)]


def test_forward_answers_from_the_subset(photos: list[str]) -> None:
    """pybioclip's answers from all labels whatever filter is applied."""
    tree = ours.TreeOfLifeClassifier()
    prepared = tree.preprocess(Image.open(photos[0]))[None]
    tree.apply_filter([place < 7 for place in range(300)])
    assert tree(prepared).shape == (1, 7)
    assert float(tree(prepared).sum()) == pytest.approx(1, abs=1e-5)
