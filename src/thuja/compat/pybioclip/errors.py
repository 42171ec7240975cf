"""Errors that are pybioclip's kinds and thuja's at once, so that either one's `except` catches them."""

from thuja.errors import ImageError, UsageError


class WrongValue(UsageError, ValueError):
    """What pybioclip raises a ValueError for, in its words."""


class MissingFile(UsageError, FileNotFoundError):
    """A file that is named and not there."""


class UnreadableImage(ImageError, OSError):
    """An image that cannot be used; PIL's own error for it is an OSError too."""


class MissingImage(UnreadableImage, FileNotFoundError):
    """An image file that is not there."""
