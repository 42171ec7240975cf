"""The tables of a curation's report, made from the counts of its catalog."""

from collections.abc import Sequence

import polars as pl

from thuja.curate.catalog_counts import RANK_NAMES, Counts, distinct, full_labels, has_rank, totals
from thuja.report import Cell
from thuja.taxonomy import Rank

LEVELS = (1, 5, 10, 50, 100, 500, 1_000, 10_000)
"""Numbers of images that the long tail is told by; 50 is the one of published audits."""

Grid = tuple[Sequence[str], list[list[Cell]]]
"""A table's columns and rows."""


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
        *(pl.col("images").filter(has_rank(name)).sum().alias(f"has_{name}") for name in RANK_NAMES),
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


def key_grid(table: pl.DataFrame) -> Grid:
    """What each key does: the table of `leaks.leak_table`."""
    rows: list[list[Cell]] = [
        [row["benchmark"], words(row["key"]), row["found"], row["first"], row["only"]] for row in table.to_dicts()
    ]
    return ("evaluation set", "key", "found by it", "and by none before it", "by it alone"), rows


def clade_grid(table: pl.DataFrame, *, most: int = 40) -> Grid:
    """Duplicates by source and clade, those of most images first: the table of `duplicates.dropped_by_clade`."""
    keys = ["data_source", "kingdom", "class", "drop_reason"]
    ordered = table.sort("images", *keys, descending=[True, *[False] * len(keys)], nulls_last=True)
    rows: list[list[Cell]] = [
        [row["data_source"], row["kingdom"], row["class"], words(row["drop_reason"]), row["images"]]
        for row in ordered.head(most).to_dicts()
    ]
    rest = ordered.slice(most)
    if len(rest):
        rows.append([f"{len(rest):,} others", None, None, None, int(rest["images"].sum())])
    return ("source", "kingdom", "class", "reason", "images"), rows


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


def facts_of(counts: Counts, fact: str) -> pl.DataFrame:
    """Images by one fact, in the column `value`: a licence by its name, or its address where it has none."""
    if fact == "license_name":
        named = counts.licences.with_columns(value=pl.coalesce("license_name", "license_link"))
    elif fact in counts.kinds.columns:
        named = counts.kinds.with_columns(value=fact)
    else:
        named = counts.facts[fact]
    return totals(named, "value")


def fact_grid(counts: Counts, fact: str, *, title: str, most: int = 16) -> Grid | None:
    """The commonest values of a fact; None where no image has one."""
    values = facts_of(counts, fact)
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
