"""bioclip2: the second paper's training, NeurIPS 2025, arXiv:2505.23883.

    torchrun --nproc-per-node 8 -m thuja train bioclip2 TREE_OF_LIFE_200M --stream replay=LAION --out RUN
    thuja train bioclip2 TREE_OF_LIFE_200M --stream replay=LAION --out RUN

The first on the eight GPUs of one machine (docs/train-clusters.md has jobs for four machines), the second on one GPU,
by gradient caching.

The paper: TreeOfLife-200M, ViT-L/14 from LAION-2B's CLIP, 32 H100 for about 10 days, 30 epochs. In every batch
2,816 organisms and 320 pairs of LAION-2B a GPU, 90,112 and 10,240 in all: the second stream replays what the
model knew. It meets its captions through a projector of its own, with the same temperature; the two losses are
added. Peak rate 1e-4, 1,875 warm-up steps, decay 0.2, pure bf16.

Where we differ, and how to undo it:
                      paper                    here                     as in the paper
    text type         one a batch              one a sample             --set per_batch=true
    sampling          shards with replacement  each image once an epoch --set sampling=resampled
                                                                        --set streams.replay.sampling=resampled
    precision         weights in bf16          bf16 mixed, fp32 weights --set precision=pure_bf16
    second projector  not published            kept in the model folder, as the head `replay`
"""

from thuja.model.config import HeadConfig
from thuja.phrasing import BIOCLIP_MIXTURE, CAPTIONS
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import OPENAI_CROP, ImageTower, Optimizer, TextTower

RECIPE = Recipe(
    name="bioclip2",
    start="laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
    prepare="squash",
    image=ImageTower(image_size=224, patch_size=14, width=1024, layers=24, head_width=64),
    text=TextTower(width=768, layers=12, heads=12, vocab_size=49_408),
    embed_dim=768,
    heads=(HeadConfig(name="replay"),),
    streams=(
        Stream(batch_size=90_112, objectives=(Objective(texts=BIOCLIP_MIXTURE),)),
        Stream(name="replay", batch_size=10_240, objectives=(Objective(name="pairs", texts=CAPTIONS, head="replay"),)),
    ),
    epochs=30,
    optimizer=Optimizer(lr=1e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2, grad_clip=None),
    warmup_steps=1_875,
    precision="amp_bf16",
    augmentation=OPENAI_CROP,
)
