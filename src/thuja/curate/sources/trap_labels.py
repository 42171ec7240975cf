"""Labels of camera traps that name no organism: the frame is empty, shows a person or a car, or nobody could tell.

The words are those of the categories of LILA's data sets (its taxonomy mapping lists them), in lower case with `_` for
blanks; the format's page asks for `empty`, which older files call by a dozen names.
"""

import re

SEVERAL = "several_taxa"

_WORDS = {
    "empty_frame": (
        "empty", "blank", "none", "nothing", "no_animal", "no_animals", "false_trigger", "false_positive", "misfire",
        "ghost", "no_fish", "nothing_here", "non_animal", "background",
    ),
    "human": (
        "human", "humans", "person", "persons", "people", "homo_sapiens", "hiker", "hunter", "park_rangers", "ranger",
        "human_non_park", "human_park", "homo_species", "bicyclist", "bicycle", "cyclist", "horse_rider", "rider",
    ),
    "no_organism": (
        "vehicle", "vehicles", "car", "truck", "motorcycle", "bike", "boat", "atv", "snowmobile", "aircraft",
        "calibration", "setup", "pickup", "setup_pickup", "start", "end", "fire", "foggy_lens", "foggy_weather",
        "lens_obscured", "misdirected", "malfunction", "camera_malfunction", "corrupt", "corrupted", "problem",
        "time_lapse", "tape", "trash", "sun", "rain", "snow", "snow_on_lens", "vegetation_obstruction",
        "vegetation", "unusable",
    ),
    "unidentified": (
        "unknown", "unidentified", "unidentifiable", "unid", "unclassified", "unlabeled", "unlabelled", "other",
        "unknown_animal", "unidentified_animal", "unidentifiable_animal", "animal", "animals", "ambiguous", "ignore",
        "no_cv_result", "undetermined", "uncertain", "not_listed", "unk", "review",
    ),
}  # fmt: skip
_REASONS = {word: reason for reason, words in _WORDS.items() for word in words}


def reason_of(label: str) -> str | None:
    """Why a label names no organism; None where it may name one.

    >>> reason_of("False Trigger"), reason_of("gray_wolf")
    ('empty_frame', None)
    """
    word = re.sub(r"[^a-z]+", "_", label.lower()).strip("_")
    return _REASONS.get(word) or (None if word else "no_label")
