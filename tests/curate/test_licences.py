"""Licences as sources write them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.licences import OPENNESS, canonical_licence, canonical_licences, openness, stricter_licences

WRITTEN = {
    "cc0": [
        "CC0_1_0",
        "CC0",
        "cc-zero 1.0",
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
        "Creative Commons Zero v1.0 Universal",
        "Public Domain Dedication (CC0)",
        "http://creativecommons.org/publicdomain/zero/1.0/legalcode",
        "https://creativecommons.org/publicdomain/zero/1.0/deed.en",
        "http://creativecommons.org/licenses/CC0/1.0/",
        "no rights reserved (CC0)",
        "CC 0",
    ],
    "public-domain": [
        "Public Domain",
        "Public domain mark 1.0",
        "http://creativecommons.org/publicdomain/mark/1.0/",
        "http://creativecommons.org/licenses/publicdomain/",
        "https://en.wikipedia.org/wiki/Public_domain",
        "pd",
        "PD-self",
        "PD-old-100-expired",
        "PD-USGov",
        "Dominio público",
    ],
    "cc-by": [
        "http://creativecommons.org/licenses/by/4.0/legalcode",
        "http://creativecommons.org/licenses/by/2.0/",
        "https://creativecommons.org/licenses/by/3.0/us/deed.en",
        "creativecommons.org/licenses/by/4.0",
        "CC_BY_4_0",
        "cc-by-4.0",
        "CC-BY",
        "CC BY 3.0 us",
        "CC BY 4.0",
        "Attribution",
        "Attribution License",
        "Creative Commons Attribution 4.0 International (CC BY 4.0)",
        "This work is licensed under a Creative Commons Attribution (CC-BY) 4.0 License.",
        "CC BY 4.0 http://creativecommons.org/licenses/by/4.0/",
    ],
    "cc-by-nc": [
        "CC_BY_NC_4_0",
        "CC-BY-NC",
        "cc-by-nc 3.0",
        "© A. Gray, some rights reserved (CC BY-NC)",
        "(c) María Díaz, some rights reserved (CC BY-NC), uploaded by maria_d",
        "by-nc",
        "Attribution-NonCommercial 2.0",
        "Attribution-NonCommercial License",
        "Attribution - Pas d'Utilisation Commerciale 4.0 International",
        "http://creativecommons.org/licenses/by-nc/4.0/legalcode",
    ],
    "cc-by-sa": [
        "https://creativecommons.org/licenses/by-sa/3.0/de/",
        "CC BY-SA 3.0 Unported",
        "Creative Commons Attribution-Share Alike 3.0 Germany",
        "CC BY-SA 3.0 de",
        "Namensnennung - Weitergabe unter gleichen Bedingungen 3.0",
    ],
    "cc-by-nc-sa": [
        "Attribution-NonCommercial-ShareAlike 4.0 International",
        "cc by-nc-sa 4.0",
        "cc-by-nc-sa 3.0",
        "cc-by-nc-sa-3.0",
        "CreativeCommons - Attribution Non-Commercial Share-Alike",
        "Creative Commons Attribution-NonCommercial-ShareAlike 3.0 Unported (CC BY-NC-SA 3.0)",
    ],
    "cc-by-nd": ["Creative Commons Attribution No Derivatives", "CC-BY-ND", "Attribution-NoDerivs License"],
    "cc-by-nc-nd": [
        "http://creativecommons.org/licenses/by-nd-nc/1.0/",
        "Attribution-NonCommercial-NoDerivs License",
        "Attribution - Pas d'Utilisation Commerciale - Pas de Modification",
        "Reconocimiento-NoComercial-SinObraDerivada 2.5",
    ],
    "all-rights-reserved": [
        "(c) someone, all rights reserved",
        "All Rights Reserved",
        "http://rightsstatements.org/vocab/InC/1.0/",
    ],
    "no-known-restrictions": [
        "No known copyright restrictions",
        "https://www.flickr.com/commons/usage/",
        "http://rightsstatements.org/vocab/NKC/1.0/",
        "No restrictions",
    ],
}
"""As GBIF, EOL, iNaturalist, Flickr, Wikimedia Commons, BOLD (BIOSCAN) and FathomNet write them."""

TAKEN_BACK = [
    "http://creativecommons.org/licenses/by-nc4.0",
    "http://creativecommons.org/licenses/by/4.0/nc",
    "Attribution required. Not for commercial use.",
    "Attribution, no commercial use, no derivatives",
    "CC BY; commercial use prohibited",
    "CC BY (for non profit use)",
    "CC BY except for AI training",
    "non-CC BY",
    "Metadata CC0, images CC BY-NC-ND 4.0",
    "This image is not in the public domain",
    "photo by PD Smith, copyright",
    "No known copyright holder; do not reuse",
    "not for use by others, some rights reserved (CC BY)",
    "Attribution d'une note, all right reserved",
]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRITTEN.items() for text in texts])
def test_a_licence_is_known_however_it_is_written(name: str, text: str) -> None:
    assert canonical_licence(text) == name


@pytest.mark.parametrize("text", TAKEN_BACK)
def test_a_text_with_words_that_are_not_understood_grants_nothing(text: str) -> None:
    """Each of these was read as one of the open licences whose name stands in it."""
    assert canonical_licence(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CC-BY-NC4.0", "cc-by-nc"),
        ("cc-by-nc2", "cc-by-nc"),
        ("cc by-nd4", "cc-by-nd"),
        ("CC0; CC BY-NC-ND 4.0", "cc-by-nc-nd"),
        ("Public domain or CC BY", "cc-by"),
        ("CC BY 4.0 / CC BY-NC 4.0", "cc-by-nc"),
    ],
)
def test_of_several_readings_and_of_words_run_together_the_stricter_counts(text: str, name: str) -> None:
    """A version that touches its code hid the code, and CC0 hid what stood beside it."""
    assert canonical_licence(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "by",
        "cc",
        "4.0",
        "some rights reserved",
        "unknown",
        "photo by A. Gray",
        "see the museum's terms of use",
        "UNSPECIFIED",
    ],
)
def test_what_names_no_licence_has_none(text: str) -> None:
    assert canonical_licence(text) is None


def test_every_canonical_name_is_its_own_name() -> None:
    assert [canonical_licence(name) for name in OPENNESS] == list(OPENNESS)


def test_the_unknown_is_less_open_than_anything_known() -> None:
    assert openness("cc-by") < openness("cc-by-nc") < openness("all-rights-reserved") < openness(None)


def test_of_name_and_link_the_stricter_counts() -> None:
    names = pl.Series(["cc-by", None, "cc-by-nc", "nothing"])
    links = pl.Series(["http://creativecommons.org/licenses/by-nc/4.0/", "CC0_1_0", None, None])
    assert stricter_licences(names, links).to_list() == ["cc-by-nc", "cc0", "cc-by-nc", None]


def test_a_name_that_limits_what_its_link_grants_leaves_the_licence_unknown() -> None:
    """`Not for commercial use` beside the address of CC BY was CC BY, for the name said nothing that was known."""
    names = pl.Series(["Not for commercial use", "Museum X", "not provided", None, "CC BY; no reuse"])
    links = pl.Series(["http://creativecommons.org/licenses/by/4.0/"] * 4 + [None])
    assert stricter_licences(names, links).to_list() == [None, "cc-by", "cc-by", "cc-by", None]


@given(
    st.lists(st.none() | st.sampled_from([text for texts in WRITTEN.values() for text in texts]) | st.text(max_size=30))
)
def test_a_column_is_read_as_its_cells_are(texts: list[str | None]) -> None:
    found = canonical_licences(pl.Series(texts, dtype=pl.String)).to_list()
    assert found == [None if text is None else canonical_licence(text) for text in texts]
