"""Training of the small captioner."""

import numpy as np
import pytest
import torch

from thuja.model.captioner import CaptionerConfig, ImageCaptioner
from thuja.model.config import TextConfig
from thuja.model.sight import SightConfig
from thuja.train.captioning import CaptioningSettings, Lesson, Told, train_captioner, write_all
from thuja.train.shape import Optimizer

WORDS = ("red", "lime", "blue")
CALLED = [f"A {name}-winged bird." for name in WORDS]
SETTINGS = CaptioningSettings(
    config=CaptionerConfig(
        vision=SightConfig(image_size=4, channels=(8, 8), layers=1),
        text=TextConfig(context_length=16, vocab_size=600, width=16, heads=2, layers=1),
        guidance_length=12,
    ),
    looks=20,
    steps=120,
    species=4,
    pictures=2,
    warmup=5,
    blank=0.0,
    move=0,
    shares={"bare": 0.9, "guided": 0.1},
    optimizer=Optimizer(lr=2e-2),
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def trained() -> ImageCaptioner:
    return train_captioner(lessons(), SETTINGS, seed=0)


def lessons() -> list[Lesson]:
    """Three species, each of one plain colour, that are called after it."""
    found = []
    for channel, name in enumerate(WORDS):
        pixels = np.zeros((3, 4, 4, 3), dtype=np.uint8)
        pixels[..., channel] = 250
        said = [CALLED[channel]] * 3
        found.append(
            Lesson(
                kind=name,
                pixels=pixels,
                captions=said,
                shown=[{"colour": name}] * 3,
                descriptions=[f"it is {name}."],
                examples=said,
            )
        )
    return found


def nothing_told(species: int) -> Told:
    return Told(descriptions=[""] * species, examples=[[]] * species)


def test_a_captioner_learns_what_its_pictures_are_called(trained: ImageCaptioner) -> None:
    pixels = np.stack([lesson.pixels[0] for lesson in lessons()])
    said = write_all(trained, pixels, species=[0, 1, 2], told=nothing_told(3), seed=0)
    assert said == CALLED
    blind = write_all(trained, pixels, species=[0, 1, 2], told=nothing_told(3), seed=0, is_blank=True)
    assert blind != said
    assert said == write_all(trained, pixels, species=[0, 1, 2], told=nothing_told(3), seed=0)


def test_the_same_seed_trains_the_same_captioner() -> None:
    short = CaptioningSettings(config=SETTINGS.config, looks=3, closer=2, steps=6, species=2, pictures=2, warmup=2)
    first, again, other = (train_captioner(lessons(), short, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.token_embedding, again.token_embedding)
    assert not torch.equal(first.token_embedding, other.token_embedding)


def test_each_picture_is_told_of_its_own_species(trained: ImageCaptioner) -> None:
    """Rows of what is told are species, not pictures."""
    pixels = np.stack([lessons()[row].pixels[0] for row in (2, 0, 2)])
    told = Told(descriptions=[f"it is {name}." for name in WORDS], examples=[[]] * 3)
    assert write_all(trained, pixels, species=[2, 0, 2], told=told, seed=0) == [CALLED[2], CALLED[0], CALLED[2]]
