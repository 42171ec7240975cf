"""Whether servers do what they are needed for, found out with one small picture before thousands are sent."""

import io
import logging
from dataclasses import dataclass
from typing import Final

from PIL import Image

from thuja.captions.captioner import CaptionerStopped, Prompt
from thuja.captions.server.captioner import ServerCaptioner
from thuja.captions.server.exchange import Outcome
from thuja.captions.server.failures import Failure

_LOG = logging.getLogger(__name__)
_SIDE: Final = 112  # some models refuse images of fewer than 28 pixels
_QUESTION: Final = Prompt(system="", text="Which one colour does this picture have? Answer with one word.")
_COLOUR: Final = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one server did; `failure` is why it did nothing."""

    address: str
    model: str = ""
    answer: str = ""
    failure: Failure | None = None

    @property
    def sees(self) -> bool:
        """Whether it told the colour of a plain red picture."""
        return _COLOUR in self.answer.lower()


def check_servers(captioner: ServerCaptioner) -> tuple[Checked, ...]:
    """Ask each server once, without patience; raises CaptionerStopped where none does its work.

    A server that fails for good is left out from here on; one that answers without having seen is warned of.
    """
    checked = [_checked(address, outcome) for address, outcome in captioner.once_each(red_picture(), _QUESTION)]
    for server in checked:
        if server.failure is None and not server.sees:
            _LOG.warning(
                '%s does not seem to see images: it said "%.60s" of a plain red picture', server.address, server.answer
            )
        if server.failure is not None and len(checked) > 1:
            _LOG.warning("%s does not answer: %s", server.address, server.failure.message)
    failed = [server.failure for server in checked if server.failure is not None]
    if len(failed) == len(checked):
        raise CaptionerStopped(failed[0].message, hint=failed[0].hint)
    return tuple(checked)


def _checked(address: str, outcome: Outcome) -> Checked:
    message = outcome.message
    if message is None:
        return Checked(address=address, failure=outcome.failure)
    return Checked(address=address, model=message.model, answer=message.text)


def red_picture() -> bytes:
    """A small plain PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE), (220, 20, 20)).save(buffer, "PNG")
    return buffer.getvalue()
