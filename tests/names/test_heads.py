"""The taxa whose common names end in a word."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from thuja.names import Backbone
from thuja.names.heads import build_heads, heads_of, with_head
from thuja.names.spelling import fold_common
from thuja.taxonomy import Taxon

SPOKEN = [
    (7, "American Robin", "en", True),
    (3, "European Robin", "en", True),
    (3, "Robin", "en", False),
    (3, "Robin Redbreast", "en", False),
    (9, "Black Robin", "en", False),
    (4, "Indian Robin", "", True),
    (5, "Rouge-gorge Robin", "fr", True),
    (8, "Robin-chat", "en", True),
]


def vernaculars(rows: list[tuple[int, str, str, bool]]) -> pl.DataFrame:
    """A store's table: sorted by key."""
    table = [(fold_common(name), taxon, name, language, preferred, "") for taxon, name, language, preferred in rows]
    columns = dict.fromkeys(["common_key", "taxon", "name", "language", "is_preferred", "source"], pl.String)
    columns |= {"taxon": pl.UInt32, "is_preferred": pl.Boolean}
    return pl.DataFrame(table, schema=columns, orient="row").sort("common_key", "taxon", "language", "name")


def test_a_word_has_the_taxa_whose_names_end_in_it_the_preferred_first() -> None:
    found = with_head(build_heads(vernaculars(SPOKEN)), pl.Series(["robin", "chat", "raven"]))
    rows = found.select("asked", "taxon", "name", "is_preferred", "is_alone", "taxa").rows()
    assert rows == [
        (0, 3, "European Robin", True, True, 4),  # which people call Robin, too
        (0, 7, "American Robin", True, False, 4),
        (0, 4, "Indian Robin", True, False, 4),
        (0, 9, "Black Robin", False, False, 4),
        (1, 8, "Robin-chat", True, False, 1),
    ]


def test_names_of_fewer_words_come_first() -> None:
    rows = [(1, "Andaman Magpie-robin", "en", True), (2, "Yellow Robin", "en", True), (3, "Blue Robin", "en", False)]
    found = with_head(build_heads(vernaculars(rows)), pl.Series(["robin"]))
    assert found["name"].to_list() == ["Yellow Robin", "Andaman Magpie-robin", "Blue Robin"]


def test_a_name_of_one_word_is_its_own_head() -> None:
    found = with_head(
        build_heads(vernaculars([(1, "Robin", "en", False), (2, "Red Robin", "en", False)])), pl.Series(["robin"])
    )
    assert found.select("taxon", "is_alone").rows() == [(1, True), (2, False)]


def test_at_most_twenty_taxa_are_shown_and_all_are_counted() -> None:
    rows = [(number, f"No {chr(97 + number % 26)}{number} Gull", "en", number >= 30) for number in range(45)]
    found = with_head(build_heads(vernaculars(rows)), pl.Series(["gull"]))
    assert (len(found), set(found["taxa"])) == (20, {45})
    assert found["is_preferred"].to_list() == [True] * 15 + [False] * 5


def test_words_without_an_answer_and_nulls_are_left_out() -> None:
    heads = build_heads(vernaculars(SPOKEN))
    found = with_head(heads, pl.Series([None, "", "zzz", "robin", "Robin"], dtype=pl.String))
    assert set(found["asked"]) == {3}
    assert with_head(build_heads(vernaculars([(1, "x", "de", True)])), pl.Series(["x"])).is_empty()


def test_a_backbone_is_indexed_once() -> None:
    raven = Taxon(kingdom="Animalia", genus="Corvus", species="corax", common="Common Raven")
    backbone = Backbone.from_taxa("world", [raven])
    heads = heads_of(backbone)
    assert heads.select("head", "name").rows() == [("raven", "Common Raven")]
    assert heads_of(backbone) is heads


NAMES = st.lists(st.sampled_from(["red", "blue", "robin", "gull", "Gull's", "ROBIN"]), min_size=1, max_size=3).map(
    " ".join
)
ROWS = st.lists(st.tuples(st.integers(0, 5), NAMES, st.sampled_from(["en", "", "de"]), st.booleans()), max_size=12)


@given(ROWS, st.permutations(range(12)), st.lists(st.sampled_from(["robin", "gull", "red", "x"]), max_size=4))
def test_the_index_finds_what_a_loop_finds_in_any_order(rows: list, order: list[int], words: list[str]) -> None:
    shuffled = [rows[place] for place in order if place < len(rows)]
    found = with_head(build_heads(vernaculars(shuffled)), pl.Series(words, dtype=pl.String))
    expected = []
    for asked, word in enumerate(words):
        names: dict[int, list[tuple[bool, int, str]]] = {}
        for taxon, name, language, preferred in rows:
            parts = fold_common(name).split()
            if language != "de" and parts[-1] == word:
                names.setdefault(taxon, []).append((not preferred, len(parts), name))
        best = {taxon: (min(said), all(parts > 1 for _, parts, _ in said)) for taxon, said in names.items()}
        ranked = sorted((other, longer, parts, name, taxon) for taxon, ((other, parts, name), longer) in best.items())
        expected += [(asked, taxon, name, not other, not longer) for other, longer, _, name, taxon in ranked]
    assert found.select("asked", "taxon", "name", "is_preferred", "is_alone").rows() == expected
