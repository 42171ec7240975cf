"""The tables of a trait: nulls under each choice of branch lengths, regressions, clades left out, species in order."""

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Table
from thuja.analyze.traits.analysis import Analysis, parts_of
from thuja.analyze.traits.measure import regress, told
from thuja.report import Cell


def tables_of(analysis: Analysis) -> list[Table]:
    """All of them."""
    return [_nulls(analysis), _regressions(analysis), _clades(analysis), _species(analysis)]


def _nulls(analysis: Analysis) -> Table:
    rows: list[list[Cell]] = []
    for name, problem, measured in parts_of(analysis):
        for lengths, score in measured.scores.items():
            t, ranges = measured.ts[lengths], (score.against, measured.ts[lengths].against)
            rows.append(
                [
                    name,
                    lengths,
                    len(problem.trait.taxa),
                    problem.signals[lengths].lambda_,
                    score.value,
                    ranges[0].value,
                    ranges[0].high,
                    score.p_value,
                    t.value,
                    ranges[1].value,
                    ranges[1].high,
                    t.p_value,
                ]
            )
    for lengths, kin in analysis.kin.items():
        for words, predictions in (("clades", kin.left_out), ("one species", kin.one_out)):
            one = told(analysis.problem, predictions)
            score_of_kin = float(one.score(one.parts.sum(axis=0, keepdims=True))[0])
            lambda_ = analysis.problem.signals[lengths].lambda_
            empty: list[Cell] = [None] * 7
            species = len(analysis.problem.trait.taxa)
            rows.append([f"tree only, {words} left out", lengths, species, lambda_, score_of_kin, *empty])
    columns = ["seen through", "branch lengths", "species", "lambda", "score", "simulated", "97.5 %", "p"]
    columns += ["t", "simulated t", "97.5 % t", "p of t"]
    return Table(
        name=f"{analysis.trait}-nulls",
        caption="The score for clades left out and the t of the phylogenetic regression, each beside the mean and the "
        "97.5 % quantile of traits simulated on the tree.",
        columns=columns,
        rows=rows,
    )


def _regressions(analysis: Analysis) -> Table:
    rows: list[list[Cell]] = []
    names = analysis.problem.trait.names or (analysis.trait,)
    found = [
        *((name, problem, measured.regressions) for name, problem, measured in parts_of(analysis)),
        *(
            (
                "tree only, clades left out",
                analysis.problem,
                {lengths: regress(analysis.problem, kin.left_out, analysis.problem.ancestries[lengths])},
            )
            for lengths, kin in analysis.kin.items()
        ),
    ]
    for name, problem, regressions in found:
        words = names if problem is analysis.problem else problem.trait.names or (name,)
        for lengths, fits in regressions.items():
            for place, word in enumerate(words):
                numbers = (fits.slopes, fits.errors, fits.t, fits.p_values, fits.lambdas, fits.r2)
                rows.append([name, lengths, word, *(float(column[place]) for column in numbers)])
    return Table(
        name=f"{analysis.trait}-regressions",
        caption="Phylogenetic regression of the trait (of a category, of belonging to it) on its prediction for clades "
        "left out. The plain p is a number of the trait's own making and is not used: see the nulls.",
        columns=["seen through", "branch lengths", "of", "slope", "error", "t", "plain p", "lambda", "R2"],
        rows=rows,
    )


def _clades(analysis: Analysis) -> Table:
    problem, own = analysis.problem, analysis.own
    rows: list[list[Cell]] = []
    for clade, (name, parts) in enumerate(zip(problem.clades.names, own.told.parts, strict=True)):
        chosen = problem.clades.clades == clade
        fold = int(problem.clades.folds[chosen][0])
        penalty = int(own.predictions.penalties[fold, 0])
        if problem.trait.is_category:
            asked, right = np.split(parts, 2)
            rows.append([name, fold, int(asked.sum()), int(right.sum()), int((asked > 0).sum()), penalty])
        else:
            values, said = problem.trait.values[chosen], values_said(analysis)[chosen]
            error = float(np.sqrt(((values - said) ** 2).mean()))
            rows.append([name, fold, int(chosen.sum()), float(values.mean()), float(said.mean()), error, penalty])
    by_kind = ["right", "categories"] if problem.trait.is_category else ["mean", "mean predicted", "error"]
    return Table(
        name=f"{analysis.trait}-clades",
        caption=f"Clades of the rank of {problem.clades.rank.label}, each predicted without it; clades of one fold "
        "were left out together.",
        columns=["clade", "fold", "species", *by_kind, "penalty"],
        rows=rows,
    )


def _species(analysis: Analysis) -> Table:
    problem = analysis.problem
    scores, names = analysis.own.predictions.scores, problem.trait.names
    clades = problem.clades.names
    said = values_said(analysis)
    rows: list[list[Cell]] = []
    for row in np.argsort(-scores[:, 0], kind="stable"):
        value: Cell = names[problem.trait.labels[row]] if names else float(problem.trait.values[row])
        answer: Cell = names[int(said[row])] if names else float(said[row])
        rows.append(
            [
                problem.trait.taxa[row].scientific_name,
                clades[problem.clades.clades[row]],
                value,
                answer,
                *(float(score) for score in scores[row]),
            ]
        )
    columns = [f"score of {name}" for name in names] if names else ["score"]
    return Table(
        name=f"{analysis.trait}-species",
        caption="Species in order along the learned direction, each as seen without its clade.",
        columns=["species", "clade", analysis.trait, "predicted", *columns],
        rows=rows,
    )


def values_said(analysis: Analysis) -> npt.NDArray[np.float64]:
    """What is predicted for each species (S,): numbers in the trait's own units, or places of categories."""
    problem, predictions = analysis.problem, analysis.own.predictions
    if problem.trait.is_category:
        return np.asarray(predictions.scores.argmax(axis=1), dtype=np.float64)
    values = problem.trait.values
    return np.asarray(values.mean() + values.std() * predictions.values[:, 0])
