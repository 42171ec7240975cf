"""Lineages for millions of rows at once equal a plain walk up the tree, loops and gaps included."""

import time
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.names.lineages import KINGDOM_NAMES, RANK_COLUMNS, USAGE_SCHEMA, climb, fill_given, place

COLUMNS = ("id", "name", "rank", "status", "parent", "accepted")
Row = tuple[str, str, str, str, str | None, str | None]


def written(rows: Sequence[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias("authorship"))


def accepted(id_: str, rank: str, parent: str | None, name: str = "") -> Row:
    return (id_, name or f"Name{id_}", rank, "accepted", parent, None)


def end_of(id_: str, up: dict[str, str | None]) -> str | None:
    """The last id of a chain, or None when it goes round in a loop."""
    seen = {id_}
    while (above := up[id_]) is not None:
        if above in seen:
            return None
        seen.add(above)
        id_ = above
    return id_


def in_loop(id_: str, up: dict[str, str | None]) -> bool:
    at = up[id_]
    for _ in range(len(up)):
        if at is None or at == id_:
            break
        at = up[at]
    return at == id_


def plainly(rows: Sequence[Row]) -> list[tuple[str | None, ...]]:
    """`place` as one would write it for ten rows: id, accepted, and the ranks down to the genus."""
    by_id = {row[0]: row for row in reversed(rows)}
    is_taxon = {id_: row[3] in ("accepted", "provisional") for id_, row in by_id.items()}
    along: dict[str, str | None] = {
        id_: None if is_taxon[id_] or row[5] not in by_id else row[5] for id_, row in by_id.items()
    }
    final = {id_: end for id_ in by_id if (end := end_of(id_, along)) is not None and is_taxon[end]}
    up: dict[str, str | None] = {}
    for id_, row in by_id.items():
        above = final.get(row[4] or "") if is_taxon[id_] else None
        up[id_] = None if above == id_ else above
    cut = {id_: None if in_loop(id_, up) else above for id_, above in up.items()}
    answers = []
    for id_ in dict.fromkeys(row[0] for row in rows):
        if id_ not in final:
            continue
        ranks: dict[str, str] = {}
        at: str | None = id_ if is_taxon[id_] else None
        while at is not None:
            _, name, rank, *_ = by_id[at]
            if rank == "kingdom":
                ranks["kingdom"] = KINGDOM_NAMES.get(name, name)
            else:
                ranks.setdefault(rank, name)
            at = cut[at]
        own = by_id[id_][2]
        lowest = RANK_COLUMNS.index(own) if own in RANK_COLUMNS else 4 if own == "tribe" else 6
        lineage = [ranks.get(rank) if index <= lowest else None for index, rank in enumerate(RANK_COLUMNS[:6])]
        answers.append((id_, final[id_], *lineage))
    return answers


IDS = st.integers(0, 14).map(str)
ROWS = st.lists(
    st.tuples(
        IDS,
        st.sampled_from(["Metazoa", "Aus", "Bus", "Cus", "Dus"]),
        st.sampled_from([*RANK_COLUMNS, "tribe", "unranked"]),
        st.sampled_from(["accepted", "accepted", "accepted", "provisional", "synonym", "misapplied"]),
        st.none() | IDS,
        st.none() | IDS,
    ),
    max_size=24,
)


@given(ROWS)
def test_random_trees_with_loops_equal_the_plain_walk(rows: list[Row]) -> None:
    placed = place(written(rows))
    assert placed.usages.select("id", "accepted", *RANK_COLUMNS[:6]).rows() == plainly(rows)
    assert dict(placed.usages.schema) == USAGE_SCHEMA


@given(st.lists(st.integers(-1, 11), min_size=1, max_size=12))
def test_climbing_equals_stepping(pointers: list[int]) -> None:
    up = np.array([pointer if pointer < len(pointers) else -1 for pointer in pointers], dtype=np.int32)
    chains = climb(up)
    named = {str(row): None if above < 0 else str(above) for row, above in enumerate(up)}
    for row in range(len(up)):
        end = end_of(str(row), named)
        assert chains.into_loop[row] == (end is None)
        assert end is None or chains.last[row] == int(end)
        assert chains.in_loop[row] == in_loop(str(row), named)


def test_a_loop_of_parents_is_cut_open_and_said() -> None:
    rows = [accepted("1", "family", "2"), accepted("2", "order", "1"), accepted("3", "genus", "1")]
    placed = place(written(rows))
    assert placed.usages.select("order", "family", "genus").rows() == [
        (None, "Name1", None),
        ("Name2", None, None),
        (None, "Name1", "Name3"),
    ]
    assert placed.problems == ("taxa in a loop of parents, their lineages begin with themselves: 2 (1, 2)",)


def test_what_cannot_be_placed_is_said_with_its_ids() -> None:
    rows: list[Row] = [
        accepted("1", "genus", "1"),
        accepted("2", "genus", "99"),
        accepted("2", "genus", None),
        ("3", "Aus", "genus", "synonym", None, "4"),
        ("4", "Bus", "genus", "synonym", None, "3"),
        ("5", "Cus", "genus", "synonym", None, "98"),
        ("6", "Dus", "genus", "synonym", None, None),
        ("7", "", "genus", "accepted", None, None),
        accepted("8", "family", "1"),
        accepted("9", "species", "4", "Aus bus"),
    ]
    placed = place(written(rows))
    assert placed.usages.select("id", "family", "genus").rows() == [
        ("1", None, "Name1"),
        ("2", None, "Name2"),
        ("8", "Name8", None),
        ("9", None, None),
    ]
    assert placed.problems == (
        "rows without an id or a name, left out: 1 (7)",
        "ids that stand more than once, the first of each is kept: 1 (2)",
        "synonyms that lead round in a loop, left out: 2 (3, 4)",
        "synonyms without an accepted name, left out: 2 (5, 6)",
        "taxa whose parent is not there, their lineages begin with themselves: 2 (2, 9)",
        "taxa that are their own parent, their lineages begin with themselves: 1 (1)",
        "taxa inside a taxon of a lower rank, which is passed over: 1 (8)",
    )


def test_a_parent_that_is_a_synonym_means_its_accepted_name() -> None:
    rows: list[Row] = [
        accepted("1", "genus", None, "Aus"),
        ("2", "Bus", "genus", "synonym", None, "1"),
        accepted("3", "species", "2", "Aus bus"),
    ]
    assert place(written(rows)).usages["genus"].to_list() == ["Aus", None, "Aus"]


def test_a_domain_stands_for_the_kingdom_and_passes_over_those_inside() -> None:
    rows = [
        accepted("1", "domain", None, "Bacteria"),
        accepted("2", "kingdom", "1", "Bacillati"),
        accepted("3", "species", "2", "Bacillus subtilis"),
        accepted("4", "genus", None, "Bacteria"),
        accepted("5", "unranked", None, "Viruses"),
        accepted("6", "species", "5", "Tobacco mosaic virus"),
        accepted("7", "species", "5", "Tobamovirus tabaci"),
    ]
    found = place(written(rows)).usages.select("kingdom", "genus", "species").rows()
    assert found == [
        ("Bacteria", None, None),
        ("Bacteria", None, None),
        ("Bacteria", None, "subtilis"),
        (None, "Bacteria", None),
        ("Viruses", None, None),
        ("Viruses", None, "Tobacco mosaic virus"),
        ("Viruses", None, "Tobamovirus tabaci"),
    ]


def test_a_container_for_what_stands_nowhere_is_no_kingdom() -> None:
    rows = [accepted("0", "kingdom", None, "incertae sedis"), accepted("1", "genus", "0", "Aus")]
    assert place(written(rows)).usages.select("name", "kingdom", "genus").rows() == [
        ("incertae sedis", None, None),
        ("Aus", None, "Aus"),
    ]


@pytest.mark.parametrize("is_ring", [False, True])
def test_half_a_million_steps_in_one_chain_take_seconds(is_ring: bool) -> None:
    """Level by level this would take hours; as a ring it would never end."""
    count = 500_000
    ids = pl.Series("id", np.arange(count)).cast(pl.String)
    above = pl.Series("parent", (np.arange(count) + 1) % count).cast(pl.String)
    above = above if is_ring else above.set(pl.Series(np.arange(count) == count - 1), None)
    rank = pl.Series("rank", ["unranked"] * (count - 1) + ["kingdom"])
    frame = pl.DataFrame([ids, above, rank, ids.alias("name")]).with_columns(
        status=pl.lit("accepted"),
        accepted=pl.lit(None, dtype=pl.String),
        authorship=pl.lit(None, dtype=pl.String),
    )
    began = time.monotonic()
    placed = place(frame)
    assert time.monotonic() - began < 20
    assert placed.usages["kingdom"].null_count() == (count - 1 if is_ring else 0)
    assert len(placed.problems) == int(is_ring)


def test_ranks_given_in_columns_fill_only_what_is_above() -> None:
    rows = [accepted("1", "family", None, "Corvidae"), accepted("2", "species", None, "Corvus corax")]
    given_ranks = pl.DataFrame(
        {"id": ["1", "2"], "kingdom": ["Metazoa", "Metazoa"], "family": [None, "Corvidae"], "genus": ["Pica", "Corvus"]}
    )
    filled = fill_given(place(written(rows)).usages, given_ranks)
    assert filled.select("kingdom", "family", "genus", "species").rows() == [
        ("Animalia", "Corvidae", None, None),
        ("Animalia", "Corvidae", "Corvus", "corax"),
    ]
