"""biocap: the third paper's training, ICLR 2026, arXiv:2510.20095.

    torchrun --nproc-per-node 8 -m thuja train biocap TREE_OF_LIFE_10M_WITH_CAPTIONS --out RUN

The paper: TreeOfLife-10M with a caption for each image, ViT-B/16 from OpenAI's CLIP, 8 H100 for 30 hours,
50 epochs, 4,096 images a GPU: 32,768. Captions meet the image through a second projector with a second
temperature; image trunk and text tower are shared. Six text types, captions among them, one drawn for each
batch, so that a sixth of the batches are of captions. Peak rate 1e-4, 500 warm-up steps, decay 0.2.

Where we differ, and how to undo it:
                      paper                    here                     as in the paper
    taxon or caption  one of them a batch      both, from one image pass --set per_batch=true
    weights           5 : 1, by the draw       5 : 1, of the losses     (the same in expectation)
    sampling          shards with replacement  each image once an epoch --set sampling=resampled
"""

from thuja.model.config import HeadConfig
from thuja.phrasing import BIOCLIP_MIXTURE, CAPTIONS
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import OPENAI_CROP, ImageTower, Optimizer, TextTower

RECIPE = Recipe(
    name="biocap",
    start="timm/vit_base_patch16_clip_224.openai",
    prepare="squash",
    image=ImageTower(image_size=224, patch_size=16, width=768, layers=12, head_width=64),
    text=TextTower(width=512, layers=12, heads=8, vocab_size=49_408),
    embed_dim=512,
    heads=(HeadConfig(name="caption", has_own_temperature=True),),
    streams=(
        Stream(
            batch_size=32_768,
            objectives=(
                Objective(texts=BIOCLIP_MIXTURE, weight=5 / 6),
                Objective(name="caption", texts=CAPTIONS, head="caption", weight=1 / 6),
            ),
        ),
    ),
    epochs=50,
    optimizer=Optimizer(lr=1e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2, grad_clip=None),
    warmup_steps=500,
    precision="amp_bf16",
    augmentation=OPENAI_CROP,
)
