"""What scores among taxa are weighed by, each part fitted to the labels at hand."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify import Tree
from thuja.classify.calibrate.fitting import Added, one_each
from thuja.classify.calibrate.placement import label_rank, places_of
from thuja.classify.priors.clade_size import sum_biases
from thuja.classify.priors.ranges import Occasion, RangePrior
from thuja.classify.priors.weight import fit_prior_weight
from thuja.classify.tiled import Bias
from thuja.classify.unseen.probabilities import Unseen
from thuja.embeddings import Embeddings
from thuja.errors import EmptyInput
from thuja.labels import LabelSpace
from thuja.predict.among_taxa import Weighing
from thuja.predict.calibrations import Calibrations, Fitted, labelled_of, most_fitted
from thuja.predict.examples.blended import Blended
from thuja.predict.options import PredictorOptions
from thuja.predict.places.occasions import occasion_of
from thuja.predict.places.occurrences import read_prior

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What labels are weighed by, on its way to be settled; `taught` names the examples that `blended` knows."""

    labels: LabelSpace
    tree: Tree
    bias: Bias | None
    blended: Blended | None
    taught: str
    options: PredictorOptions

    def settled(
        self, calibrations: Calibrations | None, *, scale: float, model_id: str
    ) -> tuple[Weighing, tuple[str, ...]]:
        """The weighing, and sentences on what could not be had."""
        prior = read_prior(self.options.prior, self.labels) if self.options.prior is not None else None
        if calibrations is None:
            return self._weighing(Fitted(calibration=None), prior), ()

        def fitted(prior: RangePrior | None) -> Fitted:
            return calibrations.fitted_to(
                self.labels, scale=scale, model_id=model_id, tree=self.tree, added_to=self._added_by(prior)
            )

        found, told = fitted(None), []
        if prior is not None and found.calibration is not None:
            try:
                prior = self._trusted(prior, calibrations.evidence, scale=scale / found.calibration.temperature)
                found = fitted(prior)
            except EmptyInput as error:
                found = Fitted(calibration=None, reason=f"scores with the prior are uncalibrated: {error.message}")
        if found.reason:
            told.append(found.reason)
        unseen = calibrations.unseen_of(found)
        return self._weighing(found, prior, unseen), tuple(told)

    def _weighing(self, found: Fitted, prior: RangePrior | None, unseen: Unseen | None = None) -> Weighing:
        calibration = found.calibration
        facts = {
            "calibration": None if calibration is None else calibration.digest,
            "unseen": None if unseen is None else unseen.to_dict(),
            "clade_size": self.options.clade_size,
            "prior": None if prior is None else self._of_prior(prior),
            "examples": None if self.blended is None else self.taught,
        }
        return Weighing(
            calibration=calibration,
            counts=found.counts,
            unseen=unseen,
            bias=self.bias,
            prior=prior,
            voice=None if self.blended is None else self.blended.bias,
            facts=facts,
        )

    def _of_prior(self, prior: RangePrior) -> dict[str, object]:
        """Which prior it is, as a calibration's options say it."""
        assert self.options.prior is not None
        status = self.options.prior.stat()
        return {
            "table": self.options.prior.name,
            "bytes": status.st_size,
            "changed": status.st_mtime_ns,
            **prior.settings.to_json(),
        }

    def _added_by(self, prior: RangePrior | None) -> Callable[[Embeddings], Added] | None:
        """What is added to logits, made for a calibration's evidence."""
        blended = self.blended
        if self.bias is None and prior is None and blended is None:
            return None
        options: dict[str, object] = {"clade_size": self.options.clade_size}
        if blended is not None:
            options["examples"] = self.taught
        if prior is not None:
            options["prior"] = self._of_prior(prior)

        def added_to(evidence: Embeddings) -> Added:
            occasions = occasions_of(evidence) if prior is not None else []
            units = labelled_of(evidence).vectors if blended is not None else None

            def bias_of(rows: Indices) -> Bias | None:
                placed = None if prior is None else prior.bias([occasions[row] for row in rows.tolist()])
                return sum_biases(self.bias, placed)

            def voice_of(rows: Indices) -> Bias | None:
                return None if blended is None or units is None else blended.bias(units[rows])

            return Added(bias_of=bias_of, voice_of=voice_of, options=options)

        return added_to

    def _trusted(self, prior: RangePrior, evidence: Embeddings, *, scale: float) -> RangePrior:
        """The prior with the weight that the evidence gives it; raises EmptyInput where it has too few places."""
        whole, occasions = labelled_of(evidence), occasions_of(evidence)
        drawn = one_each(whole.observations)  # a second photo of one organism is no second proof
        rows = drawn[[occasions[row].is_placed for row in drawn.tolist()]][: most_fitted(self.labels)]
        labelled = whole.select(rows)
        stands = places_of(labelled.taxa, self.tree).at_rank[:, label_rank(self.tree)]
        firsts = self.tree.order[self.tree.edges[label_rank(self.tree)][np.maximum(stands, 0)]]
        fit = fit_prior_weight(
            labelled.vectors,
            self.labels,
            prior,
            truth=np.where(stands >= 0, firsts, -1),
            occasions=[occasions[row] for row in rows.tolist()],
            scale=scale,
            tree=self.tree,
            bias=self.bias,
        )
        return prior.under(fit.settings)


def occasions_of(evidence: Embeddings) -> list[Occasion]:
    """Where and when labelled images were taken, as far as their columns say."""
    columns = evidence.columns
    if not columns.num_columns:
        return [Occasion()] * len(evidence)
    return [occasion_of(None, row) for row in columns.to_pylist()]
