"""The page of one search: what was asked, what was found with licence and credit under every picture, counts."""

from collections.abc import Mapping
from typing import Any, Final

from thuja.report import Cell, Report, data_uri, escape, web_address
from thuja.search.columns.kinds import RANK_NAMES
from thuja.search.page.asked import Asked, Thumbnail
from thuja.search.page.style import STYLE
from thuja.search.query.credits import NEEDED, Credit
from thuja.search.query.hits import Answer, Hit, plain
from thuja.taxonomy import RANKS, Taxon

_TOLD_ELSEWHERE: Final = {"uuid", "scientific_name", "common", *NEEDED, *RANK_NAMES} - {
    "recorded_by",
    "data_source",
    "identifier",
}
"""Columns that a card says in another place."""
_LONGEST: Final = 300
"""Letters of a cell that are shown."""


def result_page(answer: Answer, asked: Asked, thumbnail: Thumbnail, *, first: int = 1) -> Report:
    """The page of an answer; hits are numbered from `first`. A picture of it weighs what its thumbnail does."""
    report = Report(asked.title, summary=answer.told, style=STYLE)
    report.section("What was asked").raw(_question(asked))
    count = len(answer.hits)
    exact = "Every picture was compared." if answer.is_exact else ""
    report.section("What was found", f"{count:,} of {answer.total:,} pictures, the most alike first. {exact}")
    cards = "".join(_card(hit, number, thumbnail(hit.key)) for number, hit in enumerate(answer.hits, first))
    report.raw(f'<ol class="hits" start="{first}">{cards}</ol>')
    if answer.facets:
        report.section("Counts", "Of all pictures that the filter keeps.").raw('<div class="tables">')
        for name, counts in answer.facets.items():
            rows: list[list[Cell]] = [[one.value or "(none)", one.count] for one in counts]
            report.table((name, "pictures"), rows)
        report.raw("</div>")
    return report


def _question(asked: Asked) -> str:
    shown = "".join(
        f'<figure><img alt="" src="{data_uri(data)}"><figcaption>{escape(name)}</figcaption></figure>'
        for name, data in asked.pictures
    )
    return f'<div class="asked">{shown}{_list(asked.facts)}</div>'


def _card(hit: Hit, number: int, picture: bytes | None) -> str:
    name = escape(hit.taxon.scientific_name) or "not named"
    is_italic = bool(hit.taxon.genus)
    described = escape(f"{hit.taxon.scientific_name or 'not named'} {hit.taxon.common}".strip())
    shown = (
        f'<img loading="lazy" alt="{described}" src="{data_uri(picture)}">'
        if picture
        else '<div class="blank">no picture is kept</div>'
    )
    common = f'<p class="common">{escape(hit.taxon.common)}</p>' if hit.taxon.common else ""
    notes = [f"and {hit.copies:,} like it"] if hit.copies else []
    if hit.group is not None and hit.group != hit.taxon.scientific_name:
        notes.append(escape(hit.group or "no group"))
    more = {name: str(plain(value))[:_LONGEST] for name, value in hit.row.items() if _is_told(name, value)}
    facts = {"id": hit.id, **_lineage(hit.taxon), **more}
    return (
        f'<li class="hit">{shown}<div><h3>{f"<i>{name}</i>" if is_italic else name}</h3>{common}'
        f'<p class="score"><span>{number}. cosine {hit.score:.3f}</span><span>{", ".join(notes)}</span></p>'
        f"<details><summary>more</summary>{_list(facts)}</details>{_credit(hit.credit)}</div></li>"
    )


def _is_told(name: str, value: Any) -> bool:
    return name not in _TOLD_ELSEWHERE and value is not None and value != ""


def _lineage(taxon: Taxon) -> dict[str, str]:
    return {rank.label: taxon[rank] for rank in RANKS if taxon[rank]}


def _credit(credit: Credit) -> str:
    told = credit.license or ("licence" if credit.license_link else "licence not told")
    licence = _link(credit.license_link, told)
    owner = escape(credit.owner) or "owner not told"
    source = f" · {_link(credit.source_url, 'source')}" if credit.source_url else ""
    return f'<p class="credit">{owner} · {licence}{source}</p>'


def _link(address: str, text: str) -> str:
    if not web_address(address):
        return escape(text)
    return f'<a href="{escape(address)}" rel="noopener noreferrer">{escape(text)}</a>'


def _list(facts: Mapping[str, str]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in facts.items())}</dl>"
