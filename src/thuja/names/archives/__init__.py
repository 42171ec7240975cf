"""Reading the taxonomies of others, each in its own format, into one form."""

from thuja.names.archives.archive import Archive
from thuja.names.archives.reading import read_archive
from thuja.names.store import About

__all__ = ["About", "Archive", "read_archive"]
