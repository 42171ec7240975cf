"""The knobs of a world."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Final, Literal, get_type_hints

from thuja.biosphere.scene import Camera
from thuja.errors import UnknownName, UsageError

VERSION = 2
"""Goes up whenever the same knobs give other names, traits, counts or pictures."""
SEALED: Final = 100
"""Seeds from here on are opened once for each claim; see docs/claims.md."""

_FIELDS: Final = ("kingdoms", "phyla", "classes", "orders", "families", "genera")
_EXPONENTS: Final = (0.21, 0.34, 0.44, 0.565, 0.7, 0.84)
"""Groups per rank as powers of the number of species: 200 species fall into 3, 6, 10, 20, 41, 86."""
_SHARES: Final = (
    "signal", "matched_signal", "convergence", "overlap", "descriptive", "homonyms",
    "confounding", "home", "family_only", "wrong", "dirty", "blank", "ill",
)  # fmt: skip
_LEAST: Final = {"seed": 0, "species": 1, "images": 1, "tail": 0, **dict.fromkeys(_FIELDS, 0)}
_MOST: Final = {
    "misplaced": 0.1,
    "extinction": 0.95,
    "unevenness": 1.0,
    "individual": 1.0,
    "habitat_rate": 100.0,
    "tail": 10.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldConfig:
    """All knobs of a world; each turns one thing. A number of groups left at 0 follows from the number of species.

    Pictures: `images` is the mean number a species; half of it is every species' floor, the rest
    follows Zipf's law with exponent `tail` (0 gives all species the same).

    The tree: lineages die out at `extinction` times the pace at which they split, and paces change by
    exp(normal(0, `unevenness`)) from parent to child. `misplaced` is the share of species whose labels part
    from the tree.

    Traits: `signal` is Pagel's lambda of diagnostic traits, `matched_signal` that of convergent traits
    and decoys beside what a habitat gives them, `convergence` the share of their variance that the habitat (the
    shadow habitat) gives. Habitats change at `habitat_rate` events in the age of the tree. `hidden` are the
    shares of variance that visible traits explain of each hidden variable.

    Within species: `individual` is the variance among individuals in traits that are not noise (where
    it is 1); `overlap` the share of the variance by stage, sex, season and health that lies along the
    differences between species; `ill` the share of sightings of ill specimens.

    Names: shares of `descriptive` names, and of genera that are `homonyms` of one in another kingdom.

    Cameras and labels: `cameras` are those that exist, `confounding` is how far an order has one of its own,
    `home` the share of sightings on the species' own habitat, `blank` that of camera-trap frames without
    anything, beside all others; `family_only`, `wrong` and `dirty` are shares of sightings labelled so.
    `plans`: the usual body plans, or those held out for tests of transfer.
    """

    seed: int = 0
    species: int = 200
    images: int = 40
    tail: float = 1.0
    kingdoms: int = 0
    phyla: int = 0
    classes: int = 0
    orders: int = 0
    families: int = 0
    genera: int = 0
    extinction: float = 0.5
    unevenness: float = 0.2
    misplaced: float = 0.05
    signal: float = 0.8
    matched_signal: float = 0.5
    convergence: float = 0.5
    habitat_rate: float = 10.0
    hidden: tuple[float, ...] = (0.3, 0.6)
    individual: float = 0.05
    overlap: float = 0.25
    ill: float = 0.2
    descriptive: float = 0.0
    homonyms: float = 0.02
    cameras: tuple[str, ...] = tuple(camera.value for camera in Camera)
    confounding: float = 0.5
    home: float = 0.5
    blank: float = 0.01
    family_only: float = 0.1
    wrong: float = 0.015
    dirty: float = 0.1
    plans: Literal["usual", "held_out"] = "usual"

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))  # JSON has lists only
        object.__setattr__(self, "cameras", tuple(self.cameras))
        for name in (*_LEAST, *_MOST, *_SHARES):
            least, most = _LEAST.get(name, 0), _MOST.get(name, 1 if name in _SHARES else 2**31 - 1)
            self._require(name, getattr(self, name), least=least, most=most)
        for share in self.hidden:
            self._require("hidden", share, least=0, most=1)
        for camera in self.cameras:
            if camera not in list(Camera):
                raise UnknownName.of("camera", camera, list(Camera))
        if not self.cameras or len(set(self.cameras)) < len(self.cameras):
            raise UsageError("a world has one camera at least, and each once", hint=f"of {', '.join(Camera)}")
        if self.plans not in ("usual", "held_out"):
            raise UnknownName.of("set of plans", self.plans, ("usual", "held_out"))
        if self.family_only + self.wrong + self.dirty > 1:
            raise UsageError(
                "family_only, wrong and dirty add up to more than all labels", hint="together they are at most 1"
            )
        above = ("1", 1)
        for name, count in (*zip(_FIELDS, self.groups, strict=True), ("species", self.species)):
            if count < above[1]:
                raise UsageError(
                    f"a world of {count} {name} cannot have {above[1]} {above[0]}",
                    hint="each rank has at least as many groups as the rank above it",
                )
            above = (name, count)

    @staticmethod
    def _require(name: str, value: float, *, least: float, most: float) -> None:
        if not least <= value <= most:  # NaN is neither
            limits = f"at least {least}" if most == 2**31 - 1 else f"from {least} to {most}"
            raise UsageError(f"a world cannot have {name} {value}", hint=f"{name} is {limits}")

    @property
    def groups(self) -> tuple[int, ...]:
        """The number of groups from kingdoms to genera that the tree is cut into."""
        counts: list[int] = []
        for name, exponent in zip(_FIELDS, _EXPONENTS, strict=True):
            asked: int = getattr(self, name)
            counts.append(asked or max(1, round(self.species**exponent)))
        # A number that nobody asked for gives way to those that somebody did.
        for level in range(1, len(counts)):
            if not getattr(self, _FIELDS[level]):
                counts[level] = max(counts[level], counts[level - 1])
        for level in reversed(range(len(counts))):
            below = counts[level + 1] if level + 1 < len(counts) else self.species
            if not getattr(self, _FIELDS[level]):
                counts[level] = min(counts[level], below)
        return tuple(counts)

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell worlds apart."""
        knobs = json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(knobs.encode()).hexdigest()[:8]


CLEAN: Final = {"family_only": 0.0, "wrong": 0.0, "dirty": 0.0, "blank": 0.0, "misplaced": 0.0, "homonyms": 0.0}
"""Knobs of a world in which every label is right."""


def knobs_of(texts: list[str]) -> dict[str, object]:
    """Knobs written as `name=value`, as on a command line; raises UnknownName or UsageError."""
    kinds = get_type_hints(WorldConfig)
    found: dict[str, object] = {}
    for text in texts:
        name, _, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in kinds:
            raise UnknownName.of("knob", name, [field.name for field in fields(WorldConfig)])
        try:
            parts = [part.strip() for part in value.split(",") if part.strip()]
            if name in ("hidden", "cameras"):
                found[name] = tuple(map(float, parts) if name == "hidden" else parts)
            else:
                found[name] = value.strip() if name == "plans" else kinds[name](value)
        except ValueError as error:
            what = (
                "a whole number"
                if kinds[name] is int
                else "numbers parted by commas"
                if name == "hidden"
                else "a number"
            )
            raise UsageError(f'the knob {name} cannot be "{value}"', hint=f"it is {what}, as in {name}=1") from error
    return found
