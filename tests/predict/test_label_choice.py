"""Labels chosen by clades and by a checklist, against a backbone small enough to read."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.names.small_backbone import small_backbone

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.labels import LabelSpace
from thuja.names import Resolver
from thuja.predict.label_choice import Chosen, LabelChoice, choose_labels
from thuja.predict.remarks import Remark
from thuja.taxonomy import Taxon

LINEAGES = [
    "Animalia Chordata Aves Passeriformes Corvidae Corvus corax",
    "Animalia Chordata Aves Passeriformes Corvidae Corvus corone",
    "Animalia Chordata Aves Passeriformes Muscicapidae Oenanthe oenanthe",
    "Plantae Tracheophyta Magnoliopsida Apiales Apiaceae Oenanthe crocata",
    "Animalia Chordata Aves Anseriformes Anatidae Anas strepera",  # the backbone calls it Mareca strepera
    "Animalia Chordata Mammalia Carnivora Felidae Felis catus",
    "Plantae Tracheophyta Liliopsida Asparagales Orchidaceae Laelia rosea",
]
TAXA = [Taxon.from_lineage(text) for text in LINEAGES]
LABELS = LabelSpace(
    texts=[taxon.scientific_name for taxon in TAXA],
    vectors=np.eye(len(TAXA), dtype=np.float32),
    model="m",
    taxa=TAXA,
)


def encode(taxa: list[Taxon]) -> LabelSpace:
    vectors = np.full((len(taxa), len(TAXA)), 0.5, np.float32)
    return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors, model="m", taxa=taxa)


def chosen(path: Path, text: str, *, within: tuple[str, ...] = (), add: bool = False) -> Chosen:
    path.write_text(text, encoding="utf-8")
    choice = LabelChoice(within=within, checklist=path, add=add)
    return choose_labels(LABELS, choice, encode_taxa=encode, resolver=Resolver([small_backbone()]))


def told(done: Chosen) -> list[str]:
    return list(map(str, done.told))


def names(done: Chosen) -> list[str]:
    return [text.split()[-1] for text in done.labels.texts]


@pytest.mark.parametrize(
    ("within", "species"),
    [
        (("Aves",), ["corax", "corone", "oenanthe", "strepera"]),
        (("Corvidae", "Plantae"), ["corax", "corone", "crocata", "rosea"]),
        (("kingdom Plantae genus Oenanthe", "Oenanthe oenanthe Aves", "Felis"), None),
        (("genus Corvus", "Aves"), ["corax", "corone", "oenanthe", "strepera"]),
    ],
)
def test_within_takes_what_lies_below_any_of_the_clades(within: tuple[str, ...], species: list[str] | None) -> None:
    choice = LabelChoice(within=within)
    if species is None:
        with pytest.raises(EmptyInput, match="Oenanthe oenanthe Aves"):
            choose_labels(LABELS, choice)
        return
    done = choose_labels(LABELS, choice)
    assert names(done) == species
    assert told(done) == [f"{len(species)} of 7 labels are chosen"]


def test_a_name_of_several_taxa_is_refused() -> None:
    with pytest.raises(UsageError, match='"Oenanthe" means several taxa'):
        choose_labels(LABELS, LabelChoice(within=("Aves", "Oenanthe")))


def test_no_choice_leaves_the_labels_as_they_are() -> None:
    assert choose_labels(LABELS, LabelChoice()) == Chosen(labels=LABELS)


@pytest.mark.parametrize(
    ("name", "text", "species"),
    [
        ("a.txt", "Corvus corax\nLaelia rosea\n", ["corax", "rosea"]),
        ("a.txt", "Corvidae\nPlantae\n", ["corax", "corone", "crocata", "rosea"]),
        ("a.txt", "Corvus major\nMareca strepera\n", ["corax", "strepera"]),  # a synonym, and what a label is one of
        ("a.txt", "corvus corax Linnaeus, 1758\ncommon raven\nFelis catus\n", ["corax", "catus"]),
        ("a.csv", "kingdom,genus,species\nPlantae,Oenanthe,\nAnimalia,Corvus,corax\n", ["corax", "crocata"]),
        ("a.csv", 'family,note\nCorvidae,"a, b"\nFelidae,\n', ["corax", "corone", "catus"]),
        ("a.csv", "species\nFelis catus\nCorvus corone\n", ["corone", "catus"]),
        ("a.csv", "scientific_name;genus\nFelis catus;Felis\n", ["catus"]),
    ],
)
def test_a_checklist_of_names_at_any_rank_takes_their_labels(
    tmp_path: Path, name: str, text: str, species: list[str]
) -> None:
    done = chosen(tmp_path / name, text)
    assert names(done) == species
    assert told(done) == [f"{len(species)} of 7 labels are chosen"]


def test_a_checklist_may_be_parquet(tmp_path: Path) -> None:
    pl.DataFrame({"Scientific Name": ["Felis catus", None]}).write_parquet(tmp_path / "a.parquet")
    done = choose_labels(LABELS, LabelChoice(checklist=tmp_path / "a.parquet"))
    assert names(done) == ["catus"]


def test_what_a_checklist_names_in_vain_is_told(tmp_path: Path) -> None:
    text = (
        "Corvus corax\nOenanthe\nNonsensia a\nNonsensia b\nNonsensia c\nNonsensia d\nFelis cattus\nCanis familiaris\n"
    )
    assert told(chosen(tmp_path / "a.txt", text)) == [
        "4 of 8 names are unknown: Nonsensia a, Nonsensia b, Nonsensia c and 1 more; thuja names resolve says more of "
        "a name, and a backbone with synonyms and common names can be installed: thuja names import",
        "1 of 8 names mean several taxa: Oenanthe; columns of higher ranks would tell which",
        "1 of 8 names are read as another one: Felis cattus as Felis catus",
        "1 of 8 names are known and are no labels: Canis lupus; --add makes labels of them",
        "2 of 7 labels are chosen",
    ]


def test_an_unknown_name_is_told_with_the_label_that_it_is_like(tmp_path: Path) -> None:
    """A backbone that knows a name reads it aright; names that no backbone has are known to the labels alone."""
    done = chosen(tmp_path / "a.txt", "Felis catus\nLalia roseae\nLaelie\nNonsensia\n")
    assert done.told[0].text == "3 of 4 names are unknown: Lalia roseae (Laelia rosea?), Laelie (Laelia?), Nonsensia"


def test_a_checklist_at_hand_as_names_is_told_nothing_of_a_shell(tmp_path: Path) -> None:
    resolver = Resolver([small_backbone()])
    done = choose_labels(LABELS, LabelChoice(checklist=("Felis catus", "Canis lupus")), resolver=resolver)
    assert done.told[0] == Remark("1 of 2 names are known and are no labels: Canis lupus", "--add makes labels of them")
    for checklist, has_advice in ((("Canis lupus",), False), (tmp_path / "a.txt", True)):
        (tmp_path / "a.txt").write_text("Canis lupus\n")
        with pytest.raises(EmptyInput, match="no label is on the checklist") as refused:
            choose_labels(LABELS, LabelChoice(checklist=checklist), resolver=resolver)
        assert "no labels: Canis lupus" in refused.value.hint
        assert ("--add" in refused.value.hint) is has_advice


def test_taxa_that_are_no_labels_are_encoded_when_that_is_wanted(tmp_path: Path) -> None:
    done = chosen(tmp_path / "a.txt", "Corvus corax\nCanis lupus\nCanis familiaris\nParidae\n", add=True)
    assert list(done.labels.texts) == ["Corvus corax", "Canis lupus", "Paridae"]
    assert done.labels.taxa[1].family == "Canidae"
    np.testing.assert_array_equal(done.labels.vectors[0], LABELS.vectors[0])
    np.testing.assert_array_equal(done.labels.vectors[1:], np.full((2, len(TAXA)), 0.5))
    assert told(done)[-1] == "2 taxa are added: Canis lupus, Paridae"
    alone = chosen(tmp_path / "a.txt", "Canis lupus\n", add=True)
    assert list(alone.labels.texts) == ["Canis lupus"]


def test_a_checklist_within_a_clade_takes_what_is_in_both_and_adds_no_other(tmp_path: Path) -> None:
    text = "Felis catus\nOenanthe crocata\nCorvus corone\nCanis lupus\nParidae\n"
    assert names(chosen(tmp_path / "a.txt", text, within=("Mammalia", "Plantae"))) == ["crocata", "catus"]
    done = chosen(tmp_path / "a.txt", text, within=("Mammalia",), add=True)
    assert list(done.labels.texts) == ["Felis catus", "Canis lupus"]
    with pytest.raises(EmptyInput, match="no label within Liliopsida is on the checklist"):
        chosen(tmp_path / "a.txt", text, within=("Liliopsida",))


def test_a_binomial_takes_its_label_wherever_the_labels_place_it(tmp_path: Path) -> None:
    """Species of one name in two families of one kingdom are one species that labels place twice."""
    taxa = [*TAXA, Taxon.from_lineage("Animalia Chordata Aves Passeriformes Corvinae Corvus corax")]
    labels = LabelSpace(texts=["x"] * 8, vectors=np.eye(8, dtype=np.float32), model="m", taxa=taxa)
    (tmp_path / "a.txt").write_text("Corvus corax\n")
    assert len(choose_labels(labels, LabelChoice(checklist=tmp_path / "a.txt")).labels) == 2


def test_a_name_in_another_kingdom_takes_no_label(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput):
        chosen(tmp_path / "a.csv", "kingdom,scientific_name\nAnimalia,Laelia rosea\n")


@pytest.mark.parametrize(
    ("name", "text", "error", "said"),
    [
        ("a.txt", "", EmptyInput, "a.txt is empty"),
        ("a.csv", "scientific_name\n\n", EmptyInput, "holds no name"),
        ("a.csv", "what\nCorvus corax\n", BadFile, "has no column with names"),
        ("a.pdf", "Corvus corax\n", UsageError, "is no table"),
        ("a.txt", "Nonsensia a\n", EmptyInput, "no label is on the checklist"),
    ],
)
def test_a_checklist_that_takes_nothing_is_one_sentence(
    tmp_path: Path, name: str, text: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        chosen(tmp_path / name, text)


def test_custom_labels_and_an_addition_to_nothing_are_refused(tmp_path: Path) -> None:
    custom = LabelSpace(texts=["a"], vectors=np.ones((1, 1), np.float32), model="m")
    with pytest.raises(UsageError, match="custom labels lie within no taxon"):
        choose_labels(custom, LabelChoice(within=("Aves",)))
    with pytest.raises(UsageError, match="no checklist"):
        LabelChoice(add=True)
