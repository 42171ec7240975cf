"""The tables of a GBIF download in Darwin Core's text form, as its meta.xml or their own headers describe them."""

import codecs
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from thuja.curate.sources.chunked_tables import Layout, read_frames, sniff
from thuja.curate.sources.containers import Container
from thuja.curate.sources.gbif_terms import KEY, MEDIA, OCCURRENCE, VERBATIM
from thuja.curate.sources.small_xml import parse_xml, tag
from thuja.curate.sources.spec import Notes
from thuja.errors import BadFile, UsageError

_KINDS = ("occurrence", "multimedia", "verbatim")
_MAX_COLUMN = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The layouts of a download's tables. `is_keyed` of the verbatim table: whether anything is looked up in it."""

    occurrence: Layout
    multimedia: Layout
    verbatim: Layout | None


def find_tables(container: Container, notes: Notes) -> Tables:
    """The tables of an archive; raises UsageError where it has no media, BadFile for what is no download."""
    described = _described(container)
    layouts: dict[str, Layout] = {}
    for kind in _KINDS:
        file = described[kind].file if kind in described else container.find(f"{kind}.txt")
        if file is None:
            continue
        found = container.find(file)
        if found is None:
            raise BadFile(
                f"meta.xml names the file {file[:100]}, which is not in {container.path}", hint=_listed(container)
            )
        layouts[kind] = _layout(container, found, described.get(kind), notes=notes)
    if "occurrence" not in layouts or "multimedia" not in layouts:
        raise _no_media(container, layouts)
    layouts["occurrence"].require(KEY)
    layouts["multimedia"].require(KEY, "identifier")
    verbatim = layouts.get("verbatim")
    is_needed = verbatim is not None and KEY in verbatim and bool(_missing(layouts["occurrence"], verbatim))
    return Tables(
        occurrence=layouts["occurrence"], multimedia=layouts["multimedia"], verbatim=verbatim if is_needed else None
    )


def read_occurrences(container: Container, tables: Tables, notes: Notes) -> Iterator[pl.DataFrame]:
    """The occurrences' wanted columns, in the order of their file."""
    return read_frames(container, tables.occurrence, (KEY, *OCCURRENCE), notes=notes)


def read_media(container: Container, tables: Tables, notes: Notes) -> Iterator[pl.DataFrame]:
    """The wanted columns of multimedia.txt, in its order."""
    return read_frames(container, tables.multimedia, (KEY, *MEDIA), notes=notes)


def read_verbatim(container: Container, tables: Tables, notes: Notes) -> Iterator[pl.DataFrame]:
    """What verbatim.txt says of that which occurrence.txt has no column for, under occurrence.txt's names."""
    assert tables.verbatim is not None
    sources = _missing(tables.occurrence, tables.verbatim)
    for frame in read_frames(container, tables.verbatim, (KEY, *sources.values()), notes=notes):
        yield frame.select(KEY, *(pl.col(source).alias(column) for column, source in sources.items()))


def _missing(occurrence: Layout, verbatim: Layout) -> dict[str, str]:
    """Which columns to look up in verbatim.txt, and what they are called there."""
    called = {column: "scientificName" if column == "verbatimScientificName" else column for column in VERBATIM}
    return {column: name for column, name in called.items() if column not in occurrence and name in verbatim}


def _layout(container: Container, file: str, described: Layout | None, *, notes: Notes) -> Layout:
    """As meta.xml says, unless the file's own header contradicts it."""
    if described is not None and not described.header_lines:
        return replace(described, file=file)
    own = _with_key(sniff(container, file))
    if described is None:
        return own
    described = replace(described, file=file)
    count = len(own.columns)
    is_same_shape = own.separator == described.separator and len(described.columns) <= count
    agrees = is_same_shape and all(
        mine in ("", said) for mine, said in zip(described.columns, own.columns, strict=False)
    )
    if agrees or (is_same_shape and KEY not in own):
        return replace(described, columns=described.columns + ("",) * (count - len(described.columns)))
    if KEY not in own:
        raise BadFile(
            f"meta.xml gives {file} {len(described.columns)} columns divided by {described.separator!r}, "
            f"and its first line is another",
            hint="fetch the archive again, or leave meta.xml out",
        )
    notes[f"{file}:not_as_meta_xml_says"] += 1
    return replace(own, encoding=described.encoding if own.encoding == "utf-8" else own.encoding)


def _with_key(layout: Layout) -> Layout:
    """Names that only differ in case from the terms', as GBIF's own tables have them in places (`gbifId`)."""
    known = {term.lower(): term for term in (KEY, *OCCURRENCE, *MEDIA)}
    return replace(layout, columns=tuple(known.get(column.lower(), column) for column in layout.columns))


def _described(container: Container) -> dict[str, Layout]:
    """The tables that meta.xml describes: the core of occurrences, their media, and the occurrences as published."""
    file = container.find("meta.xml")
    if file is None:
        return {}
    found: dict[str, Layout] = {}
    for element in parse_xml(container, file):
        row_type = element.get("rowType", "").replace("#", "/").rpartition("/")[2].lower()
        kind = {"occurrence": "occurrence", "multimedia": "multimedia"}.get(row_type)
        if kind == "occurrence" and tag(element) != "core":
            kind = "verbatim"
        if kind is not None:
            found.setdefault(kind, _of_element(element))
    return found


def _of_element(element: ET.Element) -> Layout:
    location = next((inner.text.strip() for inner in element.iter() if tag(inner) == "location" and inner.text), "")
    separator = element.get("fieldsTerminatedBy", ",").replace("\\t", "\t")
    if len(separator) != 1 or not location:
        raise BadFile(f"meta.xml says of {location or 'a table'} what cannot be read", hint="fetch the archive again")
    places: dict[int, str] = {}
    for field in element:
        index = field.get("index", "")
        if not index.isdigit() or int(index) > _MAX_COLUMN:
            continue
        if tag(field) in ("id", "coreid"):
            places[int(index)] = KEY
        elif tag(field) == "field":
            places.setdefault(int(index), field.get("term", "").replace("#", "/").rpartition("/")[2])
    named = [places.get(place, "") for place in range(max(places, default=0) + 1)]
    header = element.get("ignoreHeaderLines", "0")
    return Layout(
        file=location,
        columns=tuple("" if name in named[:place] else name for place, name in enumerate(named)),
        separator=separator,
        quoted=element.get("fieldsEnclosedBy", '"') == '"',
        header_lines=int(header) if header.isdigit() else 0,
        encoding=_encoding(element.get("encoding", "UTF-8")),
    )


def _encoding(said: str) -> str:
    try:
        return codecs.lookup(said).name
    except LookupError:
        raise BadFile(f"meta.xml names an unknown encoding: {said[:40]}", hint="fetch the archive again") from None


def _no_media(container: Container, layouts: dict[str, Layout]) -> UsageError | BadFile:
    if "occurrence" in layouts:
        return UsageError(
            f"{container.path} has occurrences but no multimedia.txt",
            hint='ask GBIF for the download format "Darwin Core Archive", with media type "Image"',
        )
    tables = [name for name in container.sizes if name.lower().endswith((".csv", ".tsv"))]
    if tables and KEY in sniff(container, tables[0]):
        return UsageError(
            f"{container.path} is a GBIF download in the simple format, which says nothing of media",
            hint='ask GBIF for the download format "Darwin Core Archive", with media type "Image"',
        )
    return BadFile(f"{container.path} has no occurrence.txt and multimedia.txt", hint=_listed(container))


def _listed(container: Container) -> str:
    return f"found: {', '.join(list(container.sizes)[:8]) or 'nothing'}"[:300]
