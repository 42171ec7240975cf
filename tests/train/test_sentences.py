"""What is true of what where lineages are incomplete and words are shared."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from thuja.record import Record
from thuja.taxonomy import Rank, Taxon
from thuja.train import Objective
from thuja.train.drawing import Draw, clade_keys, speak
from thuja.train.loss import Keys
from thuja.train.sentences import share_sentences
from thuja.train.world import ALONE

AMERICAN = Taxon(class_="Aves", family="Turdidae", genus="Turdus", species="migratorius", common="robin")
EUROPEAN = Taxon(class_="Aves", family="Muscicapidae", genus="Erithacus", species="rubecula", common="robin")
RAVEN = Taxon(class_="Aves", order="Passeriformes", genus="Corvus", species="corax", common="raven")


def spoken(taxa: list[Taxon], kinds: list[str]) -> tuple[Keys, torch.Tensor]:
    """What is said of images of these taxa, each by a text of its kind; and the numbers of the sentences."""
    parts = [
        speak(
            Draw(objective=Objective(), levels=np.array([Rank.SPECIES]), numbers=np.zeros(1), kind=kind),
            [Record(uuid="", path="", taxon=taxon)],
        )
        for taxon, kind in zip(taxa, kinds, strict=True)
    ]
    image, text, level = (
        torch.from_numpy(np.concatenate([getattr(part, name) for part in parts]))
        for name in ("image_keys", "keys", "levels")
    )
    return Keys(image=image, text=text, level=level), image[:, -1]


def truth(keys: Keys) -> list[list[int]]:
    """1 where the text of the column is true of the image of the row."""
    return (keys.image[:, keys.level] == keys.text).int().tolist()


def test_a_common_name_of_two_species_is_true_of_both_and_nothing_else_is() -> None:
    """The same sentence was once right for one of two images that are both taught by it, and wrong for the other."""
    keys, sentence = spoken([AMERICAN, EUROPEAN, AMERICAN, RAVEN], ["com", "com", "sci", "com"])
    assert truth(keys) == [[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    assert truth(share_sentences(keys, sentence, ALONE)) == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]]


def test_a_species_is_one_whatever_is_known_above_it() -> None:
    """A raven with its order and one without were once each other's negatives, by the same sentence."""
    bare = Taxon(genus="Corvus", species="corax")
    assert clade_keys(bare)[-2:] == clade_keys(RAVEN)[-2:]
    assert clade_keys(RAVEN)[2] != clade_keys(bare)[2]
    keys, _ = spoken([RAVEN, bare], ["sci", "sci"])
    assert truth(keys) == [[1, 1], [1, 1]]
    label = Taxon(species="calanoid")
    assert clade_keys(label)[-1] != clade_keys(Taxon(genus="Copepod", species="calanoid"))[-1]


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 2)), min_size=1, max_size=12))
def test_no_own_words_are_a_negative_and_without_shared_words_nothing_changes(rows: list[tuple[int, int]]) -> None:
    """Images of six clades, each taught by one of three sentences, or by none."""
    clade, said = (torch.tensor(column) for column in zip(*rows, strict=True))
    image = torch.stack([torch.where(clade < 0, -1, clade // 2), clade, torch.where(clade < 0, -1, said + 50)], dim=1)
    keys = Keys(image=image, text=clade, level=torch.ones_like(clade))
    found = torch.tensor(truth(share_sentences(keys, image[:, -1], ALONE)), dtype=torch.bool)
    is_there = clade >= 0
    by_words = (said[:, None] == said) & is_there & is_there[:, None]
    assert found[by_words].all()
    alone = share_sentences(keys, torch.where(is_there, clade, -1), ALONE)
    assert alone is keys
