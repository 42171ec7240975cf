"""Candidates for misspelt names: the blocks find what a comparison with every name finds."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from thuja.names import Backbone
from thuja.names.misspellings import MAX_EDITS, misspelt_binomials, misspelt_words
from thuja.taxonomy import Taxon

GENERA = ["Abax", "Abas", "Acer", "Acar", "Bellis", "Bullis"]
EPITHETS = ["abba", "abbas", "bacca", "cabba", "dacca"]
KNOWN = [(genus, epithet) for genus in GENERA for epithet in EPITHETS if (len(genus) + len(epithet)) % 3]
BACKBONE = Backbone.from_taxa("world", [Taxon(kingdom="Plantae", genus=g, species=e) for g, e in KNOWN])
NAMES = st.tuples(st.text("abcelrsx", min_size=3, max_size=7), st.text("abcds", min_size=3, max_size=7))


def every(genus: str, epithet: str) -> set[tuple[str, int, int]]:
    """What a plain loop finds: two edits in all, with at most one in each word where both are wrong."""
    found = set()
    for known, other in KNOWN:
        pair = OSA.distance(genus, known.lower()), OSA.distance(epithet, other)
        if 0 < sum(pair) <= MAX_EDITS:
            found.add((f"{known.lower()} {other}", *pair))
    return found


@settings(max_examples=150)
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_the_blocks_find_what_a_plain_loop_finds(names: list[tuple[str, str]]) -> None:
    genera, epithets = (pl.Series(column) for column in zip(*names, strict=True))
    found = misspelt_binomials(BACKBONE, genera, epithets)
    keys = BACKBONE.tables.names["key"].gather(found.row).to_list()
    pairs = zip(found.asked.tolist(), keys, found.genus_edits.tolist(), found.epithet_edits.tolist(), strict=True)
    assert sorted(pairs) == sorted((asked, *hit) for asked, name in enumerate(names) for hit in every(*name))


def test_a_genus_one_edit_away_is_found_at_any_letter() -> None:
    for written in ("belis", "bellys", "ebllis", "bellisx", "xbellis"):
        found = misspelt_words(BACKBONE, pl.Series([written]))
        assert "bellis" in BACKBONE.tables.names["key"].gather(found.row).to_list()
