"""Darwin Core: occurrences with their identification, a row each, by the terms of https://dwc.tdwg.org/terms."""

from typing import Final

from thuja.predict.answers import Prediction
from thuja.predict.outputs.exports.about import DATE, LATITUDE, LONGITUDE, About, cell, unique_id
from thuja.predict.outputs.layout import Row
from thuja.taxonomy import Rank

_RANKS: Final = ("kingdom", "phylum", "class", "order", "family", "genus")


class DarwinCore:
    """One row an image, box or group; what has no answer has no identification, and no row."""

    columns: Final = (
        "occurrenceID", "basisOfRecord", "eventDate", "decimalLatitude", "decimalLongitude", "associatedMedia",
        "identificationID", "scientificName", "taxonRank", *_RANKS, "specificEpithet", "vernacularName",
        "taxonID", "acceptedNameUsage", "nameAccordingTo",
        "identificationQualifier", "identifiedBy", "dateIdentified", "identificationVerificationStatus",
        "identificationRemarks",
    )  # fmt: skip

    def __init__(self, about: About) -> None:
        self._about = about

    def rows(self, prediction: Prediction, number: int) -> list[Row]:
        """`number` counts the predictions."""
        if prediction.error:
            return []
        about, cells = self._about, prediction.cells
        chosen = about.chosen(prediction)
        taxon = chosen.taxon if chosen else None
        found = about.identifiers.of(taxon) if about.identifiers else None
        rank = taxon.rank if taxon is not None else None
        row: Row = {
            "occurrenceID": cell(cells, ("occurrenceID",)) or prediction.id,
            "basisOfRecord": cell(cells, ("basisOfRecord",)) or "MachineObservation",
            "eventDate": cell(cells, DATE),
            "decimalLatitude": cell(cells, LATITUDE),
            "decimalLongitude": cell(cells, LONGITUDE),
            "associatedMedia": prediction.file_name,
            "identificationID": unique_id(about.model, prediction.id, prediction.box, str(number)),
            "scientificName": chosen.text if chosen else "",
            "taxonRank": rank.label if rank is not None else "",
            "specificEpithet": taxon.species if taxon is not None else "",
            "vernacularName": taxon.common if taxon is not None else "",
            "taxonID": found.id if found else "",
            "acceptedNameUsage": found.accepted_name if found else "",
            "nameAccordingTo": found.backbone if found else "",
            "identificationQualifier": self._qualifier(prediction),
            "identifiedBy": about.by,
            "dateIdentified": about.at,
            "identificationVerificationStatus": "unverified",
            "identificationRemarks": about.remarks(prediction),
        }
        if taxon is not None:
            row |= {name: taxon[level] for name, level in zip(_RANKS, Rank, strict=False)}
        return [row]

    def _qualifier(self, prediction: Prediction) -> str:
        """`cf.` and the best answer within the taxon that was settled on, where that is deeper."""
        settled = prediction.judgement.settled if self._about.question.confidence is not None else None
        if settled is None or settled.taxon is None or not prediction.answers:
            return ""
        best = prediction.answers[0].taxon
        if best is None or best == settled.taxon or not best.is_within(settled.taxon):
            return ""
        is_of_genus = bool(settled.taxon.genus) and best.genus == settled.taxon.genus
        return f"cf. {best.species if is_of_genus else best.scientific_name}"
