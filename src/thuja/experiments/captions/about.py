"""A word for each arm on captions."""

from collections.abc import Mapping
from typing import Final

from thuja.experiments.captions.arms import DOSES
from thuja.experiments.captions.grounds import SHARES

_WHOSE: Final = {
    "bare": "a captioner that sees the picture alone",
    "guided": "one that is given a description and examples too",
    "true": "captions that are true",
}
_EYES: Final = {"untrained": "the model as it is drawn from the seed", "pixels": "raw pixels"}

ABOUT: Final[Mapping[str, str]] = {
    "captions/none": "names alone",
    **{f"captions/{maker}_one": f"{said}; beside names, one projector" for maker, said in _WHOSE.items()},
    **{f"captions/{maker}_two": f"{said}; a projector and temperature each" for maker, said in _WHOSE.items()},
    "captions/true_named": "captions that are true, behind the name; a projector each",
    **{f"captions/{eye}": said for eye, said in _EYES.items()},
    "faults/true": "captions that are true, two projectors",
    **{f"faults/missing_{dose}": f"{dose} % of the facts left out" for dose in DOSES},
    **{f"faults/invented_{dose}": f"{dose} % told wrong, as many captions with one made up" for dose in DOSES},
    "faults/names": "names alone",
    **{f"grounds_{share}/names": f"names alone, {share} % on their species' ground" for share in SHARES},
    **{f"grounds_{share}/captions": f"true captions beside them, {share} % on it" for share in SHARES},
    **{f"grounds_{share}/{eye}": f"{said}, {share} % on it" for share in SHARES for eye, said in _EYES.items()},
}
"""By `GROUP/NAME`."""
