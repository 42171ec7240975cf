"""What a source says of how a taxon looks, and where it says so: the row of `descriptions.parquet`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from thuja.taxonomy import RANKS, Taxon

REASONS: Final = ("no_page", "disambiguation", "other_lineage", "no_looks", "broken_page")
"""Why a taxon has no description: no page bears its name; only a list of meanings does; the page is of another
taxon; the page says nothing that a picture could show; its markup cannot be read."""

DESCRIPTION_SCHEMA: Final = pa.schema(
    [
        *((rank.label, pa.string()) for rank in RANKS),
        ("scientific_name", pa.string()),
        ("common", pa.string()),
        ("description", pa.string()),
        ("sentences", pa.list_(pa.string())),
        ("source", pa.string()),
        ("title", pa.string()),
        ("url", pa.string()),
        ("revision", pa.string()),
        ("licence", pa.string()),
        ("licence_link", pa.string()),
        ("section", pa.string()),
        ("reason", pa.string()),
    ]
)
"""One row a taxon that was asked for; `description` is null where `reason` says why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where words come from: `name` such as `wikipedia-en`, the page and its revision, and its licence."""

    name: str
    title: str = ""
    url: str = ""
    revision: str = ""
    licence: str = ""
    licence_link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The sentences on a taxon's looks, in the source's order and words; `reason` says why there are none.

    `section` is the heading that they stood under, empty for an introduction.
    """

    taxon: Taxon
    source: Source
    sentences: tuple[str, ...] = ()
    section: str = ""
    reason: str = ""

    @property
    def text(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)

    def to_row(self) -> dict[str, Any]:
        """A row of DESCRIPTION_SCHEMA."""
        names = ("title", "url", "revision", "licence", "licence_link")
        return {
            **self.taxon.to_columns(),
            "description": self.text or None,
            "sentences": list(self.sentences),
            "source": self.source.name,
            **{name: getattr(self.source, name) or None for name in names},
            "section": self.section or None,
            "reason": self.reason or None,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Description":
        """What `to_row` wrote."""
        names = ("title", "url", "revision", "licence", "licence_link")
        return cls(
            taxon=Taxon.from_columns(row),
            source=Source(name=row.get("source") or "", **{name: row.get(name) or "" for name in names}),
            sentences=tuple(row.get("sentences") or ()),
            section=row.get("section") or "",
            reason=row.get("reason") or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptions:
    """Descriptions by taxon, as a captioner is handed them."""

    by_taxon: Mapping[Taxon, Description] = field(default_factory=dict)

    def of(self, taxon: Taxon) -> Description | None:
        """What is known of this very taxon's looks."""
        found = self.by_taxon.get(taxon)
        return found if found is not None and found.sentences else None
