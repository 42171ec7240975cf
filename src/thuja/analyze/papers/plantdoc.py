"""PlantDoc (Singh et al., CoDS COMAD 2020): leaves of crops, healthy and diseased.

Had from https://github.com/pratikkayal/PlantDoc-Dataset: `train/<class>/<image>` and `test/<class>/<image>`. A class's
name is a crop and, unless the leaf is healthy, an ailment: "Tomato leaf", "Tomato leaf late blight". A crop with leaves
of one kind alone (potato, corn and squash have no healthy class) says nothing of health: it serves the span of species.
"""

from pathlib import Path

from thuja.analyze.papers.lineages import CROPS, unnamed
from thuja.analyze.papers.listed import Listed
from thuja.errors import BadFile, UsageError
from thuja.images.finding import SUFFIXES
from thuja.images.split_folders import SPLIT_OF
from thuja.taxonomy import Taxon

HEALTH, AILMENT = "health", "ailment"
LAYOUT = """train/<class>/<image> and test/<class>/<image>, or <class>/<image>
a class is a crop, "leaf" and an ailment: Tomato leaf late blight"""


def read_plantdoc(folder: Path, table: Path | None = None) -> Listed:
    """The leaves of a folder; raises BadFile where no folder's name is a crop's."""
    if table is not None:
        raise UsageError("PlantDoc has no table: its folders say what is on an image")
    files = sorted(path for path in folder.rglob("*") if path.name.lower().endswith(SUFFIXES) and path.is_file())
    listed = [(path.relative_to(folder).as_posix(), read_class(path.parent.name)) for path in files]
    if folder.is_dir() and not files:
        raise BadFile(f"there is no image in {folder}", hint=LAYOUT)
    if not listed:
        raise BadFile(f"there is no folder {folder}", hint=LAYOUT)
    kept = [(path, found) for path, found in listed if found is not None]
    if not kept:
        named = sorted({path.parent.name for path in files if path.parent.name.lower() not in SPLIT_OF})
        raise BadFile(f"no folder below {folder} is called by a crop; there are {', '.join(named[:5])}", hint=LAYOUT)
    strangers = sorted({found[0].species for _, found in kept if found[0].kingdom == ""})
    notes = []
    if len(kept) < len(listed):
        notes.append(f"{len(listed) - len(kept):,} images lie in folders whose names are no class of a leaf.")
    if strangers:
        notes.append(f"Of {', '.join(strangers)} no lineage is known here: each stands as a species of its own.")
    return Listed(
        folder=folder,
        paths=[path for path, _ in kept],
        taxa=[found[0] for _, found in kept],
        columns={
            HEALTH: ["diseased" if found[1] else "healthy" for _, found in kept],
            AILMENT: [found[1] or None for _, found in kept],
        },
        notes=notes,
    )


def read_class(name: str) -> tuple[Taxon, str] | None:
    """The plant and the ailment, "" where it is healthy, of a class's name; None for a name that is no class.

    >>> read_class("Tomato leaf late blight")[1], read_class("grape leaf")[1]
    ('late blight', '')
    """
    words = name.replace("_", " ").lower().split()
    text = " ".join(words)
    crop = max((one for one in CROPS if text == one or text.startswith(f"{one} ")), key=len, default="")
    ailment = " ".join(word for word in text.removeprefix(crop).split() if word not in ("leaf", "leaves", "healthy"))
    if crop:
        return CROPS[crop], ailment
    if "leaf" not in words or words[0] == "leaf":
        return None
    return unnamed(words[0]), " ".join(word for word in words[1:] if word not in ("leaf", "leaves", "healthy"))
