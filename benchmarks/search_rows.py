"""What benchmarks/search_index.py indexes: embeddings in Parquet with the columns of organisms' pictures, and filters.

The clusters of search_sets.py are species of a made tree of seven ranks. A species lives about one place, and its
pictures are taken over twenty years. Rows come in any order, as they are gathered. Filters are taxa as near to a share
as the tree has, a licence, dates, a box, a region that is a star of forty corners, and two conditions together.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from search_sets import KINDS, RUN, SHARES, Clusters
from thuja.regions import Region
from thuja.search.filters import Box, Filter, Range
from thuja.taxonomy import Taxon

MODEL = "made"
LICENCES = {"CC0": 0.1, "CC BY": 0.35, "CC BY-NC": 0.5, "CC BY-SA": 0.05}
SEXES = {"female": 0.2, "male": 0.25, "": 0.55}
DAYS = 20 * 365
RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
FACTS = "taxa.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Draws rows of one data set, batch after batch: each has a species, and all that is said of its picture."""

    clusters: Clusters
    generator: np.random.Generator

    @classmethod
    def of(cls, kind: str, dim: int) -> "Rows":
        return cls(clusters=Clusters(KINDS[kind], dim, np.random.default_rng(0)), generator=np.random.default_rng(1))

    def table(self, count: int, *, first: int) -> tuple[pa.Table, npt.NDArray[np.int64]]:
        """So many rows, whose ids are numbers from `first` on, and the species of each."""
        species = self.clusters.labels(count)
        vectors = self.clusters.vectors(species).astype(np.float16)
        emb = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        numbers = [f"{number:08}" for number in range(first, first + count)]
        names = lineages(self.clusters)
        columns = {name: pa.array(values).take(pa.array(species)) for name, values in names.items()}
        table = pa.table(
            {
                "uuid": numbers,
                "emb": emb,
                **columns,
                **self._said(species),
                "source_url": [f"https://pictures.example/{number}" for number in numbers],
            }
        )
        return table.replace_schema_metadata({"thuja.model": MODEL}), species

    def _said(self, species: npt.NDArray[np.int64]) -> dict[str, object]:
        draw, count = self.generator, len(species)
        where = np.random.default_rng(2).uniform([-60, -180], [70, 180], (self.clusters.kind.clusters, 2))
        places = where[species] + draw.normal(size=(count, 2)) * [5, 10]
        days = np.datetime64("2000-01-01") + draw.integers(DAYS, size=count)
        return {
            "license_name": draw.choice(list(LICENCES), count, p=list(LICENCES.values())),
            "sex": draw.choice(list(SEXES), count, p=list(SEXES.values())),
            "event_date": np.datetime_as_string(days).tolist(),
            "latitude": np.clip(places[:, 0], -90, 90).round(4),
            "longitude": ((places[:, 1] + 180) % 360 - 180).round(4),
        }


def lineages(clusters: Clusters) -> dict[str, list[str]]:
    """The names of every species: 20 share a family, 4 of these a genus; ten families are an order, and so on."""
    number = np.arange(clusters.kind.clusters)
    families = max(1, clusters.kind.clusters // 20)
    family, within = number % families, number // families
    levels = {
        "kingdom": family // 250,
        "phylum": family // 125,
        "class": family // 50,
        "order": family // 10,
        "family": family,
        "genus": family * 5 + within // 4,
    }
    names = {rank: [f"{rank.capitalize()}{one:05}" for one in values.tolist()] for rank, values in levels.items()}
    return {**names, "species": [f"species{one:05}" for one in number.tolist()]}


def write_rows(path: Path, rows: Rows, count: int, *, first: int = 0) -> npt.NDArray[np.int64]:
    """Write a Parquet file of embeddings; the rows that each species has in it."""
    counts = np.zeros(rows.clusters.kind.clusters, dtype=np.int64)
    writer = None
    for start in range(0, count, RUN):
        table, species = rows.table(min(RUN, count - start), first=first + start)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=RANKS)
        writer.write_table(table)
        counts += np.bincount(species, minlength=len(counts))
    assert writer is not None, "there are rows"
    writer.close()
    return counts


def write_taxa(folder: Path, clusters: Clusters, counts: npt.NDArray[np.int64]) -> None:
    """Write which taxon is nearest to each share of the rows."""
    names = lineages(clusters)
    found = {}
    for share in SHARES:
        near = []
        for place, rank in enumerate(RANKS):
            group = np.unique(names[rank], return_inverse=True)[1]
            sums = np.bincount(group, weights=counts)
            best = int(np.argmin(np.abs(sums - share * counts.sum())))
            species = int(np.flatnonzero(group == best)[0])
            lineage = [names[above][species] for above in RANKS[: place + 1]]
            near.append((abs(float(sums[best]) - share * counts.sum()), lineage))
        found[f"{share:.1%}"] = min(near, key=lambda one: one[0])[1]
    (folder / FACTS).write_text(json.dumps(found))


def taxa(folder: Path) -> Mapping[str, Taxon]:
    """What `write_taxa` wrote."""
    read = json.loads((folder / FACTS).read_text())
    return {share: Taxon.from_names([*names, *[""] * (len(RANKS) - len(names))]) for share, names in read.items()}


def filters(folder: Path) -> dict[str, Filter | None]:
    """No filter, and of each kind of condition one."""
    within = {f"taxon {share}": Filter(within=(taxon,)) for share, taxon in taxa(folder).items()}
    (largest, *_) = taxa(folder).values()
    years = {"event_date": Range(low="2005", high="2006")}
    return {
        "all": None,
        **within,
        "licence 10.0%": Filter(equals={"license_name": ("CC0",)}),
        "date 10.0%": Filter(ranges=years),
        "date 1.0%": Filter(ranges={"event_date": Range(low="2007-03-01", high="2007-05-13")}),
        "box": Filter(box=Box(south=30, west=-20, north=65, east=40)),
        "region": Filter(region=star()),
        "taxon 10.0%, date 10.0%": Filter(within=(largest,), ranges=years),
    }


def star(corners: int = 40) -> Region:
    """A region about the equator, further out at every other corner."""
    turns = [2 * pi * place / corners for place in range(corners)]
    radii = [45 if place % 2 else 20 for place in range(corners)]
    ring = [[radius * cos(turn), radius * sin(turn)] for turn, radius in zip(turns, radii, strict=True)]
    return Region.of({"type": "Polygon", "coordinates": [[*ring, ring[0]]]}, name="star")
