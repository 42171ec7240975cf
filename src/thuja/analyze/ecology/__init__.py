"""Where organisms live and how plants grow, read from an encyclopedia's introductions by rules of our own."""

from thuja.analyze.ecology.checking import Precision, draw_for_checking, error_rate, precision_by_label, wilson
from thuja.analyze.ecology.growth import read_growth_form
from thuja.analyze.ecology.habitat import read_habitat
from thuja.analyze.ecology.labelling import Ecology, EcologyLabel, label_ecology
from thuja.analyze.ecology.reading import Kind, Reading
from thuja.analyze.ecology.table import CheckedLabel, ecology_from, read_labels, write_labels
from thuja.analyze.ecology.vocabulary import GROWTH_FORMS, HABITATS, LABELS, PRIMARIES, Trait, primary_of, woodiness

__all__ = [
    "GROWTH_FORMS",
    "HABITATS",
    "LABELS",
    "PRIMARIES",
    "CheckedLabel",
    "Ecology",
    "EcologyLabel",
    "Kind",
    "Precision",
    "Reading",
    "Trait",
    "draw_for_checking",
    "ecology_from",
    "error_rate",
    "label_ecology",
    "precision_by_label",
    "primary_of",
    "read_growth_form",
    "read_habitat",
    "read_labels",
    "wilson",
    "woodiness",
    "write_labels",
]
