"""hierarchical: one contrastive term a rank, each image against the clades of its batch at that rank.

    thuja train hierarchical TREE_OF_LIFE_10M --out RUN

After level-restricted contrastive learning with unique labels (arXiv:2606.21838) and an unmerged pull request to
BioCLIP 2's code: at each of the seven ranks, the columns are the distinct clades of the batch in words
("a photo of Animalia Chordata Aves."), so that no clade is pushed away from itself; image to text and text to
image weigh the same; the seven terms are added.

The pull request's launcher: 4 GPUs, ViT-B/16, batch 4,096 (taken as a GPU's, as in BioCLIP's), 80 epochs, 300
warm-up steps, peak rate 1e-4. It words a clade "an image of ..."; here it is the text type `taxon`. The rest is the
recipe bioclip.
"""

from dataclasses import replace

from thuja.recipes.bioclip import RECIPE as BIOCLIP
from thuja.train.recipe import Objective, Stream

RECIPE = replace(
    BIOCLIP,
    name="hierarchical",
    streams=(Stream(batch_size=16_384, objectives=(Objective(name="levels", loss="levels"),)),),
    label_text="taxon",
    epochs=80,
    warmup_steps=300,
)
