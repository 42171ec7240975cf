"""An encoder in the precision that a job was begun in, by an earlier run or another process.

Where nobody says the precision, a try of some milliseconds chooses it, which may go one way today
and the other tomorrow; a job must not hang on that.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from thuja.encode.encoder import Encoder
from thuja.jobs import differing

OpenEncoder = Callable[[str | None], Encoder]
"""Makes a model ready: in this precision if the user named none and it is possible here; None is the machine's best."""

T = TypeVar("T")


def open_as_planned(
    open_encoder: Callable[[str | None], T],
    plan: Callable[[T], Mapping[str, Any]],
    find_plan: Callable[[], Mapping[str, Any] | None],
) -> T:
    """The encoder, or what holds one, in the precision of the plan that is found if nothing else parts the two plans.

    The plan is looked for when the model is loaded: another process may have begun meanwhile.
    """
    encoder = open_encoder(None)
    there = find_plan()
    if there is None or differing(there, plan(encoder)) != ["precision"]:
        return encoder
    del encoder  # two models may not fit
    return open_encoder(str(there["precision"]))
