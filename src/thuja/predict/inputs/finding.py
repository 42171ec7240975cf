"""From whatever a user names to a stream of queries: what `thuja.encode.sources` finds, boxes in it, and images,
arrays, bytes and vectors that a Python program holds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.embeddings import Embeddings, Vectors
from thuja.encode.sources import (
    SHARD_FACTS,
    STDIN,
    Found,
    Item,
    Source,
    existing,
    find_image_sources,
    is_table,
    stamp_of,
)
from thuja.encode.tables import IMAGE_COLUMNS, TABLES, Cells, Flaw, header_of
from thuja.errors import ImageError, UnknownName, UsageError
from thuja.images import as_decoded
from thuja.images.fetching import is_url
from thuja.predict.inputs.boxes import Box, box_in
from thuja.predict.inputs.detections import Detections, is_detections
from thuja.predict.inputs.queries import Query
from thuja.predict.inputs.vector_files import VectorFile
from thuja.record import printable

Named = str | Path | bytes | Image.Image | npt.NDArray[np.uint8] | Embeddings
"""One image or many: a name of anything on disk or the web, a file's bytes, an image, or vectors made already."""

FOLDER: Final = "folder"
"""What groups images by the folder that they lie in, where no column is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """How what is named is read.

    `column` holds the images of a table. `boxes` is MegaDetector's JSON file, or the columns of a table that hold
    boxes: one (`bbox`) or four (`x,y,width,height`), in pixels or shares. `min_conf` is for the former. Rows of one
    value in the column `group_by` are pooled.
    """

    column: str | None = None
    boxes: str | None = None
    min_conf: float | None = None
    group_by: str | None = None

    def __post_init__(self) -> None:
        if self.min_conf is not None and (self.boxes is not None and self.box_columns):
            raise UsageError("a detector's confidence is for its JSON file", hint="leave out --min-conf")
        if self.box_columns and len(self.box_columns) not in (1, 4):
            raise UsageError(f"boxes are in one column or in four, got {self.boxes}", hint="--boxes x,y,width,height")

    @property
    def detector_file(self) -> Path | None:
        """MegaDetector's file, if one is named."""
        return Path(self.boxes) if self.boxes is not None and is_detections(Path(self.boxes)) else None

    @property
    def box_columns(self) -> tuple[str, ...]:
        """The columns that hold boxes, if they are named."""
        if self.boxes is None or self.detector_file is not None:
            return ()
        return tuple(column.strip() for column in self.boxes.split(","))


DEFAULT_INPUT = InputOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All that was named, in its order.

    `columns` are those of its tables. `vector_files` are embeddings made already, `is_ready` says that there is
    nothing else. `reads_once` says that it cannot be read a second time. `files` are tables, shards and the like.
    """

    sources: Sequence[Source[Query]]
    columns: frozenset[str] = frozenset()
    vector_files: Sequence[VectorFile] = ()
    is_ready: bool = False
    has_boxes: bool = False
    reads_once: bool = False
    files: Sequence[Path] = field(default=())

    def __iter__(self) -> Iterator[Found[Query]]:
        return chain.from_iterable(self.sources)

    def queries(self) -> Iterator[tuple[int, Query]]:
        """All queries with their numbers."""
        for place, found in enumerate(self):
            yield place, found.open()

    @property
    def has_own_ids(self) -> bool:
        """Whether rows may have ids that are not their files' names."""
        return "uuid" in self.columns

    @property
    def name(self) -> str:
        """What was named, as far as a sentence holds it."""
        return ", ".join(source.name for source in self.sources[:3]) or "nothing"

    def count(self) -> int | None:
        """How many queries, for the time left, where that is known."""
        counts = [source.count() for source in self.sources]
        return None if None in counts else sum(count or 0 for count in counts)

    def require_columns(self, purpose: str, names: Iterable[str]) -> None:
        """Raise UsageError for columns that no table has; `purpose` is what they are for, as in `column to box`."""
        for name in names:
            if not self.columns:
                raise UsageError(f'"{name}" is a column of a table, and none is named', hint=", ".join(TABLES))
            if name not in self.columns:
                raise UnknownName.of(f"column to {purpose}", name, sorted(self.columns))

    def require_made_by(self, model: str, dim: int) -> None:
        """Raise UsageError for embeddings of another model than the one that is to answer."""
        for file in self.vector_files:
            file.require_made_by(model, dim)

    def group_sizes(self) -> Mapping[str, int] | None:
        """How many queries each group has, in a pass that opens no image; None where there is no such pass."""
        if self.reads_once or not self.sources or not all(_is_light(source) for source in self.sources):
            return None
        groups = (query.group for _, query in self.queries())
        return Counter(group for group in groups if group is not None)


def find_inputs(named: Iterable[Named] | Named, options: InputOptions = DEFAULT_INPUT) -> Inputs:
    """What is named, found; nothing is read that is not needed to say what is wrong with the call.

    An iterator (such as a camera's) is taken as it comes; of a list, all names are checked at once. Raises
    UsageError for what does not exist, for a table without the columns asked for, and for a column to group by
    that no table has.
    """
    detections = _detections(options)
    if isinstance(named, np.ndarray) and (named.ndim == 4 or named.dtype.kind in "UO"):
        named = named.tolist() if named.ndim == 1 else list(named)
    elif isinstance(named, str | Path | bytes | Image.Image | np.ndarray | Embeddings):
        named = [named]
    if not isinstance(named, Sequence):
        source = Source(name="iterator", items=partial(_as_they_come, named, options, detections), count=_unknown)
        return Inputs(sources=[source], has_boxes=options.boxes is not None, reads_once=True)
    if [str(one) for one in named if isinstance(one, str | Path)].count(STDIN) > 1:
        raise UsageError("standard input can be read once, and - is named twice")
    found = [_Finder(options, detections).at(one, place) for place, one in enumerate(named)]
    inputs = Inputs(
        sources=[source for one in found for source in one.sources],
        columns=frozenset[str]().union(*(one.columns for one in found)),
        vector_files=[file for one in found for file in one.vector_files],
        is_ready=bool(found) and all(one.is_ready for one in found),
        has_boxes=options.boxes is not None or any(one.has_boxes for one in found),
        reads_once=any(one.reads_once for one in found),
        files=[*(path for one in found for path in one.files), *([detections.path] if detections else [])],
    )
    _require_columns(inputs, options)
    return inputs


def _detections(options: InputOptions) -> Detections | None:
    return Detections.load(options.detector_file, options.min_conf) if options.detector_file else None


def _require_columns(inputs: Inputs, options: InputOptions) -> None:
    if options.column is not None and not any(is_table(path) for path in inputs.files):
        raise UsageError(f'--column "{options.column}" is for tables, and none is named', hint=", ".join(TABLES))
    inputs.require_columns("box", options.box_columns)
    if options.group_by is not None and options.group_by != FOLDER:
        inputs.require_columns("group by", [options.group_by])


def _unknown() -> None:
    return None


def _is_light(source: Source[Query]) -> bool:
    """Whether its queries are opened without reading an image: those of shards are not."""
    return all(is_table(path) or is_detections(path) for path in source.files)


def _as_they_come(
    named: Iterable[Named], options: InputOptions, detections: Detections | None
) -> Iterator[Found[Query]]:
    finder = _Finder(options, detections)
    for place, one in enumerate(named):
        for source in finder.at(one, place).sources:
            yield from source


@dataclass(frozen=True, slots=True)
class _Finder:
    """From one thing that is named to its sources."""

    options: InputOptions
    detections: Detections | None

    def at(self, one: Named, place: int) -> Inputs:
        """What one name stands for; what has none is called by its place, as pybioclip does."""
        if isinstance(one, str | Path):
            return self._named(str(one))
        if isinstance(one, Embeddings):
            file = VectorFile.held(one, name=str(place))
            columns = frozenset(("uuid", *one.columns.column_names))
            return Inputs(sources=[self._vectors(file)], columns=columns, vector_files=[file], is_ready=True)
        name = str(place)
        query = partial(self._in_memory, one, name)
        source = Source(name=name, items=lambda: iter([Found(name, query)]), count=lambda: 1)
        return Inputs(sources=[source], reads_once=True)

    def _named(self, name: str) -> Inputs:
        if name == STDIN or is_url(name):
            sources = [self._images(source, None) for source in find_image_sources([name])]
            return Inputs(sources=sources, reads_once=name == STDIN)
        found = [self._at_path(path) for path in existing(name)]
        return Inputs(
            sources=[source for one in found for source in one.sources],
            columns=frozenset[str]().union(*(one.columns for one in found)),
            vector_files=[file for one in found for file in one.vector_files],
            is_ready=all(one.is_ready for one in found),
            has_boxes=any(one.has_boxes for one in found),
            files=[path for one in found for path in one.files],
        )

    def _at_path(self, path: Path) -> Inputs:
        if is_detections(path) and path.is_file():
            return Inputs(sources=[self._detected(path)], has_boxes=True, files=[path])
        if is_table(path) and path.is_file():
            columns = frozenset(header_of(path))
            if self.options.column in (None, "emb") and (file := VectorFile.found(path)) is not None:
                return Inputs(
                    sources=[self._vectors(file)], columns=columns, vector_files=[file], is_ready=True, files=[path]
                )
            found = find_image_sources([str(path)], column=self.options.column)
            return Inputs(sources=[self._images(source, None) for source in found], columns=columns, files=[path])
        root = path if path.is_dir() else None
        sources = [self._images(source, root) for source in find_image_sources([str(path)])]
        files = [path for source in sources for path in source.files]
        return Inputs(sources=sources, columns=frozenset(SHARD_FACTS if files else ()), files=files)

    def _images(self, source: Source[Item], root: Path | None) -> Source[Query]:
        """A source of images as one of queries; `root` is the folder that was named."""
        if self.detections is None:
            return Source(
                name=source.name,
                items=lambda: (Found(key, partial(self._opened, open_item)) for key, open_item in source),
                count=source.count,
                stamp=source.stamp,
                files=source.files,
            )
        detections = self.detections

        def items() -> Iterator[Found[Query]]:
            for key, open_item in source:
                named = key if root is None else _below(root, key)
                yield from self._boxed(key, open_item, detections.of(key, named, Path(key).name if not root else named))

        return Source(
            name=source.name,
            items=items,
            count=_unknown,
            stamp=(*source.stamp, *stamp_of(detections.path)),
            files=source.files,
        )

    def _detected(self, path: Path) -> Source[Query]:
        """A detector's file as the list of images: beside it, or else from the current folder on."""
        detections = Detections.load(path, self.options.min_conf)

        def items() -> Iterator[Found[Query]]:
            for name, found in detections:
                beside = path.parent / name
                item = partial(_file, beside if beside.exists() else Path(name), name)
                yield from self._boxed(name, item, found)

        def count() -> int:
            return sum(1 if isinstance(found, Flaw) else len(found) for _, found in detections)

        return Source(name=str(path), items=items, count=count, stamp=stamp_of(path), files=(path,))

    def _boxed(
        self, key: str, open_item: Callable[[], Item], found: "tuple[Box, ...] | Flaw"
    ) -> Iterator[Found[Query]]:
        if isinstance(found, Flaw):
            yield Found(f"{key} {found.reason}", partial(self._opened, open_item, flaw=found))
            return
        for box in found:
            yield Found(f"{key} {box.shares(None)}", partial(self._opened, open_item, box=box))

    def _opened(self, open_item: Callable[[], Item], *, box: Box | None = None, flaw: Flaw | None = None) -> Query:
        item = open_item()
        assert not isinstance(item.content, str), "a text is not an image"
        cells = _cells(item.cells)
        return self._query(
            Query(file_name=item.name or item.id, id=item.id, content=flaw or item.content, cells=cells, box=box)
        )

    def _query(self, query: Query) -> Query:
        """With the box that its row tells, and its group."""
        if self.options.box_columns and query.cells:
            box = box_in(query.cells, self.options.box_columns)
            query = replace(query, content=box) if isinstance(box, Flaw) else replace(query, box=box)
        by = self.options.group_by
        if by is None:
            return query
        value = query.cells.get(by)
        if by == FOLDER and by not in query.cells:
            value = str(Path(query.file_name).parent)
        return replace(query, group=None if value is None or value == "" else printable(str(value)))

    def _vectors(self, file: VectorFile) -> Source[Query]:
        def items() -> Iterator[Found[Query]]:
            for name, cells, vector in file.rows():
                yield Found(name, partial(self._of_vector, name, cells, vector))

        files = () if file.path is None else (file.path,)
        stamp = () if file.path is None else stamp_of(file.path)
        return Source(name=file.name, items=items, count=lambda: file.rows_in_all, stamp=stamp, files=files)

    def _of_vector(self, name: str, cells: Cells | None, vector: Vectors) -> Query:
        told = _cells(cells)
        named = next((str(told[column]) for column in IMAGE_COLUMNS if told.get(column)), name)
        return self._query(Query(file_name=named, id=name, content=vector, cells=told))

    def _in_memory(self, one: bytes | Image.Image | npt.NDArray[np.uint8], name: str) -> Query:
        return self._query(Query(file_name=name, id=name, content=one if isinstance(one, bytes) else _held(one)))


def _held(one: Image.Image | npt.NDArray[np.uint8]) -> Image.Image | Flaw:
    """An image that may be handed to a thread: Pillow reads a file that it has opened when it is first looked at."""
    try:
        if isinstance(one, np.ndarray):
            if one.dtype != np.uint8 or not (one.ndim == 2 or (one.ndim == 3 and one.shape[2] in (3, 4))):
                return Flaw("unsupported", f"no image of 8 bits a value, (H, W, 3): {one.dtype} of shape {one.shape}")
            return Image.fromarray(one.copy())
        if not isinstance(one, Image.Image):
            raise UsageError(
                f"not an image, nor the name of one: {type(one).__name__}",
                hint="a path, a URL, bytes, a PIL image, a NumPy array (H, W, 3), or Embeddings",
            )
        return as_decoded(one)
    except ImageError as error:
        return Flaw(error.reason, error.message)


def _file(path: Path, name: str) -> Item:
    return Item(id=printable(name), content=path)


def _below(root: Path, name: str) -> str:
    """A path as it is called within a folder."""
    path = Path(name)
    return str(path.relative_to(root)) if path.is_relative_to(root) else name


def _cells(cells: Cells | None) -> Mapping[str, object]:
    if cells is None:
        return {}
    names = cells.batch.schema.names
    return {name: column[cells.row].as_py() for name, column in zip(names, cells.batch.columns, strict=True)}
