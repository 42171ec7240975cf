"""iNat21 (Van Horn et al., arXiv:2103.16483): the lineages of 10,000 species, ten or fifty photos of each.

Had from https://github.com/visipedia/inat_comp/tree/master/2021. `val.json` and `train_mini.json` are COCO files whose
categories hold the lineage; without one, the folders' names say it. The photos of one observation are not told apart.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thuja.analyze.papers.listed import Listed
from thuja.errors import BadFile, ThujaError
from thuja.images.finding import SUFFIXES
from thuja.taxonomy import Taxon

PARTS = ("val", "train_mini", "train")
LAYOUT = """val.json or train_mini.json with images, annotations and categories, and their images as file_name says
or val/<number>_<kingdom>_<phylum>_<class>_<order>_<family>_<genus>_<epithet>/<image>.jpg"""
_RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "specific_epithet")


def read_inat21(folder: Path, table: Path | None = None) -> Listed:
    """The photos of a part, `table` naming its JSON; raises BadFile for another layout."""
    found = [folder / f"{part}.json" for part in PARTS]
    path = table or next((one for one in found if one.is_file()), None)
    if path is not None:
        return _from_json(folder, path)
    for part in PARTS:
        if (folder / part).is_dir():
            return _from_folders(folder, part)
    raise BadFile(
        f"there is neither {', '.join(f'{part}.json' for part in PARTS)} nor such a folder in {folder}", hint=LAYOUT
    )


def _from_json(folder: Path, path: Path) -> Listed:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadFile(f"there is no {path}", hint=LAYOUT) from error
    except ValueError as error:
        raise BadFile(f"{path} is not JSON: {error}") from error
    if not isinstance(facts, dict):
        raise BadFile(f"{path} is no COCO file", hint=LAYOUT)
    taxa = {row["id"]: _taxon(row, path) for row in _rows(facts, "categories", ("id",), path)}
    category = {
        row["image_id"]: row["category_id"] for row in _rows(facts, "annotations", ("image_id", "category_id"), path)
    }
    images = _rows(facts, "images", ("id", "file_name"), path)
    kept = [row for row in images if category.get(row["id"]) in taxa]
    notes = [f"{len(images) - len(kept):,} images have no category."] if len(kept) < len(images) else []
    return Listed(
        folder=folder,
        paths=[str(row["file_name"]) for row in kept],
        taxa=[taxa[category[row["id"]]] for row in kept],
        notes=notes,
        tables=[path],
    )


def _rows(facts: Mapping[str, Any], part: str, keys: tuple[str, ...], path: Path) -> list[dict[str, Any]]:
    rows = facts.get(part)
    if not isinstance(rows, list) or not rows:
        raise BadFile(f"{path} has no {part}", hint=LAYOUT)
    for key in keys:
        if not all(isinstance(row, dict) and isinstance(row.get(key), int | str) for row in rows):
            raise BadFile(f"{path} has {part} without {key}", hint=LAYOUT)
    return rows


def _taxon(row: Mapping[str, Any], path: Path) -> Taxon:
    """A category's lineage, from its ranks, or from its folder's name."""
    if row.get("genus"):
        return Taxon.from_names([str(row.get(rank) or "") for rank in _RANKS], str(row.get("common_name") or ""))
    try:
        return Taxon.from_folder(str(row.get("image_dir_name") or row.get("name") or ""))
    except ThujaError as error:
        raise BadFile(f"{path} has a category without a lineage: {error.message}", hint=LAYOUT) from error


def _from_folders(folder: Path, part: str) -> Listed:
    below = sorted(path for path in (folder / part).iterdir() if path.is_dir())
    try:
        taxa = [Taxon.from_folder(path.name) for path in below]
    except ThujaError as error:
        raise BadFile(f"{folder / part}: {error.message}", hint=LAYOUT) from error
    rows = [
        (f"{part}/{path.name}/{file.name}", taxon)
        for path, taxon in zip(below, taxa, strict=True)
        for file in sorted(path.iterdir())
        if file.name.lower().endswith(SUFFIXES)
    ]
    return Listed(
        folder=folder,
        paths=[path for path, _ in rows],
        taxa=[taxon for _, taxon in rows],
        notes=[f"There is no {part}.json: lineages are those of the folders' names."],
    )
