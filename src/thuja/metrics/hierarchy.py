"""How near answers are to the truth on the tree: the ranks at which they agree, and how far up they meet.

Truth and answers become an `Agreement`, and every measure is made of it. What is a mean comes as one value an image,
for `mean_over_clusters`; what is not goes through `Agreement.select`:

    over_clusters(lambda rows: hierarchical_scores(agreement.select(rows)).f, species, generator)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError
from thuja.taxonomy import RANKS, Taxon

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_DEPTHS = np.arange(1, len(RANKS) + 1)


def codes_of(taxa: Sequence[Taxon]) -> Indices:
    """A number for every lineage cut at every rank, -1 where the taxon has no name there: N taxa to (N, 7).

    A code stands for all names down to its rank, so that two genera of one name in two families differ. It is made of
    the names alone (63 bits of BLAKE2b: among a million taxa, two share one with a chance of 3 in a million), so
    codes of truth, answers and tree may be made apart and compared.
    """
    distinct, place = _distinct(taxa)
    codes: dict[tuple[str, ...], int] = {}
    table = np.full((len(distinct), len(RANKS)), -1, dtype=np.int64)
    for row, taxon in enumerate(distinct):
        names = taxon.names
        for rank in RANKS:
            if names[rank]:
                lineage = names[: rank + 1]
                if lineage not in codes:
                    codes[lineage] = _code(lineage)
                table[row, rank] = codes[lineage]
    return table[place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Where N answers agree with the truth, rank by rank: three (N, 7) tables of flags.

    `is_named` says where the truth has a name, which is what is asked; `is_answered` where the answer has one;
    `is_right` where they agree. Raises ThujaError for a truth without any name.
    """

    is_right: Flags
    is_named: Flags
    is_answered: Flags

    def __post_init__(self) -> None:
        if not len(self.is_named):
            raise EmptyInput("there is no image to score")
        nameless = int((~self.is_named.any(axis=1)).sum())
        if nameless:
            raise ThujaError(
                f"{nameless} of {len(self.is_named)} truths have no name at any rank", hint="leave them out"
            )

    @classmethod
    def of(cls, truth: Sequence[Taxon], answers: Sequence[Taxon]) -> Self:
        """Of one answered taxon an image: right at a rank if `common_ancestor(truth, answer)` has a name there.

        So a rank that only one of the two names contradicts nothing below it, and homonyms differ by what stands
        above them. `Taxon()` is no answer.
        """
        if len(truth) != len(answers):
            raise ThujaError(f"{len(answers)} answers do not fit {len(truth)} truths")
        numbers: dict[str, int] = {"": -1}
        asked, said = _name_numbers(truth, numbers), _name_numbers(answers, numbers)  # (N, 7) each
        is_named, is_answered = asked >= 0, said >= 0
        has_parted = np.logical_or.accumulate(is_named & is_answered & (asked != said), axis=1)
        return cls(is_right=is_named & (asked == said) & ~has_parted, is_named=is_named, is_answered=is_answered)

    @classmethod
    def of_codes(cls, truth: npt.ArrayLike, answers: npt.ArrayLike) -> Self:
        """Of codes as `codes_of` makes them, (N, 7) each; right at a rank if the codes there are the same.

        The answers at the ranks may have been given apart, and need be no path of the tree. A code is the whole
        lineage: an answer that leaves out a rank above, which the truth names, is another lineage here.
        """
        asked, said = _checked(truth), _checked(answers)
        if asked.shape != said.shape:
            raise ThujaError(f"answers of shape {said.shape} do not fit truths of shape {asked.shape}")
        return cls(is_right=(asked >= 0) & (asked == said), is_named=asked >= 0, is_answered=said >= 0)

    def select(self, rows: npt.ArrayLike) -> Self:
        """The same of these images alone."""
        at = np.asarray(rows)
        return type(self)(is_right=self.is_right[at], is_named=self.is_named[at], is_answered=self.is_answered[at])


def top_down(agreement: Agreement) -> Flags:
    """Right at a rank, and contradicted at none above: (N, 7).

    A rank that truth or answer leaves open contradicts nothing. For one taxon an image this is `is_right`; answers
    given apart at each rank lose what they got right below a mistake. Source: arXiv:2606.21838.
    """
    is_contradicted = agreement.is_named & agreement.is_answered & ~agreement.is_right
    return agreement.is_right & ~np.logical_or.accumulate(is_contradicted, axis=1)


def accuracy_at_ranks(is_right: Flags, is_named: Flags) -> tuple[Floats, Indices]:
    """The share right at each rank, and of how many: (N, 7), (N, 7) to (7,), (7,).

    accuracy(r) = right(r) / named(r), over the images whose truth has a name at the rank; NaN where none has.
    `is_right` is an agreement's own, or its `top_down`. For the interval at a rank: `rows = is_named[:, rank]`, then
    `mean_over_clusters(is_right[rows, rank], species[rows], generator)`.
    """
    right, named = (is_right & is_named).sum(axis=0), is_named.sum(axis=0)
    return np.divide(right, named, out=np.full(len(RANKS), np.nan), where=named > 0), named


def is_full_path(agreement: Agreement) -> Flags:
    """Whether the answer is right at every rank that the truth names: (N,). The mean is full-path accuracy.

    Source: Park et al., ICLR 2025 (H-CAST); arXiv:2512.21529.
    """
    return np.asarray((agreement.is_right | ~agreement.is_named).all(axis=1))


def ancestor_depth(agreement: Agreement) -> Indices:
    """The depth of the lowest common ancestor of truth and answer, 0 for the root to 7 for the species: (N,).

    Of answers given apart it is the depth down to which they are right without a contradiction.
    """
    return _deepest(top_down(agreement))


def ancestor_height(agreement: Agreement) -> Indices:
    """Mistake severity: how many ranks above the truth the lowest common ancestor lies, 0 if right: (N,).

    height = depth(truth) - depth(ancestor). Of species: 1 is another species of the genus, 7 another kingdom.
    Source: Bertinetto et al. 2020, arXiv:1912.09393.
    """
    return _deepest(agreement.is_named) - ancestor_depth(agreement)


def nlca(agreement: Agreement) -> Floats:
    """depth(lowest common ancestor) / depth(truth), 1 if right, 0 if not even the kingdom is: (N,).

    Source: arXiv:2606.21838 and its code, which divide by seven: the same where every truth is a species.
    """
    return np.asarray(ancestor_depth(agreement) / _deepest(agreement.is_named))


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """The mean height of the common ancestor over the wrong answers (NaN if there is none) and over all.

    Over the wrong alone a model can look milder by making more, small mistakes; over all it cannot.
    """

    over_wrong: float
    over_all: float
    wrong: int
    images: int


def severity(heights: npt.ArrayLike) -> Severity:
    """Mistake severity both ways, of what `ancestor_height` gives: (N,).

    over_wrong = sum of heights / images with height > 0; over_all = sum of heights / images.
    """
    numbers = np.asarray(heights)
    if not len(numbers):
        raise EmptyInput("there is no image to score")
    wrong = int((numbers > 0).sum())
    return Severity(
        over_wrong=float(numbers.sum() / wrong) if wrong else float("nan"),
        over_all=float(numbers.mean()),
        wrong=wrong,
        images=len(numbers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchicalScores:
    """Hierarchical precision, recall and their harmonic mean F."""

    precision: float
    recall: float
    f: float


def hierarchical_scores(agreement: Agreement) -> HierarchicalScores:
    """Precision and recall of sets of ancestors, each taxon among its own, the root left out.

    P = sum |answer & truth| / sum |answer|, R = sum |answer & truth| / sum |truth|, F = 2 P R / (P + R), the sums over
    images: (N, 7) to three numbers. An answer deeper than the truth costs precision, one cut short recall; 0 where
    nothing is answered. Source: Kiritchenko et al. 2006 (Canadian AI, LNCS 4013).
    """
    shared, said, asked = (
        int(table.sum()) for table in (agreement.is_right, agreement.is_answered, agreement.is_named)
    )
    return HierarchicalScores(
        precision=shared / said if said else 0.0, recall=shared / asked, f=2 * shared / (said + asked)
    )


def is_off_tree(answers: npt.ArrayLike, tree: npt.ArrayLike) -> Flags:
    """Whether the answers at the ranks are no path of the tree; the mean is tree inconsistency: (N, 7), (M, 7) to (N,).

    Both are codes as `codes_of` makes them: `answers` an image's answers at the ranks, `tree` the taxa that there are.
    Off the tree is an image with an answer that does not lie within another one, given above it; a rank without
    answer, or at which the tree has no name, contradicts nothing. Source: Park et al., ICLR 2025 (TICE).
    Raises ThujaError for an answer that is not on the tree.
    """
    said, taxa = _checked(answers), _checked(tree)
    if not len(taxa):
        raise EmptyInput("a tree needs a taxon")
    is_off = np.zeros(len(said), dtype=np.bool_)
    for rank in RANKS:
        nodes, first, place = np.unique(taxa[:, rank], return_index=True, return_inverse=True)
        lineages = taxa[first, :rank]  # (nodes, rank)
        is_node = nodes >= 0
        if (lineages[place] != taxa[:, :rank])[is_node[place]].any():
            raise ThujaError(f"a code at rank {rank.label} stands in two places", hint="make codes with codes_of")
        is_answered = said[:, rank] >= 0
        found = np.searchsorted(nodes, said[:, rank]).clip(max=len(nodes) - 1)
        unknown = is_answered & (nodes[found] != said[:, rank])
        if unknown.any():
            raise ThujaError(f"{int(unknown.sum())} answers at rank {rank.label} are not on the tree")
        above, given = lineages[found], said[:, :rank]
        is_off |= is_answered & ((above >= 0) & (given >= 0) & (above != given)).any(axis=1)
    return is_off


def _deepest(flags: Flags) -> Indices:
    """The depth of the last true flag of each row, 0 for none: (N, 7) to (N,)."""
    return np.asarray((flags * _DEPTHS).max(axis=1))


def _distinct(taxa: Sequence[Taxon]) -> tuple[list[Taxon], Indices]:
    """The taxa that differ, and where each of N is among them."""
    numbers: dict[Taxon, int] = {}
    place = np.fromiter((numbers.setdefault(taxon, len(numbers)) for taxon in taxa), np.int64, len(taxa))
    return list(numbers), place


def _name_numbers(taxa: Sequence[Taxon], numbers: dict[str, int]) -> Indices:
    """A number for every name: N taxa to (N, 7). Names new to `numbers` are added to it."""
    distinct, place = _distinct(taxa)
    rows = [[numbers.setdefault(name, len(numbers)) for name in taxon.names] for taxon in distinct]
    return np.array(rows, dtype=np.int64).reshape(-1, len(RANKS))[place]


def _code(lineage: tuple[str, ...]) -> int:
    digest = blake2b("\x1f".join(lineage).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _checked(codes: npt.ArrayLike) -> Indices:
    table = np.asarray(codes)
    if table.ndim != 2 or table.shape[1] != len(RANKS) or table.dtype.kind not in "iu":
        raise ThujaError(f"codes are whole numbers, one a rank, (N, 7), got {table.dtype} of shape {table.shape}")
    return table.astype(np.int64, copy=False)
