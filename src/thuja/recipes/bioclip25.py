"""bioclip25: BioCLIP 2.5 Huge, from its documents: the second paper's training at ViT-H/14.

    torchrun --nproc-per-node 8 -m thuja train bioclip25 TREE_OF_LIFE --stream replay=LAION --out RUN --engine fsdp2

Its documents: ViT-H/14 from LAION-2B's CLIP, 233 million images of the updated TreeOfLife-200M, 986 million
parameters, an embedding of 1,024 numbers, +5.7 % in species and +3.5 % in other tasks over BioCLIP 2.
Batch, rate and epochs are not told: they are BioCLIP 2's here. What differs from that paper is in bioclip2.py.
"""

from dataclasses import replace

from thuja.recipes.bioclip2 import RECIPE as BIOCLIP2
from thuja.train.shape import ImageTower, TextTower

RECIPE = replace(
    BIOCLIP2,
    name="bioclip25",
    start="laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    image=ImageTower(image_size=224, patch_size=14, width=1280, layers=32, head_width=80),
    text=TextTower(width=1024, layers=24, heads=16, vocab_size=49_408),
    embed_dim=1024,
)
