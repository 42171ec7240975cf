"""What a row's metadata says against it, before anything is downloaded."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.filters import image_types, takedown
from thuja.curate.filters.batches import filtered
from thuja.curate.filters.image_types import plain_text
from thuja.curate.filters.takedown import TakeDownList, is_taken_down
from thuja.curate.licences import OPENNESS, canonical_licence, stricter_licences
from thuja.curate.steps import Step
from thuja.errors import UnknownName

STEP = "screen"
_OWN = (
    "path", "place", "occurrence_status", "basis_of_record", "is_captive", "establishment_means", "quality_grade",
    "issues", "identification_qualifier", "license_name", "license_link",
)  # fmt: skip
COLUMNS = tuple(dict.fromkeys((*_OWN, *takedown.COLUMNS, *image_types.COLUMNS)))
"""What the filter reads."""

_CAPTIVE = ("captive", "cultivated", "managed", "captive or cultivated", "captive/cultivated", "in captivity")
"""Values of establishmentMeans (GBIF's older vocabulary and what is written there) that mean a keeper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSettings:
    """The recipe's [screen]. An empty list asks nothing; an allow-list speaks only of rows that say something.

    `licences`: names as `cc-by`; a row of no known licence goes too, unless `unknown_licence` keeps it.
    `quality_grades`: iNaturalist's `research`, `needs_id`, `casual`. `refuse_issues`: GBIF's flags, such as
    TAXON_MATCH_FUZZY, TAXON_MATCH_NONE, ZERO_COORDINATE. `refuse_qualifiers`: words such as `cf`, `aff`, `?`.
    `takedown`: a file with one uuid, URL or source id a line.
    """

    licences: tuple[str, ...] = ()
    unknown_licence: bool = False
    absent: bool = False
    captive: bool = True
    quality_grades: tuple[str, ...] = ()
    refuse_issues: tuple[str, ...] = ()
    allow_basis: tuple[str, ...] = ()
    refuse_basis: tuple[str, ...] = ("MATERIAL_CITATION",)  # images of text, which the papers leave out too
    refuse_qualifiers: tuple[str, ...] = ()
    takedown: Path | None = None
    image_types: bool = True

    def __post_init__(self) -> None:
        for name in self.licences:
            if canonical_licence(name) is None:
                raise UnknownName.of("licence", name, OPENNESS)


def screen_reasons(batch: pl.DataFrame, settings: ScreenSettings, listed: TakeDownList | None = None) -> pl.Series:
    """Why each row goes, null for one that stays; the first reason of several.

    Reasons: taken_down, no_image, absent, basis_of_record, captive, quality_grade, issue_flag,
    doubtful_identification, unknown_licence, licence.
    """
    reasons: dict[str, pl.Expr] = {}
    if listed is not None:
        reasons["taken_down"] = is_taken_down(listed)
    has_image = pl.any_horizontal(
        pl.col(name).str.strip_chars().str.len_bytes() > 0 for name in ("source_url", "path", "place")
    )
    reasons["no_image"] = ~has_image.fill_null(value=False)
    if not settings.absent:
        reasons["absent"] = plain_text("occurrence_status") == "absent"
    reasons |= _record_reasons(settings)
    if settings.licences:
        batch = batch.with_columns(stricter_licences(batch["license_name"], batch["license_link"]).alias("licence"))
        allowed = [canonical_licence(name) for name in settings.licences]
        if not settings.unknown_licence:
            reasons["unknown_licence"] = pl.col("licence").is_null()
        reasons["licence"] = ~pl.col("licence").is_in(allowed)
    first = [pl.when(is_met.fill_null(value=False)).then(pl.lit(reason)) for reason, is_met in reasons.items()]
    return batch.select(pl.coalesce(first).alias("reason")).to_series()


def _record_reasons(settings: ScreenSettings) -> Mapping[str, pl.Expr]:
    basis = _code("basis_of_record")
    is_other = pl.lit(value=False)
    if settings.allow_basis:
        is_other = (basis != "") & ~basis.is_in([_as_code(name) for name in settings.allow_basis])
    reasons = {"basis_of_record": basis.is_in([_as_code(name) for name in settings.refuse_basis]) | is_other}
    if not settings.captive:
        is_kept = plain_text("establishment_means").is_in(_CAPTIVE)
        reasons["captive"] = pl.col("is_captive").fill_null(value=False) | is_kept
    if settings.quality_grades:
        grade = _code("quality_grade")
        reasons["quality_grade"] = (grade != "") & ~grade.is_in([_as_code(name) for name in settings.quality_grades])
    if settings.refuse_issues:
        flags = _flags("issues")
        reasons["issue_flag"] = pl.any_horizontal(
            flags.str.contains(f";{_as_code(flag)};", literal=True) for flag in settings.refuse_issues
        )
    if settings.refuse_qualifiers:
        words = _spaced(plain_text("identification_qualifier"))
        reasons["doubtful_identification"] = pl.any_horizontal(
            words.str.contains(_spaced(pl.lit(word.strip().lower())), literal=True)
            if word.strip("? ")
            else words.str.contains("?", literal=True)
            for word in settings.refuse_qualifiers
        )
    return reasons


def _spaced(text: pl.Expr) -> pl.Expr:
    """Words between single spaces, without dots and brackets: ` sp nov ` of `sp. nov.`."""
    return pl.concat_str(pl.lit(" "), text.str.replace_all(r"[.,;()\s]+", " ").str.strip_chars(), pl.lit(" "))


def _as_code(text: str) -> str:
    return text.strip().upper().replace(" ", "_").replace("_", "")


def _code(name: str) -> pl.Expr:
    """PreservedSpecimen, PRESERVED_SPECIMEN and `Preserved specimen` are one."""
    return pl.col(name).fill_null("").str.replace_all(r"[\s_]+", "").str.to_uppercase()


def _flags(name: str) -> pl.Expr:
    """`;A;B;` of flags parted by `;`, `,` or `|`."""
    return pl.concat_str(pl.lit(";"), _code(name).str.replace_all(r"[;,|]+", ";"), pl.lit(";"))


def screen(batch: pl.DataFrame, settings: ScreenSettings, listed: TakeDownList | None = None) -> pl.DataFrame:
    """`reason` and `img_type` of each row."""
    types = image_types.image_types(batch) if settings.image_types else batch["img_type"]
    return pl.DataFrame({"reason": screen_reasons(batch, settings, listed), "img_type": types})


def screen_step(settings: ScreenSettings) -> Step:
    """Drop what its metadata speaks against, and say which kind of image each is."""
    listed = TakeDownList.read(settings.takedown) if settings.takedown else None
    told: dict[str, Any] = asdict(settings) | {"takedown": listed.digest if listed else None}
    function = partial(screen, settings=settings, listed=listed)
    return Step(
        name=STEP,
        settings=told,
        apply=lambda frame: filtered(frame, function, COLUMNS, step=STEP, fills=("img_type",)),
        is_rowwise=True,
    )
