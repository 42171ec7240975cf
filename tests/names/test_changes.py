"""What a newer backbone says otherwise."""

import polars as pl
from tests.names.small_backbone import BIRDS, SCHEMA, SPOKEN, small_backbone

from thuja.names import Backbone
from thuja.names.changes import Change, changes
from thuja.names.store import About, build_tables


def test_equal_backbones_differ_in_nothing() -> None:
    assert changes(small_backbone("a"), small_backbone("b")).is_empty()


def test_what_was_added_is_gone_or_moved() -> None:
    old = small_backbone(without=("91",))
    new = small_backbone(without=("40", "90"), id_21=(*BIRDS, "Turdidae", "Oenanthe", "oenanthe"))
    found = changes(old, new)
    assert found.select("name", "change").rows() == [
        ("Anas strepera", Change.GONE),
        ("Corvus major", Change.ADDED),
        ("Mareca strepera", Change.GONE),
        ("Oenanthe oenanthe", Change.LINEAGE),
    ]
    assert "Muscicapidae" in found["old"][3]
    assert "Turdidae" in found["new"][3]
    only = changes(old, new, only=pl.Series(["corvus major", "Corvus corax"]))
    assert only["name"].to_list() == ["Corvus major"]


def test_a_name_becomes_a_synonym_and_comes_back_and_changes_rank() -> None:
    def world(*rows: tuple[str, str, str, str, str]) -> Backbone:
        full = [(*row[:2], None, *row[2:], "Animalia", *[None] * 6) for row in rows]
        usages = pl.DataFrame(full, schema=SCHEMA, orient="row")
        return Backbone(build_tables(usages, pl.DataFrame(schema=SPOKEN)), About(name="w"))

    one, two = ("1", "Aus bus", "species", "accepted", "1"), ("2", "Cus bus", "species", "accepted", "2")
    old, new = world(one, two), world(one, ("2", "Cus bus", "species", "synonym", "1"))
    assert changes(old, new).select("name", "change").rows() == [("Cus bus", Change.NOW_SYNONYM)]
    assert changes(new, old).select("name", "change").rows() == [("Cus bus", Change.NOW_ACCEPTED)]
    lower = world(one, ("2", "Cus bus", "subspecies", "accepted", "2"))
    assert changes(old, lower).select("name", "change").rows() == [("Cus bus", Change.RANK)]
