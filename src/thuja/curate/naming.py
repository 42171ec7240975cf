"""The name of each row as a taxon, by the resolver that was handed in."""

from collections.abc import Callable
from typing import cast

import daft
from daft import DataType, Series, col

from thuja.curate.recipe import NameSettings, settings_of
from thuja.curate.resolving import Resolve, Resolved
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.taxonomy import RANKS, Taxon

STEP = "names"
_RANKS = [rank.label for rank in RANKS]
_FILLED = [*_RANKS, "scientific_name", "common", "resolution_status", "resolution_reason", "lineage"]
_SCORE = "resolution_score"
_RESOLVED = DataType.struct({name: DataType.string() for name in [*_FILLED, "drop"]} | {_SCORE: DataType.float64()})
_BATCH = 20_000
_ASKED = {name: f"asked for {name}" for name in ["verbatim_name", "common", *_RANKS]}


@daft.cls(use_process=False)
class NameResolver:
    """Resolves batches of rows in this process, where the backbone is read once for all threads."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    @daft.method.batch(return_dtype=_RESOLVED, batch_size=_BATCH)
    def look(self, names: Series, commons: Series, *ranks: Series) -> list[dict[str, str | float | None]]:
        """The filled columns of each row, from its verbatim name and the lineage it came with."""
        lineages = zip(*(rank.to_pylist() for rank in ranks), strict=True)
        hints = [Taxon.from_names(names, common) for names, common in zip(lineages, commons.to_pylist(), strict=True)]
        answers = self._resolve([name or "" for name in names.to_pylist()], hints)
        return [_filled(answer) for answer in answers]


def _filled(answer: Resolved) -> dict[str, str | float | None]:
    taxon = answer.label
    return {
        **taxon.to_columns(),
        "resolution_status": str(answer.status),
        "resolution_reason": answer.reason,
        _SCORE: answer.score,
        "lineage": taxon.taxonomic_name,
        "drop": None if taxon.rank is not None else "no_label",
    }


def names_step(resolve: Resolve, settings: NameSettings, *, seal: str = "") -> Step:
    """Fill the taxon of every row; drop those that nothing is known of.

    Every distinct name, with what came with it, is resolved once over all rows. `seal` tells one state of the
    backbones from another.
    """
    return Step(
        name=STEP,
        settings=settings_of(settings) | {"seal": seal},
        gather=lambda frame: _answers(frame, resolve),
        apply=_answered,
        is_rowwise=True,
    )


def _answers(frame: Frame, resolve: Resolve) -> Frame:
    look = cast(Callable[..., daft.Expression], NameResolver(resolve).look)  # on columns, an expression
    asked = _with_keys(frame).select(*_ASKED.values()).distinct()
    return asked.with_column("answer", look(*(col(key) for key in _ASKED.values())))


def _answered(frame: Frame, answers: Frame) -> Frame:
    frame = _with_keys(frame).join(answers, on=[*_ASKED.values()], how="left")
    frame = frame.with_columns({name: col("answer")[name] for name in [*_FILLED, _SCORE]})
    return mark_dropped(frame, col("answer")["drop"], STEP).exclude("answer", *_ASKED.values())


def _with_keys(frame: Frame) -> Frame:
    """The frame with what is asked of each row, without nulls, of which none equals another."""
    return frame.with_columns({key: col(name).fill_null("") for name, key in _ASKED.items()})
