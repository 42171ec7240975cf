"""small: a ViT from scratch that two cores train in minutes, made for the biosphere.

    thuja train small DATA --out RUN

What it keeps of BioCLIP (arXiv:2311.18803): CLIP's loss on the mixture of five text types,
AdamW with betas .9/.98, eps 1e-6 and decay 0.2 that spares 1-D weights, cosine after a linear
warm-up, crops of 0.9 to 1.0 of the area, temperature from 0.07 and never under 0.01.

Where it differs, and why:
                      BioCLIP            small
    image tower       ViT-B/16, 224      ViT of width 128, depth 6, 64 pixels, patch 8
    start             OpenAI's CLIP      from scratch
    batch             16,384             64: more steps in the same minutes
    positives         the pair           every text of the same taxon, as a batch holds many
    text type         one a batch        one a sample; 10 % speak of a clade above the species
    peak rate         1e-4               5e-4: at 1e-3 both towers collapse to one point
"""

from thuja.phrasing import BIOCLIP_MIXTURE
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import Augmentation, ImageTower, Optimizer, TextTower

RECIPE = Recipe(
    name="small",
    image=ImageTower(image_size=64, patch_size=8, width=128, layers=6, head_width=32),
    text=TextTower(width=128, layers=3, heads=4, context_length=77, vocab_size=2048),
    embed_dim=128,
    streams=(
        Stream(
            batch_size=64,
            objectives=(Objective(texts=BIOCLIP_MIXTURE, loss="multi_positive", ancestor_share=0.1),),
        ),
    ),
    epochs=10,
    optimizer=Optimizer(lr=5e-4, weight_decay=0.2),
    warmup_steps=100,
    augmentation=Augmentation(scale=(0.9, 1.0), mirror=True),
)
