"""Small GBIF downloads by hand, in the true format: 223 columns, tabs, no quoting."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from curate_gbif_terms import MULTIMEDIA, OCCURRENCE, VERBATIM, meta_xml
from thuja.curate.sources.spec import Notes, SourceSpec

Line = Mapping[str, str]


def table(columns: Sequence[str], lines: Sequence[Line], *, separator: str = "\t") -> str:
    """The text of a table with a header; columns that a line does not name are empty."""
    rows = [separator.join(line.get(column, "") for column in columns) for line in lines]
    return "\n".join([separator.join(columns), *rows]) + "\n"


def occurrence(number: int | str, **cells: str) -> Line:
    """One line of occurrence.txt."""
    return {
        "gbifID": str(number),
        "scientificName": "Parus major Linnaeus, 1758",
        "acceptedScientificName": "Parus major Linnaeus, 1758",
        "kingdom": "Animalia",
        "genus": "Parus",
        "species": "Parus major",
        "license": "CC_BY_NC_4_0",
        "basisOfRecord": "HUMAN_OBSERVATION",
    } | cells


def image(number: int | str, url: str = "", **cells: str) -> Line:
    """One line of multimedia.txt."""
    line = {"gbifID": str(number), "type": "StillImage", "identifier": url or f"https://a.example/{number}.jpg"}
    return line | cells


def files_of(occurrences: Sequence[Line], media: Sequence[Line], verbatim: Sequence[Line] = ()) -> dict[str, bytes]:
    """The files of a download."""
    return {
        "meta.xml": meta_xml().encode(),
        "occurrence.txt": table(OCCURRENCE, occurrences).encode(),
        "multimedia.txt": table(MULTIMEDIA, media).encode(),
        "verbatim.txt": table(VERBATIM, verbatim).encode(),
    }


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Zip files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """Put files into a folder."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def spec_of(path: Path, kind: str = "gbif", **options: str) -> SourceSpec:
    """The source at `path`, with a scratch folder beside it."""
    return SourceSpec(kind=kind, path=path, scratch=path.parent / "scratch", options=options)


__all__ = ["Notes", "files_of", "image", "occurrence", "spec_of", "table", "write_folder", "write_zip"]
