"""iNaturalist's upload of observations by CSV, in the columns that its form names."""

from typing import Final

from thuja.predict.answers import Prediction
from thuja.predict.outputs.exports.about import DATE, LATITUDE, LONGITUDE, About, cell
from thuja.predict.outputs.layout import Row


class INaturalist:
    """One row an image or group, without photos, which the form does not take; what has no answer has no row."""

    columns: Final = (
        "Taxon name", "Date observed", "Description", "Place name", "Latitude / y coord / northing",
        "Longitude / x coord / easting", "Tags", "Geoprivacy",
    )  # fmt: skip

    def __init__(self, about: About) -> None:
        self._about = about

    def rows(self, prediction: Prediction, number: int) -> list[Row]:
        """`number` counts the predictions."""
        chosen = self._about.chosen(prediction)
        if prediction.error or chosen is None:
            return []
        cells = prediction.cells
        by = f"Identified by {self._about.by} on {self._about.at}"
        return [
            {
                "Taxon name": chosen.text,
                "Date observed": cell(cells, DATE),
                "Description": f"{by}: {self._about.remarks(prediction)}. Photo: {prediction.file_name}",
                "Place name": cell(cells, ("place_guess", "place_name", "place", "locality")),
                "Latitude / y coord / northing": cell(cells, LATITUDE),
                "Longitude / x coord / easting": cell(cells, LONGITUDE),
                "Tags": f"thuja,{self._about.name}",
                "Geoprivacy": cell(cells, ("geoprivacy",)),
            }
        ]
