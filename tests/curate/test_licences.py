"""Licences as sources write them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.licences import OPENNESS, canonical_licence, canonical_licences, openness, stricter_licences

WRITTEN = {
    "cc0": [
        "CC0_1_0",
        "http://creativecommons.org/publicdomain/zero/1.0/legalcode",
        "no rights reserved (CC0)",
        "CC 0",
    ],
    "public-domain": ["Public Domain", "http://creativecommons.org/publicdomain/mark/1.0/", "pd"],
    "cc-by": ["http://creativecommons.org/licenses/by/4.0/legalcode", "CC_BY_4_0", "CC BY 4.0", "Attribution License"],
    "cc-by-nc": ["CC-BY-NC", "© A. Gray, some rights reserved (CC BY-NC)", "by-nc", "Attribution-NonCommercial 2.0"],
    "cc-by-sa": ["https://creativecommons.org/licenses/by-sa/3.0/de/", "CC BY-SA 3.0 Unported"],
    "cc-by-nc-sa": ["Attribution-NonCommercial-ShareAlike 4.0 International", "cc by-nc-sa 4.0"],
    "cc-by-nd": ["Creative Commons Attribution No Derivatives", "CC-BY-ND"],
    "cc-by-nc-nd": ["http://creativecommons.org/licenses/by-nd-nc/1.0/"],
    "all-rights-reserved": ["(c) someone, all rights reserved", "All Rights Reserved"],
    "no-known-restrictions": ["No known copyright restrictions"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRITTEN.items() for text in texts])
def test_a_licence_is_known_however_it_is_written(name: str, text: str) -> None:
    assert canonical_licence(text) == name


@pytest.mark.parametrize("text", ["", "unknown", "photo by A. Gray", "see the museum's terms of use", "UNSPECIFIED"])
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


@given(
    st.lists(st.none() | st.sampled_from([text for texts in WRITTEN.values() for text in texts]) | st.text(max_size=30))
)
def test_a_column_is_read_as_its_cells_are(texts: list[str | None]) -> None:
    found = canonical_licences(pl.Series(texts, dtype=pl.String)).to_list()
    assert found == [None if text is None else canonical_licence(text) for text in texts]
