"""Taxa to their identifiers in a backbone: iNaturalist's taxon id, GBIF's taxonKey, and the accepted name."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from thuja.names import CERTAIN, Backbone, Resolver
from thuja.names.rows import rows_of
from thuja.taxonomy import Taxon


class Identifier(NamedTuple):
    """What a backbone calls a taxon; all empty where it does not vouch for one."""

    id: str = ""
    accepted_name: str = ""
    backbone: str = ""


@dataclass(slots=True)
class Identifiers:
    """Looks taxa up in backbones, the first preferred; each taxon once in a run.

    A look-up takes seconds whether it is of one taxon or a thousand: `find` many, then ask `of` each.
    """

    backbones: list[Backbone]
    _known: dict[Taxon, Identifier] = field(default_factory=dict)

    def find(self, taxa: Iterable[Taxon]) -> None:
        """Look up what is not known yet."""
        wanted = [taxon for taxon in dict.fromkeys(taxa) if taxon not in self._known and taxon.scientific_name]
        if not wanted:
            return
        given = rows_of([taxon.scientific_name for taxon in wanted], wanted)
        columns = ("match_type", "accepted_id", "accepted_name", "backbone")
        found = Resolver(self.backbones).resolve_rows(given).select(columns).iter_rows()
        for taxon, (status, *words) in zip(wanted, found, strict=True):
            self._known[taxon] = Identifier(*(word or "" for word in words)) if status in CERTAIN else Identifier()

    def of(self, taxon: Taxon | None) -> Identifier:
        """What was found of a taxon."""
        return self._known.get(taxon, Identifier()) if taxon is not None else Identifier()
