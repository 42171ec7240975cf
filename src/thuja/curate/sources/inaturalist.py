"""iNaturalist Open Data: photos, their observations, the taxa these show and the people who took them.

Files and columns are those of github.com/inaturalist/inaturalist-open-data (Metadata/README.md, structure.sql): tables
parted by tabs, nothing quoted, `ancestry` the ids from the root down (the page says parted by a backslash, the files by
a slash; both are read). `anomaly_score` is younger than the rest and may be missing.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from thuja.curate.sources.expressions import as_float, as_int, dropped, first_reason, text_or_null, traits_of
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.spilling import Spill, count_parts, join_parts, scratch_of, size_as_text
from thuja.curate.sources.text_tables import TextTable
from thuja.errors import UnknownName, UsageError
from thuja.taxonomy import RANKS, Rank

PATH_OPTIONS: tuple[str, ...] = ()
"""The options that are paths."""
_BUCKET = "https://inaturalist-open-data.s3.amazonaws.com/photos"
_ENDINGS = (".csv.gz", ".csv")
_SIZES = ("original", "large", "medium", "small", "thumb", "square")
_LABELS = [rank.label for rank in RANKS]
_PHOTOS = ("photo_uuid", "photo_id", "observation_uuid", "observer_id", "extension", "license", "width", "height")
_OBSERVATIONS = ("observation_uuid", "latitude", "longitude", "positional_accuracy", "taxon_id", "quality_grade",
                 "observed_on")  # fmt: skip
_OPTIONAL = ("position", "anomaly_score")
_TRAITS = ("photo_uuid", "observer_id", "position", "taxon_id", "anomaly_score")
_CC = "https://creativecommons.org"
_LICENSES = {
    "CC0": f"{_CC}/publicdomain/zero/1.0/",
    "PD": f"{_CC}/publicdomain/mark/1.0/",
    **{f"CC-{kind}": f"{_CC}/licenses/{kind.lower()}/4.0/" for kind in ("BY", "BY-NC", "BY-SA", "BY-ND")},
    **{f"CC-{kind}": f"{_CC}/licenses/{kind.lower()}/4.0/" for kind in ("BY-NC-SA", "BY-NC-ND")},
}
_TAXA_AT_ONCE = 100_000


def read_inaturalist(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row a photo, with the facts of its observation. `path` is the folder of the four tables, gzip or plain.

    The option `size` is the size to fetch (`original`, `large` of 1024 pixels, `medium` of 500, ...); width and height
    are told for the original alone. Photos and observations are joined by parts in the scratch folder; the taxa
    (1.6 million) and the observers stand in memory. Dropped: `bad_id`, `no_observation`. Raises UsageError or BadFile.
    """
    spec.refuse_other_options(("size",))
    size = spec.option("size", "original")
    if size not in _SIZES:
        raise UnknownName.of("size of photos", size, _SIZES)
    photos, observations, taxa = (_find(spec.path, name) for name in ("photos", "observations", "taxa"))
    scratch = scratch_of(spec)
    count = count_parts(size_as_text(photos, observations))
    key = "observation_uuid"
    right = Spill(folder=scratch / "observations", key=key, count=count)
    right.put(_columns(observations, _OBSERVATIONS, notes))
    left = Spill(folder=scratch / "photos", key=key, count=count, keeps_keyless=True)
    left.put(_columns(photos, _PHOTOS, notes))
    lineages, people = _read_taxa(taxa, notes), _read_observers(spec.path, notes)
    for part in join_parts(left, right):
        if part.rows.is_empty():
            continue
        # a whole part at once, because each join walks all taxa
        known = _joinable(part.rows).join(lineages, on="taxon_id", how="left", maintain_order="left")
        known = known.join(people, on="observer_id", how="left", maintain_order="left")
        for chunk in known.iter_slices(CHUNK):
            yield _rows(chunk, spec.name or "iNaturalist", size)


def files_of(spec: SourceSpec) -> list[Path]:
    """The four tables, packed or not."""
    names = ("photos", "observations", "taxa", "observers")
    return [spec.path / f"{name}{ending}" for name in names for ending in _ENDINGS]


def _rows(known: pl.DataFrame, data_source: str, size: str) -> pl.DataFrame:
    is_fetchable = pl.col("photo_id").str.contains(r"^\d+$") & pl.col("extension").str.contains(r"^[A-Za-z0-9]{1,8}$")
    address = pl.format("{}/{}/{}.{}", pl.lit(_BUCKET), "photo_id", pl.lit(size), "extension")
    is_original = pl.lit(size == "original")
    reason = first_reason(
        [(~is_fetchable.fill_null(value=False), "bad_id"), (pl.col("quality_grade").is_null(), "no_observation")]
    )
    return known.select(
        pl.lit(data_source).alias("data_source"),
        pl.col("photo_id").fill_null("").alias("source_id"),
        pl.when(is_fetchable).then(address).alias("source_url"),
        *_LABELS,
        "verbatim_name",
        pl.col("observation_uuid").alias("observation_id"),
        pl.col("observed_on").alias("event_date"),
        as_float("latitude").alias("latitude"),
        as_float("longitude").alias("longitude"),
        as_float("positional_accuracy").alias("coordinate_uncertainty"),
        "quality_grade",
        pl.col("license").alias("license_name"),
        pl.col("license").replace_strict(_LICENSES, default=None, return_dtype=pl.String).alias("license_link"),
        pl.col("person").alias("copyright_owner"),
        pl.col("person").alias("recorded_by"),
        pl.when(is_original).then(as_int("width")).alias("width"),
        pl.when(is_original).then(as_int("height")).alias("height"),
        traits_of({name: name for name in _TRAITS if name in known.columns}).alias("traits"),
        *dropped(reason),
    )


def _joinable(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the columns of observations, which a table of observations without a row has not given."""
    missing = [name for name in _OBSERVATIONS if name not in rows.columns]
    return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)


def _find(folder: Path, name: str) -> Path:
    for ending in _ENDINGS:
        if (folder / f"{name}{ending}").is_file():
            return folder / f"{name}{ending}"
    raise UsageError(
        f"there is no {name}.csv.gz in {folder}",
        hint="the folder with photos.csv.gz, observations.csv.gz, taxa.csv.gz and observers.csv.gz, unpacked",
    )


def _columns(table: Path, needed: tuple[str, ...], notes: Notes) -> Iterator[pl.DataFrame]:
    text = TextTable.of(table, separators="\t", quoted=False)
    text.require(*needed)
    yield from text.frames(notes, [*needed, *(name for name in _OPTIONAL if name in text.header)])


def _read_taxa(table: Path, notes: Notes) -> pl.DataFrame:
    """taxon_id, the seven ranks (species as the epithet), verbatim_name: one row a taxon."""
    needed = ("taxon_id", "ancestry", "rank", "name")
    taxa = pl.concat(list(_columns(table, needed, notes))).unique("taxon_id", keep="first", maintain_order=True)
    ranked = taxa.filter(pl.col("rank").is_in(_LABELS)).select("taxon_id", "rank", "name")
    pieces = [_lineages(piece, ranked) for piece in taxa.iter_slices(_TAXA_AT_ONCE)]
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=dict.fromkeys(_LINEAGE, pl.String))


_LINEAGE = ["taxon_id", *_LABELS, "verbatim_name"]


def _lineages(taxa: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    above = taxa.select("taxon_id", pl.col("ancestry").str.replace_all(r"\\", "/").str.split("/").alias("ancestor"))
    itself = taxa.select("taxon_id", pl.concat_list("taxon_id").alias("ancestor"))
    pairs = pl.concat([above, itself]).explode("ancestor", empty_as_null=True, keep_nulls=False)
    pairs = pairs.join(ranked.rename({"taxon_id": "ancestor"}), on="ancestor", how="inner")
    wide = pairs.group_by("taxon_id").agg(
        pl.col("name").filter(pl.col("rank") == label).first().alias(label) for label in _LABELS
    )
    species = pl.col(Rank.SPECIES.label)
    epithet = pl.when(species.str.contains(" ")).then(species.str.splitn(" ", 2).struct.field("field_1"))
    known = taxa.select("taxon_id", pl.col("name").alias("verbatim_name"))
    known = known.join(wide, on="taxon_id", how="left", maintain_order="left")
    return known.with_columns(epithet.otherwise(species).alias(Rank.SPECIES.label)).select(_LINEAGE)


def _read_observers(folder: Path, notes: Notes) -> pl.DataFrame:
    """observer_id and what the person is called; a person who gives no name goes by the login."""
    schema = {"observer_id": pl.String, "person": pl.String}
    try:
        table = _find(folder, "observers")
    except UsageError:
        notes["no_observers_table"] += 1
        return pl.DataFrame(schema=schema)
    frames = [
        frame.select("observer_id", pl.coalesce(text_or_null("name"), text_or_null("login")).alias("person"))
        for frame in _columns(table, ("observer_id", "login", "name"), notes)
    ]
    return pl.concat([pl.DataFrame(schema=schema), *frames]).unique("observer_id", keep="first", maintain_order=True)
