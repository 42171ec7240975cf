"""The phrase rules on sentences made for them: what is said, denied, said of few, and said of something else."""

import pytest

from thuja.analyze.ecology import Kind, read_growth_form, read_habitat


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Blobus is a genus of freshwater and marine worms.", ("marine", "freshwater")),
        ("Blobus is a genus of beasts found in tropical rainforests.", ("terrestrial",)),
        ("Blobus is a genus of slugs that live in rivers and lakes.", ("freshwater",)),
        ("The dancing flies of Blobus hunt over meadows; their larvae are aquatic.", ("freshwater", "terrestrial")),
        ("Blobus is a genus of sea snails.", ("marine",)),
        ("Blobus is a genus of moths.", ("terrestrial",)),
        ("Blobus is a genus of dragonflies.", ("freshwater", "terrestrial")),
        ("Blobus is a genus of animals found in the western Pacific Ocean.", ("marine",)),
    ],
)
def test_habitats_are_read_from_what_is_said(text: str, labels: tuple[str, ...]) -> None:
    assert read_habitat(text).labels == labels


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n ",
        "Blobus is a genus of lumps.",
        "Blobus is not marine.",
        "Blobus avoids forests.",
        "Unlike the marine lumps, Blobus is small.",
        "Blobus lives up to 2,000 m above sea level.",
        "Blobus is endemic to islands in the Indian Ocean.",
        "Blobus feeds on marine worms and freshwater snails.",
    ],
)
def test_what_is_denied_or_said_of_something_else_is_no_habitat(text: str) -> None:
    assert read_habitat(text).labels == ()
    assert read_habitat(text).kind is None
    assert read_habitat(text).primary == ""


def test_the_surest_kind_of_evidence_is_believed() -> None:
    reading = read_habitat("Blobus is a genus of freshwater beetles. They were found in a forest.")
    assert (reading.labels, reading.kind, reading.words) == (("freshwater",), Kind.SAID, ("freshwater",))


def test_what_few_members_are_counts_only_where_nothing_else_is_said() -> None:
    assert read_habitat("Most lumps are marine, and a few are freshwater species.").labels == ("marine",)
    assert read_habitat("A few lumps are freshwater species.").labels == ("freshwater",)


def test_groups_of_animals_are_not_read_of_plants() -> None:
    text = "Blobus is a genus of plants pollinated by moths."
    assert read_habitat(text).labels == ("terrestrial",)
    assert read_habitat(text, is_animal=False).labels == ()


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Planta is a genus of shrubs or small trees.", ("tree", "shrub")),
        ("Planta is a genus of annual or perennial herbs.", ("herb",)),
        ("Planta is a genus of annual, mostly blue flowering plants.", ("herb",)),
        ("Planta is a genus in the grass family.", ("graminoid",)),
        ("Planta is a genus of perennial grasses.", ("graminoid",)),
        ("Planta is a genus of tree ferns.", ("fern",)),
        ("Planta is a genus of clubmosses.", ("fern",)),
        ("Planta is a genus of liverworts.", ("moss",)),
        ("Planta is a genus of woody vines.", ("climber",)),
        ("Planta is a genus of perennial succulent plants.", ("succulent",)),
        ("Planta is a genus of aquatic herbs.", ("aquatic",)),
        ("Planta is a genus of orchids.", ("herb",)),
    ],
)
def test_growth_forms_are_read_from_what_is_said(text: str, labels: tuple[str, ...]) -> None:
    assert read_growth_form(text).labels == labels


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Planta is a genus in the umbrella tree family.",
        "Planta grows on trees.",
        "Planta grows among grasses and under shrubs.",
        "Planta is a genus of plants. The leaves are eaten by tree frogs.",
        "Planta, commonly known as the thunder tree, is a genus of plants.",
        "Planta is not a tree.",
    ],
)
def test_what_grows_beside_the_plant_is_not_its_form(text: str) -> None:
    assert read_growth_form(text).labels == ()


def test_hybrids_are_read_as_any_other_taxon() -> None:
    assert read_growth_form("×Plantabloba is a hybrid genus of shrubs between Planta and Bloba.").labels == ("shrub",)


def test_a_minority_does_not_make_a_genus_mixed() -> None:
    assert read_growth_form("Most species are trees, rarely shrubs.").labels == ("tree",)
    assert read_growth_form("Planta is a genus of herbs, shrubs and trees.").primary == "mixed"
    assert read_growth_form("Planta is mostly herbs. Shrubs and trees are known too.").labels == ("herb",)
    assert read_growth_form("Planta is a genus of herbs. They may be shrubs, lianas or trees.").labels == ("herb",)


def test_what_is_conceded_of_another_taxon_does_not_count() -> None:
    assert read_habitat("Blobus is a family of land snails, although the lumps are marine.").labels == ("terrestrial",)
    assert read_habitat("Blobus is a genus of moths. Other lumps are marine.").labels == ("terrestrial",)
    text = "Plantaceae is a family of shrubs. The genus Planta are vines."
    assert read_growth_form(text).labels == ("shrub",)


@pytest.mark.parametrize(
    "text", ["Planta is named after the plane tree.", "Planta includes the thunder tree.", "Moss."]
)
def test_a_tree_in_the_singular_is_a_name_unless_it_is_told_of_the_plant(text: str) -> None:
    assert read_growth_form(text).labels == ()
    assert read_growth_form("It is a small evergreen tree.").labels == ("tree",)


def test_lists_of_species_are_not_read_to_their_ends() -> None:
    text = f"Planta is a genus of herbs, {', '.join(['Planta x'] * 60)}, and trees."
    assert read_growth_form(text).labels == ("herb",)
