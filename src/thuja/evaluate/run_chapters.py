"""The chapters of an evaluation, one after the other, from the vectors that it holds."""

from collections.abc import Mapping

from thuja.evaluate.chapter import Chapter, Shown
from thuja.evaluate.data import Curated
from thuja.evaluate.hierarchical import Ladder
from thuja.evaluate.question import distinct_at
from thuja.evaluate.run_confidence import measure_confidence
from thuja.evaluate.run_exposure import measure_exposure
from thuja.evaluate.run_naming import measure_naming
from thuja.evaluate.run_structure import measure_structure_of
from thuja.evaluate.towers import BuildLabels
from thuja.taxonomy import Rank


def measure_chapters(
    shown: Mapping[str, Shown], curated: Curated, build: BuildLabels, *, scale: float, seed: int
) -> tuple[Chapter, ...]:
    """Naming at every rank, confidence, exposure and structure; the candidates are the species met in training."""
    seen = curated.seen_taxa
    ladder = Ladder.build(seen, build) if distinct_at(seen, Rank.SPECIES) else None
    catalog = next(iter(shown.values())).pictures.folder / "catalog.parquet"
    return (
        measure_naming(shown, ladder, seen, scale=scale, seed=seed),
        measure_confidence(shown, ladder, scale=scale, seed=seed),
        measure_exposure(shown, catalog, seed=seed),
        measure_structure_of(shown, catalog, seed=seed),
    )
