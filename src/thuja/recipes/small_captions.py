"""small-captions: the recipe `small`, taught captions beside names: BioCAP's third step in minutes on two cores.

    thuja train small-captions CAPTIONED --out RUN

CAPTIONED is what `thuja captions make` wrote, or any data with captions. As in BioCAP (arXiv:2510.20095) captions
meet the image through a projector and a temperature of their own, and weigh a sixth; all else is as in `small`. A
picture without a caption is learnt by its names.
"""

from dataclasses import replace

from thuja.model.config import HeadConfig
from thuja.phrasing import CAPTIONS
from thuja.recipes.small import RECIPE as SMALL
from thuja.train.recipe import Objective

_LIFE = SMALL.streams[0]

RECIPE = replace(
    SMALL,
    name="small-captions",
    heads=(HeadConfig(name="caption", has_own_temperature=True),),
    streams=(
        replace(
            _LIFE,
            objectives=(*_LIFE.objectives, Objective(name="caption", texts=CAPTIONS, head="caption", weight=1 / 6)),
        ),
    ),
)
