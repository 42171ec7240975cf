"""Which labels may be answered: those within some clades, those on a checklist, or both at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from thuja.errors import EmptyInput, UsageError
from thuja.labels import LabelSpace, Taxa, find_clade
from thuja.names import Resolver
from thuja.predict.checklists import SAID, Checked, check, likest_names, read_checklist, read_names, said
from thuja.predict.remarks import Remark
from thuja.taxonomy import Taxon

EncodeTaxa = Callable[[list[Taxon]], LabelSpace]
"""Makes labels of taxa with the model at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChoice:
    """What the user wants of the labels.

    `within` names clades, of which any will do; `checklist` is a file of names at any rank, or the names. Where both
    are given, a label has to be in both. With `add`, taxa of the checklist that are no labels are made ones.
    """

    within: tuple[str, ...] = ()
    checklist: Path | tuple[str, ...] | None = None
    add: bool = False

    def __post_init__(self) -> None:
        if self.add and self.checklist is None:
            raise UsageError("there is no checklist whose taxa could be added", hint="--checklist FILE")

    @property
    def is_all(self) -> bool:
        """Whether nothing is chosen: every label stays."""
        return not self.within and self.checklist is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The labels that are left, and sentences on how they were chosen."""

    labels: LabelSpace
    told: tuple[Remark, ...] = ()


def choose_labels(
    labels: LabelSpace,
    choice: LabelChoice,
    *,
    encode_taxa: EncodeTaxa | None = None,
    resolver: Resolver | None = None,
) -> Chosen:
    """The labels that a choice leaves; `encode_taxa` is called where it adds some.

    Raises UsageError for a name that means several taxa, and for labels without taxa; EmptyInput where none is left.
    """
    if choice.is_all:
        return Chosen(labels=labels)
    if not labels.taxa:
        raise UsageError("custom labels lie within no taxon and on no checklist", hint="leave out one of the two")
    mask = np.ones(len(labels), dtype=bool)
    clades = [find_clade(labels.columns, name) for name in choice.within]
    if clades:
        mask = np.logical_or.reduce([of_clade for of_clade, _ in clades])
    told: list[Remark] = []
    added: list[Taxon] = []
    if choice.checklist is not None:
        checked = check(labels.columns, _listed(choice.checklist), resolver=resolver)
        listed = np.zeros(len(labels), dtype=bool)
        listed[checked.rows] = True
        mask &= listed
        told += _remarks(checked, choice, taxa=labels.columns)
        if choice.add:
            added = [taxon for taxon in checked.absent if _is_in_any(taxon, [ancestor for _, ancestor in clades])]
    if not mask.any() and not added:
        raise EmptyInput(_nothing(choice), hint=_why(told, choice))
    told.append(Remark(f"{int(mask.sum()):,} of {len(labels):,} labels are chosen"))
    chosen = labels if mask.all() else labels.subset(mask) if mask.any() else None
    if added:
        if encode_taxa is None:
            raise UsageError(f"there is no model to make labels of {len(added)} taxa", hint="leave out --add")
        made = encode_taxa(added)
        chosen = made if chosen is None else chosen.joined(made)
        told.append(Remark(f"{len(added):,} taxa are added: {said([taxon.scientific_name for taxon in added])}"))
    assert chosen is not None
    return Chosen(labels=chosen, told=tuple(told))


def _is_in_any(taxon: Taxon, ancestors: Sequence[Taxon]) -> bool:
    return not ancestors or any(map(taxon.is_within, ancestors))


def _listed(checklist: Path | tuple[str, ...]) -> pl.DataFrame:
    return read_checklist(checklist) if isinstance(checklist, Path) else read_names(checklist)


def _nothing(choice: LabelChoice) -> str:
    within = f" within {', '.join(choice.within)}" if choice.within else ""
    where = f"checklist {choice.checklist}" if isinstance(choice.checklist, Path) else "checklist"
    return f"no label{within} is on the {where}"


def _why(told: Sequence[Remark], choice: LabelChoice) -> str:
    """Why nothing is left. A checklist that is at hand as names comes from no shell."""
    is_of_shell = isinstance(choice.checklist, Path)
    return "; ".join(str(remark) if is_of_shell else remark.text for remark in told) or "choose another --within"


def _remarks(checked: Checked, choice: LabelChoice, *, taxa: Taxa) -> Iterator[Remark]:
    of = f"of {checked.names:,} names"
    if checked.unknown:
        yield Remark(
            f"{len(checked.unknown):,} {of} are unknown: {said(_with_near(checked.unknown, taxa))}",
            "thuja names resolve says more of a name, and a backbone with synonyms and common names can be installed: "
            "thuja names import",
        )
    if checked.several:
        names = said(checked.several)
        yield Remark(
            f"{len(checked.several):,} {of} mean several taxa: {names}; columns of higher ranks would tell which"
        )
    if checked.respelt:
        pairs = [f"{written} as {read}" for written, read in checked.respelt]
        yield Remark(f"{len(pairs):,} {of} are read as another one: {said(pairs)}")
    if checked.absent and not choice.add:
        names = said([taxon.scientific_name for taxon in checked.absent])
        yield Remark(f"{len(checked.absent):,} {of} are known and are no labels: {names}", "--add makes labels of them")


def _with_near(unknown: Sequence[str], taxa: Taxa) -> list[str]:
    """Names that mean nothing, those that are shown with the label that they are like."""
    first = unknown[:SAID]
    shown = [f"{name} ({like}?)" if like else name for name, like in zip(first, likest_names(taxa, first), strict=True)]
    return [*shown, *unknown[SAID:]]
