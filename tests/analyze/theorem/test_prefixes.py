"""The second proposition on the causal text tower itself: what texts with one beginning share, and what they do not."""

import numpy as np
import pytest
import torch

from thuja.analyze.space import Prototypes
from thuja.analyze.theorem import gram_fits
from thuja.model.config import TextConfig
from thuja.model.text import TextTower
from thuja.taxonomy import Taxon

TAXA = [
    Taxon.from_names(["k0", "p0", "c0", f"o{row // 8}", f"f{row // 4}", f"g{row // 2}", f"s{row}"]) for row in range(16)
]
_WORDS = sorted({name for taxon in TAXA for name in taxon.names})
_START, _END = len(_WORDS), len(_WORDS) + 1


@pytest.fixture(scope="module")
def tower() -> TextTower:
    """An untrained tower whose weights are wide enough that each block does something."""
    config = TextConfig(context_length=16, vocab_size=_END + 1, width=64, heads=2, layers=2)
    built = TextTower(config, 64, act="gelu")
    built.initialize_text(torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in built.parameters():
            if parameter.ndim > 1:
                parameter.mul_(3)
    return built.double().eval()


def tokens_of(taxon: Taxon, *, is_reversed: bool = False) -> list[int]:
    words = [_WORDS.index(name) for name in taxon.names]
    return [_START, *(reversed(words) if is_reversed else words), _END]


def states(tower: TextTower, tokens: list[int]) -> np.ndarray:
    with torch.no_grad():
        rows = torch.tensor([tokens])
        x = tower.token_embedding(rows) + tower.positional_embedding[: rows.shape[1]]
        return tower.transformer(x, is_causal=True)[0].numpy()


def test_states_of_a_shared_prefix_are_the_same_whatever_follows(tower: TextTower) -> None:
    """Kingdom to genus are shared: 7 states with the start are equal, the two that differ are not."""
    first, second = (states(tower, tokens_of(taxon)) for taxon in TAXA[:2])
    np.testing.assert_allclose(first[:7], second[:7], atol=1e-12)
    assert (np.abs(first[7:] - second[7:]).max(axis=1) > 1e-3).all()


def test_reversed_lineages_share_no_state_but_the_start(tower: TextTower) -> None:
    first, second = (states(tower, tokens_of(taxon, is_reversed=True)) for taxon in TAXA[:2])
    np.testing.assert_allclose(first[0], second[0], atol=1e-12)
    assert (np.abs(first[1:] - second[1:]).max(axis=1) > 1e-4).all()


def test_one_layer_of_attention_keeps_texts_within_the_weight_of_what_differs() -> None:
    """At the end the same query looks at the same prefix: outputs differ by at most (s_a + s_b) times the diameter."""
    generator = np.random.default_rng(0)
    for shared in (1, 4, 7):
        prefix = generator.standard_normal((shared, 2, 6))
        suffixes = [generator.standard_normal((8 - shared, 2, 6)) for _ in range(2)]
        query, outputs, weights, values = generator.standard_normal(6), [], [], []
        for suffix in suffixes:
            keys, held = np.concatenate([prefix, suffix]).transpose(1, 0, 2)
            attention = np.exp(keys @ query)
            attention /= attention.sum()
            outputs.append(attention @ held)
            weights.append(attention[shared:].sum())
            values.append(held)
        every = np.concatenate(values)
        diameter = max(np.linalg.norm(every - each, axis=1).max() for each in every)
        assert np.linalg.norm(outputs[0] - outputs[1]) <= sum(weights) * diameter


def test_an_untrained_tower_already_follows_the_tree_by_shared_words(tower: TextTower) -> None:
    """In either order: the proposition bounds how far kin may part, and shared words alone bring them near."""
    with torch.no_grad():
        kinds = {
            name: Prototypes(
                taxa=TAXA,
                vectors=tower.text_embeddings(torch.tensor([tokens_of(t, is_reversed=back) for t in TAXA])).numpy(),
            )
            for name, back in (("taxonomic", False), ("reversed", True))
        }
    for found in gram_fits(kinds, np.random.default_rng(0), permutations=39):
        assert found.spearman is not None
        assert found.spearman.value > 0.3
