"""Which columns of a GBIF download become which of the catalog's.

Terms: dwc.tdwg.org/terms and rs.gbif.org/terms/1.0. In occurrence.txt, GBIF's interpretation: `scientificName` is the
name in GBIF's backbone that the record was matched to, with its author, be it accepted or a synonym; `kingdom` to
`genus` and `species` are the accepted taxon's; `verbatimScientificName` is what the publisher wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from thuja.curate.sources.expressions import as_float, as_int, dropped, first_reason, is_url, traits_of

KEY = "gbifID"
INATURALIST = "50c9509d-22c7-4a22-a47d-8c48425ef4a7"
"""The dataset key of iNaturalist's research-grade observations, which holds no others."""

_TEXTS: Mapping[str, str] = {
    "occurrenceID": "occurrence_id",
    "datasetKey": "dataset_key",
    "publisher": "publisher",
    "basisOfRecord": "basis_of_record",
    "eventDate": "event_date",
    "locationID": "location_id",
    "countryCode": "country_code",
    "informationWithheld": "information_withheld",
    "dataGeneralizations": "data_generalizations",
    "recordedBy": "recorded_by",
    "institutionCode": "institution_code",
    "catalogNumber": "catalog_number",
    "sex": "sex",
    "lifeStage": "life_stage",
    "identificationQualifier": "identification_qualifier",
    "occurrenceStatus": "occurrence_status",
    "establishmentMeans": "establishment_means",
    "kingdom": "kingdom",
    "phylum": "phylum",
    "class": "class",
    "order": "order",
    "family": "family",
    "genus": "genus",
    "issue": "issues",
    "eventID": "sequence_id",
}
_NUMBERS: Mapping[str, str] = {
    "decimalLatitude": "latitude",
    "decimalLongitude": "longitude",
    "coordinateUncertaintyInMeters": "coordinate_uncertainty",
}
_TRAITS: Mapping[str, str] = {
    "behavior": "behavior",
    "caste": "caste",
    "collectionCode": "collection_code",
    "degreeOfEstablishment": "degree_of_establishment",
    "eventRemarks": "event_remarks",
    "habitat": "habitat",
    "preparations": "preparations",
    "recordNumber": "record_number",
    "reproductiveCondition": "reproductive_condition",
    "samplingProtocol": "sampling_protocol",
    "taxonRank": "taxon_rank",
    "taxonomicStatus": "taxonomic_status",
    "typeStatus": "type_status",
    "vernacularName": "vernacular_name",
    "vitality": "vitality",
}
_ALSO = (
    *("individualCount", "species", "specificEpithet", "scientificName", "acceptedScientificName"),
    *("verbatimScientificName", "references", "license", "rightsHolder", "captive"),
)
OCCURRENCE: tuple[str, ...] = (*_TEXTS, *_NUMBERS, *_TRAITS, *_ALSO)
"""What is read of occurrence.txt besides the key."""
VERBATIM: tuple[str, ...] = ("recordedBy", "identificationQualifier", "sex", "lifeStage", "verbatimScientificName")
"""What is looked up in verbatim.txt where occurrence.txt lacks it; the last is that file's scientificName."""
MEDIA: tuple[str, ...] = (
    *("type", "format", "identifier", "references", "title", "created", "creator", "publisher", "license"),
    "rightsHolder",
)
"""What is read of multimedia.txt besides the key; in a joined frame they are called `media:type` and so on."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "accepted": ("acceptedScientificName", "species", "scientificName", "verbatimScientificName"),
    "matched": ("scientificName", "verbatimScientificName", "acceptedScientificName", "species"),
    "verbatim": ("verbatimScientificName", "scientificName", "acceptedScientificName", "species"),
}
"""What option `name` takes for the name to resolve: the first of these that is not empty.

`accepted` is the default, because a backbone without synonyms knows a synonym's genus at most, and that may be the
wrong one: GBIF's `Felis concolor` is accepted as `Puma concolor`. Where GBIF matched nothing or only what is above the
species, the publisher's name says more than GBIF's, and goes first.
"""
_UNMATCHED = "TAXON_MATCH_HIGHERRANK|TAXON_MATCH_NONE"

_CAPTIVE = ("captive", "cultivated", "managed", "captivecultivated")
_CODES: Mapping[str, str] = {
    "CC0_1_0": "http://creativecommons.org/publicdomain/zero/1.0/",
    "CC_BY_4_0": "http://creativecommons.org/licenses/by/4.0/",
    "CC_BY_NC_4_0": "http://creativecommons.org/licenses/by-nc/4.0/",
}
"""GBIF's codes of the only three licences that it lets a dataset have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What holds for all rows of a source."""

    data_source: str
    download_doi: str | None
    name: str


def media(column: str) -> str:
    """What a column of multimedia.txt is called beside those of occurrence.txt."""
    return f"media:{column}"


def is_image() -> pl.Expr:
    """What TreeOfLife-200M took of multimedia.txt: StillImage, and what has no type but the format of an image."""
    kind, form = pl.col("type"), pl.col("format").str.to_lowercase()
    return (kind == "StillImage").fill_null(value=False) | (
        kind.is_null() & form.str.contains("image", literal=True).fill_null(value=False)
    )


def to_rows(joined: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Media with their occurrences' columns, `is_known`, and `source_id`, as columns of the catalog."""
    link = _first(media("license"), "license")
    joined = joined.with_columns(
        _name(reading.name).alias("name"),
        _first(media("rightsHolder"), media("creator"), "rightsHolder").alias("owner"),
        link.replace(_CODES).alias("license_link"),
        link.alias("license_name"),
    )
    joined = _with_traits(joined)
    reasons = first_reason(
        [
            (~pl.col("is_known"), "no_occurrence"),
            (pl.col(media("identifier")).is_null(), "no_url"),
            (~is_url(media("identifier")), "not_a_url"),
            (pl.col("is_repeated"), "repeated_medium"),
        ]
    )
    return joined.select(
        pl.lit(reading.data_source).alias("data_source"),
        "source_id",
        pl.col(KEY).alias("gbif_id"),
        pl.lit(reading.download_doi, pl.String).alias("download_doi"),
        pl.col(media("identifier")).alias("source_url"),
        *(pl.col(term).alias(column) for term, column in _TEXTS.items()),
        *(as_float(term).alias(column) for term, column in _NUMBERS.items()),
        as_int("individualCount").alias("individual_count"),
        _epithet().alias("species"),
        pl.col("name").alias("verbatim_name"),
        _observation().alias("observation_id"),
        _is_captive().alias("is_captive"),
        pl.when(pl.col("datasetKey") == INATURALIST).then(pl.lit("research")).alias("quality_grade"),
        "license_name",
        pl.when(is_url("license_link")).then(pl.col("license_link")).alias("license_link"),
        pl.col("owner").alias("copyright_owner"),
        pl.col(media("title")).alias("title"),
        "traits",
        *dropped(reasons),
    )


def _name(which: str) -> pl.Expr:
    is_unmatched = pl.col("issue").str.contains(_UNMATCHED).fill_null(value=False)
    published = pl.when(is_unmatched).then(pl.col("verbatimScientificName"))
    return pl.coalesce(published, *NAMES[which])


def _first(*columns: str) -> pl.Expr:
    return pl.coalesce([*columns])


def _epithet() -> pl.Expr:
    """The accepted species' epithet: what follows the genus in `species`, `×` included."""
    species, genus = pl.col("species"), pl.col("genus")
    rest = species.str.strip_prefix(genus + " ")
    return pl.when(species.str.starts_with(genus + " ")).then(rest).otherwise(species.str.extract(r"^\S+\s+(.+)$"))


def _observation() -> pl.Expr:
    """iNaturalist's own number, by which its other exports know an observation; else the occurrence itself."""
    number = pl.col("occurrenceID").str.extract(r"inaturalist\.org/observations/(\d+)/?$")
    is_inaturalist = pl.col("datasetKey") == INATURALIST
    return pl.coalesce(pl.when(is_inaturalist).then(number), pl.lit("gbif:") + pl.col(KEY))


def _is_captive() -> pl.Expr:
    """Whether it was kept by people; null where nobody says. A living specimen is one of a zoo or garden."""
    said = [pl.col(c).str.to_lowercase() for c in ("degreeOfEstablishment", "establishmentMeans", "captive")]
    is_kept = pl.any_horizontal(*(word.is_in(_CAPTIVE).fill_null(value=False) for word in said))
    is_kept = is_kept | (said[2] == "true").fill_null(value=False)
    is_living = (pl.col("basisOfRecord") == "LIVING_SPECIMEN").fill_null(value=False)
    is_wild = pl.any_horizontal(*(word.is_not_null() for word in said)) | (pl.col("datasetKey") == INATURALIST)
    return pl.when(is_kept | is_living).then(pl.lit(value=True)).when(is_wild).then(pl.lit(value=False))


def _with_traits(joined: pl.DataFrame) -> pl.DataFrame:
    """With the column `traits`: what no column of the catalog holds. What would only repeat another is left out."""
    spare = {
        "accepted_name": ("acceptedScientificName", "name"),
        "creator": (media("creator"), "owner"),
        "matched_name": ("scientificName", "name"),
        "published_name": ("verbatimScientificName", "name"),
        "record_page": ("references", "occurrenceID"),
    }
    columns = {trait: term for term, trait in _TRAITS.items()}
    columns |= {"media_created": media("created"), "media_page": media("references")}
    columns |= {trait: f"trait:{trait}" for trait in spare}
    joined = joined.with_columns(
        pl.when(pl.col(column).ne_missing(pl.col(other))).then(pl.col(column)).alias(columns[trait])
        for trait, (column, other) in spare.items()
    )
    said = {trait: column for trait, column in columns.items() if joined[column].null_count() < len(joined)}
    return joined.with_columns(traits_of(said).alias("traits"))
