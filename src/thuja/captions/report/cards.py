"""One card of a wall: a picture, what it shows, its caption, and what was said before and why that was not taken."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final

from thuja.captions.report.drawing import Row
from thuja.report import data_uri, escape

STYLE: Final = """
.cards{list-style:none;margin:0 0 1.5rem;padding:0;display:grid;gap:1rem;align-items:start;
grid-template-columns:repeat(auto-fill,minmax(min(15rem,100%),1fr))}
.cards li{border:1px solid var(--line);border-top:4px solid var(--line);border-radius:.45rem;overflow:hidden;
background:var(--panel);min-width:0;display:flex;flex-direction:column}
.cards .yes{border-top-color:var(--right)}.cards .no{border-top-color:var(--wrong)}
.cards img,.cards .gone{display:block;width:100%;aspect-ratio:4/3;object-fit:cover;background:var(--line)}
.cards .gone{display:flex;align-items:center;justify-content:center;color:var(--soft);font-size:.85rem}
.cards div.told{padding:.6rem .75rem .75rem;font-size:.9rem;line-height:1.4;overflow-wrap:anywhere}
.cards .name{color:var(--soft);font-size:.8rem;margin:0 0 .25rem}
.cards .said{margin:0 0 .35rem}
.cards .no .said,.cards .before .said{color:var(--soft)}
.cards .mark{font-weight:600;font-size:.8rem;margin:0 0 .2rem}
.cards .yes .mark{color:var(--right)}.cards .no .mark,.cards .before .mark{color:var(--wrong)}
.cards .why{margin:0 0 .35rem;font-size:.8rem;color:var(--wrong)}
.cards .before{border-top:1px solid var(--line);margin-top:.5rem;padding-top:.5rem}
.cards .from{margin:.4rem 0 0;font-size:.75rem;color:var(--soft)}
"""


def cards(rows: Sequence[tuple[Row, bytes | None]], *, says_drafts: bool = False) -> str:
    """The wall of these rows and their thumbnails, as HTML; with earlier drafts where that is asked for."""
    return f'<ul class="cards">{"".join(_card(row, image, says_drafts=says_drafts) for row, image in rows)}</ul>'


def _card(row: Row, image: bytes | None, *, says_drafts: bool) -> str:
    is_accepted = row["caption"] is not None
    drafts: Sequence[Any] = row["drafts"] or ()
    last = drafts[-1] if drafts else None
    said = row["caption"] if is_accepted else (last["text"] if last else None)
    # The word says what the colour says, for those who do not see colours or hear the page.
    mark = f"✓ accepted{_in_try(row['tries'])}" if is_accepted else _rejected(row)
    parts = [
        f'<p class="name">{escape(_name(row))}</p>',
        f'<p class="mark">{escape(mark)}</p>',
        f'<p class="said">{escape(said) if said else "no words"}</p>',
        "" if is_accepted else _why(row["why"]),
        *(map(_before, drafts[:-1]) if says_drafts else ()),
        _source(row),
        _place(row) if image is None or not _has_name(row) else "",
    ]
    kind = "yes" if is_accepted else "no"
    return f'<li class="{kind}">{_picture(image)}<div class="told">{"".join(parts)}</div></li>'


def _rejected(row: Row) -> str:
    after = f", after {row['tries']} drafts" if row["tries"] > 1 else ""
    return f"✗ {' + '.join(map(_words, row['reasons']))}{after}"


def _in_try(tries: int) -> str:
    return "" if tries == 1 else f" in try {tries}"


def _before(draft: Any) -> str:
    said = escape(draft["text"]) if draft["text"] else "no words"
    mark = escape(f"✗ {' + '.join(map(_words, draft['reasons']))}")
    told = f'<p class="mark">{mark}</p><p class="said">{said}</p>{_why(draft["why"])}'
    return f'<div class="before">{told}</div>'


def _why(reasons: Sequence[str]) -> str:
    return "".join(f'<p class="why">{escape(reason)}</p>' for reason in reasons)


def _source(row: Row) -> str:
    if not row["description_source"]:
        return ""
    told = [row["description_title"], row["description_source"], row["description_licence"]]
    return f'<p class="from">{escape("described by " + ", ".join(filter(None, told)))}</p>'


def _place(row: Row) -> str:
    """Where to look for a picture that nothing else tells from others: its file, or its id in a shard."""
    path = str(row["path"] or "")
    return f'<p class="from">{escape(row["uuid"] if "#" in path or not path else PurePath(path).name)}</p>'


def _picture(image: bytes | None) -> str:
    if image is None:
        return '<div class="gone">the picture cannot be shown</div>'
    return f'<img alt="" loading="lazy" src="{data_uri(image)}">'


def _has_name(row: Row) -> bool:
    return bool(row["common"] or row["scientific_name"])


def _name(row: Row) -> str:
    scientific, common = row["scientific_name"], row["common"]
    if scientific and common:
        return f"{common} ({scientific})"
    return str(common or scientific or "no name")


def _words(reason: str) -> str:
    return reason.replace("_", " ")
