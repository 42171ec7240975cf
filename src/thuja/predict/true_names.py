"""The true taxa of a labelled table, in the lineages of a label space: a table names a species in many ways."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from thuja.classify.calibrate.placement import places_of
from thuja.classify.clades import Tree
from thuja.errors import UsageError
from thuja.names import CERTAIN, resolve_names
from thuja.taxonomy import RANKS, Taxon

NAME_COLUMNS = ("taxon", "scientific_name", "scientificname", "name", "label", "class_name")
"""Where a table without ranks names the taxon; a column `species` of binomials does too."""

_RANKS = {rank.label for rank in RANKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueNames:
    """The true taxon of each row, empty where none is named, and the names that no backbone knows either."""

    taxa: tuple[Taxon, ...]
    unknown: tuple[str, ...]


def true_names(table: pa.Table, tree: Tree) -> TrueNames:
    """Read each row's taxon, as one of the tree's wherever it can be one.

    A lineage that is the tree's own stands. Else the one taxon of that name in the tree is meant, if what else the
    row says of it does not contradict; else the name is resolved, so that a synonym finds its species, and a species
    that is none of the tree's its genus and family. Raises UsageError for a table that names no taxa.
    """
    lower = {name.lower(): name for name in reversed(table.column_names)}
    ranks = [name for name in lower if name in _RANKS]
    named = next((lower[name] for name in NAME_COLUMNS if name in lower), None)
    if not ranks and named is None:
        raise UsageError(
            "the labelled table names no taxa",
            hint=f"columns kingdom ... species, or one of {', '.join(NAME_COLUMNS[:3])}",
        )
    columns = {name: table.column(lower[name]).to_pylist() for name in ranks}
    texts = table.column(named).to_pylist() if named else [None] * table.num_rows
    rows = [
        (Taxon.from_columns({name: columns[name][row] for name in ranks}), _text(texts[row]))
        for row in range(table.num_rows)
    ]
    distinct = list(dict.fromkeys(rows))
    found = _Finder(tree).settle([_whole(taxon, name) for taxon, name in distinct])
    settled = dict(zip(distinct, found.taxa, strict=True))
    return TrueNames(taxa=tuple(settled[row] for row in rows), unknown=found.unknown)


def _text(value: object) -> str:
    return " ".join(str(value or "").split())


def _whole(taxon: Taxon, name: str) -> tuple[Taxon, str]:
    """A lineage and the name to look for: that of the column of names only where the ranks do not go as deep.

    A `species` without a genus holds the binomial.
    """
    genus, _, epithet = taxon.species.partition(" ")
    if epithet and not taxon.genus:
        taxon = Taxon.from_names([*taxon.names[:5], genus, epithet])
    return taxon, taxon.binomial or name or taxon.scientific_name


class _Finder:
    """Looks taxa up in a tree, by lineage and by name."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._named: dict[str, list[Taxon]] | None = None

    def settle(self, given: Sequence[tuple[Taxon, str]]) -> TrueNames:
        """The taxon of each lineage and name; those that the tree has not are resolved together."""
        found = [self._known(taxon, name) for taxon, name in given]
        open_ = [row for row, taxon in enumerate(found) if taxon is None and given[row][1]]
        answers = resolve_names([given[row][1] for row in open_], [given[row][0] for row in open_]) if open_ else []
        unknown = []
        for row, answer in zip(open_, answers, strict=True):
            taxon, name = given[row]
            if answer.status in CERTAIN and (known := self._known(answer.taxon, answer.taxon.scientific_name)):
                found[row] = known
            elif len([each for each in taxon.names if each]) > 1:  # a lineage of its own: outside, and placed by it
                found[row] = taxon
            elif answer.status in CERTAIN:
                found[row] = self._joined(answer.taxon)
            else:
                unknown.append(name)
        return TrueNames(taxa=tuple(taxon or Taxon() for taxon in found), unknown=tuple(sorted(set(unknown))))

    def _known(self, taxon: Taxon, name: str) -> Taxon | None:
        if (
            taxon.rank is not None
            and not places_of([taxon], self._tree).is_outside[0]
            and taxon.scientific_name == name
        ):
            return taxon
        found = [each for each in self._by_name().get(name, ()) if taxon.agrees_with(each)]
        return found[0] if len(found) == 1 else None

    def _joined(self, taxon: Taxon) -> Taxon:
        """A taxon outside the tree, hung below its nearest relative's lineage as the tree writes it."""
        for rank in reversed(RANKS[:-1]):
            above = [each for each in self._by_name().get(taxon[rank], ()) if each.rank == rank]
            if len(above) == 1:
                return Taxon.from_names([*above[0].names[: rank + 1], *taxon.names[rank + 1 :]])
        return taxon

    def _by_name(self) -> Mapping[str, Sequence[Taxon]]:
        """The taxa that bear each name."""
        if self._named is None:
            named = defaultdict(list)
            for rank in RANKS:
                for taxon in self._tree.taxa[rank]:
                    if taxon.rank == rank:
                        named[taxon.scientific_name].append(taxon)
            self._named = dict(named)
        return self._named
