"""The small captioner: what it may see, how it draws words, its folder."""

import re
from pathlib import Path

import pytest
import torch

from thuja.errors import BadFile, UsageError
from thuja.model.captioner import CaptionerConfig, ImageCaptioner
from thuja.model.config import TextConfig
from thuja.model.sight import SightConfig
from thuja.model.tokenizer import Tokenizer

TEXTS = ["a red bird with a long tail.", "a blue fish that has spots."]


def captioner(seed: int = 0) -> ImageCaptioner:
    tokenizer = Tokenizer.train(TEXTS * 2, 540)
    config = CaptionerConfig(
        vision=SightConfig(image_size=8, channels=(8, 8), layers=1),
        text=TextConfig(context_length=12, vocab_size=tokenizer.vocab_size, width=16, heads=2, layers=2),
        guidance_length=24,
    )
    return ImageCaptioner.create(config, tokenizer, torch.Generator().manual_seed(seed)).eval()


def images(count: int = 2) -> torch.Tensor:
    return torch.randn((count, 3, 8, 8), generator=torch.Generator().manual_seed(1))


def tokens(model: ImageCaptioner) -> torch.Tensor:
    return model.tokenizer.pad(model.tokenizer.encode(TEXTS, 12))


@torch.no_grad()
def test_a_later_token_changes_no_earlier_answer() -> None:
    model = captioner()
    ids = tokens(model)
    memory = model.read(model.words(["it is red.", ""], [[], TEXTS]))
    before = model(images(), ids, memory)
    changed = ids.clone()
    changed[:, 5] = 7
    after = model(images(), changed, memory)
    torch.testing.assert_close(after[:, :5], before[:, :5])
    assert (after[:, 5:] - before[:, 5:]).abs().max() > 1e-3


@torch.no_grad()
def test_a_row_without_words_to_go_by_is_as_if_none_had_any() -> None:
    model = captioner()
    ids = tokens(model)
    bare = model(images(), ids, model.nothing(2))
    mixed = model(images(), ids, model.read(model.words(["", "it is red."], [[], TEXTS])))
    torch.testing.assert_close(mixed[0], bare[0])
    assert (mixed[1] - bare[1]).abs().max() > 1e-4
    torch.testing.assert_close(model(images(), ids, model.read(model.words(["", ""], [[], []]))), bare)


@torch.no_grad()
def test_what_is_padded_behind_words_to_go_by_changes_nothing() -> None:
    model = captioner()
    ids = tokens(model)
    alone = model(images(1), ids[:1], model.read(model.words(["it is red."], [[]])))
    beside = model(images(2), ids, model.read(model.words(["it is red.", "it has a long tail."], [[], TEXTS])))
    torch.testing.assert_close(beside[:1], alone)


@torch.no_grad()
def test_words_written_one_by_one_are_the_likeliest_of_one_pass() -> None:
    """Keys and values that are kept give what reading the whole caption anew gives."""
    model = captioner()
    memory = model.read(model.words(["it is red.", "it has spots."], [TEXTS, []]))
    ids = torch.full((2, 1), model.tokenizer.start)
    for _ in range(11):
        following = model(images(), ids, memory)[:, -1].argmax(dim=1)
        ids = torch.cat([ids, following[:, None]], dim=1)
    ends = [row.index(model.tokenizer.end) if model.tokenizer.end in row else None for row in ids.tolist()]
    expected = [model.tokenizer.decode(row[:end]) for row, end in zip(ids.tolist(), ends, strict=True)]
    written = model.write(images(), memory, torch.Generator(), temperature=0)
    assert [re.sub(r"[ .,-]", "", one.lower()) for one in written] == [
        re.sub(r"[ .,-]", "", one.lower()) for one in expected
    ]


def test_captions_come_again_from_one_seed() -> None:
    model = captioner()

    def written(seed: int) -> list[str]:
        return model.write(images(8), model.nothing(8), torch.Generator().manual_seed(seed), temperature=2)

    assert written(3) == written(3) != written(4)


@torch.no_grad()
def test_a_caption_that_never_ends_stops_at_the_most_tokens() -> None:
    model = captioner()
    red = model.tokenizer.encode(["red"], 12)[0][1]
    for weight in (model.ln_final.weight, model.token_embedding):
        weight.zero_()
    model.token_embedding[red] = 1
    model.ln_final.bias.fill_(1)  # whatever it reads, it says "red"
    assert model.write(images(1), model.nothing(1), torch.Generator(), temperature=0) == ["Red" + 10 * " red"]


@torch.no_grad()
def test_words_to_go_by_are_cut_to_what_the_captioner_takes() -> None:
    model = captioner()
    words = model.words(["red " * 60, "red"], [TEXTS, TEXTS])
    assert words.ids.shape == (2, 24)
    assert model.read(words).is_real.sum(dim=1).tolist() == [24, 24]


@torch.no_grad()
def test_a_saved_captioner_says_the_same(tmp_path: Path) -> None:
    model = captioner()
    model.save(tmp_path)
    again = ImageCaptioner.load(tmp_path)
    ids = tokens(model)
    assert torch.equal(again(images(), ids, again.nothing(2)), model(images(), ids, model.nothing(2)))
    assert again.config == model.config


def test_an_image_that_does_not_halve_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be of"):
        SightConfig(image_size=20, channels=(8, 8, 8))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="is no captioner's"):
        ImageCaptioner.load(tmp_path)


@torch.no_grad()
def test_told_words_are_likelier_by_the_bonus_alone_and_only_in_their_own_row() -> None:
    model = captioner()
    ids = tokens(model)
    memory = model.read(model.words(["it is red.", "it is blue."], [[], TEXTS[:1]]))
    before = model(images(), ids, memory)
    model.bonus.bias.copy_(torch.tensor([0.5, 0.2]))
    gained = model(images(), ids, memory) - before
    red, blue, bird = (model.tokenizer.encode([word], 12)[0][1] for word in ("red", "blue", "bird"))
    assert gained[0, :, red].tolist() == pytest.approx([5.0] * ids.shape[1], rel=1e-3)
    assert gained[1, 0, [red, blue, bird]].tolist() == pytest.approx([2.0, 5.0, 2.0], rel=1e-3)
    assert gained[0, 0, [blue, bird]].tolist() == pytest.approx([0.0, 0.0], abs=1e-4)
    assert gained[:, :, model.tokenizer.end].abs().max() < 1e-4
