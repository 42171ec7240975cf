"""Finds training rows in evaluation sets: exact keys by a sorted table, PDQ by bands, vectors by cosine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.curate.duplicates.bands import near_matches
from thuja.curate.duplicates.hashing import hash_bytes
from thuja.curate.leaks.embedding import Vectors, alike, vectors_of
from thuja.curate.leaks.index import LeakIndex, read_leak_index
from thuja.curate.leaks.keys import COLUMNS, keys_of
from thuja.curate.leaks.settings import KEYS, LeakSettings, list_name
from thuja.errors import BadFile, UsageError

READ: Final = (*COLUMNS, "pdq", "pdq_quality", "drop_reason", "split")
"""Columns of a training row that the gate reads."""
_PDQ: Final = r"^[0-9a-fA-F]{64}$"
_LOCK: Final = Lock()
_FOUND: Final = {"row": pl.UInt32, "set": pl.UInt32, "kind": pl.String}

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakFinder:
    """All evaluation sets of one recipe in memory: some 100 bytes a key, 256 a hashed image.

    `keys` has `kind`, `value`, `guard` and `set`, sorted by `words`, a 64-bit hash of kind and value; `names` are the
    sets'. `hashes` is (H, 32) with the set of each, `vectors` (M, D) at length 1 with the set of each.
    """

    settings: LeakSettings
    names: tuple[str, ...]
    keys: pl.DataFrame
    words: Words
    hashes: npt.NDArray[np.uint8]
    hash_sets: npt.NDArray[np.int64]
    vectors: Vectors
    vector_sets: npt.NDArray[np.int64]

    def find(self, batch: pl.DataFrame, vectors: Vectors | None = None, *, is_any_asked: bool = False) -> pl.Series:
        """`leak_of` of each row of READ, null for what is in no set: `newt:pdq;newt:source_url`, in the order of KEYS.

        Rows that are dropped already or spared are looked for only where any is asked for. `vectors` is (N, D) at
        length 1, zeros where there is none.
        """
        is_asked = pl.col("drop_reason").is_null()
        if self.settings.spare_held_out:
            is_asked &= ~pl.col("split").is_in(["test", "unseen"]).fill_null(value=False)
        asked = batch.select(is_asked | is_any_asked).to_series().arg_true()
        rows = batch[asked]
        found = [self._by_key(rows), self._by_pdq(rows)]
        if vectors is not None:
            found.append(
                _matches(
                    alike(vectors[asked.to_numpy()], self.vectors, self.settings.cosine), self.vector_sets, "embedding"
                )
            )
        order = pl.col("kind").replace_strict({key: number for number, key in enumerate(KEYS)}, return_dtype=pl.UInt32)
        name = pl.col("set").replace_strict(dict(enumerate(self.names)), return_dtype=pl.String)
        told = pl.concat(found).unique().with_columns(order.alias("order"), name.alias("name"))
        told = told.unique(["row", "kind", "name"]).sort("row", "order", "name")
        told = told.group_by("row", maintain_order=True).agg(
            (pl.col("name") + ":" + pl.col("kind")).str.join(";").alias("leak_of")
        )
        answers = pl.Series("leak_of", [None], pl.String).new_from_index(0, len(batch))
        return answers.scatter(asked.gather(told["row"]), told["leak_of"]) if len(told) else answers

    def _by_key(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not len(self.keys):
            return pl.DataFrame(schema=_FOUND)
        asked = keys_of(rows, self.settings.keys)
        words = _hashes(asked)
        begin = np.searchsorted(self.words, words, "left")
        is_near = self.words[np.minimum(begin, len(self.words) - 1)] == words
        asked, begin = asked.filter(pl.Series(is_near)), begin[is_near]
        counts = np.searchsorted(self.words, words[is_near], "right") - begin
        places = np.repeat(begin, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        theirs = self.keys[places].select("set", their_kind="kind", their_value="value", their_guard="guard")
        pairs = asked[np.repeat(np.arange(len(asked)), counts)].hstack(theirs)
        is_same = (pl.col("kind") == pl.col("their_kind")) & (pl.col("value") == pl.col("their_value"))
        differs = (pl.col("guard") != pl.col("their_guard")).fill_null(value=False)
        if self.settings.any_taxon_of_day:
            differs &= pl.col("kind") != "observer_day"
        return pairs.filter(is_same & ~differs).select(pl.col(name).cast(kind) for name, kind in _FOUND.items())

    def _by_pdq(self, rows: pl.DataFrame) -> pl.DataFrame:
        is_good = pl.col("pdq").str.contains(_PDQ) & (pl.col("pdq_quality") >= self.settings.min_quality)
        places = rows.select(is_good.fill_null(value=False)).to_series().arg_true()
        if not len(self.hashes) or not len(places):
            return pl.DataFrame(schema=_FOUND)
        ours = hash_bytes(rows["pdq"].gather(places).to_list())
        pairs = near_matches(self.hashes, ours, distance=self.settings.distance)[:, ::-1]
        return _matches(np.stack([places.to_numpy()[pairs[:, 0]], pairs[:, 1]], axis=1), self.hash_sets, "pdq")


def _matches(pairs: npt.NDArray[np.int64], sets: npt.NDArray[np.int64], kind: str) -> pl.DataFrame:
    columns = {"row": pairs[:, 0], "set": sets[pairs[:, 1]], "kind": [kind] * len(pairs)}
    return pl.DataFrame(columns, schema=_FOUND).unique()


def shared_finder(settings: LeakSettings, digest: str) -> LeakFinder:
    """`open_finder`, once a process, whatever its threads. `digest` is that of the files."""
    with _LOCK:
        return _opened(settings, digest)


@lru_cache(maxsize=2)
def _opened(settings: LeakSettings, digest: str) -> LeakFinder:
    return open_finder(settings)


def open_finder(settings: LeakSettings) -> LeakFinder:
    """Read every index and species list that the settings name. Raises UsageError, BadFile."""
    indexes = [read_leak_index(path) for path in settings.indexes]
    names = [index.name for index in indexes]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f'two leak indexes are called "{twice}"', hint="build one of them with another --name")
    keys = [_keys(index, number, settings.keys) for number, index in enumerate(indexes)]
    for path in settings.species:
        keys.append(_listed(path, len(names)))
        names.append(list_name(path))
    empty = pl.DataFrame(schema={"kind": pl.String, "value": pl.String, "guard": pl.String, "set": pl.UInt32})
    table = pl.concat([empty, *keys]).unique(maintain_order=True)
    words = _hashes(table)
    order = np.argsort(words, kind="stable")
    hashes, hash_sets = _flips(indexes, settings)
    vectors, vector_sets = _vectors(indexes, settings)
    return LeakFinder(
        settings=settings,
        names=tuple(names),
        keys=table[order],
        words=words[order],
        hashes=hashes,
        hash_sets=hash_sets,
        vectors=vectors,
        vector_sets=vector_sets,
    )


def finder_of_images(index: LeakIndex, settings: LeakSettings) -> LeakFinder:
    """A finder whose sets are the images of one index, each called by its number: it tells which of them a row is.

    The settings' own indexes and lists are not read; vectors are not compared.
    """
    keys = keys_of(index.images, [kind for kind in settings.keys if kind not in ("species", "embedding")])
    keys = keys.select("kind", "value", "guard", pl.col("row").cast(pl.UInt32).alias("set"))
    words = _hashes(keys)
    order = np.argsort(words, kind="stable")
    hashes, places = _image_flips(index.images, settings)
    return LeakFinder(
        settings=settings,
        names=tuple(str(number) for number in range(len(index.images))),
        keys=keys[order],
        words=words[order],
        hashes=hashes,
        hash_sets=places,
        vectors=np.empty((0, 0), np.float32),
        vector_sets=np.empty(0, np.int64),
    )


def _image_flips(images: pl.DataFrame, settings: LeakSettings) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """PDQ of each image's flips (H, 32), and the image (H,) that each is of."""
    is_good = pl.col("pdq_quality").fill_null(100) >= settings.min_quality
    good = images.with_row_index("place").filter(pl.col("pdq_flips").is_not_null() & is_good)
    if "pdq" not in settings.keys or not len(good):
        return np.empty((0, 32), np.uint8), np.empty(0, np.int64)
    flips = good["pdq_flips"].to_list()
    hashes = np.frombuffer(b"".join(flips), np.uint8).reshape(-1, 32)
    return hashes, np.repeat(good["place"].to_numpy().astype(np.int64), [len(one) // 32 for one in flips])


def _hashes(keys: pl.DataFrame) -> Words:
    """64 bits of each key's kind and value. Made anew in each process: they are compared within one only."""
    words: Words = keys.select("kind", "value").hash_rows(seed=1).to_numpy()
    return words


def _keys(index: LeakIndex, number: int, kinds: Sequence[str]) -> pl.DataFrame:
    wanted = [kind for kind in kinds if kind != "species" or index.holds_out]
    keys = keys_of(index.images, wanted).drop("row")
    return keys.with_columns(pl.lit(number, pl.UInt32).alias("set")).unique(maintain_order=True)


def _listed(path: Path, number: int) -> pl.DataFrame:
    """A list of species: text with a binomial a line, blank lines and those with `#` aside."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except OSError as error:
        raise UsageError(f"cannot read the species list {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"the species list {path} is not UTF-8", hint="one binomial a line") from error
    names = [line for line in lines if line and not line.startswith("#")]
    rows = pl.DataFrame({"scientific_name": names}, schema={"scientific_name": pl.String})
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in COLUMNS if name != "scientific_name")
    keys = keys_of(rows, ("species",))
    unread = sorted(set(range(len(names))) - set(keys["row"].to_list()))
    if unread or not names:
        what = f"{names[unread[0]]!r:.80} is no binomial" if unread else "it is empty"
        raise BadFile(f"the species list {path} cannot be used: {what}", hint="one a line, as Corvus corax")
    return keys.drop("row").with_columns(pl.lit(number, pl.UInt32).alias("set"))


def _flips(indexes: Sequence[LeakIndex], settings: LeakSettings) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """PDQ of all images and their flips (H, 32), each set's distinct ones, and whose they are (H,)."""
    hashes, sets = [np.empty((0, 32), np.uint8)], [np.empty(0, np.int64)]
    for number, index in enumerate(indexes if "pdq" in settings.keys else ()):
        is_good = pl.col("pdq_quality").fill_null(100) >= settings.min_quality
        flips = index.images.filter(pl.col("pdq_flips").is_not_null() & is_good)["pdq_flips"]
        rows = np.unique(np.frombuffer(b"".join(flips.to_list()), np.uint8).reshape(-1, 32), axis=0)
        hashes.append(rows)
        sets.append(np.full(len(rows), number))
    return np.concatenate(hashes), np.concatenate(sets)


def _vectors(indexes: Sequence[LeakIndex], settings: LeakSettings) -> tuple[Vectors, npt.NDArray[np.int64]]:
    found, sets = [], []
    for number, index in enumerate(indexes if "embedding" in settings.keys else ()):
        vectors = index.images["emb"].drop_nulls()
        if not len(vectors):
            raise UsageError(
                f"the leak index {index.name} has no embeddings",
                hint="build it with --model, that of the recipe's encoder",
            )
        found.append(vectors_of(vectors, 0))
        sets.append(np.full(len(vectors), number))
    if len({rows.shape[1] for rows in found}) > 1:
        raise BadFile("the leak indexes have vectors of different lengths", hint="build all of them with one model")
    return (
        (np.concatenate(found), np.concatenate(sets))
        if found
        else (np.empty((0, 0), np.float32), np.empty(0, np.int64))
    )
