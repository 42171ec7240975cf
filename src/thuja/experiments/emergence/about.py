"""A word for each arm on emergence, and for what its cells show at a first look."""

from collections.abc import Mapping
from typing import Final

from thuja.experiments.table import Measured

ABOUT: Final[Mapping[str, str]] = {
    "emergence/plain": "lineages as they are",
    "emergence/shuffled": "names shuffled among the species",
    "emergence/cosine": "species as classes by angle, no texts",
    "emergence/untrained": "the model as it is drawn from the seed",
    "emergence/pixels": "raw pixels, 16 by 16",
    "emergence/imagenet": "EfficientNet-lite0, which knows ImageNet",
    "controls/plain": "lineages as they are, the small tower",
    "controls/binomial": "genus and epithet alone",
    "controls/shuffled": "names shuffled among the species",
    "controls/reversed": "lineages from the species up",
    "controls/random": "words of random letters",
    "controls/cosine": "species as classes by angle, no texts",
    "controls/linear": "species as classes by a linear layer, no texts",
    "controls/supervised": "pictures of a species against all others, no texts",
    "controls/untrained": "the small model as it is drawn from the seed",
    "scale/all": "all species and pictures, 64 dimensions, the small tower",
    "scale/species_x1": "a sixteenth of the species, all pictures of each, as many steps",
    "scale/species_x4": "a quarter of the species, as many steps",
    "scale/species_x4_equal_epochs": "a quarter of the species, as many epochs",
    "scale/images_x4": "a quarter of the pictures of each species, as many steps",
    "scale/images_x4_equal_epochs": "a quarter of the pictures of each species, as many epochs",
    "scale/both_x4": "a quarter of the species and of the pictures of each, as many steps",
    "scale/steps_x4": "all species and pictures, a quarter of the steps",
    "scale/narrow": "all species in 16 dimensions",
    "scale/narrow_species_x4": "a quarter of the species in 16 dimensions, as many steps",
}
"""By `GROUP/NAME`."""

MEASURED: Final = (
    Measured(
        name="species_own",
        heading="zero-shot, own ground",
        about="fresh individuals of trained species on their own ground, by the nearest text among the trained "
        "species, worded as the arm was taught. All else is computed from the vectors that a cell keeps.",
    ),
    Measured(name="species_other", heading="zero-shot, another ground", about="the same on another habitat's ground."),
    Measured(name="species_neutral", heading="zero-shot, no ground", about="the same on no ground."),
)
