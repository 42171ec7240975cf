"""The ViT image tower, under open_clip's parameter names."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.model.config import Act, VisionConfig
from thuja.model.transformer import Transformer, draw


class VisionTransformer(nn.Module):
    """Images to features: patches, class token, positions, blocks, pooling, norm.

    `proj` takes the features to the embedding; it is the `taxonomy` head's projection.
    """

    def __init__(self, config: VisionConfig, embed_dim: int, *, act: Act) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.conv1 = nn.Conv2d(3, width, kernel_size=config.patch_size, stride=config.patch_size, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty(config.grid**2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, config.layers, config.heads, mlp_ratio=config.mlp_ratio, act=act)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(width, embed_dim))
        self.lots: Tensor | None = None
        """(B, grid**2) numbers for the next images in training, used once: patch dropout keeps the patches with the
        smallest. None draws them by torch's own generator."""

    @property
    def feature_dim(self) -> int:
        """F, the length of a feature vector before the projection."""
        return self.config.width

    def features(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, F) features, before the projection."""
        x = self.tokens(images)
        if self.config.pool == "token":
            pooled: Tensor = self.ln_post(self.transformer.run_first(x))
            return pooled
        mean: Tensor = self.ln_post(self.transformer(x))[:, 1:].mean(dim=1)
        return mean

    def tokens(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, 1 + P, W): class token and patches, as they enter the first block."""
        patches = self.conv1(images.to(self.conv1.weight.dtype)).flatten(2).transpose(1, 2)  # (B, grid**2, W)
        patches = patches.to(self.class_embedding.dtype)
        token = self.class_embedding.expand(images.shape[0], 1, -1)
        x = torch.cat([token, patches], dim=1) + self.positional_embedding
        if self.training and self.config.patch_dropout:
            x = self._drop_patches(x)
        out: Tensor = self.ln_pre(x)
        return out

    def project(self, features: Tensor) -> Tensor:
        """(B, F) features to (B, D), not normalised."""
        return features @ self.proj

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, D), not normalised."""
        return self.project(self.features(images))

    def _drop_patches(self, x: Tensor) -> Tensor:
        """Keep a random share of the patches of each image, and the class token (arXiv:2212.00794)."""
        B, T, W = x.shape
        kept = max(1, int((T - 1) * (1 - self.config.patch_dropout)))
        lots, self.lots = self.lots, None
        order = (torch.rand(B, T - 1, device=x.device) if lots is None else lots.to(x.device)).argsort(dim=1)
        rows = order[:, :kept, None].expand(-1, -1, W) + 1
        return torch.cat([x[:, :1], x.gather(1, rows)], dim=1)

    def initialize(self, generator: torch.Generator) -> None:
        """Draw every weight: positions, token and projection as CLIP does, patches by their fan-in."""
        width = self.config.width
        draw(self.conv1.weight, (3 * self.config.patch_size**2) ** -0.5, generator)
        for weight in (self.class_embedding, self.positional_embedding, self.proj):
            draw(weight, width**-0.5, generator)
        self.transformer.initialize(generator)
        self.ln_pre.reset_parameters()
        self.ln_post.reset_parameters()


def resize_positions(positions: Tensor, grid: int, *, antialias: bool = True) -> Tensor:
    """(1 + G * G, W) position embeddings to (1 + grid * grid, W), the class token's as it is.

    Bicubic over the grid of patches, in float32; antialiased as open_clip's `resize_pos_embed`.
    Positions that are no class token and a square are returned as they are.
    """
    side = round((len(positions) - 1) ** 0.5)
    if side == grid or side * side + 1 != len(positions):
        return positions
    token, patches = positions[:1].float(), positions[1:].float()
    table = patches.reshape(1, side, side, -1).permute(0, 3, 1, 2)  # (1, W, G, G)
    resized = F.interpolate(table, size=(grid, grid), mode="bicubic", antialias=antialias, align_corners=False)
    return torch.cat([token, resized.flatten(2).transpose(1, 2)[0]]).to(positions.dtype)
