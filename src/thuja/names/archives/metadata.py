"""Who made a taxonomy: read from eml.xml, meta.xml's companion, or from ColDP's metadata.yaml."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from thuja.errors import BadFile
from thuja.names.archives.unpacking import Members
from thuja.names.store import About

_MAX_BYTES = 16 << 20
_KEYS = ("title", "alias", "version", "issued", "license", "url", "doi")
_SHORT = {"gbif backbone": "gbif", "catalogue of life": "col"}


def parse_xml(path: Path, name: str) -> ET.Element:
    """The root of a small document; raises BadFile for one that is no XML, too long, or declares entities."""
    data = path.read_bytes()[: _MAX_BYTES + 1]
    # In UTF-16 a declaration would hide from this search.
    if len(data) > _MAX_BYTES or b"<!ENTITY" in data or b"<!DOCTYPE" in data or b"\0" in data:
        raise BadFile(f"{name} is too long, declares entities, or is not UTF-8", hint="do not trust the archive")
    try:
        return ET.fromstring(data)  # noqa: S314 - no entities are left to expand
    except ET.ParseError as error:
        raise BadFile(f"{name} is not XML: {error}", hint="fetch the archive again") from error


def short_name(title: str, path: Path) -> str:
    """A name for files: of the two great ones by their title, else of the archive's own file."""
    known = next((short for words, short in _SHORT.items() if words in title.lower()), None)
    stem = re.sub(r"\.(zip|tar|tgz|tar\.\w+|csv|tsv|parquet|pq)$", "", path.name.lower())
    return known or re.sub(r"[^a-z0-9.]+", "-", stem).strip("-.") or "backbone"


def about_archive(members: Members, *, source: str) -> About:
    """Whatever the archive says of itself, in eml.xml or metadata.yaml; empty where it says nothing."""
    fetched = members.fetch("eml.xml", "metadata.yaml")
    said: dict[str, str] = {}
    if "metadata.yaml" in fetched:
        said = _of_yaml(fetched["metadata.yaml"])
    elif "eml.xml" in fetched:
        said = _of_eml(fetched["eml.xml"])
    title = said.get("title", "")
    return About(
        name=short_name(title, members.path),
        version=said.get("version", "") or said.get("issued", ""),
        title=title,
        licence=said.get("license", ""),
        url=said.get("url", "") or said.get("doi", ""),
        source=source,
    )


def _of_eml(path: Path) -> dict[str, str]:
    root = parse_xml(path, "eml.xml")
    dataset = next((child for child in root if _tag(child) == "dataset"), root)
    said: dict[str, str] = {}
    for child in dataset:
        text = " ".join("".join(child.itertext()).split())
        key = {"title": "title", "pubDate": "version", "intellectualRights": "license"}.get(_tag(child))
        if key:
            said.setdefault(key, text)
        elif _tag(child) == "alternateIdentifier" and re.match(r"https?://|10\.\d|doi:", text):
            said.setdefault("url", text)
    return said


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _of_yaml(path: Path) -> dict[str, str]:
    """The plain `key: value` lines at the left margin: all that is wanted, and no YAML machinery to attack."""
    said: dict[str, str] = {}
    for line in path.read_bytes()[:_MAX_BYTES].decode("utf-8", errors="replace").splitlines():
        key, colon, value = line.partition(":")
        value = re.sub(r"\s+#.*$", "", value).strip().strip("'\"")
        if colon and key in _KEYS and value not in ("", "null", "~", "|", ">", "|-", ">-"):
            said.setdefault(key, value)
    return said
