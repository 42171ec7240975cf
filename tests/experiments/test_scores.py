"""The scores, on vectors planted by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from thuja.biosphere.roles import Role
from thuja.errors import ThujaError
from thuja.experiments.scores import Pictures, few_shot_scores, retrieval_score, text_scores, trait_scores
from thuja.labels import LabelSpace
from thuja.record import Value
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float32]


def taxon(family: str, genus: str, epithet: str) -> Taxon:
    return Taxon.from_names(["Animalia", "Chordata", "Aves", f"{family}formes", f"{family}idae", genus, epithet])


SEEN = [taxon("Cor", "Corvus", "corax"), taxon("Cor", "Pica", "pica"), taxon("Ana", "Anas", "acuta")]
UNSEEN = [taxon("Cor", "Corvus", "corone"), taxon("Ana", "Aythya", "marila")]


def pictures(vectors: Floats, taxa: Sequence[Taxon], traits: Sequence[Mapping[str, Value]] = ()) -> Pictures:
    return Pictures(vectors=vectors, taxa=taxa, traits=traits or [{}] * len(taxa))


def labels(vectors: Floats, taxa: Sequence[Taxon]) -> LabelSpace:
    return LabelSpace(texts=[one.scientific_name for one in taxa], vectors=vectors, model="m", taxa=taxa)


def test_unseen_species_are_asked_by_the_clade_of_the_nearest_trained_one() -> None:
    """The raven's text takes the crow: its genus; the pintail's takes the scaup: its family, no genus is asked."""
    axes = np.eye(4, dtype=np.float32)
    test = pictures(axes[[0, 1, 2, 2]], [*SEEN, SEEN[1]])
    unseen = pictures(axes[[0, 2, 0]], [*UNSEEN, UNSEEN[1]])
    found = text_scores(test, unseen, labels(axes[:3], SEEN), unseen_labels=labels(axes[[0, 3]], UNSEEN))
    assert found["species"] == pytest.approx((1 + 0.5 + 1) / 3)
    assert found["unseen_genus"] == 1.0
    assert found["unseen_family"] == found["unseen_order"] == pytest.approx((1 + 0.5) / 2)
    assert "unseen_class" not in found
    assert found["unseen_species"] == pytest.approx((1 + 0) / 2)


def test_few_shots_find_what_lies_together_and_no_more() -> None:
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(5, 16))
    near = np.repeat(centres, 12, axis=0) + 0.1 * generator.normal(size=(60, 16))
    kinds = [taxon("Cor", f"Gen{n}", "a") for n in range(5) for _ in range(12)]
    noise = generator.normal(size=(60, 16))
    units = [(rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32) for rows in (near, noise)]
    found = few_shot_scores(pictures(units[1], kinds), pictures(units[0], kinds))
    assert found["unseen_5_shot"] == found["unseen_1_shot"] == 1.0
    assert found["seen_5_shot"] < 0.4


def test_a_trait_that_the_vectors_hold_is_read_and_one_that_they_lack_is_not() -> None:
    generator = np.random.default_rng(0)
    held, lacked = generator.random((2, 120))
    vectors = np.column_stack([held, generator.random((120, 3))]).astype(np.float32)
    traits = [
        {"elongation": float(one), "head_size": float(other), "habitat": "water" if one > 0.5 else "sand"}
        for one, other in zip(held, lacked, strict=True)
    ]
    kinds = [taxon("Cor", f"Gen{n}", "a") for n in range(20) for _ in range(6)]
    test, unseen = (pictures(vectors[part], kinds[part], traits[part]) for part in (slice(0, 60), slice(60, 120)))
    roles = {"elongation": Role.CONVERGENT.value, "head_size": Role.DECOY.value}
    found = trait_scores(test, unseen, roles)
    assert found["convergent"] > 0.95
    assert found["decoy"] < 0.1
    assert found["habitat"] > 0.9
    assert "diagnostic" not in found


def test_a_world_without_truth_has_no_trait_scores() -> None:
    kinds = [taxon("Cor", f"Gen{n}", "a") for n in range(4)]
    plain = pictures(np.eye(4, dtype=np.float32), kinds)
    assert trait_scores(plain, plain, {}) == {}


def test_a_text_is_retrieved_when_fewer_than_ten_lie_nearer() -> None:
    images = np.eye(2, dtype=np.float32)
    texts = np.stack([np.linspace(1, 0, 21), np.zeros(21)], axis=1).astype(np.float32)
    assert retrieval_score(images[:1], texts, np.array([9])) == 1.0
    assert retrieval_score(images[:1], texts, np.array([10])) == 0.0


def test_pictures_that_could_not_be_read_are_noticed() -> None:
    with pytest.raises(ThujaError, match="as many vectors as taxa and traits, got 1, 3 and 3"):
        pictures(np.zeros((1, 2), dtype=np.float32), SEEN)
