"""What a page is beside an article: a list of meanings, or a step of the taxonomy that boxes are filled from."""

import re
from dataclasses import dataclass
from typing import Final

from thuja.captions.descriptions.pages import Page
from thuja.captions.descriptions.wikitext.balance import without_comments

TAXONOMY: Final = "Template:Taxonomy/"

_LIST_OF_MEANINGS: Final = re.compile(
    r"\{\{\s{0,9}(?:(?![^{}|\n]{0,80}needed)[^{}|\n]{0,60}disambig[^{}|\n]{0,60}|"
    r"dab|disamb|hndis|geodis|sia|set[ _]index[^{}|\n]{0,60}|surname|given[ _]name|"
    r"(?:plant|animal|fish|fungus|insect|bird)[ _]common[ _]name|species[ _]?latin[ _]?name[^{}|\n]{0,60}|"
    r"[^{}|\n]{0,60}index[ _]article)\s{0,9}(?:\||\}\})",
    re.IGNORECASE,
)
"""Every run has a bound: 200,000 blanks behind `{{` would keep the search busy for hours."""

_NAMED: Final = re.compile(r"\[\[([^\[\]|#]{1,300})(?:[|#][^\[\]]{0,300})?\]\]")
_FIELD: Final = r"\|\s*%s\s*=\s*([^|\n}]*)"
_MOST_MEANINGS: Final = 30


def is_list_of_meanings(page: Page) -> bool:
    """Whether a page is a disambiguation or set index page, which is about no taxon."""
    return page.title.endswith("(disambiguation)") or bool(_LIST_OF_MEANINGS.search(without_comments(page.text)))


def meanings(page: Page) -> tuple[str, ...]:
    """The titles on a list of meanings that are its own with a qualifier: `Oenanthe (plant)` on `Oenanthe`."""
    name = page.title.removesuffix(" (disambiguation)")
    found = (match[1].replace("_", " ").strip() for match in _NAMED.finditer(page.text))
    return tuple(dict.fromkeys(title for title in found if title.startswith(f"{name} (")))[:_MOST_MEANINGS]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyStep:
    """One taxon of the automatic taxonomy: its name and rank as the wiki writes it, and its parent's key."""

    name: str
    rank: str
    parent: str


def taxonomy_step(page: Page) -> TaxonomyStep | None:
    """What a page `Template:Taxonomy/NAME` says; None for any other page, or one that names no parent."""
    if not page.title.startswith(TAXONOMY):
        return None
    text = without_comments(page.text)

    def said(field: str) -> str:
        match = re.search(_FIELD % field, text)
        return " ".join(match[1].split()) if match else ""

    key = page.title.removeprefix(TAXONOMY)
    name = re.sub(r"\s*\(.*?\)|/.*", "", key).strip()
    # `Name/skip` and `Name/?` stand for the same taxon by another way up, or are filled from `same_as`.
    parent, rank = said("parent") or said("same[ _]as"), said("rank").lower()
    return TaxonomyStep(name=name, rank=rank, parent=parent) if parent or rank else None
