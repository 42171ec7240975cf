"""How images and species are drawn."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.splits import SpeciesImages, choose_unseen, draw, split_of, wanted_species
from thuja.taxonomy import Taxon


@given(
    st.integers(1, 300),
    st.floats(0, 0.49, allow_subnormal=False),
    st.floats(0, 0.49, allow_subnormal=False),
)
def test_every_species_trains_and_three_images_are_enough_to_test(count: int, val: float, test: float) -> None:
    splits = Counter(split_of(place, count, val=val, test=test) for place in range(1, count + 1))
    assert splits["train"] >= 1
    assert (splits["test"] >= 1) == (count >= 3 and test > 0)
    if count >= 3:
        assert abs(splits["test"] - test * count) <= 1
        assert splits["val"] <= val * count + 0.5


@st.composite
def worlds(draw_: st.DrawFn) -> list[SpeciesImages]:
    sizes = draw_(st.lists(st.integers(1, 6), min_size=1, max_size=8))
    species = []
    for family, size in enumerate(sizes):
        for number in range(size):
            taxon = Taxon(kingdom="A", family=f"F{family}", genus=f"G{family}", species=f"s{number}")
            images = draw_(st.integers(0, 3))
            species.append(SpeciesImages(taxon=taxon, lineage=taxon.taxonomic_name, images=images))
    return species


@given(worlds(), st.integers(0, 30), st.integers(0, 5), st.randoms())
def test_held_out_species_leave_kin_that_trains(species: list[SpeciesImages], wanted: int, seed: int, random) -> None:
    chosen = choose_unseen(species, wanted, seed)
    held = {one.lineage for one in chosen}
    assert len(held) == len(chosen) <= wanted
    for one in chosen:
        kin = [two for two in species if two.taxon.family == one.taxon.family and two.lineage not in held]
        assert any(two.images for two in kin)
    trains = Counter(one.taxon.family for one in species if one.images)
    assert len(chosen) == min(wanted, sum(count - 1 for count in trains.values()))
    per_family = Counter(one.taxon.family for one in chosen)
    spare = [family for family, count in trains.items() if count - 1 > per_family[family]]
    if spare and per_family:
        assert max(per_family.values()) - min(per_family[family] for family in spare) <= 1
    shuffled = list(species)
    random.shuffle(shuffled)
    assert choose_unseen(shuffled, wanted, seed) == chosen


def test_a_fraction_of_species_is_rounded() -> None:
    assert [wanted_species(value, 10) for value in (0, 0.04, 0.05, 0.2, 1, 3)] == [0, 0, 1, 2, 1, 3]


def test_draws_differ_by_seed_purpose_and_name() -> None:
    draws = {draw(seed, purpose, name) for seed in (0, 1) for purpose in ("a", "b") for name in ("x", "y")}
    assert len(draws) == 8
    assert draw(0, "split", "x") == draw(0, "split", "x")
