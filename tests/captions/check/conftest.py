"""One bird that every check is asked about."""

import pytest

from thuja.captions.check.finding import Subject
from thuja.taxonomy import Taxon

GOLDFINCH = Taxon(
    kingdom="Animalia",
    phylum="Chordata",
    class_="Aves",
    order="Passeriformes",
    family="Fringillidae",
    genus="Spinus",
    species="tristis",
    common="American goldfinch",
)


@pytest.fixture
def goldfinch() -> Subject:
    """A species with a common name, nothing else known."""
    return Subject(taxon=GOLDFINCH, names=("American goldfinch", "Spinus tristis"))
