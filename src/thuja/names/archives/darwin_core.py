"""Darwin Core archives: the GBIF backbone, the Catalogue of Life, and any other checklist.

Columns are told by meta.xml where there is one, else by the header. Terms: dwc.tdwg.org/terms; the
columns of GBIF's Taxon.tsv and VernacularName.tsv are among them.
"""

import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath

import polars as pl

from thuja.errors import BadFile
from thuja.names.archives.archive import Archive, vernacular_frame
from thuja.names.archives.canonical import split_author, tidy_names, with_hybrid_sign, without_author
from thuja.names.archives.languages import language_code
from thuja.names.archives.metadata import about_archive, parse_xml
from thuja.names.archives.tables import MAX_COLUMNS, Table, first_line, with_header
from thuja.names.archives.unpacking import Members
from thuja.names.archives.words import rank_word, status_word, unknown_words
from thuja.names.lineages import fill_given, place

_GIVEN = ("kingdom", "phylum", "class", "order", "family", "genus")
_ATOMS = ("genericName", "specificEpithet", "infraspecificEpithet")
_TAXON = (
    "taxonID",
    "acceptedNameUsageID",
    "scientificName",
    "scientificNameAuthorship",
    "taxonRank",
    "taxonomicStatus",
)
_VERNACULAR = ("taxonID", "vernacularName", "language", "isPreferredName", "source")


def read_darwin_core(members: Members) -> Archive:
    """Read a Darwin Core archive; raises BadFile when it has no table of taxa, no ids or no names."""
    taxa, vernaculars = _tables(members)
    taxa.require("taxonID", "scientificName")
    extra = ("canonicalName",) if "canonicalName" in taxa else _ATOMS
    rows = taxa.read([*_TAXON, "parentNameUsageID", *extra])
    problems = unknown_words(rows["taxonomicStatus"])
    has_parents = rows["parentNameUsageID"].null_count() < len(rows)
    given = None if has_parents else rows.select(pl.col("taxonID").alias("id")).hstack(taxa.read(_GIVEN))
    written = _written(rows)
    # Millions of rows: what is not needed while lineages are made is let go of first.
    del rows
    placed = place(written)
    usages = placed.usages if given is None else fill_given(placed.usages, given)
    return Archive(
        about=about_archive(members, source=f"Darwin Core archive {members.path.name}"),
        usages=usages,
        vernaculars=_vernacular_names(vernaculars),
        problems=(*problems, *placed.problems),
    )


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    written = pl.col("scientificName")
    author = pl.col("scientificNameAuthorship")
    if rows["scientificNameAuthorship"].null_count() == len(rows):
        bare, author = split_author(written)
    else:
        bare = without_author(written, author)
    if "canonicalName" in rows.columns:
        canonical = pl.col("canonicalName")
    else:
        atoms = pl.concat_str(*_ATOMS, separator=" ", ignore_nulls=True)
        canonical = pl.when(pl.col("genericName").is_not_null() & pl.col("specificEpithet").is_not_null()).then(atoms)
    is_elsewhere = (pl.col("acceptedNameUsageID") != pl.col("taxonID")).fill_null(False)
    frame = rows.select(
        pl.col("taxonID").alias("id"),
        with_hybrid_sign(pl.coalesce(canonical, bare), written).alias("name"),
        author.alias("authorship"),
        rank_word(pl.col("taxonRank")).alias("rank"),
        status_word(pl.col("taxonomicStatus"), is_elsewhere=is_elsewhere).alias("status"),
        pl.col("parentNameUsageID").alias("parent"),
        pl.col("acceptedNameUsageID").alias("accepted"),
    )
    return frame.with_columns(tidy_names(frame["name"]))


def _vernacular_names(table: Table | None) -> pl.DataFrame:
    if table is None:
        return vernacular_frame()
    table.require("taxonID", "vernacularName")
    rows = table.read(_VERNACULAR)
    return vernacular_frame(
        rows.select(
            pl.col("taxonID").alias("id"),
            pl.col("vernacularName").alias("name"),
            language_code(pl.col("language")).alias("language"),
            pl.col("isPreferredName").str.to_lowercase().is_in(["true", "1", "t", "yes"]).alias("is_preferred"),
            pl.col("source"),
        )
    )


def _tables(members: Members) -> tuple[Table, Table | None]:
    """The table of taxa, and that of vernacular names if there is one."""
    if "meta.xml" in members:
        described = _described(members)
    else:
        stems = {"taxon": members.table("taxon"), "vernacularname": members.table("vernacularname")}
        fetched = members.fetch(*(name for name in stems.values() if name))
        described = {stem: with_header(fetched[name], name) for stem, name in stems.items() if name}
    if "taxon" not in described:
        raise BadFile(f"{members.path} has no table of taxa", hint=f"found: {', '.join(sorted(members.by_name)[:10])}")
    return described["taxon"], described.get("vernacularname")


def _described(members: Members) -> dict[str, Table]:
    """The tables that meta.xml describes, by the row type in lower case ("taxon", "vernacularname")."""
    root = parse_xml(members.fetch("meta.xml")["meta.xml"], "meta.xml")
    wanted: dict[str, tuple[ET.Element, str]] = {}
    for element in root:
        kind = PurePosixPath(element.get("rowType", "").replace("#", "/")).name.lower()
        location = next((inner.text.strip() for inner in element.iter() if _is_location(inner) and inner.text), "")
        if kind in ("taxon", "vernacularname"):
            if location not in members:
                raise BadFile(
                    f"meta.xml names the file {location[:100]}, which is not in {members.path}",
                    hint=f"found: {', '.join(sorted(members.by_name)[:10])}",
                )
            wanted.setdefault(kind, (element, location))
    fetched = members.fetch(*(location for _, location in wanted.values()))
    return {kind: _as_described(element, fetched[name], name) for kind, (element, name) in wanted.items()}


def _is_location(element: ET.Element) -> bool:
    return element.tag.rpartition("}")[2] == "location"


def _as_described(element: ET.Element, path: Path, name: str) -> Table:
    separator = element.get("fieldsTerminatedBy", ",").replace("\\t", "\t")
    encoding = element.get("encoding", "UTF-8").lower().replace("_", "-")
    if len(separator) != 1 or encoding not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise BadFile(f"meta.xml says of {name} what cannot be read: {separator!r}, {encoding}", hint="UTF-8, one sign")
    places: dict[int, str] = {}
    for field in element:
        tag, index = field.tag.rpartition("}")[2], field.get("index", "")
        if index.isdigit():
            term = "taxonID" if tag in ("id", "coreid") else field.get("term", "").replace("#", "/").rpartition("/")[2]
            # A field that repeats the id's column, or gives the id anew in another, has the last word.
            places[int(index)] = term
    if max(places, default=0) > MAX_COLUMNS:
        raise BadFile(f"meta.xml gives {name} more than {MAX_COLUMNS:,} columns", hint="do not trust the archive")
    count = max(first_line(path, name).count(separator) + 1, max(places, default=0) + 1)
    named = [places.get(place, "") for place in range(count)]
    columns = tuple("" if column in named[place + 1 :] else column for place, column in enumerate(named))
    header = element.get("ignoreHeaderLines", "0")
    return Table(
        path=path,
        columns=columns,
        separator=separator,
        quote=element.get("fieldsEnclosedBy", '"') or None,
        header_lines=int(header) if header.isdigit() else 0,
        name=name,
    )
