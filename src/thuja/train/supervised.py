"""The supervised contrastive loss: pictures of one species are drawn together, and no text is read."""

import torch
from torch import Tensor

from thuja.train.world import ALONE, World


def supervised_contrastive_loss(image: Tensor, keys: Tensor, scale: Tensor, *, world: World = ALONE) -> Tensor:
    """Each image against all others of the batch, those of its own species being right.

        L = mean_{i : P(i) not empty} [ log sum_{a != i} exp z_ia - mean_{p in P(i)} z_ip ],   z_ia = s x_i.x_a

    `image` is (n, D) at length one, `keys` (n,) int64 the images' species, -1 for one that is left out; P(i) are the
    other images of i's species, of all processes. An image alone of its species counts among the others' negatives.
    It holds n rows of the batch's similarities: more memory than the losses of `thuja.train.loss` need. Source:
    arXiv:2004.11362, equation 2, with one view an image.
    """
    with torch.autocast(image.device.type, enabled=False):
        everybody, species = world.gather(image), world.gather(keys)
        own = torch.arange(len(image), device=image.device)[:, None] + world.rank * len(image)
        is_other = (own != torch.arange(len(everybody), device=image.device)) & (species >= 0)
        is_right = is_other & (keys[:, None] == species) & (keys >= 0)[:, None]
        is_counted = is_right.any(dim=1)
        count = world.gather(is_counted.sum().view(1)).sum().clamp(min=1)
        wide = torch.promote_types(image.dtype, torch.float32)
        near = scale * image[is_counted].to(wide) @ everybody.to(wide).T
        every = near.masked_fill(~is_other[is_counted], -torch.inf).logsumexp(dim=1)
        right = is_right[is_counted]
        paired = (near * right).sum(dim=1) / right.sum(dim=1)
        return (every - paired).sum() * world.size / count
