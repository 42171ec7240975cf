"""A dump's pages are signed with the wiki that its head names."""

from pathlib import Path

import pytest
from tests.captions.descriptions.wiki_pages import PAGES, xml_of

from thuja.captions.descriptions.dump import Dump
from thuja.captions.descriptions.dump.source import site_of_dump


@pytest.mark.parametrize(
    ("database", "page", "site"),
    [
        (
            "enwiki",
            "https://en.wikipedia.org/wiki/Main_Page",
            ("wikipedia-en", "https://en.wikipedia.org/w/index.php", "CC BY-SA 4.0"),
        ),
        (
            "specieswiki",
            "https://species.wikimedia.org/wiki/Main_Page",
            ("specieswiki", "https://species.wikimedia.org/w/index.php", "CC BY-SA 4.0"),
        ),
        ("ferns", "https://wiki.example/Main_Page", ("ferns", "https://wiki.example/index.php", "")),
        ("enwiki", "https://evilwikipedia.org/wiki/Main_Page", ("enwiki", "https://evilwikipedia.org/index.php", "")),
    ],
)
def test_a_licence_is_stated_for_wikis_of_wikimedia_alone(
    tmp_path: Path, database: str, page: str, site: tuple[str, str, str]
) -> None:
    """Any wiki's text was said to be under the licence of Wikipedia's."""
    path = tmp_path / "dump.xml"
    text = xml_of(PAGES).replace("enwiki", database).replace("https://en.wikipedia.org/wiki/Main_Page", page)
    path.write_text(text)
    found = site_of_dump(Dump(path=path))
    assert (found.name, found.address, found.licence) == site
