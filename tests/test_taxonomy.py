"""Taxon and Rank: what each form of a name is read as, and the tree's arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import ThujaError, UnknownName
from thuja.phrasing import tagged
from thuja.taxonomy import RANKS, Rank, Taxon, common_ancestor, tree_distance

RAVEN = Taxon(
    kingdom="Animalia",
    phylum="Chordata",
    class_="Aves",
    order="Passeriformes",
    family="Corvidae",
    genus="Corvus",
    species="corax",
    common="common raven",
)
CROW = Taxon.from_names([*RAVEN.names[:6], "corone"], "carrion crow")
JAY = Taxon.from_names([*RAVEN.names[:5], "Garrulus", "glandarius"])
OAK = Taxon.from_lineage("Plantae Tracheophyta Magnoliopsida Fagales Fagaceae Quercus robur")

# Two or three names a rank, so that drawn lineages often share their beginnings.
higher = st.tuples(*[st.sampled_from([f"{rank.label.capitalize()}a", f"{rank.label.capitalize()}b"]) for rank in RANKS])
whole_taxa = higher.map(lambda names: Taxon.from_names([*names[:6], names[6].lower()]))


@st.composite
def punched(draw: st.DrawFn) -> Taxon:
    """A lineage with holes at any ranks, the root among them."""
    taxon = draw(whole_taxa)
    kept = draw(st.tuples(*[st.booleans()] * len(RANKS)))
    return Taxon.from_names([name if keep else "" for name, keep in zip(taxon.names, kept, strict=True)])


words = st.from_regex(r"[A-Z][a-z]{2,9}", fullmatch=True).filter(lambda w: w.upper() not in Rank.__members__)


def test_ranks_run_from_kingdom_to_species() -> None:
    assert [rank.label for rank in RANKS] == ["kingdom", "phylum", "class", "order", "family", "genus", "species"]
    assert [int(rank) for rank in RANKS] == list(range(7))


def test_a_rank_is_read_in_any_case_and_an_unknown_one_names_those_that_exist() -> None:
    assert Rank.parse(" Family ") is Rank.FAMILY
    with pytest.raises(UnknownName) as caught:
        Rank.parse("genera")
    assert str(caught.value).splitlines() == [
        'unknown rank: "genera"',
        "hint: one of kingdom, phylum, class, order, family, genus, species",
    ]


def test_names_derive_from_what_is_there() -> None:
    assert RAVEN.binomial == RAVEN.scientific_name == "Corvus corax"
    assert RAVEN.taxonomic_name == "Animalia Chordata Aves Passeriformes Corvidae Corvus corax"
    assert RAVEN[Rank.CLASS] == "Aves"
    assert RAVEN.rank is Rank.SPECIES


@pytest.mark.parametrize(
    ("rank", "binomial", "scientific"),
    [(Rank.GENUS, "", "Corvus"), (Rank.FAMILY, "", "Corvidae"), (Rank.KINGDOM, "", "Animalia")],
)
def test_a_cut_lineage_is_called_by_its_deepest_name(rank: Rank, binomial: str, scientific: str) -> None:
    cut = RAVEN.at(rank)
    assert (cut.binomial, cut.scientific_name, cut.rank, cut.common) == (binomial, scientific, rank, "")


def test_cutting_where_nothing_is_cut_keeps_the_common_name() -> None:
    assert RAVEN.at(Rank.SPECIES).common == "common raven"
    corvids = Taxon(kingdom="Animalia", family="Corvidae", common="crows")
    assert corvids.at(Rank.GENUS).common == "crows"
    assert corvids.at(Rank.ORDER).common == ""


def test_the_root_has_no_rank_and_no_name() -> None:
    root = Taxon()
    assert (root.rank, root.binomial, root.scientific_name, root.taxonomic_name) == (None, "", "", "")


def test_a_label_in_the_place_of_the_species_makes_no_binomial_and_is_called_by_itself() -> None:
    """Labels that no backbone knows ("copepod calanoid") have no genus; they were all called by what is above."""
    label = Taxon(kingdom="Animalia", species="copepod calanoid")
    assert (label.binomial, label.scientific_name) == ("", "copepod calanoid")
    assert Taxon(species="detritus").scientific_name == "detritus"


def test_equality_hash_and_order_follow_the_lineage_alone() -> None:
    nameless = Taxon.from_names(RAVEN.names)
    assert nameless == RAVEN
    assert hash(nameless) == hash(RAVEN)
    assert len({nameless, RAVEN, CROW}) == 2
    assert sorted([OAK, CROW, RAVEN, Taxon()]) == [Taxon(), RAVEN, CROW, OAK]


@given(punched(), punched())
def test_order_is_that_of_the_seven_names(first: Taxon, second: Taxon) -> None:
    assert (first < second) == (first.names < second.names)


# -- from columns


def test_columns_are_read_with_holes_blanks_and_nulls() -> None:
    row = {
        "kingdom": " Animalia ",
        "class": None,
        "order": float("nan"),
        "genus": "Corvus",
        "species": "  corax ",
        "x": 1,
    }
    assert Taxon.from_columns(row).names == ("Animalia", "", "", "", "", "Corvus", "corax")
    assert Taxon.from_columns({}) == Taxon()


@pytest.mark.parametrize(
    ("genus", "cell", "expected"),
    [
        ("Corvus", "corax", ("Corvus", "corax")),
        ("Corvus", "Corvus corax", ("Corvus", "corax")),
        ("Corvus", "Corvus  corax principalis", ("Corvus", "corax principalis")),
        ("Corvus", "corax principalis", ("Corvus", "corax principalis")),
        ("Quercus", "× rosacea", ("Quercus", "× rosacea")),
        ("Quercus", "Quercus × rosacea", ("Quercus", "× rosacea")),
        ("Bison", "Bison bison", ("Bison", "bison")),
        ("Bison", "bison bison", ("Bison", "bison bison")),
        ("Corvus", "Corvusella corax", ("Corvus", "Corvusella corax")),
        ("", "× rosacea", ("", "× rosacea")),
        ("", "corax principalis", ("", "corax principalis")),
    ],
)
def test_a_species_cell_is_cut_to_the_epithet(genus: str, cell: str, expected: tuple[str, str]) -> None:
    taxon = Taxon.from_columns({"genus": genus, "species": cell})
    assert (taxon.genus, taxon.species) == expected


def test_an_unresolved_label_is_not_split_into_genus_and_epithet() -> None:
    """A name that no backbone knows stands as species without genus; "Ivory Gull" is no binomial."""
    label = Taxon(species="Ivory Gull")
    assert Taxon.from_columns(label.to_columns()) == label


@given(punched(), st.sampled_from(["", "common raven"]))
def test_columns_round_trip(taxon: Taxon, common: str) -> None:
    named = Taxon.from_names(taxon.names, common)
    back = Taxon.from_columns(named.to_columns())
    assert (back, back.common) == (named, common)


def test_missing_ranks_are_nulls_in_a_row() -> None:
    row = Taxon(genus="Corvus").to_columns()
    assert row["genus"] == row["scientific_name"] == "Corvus"
    assert [name for name, value in row.items() if value is None] == [
        "kingdom", "phylum", "class", "order", "family", "species", "common",
    ]  # fmt: skip


# -- from names, folders and strings


def test_names_in_rank_order_may_stop_early_but_not_run_over() -> None:
    assert Taxon.from_names(["Animalia", None, " ", "Passeriformes"]).names[:4] == ("Animalia", "", "", "Passeriformes")
    with pytest.raises(ThujaError, match="a lineage has seven ranks, got 8 names"):
        Taxon.from_names(["a"] * 8)


def test_an_inat21_folder_gives_all_seven_ranks() -> None:
    taxon = Taxon.from_folder("00042_Animalia_Chordata_Aves_Passeriformes_Corvidae_Corvus_corax")
    assert taxon.names == RAVEN.names


@pytest.mark.parametrize(
    ("tail", "epithet"),
    [("corax_principalis", "corax principalis"), ("×_rosacea", "× rosacea"), ("c-album", "c-album")],
)
def test_what_follows_the_genus_in_a_folder_is_the_epithet(tail: str, epithet: str) -> None:
    taxon = Taxon.from_folder(f"7_Animalia_Chordata_Aves_Passeriformes_Corvidae_Corvus_{tail}")
    assert (taxon.genus, taxon.species) == ("Corvus", epithet)


def test_a_folder_with_holes_keeps_them() -> None:
    taxon = Taxon.from_folder("7_Animalia_Arthropoda_Insecta_Diptera_Cecidomyiidae__")
    assert taxon.rank is Rank.FAMILY
    assert taxon.names == ("Animalia", "Arthropoda", "Insecta", "Diptera", "Cecidomyiidae", "", "")


@pytest.mark.parametrize("name", ["", "Corvus corax", "Corvus_corax", "00042", "00042_Corvus_corax", "x_A_B_C_D_E_F_g"])
def test_a_folder_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ThujaError, match="not an iNat21 folder name"):
        Taxon.from_folder(name)


@given(whole_taxa, st.integers(0, 99999))
def test_folder_names_round_trip(taxon: Taxon, number: int) -> None:
    assert Taxon.from_folder(f"{number:05}_{'_'.join(taxon.names)}") == taxon


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        ("Animalia", ("Animalia",)),
        ("  Animalia   Chordata ", ("Animalia", "Chordata")),
        (RAVEN.taxonomic_name, RAVEN.names),
        (RAVEN.taxonomic_name + " principalis", (*RAVEN.names[:6], "corax principalis")),
        ("A B C D E Quercus × rosacea nothosubsp. x", ("A", "B", "C", "D", "E", "Quercus", "× rosacea nothosubsp. x")),
    ],
)
def test_an_untagged_lineage_fills_the_ranks_in_order(text: str, names: tuple[str, ...]) -> None:
    assert Taxon.from_lineage(text) == Taxon.from_names(names)


@given(st.lists(words, min_size=8, max_size=12))
def test_words_beyond_the_seventh_belong_to_the_epithet(names: list[str]) -> None:
    assert Taxon.from_lineage(" ".join(names)).names == (*names[:6], " ".join(names[6:]))


@given(st.tuples(*[st.lists(words, max_size=2).map(" ".join)] * 7))
def test_a_tagged_lineage_is_what_phrasing_wrote(names: tuple[str, ...]) -> None:
    taxon = Taxon.from_names(names)
    assert Taxon.from_lineage(tagged(taxon)) == taxon


def test_tags_are_read_in_any_case_and_order() -> None:
    """A tag above the one before it was once swallowed as part of a name: genus "Corvus family Corvidae"."""
    taxon = Taxon.from_lineage("Genus Corvus FAMILY Corvidae species corax principalis")
    assert taxon == Taxon(family="Corvidae", genus="Corvus", species="corax principalis")


def test_a_rank_word_that_comes_twice_is_a_name_the_second_time() -> None:
    """The second "class" was once swallowed, although a comment promised otherwise."""
    assert Taxon.from_lineage("kingdom Animalia class class genus Corvus").names[2] == "class"


def test_a_tag_without_a_name_is_a_missing_rank() -> None:
    assert Taxon.from_lineage("kingdom Animalia phylum class Aves") == Taxon(kingdom="Animalia", class_="Aves")


# -- the tree


def test_a_lineage_lies_within_its_ancestors_and_itself() -> None:
    assert RAVEN.is_within(Taxon())
    assert RAVEN.is_within(Taxon(family="Corvidae"))
    assert RAVEN.is_within(RAVEN)
    assert not RAVEN.is_within(CROW)
    assert not RAVEN.at(Rank.FAMILY).is_within(RAVEN)


@given(punched(), st.sampled_from(RANKS))
def test_every_taxon_lies_within_its_own_cuts(taxon: Taxon, rank: Rank) -> None:
    assert taxon.is_within(taxon.at(rank))
    assert taxon.at(rank).at(rank) == taxon.at(rank)


@pytest.mark.parametrize(
    ("other", "rank", "distance"),
    [(RAVEN, Rank.SPECIES, 0), (CROW, Rank.GENUS, 2), (JAY, Rank.FAMILY, 4), (OAK, None, 14)],
)
def test_distances_count_the_steps_to_the_common_ancestor(other: Taxon, rank: Rank | None, distance: int) -> None:
    assert common_ancestor(RAVEN, other).rank == rank
    assert tree_distance(RAVEN, other) == distance


def test_an_ancestor_is_as_far_as_its_ranks_are_above() -> None:
    assert tree_distance(RAVEN, RAVEN.at(Rank.FAMILY)) == 2
    assert tree_distance(RAVEN, Taxon()) == 7


def test_a_rank_that_one_of_them_lacks_does_not_end_the_ancestor() -> None:
    holed = Taxon(kingdom="Animalia", family="Corvidae", genus="Corvus", species="corone")
    assert common_ancestor(RAVEN, holed) == Taxon(kingdom="Animalia", family="Corvidae", genus="Corvus")


def test_one_genus_name_in_two_kingdoms_is_no_common_genus() -> None:
    moth, plant = Taxon(kingdom="Animalia", genus="Arenaria"), Taxon(kingdom="Plantae", genus="Arenaria")
    assert common_ancestor(moth, plant) == Taxon()


@given(punched(), punched())
def test_ancestor_and_distance_are_symmetric(first: Taxon, second: Taxon) -> None:
    assert common_ancestor(first, second) == common_ancestor(second, first)
    assert tree_distance(first, second) == tree_distance(second, first) >= 0


@given(punched(), punched())
def test_both_lie_within_their_common_ancestor(first: Taxon, second: Taxon) -> None:
    ancestor = common_ancestor(first, second)
    assert first.is_within(ancestor)
    assert second.is_within(ancestor)


@given(punched())
def test_a_taxon_is_its_own_ancestor_at_no_distance(taxon: Taxon) -> None:
    assert common_ancestor(taxon, taxon) == taxon
    assert tree_distance(taxon, taxon) == 0


@given(whole_taxa, whole_taxa, whole_taxa)
def test_distance_is_a_metric_where_all_ranks_are_given(first: Taxon, second: Taxon, third: Taxon) -> None:
    assert (tree_distance(first, second) == 0) == (first == second)
    direct, detour = tree_distance(first, third), tree_distance(first, second) + tree_distance(second, third)
    assert direct <= detour
    # Three leaves of a tree of even depth: the two longest of the three distances are equal.
    sides = sorted([direct, tree_distance(first, second), tree_distance(second, third)])
    assert sides[1] == sides[2]
