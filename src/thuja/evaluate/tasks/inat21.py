"""iNat21: the 100,000 validation photos of iNaturalist's 2021 competition, ten of each of 10,000 species.

Had from https://github.com/visipedia/inat_comp/tree/master/2021 (`val.tar.gz`, and `val.json.tar.gz` for the rest that
is known); the competition's terms: research and teaching that is not commercial, images under their owners' licences.

Layout: `val/<number>_<kingdom>_..._<genus>_<epithet>/<image>.jpg`, and `val.json` beside `val`, which may be missing
(then there are no common names, and each photo counts as its own observation).

Public: "taxon_com" text of the lineage that the folder names, in 80 prompts; top-1 among all 10,000 species. That each
rank is asked flat by its own text, and from the top down, is the hierarchy's way, scored elsewhere. BioCLIP and its
followers were trained on this competition's training photos. Corrected: species weigh alike, every rank; few-shot,
photos of one owner, day and place are one observation. Ten images a species leave nine or five to ask.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from thuja.errors import BadFile, ThujaError
from thuja.evaluate.label_table import differs
from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import About, Images, Task, require_layout
from thuja.taxonomy import Taxon

ABOUT = About(
    name="inat21",
    title="iNat21",
    where="https://github.com/visipedia/inat_comp/tree/master/2021 (val.tar.gz, val.json.tar.gz)",
    licence="research and teaching that is not commercial; each image its owner's",
    layout="""val/<number>_<kingdom>_<phylum>_<class>_<order>_<family>_<genus>_<epithet>/<image>.jpg
        val.json (may be missing)""",
    column="iNat21",
    measure="top-1",
    public="100,000 images among 10,000 species by lineage and common name, 80 prompts",
    corrected="species weigh alike; every rank; few-shot by observation",
)


def read(folder: Path) -> Labelled:
    """The task from the folders of `val`, in order of their numbers, with what `val.json` adds."""
    folders = sorted(path for path in (folder / "val").glob("*") if path.is_dir())
    if not folders:
        raise require_layout(folder, ABOUT, found="there is no folder below val")
    facts = _facts(folder / "val.json")
    common = {key: str(row.get("common_name") or "") for key, row in _rows(folder, facts, "categories")}
    observations = {key: _observation(row) for key, row in _rows(folder, facts, "images")}
    try:
        taxa = [replace(Taxon.from_folder(path.name), common=common.get(path.name, "")) for path in folders]
    except ThujaError as error:
        raise require_layout(folder, ABOUT, found=error.message) from error
    listed = [list(_images(path)) for path in folders]
    paths = tuple(path for files in listed for path in files)
    task = Labelled(
        images=Images(folder=folder, paths=paths),
        truth=np.repeat(np.arange(len(folders)), [len(files) for files in listed]),
        classes=Classes(
            names=tuple(taxon.scientific_name for taxon in taxa),
            texts=tuple(map(_text, taxa)),
            taxa=tuple(taxa),
        ),
        observations=tuple(observations.get(path, "") for path in paths) if observations else (),
    )
    return replace(task, note=differs(task, images=100_000, classes=10_000))


def _text(taxon: Taxon) -> str:
    name = taxon.taxonomic_name
    return f"{name} with common name {taxon.common}" if taxon.common else name


def _images(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            yield f"val/{folder.name}/{path.name}"


def _facts(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadFile(f"{path} is not JSON: {error}") from error
    if not isinstance(facts, dict) or not {"categories", "images"} <= facts.keys():
        raise require_layout(path.parent, ABOUT, found="val.json has no list of images and categories")
    return facts


_KEYS = {"categories": "image_dir_name", "images": "file_name"}


def _rows(folder: Path, facts: dict[str, Any], part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a part of `val.json` under what they are known by; raises BadFile for others."""
    rows, key = facts.get(part, []), _KEYS[part]
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get(key), str) for row in rows):
        raise require_layout(folder, ABOUT, found=f"val.json has {part} without {key}")
    for row in rows:
        yield row[key], row


def _observation(row: dict[str, Any]) -> str:
    """What photos of one observation share: owner, day and place; nothing where the owner is not known."""
    day = str(row.get("date") or "")[:10]
    return (
        f"{row['rights_holder']} {day} {row.get('latitude')} {row.get('longitude')}" if row.get("rights_holder") else ""
    )


TASK = Task(about=ABOUT, read=read)
