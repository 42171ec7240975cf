"""From listed images to a space: by a function that encodes files, or from vectors that are there already."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np

from thuja.analyze.papers.listed import Listed
from thuja.analyze.space import Space
from thuja.embeddings import Embeddings, Vectors
from thuja.errors import BadFile, EmptyInput, ThujaError

Encode = Callable[[Sequence[Path]], Vectors]
"""Files to vectors (N, D) in their order; a row of NaN for one that is missing or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A space, and the listed images that are in it, row by row."""

    space: Space
    listed: Listed


def see(listed: Listed, encode: Encode, *, controls: Mapping[str, Encode] | None = None, model: str = "") -> Seen:
    """The space of the images that the model and all controls could see, so that every comparison is paired.

    Those that one of them could not are left out and counted. Raises EmptyInput where none is left, ThujaError for an
    encoder that does not answer with one vector a file.
    """
    vectors = {"": _encoded(encode, listed, "the model")}
    for name, control in (controls or {}).items():
        vectors[name] = _encoded(control, listed, name)
    is_seen = np.all([np.isfinite(one).all(axis=1) for one in vectors.values()], axis=0)  # (N,)
    rows = np.flatnonzero(is_seen)
    lost = np.flatnonzero(~is_seen)
    if not len(rows):
        raise EmptyInput(
            f"none of {len(listed):,} images could be read, {listed.files[0]} the first of them",
            hint="the images lie below the folder as its table or the layout says, or --embeddings names their vectors",
        )
    kept = listed.select(rows) if len(lost) else listed
    if len(lost):
        told = f"{len(lost):,} of {len(listed):,} images are missing or unreadable: {listed.paths[lost[0]]}, for one."
        kept = replace(kept, notes=[*kept.notes, told])
    space = Space(
        vectors=vectors.pop("")[rows],
        taxa=kept.taxa,
        columns=kept.columns,
        controls={name: one[rows] for name, one in vectors.items()},
        model=model,
    )
    return Seen(space=space, listed=kept)


def from_embeddings(embeddings: Embeddings, listed: Listed) -> Encode:
    """The vectors, of length one, that a file of embeddings has of the listed images; NaN where it has none.

    An image is known by its path, by the end of its path below the folder, or by its id or its file's name where these
    are of one image alone. Raises BadFile where no image is known.
    """
    found = embeddings.normalized()
    by_id = {name: row for row, name in enumerate(found.ids)}
    parts = [PurePath(name).parts for name in found.ids]
    depths = {len(PurePath(path).parts) for path in listed.paths}
    by_tail = {"/".join(one[-depth:]): row for depth in depths for row, one in enumerate(parts) if len(one) >= depth}
    by_name = _of_one({PurePath(name).stem: row for row, name in enumerate(found.ids)}, map(_stem, found.ids))
    own_names = Counter(map(_stem, listed.paths))
    row_of: dict[Path, int] = {}
    for number, (path, file) in enumerate(zip(listed.paths, listed.files, strict=True)):
        sure = [by_id.get(str(file)), by_id.get(path), by_tail.get(path)]
        if listed.ids and listed.ids[number]:
            sure += [by_id.get(listed.ids[number]), by_name.get(listed.ids[number])]
        if own_names[_stem(path)] == 1:
            sure.append(by_name.get(_stem(path)))
        row = next((one for one in sure if one is not None), None)
        if row is not None:
            row_of[file] = row
    if not row_of:
        raise BadFile(
            f"the embeddings know none of {len(listed):,} images",
            hint=f'they call one "{next(iter(found.ids), "")}", the list "{listed.paths[0]}"',
        )

    def encode(files: Sequence[Path]) -> Vectors:
        vectors = np.full((len(files), found.dim), np.nan, dtype=np.float32)
        for place, file in enumerate(files):
            if file in row_of:
                vectors[place] = found.vectors[row_of[file]]
        return vectors

    return encode


def _encoded(encode: Encode, listed: Listed, who: str) -> Vectors:
    vectors = np.asarray(encode(listed.files))
    if vectors.ndim != 2 or len(vectors) != len(listed):
        raise ThujaError(f"expected {len(listed):,} vectors by {who}, got an array of shape {vectors.shape}")
    return vectors


def _stem(name: str) -> str:
    return PurePath(name).stem


def _of_one(rows: dict[str, int], names: "map[str]") -> dict[str, int]:
    """Of the rows by name those whose name stands once."""
    counts = Counter(names)
    return {name: row for name, row in rows.items() if counts[name] == 1}
