"""Names of a Daft frame, resolved alike on one machine and on a Ray cluster.

Every distinct row is resolved once over the whole frame, in batches, and the answers are joined back. Daft keeps
one executor a machine, so a backbone is opened (mapped into memory) once on each. How stores reach the machines
of a cluster is told in `thuja.names.nodes`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

import daft
import polars as pl
from daft import DataType, Series, col

from thuja.errors import UsageError
from thuja.names.embedded import NAME
from thuja.names.installed import backbones_folder, open_backbone
from thuja.names.placed import Placed, seal_of
from thuja.names.resolver import RESULT, THRESHOLD, Resolver
from thuja.names.rows import GIVEN
from thuja.names.store import is_store
from thuja.names.vernacular import vernacular_file

BATCH = 50_000
"""Distinct rows resolved at a time."""
_SCORES = ("score", "runner_up_score")
_TYPES = {name: DataType.float64() if name in _SCORES else DataType.string() for name in RESULT}
_ASKED = {name: f"asked for {name}" for name in GIVEN}
"""The keys of the join, under names that a user's table hardly has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameConfig:
    """What a frame's names are resolved with: names or paths of backbones, the first preferred, and the threshold."""

    backbones: tuple[str, ...] = (NAME,)
    threshold: float = THRESHOLD

    def __post_init__(self) -> None:
        if isinstance(self.backbones, str) or not self.backbones:
            raise UsageError("backbones are a tuple of names or paths", hint=f'backbones=("{NAME}",)')
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"the threshold is a probability from 0 to 1, got {self.threshold}")


DEFAULT = FrameConfig()


@daft.cls(use_process=False)
class FrameResolver:
    """Resolves batches of rows in the executor of one machine; what it is made of can be pickled."""

    def __init__(self, backbones: Sequence[str | Placed], threshold: float) -> None:
        paths = [backbone.path() if isinstance(backbone, Placed) else backbone for backbone in backbones]
        self._resolver = Resolver([open_backbone(path) for path in paths], threshold=threshold)

    @daft.method.batch(return_dtype=DataType.struct(_TYPES), batch_size=BATCH)
    def answer(self, *given: Series) -> Series:
        """The columns `RESULT` of each row, from the columns `GIVEN`."""
        rows = pl.DataFrame(
            [
                pl.Series(name, cast(pl.Series, pl.from_arrow(one.to_arrow())))
                for name, one in zip(GIVEN, given, strict=True)
            ]
        )
        answers = self._resolver.resolve_rows(rows).select(RESULT).to_struct("answer")
        return Series.from_arrow(answers.to_arrow(compat_level=pl.CompatLevel.oldest()), "answer")


def resolve_frame(frame: daft.DataFrame, config: FrameConfig = DEFAULT) -> daft.DataFrame:
    """The frame with the columns `RESULT`: what `Resolver.resolve_rows` answers to each of its rows.

    `frame` has any of `verbatim`, kingdom ... species (the epithet or the binomial) and `common`, and any others, which
    are kept. The answer's lineage and common name take the place of the columns they were asked by: copy these
    before to have both. Rows come in any order, as after any join of Daft's; give them a key to find them again.

    The plan is lazy, and reads the frame twice, for the distinct rows and for the join: of a frame that is dear to
    make, or random, hand in `frame.collect()`. On a Ray cluster the backbones are put on the machines at once.

    Raises UsageError for a frame without any of these columns or with other columns of `RESULT`, and what opening the
    backbones raises.
    """
    held = _columns_to_ask(frame)
    frame = frame.with_columns({_ASKED[name]: _asked(name if name in held else None) for name in GIVEN})
    keys = list(_ASKED.values())
    distinct = frame.select(*keys).distinct()
    resolver = FrameResolver(placed_backbones([str(name) for name in config.backbones]), config.threshold)
    answer = cast(Callable[..., daft.Expression], resolver.answer)  # on columns, an expression
    answers = distinct.with_column("answer", answer(*(col(key) for key in keys)))
    joined = frame.join(answers, on=[*keys], how="left")
    kept = [name for name in frame.column_names if name not in (*keys, *RESULT)]
    return joined.select(*kept, *(col("answer")[name].alias(name) for name in RESULT))


def _columns_to_ask(frame: daft.DataFrame) -> list[str]:
    held = [name for name in GIVEN if name in frame.column_names]
    if not held:
        raise UsageError(
            f"the frame has none of the columns {', '.join(GIVEN)}", hint=f"found: {', '.join(frame.column_names)}"
        )
    taken = [name for name in frame.column_names if name in (*RESULT, *_ASKED.values()) and name not in GIVEN]
    if taken:
        raise UsageError(f"the frame has columns that answers are written to: {', '.join(taken)}", hint="rename them")
    for name in held:
        kind = frame.schema()[name].dtype
        if not (kind.is_string() or kind.is_null() or kind.is_numeric()):
            raise UsageError(f"the column {name} holds {kind}, not text", hint="cast it to text")
    return held


def _asked(name: str | None) -> daft.Expression:
    """A column as a key of the join, which no null equals."""
    return daft.lit("") if name is None else col(name).cast(DataType.string()).fill_null("")


def placed_backbones(names: Sequence[str]) -> list[str | Placed]:
    """The backbones as the machines of Daft's runner find them: on a Ray cluster they are put there at once.

    Opens them here too, so that a wrong name is said before any work.
    """
    for name in names:
        open_backbone(name)
    if daft.get_or_infer_runner_type() != "ray":
        return [*names]
    from thuja.names.nodes import place  # ray is an extra

    return [*place([_path(name) for name in names])]


def seal_of_names(backbones: Sequence[str]) -> str:
    """What changes with the backbones of these names, and with the table of English names: one word."""
    for name in backbones:
        open_backbone(name)  # one that is not installed is said by its name
    seals = [seal_of(_path(name)) for name in backbones or (NAME,)]
    english = vernacular_file()
    told = [english.stat().st_size, english.stat().st_mtime_ns] if english.is_file() else []
    return sha256(json.dumps([seals, told]).encode()).hexdigest()[:32]


def _path(name: str) -> Path:
    """Where the backbone of this name lies."""
    if Path(name).exists():
        return Path(name).absolute()
    folder = backbones_folder() / (name if name != NAME else f"{NAME}-{open_backbone(NAME).about.version}")
    if not is_store(folder):
        raise UsageError(
            f"the embedded backbone could not be written to {folder}", hint="set THUJA_CACHE to a folder with room"
        )
    return folder
