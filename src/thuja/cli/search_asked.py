"""From the words of `thuja search` to what is asked of an index, and the model that it takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from thuja.cli.hardware import HardwareChoice
from thuja.cli.search_options import KeptChoice, ShownChoice, SoughtChoice

if TYPE_CHECKING:
    from thuja.search.filters import Filter
    from thuja.search.index import Index
    from thuja.search.query import Direction, Encode, Query

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".avif", ".jp2"})
"""What a file that is missing was meant to be, by its suffix."""
_ADDRESS = ("http://", "https://")


class What(NamedTuple):
    """The arguments: pictures with their names, and words."""

    pictures: Sequence[tuple[str, bytes]]
    text: str


def read_what(arguments: Sequence[str]) -> What:
    """Pictures are files that are there and addresses; all else is one text.

    Raises UsageError for the name of a picture that is not there, ImageError for one that cannot be read.
    """
    from thuja.errors import UsageError
    from thuja.images import read_bytes

    pictures: list[tuple[str, bytes]] = []
    words: list[str] = []
    for argument in arguments:
        if argument.startswith(_ADDRESS):
            pictures.append((argument, _fetched(argument)))
        elif _is_file(argument):
            pictures.append((Path(argument).name, read_bytes(Path(argument))))
        elif len(argument) < 1000 and Path(argument).suffix.lower() in _PICTURES and " " not in argument:
            raise UsageError(f"there is no picture at {argument}", hint="name a file that is there, or words")
        else:
            words.append(argument)
    return What(pictures=pictures, text=" ".join(" ".join(words).split()))


def read_kept(index: "Index", kept: KeptChoice) -> "Filter":
    """The filter that the options say; raises UnknownName with near names for a taxon or column that is not there."""
    from thuja.regions import Region
    from thuja.search.language import Asked, read_filter

    region = None if kept.region is None else Region.load(kept.region)
    asked = Asked(within=kept.within, excludes=kept.not_within, where=kept.where, region=region)
    return read_filter(asked, tree=index.tree, kinds=index.columns)


def read_query(index: "Index", what: What, sought: SoughtChoice, kept: KeptChoice, shown: ShownChoice) -> "Query":
    """The whole query."""
    from thuja.search.query import Query

    return Query(
        images=tuple(data for _, data in what.pictures),
        text=what.text,
        text_weight=sought.text_weight,
        id=sought.id or "",
        like=sought.like,
        unlike=sought.unlike,
        direction=_direction(index, sought),
        filter=read_kept(index, kept),
        k=shown.k,
        offset=shown.offset,
        group_by=shown.group_by,
        per_group=shown.per_group,
        diversity=shown.diversity,
        collapse=shown.collapse,
        facets=shown.facets,
        columns=shown.columns or None,
    )


def needs_model(query: "Query") -> bool:
    """Whether a picture or words have to be encoded."""
    direction = query.direction
    return bool(query.images or query.text or (direction is not None and direction.from_text))


def open_encode(index: "Index", name: str | None, hardware: HardwareChoice) -> "Encode":
    """The towers of the model named, or of the one that made the index where it is at hand.

    Raises UsageError for another model than the index's, before its weights are read where its folder tells its id.
    """
    from thuja.encode import Encoder
    from thuja.encode.queries import query_encoder
    from thuja.errors import UsageError
    from thuja.model import Model
    from thuja.model.at_hand import find_at_hand
    from thuja.model.description import describe
    from thuja.model.published import find_model
    from thuja.search.manifest import UNKNOWN
    from thuja.search.query.encoding import require_model

    if index.model == UNKNOWN:
        require_model(index.model, name or "")
    folder = find_model(name) if name is not None else find_at_hand(index.model)
    if folder is None:
        raise UsageError(
            f"the model that made this index, {index.model}, is not at hand",
            hint="name its folder, or a published model: --model NAME",
        )
    if folder.is_dir() and (told := describe(folder).id):
        require_model(index.model, told)
    encode = query_encoder(Encoder.prepare(Model.load(folder), hardware.settled()))
    encode.require_space(index.model, index.dim)
    return encode


def _direction(index: "Index", sought: SoughtChoice) -> "Direction | None":
    from thuja.errors import UsageError
    from thuja.search.query import Direction
    from thuja.search.query.directions import read_direction

    if sought.direction is not None:
        if sought.from_ or sought.to:
            raise UsageError("a direction is learnt, or from one thing to another", hint="leave out one of the two")
        return Direction(vector=read_direction(sought.direction, index.model), strength=sought.strength)
    if not (sought.from_ or sought.to):
        return None
    ends = (*sought.from_, *sought.to)
    if (index.keys_where_known(ends) >= 0).all():
        return Direction(from_ids=sought.from_, to_ids=sought.to, strength=sought.strength)
    return Direction(from_text=" ".join(sought.from_), to_text=" ".join(sought.to), strength=sought.strength)


def _is_file(argument: str) -> bool:
    try:
        return Path(argument).is_file()
    except OSError:  # a text too long for a file's name
        return False


def _fetched(address: str) -> bytes:
    from thuja.errors import ImageError
    from thuja.images.fetching import Fetcher

    fetcher = Fetcher(threads=1)
    try:
        return fetcher.fetch(address)
    except ImageError as error:
        raise ImageError(f"{address}: {error.message}", reason=error.reason, hint=error.hint) from error
    finally:
        fetcher.close()
