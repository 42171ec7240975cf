"""The checks that a run makes of its captions, opened in whatever process works."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from thuja.captions.check.choosing import checks_of
from thuja.captions.check.finding import Check
from thuja.captions.check.naming import names_of
from thuja.captions.check.settings import CheckSettings
from thuja.captions.descriptions.visual import judge_of
from thuja.captions.make.inputs import CATALOG
from thuja.taxonomy import RANKS, Taxon

_COLUMNS = (*(rank.label for rank in RANKS), "common")


def open_checks(settings: CheckSettings, data: Path) -> Sequence[Check]:
    """The checks with the judge of clauses, and with the names of all taxa of `data` where it has a catalog."""
    return checks_of(replace(settings, judge=judge_of(), other_names=names_in_catalog(Path(data) / CATALOG)))


def names_in_catalog(catalog: Path) -> frozenset[str]:
    """What the taxa of a catalog are called, each read once; none where there is no such file."""
    if not catalog.is_file():
        return frozenset()
    frame = pl.scan_parquet(catalog, glob=False)
    known = [name for name in _COLUMNS if name in frame.collect_schema().names()]
    rows = frame.select(known).unique().collect(engine="streaming").iter_rows(named=True)
    return frozenset(name for row in rows for name in names_of(Taxon.from_columns(row)))
