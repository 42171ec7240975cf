"""Which names are of domestic animals."""

import pytest
from tests.names.small_backbone import small_backbone

from thuja.names import Backbone
from thuja.names.store import write_tables
from thuja.names.tables.resolving import TableOptions, resolve_words
from thuja.taxonomy import Taxon


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> TableOptions:
    folder = tmp_path_factory.mktemp("b")
    world = small_backbone()
    write_tables(world.tables, world.about, folder / "small")
    names = ["Passer domesticus", "Gallus gallus", "Bubalus bubalis", "Ovis aries", "Felis silvestris", "Columba livia"]
    names.append("Mus musculus")
    taxa = [Taxon(kingdom="Animalia", genus=name.split()[0], species=name.split()[1]) for name in names]
    more = Backbone.from_taxa("more", [*taxa, Taxon(kingdom="Plantae", genus="Prunus", species="cerasus")])
    write_tables(more.tables, more.about, folder / "more")
    return TableOptions(backbones=(str(folder / "small"), str(folder / "more")))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Felis catus", "domestic"),
        ("Domestic Cat", "domestic"),
        ("Felis silvestris catus", "domestic"),
        ("Canis lupus familiaris", "domestic"),
        ("Canis familiaris", "domestic"),
        ("Gallus gallus domesticus", "domestic"),
        ("Columba livia f. domestica", "domestic"),
        ("Bubalus bubalis", "domestic"),
        ("Ovis aries", "domestic"),
        ("Canis lupus", None),
        ("Felis silvestris", None),
        ("Bubalus bubalis arnee", None),
        ("Ovis aries musimon", None),
        ("Mus musculus domesticus", None),
        ("Passer domesticus", None),
        ("Passer domesticus domesticus", None),
        ("Prunus cerasus var. domestica", None),
        ("Corvus corax", None),
    ],
)
def test_a_domestic_form_is_named(options: TableOptions, name: str, form: str | None) -> None:
    assert resolve_words([name], options)["form"].to_list() == [form]
