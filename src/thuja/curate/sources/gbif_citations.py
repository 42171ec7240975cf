"""How a GBIF download asks to be cited: its own DOI, and the title and citation of each data set in it.

GBIF writes metadata.xml (EML; the download's DOI in `alternateIdentifier`), citations.txt, rights.txt and one EML file
`dataset/<key>.xml` a data set; a snapshot of the open data has citation.txt. All of them may be missing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from thuja.curate.citations import DatasetCitation
from thuja.curate.sources.containers import Container, opened
from thuja.curate.sources.small_xml import parse_xml, tag, text_of
from thuja.errors import BadFile

CITATIONS_FILE = "citations.json"
_DOI = re.compile(r"10\.15468/(?:dl\.)?[a-z0-9]{6,}", re.IGNORECASE)
_MAX_TEXT = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Citations:
    """`doi` of the download ("" where it has none), its title, and the data sets by their keys."""

    doi: str = ""
    title: str = ""
    datasets: Mapping[str, DatasetCitation] = field(default_factory=dict)
    unreadable: int = 0

    def write(self, folder: Path) -> None:
        """Put them down as `citations.json`."""
        text = json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False)
        (folder / CITATIONS_FILE).write_text(text, encoding="utf-8")


def read_citations(path: Path) -> Citations:
    """The citations of a download, archive or folder; raises UsageError or BadFile where there is none at `path`."""
    with opened(path) as container:
        return citations_of(container)


def citations_of(container: Container) -> Citations:
    """The same of an open container. A data set's file that cannot be read is counted, and leaves its entry empty."""
    title, doi = _download(container)
    datasets: dict[str, DatasetCitation] = {}
    unreadable = 0
    for name in container.sizes:
        file = PurePosixPath(name)
        if file.parent.name != "dataset" or file.suffix.lower() != ".xml":
            continue
        try:
            datasets[file.stem] = _dataset(container, name)
        except BadFile:
            datasets[file.stem] = DatasetCitation()
            unreadable += 1
    return Citations(doi=doi, title=title, datasets=datasets, unreadable=unreadable)


def _download(container: Container) -> tuple[str, str]:
    """The download's title and DOI: metadata.xml has them, the other files at least the DOI."""
    title = ""
    for name in ("metadata.xml", "citation.txt", "citations.txt", "rights.txt"):
        file = container.find(name)
        if file is None or "dataset/" in file:
            continue
        if name == "metadata.xml":
            root = parse_xml(container, file)
            title = next((text_of(element) for element in root.iter() if tag(element) == "title"), "")
            said = " ".join(text_of(element) for element in root.iter() if tag(element) == "alternateIdentifier")
            said = said or text_of(root)
        else:
            said = container.read_small(file, _MAX_TEXT).decode("utf-8", "replace")[: 1 << 20]
        found = [
            doi
            for doi in _DOI.findall(said)
            if name == "metadata.xml" or "/dl." in doi.lower() or name == "citation.txt"
        ]
        if found:
            return title, next((doi for doi in found if "/dl." in doi.lower()), found[0]).lower()
    return title, ""


def _dataset(container: Container, file: str) -> DatasetCitation:
    root = parse_xml(container, file)
    found: dict[str, str] = {}
    for element in root.iter():
        if tag(element) in ("title", "citation", "intellectualRights"):
            found.setdefault(tag(element), text_of(element))
    return DatasetCitation(
        title=found.get("title", ""), citation=found.get("citation", ""), rights=found.get("intellectualRights", "")
    )
