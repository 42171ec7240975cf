"""The control wordings: what each takes away, and what it keeps."""

import pickle
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.experiments.controls import (
    CONTROLS,
    BinomialOnly,
    ReversedRanks,
    random_names,
    shuffled_names,
    wording_of,
)
from thuja.phrasing import PHRASES, phrase
from thuja.taxonomy import Rank, Taxon

RAVEN = Taxon.from_names(
    ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"], "common raven"
)


def species(count: int) -> list[Taxon]:
    """Species in uneven clades: one family of three genera, others of one."""
    return [
        Taxon.from_names(
            ["Animalia", "Chordata", "Aves", f"Ordo{n // 6}", f"Fam{n // 3 if n > 8 else 0}", f"Gen{n // 2}", f"ep{n}"],
            f"bird {n}",
        )
        for n in range(count)
    ]


def test_binomial_only_leaves_genus_and_epithet_of_any_type() -> None:
    wording = BinomialOnly()
    assert wording(RAVEN, "taxon") == "a photo of Corvus corax."
    assert wording(RAVEN, "taxon_com") == "a photo of Corvus corax with common name Corvus corax."
    assert wording(RAVEN.at(Rank.FAMILY), "taxon") == "a photo of Corvidae."


def test_reversed_ranks_turn_the_lineage_and_nothing_else() -> None:
    wording = ReversedRanks()
    assert wording(RAVEN, "taxon") == "a photo of corax Corvus Corvidae Passeriformes Aves Chordata Animalia."
    assert wording(RAVEN, "taxonTag").startswith("a photo of species corax genus Corvus family Corvidae")
    assert wording(RAVEN, "sci_com") == phrase(RAVEN, "sci_com")


def words(texts: Sequence[str]) -> Counter[str]:
    return Counter(text for text in texts)


@given(st.integers(2, 40), st.integers(0, 5), st.sampled_from(sorted(PHRASES)))
def test_shuffled_names_keep_every_text_and_change_whose_it_is(count: int, seed: int, kind: str) -> None:
    """Clade sizes and lengths are those of the same multiset of names."""
    taxa = species(count)
    wording = shuffled_names(taxa, np.random.default_rng(seed))
    said = [wording(taxon, kind) for taxon in taxa]
    assert words(said) == words([phrase(taxon, kind) for taxon in taxa])
    for rank in Rank:
        sizes = Counter(Counter(taxon.at(rank) for taxon in taxa).values())
        assert Counter(Counter(wording.names[taxon].at(rank) for taxon in taxa).values()) == sizes


def test_shuffled_names_part_kin() -> None:
    taxa = species(60)
    wording = shuffled_names(taxa, np.random.default_rng(0))
    pairs = [(one, two) for one in taxa for two in taxa if one < two and one.genus == two.genus]
    together = sum(wording.names[one].genus == wording.names[two].genus for one, two in pairs)
    assert together <= len(pairs) / 10


@given(st.integers(2, 30), st.integers(0, 5))
def test_random_names_keep_the_number_and_length_of_words_and_share_none(count: int, seed: int) -> None:
    taxa = species(count)
    wording = random_names(taxa, np.random.default_rng(seed))
    for taxon, other in wording.names.items():
        assert [len(name) for name in taxon.names] == [len(name) for name in other.names]
        assert len(taxon.common.split()) == len(other.common.split())
    own = [set(wording(taxon, "taxonomic_name").split()) for taxon in taxa]
    assert sum(map(len, own)) == len(set.union(*own)) == 7 * count


def test_random_names_grow_where_letters_run_out() -> None:
    taxa = [Taxon.from_names(["", "", "", "", "", "Genus", epithet]) for epithet in "abcdefghijklmnopqrstuvwxyz"]
    taxa += [Taxon.from_names(["", "", "", "", "", "Genus", epithet]) for epithet in ("A", "B", "C")]
    wording = random_names(taxa, np.random.default_rng(0))
    assert len({other.species.lower() for other in wording.names.values()}) == len(taxa)


def test_a_seed_gives_the_same_names_again_and_another_others() -> None:
    taxa = species(20)
    for control in ("shuffled", "random"):
        first, again, other = (wording_of(control, taxa, seed=seed) for seed in (0, 0, 1))
        assert first == again != other


@pytest.mark.parametrize("control", CONTROLS)
def test_a_wording_can_be_handed_to_another_process(control: str) -> None:
    taxa = species(4)
    wording = wording_of(control, taxa, seed=0)
    copy = pickle.loads(pickle.dumps(wording))
    assert [copy(taxon, "taxon") for taxon in taxa] == [wording(taxon, "taxon") for taxon in taxa]


def test_what_cannot_be_worded_is_said() -> None:
    with pytest.raises(UnknownName, match='text control: "shuffle"'):
        wording_of("shuffle", species(4), seed=0)
    with pytest.raises(EmptyInput, match="at least two taxa, got 1"):
        wording_of("random", [RAVEN], seed=0)
    with pytest.raises(UsageError, match="given to whole species"):
        wording_of("shuffled", species(4), seed=0)(RAVEN.at(Rank.GENUS), "taxon")
