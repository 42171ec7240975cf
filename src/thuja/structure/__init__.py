"""First measures of what an embedding space has learnt within species, beside those of the untrained tower.

`measure_structure` takes vectors and `Specimens` (species, stage, sex, individual of each image) and gives a table.
"""

from thuja.structure.measuring import Structure, StructureSettings, measure_structure
from thuja.structure.reading import COLUMNS, Row
from thuja.structure.specimens import FACTORS, Contrast, Specimens, read_specimens

__all__ = [
    "COLUMNS",
    "FACTORS",
    "Contrast",
    "Row",
    "Specimens",
    "Structure",
    "StructureSettings",
    "measure_structure",
    "read_specimens",
]
