"""Record: rows and JSON read back as they were written, and what is refused."""

import json
import math
import os
import uuid
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import BadFile, UnknownName
from thuja.record import CATALOG_SCHEMA, SPLITS, Record, uuid_of_bytes, uuid_of_source
from thuja.taxonomy import RANKS, Taxon

RAVEN = Record(
    uuid="8a4e",
    path="photos/corvus corax/1.jpg",
    taxon=Taxon.from_names(["Animalia", "", "Aves", "", "Corvidae", "Corvus", "corax"], "common raven"),
    caption="a black bird on a rock",
    data_source="iNaturalist",
    source_id="17",
    sha256="ab" * 32,
    width=640,
    height=480,
    split="train",
    facts={"license_name": "CC0", "latitude": -3.5, "sex": "female", "issues": "no coordinates"},
    traits={"beak": "long", "length_cm": 64.5, "legs": 2, "is_adult": True},
)

text = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
names = st.from_regex(r"[A-Za-zé×-]{0,8}", fullmatch=True)
values = st.one_of(text, st.integers(-(2**53), 2**53), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
records = st.builds(
    Record,
    uuid=text,
    path=text,
    taxon=st.builds(Taxon.from_names, st.tuples(*[names] * len(RANKS)), names),
    caption=text,
    data_source=text,
    source_id=text,
    sha256=text,
    width=st.none() | st.integers(1, 99999),
    height=st.none() | st.integers(1, 99999),
    split=st.sampled_from(["", *SPLITS]),
    facts=st.dictionaries(st.sampled_from(["license_name", "sex", "title", "drop_reason"]), text, max_size=3),
    traits=st.dictionaries(text, values, max_size=3),
)


@given(records)
def test_json_round_trips(record: Record) -> None:
    back = Record.from_json(record.to_json())
    assert back == record
    assert back.taxon.common == record.taxon.common


@given(records)
def test_rows_round_trip_through_arrow(record: Record) -> None:
    table = pa.Table.from_pylist([record.to_row()], schema=CATALOG_SCHEMA)
    assert Record.from_row(table.to_pylist()[0]) == record


def test_a_row_has_every_column_of_the_catalog_in_its_order() -> None:
    assert list(RAVEN.to_row()) == CATALOG_SCHEMA.names
    assert list(Record(uuid="", path="").to_row().values()) == [None] * len(CATALOG_SCHEMA)


def test_a_row_spells_out_the_taxon_and_the_facts() -> None:
    row = RAVEN.to_row()
    assert (row["genus"], row["species"], row["scientific_name"]) == ("Corvus", "corax", "Corvus corax")
    assert (row["phylum"], row["license_name"], row["latitude"]) == (None, "CC0", -3.5)
    assert json.loads(row["traits"]) == {"beak": "long", "is_adult": True, "legs": 2, "length_cm": 64.5}


def test_json_holds_traits_as_an_object_and_no_nulls() -> None:
    row = json.loads(RAVEN.to_json())
    assert row["traits"]["legs"] == 2
    assert None not in row.values()
    assert json.loads(Record(uuid="8a4e", path="1.jpg").to_json()) == {"uuid": "8a4e", "path": "1.jpg"}


def test_columns_that_the_catalog_does_not_know_are_left_out() -> None:
    record = Record.from_row({**RAVEN.to_row(), "clip_similarity": 0.3, "emb": [1.0, 2.0]})
    assert record == RAVEN


def test_a_row_without_uuid_and_path_is_read() -> None:
    assert Record.from_row({"genus": "Corvus"}) == Record(uuid="", path="", taxon=Taxon(genus="Corvus"))


def test_nan_in_a_row_is_a_missing_value() -> None:
    """A NaN latitude of a pandas table once went into the shard's member as `NaN`, which is not JSON."""
    record = Record.from_row(
        {"uuid": "8a4e", "path": "1.jpg", "latitude": math.nan, "caption": math.nan, "width": math.nan}
    )
    assert record == Record(uuid="8a4e", path="1.jpg")
    held = Record(uuid="8a4e", path="1.jpg", facts={"latitude": math.nan}, traits={"mass_g": math.nan, "legs": 2})
    assert json.loads(held.to_json(), parse_constant=pytest.fail) == {
        "uuid": "8a4e", "path": "1.jpg", "traits": {"legs": 2},
    }  # fmt: skip
    assert held.to_row()["traits"] == '{"legs": 2}'


def test_a_file_name_that_is_not_utf8_stays_readable() -> None:
    """A photo named in Latin-1 once stopped the shard and the catalog with a UnicodeEncodeError."""
    record = Record(uuid="8a4e", path=os.fsdecode(b"for\xeat/1.jpg"), traits={"verbatim": os.fsdecode(b"\xea")})
    assert Record.from_json(record.to_json().encode("utf-8")).path == r"for\udceat/1.jpg"
    table = pa.Table.from_pylist([record.to_row()], schema=CATALOG_SCHEMA)
    assert table.column("path").to_pylist() == [r"for\udceat/1.jpg"]


@pytest.mark.parametrize("field", ["license", "kingdom", "path", "traits"])
def test_a_fact_must_be_a_column_of_the_catalog_not_said_elsewhere(field: str) -> None:
    with pytest.raises(UnknownName, match=f'unknown catalog column: "{field}"'):
        replace(RAVEN, facts={field: "x"})


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(UnknownName) as caught:
        replace(RAVEN, split="dev")
    assert caught.value.hint == "one of train, val, test, unseen"


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (b"", "a record that is not JSON"),
        (b'{"uuid": "8a4e"', "a record that is not JSON"),
        (b"\xff\xfe\xfa", "a record that is not JSON"),
        (b"[" * 100_000, "a record that is not JSON"),
        (b"[1]", "a record must be a JSON object, got list"),
        (b'{"traits": [1]}', "a record's traits must be a JSON object"),
        (b'{"traits": "long"}', "a record's traits must be a JSON object"),
    ],
)
def test_a_member_that_is_no_record_is_a_bad_file(member: bytes, message: str) -> None:
    """Traits of another kind, and a bomb of brackets, once came through as TypeError and RecursionError."""
    with pytest.raises(BadFile, match=message):
        Record.from_json(member)


def test_null_traits_are_none() -> None:
    assert Record.from_json('{"uuid": "8a4e", "traits": null}').traits == {}


def test_uuids_are_functions_of_source_or_bytes() -> None:
    assert uuid_of_source("gbif", "17") == uuid_of_source("gbif", "17")
    assert len({uuid_of_source("gbif", "17"), uuid_of_source("gbif1", "7"), uuid_of_bytes("17")}) == 3
    assert uuid.UUID(uuid_of_source("gbif", "17")).version == uuid.UUID(uuid_of_bytes("ab")).version == 5
    assert uuid_of_bytes("AB") == uuid_of_bytes("ab")


def test_uuids_do_not_change_between_versions() -> None:
    """Shards and catalogs on disk are joined by these."""
    assert uuid_of_source("iNaturalist", "17") == GOLDEN_SOURCE
    assert uuid_of_bytes("ab" * 32) == GOLDEN_BYTES


GOLDEN_SOURCE = "e3e0d2f2-5b2c-520e-b49d-a9eb55f7886c"
GOLDEN_BYTES = "fb2c8cb4-be4a-571b-9871-a63968653133"


def test_the_catalog_has_the_columns_of_treeoflife_200m() -> None:
    theirs = [
        *("uuid", "data_source", "source_id", "source_url"),
        *("kingdom", "phylum", "class", "order", "family", "genus", "species", "scientific_name", "common"),
        *("resolution_status", "publisher", "basis_of_record", "img_type", "shard_filename"),
        *("license_name", "license_link", "copyright_owner", "title"),
    ]
    assert CATALOG_SCHEMA.names[: len(theirs)] == theirs


@pytest.mark.parametrize("facts", [{"uuid": ["a"]}, {"path": {"a": 1}}, {"width": "wide"}, {"sex": [1]}])
def test_a_value_that_its_column_cannot_hold_is_a_bad_file(facts):
    """A foreign shard's record with a list for its uuid was taken, and stopped a run far from here."""
    with pytest.raises(BadFile, match=next(iter(facts))):
        Record.from_json(json.dumps(facts))


def test_numbers_in_foreign_records_become_what_their_columns_hold():
    record = Record.from_json('{"uuid": 17, "width": 640.0, "latitude": 3}')
    assert (record.uuid, record.width, record.facts["latitude"]) == ("17", 640, 3.0)
