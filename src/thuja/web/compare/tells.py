"""What tells two taxa apart beside their looks: columns whose values differ by more than chance.

Each column is put to one test on both samples, and all p-values are corrected together (Holm, 1979). Words: a
chi-square test of the table of values. Numbers: Mann and Whitney's. An observation counts once; where both sides have
enough species, a species does, by its commonest value or its median: pictures of one species are no independent proof.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2_contingency, mannwhitneyu

from thuja.metrics.paired import holm
from thuja.search.columns import ColumnKind
from thuja.search.columns.kinds import RANK_NAMES
from thuja.search.index import Index
from thuja.taxonomy import Taxon
from thuja.web.compare.sides import Side

LEVEL: Final = 0.01
"""The corrected p-value from which a difference is told."""
_FEWEST: Final = 8
"""Known values of a side below which nothing is said."""
_EXPECTED: Final = 5.0
"""The least expected count of a value; rarer ones are taken together (Cochran, 1954)."""
_VALUES: Final = 60
OBSERVATION: Final = "observation_id"
DATE: Final = "event_date"


def _plain(name: str) -> str:
    """A column's name as different sources write it: basisOfRecord is basis_of_record."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_NOT_OF_ORGANISMS: Final = frozenset(
    _plain(name)
    for name in (
        *RANK_NAMES, "common", "common_name", "scientific_name", "verbatim_name", "caption", "title", "data_source",
        "source_dataset", "source_id", "source_url", "identifier", "publisher", "license_name", "license_link",
        "license", "copyright_owner", "rights_holder", "shard_filename", "resolution_status", "resolution_score",
        "dataset_key", "dataset_name", "download_doi", "gbif_id", "occurrence_id", OBSERVATION, "sequence_id",
        "recorded_by", "identified_by", "institution_code", "collection_code", "catalog_number", "basis_of_record",
        "img_type", "issues", "path", "file_name", "crop", "sha256", "pixel_hash", "pdq", "pdq_quality", "split",
        "width", "height", "file_size", "sharpness", "contrast", "person_score", "animal_score", "location_id",
        "information_withheld", "data_generalizations", "individual_count", "coordinate_uncertainty", "quality_grade",
        "occurrence_status", DATE,
    )
)  # fmt: skip
"""Columns of sources, files and names: that they differ says nothing of the organisms."""
MONTH: Final = "month"
_DAY: Final = re.compile(r"\d{4}-(\d{2})")
_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                  "November", "December")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """A difference: `a` and `b` say in words what each side is like, `p` is corrected for all that was tried.

    `kind` is column (of the index), word (of captions) or look (what the model makes of words), `unit` what was
    counted: picture, species or caption. `effect` is Cramer's V of a column of words, a difference of shares of words
    in captions, else twice the chance that a is above b, less 1.
    """

    what: str
    a: str
    b: str
    kind: str
    unit: str
    p: float
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A difference before it is corrected for all others."""

    what: str
    a: str
    b: str
    p: float
    effect: float


def column_tells(index: Index, first: Side, second: Side) -> list[Tell]:
    """The columns that differ, the surest first."""
    kinds = {name: kind for name, kind in index.columns.items() if _is_told(name, kind)}
    sides = [_cells(index, side, list(kinds)) for side in (first, second)]
    is_by_species = min(len(set(filter(None, side.species))) for side in sides) >= _FEWEST
    tried = []
    for name, kind in {**kinds, **({MONTH: ColumnKind.TEXT} if DATE in index.columns else {})}.items():
        values = [side.by_species(name, kind) if is_by_species else side.cells[name] for side in sides]
        tried.append(_of_numbers(name, values) if kind is ColumnKind.NUMBER else _of_words(name, values))
    unit = "species" if is_by_species else "picture"
    return corrected([one for one in tried if one is not None], kind="column", unit=unit)


def corrected(tried: Sequence[Tried], *, kind: str, unit: str) -> list[Tell]:
    """What is left of differences after all of them were corrected together, the surest first."""
    if not tried:
        return []
    chances = holm([one.p for one in tried])
    kept = [(float(p), one) for p, one in zip(chances, tried, strict=True) if p <= LEVEL]
    return [
        Tell(what=one.what, a=one.a, b=one.b, kind=kind, unit=unit, p=p, effect=one.effect)
        for p, one in sorted(kept, key=lambda pair: (pair[0], -abs(pair[1].effect)))
    ]


def mann_whitney(first: npt.NDArray[np.floating[Any]], second: npt.NDArray[np.floating[Any]]) -> tuple[float, float]:
    """The p-value of Mann and Whitney's test, and the effect: twice the chance that first is above second, less 1."""
    result = mannwhitneyu(first, second)
    return float(result.pvalue), 2 * float(result.statistic) / (len(first) * len(second)) - 1


def _is_told(name: str, kind: ColumnKind) -> bool:
    return _plain(name) not in _NOT_OF_ORGANISMS and kind is not ColumnKind.DISTINCT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Columns of a side's sample, a row an observation, and the species of each row, "" where it is not known."""

    cells: Mapping[str, list[Any]]
    species: Sequence[str]

    def by_species(self, name: str, kind: ColumnKind) -> list[Any]:
        """A column with one value a species: the median of numbers, the commonest of words."""
        known: dict[str, list[Any]] = {}
        for species, value in zip(self.species, self.cells[name], strict=True):
            if species and value is not None:
                known.setdefault(species, []).append(value)
        if kind is ColumnKind.NUMBER:
            return [float(np.median(values)) for values in known.values()]
        return [Counter(values).most_common(1)[0][0] for values in known.values()]


def _cells(index: Index, side: Side, columns: Sequence[str]) -> _Cells:
    extra = [name for name in (*RANK_NAMES, DATE, OBSERVATION) if name in index.columns]
    table = index.rows(side.keys, [*columns, *extra]).to_pylist()
    seen: set[str] = set()
    rows = []
    for row in table:
        observation = row.get(OBSERVATION)
        if not observation or observation not in seen:
            rows.append(row)
            seen.add(observation or "")
    cells: dict[str, list[Any]] = {name: [_known(row[name]) for row in rows] for name in columns}
    if DATE in index.columns:
        cells[MONTH] = [_month(row[DATE]) for row in rows]
    return _Cells(cells=cells, species=[Taxon.from_columns(row).binomial for row in rows])


def _known(value: Any) -> Any:
    """A number as it is, all else as words; None where nothing is known."""
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int | float) else str(value)


def _of_numbers(name: str, sides: Sequence[Sequence[Any]]) -> Tried | None:
    known = [np.array([value for value in side if value is not None], dtype=np.float64) for side in sides]
    first, second = (side[np.isfinite(side)] for side in known)  # (N,) and (M,)
    if min(len(first), len(second)) < _FEWEST or len(np.unique(np.concatenate([first, second]))) < 2:
        return None
    p, effect = mann_whitney(first, second)
    told = [f"{np.median(side):.4g} (half: {np.quantile(side, 0.25):.4g} to {np.quantile(side, 0.75):.4g})"
            for side in (first, second)]  # fmt: skip
    return Tried(what=name, a=told[0], b=told[1], p=p, effect=effect)


def _of_words(name: str, sides: Sequence[Sequence[str | None]]) -> Tried | None:
    counts = [Counter(value for value in side if value is not None) for side in sides]
    totals = [sum(count.values()) for count in counts]
    values = list(counts[0] + counts[1])
    if min(totals) < _FEWEST or not 2 <= len(values) <= _VALUES:
        return None
    table = _without_rare(np.array([[count[value] for value in values] for count in counts], dtype=np.float64))
    if table.shape[1] < 2:
        return None
    statistic, p, _, _ = chi2_contingency(table, correction=False)
    told = [_commonest(count, total) for count, total in zip(counts, totals, strict=True)]
    return Tried(what=name, a=told[0], b=told[1], p=float(p), effect=float(np.sqrt(statistic / table.sum())))


def _without_rare(table: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The table (2, V) with values that are expected too seldom taken together."""
    share = table.sum(axis=1, keepdims=True) / table.sum()
    is_rare = (share * table.sum(axis=0)).min(axis=0) < _EXPECTED
    rest = table[:, is_rare].sum(axis=1, keepdims=True)
    kept = table[:, ~is_rare]
    return np.concatenate([kept, rest], axis=1) if rest.sum() else kept


def _commonest(counts: Counter[str], total: int) -> str:
    return ", ".join(f"{value} {100 * count / total:.0f} %" for value, count in counts.most_common(2))


def _month(value: object) -> str | None:
    found = _DAY.match(str(value or ""))
    number = int(found[1]) if found else 0
    return _MONTHS[number - 1] if 1 <= number <= len(_MONTHS) else None
