"""What a curation is handed from other rooms: a resolver of names, detectors, an encoder."""

from dataclasses import dataclass

from thuja.curate.filters.camera import Detect
from thuja.curate.filters.people import FaceScores
from thuja.curate.filters.support import Embed
from thuja.curate.resolving import Resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """Functions that other processes can import, or instances that can be pickled; only `resolve` is always needed.

    `names_seal` changes with the backbones and the tables of common names: names are resolved anew when it does.
    """

    resolve: Resolve
    names_seal: str = ""
    faces: FaceScores | None = None
    frames: Detect | None = None
    embed: Embed | None = None
