"""Whose a picture is and what may be done with it, from the columns of its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from thuja.report import web_address

NEEDED: Final = ("license_name", "license_link", "copyright_owner", "publisher", "source_url")
"""The columns that say it; what an index lacks of them is not told."""
UNKNOWN: Final = "licence not told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What stands under a picture. Links are web addresses or empty: nothing else is ever followed."""

    license: str
    license_link: str
    owner: str
    source_url: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Credit":
        """From a row with some of the columns NEEDED."""

        def text(name: str) -> str:
            return " ".join(str(row.get(name) or "").split())

        link = web_address(text("license_link"))
        return cls(
            license=text("license_name") or (link and "licence") or UNKNOWN,
            license_link=link,
            owner=text("copyright_owner") or text("publisher"),
            source_url=web_address(text("source_url")),
        )
