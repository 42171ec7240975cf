"""A wiki's dump (`pages-articles`, XML): read as a stream, or only where the wanted pages stand."""

from thuja.captions.descriptions.dump.harvest import Dump, harvest
from thuja.captions.descriptions.dump.index import read_titles
from thuja.captions.descriptions.dump.reading import Skipped, head_of, read_dump
from thuja.captions.descriptions.dump.source import DumpSource, open_dump

__all__ = ["Dump", "DumpSource", "Skipped", "harvest", "head_of", "open_dump", "read_dump", "read_titles"]
