"""Whose a picture is and what may be done with it, from the columns of its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

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


def web_address(text: str) -> str:
    """The address where it is one of http or https, else nothing: `javascript:` runs when it is clicked.

    >>> web_address("https://example.org/1"), web_address("javascript:alert(1)")
    ('https://example.org/1', '')
    """
    link = text.strip()
    try:
        address = urlsplit(link)
    except ValueError:  # brackets that hold no address
        return ""
    return link if address.scheme in ("http", "https") and address.netloc else ""
