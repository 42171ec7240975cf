"""A made GBIF occurrence download in the true format, of any size: `write_archive(path, *, media, hosts, taxa, seed)`.

Writes occurrence.txt (223 columns), verbatim.txt, multimedia.txt, meta.xml, metadata.xml, rights.txt, citations.txt and
dataset/<key>.xml, zipped where `path` ends in .zip and as a folder otherwise, and returns an `Expected`. The taxa are
real ones of iNaturalist's taxonomy; the occurrences, people and URLs are made. What is dirty: names with and without
authorship, misspelt, in capitals, above species, synonyms; media that are sounds, that have no type, no URL or no
occurrence; occurrences without media. The two tables are in different orders. Same arguments, same bytes.

    from curate_gbif_world import write_archive
    write_archive(Path("world.zip"), media=5_000_000, hosts=600, taxa=60_000, seed=0)
"""

import io
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curate_gbif_terms import MULTIMEDIA, OCCURRENCE, VERBATIM, meta_xml
from thuja.names.embedded import embedded_file

DOWNLOAD_DOI = "10.15468/dl.7hxq2k"
INATURALIST = "50c9509d-22c7-4a22-a47d-8c48425ef4a7"
_CHUNK = 100_000
_AUTHORS = ("Linnaeus", "(Fabricius)", "L.", "(Huds.) P.Kumm.", "Walker", "(Cuvier & Valenciennes)", "Gray", "Mill.")
_NAMES = (
    *("scientificName", "acceptedScientificName", "verbatimScientificName"),
    *("taxonomicStatus", "taxonomicIssue"),
)
_RANKS = ("kingdom", "phylum", "class", "order", "family", "genus")
_LICENSES = (
    ("CC_BY_4_0", "http://creativecommons.org/licenses/by/4.0/"),
    ("CC_BY_NC_4_0", "http://creativecommons.org/licenses/by-nc/4.0/"),
    ("CC0_1_0", "http://creativecommons.org/publicdomain/zero/1.0/"),
)
_ISSUES = (
    "",
    "",
    "COORDINATE_ROUNDED",
    "COORDINATE_ROUNDED;GEODETIC_DATUM_ASSUMED_WGS84",
    "COUNTRY_DERIVED_FROM_COORDINATES",
)
_COUNTRIES = ("US", "GB", "BR", "AU", "ZA", "SE", "JP", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a reader must find: `images` rows to keep, and how many media it must drop or leave out, and why."""

    media: int
    images: int
    other_media: int
    without_url: int
    without_occurrence: int
    occurrences: int
    occurrences_without_media: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """Arrays over occurrences (O) and what they point into. `first[i]` is the number of the first medium of one."""

    taxa: pl.DataFrame
    taxon: np.ndarray  # (O,)
    dataset: np.ndarray  # (O,)
    person: np.ndarray  # (O,)
    kind: np.ndarray  # (O,): 0 a plain name ... 5 no species, 6 a synonym
    count: np.ndarray  # (O,)
    first: np.ndarray  # (O + 1,)
    datasets: tuple[str, ...]
    hosts: tuple[str, ...]
    orphans: int
    seed: int

    def gbif_id(self, occurrence: np.ndarray) -> np.ndarray:
        """Ids in no order: a permutation of the numbers below the next prime-like odd modulus."""
        return 1_000_000_000 + (occurrence * 2_654_435_761 + self.seed) % 4_294_967_291


def write_archive(path: Path, *, media: int, hosts: int, taxa: int, seed: int) -> Expected:
    """Write a download with `media` rows of multimedia.txt over so many host names and species."""
    world = _make(media, hosts, taxa, seed)
    occurrences, counts = len(world.count), {"other_media": 0, "without_url": 0}
    with _Target(path) as target:
        target.text("meta.xml", meta_xml())
        for name, text in _metadata(world, occurrences):
            target.text(name, text)
        target.table("occurrence.txt", OCCURRENCE, (_occurrences(world, part) for part in _parts(occurrences)))
        target.table("verbatim.txt", VERBATIM, (_verbatim(world, part) for part in _parts(min(occurrences, 1000))))
        order = np.random.default_rng(seed + 1).permutation(occurrences)
        target.table("multimedia.txt", MULTIMEDIA, _all_media(world, order, counts))
    return Expected(
        media=media,
        images=media - world.orphans - sum(counts.values()),
        without_occurrence=world.orphans,
        occurrences=occurrences,
        occurrences_without_media=int((world.count == 0).sum()),
        **counts,
    )


def _make(media: int, hosts: int, taxa: int, seed: int) -> _World:
    rng = np.random.default_rng(seed)
    orphans = media // 1000
    occurrences = max(1, media * 4 // 5)
    count = np.minimum(rng.geometric(0.8, occurrences), 20)
    count[rng.random(occurrences) < 0.01] = 0
    _settle(count, media - orphans, rng)
    weights = 1.0 / np.arange(1, taxa + 1) ** 0.7
    dataset_weights = np.concatenate([[0.4], np.full(hosts - 1, 0.6 / max(hosts - 1, 1))])[:hosts]
    return _World(
        taxa=_taxa(taxa, rng),
        taxon=rng.choice(taxa, occurrences, p=weights / weights.sum()).astype(np.int32),
        dataset=rng.choice(hosts, occurrences, p=dataset_weights / dataset_weights.sum()).astype(np.int32),
        person=(rng.random(occurrences) ** 3 * max(1, occurrences // 20)).astype(np.int32),
        kind=rng.choice(7, occurrences, p=(0.68, 0.15, 0.05, 0.04, 0.03, 0.03, 0.02)).astype(np.int8),
        count=count,
        first=np.concatenate([[0], np.cumsum(count)]),
        datasets=(INATURALIST, *(str(uuid.uuid5(uuid.NAMESPACE_DNS, f"dataset {i}")) for i in range(1, hosts))),
        hosts=("inaturalist-open-data.s3.amazonaws.com", *(f"images.collection-{i}.example" for i in range(1, hosts))),
        orphans=orphans,
        seed=seed,
    )


def _settle(count: np.ndarray, total: int, rng: np.random.Generator) -> None:
    """Change counts by ones until they add up to the total."""
    while (left := total - int(count.sum())) != 0:
        places = np.flatnonzero(count > (0 if left > 0 else 1)) if left < 0 else np.flatnonzero(count > 0)
        places = places if len(places) else np.arange(len(count))
        chosen = rng.choice(places, min(abs(left), len(places)), replace=False)
        count[chosen] = np.maximum(count[chosen] + np.sign(left), 0)


def _taxa(number: int, rng: np.random.Generator) -> pl.DataFrame:
    species = (
        pl.scan_parquet(embedded_file())
        .filter(pl.col("taxonRank") == "species", pl.col("specificEpithet").str.contains(r"^[a-z]{3,}$"))
        .select(*_RANKS, pl.col("specificEpithet").alias("epithet"), pl.col("scientificName").alias("name"), "id")
        .collect()
    )
    picked = species[rng.choice(len(species), number, replace=number > len(species))]
    author = pl.Series("author", rng.choice(_AUTHORS, number)) + pl.Series(
        [f", {1758 + i % 250}" for i in range(number)]
    )
    return picked.with_columns(author)


def _parts(total: int) -> Iterator[np.ndarray]:
    for start in range(0, total, _CHUNK):
        yield np.arange(start, min(start + _CHUNK, total))


def _pick(words: tuple[str, ...], places: np.ndarray) -> pl.Series:
    return pl.Series(words)[places % len(words)]


def _names(world: _World, part: np.ndarray) -> pl.DataFrame:
    """The name as GBIF reads it and as the publisher wrote it, and the lineage, of these occurrences."""
    kind = pl.col("kind")
    full = pl.col("name") + " " + pl.col("author")
    accepted = pl.when(kind == 5).then(pl.col("genus")).otherwise(full)
    synonym = pl.lit("Veteria ") + pl.col("epithet") + " " + pl.col("author")
    return (
        world.taxa[world.taxon[part]]
        .with_columns(pl.Series("kind", world.kind[part]))
        .with_columns(
            pl.when(kind == 5).then(None).otherwise(pl.col("name")).alias("species"),
            pl.when(kind == 6).then(synonym).otherwise(accepted).alias("scientificName"),
            accepted.alias("acceptedScientificName"),
            pl.when(kind == 6).then(pl.lit("SYNONYM")).otherwise(pl.lit("ACCEPTED")).alias("taxonomicStatus"),
            pl.when(kind == 5).then(pl.lit("TAXON_MATCH_HIGHERRANK")).alias("taxonomicIssue"),
            pl.when(kind == 1)
            .then(full)
            .when(kind == 2)
            .then(pl.col("name").str.to_uppercase())
            .when(kind == 3)
            .then(pl.col("genus") + " " + pl.col("epithet").str.slice(1))
            .when(kind == 4)
            .then(pl.col("name") + " subsp. " + pl.col("epithet"))
            .when(kind == 5)
            .then(pl.col("genus") + " sp.")
            .otherwise("name")
            .alias("verbatimScientificName"),
        )
    )


def _occurrences(world: _World, part: np.ndarray) -> pl.DataFrame:
    names = _names(world, part)
    frame = pl.DataFrame({"number": part, "gbifID": world.gbif_id(part), "dataset": world.dataset[part]})
    text, number, home = pl.col("number").cast(pl.String), pl.col("number"), pl.col("dataset") == 0
    observed = pl.date(2000, 1, 1) + pl.duration(days=number * 7919 % 9000)
    key = names["id"].cast(pl.String)
    frame = frame.with_columns(
        *names.select(*_RANKS, "species", *_NAMES),
        _pick(world.datasets, world.dataset[part]).alias("datasetKey"),
        pl.Series("license", [code for code, _ in _LICENSES])[part % 3],
        _people(world, part).alias("recordedBy"),
        _pick(_ISSUES, part).alias("issue"),
        _pick(_COUNTRIES, part).alias("countryCode"),
        key.alias("taxonKey"),
        key.alias("acceptedTaxonKey"),
        key.alias("speciesKey"),
        names["epithet"].alias("specificEpithet"),
    )
    url = pl.lit("https://www.inaturalist.org/observations/") + text
    filled = frame.select(
        *("gbifID", *_RANKS, "species", *_NAMES, "datasetKey", "license"),
        pl.concat_str("taxonomicIssue", "issue", separator=";", ignore_nulls=True).str.strip_chars(";").alias("issue"),
        *("recordedBy", "countryCode", "taxonKey", "acceptedTaxonKey", "speciesKey", "specificEpithet"),
        pl.when(home).then(url).otherwise(pl.lit("urn:catalog:MUS:ENT:") + text).alias("occurrenceID"),
        pl.when(home).then(url).alias("references"),
        pl.when(home).then(text).otherwise(pl.lit("ENT-") + text).alias("catalogNumber"),
        pl.when(home).then(pl.lit("iNaturalist")).otherwise(pl.lit("MUS")).alias("institutionCode"),
        pl.when(home).then(pl.lit("Observations")).otherwise(pl.lit("ENT")).alias("collectionCode"),
        pl.when(home).then(pl.lit("iNaturalist.org")).otherwise(pl.lit("A Museum")).alias("publisher"),
        pl.when(home).then(pl.lit("HUMAN_OBSERVATION")).otherwise(pl.lit("PRESERVED_SPECIMEN")).alias("basisOfRecord"),
        pl.col("recordedBy").alias("rightsHolder"),
        pl.when(number % 50 == 0).then(pl.lit("Coordinate uncertainty increased")).alias("informationWithheld"),
        pl.when(number % 200 == 0).then(pl.lit("MALE")).when(number % 200 == 1).then(pl.lit("FEMALE")).alias("sex"),
        pl.when(number % 20 == 0).then(pl.lit("Adult")).alias("lifeStage"),
        pl.when(number % 90 == 0).then(pl.lit("flowering")).alias("reproductiveCondition"),
        pl.when(number % 300 == 0).then(pl.lit("captive")).alias("degreeOfEstablishment"),
        pl.when(number % 10 == 0).then(number % 7).alias("individualCount"),
        pl.when(number % 500 == 0).then(pl.lit("ABSENT")).otherwise(pl.lit("PRESENT")).alias("occurrenceStatus"),
        pl.when(~home & (number % 4 == 0)).then(pl.lit("event-") + (number // 4).cast(pl.String)).alias("eventID"),
        observed.dt.strftime("%Y-%m-%dT00:00:00").alias("eventDate"),
        observed.dt.year().alias("year"),
        observed.dt.month().alias("month"),
        observed.dt.day().alias("day"),
        (number * 104_729 % 180_000 / 1000 - 90).alias("decimalLatitude"),
        (number * 1_299_709 % 360_000 / 1000 - 180).alias("decimalLongitude"),
        pl.when(number % 3 > 0).then((number % 1000).cast(pl.Float64)).alias("coordinateUncertaintyInMeters"),
        (pl.lit("Near the old mill on the river, parcel ") + (number % 9973).cast(pl.String)).alias("locality"),
        (pl.lit("Province ") + (number % 211).cast(pl.String)).alias("stateProvince"),
        pl.when(number % 25 == 0).then(pl.lit('On a wall, with moss "and" ferns.')).alias("occurrenceRemarks"),
        pl.col("genus").alias("genericName"),
        pl.when(pl.col("species").is_null()).then(pl.lit("GENUS")).otherwise(pl.lit("SPECIES")).alias("taxonRank"),
        *(pl.lit(value).alias(name) for name, value in _CONSTANT.items()),
    )
    return _widen(filled, OCCURRENCE)


_CONSTANT = {
    "modified": "2024-02-25T20:10:56Z",
    "lastInterpreted": "2024-04-25T20:10:56.432Z",
    "lastParsed": "2024-04-25T20:10:56.432Z",
    "lastCrawled": "2024-04-20T15:36:07.701Z",
    "protocol": "DWC_ARCHIVE",
    "mediaType": "StillImage",
    "hasCoordinate": "true",
    "hasGeospatialIssues": "false",
    "publishingCountry": "US",
    "repatriated": "false",
    "isSequenced": "false",
    "gbifRegion": "NORTH_AMERICA",
    "publishedByGbifRegion": "NORTH_AMERICA",
    "iucnRedListCategory": "NE",
    "continent": "NORTH_AMERICA",
    "nomenclaturalCode": "ICZN",
}


def _people(world: _World, part: np.ndarray) -> pl.Series:
    numbers = pl.DataFrame({"person": world.person[part]})
    return numbers.select(pl.format("{}. Müller-Ødegård", "person"))["person"]


def _verbatim(world: _World, part: np.ndarray) -> pl.DataFrame:
    names = _names(world, part)
    filled = pl.DataFrame({"gbifID": world.gbif_id(part), "scientificName": names["verbatimScientificName"]})
    return _widen(filled.with_columns(_people(world, part).alias("recordedBy")), VERBATIM)


def _all_media(world: _World, order: np.ndarray, counts: dict[str, int]) -> Iterator[pl.DataFrame]:
    for part in _parts(len(order)):
        yield _media(world, order[part], counts)
    ids = pl.Series("gbifID", np.arange(world.orphans) + 9_000_000_000)
    if len(ids):
        url = pl.Series("identifier", [f"https://{world.hosts[0]}/orphans/{i}.jpg" for i in range(len(ids))])
        yield _widen(pl.DataFrame([ids, url]).with_columns(pl.lit("StillImage").alias("type")), MULTIMEDIA)


def _media(world: _World, part: np.ndarray, counts: dict[str, int]) -> pl.DataFrame:
    count = world.count[part]
    owner = np.repeat(part, count)
    number = np.repeat(world.first[part], count) + _within(count)
    dataset = world.dataset[owner]
    frame = pl.DataFrame({"gbifID": world.gbif_id(owner), "number": number})
    text, place = pl.col("number").cast(pl.String), pl.col("number") % 1000
    frame = frame.with_columns(
        _pick(world.hosts, dataset).alias("host"),
        _people(world, owner).alias("creator"),
        pl.Series("license", [link for _, link in _LICENSES])[owner % 3],
        pl.when(place < 5)
        .then(pl.lit("Sound"))
        .when(place < 20)
        .then(None)
        .otherwise(pl.lit("StillImage"))
        .alias("type"),
        pl.when(place < 5).then(pl.lit("audio/mpeg")).otherwise(pl.lit("image/jpeg")).alias("format"),
    ).with_columns(
        pl.when(place != 30)
        .then(pl.lit("https://") + pl.col("host") + "/photos/" + text + "/original.jpg")
        .alias("identifier"),
        (pl.lit("https://www.inaturalist.org/photos/") + text).alias("references"),
        pl.col("creator").alias("rightsHolder"),
        pl.lit("iNaturalist").alias("publisher"),
        pl.lit("2021-06-14T11:39:01-07:00").alias("created"),
        pl.when(place % 10 == 0).then(pl.lit("A view from the side")).alias("title"),
    )
    counts["other_media"] += int((number % 1000 < 5).sum())
    counts["without_url"] += int((number % 1000 == 30).sum())
    return _widen(frame, MULTIMEDIA)


def _within(count: np.ndarray) -> np.ndarray:
    """0 ... n - 1 for each group of n."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)


def _widen(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    return frame.select(pl.col(c) if c in frame.columns else pl.lit(None, pl.String).alias(c) for c in columns)


def _metadata(world: _World, occurrences: int) -> Iterator[tuple[str, str]]:
    yield (
        "metadata.xml",
        '<?xml version="1.0" encoding="UTF-8"?>\n<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" '
        f'packageId="0012345-240425142415019" system="https://www.gbif.org">\n  <dataset>\n    <alternateIdentifier>'
        f"https://doi.org/{DOWNLOAD_DOI}</alternateIdentifier>\n    <title>GBIF Occurrence Download 0012345</title>\n"
        f"    <pubDate>2024-05-01</pubDate>\n    <abstract><para>{occurrences} occurrences</para></abstract>\n"
        "  </dataset>\n</eml:eml>\n",
    )
    citations = [f"Publisher {i}. Dataset {i}. Occurrence dataset {key}" for i, key in enumerate(world.datasets)]
    yield "citations.txt", "When using this dataset please use the following citation:\n\n" + "\n".join(citations)
    yield "rights.txt", "\n".join(f"\nDataset: Dataset {i}\nRights as supplied: CC-BY" for i in range(len(citations)))
    for number, (key, citation) in enumerate(zip(world.datasets, citations, strict=True)):
        yield (
            f"dataset/{key}.xml",
            '<?xml version="1.0" encoding="UTF-8"?>\n<eml:eml xmlns:eml="eml://ecoinformatics.org/eml-2.1.1" '
            f'packageId="{key}">\n  <dataset>\n    <alternateIdentifier>{key}</alternateIdentifier>\n    '
            f'<title xml:lang="eng">Dataset {number} &amp; more</title>\n  </dataset>\n  <additionalMetadata>\n    '
            f"<metadata><gbif><citation>{citation}</citation></gbif></metadata>\n  </additionalMetadata>\n</eml:eml>\n",
        )


class _Target:
    """A zip or a folder to write members into."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) if path.suffix == ".zip" else None

    def __enter__(self) -> "_Target":
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def _open(self, name: str) -> Any:
        if self._zip is not None:
            info = zipfile.ZipInfo(name, (2024, 5, 1, 12, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            return self._zip.open(info, "w", force_zip64=True)
        (self._path / name).parent.mkdir(parents=True, exist_ok=True)
        return (self._path / name).open("wb")

    def text(self, name: str, text: str) -> None:
        with self._open(name) as file:
            file.write(text.encode())

    def table(self, name: str, columns: tuple[str, ...], frames: Iterator[pl.DataFrame]) -> None:
        with self._open(name) as file:
            file.write(("\t".join(columns) + "\n").encode())
            for frame in frames:
                text = io.BytesIO()
                frame.write_csv(text, separator="\t", quote_style="never", include_header=False)
                file.write(text.getbuffer())


if __name__ == "__main__":
    import sys

    print(write_archive(Path(sys.argv[1]), media=int(sys.argv[2]), hosts=600, taxa=60_000, seed=0))
