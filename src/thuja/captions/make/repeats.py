"""Captions that say the same of several pictures of a species, found once all of them are there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.columns import taxon_of
from thuja.captions.make.unit_tables import read_unit

FindRepeats = Callable[[Sequence[str], Sequence[Subject]], Sequence[Finding]]
"""Captions and what they are of, to a finding each: a fault where one says what others of its species say too."""


def find_repeats(paths: Iterable[Path], find: FindRepeats | None) -> Mapping[str, Finding]:
    """By uuid, what is found of the accepted captions of these units that repeat another one of their species."""
    if find is None:
        return {}
    columns = ["uuid", "scientific_name", "common", "caption"]
    tables = [table.filter(table["caption"].is_valid()) for path in paths if (table := read_unit(path, columns))]
    if not tables:
        return {}
    every = pa.concat_tables(tables)
    every = every.take(pc.sort_indices(every, sort_keys=[("scientific_name", "ascending"), ("uuid", "ascending")]))
    found: dict[str, Finding] = {}
    for group in _groups(every):
        if len(group) > 1:
            subject = Subject(taxon=taxon_of(group.slice(0, 1).to_pylist()[0]))
            findings = find(group["caption"].to_pylist(), [subject] * len(group))
            for uuid, finding in zip(group["uuid"].to_pylist(), findings, strict=True):
                if finding.is_fault:
                    found[uuid] = finding
    return found


def _groups(table: pa.Table) -> Iterator[pa.Table]:
    """The rows of each species; those without a name are no species, and repeat nobody."""
    names = table["scientific_name"].combine_chunks()
    begin = 0
    for count in pc.run_end_encode(names).run_ends.to_pylist() if len(names) else ():
        if names[begin].is_valid:
            yield table.slice(begin, count - begin)
        begin = count
