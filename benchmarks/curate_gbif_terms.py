"""The columns of a GBIF occurrence download (DWCA), in their order, as GBIF writes them in 2024.

The order is that of a download of 2022 quoted in EOL's php_code (`gbif_export` connector), less the Dublin Core terms
that GBIF has since left out and with those of 2023 and 2024 (`caste`, `vitality`, `gbifRegion` and others) in place.
The reader goes by names, not by places.
"""

_RECORD = """gbifID accessRights bibliographicCitation language license modified publisher references rightsHolder type
institutionID collectionID datasetID institutionCode collectionCode datasetName ownerInstitutionCode basisOfRecord
informationWithheld dataGeneralizations dynamicProperties"""
_OCCURRENCE = """occurrenceID catalogNumber recordNumber recordedBy recordedByID individualCount organismQuantity
organismQuantityType sex lifeStage reproductiveCondition caste behavior vitality establishmentMeans
degreeOfEstablishment pathway georeferenceVerificationStatus occurrenceStatus preparations disposition
associatedOccurrences associatedReferences associatedSequences associatedTaxa otherCatalogNumbers occurrenceRemarks
organismID organismName organismScope associatedOrganisms previousIdentifications organismRemarks materialEntityID
materialEntityRemarks verbatimLabel materialSampleID"""
_EVENT = """eventID parentEventID eventType fieldNumber eventDate eventTime startDayOfYear endDayOfYear year month day
verbatimEventDate habitat samplingProtocol sampleSizeValue sampleSizeUnit samplingEffort fieldNotes eventRemarks"""
_LOCATION = """locationID higherGeographyID higherGeography continent waterBody islandGroup island countryCode
stateProvince county municipality locality verbatimLocality verbatimElevation verticalDatum verbatimDepth
minimumDistanceAboveSurfaceInMeters maximumDistanceAboveSurfaceInMeters locationAccordingTo locationRemarks
decimalLatitude decimalLongitude coordinateUncertaintyInMeters coordinatePrecision pointRadiusSpatialFit
verbatimCoordinateSystem verbatimSRS footprintWKT footprintSRS footprintSpatialFit georeferencedBy georeferencedDate
georeferenceProtocol georeferenceSources georeferenceRemarks"""
_GEOLOGY = """geologicalContextID earliestEonOrLowestEonothem latestEonOrHighestEonothem earliestEraOrLowestErathem
latestEraOrHighestErathem earliestPeriodOrLowestSystem latestPeriodOrHighestSystem earliestEpochOrLowestSeries
latestEpochOrHighestSeries earliestAgeOrLowestStage latestAgeOrHighestStage lowestBiostratigraphicZone
highestBiostratigraphicZone lithostratigraphicTerms group formation member bed"""
_IDENTIFICATION = """identificationID verbatimIdentification identificationQualifier typeStatus identifiedBy
identifiedByID dateIdentified identificationReferences identificationVerificationStatus identificationRemarks"""
_TAXON = """taxonID scientificNameID acceptedNameUsageID parentNameUsageID originalNameUsageID nameAccordingToID
namePublishedInID taxonConceptID scientificName acceptedNameUsage parentNameUsage originalNameUsage nameAccordingTo
namePublishedIn namePublishedInYear higherClassification kingdom phylum class order superfamily family subfamily tribe
subtribe genus genericName subgenus infragenericEpithet specificEpithet infraspecificEpithet cultivarEpithet taxonRank
verbatimTaxonRank vernacularName nomenclaturalCode taxonomicStatus nomenclaturalStatus taxonRemarks"""
_GBIF = """datasetKey publishingCountry lastInterpreted elevation elevationAccuracy depth depthAccuracy
distanceFromCentroidInMeters issue mediaType hasCoordinate hasGeospatialIssues taxonKey acceptedTaxonKey kingdomKey
phylumKey classKey orderKey familyKey genusKey subgenusKey speciesKey species acceptedScientificName
verbatimScientificName typifiedName protocol lastParsed lastCrawled repatriated relativeOrganismQuantity projectId
isSequenced gbifRegion publishedByGbifRegion level0Gid level0Name level1Gid level1Name level2Gid level2Name level3Gid
level3Name iucnRedListCategory"""

_VERBATIM_GROUPS = (_RECORD, _OCCURRENCE, _EVENT, _LOCATION, _GEOLOGY, _IDENTIFICATION, _TAXON)
OCCURRENCE = tuple(" ".join((*_VERBATIM_GROUPS, _GBIF)).split())
VERBATIM = tuple(" ".join(_VERBATIM_GROUPS).split())
_MULTIMEDIA = """gbifID type format identifier references title description source audience created creator contributor
publisher license rightsHolder"""

_DUBLIN_CORE = """accessRights bibliographicCitation language license modified publisher references rightsHolder type
format identifier title description source audience created creator contributor"""
_OF_GBIF = {*_GBIF.split(), "gbifID"}
MULTIMEDIA = tuple(_MULTIMEDIA.split())


def term_uri(column: str) -> str:
    """The URI that meta.xml gives a column."""
    if column in _OF_GBIF:
        return f"http://rs.gbif.org/terms/1.0/{column}"
    if column in _DUBLIN_CORE.split():
        return f"http://purl.org/dc/terms/{column}"
    return f"http://rs.tdwg.org/dwc/terms/{column}"


def meta_xml() -> str:
    """The archive's descriptor: tables divided by tabs, quotes are letters, one header line."""

    def table(tag: str, name: str, row_type: str, columns: tuple[str, ...]) -> str:
        fields = "\n".join(f'    <field index="{i}" term="{term_uri(c)}"/>' for i, c in enumerate(columns) if i)
        key = "id" if tag == "core" else "coreid"
        return (
            f'  <{tag} encoding="UTF-8" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" fieldsEnclosedBy="" '
            f'ignoreHeaderLines="1" rowType="{row_type}">\n    <files><location>{name}</location></files>\n'
            f'    <{key} index="0"/>\n{fields}\n  </{tag}>'
        )

    occurrence_type = "http://rs.tdwg.org/dwc/terms/Occurrence"
    parts = (
        table("core", "occurrence.txt", occurrence_type, OCCURRENCE),
        table("extension", "verbatim.txt", occurrence_type, VERBATIM),
        table("extension", "multimedia.txt", "http://rs.gbif.org/terms/1.0/Multimedia", MULTIMEDIA),
    )
    body = "\n".join(parts)
    return f'<archive xmlns="http://rs.tdwg.org/dwc/text/" metadata="metadata.xml">\n{body}\n</archive>\n'
