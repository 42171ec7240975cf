"""Options that go together, handed to a command as one argument."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

Decorator = Callable[[Callable[..., None]], Callable[..., None]]


def grouped(
    name: str, choice: Any, options: Sequence[Decorator], *, check: Callable[[Any], object] | None = None
) -> Decorator:
    """What gives a command these options as its argument `name`: a NamedTuple `choice` of all of them.

    A field that none of the options fills keeps its default. `check` raises UsageError for what cannot be meant.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def with_options(*args: Any, **given: Any) -> None:
            chosen = choice(**{field: given.pop(field) for field in choice._fields if field in given})
            if check is not None:
                check(chosen)
            command(*args, **{name: chosen}, **given)

        found: Callable[..., None] = with_options
        for option in reversed(options):
            found = option(found)
        return found

    return decorated
