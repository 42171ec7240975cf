"""Retrieval between images and captions, both ways: R@1, R@5, R@10.

The public way asks for the row itself: of two images with one caption, the other counts as wrong. The corrected
way asks each distinct image and each distinct caption once, and any right one counts; equal scores get their
expectation. It asks again without the species name. Beside each figure stands what blind guessing scores, and
what a model would that knows the species and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.protocols.nearest import Lists, Places, place_own, place_right
from thuja.evaluate.protocols.sentences import encode, species_of, with_plain_name, without_name
from thuja.evaluate.task import Images, Measure, Outcome, View, Way
from thuja.metrics.bootstrap import mean_over_clusters
from thuja.metrics.chance import hit_chance

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.object_]

DEPTHS = (1, 5, 10)
TO_TEXT = "image to text"
TO_IMAGE = "text to image"
WITHOUT_NAME = ", without the name"
_TASK = "retrieval by captions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned:
    """N images with a caption each, which begins with the species name and a comma.

    `pictures` says what each image shows, such as a hash of its bytes: rows that agree in it are one image.
    """

    images: Images
    captions: tuple[str, ...]
    pictures: tuple[str, ...]
    head: str = "caption"

    def __post_init__(self) -> None:
        counts = (len(self.images), len(self.captions), len(self.pictures))
        if len(set(counts)) > 1:
            raise ThujaError(f"expected as many captions and pictures as images, got {counts}")

    @property
    def species(self) -> tuple[str, ...]:
        """The species of each row, by its caption's name."""
        return tuple(species_of(caption) for caption in self.captions)

    def select(self, rows: Sequence[int]) -> "Captioned":
        """The rows at these positions."""
        return Captioned(
            images=self.images.select(rows),
            captions=tuple(self.captions[row] for row in rows),
            pictures=tuple(self.pictures[row] for row in rows),
            head=self.head,
        )

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """R@k in both directions; the corrected way with the species name and without it."""
        if not len(self.images):
            raise EmptyInput("there is no image with a caption to score")
        if len(view.vectors) != len(self.images):
            raise ThujaError(f"expected {len(self.images)} image vectors, got {len(view.vectors)}")
        directions: list[_Direction] = []
        for way in ways:
            if way == Way.PUBLIC:
                directions += self._by_row(view)
            else:
                note = "" if self.head in view.heads else f"by the first head, as the model has no {self.head} head"
                directions += self._by_content(view.by(self.head), with_plain_name, note=note)
                directions += self._by_content(view.by(self.head), without_name, suffix=WITHOUT_NAME, note=note)
        return Outcome(
            measures=[measure for direction in directions for measure in direction.measures(seed)],
            answers=pa.concat_tables([direction.answers() for direction in directions]) if directions else pa.table({}),
        )

    def _by_row(self, view: View) -> list["_Direction"]:
        """The public way: "a photo of" with no space after it, and row i is right for question i alone."""
        species = np.array(self.species, dtype=object)
        images = _Side(vectors=view.vectors, names=_strings(self.images.paths), species=species)
        texts = encode(view, [f"a photo of{caption}" for caption in self.captions], _TASK)
        captions = _Side(vectors=texts, names=_strings(self.captions), species=species)
        rows = np.arange(len(self.images))
        own = Lists(starts=rows, values=rows)
        firsts, place = _distinct(self.captions)
        to_text = place_own(images.vectors, captions.vectors, firsts[place])
        to_image = place_own(captions.vectors, images.vectors, rows)
        return _both_ways(images, captions, right=(own, own), places=(to_text, to_image), way=Way.PUBLIC)

    def _by_content(
        self, view: View, phrase: Callable[[str], str], *, suffix: str = "", note: str = ""
    ) -> list["_Direction"]:
        """The corrected way: each distinct image and caption once, and all that belongs to it is right."""
        phrased = [phrase(caption) for caption in self.captions]
        kept = np.array([row for row, caption in enumerate(phrased) if caption], dtype=np.int64)
        if not len(kept):
            return []
        image_rows, image_of = _distinct([self.pictures[row] for row in kept])
        text_rows, text_of = _distinct([phrased[row] for row in kept])
        image_rows, text_rows = kept[image_rows], kept[text_rows]
        species = np.array(self.species, dtype=object)
        images = _Side(
            vectors=view.vectors[image_rows],
            names=_strings(self.images.paths)[image_rows],
            species=species[image_rows],
        )
        captions = _Side(
            vectors=encode(view, [f"a photo of {phrased[row]}" for row in text_rows], _TASK),
            names=_strings(phrased)[text_rows],
            species=species[text_rows],
        )
        right = (Lists.of(image_of, text_of), Lists.of(text_of, image_of))
        places = (
            place_right(images.vectors, captions.vectors, right[0]),
            place_right(captions.vectors, images.vectors, right[1]),
        )
        return _both_ways(images, captions, right=right, places=places, way=Way.CORRECTED, suffix=suffix, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """S images or captions: their vectors, what they are called in the answers, and their species."""

    vectors: Vectors
    names: Strings
    species: Strings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direction:
    """Questions of one side put to all candidates of the other, the right ones, and where those stand."""

    part: str
    way: Way
    asked: _Side
    offered: _Side
    right: Lists
    places: Places
    note: str

    def measures(self, seed: int) -> list[Measure]:
        """R@k, with intervals over species."""
        _, species = np.unique(self.asked.species.astype(str), return_inverse=True)
        alone = self._of_own_species()
        found = []
        for depth in DEPTHS:
            interval = mean_over_clusters(self._hits(depth), species, np.random.default_rng(seed))
            chance = hit_chance(self.right.lengths(), len(self.offered.names), depth).mean()
            known = hit_chance(*alone, depth).mean()
            note = f"chance {chance:.4f}; knowing the species alone {known:.3f}"
            found.append(
                Measure(
                    part=self.part,
                    way=self.way,
                    name=f"R@{depth}",
                    value=interval.value,
                    low=interval.low,
                    high=interval.high,
                    units=len(species),
                    clusters=int(species.max()) + 1,
                    note="; ".join(filter(None, (note, self.note))),
                )
            )
        return found

    def answers(self) -> pa.Table:
        """A row a question: what was answered first, and at which place the best right candidate stands."""
        first, keys = self.places.first, self.right.owners() * len(self.offered.names) + self.right.values
        is_right = np.isin(np.arange(len(first)) * len(self.offered.names) + first, keys)
        truth = self.offered.names[np.where(is_right, first, self.right.values[self.right.starts])]
        is_to_text = self.part.startswith(TO_TEXT)
        count = len(first)
        return pa.table(
            {
                "path": pa.array(self.asked.names if is_to_text else truth, pa.string()),
                "way": pa.array([self.way.value] * count, pa.string()),
                "part": pa.array([self.part] * count, pa.string()),
                "query": pa.nulls(count, pa.string()) if is_to_text else pa.array(self.asked.names, pa.string()),
                "truth": pa.array(truth, pa.string()),
                "answer": pa.array(self.offered.names[first], pa.string()),
                "score": pa.array(self.places.scores, pa.float32()),
                "place": pa.array(self.places.ahead + 1, pa.int64()),
                "group": pa.array(self.asked.species, pa.string()),
            }
        )

    def _hits(self, depth: int) -> Floats:
        """Whether a right candidate is among the first k, or how likely, where equals stand at the border."""
        places = self.places
        return hit_chance(places.right, places.level, np.clip(depth - places.ahead, 0, places.level))

    def _of_own_species(self) -> tuple[Indices, Indices]:
        """For each question, the right candidates of its own species, and all candidates of it."""
        numbers, offered = np.unique(self.offered.species.astype(str), return_inverse=True)
        counts = dict(zip(numbers, np.bincount(offered), strict=True))
        asked = self.asked.species[self.right.owners()]
        is_own = (self.offered.species[self.right.values] == asked).astype(np.int64)
        all_own = np.array([counts.get(species, 0) for species in self.asked.species], dtype=np.int64)
        return np.add.reduceat(is_own, self.right.starts), all_own


def _both_ways(
    images: _Side,
    captions: _Side,
    *,
    right: tuple[Lists, Lists],
    places: tuple[Places, Places],
    way: Way,
    suffix: str = "",
    note: str = "",
) -> list[_Direction]:
    return [
        _Direction(part=part + suffix, way=way, asked=asked, offered=offered, right=own, places=place, note=note)
        for part, asked, offered, own, place in zip(
            (TO_TEXT, TO_IMAGE), (images, captions), (captions, images), right, places, strict=True
        )
    ]


def _distinct(values: Sequence[str]) -> tuple[Indices, Indices]:
    """The row where each distinct value stands first, and for every row which distinct value it has."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    place = np.array([numbers[value] for value in values], dtype=np.int64)
    return np.unique(place, return_index=True)[1], place


def _strings(values: Sequence[str]) -> Strings:
    return np.array(values, dtype=object)
