"""Which column of a stranger's table says what: where the images are, what they show, and the facts of the catalog."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from thuja.curate.sources.expressions import COLUMNS
from thuja.errors import UsageError
from thuja.taxonomy import RANKS, Rank

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "file": ("file", "filepath", "path", "filename", "image", "imagepath", "imagefile"),
    "url": ("sourceurl", "url", "imageurl", "identifier"),
    "scientific": ("scientificname", "taxon", "taxonname"),
    "common": ("commonname", "common", "vernacularname"),
    "label": ("label",),
    "split": ("split", "subset"),
    "license_name": ("licensename", "licence", "license", "licencename"),
    "species": ("species", "specificepithet"),
}
_OF_THE_STEPS = {"place", "eval_keys", "resolution_reason", "lineage"}
_MEASURED = {
    "width", "height", "file_size", "shard_filename", "resolution_status", "resolution_score", "verbatim_name",
    "drop_reason", "dropped_by", "duplicate_of", "leak_of", "pixel_hash", "pdq", "pdq_quality", "sharpness",
    "contrast", "person_score", "animal_score", "specimen_class",
}  # fmt: skip
"""Catalog columns that this curation finds out itself; a table's own are left out."""
_FACTS = [name for name in COLUMNS if name not in _MEASURED | _OF_THE_STEPS | {"path", "traits"}]
_ACCEPTED = "file (or path, filename) or url, and one of scientific_name, common_name, label, kingdom ... species"


_INTERNAL = {"found relative", "found path", "found url", "found reason", "found place", "found traits"}
"""What the readers of tables call the columns that they add; a table's own of these names are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column of a table says what; what nobody knows becomes a trait. `file` or `url` may be missing."""

    file: str | None
    url: str | None
    names: Mapping[str, str]
    facts: Mapping[str, str]
    traits: tuple[str, ...]

    @classmethod
    def find(cls, header: list[str], table: Path) -> "Columns":
        """Match a header against the names the field uses; raises UsageError when what is needed is missing."""
        plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(header)}
        found = {what: plain[word] for what, words in _ALIASES.items() for word in reversed(words) if word in plain}
        names: dict[str, str] = {
            what: found[what] for what in ("scientific", "common", "label", "species") if what in found
        }
        names |= {rank.label: plain[rank.label] for rank in RANKS[: Rank.SPECIES] if rank.label in plain}
        file, url = found.get("file"), found.get("url")
        if file is url is None or not names:
            what = "where the images are" if file is url is None else "what the images show"
            raise UsageError(
                f"no column of {table} says {what}: {', '.join(header) or 'it has none'}", hint=f"needed: {_ACCEPTED}"
            )
        used = {file, url, *(column for what, column in names.items() if what != "label")}
        facts: dict[str, str] = {what: found[what] for what in ("split", "license_name") if what in found}
        facts |= {name: name for name in header if name in _FACTS and name not in used}
        left_out = used | {*facts.values(), "traits"} | _MEASURED | _OF_THE_STEPS | _INTERNAL
        return cls(
            file=file,
            url=url,
            names=names,
            facts=facts,
            traits=tuple(name for name in header if name and name not in left_out),
        )

    @property
    def used(self) -> list[str]:
        """The columns that are read at all."""
        places = [column for column in (self.file, self.url) if column is not None]
        return [*dict.fromkeys([*places, *self.names.values(), *self.facts.values(), *self.traits])]
