"""Where the pictures of embedded images lie: in files below a folder, or in the shards of a data folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from thuja.errors import BadFile, EmptyInput
from thuja.images import stretch
from thuja.images.finding import walk_images
from thuja.shards import Fault, scan_shard
from thuja.shards.reader import image_span


def find_pictures(ids: Sequence[str], folder: Path) -> list[str]:
    """The place of each image (`thuja.images.read_place`), "" where the folder has none.

    An image is known by its path below the folder, by the end of its path, or by its file's or sample's name without
    a suffix, which is how `thuja embed` and TreeOfLife name images. A name that stands twice is nobody's. Raises
    BadFile for a folder that is none, EmptyInput where no image is found.
    """
    if not folder.is_dir():
        raise BadFile(f"there is no folder of images at {folder}")
    places: dict[str, str] = {}
    twice: set[str] = set()
    for names, place in [*_in_files(folder), *_in_shards(folder)]:
        for name in dict.fromkeys(names):
            if places.setdefault(name, place) != place:
                twice.add(name)
    for name in twice:
        places[name] = ""
    found = [_place(name, folder, places) for name in ids]
    if not any(found):
        raise EmptyInput(
            f"none of {len(ids):,} images is below {folder}",
            hint=f'the embeddings call one "{next(iter(ids), "")}", the folder "{next(iter(places), "nothing")}"',
        )
    return found


def _place(name: str, folder: Path, places: dict[str, str]) -> str:
    parts = PurePath(name).parts
    tails = ["/".join(parts[start:]) for start in range(len(parts))]
    for one in [name, *tails, PurePath(name).stem]:
        if places.get(one):
            return places[one]
    return str(Path(name)) if name.startswith(str(folder)) and Path(name).is_file() else ""


def _in_files(folder: Path) -> Iterator[tuple[list[str], str]]:
    for path in walk_images(folder):
        yield [path.relative_to(folder).as_posix(), path.name, path.stem], str(path)


def _in_shards(folder: Path) -> Iterator[tuple[list[str], str]]:
    for shard in sorted(folder.rglob("*.tar")):
        for entry in scan_shard(shard):
            span = None if isinstance(entry, Fault) else image_span(entry)
            if span is not None and not isinstance(entry, Fault):
                yield [entry.key, PurePath(entry.key).name], stretch(shard, *span)
