"""The contrastive losses. Each has its formula and its source."""

import torch
import torch.nn.functional as F
from torch import Tensor


def clip_loss(image: Tensor, text: Tensor, scale: Tensor, *, taxon: Tensor | None = None) -> Tensor:
    """CLIP's loss: the mean of the two cross-entropies over the batch's similarity matrix.

        L = -1/2B sum_i [ log softmax_j(s x_i.t_j)_i + log softmax_j(s t_i.x_j)_i ]

    `image` and `text` are (B, D) at length one, `scale` the inverse temperature. With `taxon`
    ((B,) integers), every pair of one taxon is a positive and the target is spread evenly over
    them, as in supervised contrastive learning (arXiv:2004.11362, eq. 2); all different, it is
    the plain loss. Source: arXiv:2103.00020, figure 3.
    """
    logits = scale * image @ text.T  # (B, B)
    if taxon is None:
        target = torch.arange(len(logits), device=logits.device)
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    same = (taxon[:, None] == taxon[None, :]).to(logits.dtype)  # (B, B), symmetric
    share = same / same.sum(dim=1, keepdim=True)
    return (F.cross_entropy(logits, share) + F.cross_entropy(logits.T, share)) / 2
