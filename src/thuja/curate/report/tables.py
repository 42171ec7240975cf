"""The counts of a catalog: a few group-bys over narrow columns, from whose small results every table is made.

The largest result has a row per taxon, source and split: some millions of rows for 200 million images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from thuja.report import Cell
from thuja.taxonomy import RANKS, Rank

RANK_NAMES = [rank.label for rank in RANKS]
LEVELS = (1, 5, 10, 50, 100, 500, 1_000, 10_000)
"""Numbers of images that the long tail is told by; 50 is the one of published audits."""
_DEEPEST = {"family": 5, "genus": 6, "species": 7}
"""Ranks that are counted as distinct lineages, and how many names of a lineage say which one it is."""
_SEPARATOR = "\x1f"

Grid = tuple[Sequence[str], list[list[Cell]]]
"""A table's columns and rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Small frames, each with a column `images`; all but `drops` and `leaks` are of kept images only.

    taxa: data_source, split, the seven ranks, keys of family, genus and species, depth (0 to 7).
    drops: dropped_by, drop_reason, data_source. leaks: benchmark, key, is_kept. The others: one column, `value`.
    """

    taxa: pl.DataFrame
    drops: pl.DataFrame
    leaks: pl.DataFrame
    read: int
    facts: Mapping[str, pl.DataFrame]

    @property
    def kept(self) -> int:
        """How many images were kept."""
        return int(self.taxa["images"].sum())


FACTS: Mapping[str, pl.Expr] = {
    "license_name": pl.coalesce("license_name", "license_link"),
    "img_type": pl.col("img_type"),
    "basis_of_record": pl.col("basis_of_record"),
    "publisher": pl.col("publisher"),
    "country_code": pl.col("country_code"),
    "year": pl.col("event_date").str.extract(r"^(1[6-9]\d\d|20\d\d)\b"),
    "sex": pl.col("sex"),
    "life_stage": pl.col("life_stage"),
}
"""What kept images are counted by, besides taxa."""


def count_catalog(rows: pl.LazyFrame) -> Counts:
    """Count a catalog."""
    kept = rows.filter(pl.col("drop_reason").is_null())
    dropped = rows.filter(pl.col("drop_reason").is_not_null())
    drops = _count(dropped, {name: pl.col(name) for name in ("dropped_by", "drop_reason", "data_source")})
    taxa = _count(kept, {name: pl.col(name) for name in ("data_source", "split", *RANK_NAMES)})
    return Counts(
        taxa=_keyed(taxa),
        drops=drops,
        leaks=_leaks(rows),
        read=int(taxa["images"].sum()) + int(drops["images"].sum()),
        facts={name: _count(kept, {"value": expression}) for name, expression in FACTS.items()},
    )


def _count(rows: pl.LazyFrame, by: Mapping[str, pl.Expr]) -> pl.DataFrame:
    groups = rows.select(expression.alias(name) for name, expression in by.items()).group_by(list(by))
    order = [False] * len(by)
    found = groups.agg(images=pl.len().cast(pl.Int64)).collect(engine="streaming")
    return found.sort("images", *by, descending=[True, *order], nulls_last=True)


def _has(rank: str) -> pl.Expr:
    """Whether there is a name at a rank. A species without a genus is a label that nobody could place."""
    named = pl.col(rank).is_not_null()
    return named & pl.col("genus").is_not_null() if rank == "species" else named


def _keyed(taxa: pl.DataFrame) -> pl.DataFrame:
    filled = [pl.col(rank).fill_null("") for rank in RANK_NAMES]
    keys = {
        f"{name}_key": pl.when(_has(name)).then(pl.concat_str(filled[:depth], separator=_SEPARATOR))
        for name, depth in _DEEPEST.items()
    }
    depth = pl.max_horizontal(
        pl.when(_has(name)).then(pl.lit(number)).otherwise(pl.lit(0)) for number, name in enumerate(RANK_NAMES, start=1)
    )
    is_full = pl.all_horizontal(_has(name) for name in RANK_NAMES)
    lineage = pl.concat_str(filled, separator=_SEPARATOR)
    return taxa.with_columns(lineage_key=lineage, depth=depth, is_full=is_full, **keys)


def _leaks(rows: pl.LazyFrame) -> pl.DataFrame:
    """One row a benchmark and key; an image found by several keys counts for each."""
    found = rows.filter(pl.col("leak_of").is_not_null()).select(
        pl.col("leak_of").str.split(";").alias("leak"), is_kept=pl.col("drop_reason").is_null()
    )
    parts = found.explode("leak").filter(pl.col("leak") != "")
    named = parts.select(
        "is_kept",
        benchmark=pl.col("leak").str.replace(r":[^:]*$", ""),
        key=pl.col("leak").str.extract(r":([^:]*)$"),
    )
    groups = named.group_by("benchmark", "key", "is_kept").agg(images=pl.len().cast(pl.Int64))
    return groups.collect(engine="streaming").sort("benchmark", "key", "is_kept", nulls_last=True)


def taxa_grid(counts: Counts, by: str) -> Grid:
    """As the papers' tables: images, species, genera, families and full labels by kingdom or by source."""
    total = counts.kept
    groups = counts.taxa.group_by(by).agg(
        pl.col("images").sum(),
        *(pl.col(f"{name}_key").drop_nulls().n_unique().alias(name) for name in ("species", "genus", "family")),
        pl.col("lineage_key").n_unique().alias("taxa"),
        full=pl.col("images").filter(pl.col("is_full")).sum(),
    )
    groups = groups.sort("images", by, descending=[True, False], nulls_last=True)
    rows: list[list[Cell]] = [
        [
            row[by] or "none given",
            row["images"],
            percent(row["images"], total),
            row["taxa"],
            row["species"],
            row["genus"],
            row["family"],
            percent(row["full"], row["images"]),
        ]
        for row in groups.to_dicts()
    ]
    if len(rows) > 1:
        rows.append(["all", total, "100 %", *distinct(counts), percent(full_labels(counts), total)])
    name = {"data_source": "source"}.get(by, by)
    return (name, "images", "share", "taxa", "species", "genera", "families", "all seven ranks"), rows


def distinct(counts: Counts) -> list[int]:
    """Distinct taxa, species, genera and families of the kept images."""
    keys = counts.taxa.select(
        pl.col("lineage_key").n_unique(),
        *(pl.col(f"{name}_key").drop_nulls().n_unique() for name in ("species", "genus", "family")),
    )
    return [int(count) for count in keys.row(0)]


def full_labels(counts: Counts) -> int:
    """Kept images with a name at all seven ranks."""
    return int(counts.taxa.filter("is_full")["images"].sum())


def depth_grid(counts: Counts) -> Grid:
    """The deepest rank that images are named to."""
    groups = dict(counts.taxa.group_by("depth").agg(pl.col("images").sum()).iter_rows())
    named = {0: "a label that no rank is known of", **{int(rank) + 1: rank.label for rank in Rank}}
    rows: list[list[Cell]] = []
    at_least = counts.kept
    for depth, name in named.items():
        images = groups.get(depth, 0)
        if images or depth:
            rows.append([name, images, percent(images, counts.kept), percent(at_least if depth else 0, counts.kept)])
        at_least -= images
    return ("named down to", "images", "share", "named to this rank or below"), rows


def depth_shares(counts: Counts) -> dict[str, list[float]]:
    """For each source, the commonest eight, the share of its images with a name at each rank, in per cent."""
    sources = counts.taxa.group_by("data_source").agg(
        pl.col("images").sum(),
        *(pl.col("images").filter(_has(name)).sum().alias(f"has_{name}") for name in RANK_NAMES),
    )
    ordered = sources.sort("images", "data_source", descending=[True, False]).head(8).to_dicts()
    return {
        row["data_source"] or "none given": [100 * row[f"has_{name}"] / row["images"] for name in RANK_NAMES]
        for row in ordered
    }


def species_images(counts: Counts) -> pl.Series:
    """The images of each species, the most first."""
    species = counts.taxa.filter(pl.col("species_key").is_not_null()).group_by("species_key")
    return species.agg(pl.col("images").sum())["images"].sort(descending=True)


def tail_grid(images: pl.Series) -> Grid:
    """How many species have at least so many images, and what share of the images they hold."""
    species, total = len(images), int(images.sum())
    rows: list[list[Cell]] = []
    for level in LEVELS:
        kept = images.filter(images >= level)
        if len(kept):
            held = percent(int(kept.sum()), total)
            rows.append([f"{level:,}", len(kept), percent(len(kept), species), held])
    return ("images, at least", "species", "share of species", "their share of images"), rows


def drop_grid(counts: Counts, order: Sequence[str]) -> Grid:
    """Drops by step and reason, in all and by source; `order` are the steps."""
    sources = counts.drops.group_by("data_source").agg(pl.col("images").sum())
    shown = sources.sort("images", "data_source", descending=[True, False])["data_source"].to_list()[:6]
    rows: list[list[Cell]] = []
    for step, reason, images in drop_reasons(counts, order):
        here = counts.drops.filter(pl.col("dropped_by") == step, pl.col("drop_reason") == reason)
        by_source = dict(here.select("data_source", "images").iter_rows())
        cells: list[Cell] = [by_source.get(source) for source in shown] if len(shown) > 1 else []
        rows.append([step, words(reason), images, percent(images, counts.read), *cells])
    names = [str(source or "none given") for source in shown] if len(shown) > 1 else []
    return ("step", "reason", "images", "of all read", *names), rows


def drop_reasons(counts: Counts, order: Sequence[str]) -> list[tuple[str, str, int]]:
    """(step, reason, images), by step as they ran, then by number."""
    place = {name: number for number, name in enumerate(order)}
    groups = counts.drops.group_by("dropped_by", "drop_reason").agg(pl.col("images").sum())
    found = [(str(step), str(reason), int(images)) for step, reason, images in groups.iter_rows()]
    return sorted(found, key=lambda drop: (place.get(drop[0], len(place)), -drop[2], drop[1]))


def leak_grid(counts: Counts) -> Grid:
    """What was found of each evaluation set, by which key."""
    groups = counts.leaks.group_by("benchmark", "key").agg(
        pl.col("images").sum(), kept=pl.col("images").filter(pl.col("is_kept")).sum()
    )
    ordered = groups.sort("benchmark", "images", "key", descending=[False, True, False], nulls_last=True)
    rows: list[list[Cell]] = [
        [row["benchmark"], words(row["key"] or "not said"), row["images"], row["images"] - row["kept"], row["kept"]]
        for row in ordered.to_dicts()
    ]
    return ("evaluation set", "found by", "images", "dropped", "kept"), rows


def split_grid(counts: Counts) -> Grid:
    """Images, taxa and species of each split."""
    groups = counts.taxa.group_by("split").agg(
        pl.col("images").sum(),
        pl.col("lineage_key").n_unique().alias("taxa"),
        pl.col("species_key").drop_nulls().n_unique().alias("species"),
        pl.col("family_key").drop_nulls().n_unique().alias("families"),
    )
    rows: list[list[Cell]] = [
        [
            row["split"] or "none",
            row["images"],
            percent(row["images"], counts.kept),
            *(row[name] for name in ("taxa", "species", "families")),
        ]
        for row in groups.sort("images", "split", descending=[True, False], nulls_last=True).to_dicts()
    ]
    return ("split", "images", "share", "taxa", "species", "families"), rows


def fact_grid(counts: Counts, fact: str, *, title: str, most: int = 16) -> Grid | None:
    """The commonest values of a fact; None where no image has one."""
    values = counts.facts[fact]
    if not len(values.filter(pl.col("value").is_not_null())):
        return None
    rows: list[list[Cell]] = [
        [value or "not given", images, percent(images, counts.kept)] for value, images in values.head(most).iter_rows()
    ]
    rest = values.slice(most)
    if len(rest):
        images = int(rest["images"].sum())
        rows.append([f"{len(rest):,} others", images, percent(images, counts.kept)])
    return (title, "images", "share"), rows


def percent(part: int, whole: int) -> str:
    """A share for people; a share that is neither none nor all is never told as 0 or 100."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if part in (0, whole):
        return f"{share:.0f} %"
    return f"{min(max(share, 0.01), 99.99):.2f} %" if share < 1 or share > 99 else f"{share:.1f} %"


def words(name: str) -> str:
    """A reason or key as people write it."""
    return name.replace("_", " ")
