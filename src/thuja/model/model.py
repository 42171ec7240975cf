"""The model: two towers, their heads, tokenizer and image preparation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.errors import ThujaError, UsageError
from thuja.images import Preparation
from thuja.model.checkpoint import Contents, read_contents, write_contents
from thuja.model.config import TAXONOMY, HeadConfig, ModelConfig, TrunkConfig, VisionConfig, head_named
from thuja.model.efficientnet import TrunkTower, imagenet_weights, projector
from thuja.model.published import find_model
from thuja.model.text import TextTower
from thuja.model.tokenizer import Tokenizer
from thuja.model.vit import VisionTransformer, resize_positions
from thuja.model.weights import hash_of_tensors, load_weights

INITIAL_SCALE = math.log(1 / 0.07)
MAX_SCALE = 100.0
_POSITIONS = "visual.positional_embedding"


class Head(nn.Module):
    """A further visual projection, with a temperature of its own or the model's."""

    def __init__(self, config: ModelConfig, head: HeadConfig) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.empty(())) if head.has_own_temperature else None
        self.proj: nn.Parameter | nn.Sequential
        if isinstance(config.vision, VisionConfig):
            self.proj = nn.Parameter(torch.empty(config.vision.width, config.embed_dim))
        else:
            self.proj = projector(config.vision, config.embed_dim)

    def project(self, features: Tensor) -> Tensor:
        """(B, F) features to (B, D), not normalised."""
        if isinstance(self.proj, nn.Parameter):
            return features @ self.proj
        out: Tensor = self.proj(features)
        return out


class Model(TextTower):
    """Images and texts to one embedding space of D dimensions.

    It is a text tower with `visual`, `logit_scale` and `heads` beside, and not one that has a text
    tower, because open_clip keeps the text tower's parts at the top of its checkpoints: so every
    parameter here has the name that it has there. The `taxonomy` head is `visual.proj` with
    `logit_scale`; further ones are in `heads`.
    """

    def __init__(self, config: ModelConfig, tokenizer: Tokenizer, preparation: Preparation) -> None:
        """Lay the model out with its weights unset; see `create` and `load`."""
        super().__init__(config.text, config.embed_dim, act=config.act)
        if tokenizer.vocab_size > config.text.vocab_size:
            raise UsageError(
                f"the tokenizer has {tokenizer.vocab_size} tokens, the text tower room for {config.text.vocab_size}"
            )
        self.config = config
        self.tokenizer = tokenizer
        self.preparation = preparation
        self.id = "untrained"
        self.facts: Mapping[str, Any] = {}
        self.visual: VisionTransformer | TrunkTower
        if isinstance(config.vision, VisionConfig):
            self.visual = VisionTransformer(config.vision, config.embed_dim, act=config.act)
        else:
            self.visual = TrunkTower(config.vision, config.embed_dim)
        self.logit_scale = nn.Parameter(torch.empty(()))
        self.heads = nn.ModuleDict({head.name: Head(config, head) for head in config.heads})

    @classmethod
    def create(
        cls, config: ModelConfig, tokenizer: Tokenizer, preparation: Preparation, *, generator: torch.Generator
    ) -> "Model":
        """A model with weights drawn from `generator`; further heads start as copies of `taxonomy`.

        A convolutional trunk is drawn too: `load_imagenet` puts the trained one in its place.
        """
        with torch.device("meta"):  # no weight is drawn twice, and no global generator is touched
            model = cls(config, tokenizer, preparation)
        model.to_empty(device="cpu")
        model.visual.initialize(generator)
        model.initialize_text(generator)
        nn.init.constant_(model.logit_scale, INITIAL_SCALE)
        model.copy_taxonomy_to_heads()
        return model.eval()

    def load_imagenet(self) -> "Model":
        """Put the ImageNet weights into the convolutional trunk; raises ThujaError for a ViT."""
        if not isinstance(self.visual, TrunkTower):
            raise ThujaError("only a convolutional trunk has ImageNet weights to load")
        load_weights(self.visual.trunk, imagenet_weights())
        return self

    def image_features(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, F) features before any projection, not normalised.

        Raises UsageError for images of another shape than the tower's.
        """
        size = self.config.vision.image_size
        is_free = isinstance(self.config.vision, TrunkConfig)  # a trunk takes the mean of whatever map comes out
        if images.ndim != 4 or images.shape[1] != 3 or not (is_free or images.shape[2:] == (size, size)):
            raise UsageError(
                f"this model takes images (B, 3, {size}, {size}), got {tuple(images.shape)}",
                hint="model.preparation makes them; Model.load(..., image_size=...) takes another size",
            )
        return self.visual.features(images)

    def project(self, features: Tensor, head: str = TAXONOMY, *, normalize: bool = True) -> Tensor:
        """(B, F) features through one head to (B, D); raises UnknownName for another head."""
        known = head_named(self.config, head)
        module = self.visual if known is None else self._head(head)
        embedded = module.project(features)
        return F.normalize(embedded, dim=-1) if normalize else embedded

    def encode_image(self, images: Tensor, head: str = TAXONOMY, *, normalize: bool = True) -> Tensor:
        """(B, 3, S, S) prepared images to (B, D), of length one unless `normalize` is false."""
        return self.project(self.image_features(images), head, normalize=normalize)

    def encode_text(self, texts: Sequence[str] | Tensor, *, normalize: bool = True) -> Tensor:
        """L texts, or (L, T) tokens, to (L, D). Texts are padded to the longest of them only."""
        tokens = texts if isinstance(texts, Tensor) else self.tokenize(texts)
        embedded = self.text_embeddings(tokens.to(self.positional_embedding.device))
        return F.normalize(embedded, dim=-1) if normalize else embedded

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """(L, T) token ids, T the longest text's length."""
        return self.tokenizer.pad(self.tokenizer.encode(texts, self.config.text.context_length))

    def scale(self, head: str = TAXONOMY) -> Tensor:
        """What a head multiplies cosines by: exp of its own `logit_scale`, or of the model's."""
        known = head_named(self.config, head)
        own = self._head(head).logit_scale if known and known.has_own_temperature else None
        return (self.logit_scale if own is None else own).exp()

    def clamp_scales(self) -> None:
        """Keep every temperature's `logit_scale` in [0, ln 100], as CLIP does after each step."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith("logit_scale"):
                    parameter.clamp_(0, math.log(MAX_SCALE))

    def forward(self, images: Tensor, tokens: Tensor, head: str = TAXONOMY) -> tuple[Tensor, Tensor, Tensor]:
        """Both towers in one call, for wrappers such as DDP: (B, D), (L, D) and the scale."""
        return self.encode_image(images, head), self.encode_text(tokens), self.scale(head)

    def copy_taxonomy_to_heads(self) -> None:
        """Start every further head where `taxonomy` stands, as BioCLIP 2 and BioCAP do."""
        with torch.no_grad():
            for head in self.heads.values():
                assert isinstance(head, Head)
                if isinstance(head.proj, nn.Parameter):
                    assert isinstance(self.visual, VisionTransformer)
                    head.proj.copy_(self.visual.proj)
                else:
                    assert isinstance(self.visual, TrunkTower)
                    head.proj.load_state_dict(self.visual.head.state_dict())
                if head.logit_scale is not None:
                    head.logit_scale.copy_(self.logit_scale)

    def trunk_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Everything before the visual projections: what `image_features` depends on."""
        for name, parameter in self.visual.named_parameters(prefix="visual"):
            if not name.startswith(("visual.proj", "visual.head.")):
                yield name, parameter

    def freeze_trunk(self, *, is_frozen: bool = True) -> None:
        """Stop (or let again) gradients into the trunk, so that its features may be cached."""
        for _, parameter in self.trunk_parameters():
            parameter.requires_grad_(not is_frozen)

    @property
    def trunk_id(self) -> str:
        """The trunk's name and the hash of its shape and weights: what its features may be cached under.

        The shape is in it because weights do not tell everything: GELU and QuickGELU have none.
        """
        state = self.visual.state_dict()
        trunk = {name: weight for name, weight in state.items() if not name.startswith(("proj", "head."))}
        kind = self.config.vision.trunk if isinstance(self.config.vision, TrunkConfig) else "vit"
        return f"{kind}-{hash_of_tensors(trunk, beginning=repr((self.config.vision, self.config.act)))}"

    def save(self, folder: Path, *, name: str = "thuja", facts: Mapping[str, Any] | None = None) -> str:
        """Write the model folder; returns its id, `NAME-HASH`, which becomes the model's own.

        `facts` (recipe, data, text type) goes into `thuja.json`; None keeps those that it has.
        """
        self.facts = self.facts if facts is None else facts
        contents = Contents(
            config=self.config,
            tokenizer=self.tokenizer,
            preparation=self.preparation,
            weights=self.state_dict(),
            facts=self.facts,
        )
        self.id = write_contents(folder, contents, name=name)
        return self.id

    @classmethod
    def load(cls, path: Path | str, *, image_size: int | None = None, dtype: torch.dtype = torch.float32) -> "Model":
        """Read a model, ready to encode; see `find_model` for what `path` may be, and what they raise.

        With `image_size` the towers take images of that many pixels: position embeddings are
        interpolated, the preparation follows, and the id says so. Raises UsageError for a size that
        is no multiple of the patch, WeightsMismatch for weights that do not fit. `dtype` is the
        number format of all weights but the temperatures.
        """
        contents = read_contents(find_model(path))
        if image_size is not None and image_size != contents.config.vision.image_size:
            contents = _at_size(contents, image_size)
        with torch.device("meta"):
            model = cls(contents.config, contents.tokenizer, contents.preparation)
        load_weights(model, contents.weights, dtype=dtype)
        model.id, model.facts = contents.id, contents.facts
        return model.eval()

    def _head(self, name: str) -> Head:
        head = self.heads[name]
        assert isinstance(head, Head)
        return head


def _at_size(contents: Contents, image_size: int) -> Contents:
    """The same model for images of another size; the text tower is as it was."""
    config, positions = contents.config.at_size(image_size), contents.weights.get(_POSITIONS)
    weights = dict(contents.weights)
    if isinstance(config.vision, VisionConfig) and positions is not None:
        weights[_POSITIONS] = resize_positions(positions, config.vision.grid)
    return replace(
        contents,
        config=config,
        weights=weights,
        preparation=replace(contents.preparation, size=image_size),
        id=f"{contents.id}-{image_size}px",
    )
