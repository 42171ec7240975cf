"""Labels that a question chooses anew: made once for equal wishes, and the last few kept."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from thuja.predict.narrowing import Wish, narrowed
from thuja.predict.opening import Opened
from thuja.predict.predictor import Predictor
from thuja.web.own_labels import OwnLabels, tokens_in_time
from thuja.web.problems import Busy
from thuja.web.works import Choice

_WAITING: Final = 8
_BYTES: Final = 2**30
"""Of 867,455 labels nearly all may be within a branch: a gigabyte by themselves."""


class Choices:
    """Finds or makes what answers a wish, one at a time: a large checklist stops nobody who wants no such thing."""

    def __init__(self, predictor: Predictor, *, most: int) -> None:
        self._predictor, self._most = predictor, most
        whole = Opened(among=predictor.among, examples=predictor.examples)  # what it was told names the host's files
        self.whole = Choice(predictor, whole)
        encoder = predictor.encoder
        self._own = OwnLabels(predictor, most=tokens_in_time(encoder.model.config.text, device=encoder.device.type))
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="choices")
        self._making: dict[Wish, asyncio.Future[Opened]] = {}
        self._made: OrderedDict[Wish, Choice] = OrderedDict()

    async def find(self, wish: Wish) -> Choice:
        """What answers it; raises what `narrowed` raises, and Busy where too many others are being made."""
        if wish.is_empty:
            return self.whole
        if wish in self._made:
            self._made.move_to_end(wish)
            return self._made[wish]
        making = self._making.get(wish)
        if making is None:
            if len(self._making) >= _WAITING:
                raise Busy("too many sets of labels are being made", hint="come again in a moment")
            making = asyncio.get_running_loop().run_in_executor(self._pool, self._opened, wish)
            self._making[wish] = making
            making.add_done_callback(lambda made: self._end(wish, made))
        opened = await asyncio.shield(making)  # whoever leaves does not take it from the others
        return self._made.get(wish) or Choice(self._predictor, opened)

    def _opened(self, wish: Wish) -> Opened:
        opened = narrowed(self._predictor, wish, read=self._own.labels)
        return replace(opened, told=(*opened.told, *self._own.told(wish.labels)))

    def _end(self, wish: Wish, made: "asyncio.Future[Opened]") -> None:
        """Keep what was made, also where all have left who waited for it: they may ask again."""
        self._making.pop(wish, None)
        if made.cancelled() or made.exception() is not None:
            return
        self._made[wish] = Choice(self._predictor, made.result())
        while len(self._made) > self._most or (len(self._made) > 1 and self._bytes() > _BYTES):
            self._made.popitem(last=False)

    def _bytes(self) -> int:
        """What the vectors of all labels that are kept need."""
        return sum(choice.opened.among.labels.vectors.nbytes for choice in self._made.values())

    def close(self) -> None:
        """Let the thread go."""
        self._pool.shutdown(wait=False, cancel_futures=True)
