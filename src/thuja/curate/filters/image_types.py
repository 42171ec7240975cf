"""The kind of each image, as TreeOfLife-200M's `img_type`: citizen science, camera trap, museum specimen.

A museum's by the basis of record, a camera trap's by remarks and reviewed publishers, citizen science by words in
several languages and known publishers and data sets. The lists are those of the public Imageomics/TreeOfLife-toolbox,
`processing/notebooks/gbif` (Identify_Citizen_Science.py of its commit ba11a73, Identify_Camera_Trap.py of 8434a6b),
where nothing else is said; its notebooks ask GBIF's registry for the text of each data set, here what stands in the
row itself is read.
"""

from collections.abc import Sequence

import polars as pl

CITIZEN, CAMERA, UNIDENTIFIED = "Citizen Science", "Camera-trap", "Unidentified"
_VERTEBRATE = "Vertebrate Zoology - "
MUSEUM_KINDS = (
    "Fungi",
    "Insect",
    "Invertebrate Zoology",
    "Microbiology",
    "Plant",
    "Uncategorized",
    *(_VERTEBRATE + kind for kind in ("Amphibians", "Birds", "Fishes", "Mammals", "Reptiles", "Others")),
)
"""The paper's twelve kinds. Which lineages belong to each, `museum_kind` says for the names of today's GBIF."""

MUSEUM_BASES = (
    "PRESERVED_SPECIMEN",
    "FOSSIL_SPECIMEN",
    "LIVING_SPECIMEN",
    "MATERIAL_SAMPLE",
    "MATERIAL_CITATION",
)

CITIZEN_PUBLISHERS = (
    "inaturalist.org",
    "observation.org",
    "naturgucker.de",
    "questagame",
    "pl@ntnet",
    "naturemapr",
    "citizen science - ala website",
    "biocollect",
    "tweed koala sightings",
    "koala action group",
    "tilapiamap",
    "blauwtipje.nl",
    "great koala count 2",
    "superb parrot monitoring project",
    "slu artdatabanken",
    "sibecocenter llc",
)
"""The notebook's list, in lower case."""
CITIZEN_DATASETS = (
    "84a649ce-ff81-420d-9c41-aa1de59e3766",  # Citizen Science - ALA Website
    "cca13f2c-0d2c-4c2f-93b9-4446c0cc1629",  # BugGuide
    "50c9509d-22c7-4a22-a47d-8c48425ef4a7",  # iNaturalist research-grade: www.gbif.org/dataset/...
)
_CITIZEN_WORDS = ("citizen", "ciudadan", "cidadã", "citoyenne")
"""In a publisher's name: the notebook's words in English, Spanish, Portuguese and French, without their endings."""
_CITIZEN_PHRASES = (
    "citizen science",
    "citizen-science",
    "ciencia ciudadana",
    "ciência cidadã",
    "science citoyenne",
)
"""In remarks, where a word alone says too little."""

CAMERA_PUBLISHERS = (
    "museums victoria",
    "ministerio del ambiente, agua y transición ecológica de ecuador - maate",
    "miljøstyrelsen / the danish environmental protection agency",
    "burgoigee creek landcare group",
    "lomonosov moscow state university",
)
"""Whose machine observations without remarks were found to be camera traps; that of plankton was not."""
_CAMERA_PHRASES = ("camera trap", "trigger sensitivity")

_FISHES = (
    "Actinopterygii", "Teleostei", "Elasmobranchii", "Chondrichthyes", "Holocephali", "Myxini", "Petromyzonti",
    "Cephalaspidomorphi", "Sarcopterygii", "Coelacanthi", "Dipneusti", "Cladistii", "Chondrostei", "Holostei",
)  # fmt: skip
_REPTILES = ("Reptilia", "Squamata", "Testudines", "Crocodylia", "Sphenodontia")
_INSECTS = ("Insecta", "Collembola", "Diplura", "Protura", "Entognatha")
_NO_VERTEBRATES = ("Ascidiacea", "Thaliacea", "Appendicularia", "Larvacea", "Leptocardii")
_MICROBES = ("Bacteria", "Archaea", "Viruses", "Protozoa", "Chromista")

COLUMNS = ("img_type", "basis_of_record", "publisher", "dataset_key", "traits", "kingdom", "phylum", "class", "order")


def image_types(batch: pl.DataFrame) -> pl.Series:
    """The type of each row that has none; null where the row says nothing of its origin.

    A museum's specimen goes before a camera trap, and that before citizen science. Remarks are
    looked for in `traits`, the JSON text of what no column holds (`eventRemarks`).
    """
    basis = plain_text("basis_of_record").str.replace_all("[ _]", "")
    publisher, remarks = plain_text("publisher"), plain_text("traits")
    is_museum = basis.is_in([name.replace("_", "").lower() for name in MUSEUM_BASES])
    is_camera = remarks.str.contains_any([*_CAMERA_PHRASES]) | (
        (basis == "machineobservation") & publisher.is_in(CAMERA_PUBLISHERS)
    )
    is_citizen = (
        publisher.is_in(CITIZEN_PUBLISHERS)
        | publisher.str.contains_any([*_CITIZEN_WORDS])
        | plain_text("dataset_key").is_in(CITIZEN_DATASETS)
        | remarks.str.contains_any([*_CITIZEN_PHRASES])
    )
    found = (
        pl.when(is_museum)
        .then(pl.concat_str(pl.lit("Museum Specimen: "), museum_kind()))
        .when(is_camera)
        .then(pl.lit(CAMERA))
        .when(is_citizen)
        .then(pl.lit(CITIZEN))
        .when((basis != "") | (publisher != ""))
        .then(pl.lit(UNIDENTIFIED))
    )
    return batch.select(pl.coalesce("img_type", found).alias("img_type")).to_series()


def museum_kind() -> pl.Expr:
    """Which of MUSEUM_KINDS a row's lineage belongs to."""
    kingdom, phylum, klass = (pl.col(name).fill_null("") for name in ("kingdom", "phylum", "class"))

    def vertebrate(kind: str) -> pl.Expr:
        return pl.lit(_VERTEBRATE + kind)

    return (
        pl.when(klass == "Aves").then(vertebrate("Birds"))
        .when(klass == "Mammalia").then(vertebrate("Mammals"))
        .when(klass == "Amphibia").then(vertebrate("Amphibians"))
        .when(klass.is_in(_REPTILES)).then(vertebrate("Reptiles"))
        .when(klass.is_in(_FISHES)).then(vertebrate("Fishes"))
        # GBIF's backbone has orders of ray-finned fishes under no class.
        .when((phylum == "Chordata") & (klass == "") & pl.col("order").is_not_null()).then(vertebrate("Fishes"))
        .when((phylum == "Chordata") & ~klass.is_in(_NO_VERTEBRATES)).then(vertebrate("Others"))
        .when(klass.is_in(_INSECTS)).then(pl.lit("Insect"))
        .when(kingdom.is_in(("Animalia", "Metazoa"))).then(pl.lit("Invertebrate Zoology"))
        # Herbaria hold the brown, red and green algae, wherever their kingdom is.
        .when(kingdom.is_in(("Plantae", "Viridiplantae")) | (klass == "Phaeophyceae")).then(pl.lit("Plant"))
        .when(kingdom == "Fungi").then(pl.lit("Fungi"))
        .when(kingdom.is_in(_MICROBES)).then(pl.lit("Microbiology"))
        .otherwise(pl.lit("Uncategorized"))
    )  # fmt: skip


def plain_text(name: str) -> pl.Expr:
    """The column in lower case, empty where it is null."""
    return pl.col(name).fill_null("").str.strip_chars().str.to_lowercase()


def is_of(kinds: Sequence[str]) -> pl.Expr:
    """Whether a row's `img_type` is one of these, `Museum Specimen` standing for all twelve."""
    known = pl.col("img_type").fill_null("")
    museum = known.str.starts_with("Museum Specimen") if "Museum Specimen" in kinds else pl.lit(value=False)
    return known.is_in(kinds) | museum
