"""What is known of the taxa of a unit, for its prompts: a description and format examples each.

The table of descriptions may hold millions of rows. Of each only a hash is held in memory, and where it stands; the
words are read for the taxa of one unit at a time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.captions.descriptions.description import DESCRIPTION_SCHEMA, Description
from thuja.errors import BadFile, EmptyInput
from thuja.taxonomy import Rank, Taxon

DESCRIPTIONS: Final = "descriptions.parquet"
_HINT: Final = "thuja captions describe makes them: its --out folder, or descriptions.parquet in it"
_NEEDED: Final = ("description", "scientific_name", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptionTable:
    """A table of DESCRIPTION_SCHEMA, opened: the hashes of its names in order, and the row groups that they are in."""

    path: Path
    hashes: npt.NDArray[np.uint64] = field(repr=False)
    groups: npt.NDArray[np.int32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.hashes)

    @classmethod
    def open(cls, path: Path) -> "DescriptionTable":
        """The table at `path`, or `descriptions.parquet` in that folder; raises EmptyInput, BadFile."""
        path = Path(path)
        path = path / DESCRIPTIONS if path.is_dir() else path
        if not path.is_file():
            raise EmptyInput(f"there are no descriptions at {path}", hint=_HINT)
        hashes: list[npt.NDArray[np.uint64]] = []
        groups: list[npt.NDArray[np.int32]] = []
        try:
            with pq.ParquetFile(path) as file:
                missing = [name for name in _NEEDED if name not in file.schema_arrow.names]
                if missing:
                    raise BadFile(
                        f"{path} is no table of descriptions: it has no column {', '.join(missing)}", hint=_HINT
                    )
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, columns=["scientific_name", "description"])
                    names = table.filter(table["description"].is_valid())["scientific_name"].to_pylist()
                    hashes.append(_hashed(name or "" for name in names))
                    groups.append(np.full(len(names), group, dtype=np.int32))
        except (OSError, pa.ArrowException) as error:
            raise BadFile(f"the descriptions in {path} cannot be read: {error}", hint=_HINT) from error
        every = np.concatenate(hashes) if hashes else np.empty(0, dtype=np.uint64)
        order = np.argsort(every, kind="stable")
        where = np.concatenate(groups) if groups else np.empty(0, dtype=np.int32)
        return cls(path=path, hashes=every[order], groups=where[order])

    def of(self, taxa: Iterable[Taxon]) -> dict[Taxon, Description]:
        """The descriptions of those of these taxa that have one."""
        wanted = {taxon: taxon.scientific_name for taxon in taxa if taxon.scientific_name}
        names = sorted(set(wanted.values()))
        sought = _hashed(names)
        begin, end = np.searchsorted(self.hashes, sought), np.searchsorted(self.hashes, sought, side="right")
        groups = sorted({int(group) for one, two in zip(begin, end, strict=True) for group in self.groups[one:two]})
        found = self._read(groups, set(names))
        chosen = {taxon: _chosen(taxon, found.get(name, [])) for taxon, name in wanted.items()}
        return {taxon: one for taxon, one in chosen.items() if one is not None}

    def _read(self, groups: Iterable[int], names: set[str]) -> Mapping[str, list[Description]]:
        found: dict[str, list[Description]] = {}
        with pq.ParquetFile(self.path) as file:
            columns = [name for name in DESCRIPTION_SCHEMA.names if name in file.schema_arrow.names]
            for group in groups:
                table = file.read_row_group(group, columns=columns)
                keep = pa.array([name in names for name in table["scientific_name"].to_pylist()], pa.bool_())
                for row in table.filter(keep).to_pylist():
                    if row["description"]:
                        found.setdefault(row["scientific_name"], []).append(_described(row))
        return found


def _described(row: Mapping[str, Any]) -> Description:
    return Description.from_row({**row, "sentences": row.get("sentences") or [row["description"]]})


def _chosen(taxon: Taxon, found: list[Description]) -> Description | None:
    """The row of this very lineage; else the only one of this name that no kingdom speaks against."""
    exact = next((one for one in found if one.taxon == taxon), None)
    kingdom = taxon[Rank.KINGDOM]
    near = [one for one in found if not kingdom or one.taxon[Rank.KINGDOM] in ("", kingdom)]
    return exact or (near[0] if len(near) == 1 else None)


def _hashed(names: Iterable[str]) -> npt.NDArray[np.uint64]:
    digests = b"".join(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, dtype=np.uint64)
