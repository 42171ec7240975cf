"""Where an image speaks for one answer rather than for another: a heat map of a difference of cosines.

The question is always a contrast. What speaks for "raven" alone is mostly what speaks for any bird; the difference
of two text vectors asks for what tells the raven from the crow.
"""

from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from thuja.errors import ThujaError, UnknownName
from thuja.model.config import TAXONOMY
from thuja.model.efficientnet import TrunkTower
from thuja.model.model import Model
from thuja.model.packed import plain_vit
from thuja.model.transformer import Block
from thuja.model.vit import VisionTransformer

Floats = npt.NDArray[np.float32]

Way = Literal["attention", "patches"]
WAYS: Final = get_args(Way)
"""How a ViT's map is made; a convolutional trunk has one way."""


class Attribution:
    """Makes maps from a model, by an image tower in plain float32.

    A tower that `Encoder.prepare` packed or cast cannot be differentiated: its matrices are laid out plainly again, in
    a copy of the tower (340 MB for ViT-B/16). Nothing is read from disk; what was rounded to bfloat16 stays rounded.
    """

    def __init__(self, model: Model, *, head: str = TAXONOMY, way: Way = "attention") -> None:
        if way not in WAYS:
            raise UnknownName.of("way to make a heat map", way, WAYS)
        self.way, self._model, self._head = way, model, head
        visual = model.visual
        with torch.inference_mode(mode=False):  # what a user's inference mode makes knows no gradient
            self._tower = plain_vit(visual, act=model.config.act) if isinstance(visual, VisionTransformer) else visual

    def maps(self, pixels: Floats, directions: Floats) -> Floats:
        """(B, 3, S, S) prepared images and (B, D) directions to (B, h, w): what each place adds to the cosine.

        A direction is the vector of the answer less that of its rival; the map is positive where the image speaks for
        the answer, negative where it speaks for the rival, and that of the opposite direction is its negative. Raises
        ThujaError for shapes that do not fit.
        """
        if pixels.ndim != 4 or directions.shape != (len(pixels), self._model.config.embed_dim):
            raise ThujaError(
                f"a heat map needs images (B, 3, S, S) and directions (B, {self._model.config.embed_dim}), got "
                f"{pixels.shape} and {directions.shape}"
            )
        with torch.inference_mode(mode=False), torch.enable_grad():
            device = self._model.logit_scale.device
            images = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).to(device)
            towards = torch.from_numpy(np.ascontiguousarray(directions, dtype=np.float32)).to(device)
            if isinstance(self._tower, TrunkTower):
                found = self._of_trunk(self._tower, images, towards)
            elif self.way == "patches":
                found = self._of_patches(self._tower, images, towards)
            else:
                found = self._of_attention(self._tower, images, towards)
        maps: Floats = found.detach().float().cpu().numpy()
        return maps

    def _score(self, features: Tensor, towards: Tensor) -> Tensor:
        """(..., F) features and as many directions to (...): the difference of cosines.

        The vector's length is taken as given: it is the same for answer and rival, and maps that also tell what makes
        the vector longer find less (docs/predict-why.md).
        """
        embedded = self._model.project(features, self._head, normalize=False)  # (..., D)
        score: Tensor = (embedded * towards).sum(dim=-1) / embedded.detach().norm(dim=-1)
        return score

    def _of_trunk(self, tower: TrunkTower, images: Tensor, towards: Tensor) -> Tensor:
        """Each place of the last map times the score's gradient there, summed over channels: (B, h, w).

        As the features are the mean of the map, this is Grad-CAM (arXiv:1610.02391) without its rectifier, which would
        hide what speaks for the rival. Behind one matrix the places add up to the difference of cosines.
        """
        with torch.no_grad():
            last = tower.trunk.last_map(images)  # (B, 1280, h, w)
        last.requires_grad_()
        [gradient] = torch.autograd.grad(self._score(last.mean(dim=(2, 3)), towards).sum(), last)
        return (last * gradient).sum(dim=1)

    def _of_attention(self, tower: VisionTransformer, images: Tensor, towards: Tensor) -> Tensor:
        """What the score would lose, to first order, if no place took anything from a patch: (B, grid, grid).

        A gate of 1 stands before the values of each patch, the same in all blocks and heads, and the score's gradient
        by it is told. That is attention times its gradient (arXiv:2103.15679), summed over blocks, heads and the
        places that look, with its sign kept.
        """
        with torch.no_grad():
            x = tower.tokens(images)  # (B, T, W)
        gates = torch.ones(x.shape[:2], device=x.device, requires_grad=True)  # (B, T)
        for block in tower.transformer.resblocks:
            assert isinstance(block, Block)
            x = _gated(block, x, gates)
        x = tower.ln_post(x)
        # Of a mean over patches, each is a part by itself too.
        features = x[:, 0] if tower.config.pool == "token" else (x * gates[..., None])[:, 1:].mean(dim=1)
        [gradient] = torch.autograd.grad(self._score(features, towards).sum(), gates)
        return _square(gradient[:, 1:])

    def _of_patches(self, tower: VisionTransformer, images: Tensor, towards: Tensor) -> Tensor:
        """The direction's cosine with each patch: (B, grid, grid).

        Patches are told by the values that the last block's attention would hand on (arXiv:2112.01071): what it puts
        out at a patch is about other patches as much.
        """
        with torch.no_grad():
            x = tower.tokens(images)
            *early, last = tower.transformer.resblocks
            for block in early:
                x = block(x, is_causal=False)
            assert isinstance(last, Block)
            values = last.attn.project_in(last.ln_1(x)).chunk(3, dim=-1)[2]  # (B, T, W)
            features = tower.ln_post(last.attn.out_proj(values))[:, 1:]
            return _square(self._score(features, towards[:, None]))


def contrast_map(model: Model, pixels: Floats, direction: Floats, *, head: str = TAXONOMY) -> Floats:
    """(3, S, S) prepared pixels and a (D,) direction to (h, w); an `Attribution` makes many of one model."""
    found: Floats = Attribution(model, head=head).maps(pixels[None], direction[None])[0]
    return found


def _gated(block: Block, x: Tensor, gates: Tensor) -> Tensor:
    """A block's (B, T, W) output where the values of each token pass a gate (B, T)."""
    q, k, v = block.attn.split(block.attn.project_in(block.ln_1(x)))
    mixed = F.scaled_dot_product_attention(q, k, v * gates[:, None, :, None])
    x = x + block.attn.out_proj(mixed.transpose(1, 2).flatten(2))
    out: Tensor = x + block.mlp(block.ln_2(x))
    return out


def _square(patches: Tensor) -> Tensor:
    """(B, P) to (B, grid, grid)."""
    side = round(patches.shape[1] ** 0.5)
    return patches.reshape(-1, side, side)
