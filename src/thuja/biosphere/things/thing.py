"""One picture of things: drawn from (seed, number) alone, with what it shows and the captions it gets."""

from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.biosphere.things.caption import caption
from thuja.biosphere.things.facts import Facts, draw_facts, kind_of
from thuja.biosphere.things.lexicon import Wording
from thuja.errors import UsageError
from thuja.record import Record, Value, uuid_of_source

VERSION = 1
"""Goes up when the same seed gives other pictures or words."""

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingsConfig:
    """The knobs: how many pictures, the share kept for tests, and that of training captions of another picture."""

    seed: int = 0
    images: int = 10_000
    noise: float = 0.0
    test: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"a seed is 0 or more, and below 2^63, got {self.seed}")
        if not 1 <= self.images <= 10**9:
            raise UsageError(f"cannot draw {self.images:,} pictures", hint="--images takes 1 to 1,000,000,000")
        if not 0 <= self.noise <= 1:
            raise UsageError(f"the share of captions of another picture is 0 to 1, got {self.noise}")
        if not 0 <= self.test <= 1:
            raise UsageError(f"the share of test pictures is 0 to 1, got {self.test}")
        if self.noise and self.images < 2:
            raise UsageError("a caption of another picture takes two pictures", hint="more --images, or no --noise")

    @property
    def source(self) -> str:
        """What every record names as its source; two seeds share no uuid."""
        return f"things-{VERSION}-{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One picture. `caption` is what the set says of it, `true_caption` what is true of it; noise parts them."""

    number: int
    source: str
    split: Wording
    facts: Facts
    caption: str
    true_caption: str

    @classmethod
    def of(cls, config: ThingsConfig, number: int) -> Self:
        """The picture of that number; raises UsageError beyond the last one."""
        if not 0 <= number < config.images:
            raise UsageError(f"there is no picture {number} among {config.images:,}", hint="they count from 0")
        split: Wording = "test" if is_test(config, np.array([number]))[0] else "train"
        facts = _facts(config, number)
        truth = caption(facts, split, np.random.default_rng([config.seed, number, VERSION, 1]))
        thing = cls(number=number, source=config.source, split=split, facts=facts, caption=truth, true_caption=truth)
        noise = np.random.default_rng([config.seed, number, VERSION, 2])
        if split == "train" and noise.random() < config.noise:
            return replace(thing, caption=_of_another(config, thing, noise))
        return thing

    @property
    def uuid(self) -> str:
        """The picture's name."""
        return uuid_of_source(self.source, f"{self.number:09d}")

    @property
    def truth(self) -> dict[str, Value]:
        """What is true of the picture, by the columns of the tables."""
        facts = self.facts
        row: dict[str, Value] = {"true_caption": self.true_caption, "is_true": self.caption == self.true_caption}
        row["family"] = kind_of(facts.first).family
        nobody = dict.fromkeys(("kind", "colour", "pattern", "size"), "") | {"count": 0}
        for prefix, group in (("", facts.first), ("second_", facts.second)):
            looks = asdict(group) if group else nobody
            row |= {f"{prefix}object": looks.pop("kind")} | {f"{prefix}{name}": value for name, value in looks.items()}
        return row | {"relation": facts.relation, "scene": facts.scene, "light": facts.light}

    def record(self, size: int, path: str) -> Record:
        """The Record: a caption, no taxon, the truth as traits."""
        return Record(
            uuid=self.uuid,
            path=path,
            caption=self.caption,
            data_source=self.source,
            source_id=f"{self.number:09d}",
            width=size,
            height=size,
            split=self.split,
            traits=self.truth,
        )


def is_test(config: ThingsConfig, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which pictures are kept for tests: a hash of seed and number (SplitMix64), quick for a million at once."""
    golden = 0x9E3779B97F4A7C15
    # The seed is mixed first: added as it is, neighbouring seeds would have neighbouring splits.
    start = int(_mixed(np.array([config.seed], dtype=np.uint64))[0])
    keys = numbers.astype(np.uint64) * np.uint64(golden) + np.uint64(start)
    return np.asarray(_mixed(keys) / 2.0**64 < config.test)


def _mixed(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _facts(config: ThingsConfig, number: int) -> Facts:
    return draw_facts(np.random.default_rng([config.seed, number, VERSION]))


def _of_another(config: ThingsConfig, thing: Thing, generator: np.random.Generator) -> str:
    """A caption of another picture in words of training; the true one where no other picture has another."""
    for _ in range(_TRIES):
        number = (thing.number + 1 + int(generator.integers(config.images - 1))) % config.images
        facts = _facts(config, number)
        if replace(facts, seed=0) != replace(thing.facts, seed=0):
            return caption(facts, "train", generator)
    return thing.true_caption
