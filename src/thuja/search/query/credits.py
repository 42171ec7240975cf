"""Whose a picture is and what may be done with it, from the columns of its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from thuja.report import web_address

_OWNERS: Final = ("copyright_owner", "recorded_by", "publisher", "data_source")
"""The columns that say whose a picture is: the first that is filled counts."""
_SOURCES: Final = ("source_url", "identifier")
"""Those that may say where it is: ours, and GBIF's of a medium, in which other tables have ids. An address counts."""
NEEDED: Final = ("license_name", "license_link", *_SOURCES, *_OWNERS)
"""The columns that say it; what an index lacks of them is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What stands under a picture, "" for what is not told. Links are web addresses: nothing else is ever followed."""

    license: str
    license_link: str
    owner: str
    source_url: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Credit":
        """From a row with some of the columns NEEDED."""

        def text(name: str) -> str:
            return " ".join(str(row.get(name) or "").split())

        return cls(
            license=text("license_name"),
            license_link=web_address(text("license_link")),
            owner=next((told for name in _OWNERS if (told := text(name))), ""),
            source_url=next((address for name in _SOURCES if (address := web_address(text(name)))), ""),
        )
