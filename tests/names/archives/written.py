"""Small and large taxonomies, written in the true layout of each source: for tests and benchmarks.

Every writer takes usages (and vernacular names) and fills a folder; `pack` makes it an archive.
"""

import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

GBIF_COLUMNS = (
    "taxonID datasetID parentNameUsageID acceptedNameUsageID originalNameUsageID scientificName "
    "scientificNameAuthorship canonicalName genericName specificEpithet infraspecificEpithet taxonRank "
    "nameAccordingTo namePublishedIn taxonomicStatus nomenclaturalStatus taxonRemarks "
    "kingdom phylum class order family genus"
)
COL_COLUMNS = (
    "dwc:taxonID dwc:parentNameUsageID dwc:acceptedNameUsageID dwc:originalNameUsageID dwc:datasetID "
    "dwc:taxonomicStatus dwc:taxonRank dwc:scientificName dwc:scientificNameAuthorship col:notho dwc:genericName "
    "dwc:infragenericEpithet dwc:specificEpithet dwc:infraspecificEpithet dwc:cultivarEpithet dwc:nomenclaturalCode"
)
COLDP_COLUMNS = (
    "col:ID col:sourceID col:parentID col:basionymID col:status col:scientificName col:authorship col:rank col:notho "
    "col:genericName col:specificEpithet col:infraspecificEpithet col:extinct col:kingdom"
)
VERNACULAR_COLUMNS = "taxonID vernacularName language country countryCode sex lifeStage source"
COLDP_VERNACULAR_COLUMNS = (
    "col:taxonID col:sourceID col:name col:transliteration col:language col:preferred col:country"
)
_MARKERS = {"subspecies": "subsp.", "variety": "var.", "form": "f."}
_GBIF_STATUS = {"provisional": "doubtful", "misspelling": "synonym"}
_COL_STATUS = {"provisional": "provisionally accepted", "misspelling": "synonym"}
_NCBI_CLASS = {"synonym": "synonym", "misapplied": "in-part", "misspelling": "misspelling"}
_NCBI_NAMES = {"Animalia": "Metazoa", "Plantae": "Viridiplantae"}


@dataclass(frozen=True, slots=True)
class Usage:
    """A usage as a taxonomist would put it; `parent` for accepted ones, `accepted` for the others."""

    id: str
    name: str
    rank: str
    parent: str = ""
    accepted: str = ""
    status: str = "accepted"
    author: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.status in ("accepted", "provisional")

    @property
    def epithets(self) -> list[str]:
        """Genus, specific and infraspecific epithet, without the sign ×; one word for higher taxa."""
        return [word for word in self.name.split() if word != "×"]


@dataclass(frozen=True, slots=True)
class Vernacular:
    """A vernacular name; `language` has two letters, or three where there are no two."""

    id: str
    name: str
    language: str
    is_preferred: bool = False


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """One line each, as all of these sources end them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\n" for line in lines)


def pack(folder: Path, archive: Path, *, inside: str = "") -> Path:
    """The folder as .zip, .tar, .tar.gz, .tar.bz2, .tar.xz (by the archive's name), its files below `inside`."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            for file in files:
                packed.write(file, f"{inside}{file.relative_to(folder)}")
        return archive
    modes = {".tar": "w:", ".bz2": "w:bz2", ".xz": "w:xz"}
    with tarfile.open(archive, modes.get(archive.suffix, "w:gz")) as packed:
        for file in files:
            packed.add(file, f"{inside}{file.relative_to(folder)}")
    return archive


def write_gbif(folder: Path, usages: Iterable[Usage], vernaculars: Iterable[Vernacular] = ()) -> None:
    """GBIF's backbone: canonical names lack the ×, which stands glued to the epithet in the full name."""
    write_lines(folder / "Taxon.tsv", _gbif_rows(usages))
    columns = VERNACULAR_COLUMNS.split()
    rows = ("\t".join((v.id, v.name, v.language, "", "", "", "", "Checklist")) for v in vernaculars)
    write_lines(folder / "VernacularName.tsv", ("\t".join(columns), *rows))
    (folder / "meta.xml").write_text(
        _meta({"Taxon": ("Taxon.tsv", GBIF_COLUMNS.split()), "VernacularName": ("VernacularName.tsv", columns)})
    )
    (folder / "eml.xml").write_text(
        '<?xml version="1.0"?><eml:eml xmlns:eml="eml://ecoinformatics.org/eml-2.1.1"><dataset>'
        "<alternateIdentifier>https://doi.org/10.15468/39omei</alternateIdentifier>"
        "<title>GBIF Backbone Taxonomy</title><pubDate>2023-08-28</pubDate>"
        "<intellectualRights><para>CC BY 4.0</para></intellectualRights></dataset></eml:eml>"
    )


def _gbif_rows(usages: Iterable[Usage]) -> Iterator[str]:
    yield "\t".join(GBIF_COLUMNS.split())
    for usage in usages:
        words = usage.epithets
        canonical = " ".join(words)
        full = f"{usage.name.replace('× ', '×')} {usage.author}".strip()
        genus, species, below = (*words, "", "") if len(words) == 1 else (*words, "")[:3]
        status = _GBIF_STATUS.get(usage.status, usage.status)
        names = (full, usage.author, canonical, genus, species, below, usage.rank)
        yield "\t".join(
            (usage.id, "d7dddbf4", usage.parent, usage.accepted, "", *names, "", "", status, "", 'a "note', *[""] * 6)
        )


def _meta(tables: dict[str, tuple[str, Sequence[str]]]) -> str:
    parts = []
    for kind, (location, columns) in tables.items():
        tag, key, home = ("core", "id", "dwc/terms") if kind == "Taxon" else ("extension", "coreid", "gbif/terms/1.0")
        fields = "".join(
            f'<field index="{index}" term="http://rs.tdwg.org/dwc/terms/{column}"/>'
            for index, column in enumerate(columns)
            if index or kind == "Taxon"
        )
        parts.append(
            f'<{tag} encoding="utf-8" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" fieldsEnclosedBy="" '
            f'ignoreHeaderLines="1" rowType="http://rs.tdwg.org/{home}/{kind}">'
            f'<files><location>{location}</location></files><{key} index="0"/>{fields}</{tag}>'
        )
    start = '<?xml version="1.0"?><archive xmlns="http://rs.tdwg.org/dwc/text/" metadata="eml.xml">'
    return f"{start}{''.join(parts)}</archive>"


def write_col_darwin_core(folder: Path, usages: Iterable[Usage], vernaculars: Iterable[Vernacular] = ()) -> None:
    """The Catalogue of Life as Darwin Core: prefixed columns, the authors inside the scientific name."""
    rows = []
    for usage in usages:
        genus, species, below = _atoms(usage)
        full = f"{_written(usage)} {usage.author}".strip()
        status = _COL_STATUS.get(usage.status, usage.status)
        notho = "specific" if "×" in usage.name else ""
        rows.append(
            "\t".join(
                (
                    *(usage.id, usage.parent, usage.accepted, "", "1010", status, usage.rank, full, usage.author),
                    *(notho, genus, "", species, below, "", ""),
                )
            )
        )
    write_lines(folder / "Taxon.tsv", ("\t".join(COL_COLUMNS.split()), *rows))
    names = (f"{v.id}\t{_three(v.language)}\t{v.name}" for v in vernaculars)
    write_lines(folder / "VernacularName.tsv", ("dwc:taxonID\tdcterms:language\tdwc:vernacularName", *names))


def _atoms(usage: Usage) -> tuple[str, str, str]:
    words = usage.epithets
    return ("", "", "") if len(words) == 1 else (words[0], words[1], words[2] if len(words) > 2 else "")


def _written(usage: Usage) -> str:
    """With the rank's marker: "Abies alba var. acutifolia"."""
    words = usage.name.split()
    if usage.rank in _MARKERS:
        words.insert(-1, _MARKERS[usage.rank])
    return " ".join(words)


def _three(language: str) -> str:
    return {"en": "eng", "fr": "fra", "de": "deu"}.get(language, language)


def write_coldp(folder: Path, usages: Iterable[Usage], vernaculars: Iterable[Vernacular] = ()) -> None:
    """The Catalogue of Life as ColDP, one table of usages: a synonym's parent is its accepted taxon."""
    rows = []
    for usage in usages:
        above = usage.parent if usage.is_accepted else usage.accepted
        status = _COL_STATUS.get(usage.status, usage.status)
        rows.append(
            "\t".join(
                (
                    *(usage.id, "1010", above, "", status, _written(usage), usage.author, usage.rank, ""),
                    *(*_atoms(usage), "false", ""),
                )
            )
        )
    write_lines(folder / "NameUsage.tsv", ("\t".join(COLDP_COLUMNS.split()), *rows))
    _write_coldp_rest(folder, vernaculars)


def write_coldp_tables(folder: Path, usages: Sequence[Usage], vernaculars: Iterable[Vernacular] = ()) -> None:
    """The same as three tables, names apart from what they mean; a synonym of a synonym cannot be said."""
    final = {usage.id: usage.accepted or usage.id for usage in usages}
    names = (f"n{u.id}\t{_written(u)}\t{u.author}\t{u.rank}" for u in usages)
    write_lines(folder / "Name.tsv", ("ID\tscientificName\tauthorship\trank", *names))
    taxa = (f"{u.id}\t{u.parent}\tn{u.id}\t{str(u.status == 'provisional').lower()}" for u in usages if u.is_accepted)
    write_lines(folder / "Taxon.tsv", ("ID\tparentID\tnameID\tprovisional", *taxa))
    synonyms = (
        f"{u.id}\t{final[u.accepted]}\tn{u.id}\t{_COL_STATUS.get(u.status, u.status)}"
        for u in usages
        if not u.is_accepted
    )
    write_lines(folder / "Synonym.tsv", ("ID\ttaxonID\tnameID\tstatus", *synonyms))
    _write_coldp_rest(folder, vernaculars)


def _write_coldp_rest(folder: Path, vernaculars: Iterable[Vernacular]) -> None:
    columns = COLDP_VERNACULAR_COLUMNS.split()
    rows = (f"{v.id}\t\t{v.name}\t\t{_three(v.language)}\t{str(v.is_preferred).lower()}\t" for v in vernaculars)
    write_lines(folder / "VernacularName.tsv", ("\t".join(columns), *rows))
    (folder / "metadata.yaml").write_text(
        "---\nkey: 9910\ntitle: Catalogue of Life Checklist\nissued: 2024-06-26\nversion: Annual Checklist 2024\n"
        "license: cc by\nurl: https://www.catalogueoflife.org\ncontact:\n  url: https://elsewhere.org\n"
    )


def write_ncbi(folder: Path, usages: Sequence[Usage], vernaculars: Iterable[Vernacular] = ()) -> None:
    """NCBI's taxdump: a root that is its own parent, kingdoms of its own names, every further name a row."""
    common = list(vernaculars)
    nodes, names = [_dump("1", "1", "no rank", "", "8")], [_dump("1", "root", "", "scientific name")]
    final = {usage.id: usage.accepted or usage.id for usage in usages}
    for usage in usages:
        name = _NCBI_NAMES.get(usage.name, usage.name).replace("×", "x")
        if usage.is_accepted:
            rank = "no rank" if usage.rank == "unranked" else usage.rank
            nodes.append(_dump(usage.id, usage.parent or "1", rank, "", "0", "1", "1", "1", "2", "1", "1", "0", ""))
            names.append(_dump(usage.id, name, "", "scientific name"))
        else:
            names.append(_dump(final[usage.accepted], name, "", _NCBI_CLASS[usage.status]))
        if usage.author:
            node = usage.id if usage.is_accepted else final[usage.accepted]
            names.append(_dump(node, f"{name} {usage.author}", "", "authority"))
    for vernacular in common:
        if vernacular.language == "en":
            kind = "genbank common name" if vernacular.is_preferred else "common name"
            names.append(_dump(vernacular.id, vernacular.name, "", kind))
    write_lines(folder / "nodes.dmp", nodes)
    write_lines(folder / "names.dmp", names)
    write_lines(folder / "merged.dmp", [_dump("999", "9")])


def _dump(*cells: str) -> str:
    return "\t|\t".join(cells) + "\t|"


def write_open_tree(
    folder: Path,
    usages: Sequence[Usage],
    vernaculars: Iterable[Vernacular] = (),
    *,
    flags: dict[str, str] | None = None,
) -> None:
    """The Open Tree's taxonomy; `flags` by id, "hidden" for provisional taxa."""
    given = flags or {}
    taxa, synonyms = [], []
    final = {usage.id: usage.accepted or usage.id for usage in usages}
    for usage in usages:
        name = _NCBI_NAMES.get(usage.name, usage.name).replace("×", "x")
        if usage.is_accepted:
            flag = given.get(usage.id, "hidden" if usage.status == "provisional" else "")
            rank = "no rank" if usage.rank == "unranked" else usage.rank
            taxa.append(_barred(usage.id, usage.parent, name, rank, f"ncbi:{usage.id}", "", flag))
        elif usage.status != "misapplied":
            synonyms.append(_barred(final[usage.accepted], name, usage.status, "", "ncbi"))
    for v in vernaculars:
        if v.language == "en":
            synonyms.append(
                _barred(v.id, v.name, "genbank common name" if v.is_preferred else "common name", "", "ncbi")
            )
    header = _barred("uid", "parent_uid", "name", "rank", "sourceinfo", "uniqname", "flags")
    write_lines(folder / "taxonomy.tsv", [header, *taxa])
    write_lines(folder / "synonyms.tsv", [_barred("uid", "name", "type", "uniqname", "sourceinfo"), *synonyms])
    write_lines(folder / "forwards.tsv", ["id\treplacement", "999\t9"])
    write_lines(folder / "version.txt", ["ott3.7"])


def _barred(*cells: str) -> str:
    return "\t|\t".join(cells) + "\t|\t"


def many_usages(count: int) -> Iterator[Usage]:
    """`count` usages in a plausible tree: one in four a synonym, one in nine a genus, six ranks above."""
    genera = max(1, count // 9)
    for index, rank in enumerate(("kingdom", "phylum", "class", "order")):
        yield Usage(str(index + 2), f"{rank.title()}aria", rank, parent=str(index + 1) if index else "")
    families = max(1, genera // 12)
    for family in range(families):
        yield Usage(f"{10 + family}", f"Family{_letters(family)}idae", "family", parent="5", author="Latreille, 1802")
    first = 10 + families
    for genus in range(genera):
        parent = str(10 + genus % families)
        yield Usage(f"{first + genus}", f"Genus{_letters(genus)}", "genus", parent=parent, author="Linnaeus, 1758")
    left = count - 4 - families - genera
    start = first + genera
    for index in range(left):
        genus = index % genera
        name = f"Genus{_letters(genus)} {_letters(index // genera)}{_letters(index)}us"
        if index % 4 == 3 and index >= genera:
            accepted = str(start + index - 1)
            yield Usage(
                f"{start + index}", name, "species", accepted=accepted, status="synonym", author="Fabricius, 1775"
            )
        else:
            yield Usage(f"{start + index}", name, "species", parent=f"{first + genus}", author="(Linnaeus, 1758)")


def _letters(number: int) -> str:
    """The number in letters a to z."""
    letters = ""
    while True:
        number, rest = divmod(number, 26)
        letters = chr(97 + rest) + letters
        if not number:
            return letters
