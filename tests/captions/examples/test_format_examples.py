"""Whose examples a taxon is shown."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.captions.examples import BUILT_IN, Example, FormatExamples, Nearness, Shown, Status
from thuja.taxonomy import RANKS, Rank, Taxon

BIRDS, MAMMALS, BEETLES = Taxon(class_="Aves"), Taxon(class_="Mammalia"), Taxon(class_="Insecta", order="Coleoptera")
MOLLUSCS, MULBERRIES, GANNETS = (
    Taxon(phylum="Mollusca"),
    Taxon(kingdom="Plantae", genus="Morus"),
    Taxon(kingdom="Animalia", genus="Morus"),
)
GROUPS = (BIRDS, MAMMALS, BEETLES, MOLLUSCS, MULBERRIES, GANNETS)
EXAMPLES = [
    Example(taxon=group, sentence=f"Example {number} of {group.scientific_name}.")
    for group in GROUPS
    for number in "1234"
]
CHORDATE = Taxon(kingdom="Animalia", phylum="Chordata")
KNOWN = [
    Taxon(kingdom="Animalia", phylum="Chordata", class_="Aves", genus="Corvus", species="corax"),
    Taxon(kingdom="Animalia", phylum="Chordata", class_="Mammalia", genus="Canis", species="lupus"),
    Taxon(kingdom="Animalia", phylum="Chordata", class_="Mammalia", genus="Vulpes", species="vulpes"),
    Taxon(kingdom="Animalia", phylum="Arthropoda", class_="Insecta", order="Coleoptera", genus="Carabus"),
    Taxon(kingdom="Animalia", phylum="Arthropoda", class_="Insecta", order="Diptera", genus="Musca"),
]


def shown(group: Taxon, nearness: Nearness) -> Shown:
    sentences = tuple(f"Example {number} of {group.scientific_name}." for number in "123")
    return Shown(sentences=sentences, group=group, nearness=nearness)


@pytest.mark.parametrize(
    ("taxon", "answer"),
    [
        (KNOWN[0], shown(BIRDS, Nearness.OWN)),
        (Taxon(kingdom="Metazoa", class_="Aves"), shown(BIRDS, Nearness.OWN)),
        (KNOWN[3], shown(BEETLES, Nearness.OWN)),
        (KNOWN[4], shown(BEETLES, Nearness.NEAR)),
        (Taxon(kingdom="Plantae", genus="Morus", species="alba"), shown(MULBERRIES, Nearness.OWN)),
        (Taxon(kingdom="Animalia", class_="Aves", genus="Morus"), shown(GANNETS, Nearness.OWN)),
        (Taxon(kingdom="Animalia", phylum="Mollusca", class_="Cephalopoda"), shown(MOLLUSCS, Nearness.ABOVE)),
        # of two classes of the phylum the one that more known taxa are in
        (Taxon(kingdom="Animalia", phylum="Chordata", class_="Reptilia"), shown(MAMMALS, Nearness.NEAR)),
        (Taxon(kingdom="Fungi", phylum="Ascomycota"), Shown(sentences=BUILT_IN)),
        (Taxon(), Shown(sentences=BUILT_IN)),
    ],
)  # fmt: skip
def test_the_nearest_group_that_has_some_is_taken(taxon: Taxon, answer: Shown) -> None:
    assert FormatExamples.from_examples(EXAMPLES, known=Counter(KNOWN)).of(taxon) == answer


def test_of_two_classes_as_near_the_one_with_more_species_is_taken() -> None:
    """With one row a class from a backbone, ties went by the alphabet: birds were shown to what is like mammals."""
    reptile = Taxon(kingdom="Animalia", phylum="Chordata", class_="Reptilia")
    for birds, mammals, answer in ((11_000, 6_500, BIRDS), (3, 4, MAMMALS), (5, 5, BIRDS)):
        counts = (("Aves", birds), ("Mammalia", mammals))
        known = {Taxon(kingdom="Animalia", phylum="Chordata", class_=name): count for name, count in counts}
        assert FormatExamples.from_examples(EXAMPLES, known=known).of(reptile).group == answer


def test_without_known_taxa_a_class_alone_is_near_to_nothing() -> None:
    alone = FormatExamples.from_examples([one for one in EXAMPLES if one.taxon in (BIRDS, MAMMALS)])
    reptile = Taxon(kingdom="Animalia", phylum="Chordata", class_="Reptilia")
    assert alone.of(reptile) == Shown(sentences=BUILT_IN)
    assert alone.of(BIRDS).nearness is Nearness.OWN
    assert FormatExamples({}).of(BIRDS) == Shown(sentences=BUILT_IN)


def test_only_accepted_examples_are_shown() -> None:
    statuses = zip(("A one two three.", "B one two three.", "C one two three."), Status, strict=True)
    examples = [Example(taxon=BIRDS, sentence=sentence, status=status) for sentence, status in statuses]
    assert FormatExamples.from_examples(examples).of(BIRDS).sentences == ("B one two three.",)


def test_the_groups_that_lack_examples_are_told() -> None:
    examples = FormatExamples.from_examples(EXAMPLES, known=Counter(KNOWN))
    squid = Taxon(kingdom="Animalia", phylum="Mollusca", class_="Cephalopoda", genus="Loligo", species="vulgaris")
    insects = Taxon(kingdom="Animalia", phylum="Arthropoda", class_="Insecta")
    assert examples.lacking([*KNOWN, squid, squid, Taxon(genus="Loligo")]) == [insects, squid.at(Rank.CLASS)]


NAMES = st.sampled_from(["", "A", "B"])
TAXA = st.lists(NAMES, min_size=7, max_size=7).map(Taxon.from_names)


@given(st.lists(TAXA.filter(lambda taxon: taxon.rank is not None), max_size=6), st.lists(TAXA, max_size=6), TAXA)
def test_what_was_asked_before_and_the_order_of_the_table_change_nothing(
    groups: list[Taxon], asked: list[Taxon], taxon: Taxon
) -> None:
    examples = [Example(taxon=group, sentence=f"It is of {group.taxonomic_name}.") for group in groups]
    used, fresh = (
        FormatExamples.from_examples(examples, known=Counter(asked)),
        FormatExamples.from_examples(examples[::-1], known=Counter(asked[::-1])),
    )
    for other in asked:
        used.of(other)
    assert used.of(taxon) == fresh.of(taxon)
    assert all(used.of(group).nearness is not Nearness.BUILT_IN for group in groups if group[RANKS[0]])


def test_built_in_examples_are_as_short_as_a_caption_must_be() -> None:
    assert len(BUILT_IN) == 3
    assert all(len(sentence.split()) <= 20 for sentence in BUILT_IN)
