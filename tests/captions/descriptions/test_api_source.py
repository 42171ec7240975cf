"""Pages by the API, chosen as those of a dump are."""

from pathlib import Path

from tests.captions.descriptions.wiki_server import Wiki, serving

from thuja.captions.descriptions.api import open_wiki
from thuja.captions.descriptions.page_choice import LookupSource
from thuja.taxonomy import Taxon

OAK = """{{Speciesbox|genus=Quercus|species=robur}}
'''Quercus robur''' is an oak.
== Description ==
The leaves are lobed. The bark is grey.
== Distribution ==
Europe.
"""
GANNET = "{{Speciesbox|genus=Morus|species=bassanus}}\nA seabird.\n== Description ==\nIt is white with black wing tips."


def test_the_page_of_a_taxon_is_chosen_from_what_the_api_gives(tmp_path: Path) -> None:
    step = "{{Don't edit this line|rank=%s|parent=%s}}"
    wiki = Wiki(
        articles={
            "Quercus robur": (5, OAK),
            "Template:Taxonomy/Quercus": (6, step % ("genus", "Fagaceae")),
            "Template:Taxonomy/Fagaceae": (7, step % ("familia", "Plantae")),
            "Template:Taxonomy/Plantae": (8, step % ("regnum", "Eukaryota")),
            "Morus": (9, "Lists\n* [[Morus (bird)]]"),
            "Morus (bird)": (10, GANNET),
        },
        redirects={"Pedunculate oak": "Quercus robur"},
        lists={"Morus"},
    )
    oak = Taxon(kingdom="Plantae", family="Fagaceae", genus="Quercus", species="robur", common="pedunculate oak")
    mulberry = Taxon(kingdom="Plantae", family="Moraceae", genus="Morus")
    with serving(wiki):
        api = open_wiki(wiki.url, contact="someone@example.org", cache=tmp_path)
        site = api.site()
        found = dict(LookupSource(api, site=site).pages([oak, mulberry]))
        asked = len(wiki.asked)
        assert dict(LookupSource(api, site=site).pages([oak, mulberry])) == found
        assert len(wiki.asked) == asked
        api.close()
    assert [section.text for section in found[oak].sections] == ["The leaves are lobed. The bark is grey."]
    assert (found[oak].source.revision, found[oak].known_by) == ("5", "lineage")
    assert found[oak].source.url == "http://wiki.example/w/index.php?title=Quercus_robur&oldid=5"
    assert found[mulberry].reason == "other_lineage"
