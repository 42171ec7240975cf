"""The interactive map: one HTML file that needs no other, its points and columns packed into it."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.maps.figures import RAMP
from thuja.analyze.maps.interactive.columns import Json, clean, packed_column, packed_places
from thuja.analyze.maps.interactive.pictures import Picture, Sheets, draw_sheets, packed_links
from thuja.errors import EmptyInput, ThujaError, UnknownName
from thuja.jobs import write_text
from thuja.record import Value
from thuja.report import escape
from thuja.report.colours import OTHERS, PALETTE

_SCRIPTS: Final = (
    "cells.js", "columns.js", "points.js", "view.js", "webgl.js", "raster.js", "colours.js", "card.js", "controls.js",
    "walking.js", "main.js",
)  # fmt: skip
_MODULE_WORDS: Final = re.compile(r"^import [^;]*;\n|^export ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractiveSettings:
    """What an interactive map shows.

    `thumbnails` pictures at most are put into the page, `cell` pixels square; others are linked where `has_links`.
    `name` is the column that names a point, `colour_by` the one that colours it first (default: the first that can).
    """

    title: str = "Map of embeddings"
    about: str = ""
    name: str | None = None
    colour_by: str | None = None
    thumbnails: int = 3000
    cell: int = 96
    quality: int = 78
    has_links: bool = True

    def __post_init__(self) -> None:
        if self.thumbnails < 0 or not 16 <= self.cell <= 512 or not 1 <= self.quality <= 95:
            raise ThujaError(
                f"got {self.thumbnails} thumbnails of {self.cell} pixels at quality {self.quality}",
                hint="thumbnails are none or more, of 16 to 512 pixels, at a JPEG quality of 1 to 95",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMap:
    """What went into the page: its bytes, points, thumbnails, and files that gave no thumbnail."""

    path: Path
    size: int
    points: int
    thumbnails: int
    unreadable: int


def write_points(
    path: Path,
    points: npt.ArrayLike,
    columns: Mapping[str, Sequence[Value | None]],
    *,
    pictures: Sequence[Picture] | None = None,
    settings: InteractiveSettings = InteractiveSettings(),
    generator: np.random.Generator,
) -> WrittenMap:
    """Write points (N, 2) with a value of each in every column, and a picture of each if there are any.

    Places keep 65,536 steps on each axis. Raises EmptyInput for no point, ThujaError for points that are no pairs of
    numbers and columns or pictures that are not one a point, UnknownName for a column that is not there.
    """
    places = np.asarray(points, dtype=np.float64)
    _require(places, columns, pictures, settings)
    pictures = pictures if pictures is not None else [None] * len(places)
    sheets = draw_sheets(pictures, generator, most=settings.thumbnails, cell=settings.cell, quality=settings.quality)
    links = packed_links(pictures if settings.has_links else [], Path(path).parent)
    page = _page(settings, _payload(places, columns, settings=settings, sheets=sheets, links=links), sheets)
    write_text(Path(path), page)
    return WrittenMap(
        path=Path(path),
        size=Path(path).stat().st_size,
        points=len(places),
        thumbnails=len(sheets.rows),
        unreadable=sheets.unreadable,
    )


def _require(
    places: npt.NDArray[np.float64],
    columns: Mapping[str, Sequence[Value | None]],
    pictures: Sequence[Picture] | None,
    settings: InteractiveSettings,
) -> None:
    if places.ndim != 2 or places.shape[1] != 2 or not np.isfinite(places).all():
        raise ThujaError(f"a map is drawn of points (N, 2) of numbers, got an array of shape {places.shape}")
    if not len(places):
        raise EmptyInput("there is no point to draw")
    for name, column in [*columns.items(), *([("pictures", pictures)] if pictures is not None else [])]:
        if len(column) != len(places):
            raise ThujaError(f'expected {len(places)} values in the column "{name}", got {len(column)}')
    for asked in (settings.name, settings.colour_by):
        if asked is not None and asked not in columns:
            raise UnknownName.of("column", asked, columns)


def _payload(
    places: npt.NDArray[np.float64],
    columns: Mapping[str, Sequence[Value | None]],
    *,
    settings: InteractiveSettings,
    sheets: Sheets,
    links: Json,
) -> Json:
    x, left, right = packed_places(places[:, 0])
    y, low, high = packed_places(places[:, 1])
    names = list(columns)
    return {
        "count": len(places),
        **{"x": x, "y": y, "left": left, "right": right, "low": low, "high": high},
        "columns": [packed_column(name, column) for name, column in columns.items()],
        "name": -1 if settings.name is None else names.index(settings.name),
        "colour_by": -1 if settings.colour_by is None else names.index(settings.colour_by),
        "thumbnails": sheets.to_json(),
        "links": links,
        **{"palette": PALETTE, "others": OTHERS, "ramp": RAMP},
    }


def _page(settings: InteractiveSettings, payload: Json, sheets: Sheets) -> str:
    title = escape(clean(settings.title))
    about = f"<p>{escape(clean(settings.about))}</p>" if settings.about else ""
    script = _script()
    # No script but this one runs, whatever a name in the data says.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src blob: data: file: http: https:; base-uri 'none'; form-action 'none'"
    )
    held = "".join(
        f'<script type="text/plain" id="sheet-{number}">{text}</script>\n' for number, text in enumerate(sheets.texts())
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_text('page.css')}</style></head>\n<body>"
        + _text("body.html").replace("<!--title-->", title).replace("<!--about-->", about)
        + f'<script type="application/json" id="map-data">{_safe(payload)}</script>\n{held}'
        f"<script>{script}</script></body></html>\n"
    )


def _safe(payload: Json) -> str:
    """JSON that may stand in a script element: no letter of it can end the element or begin a comment."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _script() -> str:
    """The modules in one script: the web application serves them as they are, one file has no other to import from."""
    return '"use strict";(()=>{\n' + "\n".join(_MODULE_WORDS.sub("", _text(name)) for name in _SCRIPTS) + "})();\n"


def _text(name: str) -> str:
    return files("thuja.analyze.maps.interactive").joinpath(name).read_text(encoding="utf-8")
