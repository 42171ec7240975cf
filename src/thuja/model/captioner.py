"""A small captioner: what an image tower sees, and words to go by, before the words that a causal decoder writes.

The decoder reads in the order words to go by, image, caption. What stands before the image is the same for all
images of a species, so its keys and values are computed once for them.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.errors import BadFile
from thuja.jobs import write_json
from thuja.model.config import TextConfig
from thuja.model.sight import Sight, SightConfig
from thuja.model.tokenizer import Tokenizer
from thuja.model.transformer import Block, Transformer, draw
from thuja.model.weights import load_weights, read_weights, save_weights

_CONFIG, _WEIGHTS, _TOKENIZER = "captioner.json", "captioner.safetensors", "tokenizer.json"
_BONUS: Final = 10.0
"""Scales the bonus of told words, so that it is learnt within a hundred of AdamW's steps."""
SOURCES: Final = 2
"""Words to go by are of two kinds: a description (0) and example captions (1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionerConfig:
    """`text.context_length` is a caption's most tokens, start and end counted, `guidance_length` those to go by."""

    vision: SightConfig = field(default_factory=SightConfig)
    text: TextConfig = field(default_factory=TextConfig)
    guidance_length: int = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """B rows of words to go by: token ids, which source each is of, and which are no padding, all (B, G)."""

    ids: Tensor
    sources: Tensor
    is_real: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the decoder has read of B rows: keys and values (B, H, T, W/H) of each block; which may be seen (B, T).

    `told` (B, 2, V) is 1 for the words that stand in a row's description and in its examples.
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    is_real: Tensor
    told: Tensor

    def at(self, rows: Tensor) -> "Memory":
        """The memory of these rows, in this order."""
        return self._each(lambda part: part.index_select(0, rows))

    def repeated(self, times: int) -> "Memory":
        """Every row that many times in a row."""
        # Expanded rather than indexed: the gradient is then a sum, where an index would scatter.
        return self._each(lambda part: part.unsqueeze(1).expand(-1, times, *part.shape[1:]).flatten(0, 1))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Memory":
        return Memory(
            keys=tuple(map(change, self.keys)),
            values=tuple(map(change, self.values)),
            is_real=change(self.is_real),
            told=change(self.told),
        )


class ImageCaptioner(nn.Module):
    """Images and words to go by to captions; the embedding of tokens is also what reads them off (tied).

    What was told is likelier to be said, by as much as the decoder finds at each word: a bonus on its logit, as in
    networks that point and copy (arXiv:1603.06393). Attention alone does not learn to copy in minutes.
    """

    def __init__(self, config: CaptionerConfig, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.config, self.tokenizer = config, tokenizer
        text, width = config.text, config.text.width
        self.visual = Sight(config.vision, width, text.heads)
        self.token_embedding = nn.Parameter(torch.empty(text.vocab_size, width))
        self.positions = nn.Parameter(torch.empty(self.patches + text.context_length, width))
        self.guidance_positions = nn.Parameter(torch.empty(config.guidance_length, width))
        self.sources = nn.Parameter(torch.empty(SOURCES, width))
        self.decoder = Transformer(width, text.layers, text.heads, mlp_ratio=text.mlp_ratio, act="gelu")
        self.ln_final = nn.LayerNorm(width)
        self.bonus = nn.Linear(width, SOURCES)

    @property
    def patches(self) -> int:
        """P, the tokens that an image makes."""
        return self.config.vision.places

    @classmethod
    def create(cls, config: CaptionerConfig, tokenizer: Tokenizer, generator: torch.Generator) -> "ImageCaptioner":
        """A captioner whose weights are drawn from the generator."""
        model = cls(config, tokenizer)
        model.visual.initialize(generator)
        model.decoder.initialize(generator)
        # CLIP's 0.02 would drown which word it is in what the first block adds, at a width of a hundred.
        draw(model.token_embedding, config.text.width**-0.5, generator)
        for weight in (model.positions, model.guidance_positions, model.sources):
            draw(weight, 0.5 * config.text.width**-0.5, generator)
        nn.init.zeros_(model.bonus.weight)
        nn.init.zeros_(model.bonus.bias)
        return model

    def words(self, descriptions: Sequence[str], examples: Sequence[Sequence[str]]) -> Words:
        """A description (empty for none) and any number of example captions a row, cut to the guidance's length."""
        rows = []
        for description, captions in zip(descriptions, examples, strict=True):
            texts = [(0, description)] * bool(description) + [(1, caption) for caption in captions]
            encoded = self.tokenizer.encode([text for _, text in texts], self.config.guidance_length)
            tokens = [(token, source) for (source, _), own in zip(texts, encoded, strict=True) for token in own]
            rows.append(tokens[: self.config.guidance_length])
        G = max(map(len, rows), default=0)
        padded = torch.tensor(
            [[*row, *[(self.tokenizer.pad_id, -1)] * (G - len(row))] for row in rows], dtype=torch.int64
        )
        ids, sources = padded.reshape(len(rows), G, 2).unbind(dim=2)
        return Words(ids=ids, sources=sources.clamp(min=0), is_real=sources >= 0)

    def read(self, words: Words) -> Memory:
        """What the decoder keeps of words to go by; of rows without any, nothing that can be seen."""
        G = words.ids.shape[1]
        if not G:
            return self.nothing(len(words.ids))
        x = self.token_embedding[words.ids] + self.sources[words.sources] + self.guidance_positions[:G]
        nothing = self.nothing(len(words.ids))
        place = words.sources * self.config.text.vocab_size + words.ids
        told = nothing.told.flatten(1).scatter_reduce(1, place, words.is_real.float(), "amax")
        told = told.view_as(nothing.told).clone()
        told[..., [self.tokenizer.start, self.tokenizer.end, self.tokenizer.pad_id]] = 0
        return self._run(x, replace(nothing, told=told), is_real=words.is_real)[1]

    def nothing(self, rows: int) -> Memory:
        """The memory of a decoder that has read nothing."""
        text = self.config.text
        empty = self.token_embedding.new_empty((rows, text.heads, 0, text.width // text.heads))
        is_real = torch.zeros((rows, 0), dtype=torch.bool, device=empty.device)
        told = empty.new_zeros((rows, SOURCES, text.vocab_size))
        return Memory(keys=(empty,) * text.layers, values=(empty,) * text.layers, is_real=is_real, told=told)

    def see(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, P, W), the tokens that stand before a caption."""
        seen: Tensor = self.visual(images)
        return seen

    def forward(self, images: Tensor, captions: Tensor, memory: Memory) -> Tensor:
        """(B, 3, S, S) images and (B, T) tokens from the start on to (B, T, V): what should follow each."""
        return self.follow(self.see(images), captions, memory)

    def follow(self, seen: Tensor, captions: Tensor, memory: Memory) -> Tensor:
        """As `forward`, of the (B, P, W) tokens of images."""
        x = torch.cat([seen + self.positions[: self.patches], self._embed(captions, 0)], dim=1)
        out, _ = self._run(x, memory)
        return self._logits(out[:, self.patches :], memory)

    @torch.no_grad()
    def write(
        self, images: Tensor, memory: Memory, generator: torch.Generator, *, temperature: float = 0.6
    ) -> list[str]:
        """A caption of each of (B, 3, S, S) images, drawn at that temperature, or word by word the likeliest at 0."""
        length = self.config.text.context_length
        tokens = torch.full((len(images), 1), self.tokenizer.start)
        x = torch.cat([self.see(images) + self.positions[: self.patches], self._embed(tokens, 0)], dim=1)
        is_done = torch.zeros(len(images), dtype=torch.bool)
        for place in range(1, length):
            out, memory = self._run(x, memory)
            drawn = _drawn(self._logits(out[:, -1:], memory)[:, 0], temperature, generator)
            drawn = torch.where(is_done, self.tokenizer.pad_id, drawn)
            is_done |= drawn == self.tokenizer.end
            tokens = torch.cat([tokens, drawn[:, None]], dim=1)
            if is_done.all():
                break
            x = self._embed(drawn[:, None], place)
        return [_sentence(self.tokenizer.decode(row)) for row in tokens.tolist()]

    def save(self, folder: Path) -> None:
        """Write the captioner's three files."""
        save_weights(Path(folder) / _WEIGHTS, self.state_dict())
        self.tokenizer.save(Path(folder) / _TOKENIZER)
        write_json(Path(folder) / _CONFIG, asdict(self.config))

    @classmethod
    def load(cls, folder: Path) -> "ImageCaptioner":
        """What `save` wrote; raises BadFile."""
        path = Path(folder) / _CONFIG
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            config = CaptionerConfig(
                vision=SightConfig(**{**facts["vision"], "channels": tuple(facts["vision"]["channels"])}),
                text=TextConfig(**facts["text"]),
                guidance_length=facts["guidance_length"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadFile(
                f"{path} is no captioner's: {error}", hint="name the folder of a trained captioner"
            ) from error
        model = cls(config, Tokenizer.load(Path(folder) / _TOKENIZER))
        load_weights(model, read_weights(Path(folder) / _WEIGHTS))
        return model.eval()

    def _embed(self, captions: Tensor, first: int) -> Tensor:
        """(B, T) tokens, the first of them in that place of their captions, to (B, T, W)."""
        begin = self.patches + first
        return self.token_embedding[captions] + self.positions[begin : begin + captions.shape[1]]

    def _logits(self, x: Tensor, memory: Memory) -> Tensor:
        """(B, T, W) to (B, T, V)."""
        normed: Tensor = self.ln_final(x)
        bonus: Tensor = self.bonus(normed) @ memory.told
        return normed @ self.token_embedding.T + _BONUS * bonus

    def _run(self, x: Tensor, memory: Memory, *, is_real: Tensor | None = None) -> tuple[Tensor, Memory]:
        """(B, T, W) behind what was read to (B, T, W), and the memory of both; padding is seen by itself alone."""
        B, T, _ = x.shape
        own = torch.ones((B, T), dtype=torch.bool) if is_real is None else is_real
        causal = torch.ones((T, T), dtype=torch.bool).tril() & own[:, None, :] | torch.eye(T, dtype=torch.bool)
        before = memory.is_real[:, None, :].expand(B, T, -1)
        mask = torch.cat([before, causal], dim=2)[:, None]  # (B, 1, T, T before + T)
        keys, values = [], []
        for block, k_before, v_before in zip(self.decoder.resblocks, memory.keys, memory.values, strict=True):
            assert isinstance(block, Block)
            q, k, v = block.attn.split(block.attn.project_in(block.ln_1(x)))  # each (B, H, T, W/H)
            keys.append(torch.cat([k_before, k], dim=2))
            values.append(torch.cat([v_before, v], dim=2))
            mixed = F.scaled_dot_product_attention(q, keys[-1], values[-1], attn_mask=mask)
            x = x + block.attn.out_proj(mixed.transpose(1, 2).flatten(2))
            x = x + block.mlp(block.ln_2(x))
        is_real = torch.cat([memory.is_real, own], dim=1)
        return x, Memory(keys=tuple(keys), values=tuple(values), is_real=is_real, told=memory.told)


def _drawn(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """(B, V) logits to (B,) tokens."""
    if not temperature:
        return logits.argmax(dim=1)
    return torch.multinomial((logits / temperature).softmax(dim=1), 1, generator=generator)[:, 0]


def _sentence(words: str) -> str:
    """Decoded words as a sentence is written: "A red bird, colour-tipped." of "a red bird , colour - tipped ."."""
    joined = re.sub(r" (?=[.,])| ?- ?", lambda match: match.group().strip(), words)
    return joined[:1].upper() + joined[1:]
