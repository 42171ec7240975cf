"""Sentences that speak of several clades of one batch: each is true of the images of all of them.

A common name may be that of two species. By the key of its clade alone, the one sentence would be
right for an image and wrong for another that is taught by the very same words.
"""

import torch
from torch import Tensor

from thuja.train.loss import Keys
from thuja.train.world import World


def share_sentences(keys: Keys, sentence: Tensor, world: World) -> Keys:
    """The keys by which what is said of several clades, in the same words, is true of the images of each.

    `sentence` (b,) is a number for the words of each text. Such a text gets these as its key, in a
    column of its own behind the K there are; nothing else is true that was not. Where an image's
    clades have several such sentences in one column, its own counts, or else one of them.
    """
    columns = keys.image.shape[1]
    text, level, said = (world.gather(each) for each in (keys.text, keys.level, sentence))
    is_there = text >= 0
    text, level, said = text[is_there], level[is_there], said[is_there]
    if not len(text):
        return keys
    known, place = torch.unique(text, return_inverse=True)
    clade = place * columns + level  # of each text
    words, of_text = torch.unique(said, return_inverse=True)
    lowest = clade.new_full((len(words),), len(known) * columns).scatter_reduce(0, of_text, clade, "amin")
    highest = clade.new_zeros(len(words)).scatter_reduce(0, of_text, clade, "amax")
    is_shared = lowest != highest  # (S,)
    if not is_shared.any():
        return keys
    used = torch.unique(lowest[is_shared] % columns)
    slot = torch.searchsorted(used, lowest % columns).clamp(max=len(used) - 1)  # (S,)
    by_shared = is_shared[of_text]
    spoken = clade.new_full((len(known) * columns,), -1)  # the words that are said of each clade
    spoken = spoken.scatter_reduce(0, clade[by_shared], of_text[by_shared], "amax")
    behind = keys.image.new_full((len(keys.image), len(used)), -1)
    for column in range(columns):
        key = keys.image[:, column].contiguous()
        at = torch.searchsorted(known, key).clamp(max=len(known) - 1)
        found = torch.where(known[at] == key, spoken[at * columns + column], -1)  # (b,)
        rows = (found >= 0).nonzero()[:, 0]
        behind[rows, slot[found[rows]]] = words[found[rows]]
    own = torch.searchsorted(words, sentence.contiguous()).clamp(max=len(words) - 1)  # (b,)
    rows = ((keys.text >= 0) & is_shared[own]).nonzero()[:, 0]
    behind[rows, slot[own[rows]]] = sentence[rows]
    text, level = keys.text.clone(), keys.level.clone()
    text[rows], level[rows] = sentence[rows], columns + slot[own[rows]]
    return Keys(image=torch.cat([keys.image, behind], dim=1), text=text, level=level)
