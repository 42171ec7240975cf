"""Camtrap DP 1.0: `observations.csv`, by https://camtrap-dp.tdwg.org/data/#observations."""

from pathlib import Path, PurePath
from typing import Final

from thuja.predict.answers import Answer, Prediction
from thuja.predict.inputs.detections import NO_DETECTION
from thuja.predict.outputs.exports.about import DATE, About, cell, unique_id
from thuja.predict.outputs.layout import Row

_NO_ANIMALS: Final = frozenset(("Plantae", "Fungi", "Chromista", "Protozoa", "Bacteria", "Archaea", "Viruses"))
_EVENT: Final = ("eventID", "event", "sequenceID", "observationID")
_KINDS: Final = {NO_DETECTION: "blank", "person": "human", "vehicle": "vehicle"}


class CamtrapDp:
    """One row an image, box or group. What cannot be read is `unclassified`; an empty image is `blank`.

    Ids and times come from the table that names the images (`deploymentID`, `mediaID`, `eventID`, `eventStart`,
    `eventEnd`, with or without underscores); without one, the deployment is the image's folder, the medium its name.
    """

    columns: Final = (
        "observationID", "deploymentID", "mediaID", "eventID", "eventStart", "eventEnd", "observationLevel",
        "observationType", "cameraSetupType", "scientificName", "count", "lifeStage", "sex", "behavior",
        "individualID", "individualPositionRadius", "individualPositionAngle", "individualSpeed",
        "bboxX", "bboxY", "bboxWidth", "bboxHeight", "classificationMethod", "classifiedBy",
        "classificationTimestamp", "classificationProbability", "observationTags", "observationComments",
    )  # fmt: skip

    def __init__(self, about: About) -> None:
        self._about = about

    def rows(self, prediction: Prediction, number: int) -> list[Row]:
        """`number` counts the predictions."""
        cells, about = prediction.cells, self._about
        chosen = about.chosen(prediction)
        kind = self._kind(prediction, chosen)
        is_event = prediction.images + prediction.failed > 1
        start = cell(cells, ("eventStart", *DATE))
        row: Row = {
            "observationID": unique_id(prediction.id, prediction.box, str(number)),
            "deploymentID": cell(cells, ("deploymentID",)) or _folder(prediction.file_name),
            "mediaID": "" if is_event else cell(cells, ("mediaID",)) or prediction.id,
            "eventID": cell(cells, _EVENT) or (prediction.id if is_event else ""),
            "eventStart": start,
            "eventEnd": cell(cells, ("eventEnd",)) or start,
            "observationLevel": "event" if is_event else "media",
            "observationType": kind,
            "classificationMethod": "machine",
            "classifiedBy": about.by,
            "classificationTimestamp": about.at,
            "observationComments": prediction.error or about.remarks(prediction),
        }
        if kind in ("animal", "human") and chosen is not None:
            row |= {"scientificName": chosen.text, "classificationProbability": round(chosen.score, 6)}
        if prediction.box:
            left, top, width, height = prediction.box.split(",")
            row |= {"bboxX": left, "bboxY": top, "bboxWidth": width, "bboxHeight": height, "count": 1}
        return [row]

    def _kind(self, prediction: Prediction, chosen: Answer | None) -> str:
        """The observationType: `unknown` where no taxon is sure enough."""
        if prediction.error:
            return _KINDS.get(prediction.reason, "unclassified")
        if chosen is None:
            return "animal" if prediction.box else "unknown"
        taxon = chosen.taxon
        if taxon is not None and taxon.binomial == "Homo sapiens":
            return "human"
        return "unclassified" if taxon is not None and taxon.kingdom in _NO_ANIMALS else "animal"


def _folder(name: str) -> str:
    """The name of the folder that a file lies in: a deployment has to have one."""
    return PurePath(name).parent.name or Path.cwd().name
