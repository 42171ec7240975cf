"""One-file HTML reports: headline numbers, tables, figures and picture walls, and nothing to fetch.

The page follows the reader's light or dark setting and a narrow screen. Figures are SVG text placed
in the page itself, so that they take its colours: whatever is drawn in `INK` becomes the page's ink.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from thuja.errors import ThujaError
from thuja.jobs import write_text
from thuja.report.addresses import data_uri

INK = "#0a0b0c"
"""The colour to draw lines and words of an SVG figure in; the page puts its own in its place."""

Cell = str | int | float | None
_SHORT = 32
_MANY = 10
"""Columns above which a table is set closer, so that a page holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One number that the report is about, with what to hold it against."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallPicture:
    """One picture of a wall: its bytes (JPEG or PNG), a caption of a few lines, right or wrong."""

    image: bytes
    caption: Sequence[str]
    is_right: bool | None = None


class Report:
    """A page that is put together from top to bottom, then saved."""

    def __init__(self, title: str, *, summary: Sequence[str] = (), style: str = "") -> None:
        """`style` are further rules, for parts of one's own (`raw`)."""
        self._title = title
        self._summary = list(summary)
        self._style = _STYLE + style
        self._headlines: list[Headline] = []
        self._sections: list[tuple[str, list[str]]] = []

    def headlines(self, headlines: Sequence[Headline]) -> Self:
        """Put these numbers in large type under the summary."""
        self._headlines.extend(headlines)
        return self

    def section(self, title: str, text: str = "") -> Self:
        """Begin a section; what follows belongs to it."""
        self._sections.append((title, []))
        return self.text(text) if text else self

    def text(self, text: str) -> Self:
        """A paragraph; blank lines part paragraphs."""
        paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
        return self._add("".join(f"<p>{escape(part)}</p>" for part in paragraphs))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "") -> Self:
        """A table; numbers stand to the right, None is a dash."""
        for row in rows:
            if len(row) != len(columns):
                raise ThujaError(f"a table of {len(columns)} columns got a row of {len(row)}")
        kinds = [_kind([row[place] for row in rows]) for place in range(len(columns))]
        head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(columns, kinds, strict=True))
        body = "".join(
            "<tr>" + "".join(f"<td{kind}>{_cell(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
            for row in rows
        )
        title = f'<p class="caption">{escape(caption)}</p>' if caption else ""
        opening = '<table class="dense">' if len(columns) > _MANY else "<table>"
        return self._add(
            f'{title}<div class="scroll">{opening}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        )

    def figure(self, image: str | bytes, *, caption: str) -> Self:
        """An SVG document (text) or a PNG (bytes), with its caption."""
        if isinstance(image, bytes):
            drawn = f'<img alt="{escape(caption)}" src="{data_uri(image)}">'
        else:
            drawn = _inline_svg(image, label=caption)
        return self._add(
            f'<figure><div class="scroll">{drawn}</div><figcaption>{escape(caption)}</figcaption></figure>'
        )

    def wall(self, pictures: Sequence[WallPicture], *, caption: str = "", is_wide: bool = False) -> Self:
        """A wall of small pictures, each framed by whether its answer was right; square ones, or twice as wide."""
        title = f"<p>{escape(caption)}</p>" if caption else ""
        return self._add(
            f'{title}<ul class="wall{" wide" if is_wide else ""}">{"".join(map(_wall_item, pictures))}</ul>'
        )

    def raw(self, part: str) -> Self:
        """HTML as it is: whoever made it has escaped what it was given."""
        return self._add(part)

    def save(self, path: Path) -> None:
        """Write the page: one HTML file that needs no other."""
        write_text(Path(path), self.to_html())

    def to_html(self) -> str:
        """The whole page as text."""
        links = "".join(f'<a href="#s{n}">{escape(title)}</a>' for n, (title, _) in enumerate(self._sections))
        navigation = f'<nav aria-label="Contents">{links}</nav>' if len(self._sections) > 1 else ""
        summary = "".join(f"<p>{escape(line)}</p>" for line in self._summary)
        numbers = "".join(map(_headline_item, self._headlines))
        numbers = f'<ul class="numbers">{numbers}</ul>' if numbers else ""
        sections = "".join(
            f'<section id="s{n}"><h2>{escape(title)}</h2>{"".join(parts)}</section>'
            for n, (title, parts) in enumerate(self._sections)
        )
        title = escape(self._title)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title><style>{self._style}</style></head>\n"
            f'<body><main><header><h1>{title}</h1><div class="summary">{summary}</div>{numbers}{navigation}</header>\n'
            f"{sections}</main></body></html>\n"
        )

    def _add(self, part: str) -> Self:
        if not self._sections:
            raise ThujaError("a report's parts belong to a section: begin one first")
        self._sections[-1][1].append(part)
        return self


def escape(text: str) -> str:
    """Text as it may stand in a page or in one of its attributes."""
    # A share and its sign stay on one line.
    return html.escape(text, quote=True).replace(" %", "\N{NO-BREAK SPACE}%")


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        return bool(re.fullmatch(r"|[-+]?[\d.,]+( ?[%×]| ?[±–][\d.,]+| of \d+)?[*†‡§]*", cell))
    return True


def _kind(cells: Sequence[Cell]) -> str:
    """How a column is set: numbers to the right, short words on one line."""
    if all(map(_is_number, cells)):
        return ' class="n"'
    return ' class="w"' if all(len(str(cell)) <= _SHORT for cell in cells) else ""


def _cell(cell: Cell) -> str:
    if cell is None:
        return '<span class="none">–</span>'
    if isinstance(cell, float):
        return f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else escape(cell)


def _headline_item(item: Headline) -> str:
    note = f"<small>{escape(item.note)}</small>" if item.note else ""
    return f"<li><span>{escape(item.label)}</span><strong>{escape(item.value)}</strong>{note}</li>"


def _wall_item(picture: WallPicture) -> str:
    kind = "" if picture.is_right is None else ' class="right"' if picture.is_right else ' class="wrong"'
    # The word says what the frame's colour says, for those who do not see colours or hear the page.
    sign = {None: "", True: "<b>✓ right</b>", False: "<b>✗ wrong</b>"}[picture.is_right]
    lines = "".join(f"<span>{escape(line)}</span>" for line in picture.caption)
    return f'<li{kind}><img alt="" loading="lazy" src="{data_uri(picture.image)}"><div>{sign}{lines}</div></li>'


def _inline_svg(document: str, *, label: str) -> str:
    """The `<svg>` element alone, scaling with the page, its ink the page's."""
    match = re.search(r"<svg\b.*</svg>", document, flags=re.DOTALL)
    if match is None:
        raise ThujaError("a figure must be an SVG document or the bytes of a PNG")
    drawing = re.sub(r"<metadata>.*?</metadata>", "", match[0], flags=re.DOTALL)
    drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)  # ids of groups would stand twice in the page
    drawing = drawing.replace(INK, "var(--ink)")
    return drawing.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)


_STYLE = """
:root{color-scheme:light dark;--paper:#fcfcf9;--ink:#20241f;--soft:#5d665c;--line:#dcdfd6;--panel:#f3f4ee;
--accent:#2f6b4f;--right:#1f8a5b;--wrong:#c8502b}
@media(prefers-color-scheme:dark){:root{--paper:#151815;--ink:#e6e9e1;--soft:#9fa89c;--line:#343a33;
--panel:#1d211d;--accent:#7cc4a0;--right:#4fc08d;--wrong:#f0805a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif}
main{max-width:66rem;margin:0 auto;padding:2.5rem 1.25rem 5rem}
h1{font-size:clamp(1.6rem,1.2rem + 1.8vw,2.3rem);line-height:1.15;letter-spacing:-.015em;margin:0 0 1rem;
text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.25;margin:0 0 .75rem;padding-top:1.5rem;border-top:1px solid var(--line)}
section{margin-top:2.5rem;scroll-margin-top:1rem}
p{max-width:44rem;margin:0 0 .9rem;overflow-wrap:anywhere}
.summary p{font-size:1.08rem}
.numbers{list-style:none;margin:1.5rem 0;padding:0;display:grid;gap:.75rem;
grid-template-columns:repeat(auto-fit,minmax(13rem,1fr))}
.numbers li{background:var(--panel);border-radius:.5rem;padding:.9rem 1rem;display:flex;flex-direction:column}
.numbers span{color:var(--soft);font-size:.86rem}
.numbers strong{font-size:1.9rem;line-height:1.2;font-variant-numeric:tabular-nums;color:var(--accent)}
.numbers small{color:var(--soft);font-size:.82rem;line-height:1.4}
nav{display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;margin-top:1.25rem;font-size:.92rem}
a{color:var(--accent);text-underline-offset:.15em}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;margin:0 0 1.25rem;font-variant-numeric:tabular-nums}
.caption{color:var(--soft);font-size:.9rem;margin:0 0 .4rem}
th,td{padding:.38rem .8rem .38rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600;vertical-align:bottom;border-bottom-color:var(--soft)}
.n{text-align:right;padding-left:.5rem}td.n,td.w{white-space:nowrap}
.dense{font-size:.84rem}.dense th,.dense td{padding-right:.45rem}.dense .n{padding-left:.35rem}
.none{color:var(--soft)}
figure{margin:0 0 1.75rem}
figure svg,figure img{max-width:100%;height:auto;display:block}
@media(max-width:40rem){figure svg{min-width:34rem}}
figcaption{color:var(--soft);font-size:.88rem;max-width:44rem;margin-top:.4rem}
.wall{list-style:none;margin:0 0 1.5rem;padding:0;display:grid;gap:.8rem;
grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr))}
.wall li{border:3px solid var(--line);border-radius:.45rem;overflow:hidden;background:var(--panel);min-width:0}
.wall .right{border-color:var(--right)}.wall .wrong{border-color:var(--wrong)}
.wall img{display:block;width:100%;aspect-ratio:1;object-fit:cover}
.wide{grid-template-columns:repeat(auto-fill,minmax(min(17rem,100%),1fr))}.wide img{aspect-ratio:2}
.wall div{padding:.4rem .55rem .5rem;font-size:.78rem;line-height:1.35;overflow-wrap:anywhere}
.wall span,.wall b{display:block}.wall b{font-weight:600}
.wall .right b{color:var(--right)}.wall .wrong b{color:var(--wrong)}
@media print{nav{display:none}section{break-inside:avoid}}
"""
