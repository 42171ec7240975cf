"""small-pretrained: a few thousand photos on ImageNet's EfficientNet-lite0, in minutes on two cores.

    thuja train small-pretrained DATA --out RUN

The trunk is frozen and runs over each photo once; its features are cached. A projection and a
text tower are trained on them with BioCLIP's loss and texts (arXiv:2311.18803). Give
`--set unfreeze_epochs=2` to train the trunk too at the end, at `trunk_lr`.

Where it differs from BioCLIP, and why:
                      BioCLIP            small-pretrained
    image tower       ViT-B/16, trained  EfficientNet-lite0 (ImageNet), frozen
    batch             16,384             256
    positives         the pair           every text of the same taxon, as a batch holds many
    text type         one a batch        one a sample; 30 % speak of a clade above the species
    augmentation      random crop        noise on the features, as they are computed once
"""

from thuja.phrasing import BIOCLIP_MIXTURE
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import ImageTower, Optimizer, TextTower

RECIPE = Recipe(
    name="small-pretrained",
    image=ImageTower(trunk="tf_efficientnet_lite0", image_size=224),
    text=TextTower(width=128, layers=3, heads=4, context_length=77, vocab_size=2048),
    embed_dim=256,
    streams=(
        Stream(
            batch_size=256,
            objectives=(Objective(texts=BIOCLIP_MIXTURE, loss="multi_positive", ancestor_share=0.3),),
        ),
    ),
    epochs=40,
    optimizer=Optimizer(lr=1e-3, weight_decay=0.2),
    warmup_steps=50,
    feature_noise=0.3,
)
