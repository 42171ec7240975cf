"""Backbones on disk: mapped as they were built, complete or refused, the same whatever the order of the usages."""

import json
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest
from tests.names.small_backbone import SCHEMA, small_backbone

from thuja.errors import BadFile, UsageError
from thuja.names import Backbone, Resolver
from thuja.names.archives.archive import vernacular_frame
from thuja.names.store import About, Tables, build_tables, open_store, write_tables

ABOUT = About(name="small", version="3", licence="CC0")


def usages() -> pl.DataFrame:
    rows = [
        ("1", "Aves", "class", "accepted", "1", None, None),
        ("2", "Corvus", "genus", "accepted", "2", "Corvus", None),
        ("3", "Corvus", "subgenus", "accepted", "3", "Corvus", None),
        ("4", "Corvus corax", "species", "accepted", "4", "Corvus", "corax"),
        ("5", "Corvus clericus", "species", "synonym", "4", None, None),
        ("6", "Corvus ater", "species", "synonym", "99", None, None),
        ("7", "Corvus corax principalis", "subspecies", "accepted", "7", "Corvus", "corax"),
        ("8", "Corvus × mixtus", "species", "accepted", "8", "Corvus", "× mixtus"),
    ]
    table = [
        (id_, name, None, rank, status, accepted, "Animalia", None, "Aves", None, None, genus, species)
        for id_, name, rank, status, accepted, genus, species in rows
    ]
    return pl.DataFrame(table, schema=SCHEMA, orient="row")


def same(left: Tables, right: Tables) -> bool:
    return all(
        getattr(left, field.name).equals(getattr(right, field.name).cast(getattr(left, field.name).schema))
        for field in fields(Tables)
    )


def test_a_store_opens_as_it_was_built(tmp_path: Path) -> None:
    tables = small_backbone().tables
    write_tables(tables, ABOUT, tmp_path / "small")
    opened, about = open_store(tmp_path / "small")
    assert about == ABOUT
    assert same(opened, tables)
    assert Resolver([Backbone.open(tmp_path / "small")]).resolve("Corvus corax").taxon.genus == "Corvus"


def test_the_order_of_usages_changes_nothing() -> None:
    shuffled = usages().sample(fraction=1, shuffle=True, seed=3)
    assert same(build_tables(usages(), vernacular_frame()), build_tables(shuffled, vernacular_frame()))


def test_a_genus_hides_its_subgenus_of_one_name_and_a_lost_synonym_is_no_name() -> None:
    names = build_tables(usages(), vernacular_frame()).names
    assert names.filter(key="corvus")["id"].to_list() == ["2"]
    assert names.filter(key="corvus ater").is_empty()
    assert names.filter(key="corvus × mixtus")["epithet"].to_list() == ["mixtus"]
    assert names.filter(key="corvus corax principalis")["epithet"].to_list() == [None]


def test_a_newer_store_takes_the_place_of_the_older_and_of_nothing_else(tmp_path: Path) -> None:
    tables = build_tables(usages(), vernacular_frame())
    write_tables(tables, ABOUT, tmp_path / "small")
    old = Backbone.open(tmp_path / "small")
    write_tables(tables, About(name="small", version="4"), tmp_path / "small")
    assert Backbone.open(tmp_path / "small").about.version == "4"
    assert Resolver([old]).resolve("Corvus clericus").taxon.species == "corax"
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="no backbone of thuja's"):
        write_tables(tables, ABOUT, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("damage", ["missing", "short", "other", "format", "counts"])
def test_a_damaged_store_is_one_sentence(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "small"
    write_tables(build_tables(usages(), vernacular_frame()), ABOUT, folder)
    (names,), about = folder.glob("names-*.arrow"), folder / "backbone.json"
    if damage == "missing":
        names.unlink()
    elif damage == "short":
        names.write_bytes(names.read_bytes()[:-100])
    elif damage == "other":
        names.write_bytes(b"ARROW1 nothing at all")
    else:
        held = json.loads(about.read_text())
        about.write_text(json.dumps(held | ({"format": 0} if damage == "format" else {"rows": {"names": 99}})))
    with pytest.raises(BadFile, match="backbone"):
        Backbone.open(folder)
