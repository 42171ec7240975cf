"""Rows that their metadata speaks against."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from thuja.curate.filters.screen import ScreenSettings, screen_reasons, screen_step
from thuja.curate.filters.takedown import TakeDownList
from thuja.errors import BadFile, UnknownName, UsageError

Batch = Callable[..., pl.DataFrame]
URL = {"source_url": "https://example.org/1.jpg"}


@pytest.mark.parametrize(
    ("settings", "dropped", "kept", "reason"),
    [
        ({}, {"source_url": None}, URL, "no_image"),
        ({}, {"source_url": " "}, {"source_url": None, "path": "a.jpg"}, "no_image"),
        ({}, {"occurrence_status": "ABSENT"}, {"occurrence_status": "PRESENT"}, "absent"),
        ({}, {"basis_of_record": "MaterialCitation"}, {"basis_of_record": "MATERIAL_SAMPLE"}, "basis_of_record"),
        (
            {"allow_basis": ("HUMAN_OBSERVATION",)},
            {"basis_of_record": "FOSSIL_SPECIMEN"},
            {"basis_of_record": "HumanObservation"},
            "basis_of_record",
        ),
        ({"captive": False}, {"is_captive": True}, {"is_captive": False}, "captive"),
        ({"captive": False}, {"establishment_means": "Cultivated"}, {"establishment_means": "native"}, "captive"),
        (
            {"quality_grades": ("research",)},
            {"quality_grade": "needs_id"},
            {"quality_grade": "Research"},
            "quality_grade",
        ),
        (
            {"refuse_issues": ("TAXON_MATCH_FUZZY",)},
            {"issues": "ZERO_COORDINATE;TAXON_MATCH_FUZZY"},
            {"issues": "TAXON_MATCH_FUZZY_NOT"},
            "issue_flag",
        ),
        (
            {"refuse_qualifiers": ("cf", "?")},
            {"identification_qualifier": "cf. alba"},
            {"identification_qualifier": "calcifolia"},
            "doubtful_identification",
        ),
        (
            {"refuse_qualifiers": ("cf", "?")},
            {"identification_qualifier": "alba?"},
            {"identification_qualifier": "sure"},
            "doubtful_identification",
        ),
        (
            {"refuse_qualifiers": ("sp. nov.",)},  # the dots went from the text, and not from the word
            {"identification_qualifier": "Carex sp. nov."},
            {"identification_qualifier": "sp. novus"},
            "doubtful_identification",
        ),
        (
            {"licences": ("cc-by",)},
            {"license_name": "Attribution. Pas d'usage commercial."},
            {"license_name": "CC BY"},
            "unknown_licence",
        ),
        ({"licences": ("cc-by",)}, {"license_name": "CC-BY-NC4.0"}, {"license_name": "CC-BY 4.0"}, "licence"),
        ({"licences": ("cc-by",)}, {"license_name": "CC BY-NC 4.0"}, {"license_name": "CC_BY_4_0"}, "licence"),
        ({"licences": ("cc-by",)}, {"license_name": "mine"}, {"license_link": "CC BY"}, "unknown_licence"),
    ],
)
def test_each_line_drops_what_it_says_and_nothing_else(
    batch: Batch, settings: dict[str, Any], dropped: dict[str, Any], kept: dict[str, Any], reason: str
) -> None:
    rows = batch(URL | dropped, URL | kept)
    assert screen_reasons(rows, ScreenSettings(**settings)).to_list() == [reason, None]


def test_a_row_that_says_nothing_stays_unless_a_licence_is_asked_for(batch: Batch) -> None:
    strict = ScreenSettings(captive=False, quality_grades=("research",), allow_basis=("HUMAN_OBSERVATION",))
    assert screen_reasons(batch(URL), strict).to_list() == [None]
    assert screen_reasons(batch(URL), ScreenSettings(licences=("cc0",), unknown_licence=True)).to_list() == [None]
    assert screen_reasons(batch(URL), ScreenSettings(licences=("cc0",))).to_list() == ["unknown_licence"]


def test_a_takedown_finds_uuids_addresses_and_source_ids(batch: Batch, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# asked for in March\n\nu0\nhttp://Example.org/B.jpg\n gbif:7 \n", encoding="utf-8")
    rows = batch(
        URL,
        {"source_url": "https://example.org/b.jpg"},
        URL | {"source_id": "gbif:7"},
        URL | {"source_id": "gbif:77"},
    )
    found = screen_reasons(rows, ScreenSettings(takedown=path), TakeDownList.read(path)).to_list()
    assert found == ["taken_down", "taken_down", "taken_down", None]


def test_another_takedown_list_is_another_setting(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("u0\n")
    first = screen_step(ScreenSettings(takedown=path)).settings
    path.write_text("u1\n")
    assert screen_step(ScreenSettings(takedown=path)).settings != first


def test_a_takedown_list_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the take-down list"):
        screen_step(ScreenSettings(takedown=tmp_path / "none.txt"))
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFile, match="not UTF-8"):
        screen_step(ScreenSettings(takedown=tmp_path / "bytes.txt"))


def test_an_unknown_licence_in_the_recipe_is_said_at_once() -> None:
    with pytest.raises(UnknownName, match="cc-bz"):
        ScreenSettings(licences=("cc-bz",))


def test_the_step_keeps_an_earlier_reason_and_fills_the_type(run: Callable[..., dict[str, dict[str, Any]]]) -> None:
    rows = [
        {"publisher": "iNaturalist.org"},
        URL | {"publisher": "iNaturalist.org"},
        URL | {"drop_reason": "bad_row", "dropped_by": "read", "occurrence_status": "absent"},
    ]
    done = run(screen_step(ScreenSettings()), rows)
    assert [(done[key]["drop_reason"], done[key]["dropped_by"]) for key in ("u0", "u1", "u2")] == [
        ("no_image", "screen"),
        (None, None),
        ("bad_row", "read"),
    ]
    assert done["u1"]["img_type"] == "Citizen Science"
