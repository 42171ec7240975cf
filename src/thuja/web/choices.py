"""Labels that a question chooses anew: made once for equal wishes, and the last few kept."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from thuja.predict.narrowing import Wish, narrowed
from thuja.predict.opening import Opened
from thuja.predict.predictor import Predictor
from thuja.web.works import Choice


class Choices:
    """Finds or makes what answers a wish, one at a time: a large checklist stops nobody who wants no such thing."""

    def __init__(self, predictor: Predictor, *, most: int) -> None:
        self._predictor, self._most = predictor, most
        whole = Opened(among=predictor.among, examples=predictor.examples)  # what it was told names the host's files
        self.whole = Choice(predictor, whole)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="choices")
        self._making: dict[Wish, asyncio.Future[Opened]] = {}
        self._made: OrderedDict[Wish, Choice] = OrderedDict()

    async def find(self, wish: Wish) -> Choice:
        """What answers it; raises what `narrowed` raises."""
        if wish.is_empty:
            return self.whole
        if wish in self._made:
            self._made.move_to_end(wish)
            return self._made[wish]
        making = self._making.get(wish)
        if making is None:
            making = asyncio.get_running_loop().run_in_executor(self._pool, narrowed, self._predictor, wish)
            self._making[wish] = making
            making.add_done_callback(lambda _: self._making.pop(wish, None))
        opened = await asyncio.shield(making)  # whoever leaves does not take it from the others
        choice = self._made.setdefault(wish, Choice(self._predictor, opened))
        while len(self._made) > self._most:
            self._made.popitem(last=False)
        return choice

    def close(self) -> None:
        """Let the thread go."""
        self._pool.shutdown(wait=False, cancel_futures=True)
