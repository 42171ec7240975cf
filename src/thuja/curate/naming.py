"""The name of each row as a taxon, by the resolver that was handed in."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import daft
from daft import DataType, Series, col

from thuja.curate.config import Resolve
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.taxonomy import RANKS, Taxon

STEP = "names"
_RANKS = [rank.label for rank in RANKS]
_FILLED = [*_RANKS, "scientific_name", "common", "resolution_status", "resolution_reason", "lineage"]
_RESOLVED = DataType.struct({name: DataType.string() for name in [*_FILLED, "drop"]})
_BATCH = 20_000
_ASKED = {name: f"asked for {name}" for name in ["verbatim_name", "common", *_RANKS]}


@daft.cls(use_process=False)
class NameResolver:
    """Resolves batches of rows in this process, where the backbone is read once for all threads."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    @daft.method.batch(return_dtype=_RESOLVED, batch_size=_BATCH)
    def look(self, names: Series, commons: Series, *ranks: Series) -> list[dict[str, str | None]]:
        """The filled columns of each row, from its verbatim name and the lineage it came with."""
        lineages = zip(*(rank.to_pylist() for rank in ranks), strict=True)
        hints = [Taxon.from_names(names, common) for names, common in zip(lineages, commons.to_pylist(), strict=True)]
        answers = self._resolve([name or "" for name in names.to_pylist()], hints)
        return [_filled(answer.label, str(answer.status), answer.reason) for answer in answers]


def _filled(taxon: Taxon, status: str, reason: str) -> dict[str, str | None]:
    facts = {"resolution_status": status, "resolution_reason": reason, "lineage": taxon.taxonomic_name}
    return taxon.to_columns() | facts | {"drop": None if taxon.rank is not None else "no_label"}


def names_step(resolve: Resolve) -> Step:
    """Fill the taxon of every row; drop those that nothing is known of."""
    return Step(name=STEP, settings={"resolve": _describe(resolve)}, apply=lambda frame: _name(frame, resolve))


def _name(frame: Frame, resolve: Resolve) -> Frame:
    """Every distinct name, with what came with it, is resolved once over the whole frame."""
    look = cast(Callable[..., daft.Expression], NameResolver(resolve).look)  # on columns, an expression
    frame = frame.with_columns({key: col(name).fill_null("") for name, key in _ASKED.items()})
    keys = [*_ASKED.values()]
    answers = frame.select(*keys).distinct().with_column("answer", look(*(col(key) for key in keys)))
    frame = frame.join(answers, on=[*keys], how="left")  # no null equals another, hence the keys without
    frame = frame.with_columns({name: col("answer")[name] for name in _FILLED})
    return mark_dropped(frame, col("answer")["drop"], STEP).exclude("answer", *keys)


def _describe(resolve: Resolve) -> dict[str, Any]:
    """Which function, with which settings: what the fingerprint of the step is made of."""
    if isinstance(resolve, partial):
        return _describe(resolve.func) | {"settings": {name: str(value) for name, value in resolve.keywords.items()}}
    return {"function": f"{resolve.__module__}.{getattr(resolve, '__qualname__', '')}"}
