"""The section of one trait: whether it shows in the space beyond ancestry, of species whose clade was left out."""

import numpy as np

from thuja.analyze.finding import Section
from thuja.analyze.space import Space
from thuja.analyze.traits.analysis import Analysis, analyse_trait
from thuja.analyze.traits.figures import figures_of
from thuja.analyze.traits.findings import RULE, findings_of
from thuja.analyze.traits.settings import TraitSettings
from thuja.analyze.traits.tables import tables_of


def trait_section(
    space: Space, trait: str, generator: np.random.Generator, *, settings: TraitSettings | None = None
) -> Section:
    """Findings, tables and figures of a column of the space; a section with a `reason` where there is nothing to say.

    Raises UnknownName for a column that is not there, ThujaError for a wrong request.
    """
    settings = settings or TraitSettings()
    title = f"Between species: {trait}"
    analysis = analyse_trait(space, trait, generator, settings=settings)
    if isinstance(analysis, str):
        return Section(title=title, about=RULE, reason=analysis)
    return Section(
        title=title,
        about=RULE,
        findings=findings_of(analysis, generator, replicates=settings.replicates),
        tables=tables_of(analysis),
        figures=figures_of(analysis),
        notes=[_what(analysis), *analysis.notes],
    )


def _what(analysis: Analysis) -> str:
    problem = analysis.problem
    clades = problem.clades
    labels = problem.trait.labels
    kinds = ", ".join(f"{name} {int((labels == place).sum())}" for place, name in enumerate(problem.trait.names))
    lambdas = ", ".join(f"{signal.lambda_:.2f} ({name})" for name, signal in problem.signals.items())
    return (
        f"{len(problem.trait.taxa):,} species of {len(clades.taxa)} clades of the rank of {clades.rank.label}, "
        f"left out in {int(clades.folds.max()) + 1} folds{f'; {kinds}' if kinds else ''}. Pagel's lambda: {lambdas}."
    )
