"""How words join a picture in a search: ways to mix them, held against the truth of a simulated world.

    python benchmarks/query_mixing.py MODEL EMBEDDINGS CATALOG

MODEL was trained on the world's captions, EMBEDDINGS are its vectors of the pictures, CATALOG is the curated folder's
`catalog.parquet`. A task is a picture and one trait to change ("like this, but purple"); right are the pictures with
the new value whose two other traits are the picture's own. Printed is the mean average precision over tasks at each
weight of the words, and that of words alone.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from thuja.embeddings import Embeddings
from thuja.encode import encode_texts
from thuja.model import Model
from thuja.phrasing import PROMPTS, phrase
from thuja.search.query.encoding import Floats, unit
from thuja.taxonomy import Taxon

TRAITS = {
    "colour_1": ("body_plan", "pattern"),
    "colour_2": ("body_plan", "pattern"),
    "pattern": ("body_plan", "colour_1"),
    "body_plan": ("colour_1", "pattern"),
}
"""What is changed, and what stays."""
NEUTRAL = ("an animal", "a plant", "a fungus", "a bird", "a fish", "an insect")
WORLDLY = ("a beast", "a bird", "a fish", "a snail", "a serpent", "a squid", "a mushroom")
"""Words that say nothing, and those of a world that has no insects."""
FRAMES = {"bare": "{}", "a photo of": "a photo of {}.", "sentence": "A {}."}
WEIGHTS = np.linspace(0, 1, 11)
LEAST = 25
"""Pictures of a value that is asked for."""
TASKS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A picture (its row), the words, and which pictures are right (N,)."""

    row: int
    words: str
    right: npt.NDArray[np.bool_]


def average_precision(scores: Floats, right: npt.NDArray[np.bool_], row: int | None = None) -> float:
    """Of the ranking by scores (N,), without the picture itself."""
    order = np.argsort(-scores, kind="stable")
    ranked = right[order if row is None else order[order != row]]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean())


def tasks_of(traits: dict[str, npt.NDArray[np.str_]], generator: np.random.Generator) -> list[Task]:
    """Pictures drawn at random, one value of each trait changed to another one."""
    count = len(traits["pattern"])
    found = []
    for row in generator.permutation(count)[:TASKS].tolist():
        for trait, kept in TRAITS.items():
            value = str(generator.choice(values_of(traits[trait])))
            right = traits[trait] == value
            for name in kept:
                right = right & (traits[name] == traits[name][row])
            if value != traits[trait][row] and right.sum() >= 3:
                found.append(Task(row=row, words=worded(trait, value), right=right))
    return found


def values_of(column: npt.NDArray[np.str_]) -> list[str]:
    values, counts = np.unique(column, return_counts=True)
    return [str(value) for value, count in zip(values, counts, strict=True) if value and count >= LEAST]


def worded(trait: str, value: str) -> str:
    return f"{value} marks" if trait == "colour_2" else value


def mixtures(pictures: Floats, neutrals: dict[str, Floats]) -> dict[str, Callable[[Floats, Floats, float], Floats]]:
    """Ways from a picture (D,), words (D,) and a weight to what is sought (D,)."""

    def spread(part: Floats) -> Floats:
        return np.asarray(part / float((pictures @ part).std()))

    ways: dict[str, Callable[[Floats, Floats, float], Floats]] = {
        "sum": lambda picture, words, weight: (1 - weight) * picture + weight * words,
        "sum at one spread": lambda picture, words, weight: (1 - weight) * spread(picture) + weight * spread(words),
    }
    for name, neutral in neutrals.items():
        ways[f"less {name}"] = lambda picture, words, weight, neutral=neutral: (
            (1 - weight) * picture + weight * unit(words - neutral)
        )
        ways[f"less {name}, at one spread"] = lambda picture, words, weight, neutral=neutral: (
            (1 - weight) * spread(picture) + weight * spread(unit(words - neutral))
        )
    return ways


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


@dataclass(frozen=True, kw_only=True)
class World:
    """Pictures (N, D) with the traits and taxa that they show, and the text tower that reads about them."""

    pictures: Floats
    traits: dict[str, npt.NDArray[np.str_]]
    taxa: Sequence[Taxon]
    model: Model

    @classmethod
    def read(cls, model: Path, embeddings: Path, catalog: Path) -> "World":
        found = Embeddings.load(embeddings).normalized()
        rows = {row["uuid"]: row for row in pq.read_table(catalog).to_pylist()}
        here = [rows[name] for name in found.ids]
        told = [json.loads(row["traits"]) for row in here]
        return cls(
            pictures=found.vectors.astype(np.float32),
            traits={name: np.array([one.get(name, "") for one in told]) for name in TRAITS},
            taxa=sorted({Taxon.from_columns(row) for row in here}),
            model=Model.load(model),
        )

    @cached_property
    def known(self) -> dict[str, Floats]:
        return {}

    def encoded(self, text: str) -> Floats:
        if text not in self.known:
            self.known[text] = np.asarray(encode_texts(self.model, [text])[0])
        return self.known[text]

    def middle(self, texts: Sequence[str]) -> Floats:
        return unit(np.mean([self.encoded(text) for text in texts], axis=0))

    def neutrals(self, frame: str) -> dict[str, Floats]:
        """What words may be held against."""
        return {
            "an organism": self.encoded(frame.format("an organism")),
            "six kinds": self.middle([frame.format(text) for text in NEUTRAL]),
            "the world's kinds": self.middle([frame.format(text) for text in WORLDLY]),
            "its taxa": self.middle([phrase(taxon, "taxon_com") for taxon in self.taxa]),
            "the pictures' mean": unit(self.pictures.mean(axis=0)),
        }


def words_alone(world: World) -> list[list[str]]:
    """How well words alone find the pictures that show what they say, trait by trait."""
    rows = []
    for name in (*FRAMES, "80 prompts"):
        cells = [name]
        for trait, column in world.traits.items():
            scores = []
            for value in values_of(column):
                words = worded(trait, value)
                if name in FRAMES:
                    vector = world.encoded(FRAMES[name].format(words))
                else:
                    vector = encode_texts(world.model, [words], prompts=PROMPTS)[0]
                scores.append(average_precision(world.pictures @ vector, column == value))
            cells.append(f"{np.mean(scores):.3f}")
        rows.append(cells)
    shares = [np.mean([(column == value).mean() for value in values_of(column)]) for column in world.traits.values()]
    return [*rows, ["chance", *(f"{share:.3f}" for share in shares)]]


def ways(world: World, frame: str, tasks: Sequence[Task]) -> list[list[str]]:
    """The mean average precision of every way at every weight."""
    rows = []
    for way, mixed in mixtures(world.pictures, world.neutrals(frame)).items():
        cells = [way]
        for weight in WEIGHTS.tolist():
            found = []
            for task in tasks:
                sought = mixed(world.pictures[task.row], world.encoded(frame.format(task.words)), weight)
                found.append(average_precision(world.pictures @ sought, task.right, task.row))
            cells.append(f"{np.mean(found):.3f}")
        rows.append(cells)
    return rows


def main(model: str, embeddings: str, catalog: str) -> None:
    world = World.read(Path(model), Path(embeddings), Path(catalog))
    table("words alone", ("put as", *world.traits), words_alone(world))
    tasks = tasks_of(world.traits, np.random.default_rng(0))
    for name, frame in FRAMES.items():
        title = f"{len(tasks)} tasks, words put as: {name}"
        table(title, ("way", *(f"{one:.1f}" for one in WEIGHTS)), ways(world, frame, tasks))


if __name__ == "__main__":
    main(*sys.argv[1:])
