"""The contrastive losses. Each has its formula and its source."""

import torch
import torch.nn.functional as F
from torch import Tensor


def clip_loss(image: Tensor, text: Tensor, scale: Tensor, *, positive: Tensor | None = None) -> Tensor:
    """CLIP's loss: the mean of the two cross-entropies over the batch's similarity matrix.

        L = -1/2B sum_i [ log softmax_j(s x_i.t_j)_i + log softmax_j(s t_i.x_j)_i ]

    `image` and `text` are (B, D) at length one, `scale` the inverse temperature. `positive` is a
    (B, B) mask of which text (column) is true of which image (row), the diagonal always; each
    image's target is spread evenly over its true texts, and each text's over its true images, as
    in supervised contrastive learning (arXiv:2004.11362, eq. 2). A diagonal mask is the plain
    loss. Source: arXiv:2103.00020, figure 3.
    """
    logits = scale * image @ text.T  # (B, B)
    if positive is None:
        target = torch.arange(len(logits), device=logits.device)
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    mask = positive.to(logits.dtype)
    of_images = mask / mask.sum(dim=1, keepdim=True)
    of_texts = mask.T / mask.T.sum(dim=1, keepdim=True)
    return (F.cross_entropy(logits, of_images) + F.cross_entropy(logits.T, of_texts)) / 2
