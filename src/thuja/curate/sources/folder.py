"""A folder of pictures: the innermost folder names what they show, `train` and `test` folders split them."""

from collections.abc import Iterator
from pathlib import Path

from thuja.curate.rows import Row
from thuja.curate.sources.listing import SPLIT_OF, Listing, file_row
from thuja.images.finding import walk_files


def read_folder(root: Path) -> Listing:
    """Every file under `root` is a row.

    `<species>/a.jpg`, `train/<species>/a.jpg` and `<species>/train/a.jpg` are all read; the species
    is named by its scientific name, a common name or an iNat21 folder name. A picture in no such
    folder has no label.
    """
    return Listing(root=root, make_rows=_rows)


def _rows(listing: Listing) -> Iterator[Row]:
    for relative in walk_files(listing.root):
        label, split = label_and_split(relative)
        yield file_row(listing.root, relative) | {"verbatim_name": label or None, "split": split or None}


def label_and_split(relative: str) -> tuple[str, str]:
    """The label and the split that a relative path says, either of them empty.

    >>> label_and_split("train/Corvus corax/a.jpg")
    ('Corvus corax', 'train')
    """
    folders = relative.split("/")[:-1]
    splits = [folder for folder in folders if folder.lower() in SPLIT_OF]
    labels = [folder for folder in folders if folder.lower() not in SPLIT_OF]
    return (labels[-1] if labels else ""), (SPLIT_OF[splits[0].lower()] if splits else "")
