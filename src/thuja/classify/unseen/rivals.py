"""What else it could be: the labels of a wider space as rivals of those asked about, where nothing was calibrated.

Of "crow, raven, jay" a posterior names one for a photo of a heron too. The model knows herons: set against all other
labels that it has, the three get what is theirs, and the rest says "none of these". Texts that are no organisms ("an
empty scene", "a rock") do not serve as rivals: a model of taxa has learnt nothing of them (docs/predict-unseen.md
measures both).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.classify.unseen.signs import Evidence
from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]


def rivals_of(labels: LabelSpace, everything: LabelSpace) -> LabelSpace:
    """The labels of a wider space that none of `labels` names.

    A taxon names all that lies within it. A text names every taxon that has it for its scientific or common name, or
    for a name of its lineage at any rank, in any case of letters: "Corvus" all species of the genus. Raises UsageError
    for a text that names nothing, since nobody could say which of the others are its rivals, and for labels of
    another model; EmptyInput where no rival is left.
    """
    if labels.model != everything.model:
        raise UsageError(f"the labels were made by {labels.model}, their rivals by {everything.model}")
    if not everything.taxa:
        raise UsageError("rivals must be taxa, and these labels have none", hint="use the labels saved with the model")
    named = _within(labels.taxa, everything.taxa) if labels.taxa else _named(labels.texts, everything.taxa)
    if named.all():
        raise EmptyInput("the labels name everything that the model knows, which leaves no rival")
    return everything.subset(~named)


def share_of_rivals(labels: Evidence, rivals: Evidence, *, counts: tuple[int, int], prevalence: float) -> Floats:
    """How likely each of B images shows a rival: (B,), of the signs of both at one scale.

    `prevalence` is the share of organisms that are none of the labels, before an image is looked at; all labels are
    as likely as each other then, and so are all rivals. `counts` are how many there are of both:

        odds = p / (1 - p) * (mean of exp(logit) over rivals) / (mean of exp(logit) over labels)
    """
    if not 0 < prevalence < 1:
        raise UsageError(f"the share of organisms that are none of the labels lies between 0 and 1, got {prevalence:g}")
    if min(counts) < 1:
        raise ThujaError(f"labels and rivals are one each at least, got {counts[0]} and {counts[1]}")
    ours = labels.energy.astype(np.float64) - np.log(counts[0])
    theirs = rivals.energy.astype(np.float64) - np.log(counts[1])
    odds = theirs - ours + np.log(prevalence / (1 - prevalence))
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -700, 700))))


def _within(ancestors: Sequence[Taxon], taxa: Sequence[Taxon]) -> npt.NDArray[np.bool_]:
    """Which taxa lie within one of the ancestors: `Taxon.is_within` of each, by the ranks that ancestors give."""
    names_at: dict[tuple[Rank, ...], set[tuple[str, ...]]] = {}
    for ancestor in ancestors:
        given = tuple(rank for rank in RANKS if ancestor[rank])
        names_at.setdefault(given, set()).add(tuple(ancestor[rank] for rank in given))
    lineages = [taxon.names for taxon in taxa]
    named = np.zeros(len(taxa), dtype=bool)
    for given, names in names_at.items():
        named |= np.array([tuple(lineage[rank] for rank in given) in names for lineage in lineages])
    return named


def _named(texts: Sequence[str], taxa: Sequence[Taxon]) -> npt.NDArray[np.bool_]:
    """Which taxa one of the texts names."""
    waiting = {text.casefold(): text for text in texts}
    wanted, found = set(waiting), set[str]()
    named = np.zeros(len(taxa), dtype=bool)
    for place, taxon in enumerate(taxa):
        names = {name.casefold() for name in (*taxon.names[:-1], taxon.scientific_name, taxon.common) if name}
        hits = names & wanted
        found |= hits
        named[place] = bool(hits)
    lost = sorted(wanted - found)
    if lost:
        raise UsageError(
            f'the label "{waiting[lost[0]]}" names no taxon that the model knows, so its rivals are not known either',
            hint="give labelled photos of each label (thuja calibrate), or ask without none of these",
        )
    return named
