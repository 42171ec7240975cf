"""Small XML documents of strangers: descriptors and metadata beside a table."""

import xml.etree.ElementTree as ET

from thuja.curate.sources.containers import Container
from thuja.errors import BadFile

_MAX_BYTES = 16 << 20


def parse_xml(container: Container, file: str) -> ET.Element:
    """The root; raises BadFile for what is no XML, is too long, or declares entities, which can grow without end."""
    data = container.read_small(file, _MAX_BYTES)
    # In UTF-16 a declaration would hide from this search.
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data or b"\0" in data:
        raise BadFile(f"{file} declares entities, or is not UTF-8", hint="do not trust the archive")
    try:
        return ET.fromstring(data)  # noqa: S314 - no entities are left to expand
    except ET.ParseError as error:
        raise BadFile(f"{file} of {container.path} is not XML: {error}", hint="fetch the archive again") from error


def tag(element: ET.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def text_of(element: ET.Element) -> str:
    """All text within, with single blanks."""
    return " ".join("".join(element.itertext()).split())
