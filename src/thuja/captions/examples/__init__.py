"""Examples of good captions by group of organisms: read, found for a taxon, proposed and reviewed."""

from thuja.captions.examples.example import BUILT_IN, Example, Status
from thuja.captions.examples.format_examples import FormatExamples, Nearness, Shown
from thuja.captions.examples.numbered import sentences_of
from thuja.captions.examples.table import read_examples, write_examples

__all__ = [
    "BUILT_IN",
    "Example",
    "FormatExamples",
    "Nearness",
    "Shown",
    "Status",
    "read_examples",
    "sentences_of",
    "write_examples",
]
