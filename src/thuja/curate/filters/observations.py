"""Which rows are images of one observation: what splits and caps mean by it, for the rows that name one."""

from functools import reduce
from operator import or_
from typing import Final

from daft import col, lit

from thuja.curate.groups import with_observations
from thuja.curate.steps import Frame

_IDS: Final = ("sequence_id", "observation_id", "occurrence_id", "gbif_id")
KEYS: Final = ("data_source", *_IDS)
"""The columns that tell an observation."""


def observed(frame: Frame) -> Frame:
    """The rows that name a sequence, observation or occurrence, with `group`, one text for each: see `curate.groups`.

    `frame` has `uuid` and KEYS; it is best cut down to what is asked of it, for it is read more than once.
    """
    is_named = reduce(or_, ((col(name).not_null() & (col(name) != lit(""))).fill_null(False) for name in _IDS))
    return with_observations(frame.where(is_named))
