"""Pictures of known numbers, in shards, and captioners that say what their script says: real ones, of a few lines."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image

from thuja.captions import Answer, CaptionerError, CaptionerStopped, Prompt
from thuja.captions.check.choosing import checks_of
from thuja.captions.check.finding import Check
from thuja.captions.make import GuidancePlan, Handed, Portion
from thuja.images import encode_jpeg
from thuja.record import Record, uuid_of_source
from thuja.shards import ShardWriter
from thuja.taxonomy import Taxon

SPECIES = (
    Taxon(kingdom="Animalia", class_="Aves", family="Corvidae", genus="Corvus", species="corax", common="raven"),
    Taxon(kingdom="Animalia", class_="Aves", family="Corvidae", genus="Pica", species="pica", common="magpie"),
    Taxon(kingdom="Plantae", class_="Magnoliopsida", family="Fagaceae", genus="Quercus", species="robur", common="oak"),
)
ORGANISM = "Organism: "


def jpeg(number: int) -> bytes:
    """A picture of a few blots, another for every number."""
    noise = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return encode_jpeg(Image.fromarray(noise).resize((24, 24), Image.Resampling.NEAREST))


def record_of(number: int, split: str = "train") -> Record:
    return Record(uuid=uuid_of_source("test", f"{number}"), path="", taxon=SPECIES[number % 3], split=split)


def write_shards(folder: Path, sizes: Mapping[str, Sequence[int]]) -> Path:
    """Shards of so many pictures each, by split; numbered through all of them."""
    number = 0
    for split, each in sizes.items():
        with ShardWriter(folder, split, sizes=each) as writer:
            for _ in range(sum(each)):
                writer.write(record_of(number, split), jpeg(number))
                number += 1
    return folder


def sentence(prompt: Prompt, image: bytes) -> str:
    """A caption that all checks accept, and that only this picture has."""
    name = prompt.text.partition(ORGANISM)[2].partition("\n")[0].partition(" (")[0]
    mark = sha256(image).hexdigest()
    patterns = ("spotted", "striped", "plain", "barred", "mottled")
    parts = ("back", "flank", "head", "belly")
    drawn = [patterns[int(mark[0], 16) % 5], parts[int(mark[1], 16) % 4], patterns[int(mark[2], 16) % 5]]
    return f"A {name} with a {drawn[0]} {drawn[1]} and {drawn[2]} sides."


@dataclass(kw_only=True)
class Scripted:
    """Answers by what `script` says for the number of this picture's try; counts what it is asked."""

    script: Callable[[str, int], str | None] = lambda mark, number: None
    stops_after: int | None = None
    fails_after: int | None = None
    asked: Counter[str] = field(default_factory=Counter)
    prompts: list[Prompt] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def __call__(self, image: bytes, prompt: Prompt) -> Answer | str:
        mark = sha256(image).hexdigest()
        with self.lock:
            if self.stops_after is not None and self.asked.total() >= self.stops_after:
                raise CaptionerStopped("the budget of 1 is spent", hint="a higher --budget")
            if self.fails_after is not None and self.asked.total() >= self.fails_after:
                raise CaptionerError("connection refused", reason="no_answer")
            number = self.asked[mark]
            self.asked[mark] += 1
            self.prompts.append(prompt)
        said = self.script(mark, number)
        if said in ("empty", "refused", "no_answer"):
            raise CaptionerError(f"said to be {said}", reason=said, spent=Answer(text="", prompt_tokens=5, cost=0.25))
        return Answer(text=said or sentence(prompt, image), model="scripted", prompt_tokens=100, cost=0.5)


def handed(captioner: Callable[[bytes, Prompt], Answer | str], *, strategy: str = "bare", **more: object) -> Handed:
    """A run's parts around a captioner."""
    guidance = GuidancePlan(strategy=strategy, **more)
    return Handed(open_captioner=lambda portion: captioner, open_checks=checks, guidance=guidance, name="scripted")


def checks() -> Sequence[Check]:
    return checks_of()


def open_noting(portion: Portion, log: Path, delay: float = 0.0) -> Callable[[bytes, Prompt], Answer]:
    """A captioner for other processes: writes a line for every request to `log`, and waits so long."""

    def captioner(image: bytes, prompt: Prompt) -> Answer:
        line = json.dumps({"image": sha256(image).hexdigest(), "parts": portion.parts, "seed": prompt.seed})
        with log.open("a") as file:
            file.write(line + "\n")
        time.sleep(delay)
        # One picture in seven is named wrongly in its first tries, whatever process asks.
        if int(sha256(image).hexdigest(), 16) % 7 == 0 and prompt.seed % 3:
            return Answer(text="A parrot with a green back and red spots.", model="noting")
        return Answer(text=sentence(prompt, image), model="noting", prompt_tokens=100, completion_tokens=10)

    return captioner
