"""What the page of an ablation shows of the arms on captions."""

from typing import Final

from thuja.experiments.table import Measured

MEASURED: Final = (
    Measured(
        name="species_new_template",
        heading="zero-shot, new template",
        about="fresh pictures of trained species by the nearest name, in a sentence that no training text is like.",
    ),
    Measured(
        name="unseen_species_new_template",
        heading="zero-shot unseen, new template",
        about="the same for species never trained, among their own names.",
    ),
    Measured(
        name="to_text",
        heading="to text",
        about="a fresh picture's own caption among the ten nearest of up to 500, in templates and synonyms that "
        "training never had.",
    ),
    Measured(name="to_image", heading="to image", about="such a caption's own picture among the ten nearest."),
    Measured(name="to_text_chance", heading="to text, chance", about="what `to text` is at random."),
    Measured(name="to_image_chance", heading="to image, chance", about="what `to image` is at random."),
    Measured(name="to_text_named", heading="to text, named", about="`to text` with the name before each caption."),
    Measured(name="to_image_named", heading="to image, named", about="`to image` with the name before each caption."),
    Measured(
        name="to_text_known_words",
        heading="to text, known words",
        about="`to text` in the templates and words of training.",
    ),
    Measured(name="to_image_known_words", heading="to image, known words", about="`to image` in the same."),
    Measured(
        name="to_text_named_known_words",
        heading="to text, named, known words",
        about="`to text` in the same, behind the name.",
    ),
    Measured(
        name="to_image_named_known_words",
        heading="to image, named, known words",
        about="`to image` in the same, behind the name.",
    ),
    Measured(
        name="named",
        heading="named traits",
        about="R2 of a linear reading of the traits that texts name, on species never trained; mean over traits.",
    ),
    Measured(
        name="unnamed", heading="unnamed traits", about="the same of the third of the traits that no text ever names."
    ),
    Measured(
        name="image_r2",
        heading="looks by picture, R2",
        about="species' true trait vectors read off the means of their pictures' vectors, on species never trained.",
    ),
    Measured(
        name="image_cca",
        heading="looks by picture, CCA",
        about="the mean of the first five canonical correlations of the two, on species never trained.",
    ),
    Measured(
        name="image_cca_chance",
        heading="looks by picture, CCA, chance",
        about="what one in twenty permutations of the species exceeds.",
    ),
    Measured(name="text_r2", heading="looks by text, R2", about="the same by the vectors of true captions."),
    Measured(name="text_cca", heading="looks by text, CCA", about="the same by the vectors of true captions."),
    Measured(name="text_cca_chance", heading="looks by text, CCA, chance", about="the same by permutation."),
    Measured(
        name="own_by_name",
        heading="own ground, by name",
        about="fresh pictures of trained species, drawn on the ground of the species' habitat, by the nearest name.",
    ),
    Measured(name="other_by_name", heading="other ground, by name", about="the same pictures on another ground."),
    Measured(name="fall_by_name", heading="fall, by name", about="what the other ground takes away."),
    Measured(
        name="own_by_mean",
        heading="own ground, by mean",
        about="the same by the nearest mean of the species' training pictures: the image tower alone.",
    ),
    Measured(name="other_by_mean", heading="other ground, by mean", about="the same pictures on another ground."),
    Measured(name="fall_by_mean", heading="fall, by mean", about="what the other ground takes away."),
    Measured(name="grounds_chance", heading="grounds, chance", about="one in the number of species."),
)
