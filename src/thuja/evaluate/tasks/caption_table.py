"""The layout of BioCAP's two caption sets: a table of ids and captions, and a folder of images called by id."""

from collections import Counter
from pathlib import Path

from thuja.errors import BadFile
from thuja.evaluate.csv_tables import read_rows, require_below
from thuja.evaluate.protocols.captioned import Captioned
from thuja.evaluate.task import About, Images

IMAGES = "images"


def read_captions(folder: Path, about: About, table: str) -> Captioned:
    """Read `table` of the folder: `id` and `captions`, with `md5` of the image where it is told.

    Raises BadFile for another layout, a row without a caption, an id that stands twice or leads out of the folder;
    EmptyInput for no row.
    """
    path = Path(folder) / table
    rows = [
        (row["id"].strip(), row["captions"].strip(), row.get("md5", ""))
        for row in read_rows(path, about, ("id", "captions"))
    ]
    ids = [name for name, _, _ in rows]
    silent = [name for name, caption, _ in rows if not caption]
    if silent:
        raise BadFile(f"{path} has {len(silent)} rows without a caption, the first with id {silent[0]}")
    if len(set(ids)) < len(ids):
        twice = Counter(ids).most_common(1)[0][0]
        raise BadFile(f"{path} has the id {twice} more than once")
    paths = tuple(f"{IMAGES}/{name}.jpg" for name in ids)
    require_below(path, paths)
    return Captioned(
        images=Images(folder=Path(folder), paths=paths),
        captions=tuple(caption for _, caption, _ in rows),
        pictures=tuple(md5 or f"id {name}" for name, _, md5 in rows),
    )
