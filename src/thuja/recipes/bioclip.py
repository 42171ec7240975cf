"""bioclip: the first paper's training, CVPR 2024, arXiv:2311.18803.

    thuja train bioclip TREE_OF_LIFE_10M --out RUN
    torchrun --nproc-per-node 8 -m thuja train bioclip TREE_OF_LIFE_10M --out RUN

The paper: TreeOfLife-10M, ViT-B/16 from OpenAI's CLIP, 8 A100 for about 4 days, batch 32,768, 100 epochs,
peak rate 1e-4, 1,000 warm-up steps, decay 0.2, five text types, crops of 0.9 to 1.0 of the area. The public
launcher has 4 GPUs of 4,096 images: 16,384 a step. Images are resampled, an epoch is as many as there are.

Where we differ, and how to undo it:
                      paper                    here                     as in the paper
    text type         one a batch              one a sample             --set per_batch=true
    sampling          shards with replacement  each image once an epoch --set sampling=resampled
    precision         fp16 mixed               bf16 mixed               --set precision=amp_fp16
    a species' own    pushed away from itself  the same                 --set loss=multi_positive is our cure
    other texts
"""

from thuja.phrasing import BIOCLIP_MIXTURE
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import OPENAI_CROP, ImageTower, Optimizer, TextTower

RECIPE = Recipe(
    name="bioclip",
    start="timm/vit_base_patch16_clip_224.openai",
    prepare="squash",
    image=ImageTower(image_size=224, patch_size=16, width=768, layers=12, head_width=64),
    text=TextTower(width=512, layers=12, heads=8, vocab_size=49_408),
    embed_dim=512,
    streams=(Stream(batch_size=32_768, objectives=(Objective(texts=BIOCLIP_MIXTURE),)),),
    epochs=100,
    optimizer=Optimizer(lr=1e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2, grad_clip=None),
    warmup_steps=1_000,
    precision="amp_bf16",
    augmentation=OPENAI_CROP,
)
