"""What a check is asked about and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.taxonomy import Taxon

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a captioned picture.

    `names` are all that the taxon may be called, the one that was asked for first; `is_name_wanted` says whether the
    caption should bear one or must not. `description` is the text that the captioner was handed, empty for none.
    `image` are the pixels (H, W, 3), None where they are not at hand.
    """

    taxon: Taxon
    names: tuple[str, ...] = ()
    is_name_wanted: bool = True
    description: str = ""
    examples: tuple[str, ...] = ()
    image: Pixels | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check says of one caption: a score from 0 (bad) to 1 (good), whether it rejects, and why.

    `reason` is a sentence that a person can read and a captioner can be told; empty where all is well.
    `facts` is what was found, in JSON's types, for the report.
    """

    check: str
    score: float = 1.0
    is_fault: bool = False
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


Check = Callable[[str, Subject], Finding]
"""Looks at one caption by itself."""
