"""All pairs of 256-bit hashes within a Hamming distance, by bands, with no pair missed.

**Why none is missed.** The 256 bits are dealt out to d + 1 bands. Two hashes at distance at most d differ in at most
d bits, so in at most d of the bands; in one band at least they are equal. The rows are sorted by each band in turn,
and whoever shares a bucket is compared in full: every pair within d is compared in the first band that it is equal in,
and is given out there alone, so once.

**Large buckets.** Rows that share a bucket of more than 1,000 are equal in that band, so a pair of them within d
differs in at most d of the *other* bits. Those bits are dealt out to d + 1 bands in the same way, and the same argument
holds: one band at least is equal. A bucket that is large even after three bands is compared row by row, which finds
everything. A bucket is found by a 32-bit hash of its bits: equal bits have equal hashes, and a collision costs a
comparison only.

Equal hashes are put together first, so a million copies of one hash are one row to all this.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError

Hashes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BITS: Final = 256
MAX_DISTANCE: Final = 31
"""At distance 31 a band has eight bits; beyond it comparing everything is no slower."""
_LARGEST: Final = 1_000
_LEVELS: Final = 3
_CHUNK: Final = 1 << 18
_LOW: Final = np.uint64(0xFFFFFFFF)
_HIGH: Final = np.uint64(0xFFFFFFFF00000000)
_HALF: Final = np.uint64(32)
_ALL: Final = np.full(4, ~np.uint64(0))
_NONE: Final = np.empty((0, 2), np.int64)
_FACTORS: Final = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93], dtype=np.uint64
)
"""Odd constants of splitmix64 and its kin: multiplying by them spreads the low bits."""


def near_pairs(hashes: Hashes, *, distance: int = 10, threads: int = 1) -> Integers:
    """Every pair of rows whose hashes differ in at most `distance` bits.

    `hashes` is (N, 32). Returns (P, 2) row numbers, i < j in each, sorted, each pair once. k equal hashes are
    k (k - 1) / 2 pairs; ask `distinct` first where there may be thousands of one.
    """
    _check(hashes, distance)
    groups = distinct(hashes)
    found = _near_words(_words(hashes[groups.first]), None, distance, threads=threads)
    pairs = np.concatenate([groups.pairs(), np.sort(_cross(groups, groups, found), axis=1)])
    return _sorted(pairs, len(hashes))


def near_matches(left: Hashes, right: Hashes, *, distance: int = 10, threads: int = 1) -> Integers:
    """Every (row of `left`, row of `right`) within `distance` bits, sorted; fastest where `right` is the smaller.

    Returns (P, 2). Equal rows within one side are put together first.
    """
    _check(left, distance)
    _check(right, distance)
    lefts, rights = distinct(left), distinct(right)
    words = np.concatenate([_words(right[rights.first]), _words(left[lefts.first])], axis=1)  # (4, N)
    found = _near_words(words, len(rights.first), distance, threads=threads)
    found[:, 1] -= len(rights.first)
    return _sorted(_cross(lefts, rights, found[:, ::-1]), max(len(left), len(right)))


def near_pairs_of_band(hashes: Hashes, band: int, *, distance: int = 10) -> Integers:
    """The pairs of `near_pairs` whose first equal band is this one of the distance + 1; the hashes are distinct.

    The bands together give every pair once. So a set larger than one machine is cut by `parts_of_band`, a band at a
    time, and each part joined by itself. Returns (P, 2), sorted.
    """
    _check(hashes, distance)
    rows = _Rows.of(_words(hashes), None, distance)
    found = (
        _joined(_join_band(rows, _Bands(masks=_deal(_ALL, distance + 1), shared=band))) if len(hashes) > 1 else _NONE
    )
    return _sorted(found, len(hashes))


def parts_of_band(hashes: Hashes, band: int, parts: int, *, distance: int = 10) -> Integers:
    """The part (N,), from 0, that each hash belongs to: hashes that are equal in the band are in one part."""
    _check(hashes, distance)
    mixed = _mixed(_words(hashes), np.zeros(len(hashes), np.uint64), _deal(_ALL, distance + 1)[band])
    return ((mixed >> _HALF) % np.uint64(parts)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """Equal rows put together: `first` row of each group (G,), `group` of each row (N,), rows by group in `order`."""

    first: Integers
    group: Integers
    order: Integers
    begins: Integers  # (G + 1,) places in `order`

    @property
    def sizes(self) -> Integers:
        return np.diff(self.begins)

    def pairs(self) -> Integers:
        """All pairs of equal rows, (P, 2)."""
        many = np.flatnonzero(self.sizes > 1)
        found = [_NONE]
        for size in np.unique(self.sizes[many]).tolist():
            members = self.order[self.begins[many[self.sizes[many] == size]][:, None] + np.arange(size)]  # (G, size)
            one, other = np.triu_indices(size, 1)
            found.append(np.stack([members[:, one].ravel(), members[:, other].ravel()], axis=1))
        return np.concatenate(found)


def distinct(hashes: Hashes) -> Distinct:
    """Put equal rows of (N, 32) together; groups are numbered by their first row."""
    words = _words(hashes)
    count = words.shape[1]
    keys = _keys(words, np.zeros(count, np.uint64), _ALL)
    place = (keys & _LOW).astype(np.int64)
    same = keys[1:] >> _HALF == keys[:-1] >> _HALF
    shared = np.zeros(count, bool)
    shared[1:] |= same
    shared[:-1] |= same
    first_row = np.arange(count, dtype=np.int64)  # of each row, the first that equals it
    rows = np.sort(place[shared])
    if len(rows):
        order = np.lexsort(words[:, rows])  # stable: equal rows stay in order
        ordered = words[:, rows[order]]
        starts = np.concatenate([[True], (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)])
        leaders = rows[order][starts]
        first_row[rows[order]] = leaders[np.cumsum(starts) - 1]
    first, group = np.unique(first_row, return_inverse=True)
    by_group = np.argsort(group, kind="stable")
    begins = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(first)))])
    return Distinct(first=first, group=group.astype(np.int64), order=by_group, begins=begins.astype(np.int64))


def _cross(lefts: Distinct, rights: Distinct, pairs: Integers) -> Integers:
    """The rows of pairs of groups, (P, 2): each row of the one with each of the other."""
    wide = rights.sizes[pairs[:, 1]]
    counts = lefts.sizes[pairs[:, 0]] * wide
    if not len(counts) or counts.max() == 1:
        return np.stack([lefts.first[pairs[:, 0]], rights.first[pairs[:, 1]]], axis=1)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    wide = np.repeat(wide, counts)
    one = lefts.order[np.repeat(lefts.begins[pairs[:, 0]], counts) + number // wide]
    other = rights.order[np.repeat(rights.begins[pairs[:, 1]], counts) + number % wide]
    return np.stack([one, other], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bands:
    """One dealing of bits to bands, and which band the rows at hand share."""

    masks: Words  # (d + 1, 4)
    shared: int

    def is_first(self, differences: Words) -> Flags:
        """Of pairs' differing bits (4, P): whether the shared band is equal and no band before it is."""
        first: Flags = ~(differences & self.masks[self.shared][:, None]).any(axis=0)
        for mask in self.masks[: self.shared]:
            first &= (differences & mask[:, None]).any(axis=0)
        return first


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Distinct hashes to join: `words` (4, N), their numbers, and a key (N,) of the bands that they share so far.

    With a `border`, there are two sides: a pair's first row stands before it, and its second does not.
    """

    words: Words
    numbers: Integers
    keys: Words
    border: int | None
    distance: int
    path: tuple[_Bands, ...]

    @classmethod
    def of(cls, words: Words, border: int | None, distance: int) -> "_Rows":
        count = words.shape[1]
        numbers, keys = np.arange(count, dtype=np.int64), np.zeros(count, np.uint64)
        return cls(words=words, numbers=numbers, keys=keys, border=border, distance=distance, path=())

    def take(self, places: Integers, keys: Words, level: _Bands) -> "_Rows":
        return _Rows(
            words=self.words[:, places],
            numbers=self.numbers[places],
            keys=keys,
            border=None if self.border is None else int(np.searchsorted(places, self.border)),
            distance=self.distance,
            path=(*self.path, level),
        )


def _near_words(words: Words, border: int | None, distance: int, *, threads: int) -> Integers:
    rows = _Rows.of(words, border, distance)
    masks = _deal(_ALL, distance + 1)

    def by_band(band: int) -> Integers:
        return _joined(_join_band(rows, _Bands(masks=masks, shared=band)))

    if words.shape[1] < 2:
        return _NONE
    if threads == 1:
        return _joined(by_band(band) for band in range(distance + 1))
    with ThreadPoolExecutor(threads) as pool:  # numpy sorts and counts outside the interpreter's lock
        return _joined(pool.map(by_band, range(distance + 1)))


def _join_band(rows: _Rows, level: _Bands) -> Iterator[Integers]:
    """Pairs within distance whose first equal band is the level's."""
    keys = _keys(rows.words, rows.keys, level.masks[level.shared], border=rows.border)
    buckets = keys >> _HALF
    tall = buckets[:-_LARGEST][buckets[:-_LARGEST] == buckets[_LARGEST:]] if len(keys) > _LARGEST else buckets[:0]
    if len(tall):
        tall = np.unique(tall)
        begins, ends = np.searchsorted(buckets, tall, "left"), np.searchsorted(buckets, tall, "right")
        if len(rows.path) + 1 < _LEVELS:
            is_large = _covered(begins, ends, len(keys))
            large, keys = keys[is_large], keys[~is_large]
            large = large[np.argsort(large & _LOW, kind="stable")]
            below = rows.take((large & _LOW).astype(np.int64), large >> _HALF, level)
            yield from _join_below(below)
        else:
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
                yield from _compare(rows, level, keys[begin:end], reach=end - begin)
            keys = keys[~_covered(begins, ends, len(keys))]
    yield from _compare(rows, level, keys, reach=_LARGEST)


def _join_below(rows: _Rows) -> Iterator[Integers]:
    free = _ALL.copy()
    for level in rows.path:
        free &= ~level.masks[level.shared]
    masks = _deal(free, rows.distance + 1)
    for band in range(len(masks)):
        yield from _join_band(rows, _Bands(masks=masks, shared=band))


def _compare(rows: _Rows, level: _Bands, keys: Words, *, reach: int) -> Iterator[Integers]:
    """Compare every row with those behind it in its bucket; `keys` are sorted, with the row in the low half."""
    path = (*rows.path, level)
    for begin in range(0, len(keys), _CHUNK):
        window = keys[begin : begin + _CHUNK + reach]
        buckets, places = window >> _HALF, (window & _LOW).astype(np.int64)
        words = rows.words[0][places]
        left = np.flatnonzero((buckets[1:] == buckets[:-1])[:_CHUNK])
        if rows.border is not None:
            left = left[places[left] < rows.border]
        found = []
        shift = 1
        while len(left):
            near = left[np.bitwise_count(words[left] ^ words[left + shift]) <= rows.distance]
            if len(near):
                found.append(_confirmed(rows, path, places[near], right=places[near + shift]))
            shift += 1
            left = left[: np.searchsorted(left, len(window) - shift)]
            left = left[buckets[left] == buckets[left + shift]]
        if found:
            yield np.concatenate(found)


def _confirmed(rows: _Rows, path: tuple[_Bands, ...], left: Integers, *, right: Integers) -> Integers:
    differences = rows.words[:, left] ^ rows.words[:, right]  # (4, P)
    near = np.bitwise_count(differences).sum(axis=0, dtype=np.int64) <= rows.distance
    if rows.border is not None:
        near &= right >= rows.border
    left, right, differences = left[near], right[near], differences[:, near]
    first = np.ones(len(left), bool)
    for level in path:
        first &= level.is_first(differences)
    return np.stack([rows.numbers[left[first]], rows.numbers[right[first]]], axis=1)


def _keys(words: Words, seeds: Words, mask: Words, *, border: int | None = None) -> Words:
    """Sorted (N,): a 32-bit hash of each row's seed and masked bits above the row's place.

    With a `border`, rows beyond it stand in only where a row before it may have the same hash.
    """
    count = words.shape[1]
    keys = np.empty(count, np.uint64)
    for begin in range(0, count, _CHUNK // 8):  # so small that it stays in the processor's cache
        piece = slice(begin, min(begin + _CHUNK // 8, count))
        mixed = _mixed(words[:, piece], seeds[piece], mask)
        keys[piece] = (mixed & _HIGH) | np.arange(piece.start, piece.stop, dtype=np.uint64)
    if border is not None:
        keys = _partnered(keys, border)
    keys.sort()
    return keys


def _mixed(words: Words, seeds: Words, mask: Words) -> Words:
    """A hash (N,) of the seeds and the masked bits, best in its high half; no step loses what went before."""
    mixed = seeds.copy()
    for word, bits, factor in zip(words, mask, _FACTORS, strict=True):
        mixed ^= word & bits
        mixed *= factor
        mixed ^= mixed >> _HALF
    mixed *= _FACTORS[0]
    return mixed


def _partnered(keys: Words, border: int) -> Words:
    """Without the rows beyond the border whose hash begins as no hash before it does."""
    begins = np.zeros(1 << 24, bool)
    begins[keys[:border] >> np.uint64(40)] = True
    kept: Words = keys[begins[keys >> np.uint64(40)]]
    return kept


def _deal(free: Words, bands: int) -> Words:
    """Deal the free bits (4,) out to bands, (bands, 4): each takes every `bands`-th, as neighbours go together."""
    bits = np.unpackbits(free.view(np.uint8), bitorder="little")
    places = np.flatnonzero(bits)
    masks = np.zeros((bands, BITS), np.uint8)
    masks[np.arange(len(places)) % bands, places] = 1
    return np.packbits(masks, axis=1, bitorder="little").view(np.uint64)


def _covered(begins: Integers, ends: Integers, count: int) -> Flags:
    steps = np.zeros(count + 1, np.int32)
    steps[begins] += 1
    steps[ends] -= 1
    return np.cumsum(steps[:-1]) > 0


def _words(hashes: Hashes) -> Words:
    return np.ascontiguousarray(np.ascontiguousarray(hashes).view(np.uint64).reshape(len(hashes), 4).T)


def _joined(parts: Iterator[Integers]) -> Integers:
    return np.concatenate([_NONE, *parts])


def _sorted(pairs: Integers, count: int) -> Integers:
    keys = np.sort(pairs[:, 0] * max(count, 1) + pairs[:, 1])  # below 2^62
    return np.stack(np.divmod(keys, max(count, 1)), axis=1)


def _check(hashes: Hashes, distance: int) -> None:
    if hashes.ndim != 2 or hashes.shape[1] != BITS // 8 or hashes.dtype != np.uint8:
        raise UsageError(f"hashes must be (N, 32) of uint8, got {hashes.shape} of {hashes.dtype}")
    if len(hashes) >= 2**31:
        raise UsageError(f"{len(hashes):,} hashes are too many for one call", hint="fewer than 2^31, in parts")
    if not 0 <= distance <= MAX_DISTANCE:
        raise UsageError(f"the distance must be from 0 to {MAX_DISTANCE} of 256 bits, got {distance}")
