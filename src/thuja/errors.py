"""Every error that thuja raises on purpose.

ThujaError              what a user can mend; the command line exits 1
|- UsageError           the call itself is wrong: a flag, a path, a name; exits 2
|  |- UnknownName       a rank, recipe, column or model that does not exist
|  |- OutputExists      an output is there already and nobody said what to do with it
|  `- EmptyInput        nothing to work on: no file, no readable image, one class
|- ImageError           one image that cannot be used; becomes a row, never stops a run
|- BadFile              a file that is not what it should be: cut short, of another layout
|- WeightsMismatch      weights that do not fit the model they are loaded into
|- TrainingDiverged     a loss that is no longer a number
`- Stopped              work that was asked to end early, and is saved; exits 0
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ThujaError(Exception):
    """One sentence of what is wrong, with the value got, and a hint of what to do.

    `is_told_elsewhere` is set where several processes raise the same, and another one tells it.
    """

    exit_code = 1
    is_told_elsewhere = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


class UsageError(ThujaError):
    """The call itself is wrong."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not among those that exist.

    >>> print(UnknownName.of("rank", "gennus", ["family", "genus"]))
    unknown rank: "gennus"
    hint: did you mean genus? one of family, genus
    """

    @classmethod
    def of(cls, what: str, got: str, known: Iterable[str], *, sought: str = "") -> "UnknownName":
        """With the nearest of the `known` first; nearest to `sought`, where that is a part of what was `got`."""
        names = [str(name) for name in known]
        near = get_close_matches(sought or str(got), names, n=1)
        asked = f"did you mean {near[0]}? " if near else ""
        return cls(f'unknown {what}: "{got}"', hint=f"{asked}one of {', '.join(names)}")


class OutputExists(UsageError):
    """An output is there already."""


class EmptyInput(UsageError):
    """There is nothing to work on."""


class ImageError(ThujaError):
    """One image that cannot be used. `reason` is a short stable word for tables."""

    def __init__(self, message: str, *, reason: str = "undecodable", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_image_error, (self.message, self.reason, self.hint))


class BadFile(ThujaError):
    """A file that is not what it should be."""


class WeightsMismatch(ThujaError):
    """Weights that do not fit the model they are loaded into."""


class TrainingDiverged(ThujaError):
    """A loss that is no longer a number."""


class Stopped(ThujaError):
    """Work that was asked to end early and has saved what it has: to the scheduler that asked, all is well."""

    exit_code = 0


def _rebuild(kind: type[ThujaError], message: str, hint: str) -> ThujaError:
    """Errors cross process borders: pickle calls this instead of `__init__(*args)`."""
    return kind(message, hint=hint)


def _rebuild_image_error(message: str, reason: str, hint: str) -> ImageError:
    return ImageError(message, reason=reason, hint=hint)
