"""Herbarium19: herbarium sheets of 683 melastomes, half of them without any label, to be sorted into species.

Had: https://github.com/visipedia/herbarium_comp/tree/master/2019: small-train.tar.gz (1.7 GB; 34,225 sheets); which
classes are old: herbarium_19_class_splits.pkl from https://github.com/sgvaze/generalized-category-discovery, folder
data/ssb_splits. Tan et al., arXiv:1906.05372. Licence: for non-commercial research and teaching; not to be passed on.

Layout: small-train/<category>/<id>.jpg and herbarium_19_class_splits.pkl, a dict of two lists, Old and New, of places
in the sorted names of the categories. No code is run by reading it.

Public code: of the images of old classes, four in five have a label, drawn with NumPy's seed 0; see
thuja.evaluate.protocols.discovery for the rest, and for what is corrected.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile
from thuja.evaluate.protocols.discovery import ACCURACY, Discovery
from thuja.evaluate.task import About, Images, Task, require_layout

FOLDER, SPLITS = "small-train", "herbarium_19_class_splits.pkl"
LABELLED = 0.8
ENDINGS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""The image files that torchvision's ImageFolder takes, which the public code reads by."""

ABOUT = About(
    name="herbarium19",
    title="Herbarium19",
    where="https://github.com/visipedia/herbarium_comp (2019, small-train.tar.gz); the split of classes from "
    "https://github.com/sgvaze/generalized-category-discovery, data/ssb_splits",
    licence="non-commercial research and teaching; not to be passed on",
    layout=f"{FOLDER}/<category>/<id>.jpg\n{SPLITS}",
    column="Herbarium19",
    measure=ACCURACY,
    public="semi-supervised k-means with the number of classes given, clusters named twice, for old and new classes",
    corrected="clusters named once for all; the mean over classes; empty clusters keep their centre",
)


def read(folder: Path) -> Discovery:
    """Read the folders and the split of classes; raises BadFile for another layout."""
    if not (folder / FOLDER).is_dir() or not (folder / SPLITS).is_file():
        raise require_layout(folder, ABOUT, found=f"it holds no {FOLDER if (folder / SPLITS).is_file() else SPLITS}")
    classes = sorted(path.name for path in (folder / FOLDER).iterdir() if path.is_dir())
    files = [_image_names(folder / FOLDER / name) for name in classes]
    empty = [name for name, names in zip(classes, files, strict=True) if not names]
    if empty or not classes:
        raise require_layout(folder, ABOUT, found=f"{FOLDER} has no image for {', '.join(empty[:3]) or 'any category'}")
    is_old = _read_old(folder / SPLITS, len(classes))
    truth = np.repeat(np.arange(len(classes)), [len(names) for names in files])
    return Discovery(
        images=Images(
            folder=folder,
            paths=tuple(
                f"{FOLDER}/{name}/{file}" for name, names in zip(classes, files, strict=True) for file in names
            ),
        ),
        classes=tuple(classes),
        truth=truth,
        is_old=is_old,
        is_labelled=_draw_labelled(is_old[truth]),
    )


def _image_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix.lower() in ENDINGS)


def _draw_labelled(is_old: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Four in five of the images of old classes, those that the public code draws."""
    rows = np.flatnonzero(is_old)
    drawn = np.random.RandomState(0).choice(len(rows), replace=False, size=int(LABELLED * len(rows)))
    is_labelled = np.zeros(len(is_old), dtype=bool)
    is_labelled[rows[drawn]] = True
    return is_labelled


def _read_old(path: Path, count: int) -> npt.NDArray[np.bool_]:
    try:
        with path.open("rb") as file:
            splits = _Plain(file).load()
        old, new = (_places(splits[name], count) for name in ("Old", "New"))
    except _BROKEN as error:
        raise BadFile(
            f"{path} is not a dict of two lists, Old and New: {error}", hint=f"had at {ABOUT.where}"
        ) from error
    if sorted([*old.tolist(), *new.tolist()]) != list(range(count)):
        raise BadFile(
            f"{path} must name each of {count} categories once, got {len(old)} old and {len(new)} new",
            hint=f"{FOLDER} must hold all categories",
        )
    return np.isin(np.arange(count), old)


def _places(told: Any, count: int) -> npt.NDArray[np.int64]:
    """The places of categories, of which there are `count`: a range of a few bytes may name more than memory holds."""
    if len(told) > count:
        raise ValueError(f"{len(told):,} places of {count} categories")
    return np.asarray(list(told), dtype=np.int64)


class _Plain(pickle.Unpickler):
    """Reads dicts, lists and NumPy's arrays and numbers, and refuses all else: nothing in the file is run."""

    def find_class(self, module: str, name: str) -> Any:
        """NumPy's own parts alone."""
        if (module.replace("numpy._core", "numpy.core"), name) in _ALLOWED:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


_BROKEN = (
    pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError,
    MemoryError,
)  # fmt: skip
"""What reading a file that is no pickle, or a hostile one, ends in."""
_ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("builtins", "range"),
}

TASK = Task(about=ABOUT, read=read)
