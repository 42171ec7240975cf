"""A calibration's folder: what was fitted, and the labelled images that it can be fitted on again.

A calibration holds for one model among one label space. Among other labels the same probabilities mean something else,
so that it is fitted again on those of the images whose taxon is among them, or refused; never used as it is.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.classify.calibrate.calibration import Calibration
from thuja.classify.calibrate.fitting import Added, Identified, fit_calibration, one_each
from thuja.classify.calibrate.placement import label_rank, places_of
from thuja.classify.clades import Tree
from thuja.classify.unseen.probabilities import Unseen, fit_unseen
from thuja.embeddings import Embeddings
from thuja.errors import BadFile, ThujaError, UsageError
from thuja.jobs import MARKER, atomic_path, output_folder, require_complete, write_json
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Taxon

FOLDER = "calibration"
"""The folder beside a model's weights that holds its calibration."""

OBSERVATION = "observation_id"
FACTS = (OBSERVATION, "latitude", "longitude", "event_date")
"""What stays with the labelled images besides their ranks, where it is known."""

_CALIBRATION, _EVIDENCE, _COUNTS, _FITS = "calibration.json", "evidence.parquet", "counts.parquet", "fits"
_REFIT_BUDGET = 2 * 10**9
_FEWEST = 500

Counts = npt.NDArray[np.int64]
AddedTo = Callable[[Embeddings], Added]
"""What is added to the logits of these images: see `Added`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A calibration for a label space with the labels' own counts, or None and a sentence that says why.

    `counts` (L,) go with `Calibration.subtrees`; None where abundance took no part.
    """

    calibration: Calibration | None
    counts: Counts | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrations:
    """What `thuja calibrate` made: a calibration, and its evidence.

    `evidence` are the labelled images' vectors with columns kingdom ... species and FACTS; `counts` tell how many
    images of each taxon there are to learn from, empty where nobody said. `keeps_fits` says whether what is fitted for
    other labels is written into `folder`.
    """

    calibration: Calibration
    evidence: Embeddings
    counts: Mapping[Taxon, int] = field(default_factory=dict)
    folder: Path | None = None
    keeps_fits: bool = True

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote; raises BadFile, and EmptyInput where nothing was."""
        folder = require_complete(Path(folder), verb="calibrate")
        return cls(
            calibration=read_calibration(folder / _CALIBRATION),
            evidence=Embeddings.load(folder / _EVIDENCE),
            counts=_read_counts(folder / _COUNTS),
            folder=folder,
        )

    @classmethod
    def beside(cls, model: Path) -> Self | None:
        """The calibration in a model's folder, None where it has none."""
        folder = Path(model) / FOLDER
        return cls.open(folder) if (folder / MARKER).is_file() else None

    def save(self, folder: Path, *, force: bool = False) -> None:
        """Write the folder, marked as `calibrate`'s."""
        with output_folder(folder, verb="calibrate", force=force, can_resume=False) as made:
            halves = self.evidence.vectors.astype(np.float16)
            Embeddings(
                ids=self.evidence.ids,
                vectors=halves,
                model=self.evidence.model,
                is_normalized=self.evidence.is_normalized,
                preparation=self.evidence.preparation,
                precision=self.evidence.precision,
                columns=self.evidence.columns,
            ).save(made / _EVIDENCE)
            if self.counts:
                _write_counts(made / _COUNTS, self.counts)
            write_calibration(made / _CALIBRATION, self.calibration)

    def labelled(self) -> Identified:
        """The evidence as the fit takes it."""
        return labelled_of(self.evidence)

    def fitted_to(
        self,
        labels: LabelSpace,
        *,
        scale: float,
        model_id: str,
        tree: Tree | None = None,
        added_to: AddedTo | None = None,
    ) -> Fitted:
        """The calibration for these labels: the one at hand if it is theirs, else fitted again, else None.

        Fitted again are the images whose taxon is among the labels, as many as some seconds allow; what came of it is
        kept in the folder where that can be written. Scores with something added to their logits are other scores:
        its options have to be the same.
        """
        if model_id != self.evidence.model:
            of = f"the calibration is of the model {self.evidence.model}, not of {model_id}"
            return Fitted(calibration=None, reason=f"scores are uncalibrated: {of}")
        if not labels.taxa:
            return Fitted(calibration=None, reason="scores are uncalibrated: a calibration is for labels that are taxa")
        added = added_to(self.evidence) if added_to else None
        options = dict(added.options) if added else {}
        identity = labels.id
        counts = self.counts_of(labels)
        for known in (self.calibration, self._kept(identity, options)):
            if known is not None and known.is_of(labels) and dict(known.options) == options:
                return Fitted(calibration=known, counts=counts if known.thirds else None)
        try:
            found = self._refitted(labels, tree or Tree.of(labels), scale=scale, added=added, counts=counts)
        except ThujaError as error:
            return Fitted(calibration=None, reason=f"scores are uncalibrated among these labels: {error.message}")
        self._keep(found)
        return Fitted(calibration=found, counts=counts)

    def unseen_of(self, fitted: Fitted) -> Unseen | None:
        """How organisms that are not among the labels are told, as it was fitted with a calibration of this folder."""
        if fitted.calibration is None or fitted.calibration.unseen is None:
            return None
        return Unseen.from_dict(fitted.calibration.unseen)

    def counts_of(self, labels: LabelSpace) -> Counts | None:
        """How many images of each label's taxon there were to learn from: (L,), None where nobody said."""
        if not self.counts:
            return None
        return np.array([self.counts.get(taxon, 0) for taxon in labels.taxa], dtype=np.int64)

    def _refitted(
        self, labels: LabelSpace, tree: Tree, *, scale: float, added: Added | None, counts: Counts | None
    ) -> Calibration:
        labelled = self.labelled()
        stands = places_of(labelled.taxa, tree).at_rank[:, label_rank(tree)]
        drawn = one_each(labelled.observations)
        most = most_fitted(labels)
        rows, strangers = drawn[stands[drawn] >= 0][:most], drawn[stands[drawn] < 0][:most]
        chosen = None if added is None else added.select(rows)
        found = fit_calibration(
            labelled.select(rows), labels, scale=scale, tree=tree, added=chosen, counts=counts, is_checked=False
        )
        # Images of what is among the evidence and not among these labels show what strangers look like.
        return with_unseen(found, labelled.select(np.concatenate([rows, strangers])), labels, scale=scale, tree=tree)

    def _kept(self, identity: str, options: Mapping[str, Any]) -> Calibration | None:
        path = self._fit_path(identity, options)
        if path is None or not path.is_file():
            return None
        try:
            return read_calibration(path)
        except BadFile:  # of an earlier version, or cut short: it is fitted again
            return None

    def _keep(self, found: Calibration) -> None:
        path = self._fit_path(found.labels, found.options)
        if path is None or not self.keeps_fits:
            return
        try:
            path.parent.mkdir(exist_ok=True)
            write_calibration(path, found)
        except OSError:
            return  # a model that is not ours to write beside: it is fitted again the next time

    def _fit_path(self, identity: str, options: Mapping[str, Any]) -> Path | None:
        if self.folder is None:
            return None
        key = hashlib.sha256(json.dumps([identity, options], sort_keys=True).encode()).hexdigest()[:16]
        return self.folder / _FITS / f"{key}.json"


def most_fitted(labels: LabelSpace) -> int:
    """How many images are looked at among so many labels in some seconds."""
    return max(_FEWEST, _REFIT_BUDGET // len(labels))


def with_unseen(
    calibration: Calibration, labelled: Identified, labels: LabelSpace, *, scale: float, tree: Tree
) -> Calibration:
    """The calibration, and how organisms outside its labels are told.

    Without that where clade sizes or examples are weighed in: what is left of a logit then is not what an image alone
    says. A prior of places is no hindrance, since the answers without it are at hand.
    """
    if calibration.options.get("clade_size") or calibration.options.get("examples"):
        return calibration
    try:
        unseen = fit_unseen(
            labelled.vectors,
            labelled.taxa,
            labels,
            scale=scale / calibration.temperature,
            observations=labelled.observations,
            tree=tree,
        )
    except UsageError:  # nothing is left of the labels without an image's own
        return calibration
    return replace(calibration, unseen=unseen.to_dict())


def labelled_of(evidence: Embeddings) -> Identified:
    """Embeddings with rank columns as labelled images; an image without an observation is one of its own."""
    names = evidence.columns.column_names
    if not {rank.label for rank in RANKS} & set(names):
        raise BadFile("the labelled images have no columns kingdom ... species", hint="make them: thuja calibrate")
    ranks = [rank.label for rank in RANKS if rank.label in names]
    taxa = [Taxon.from_columns(row) for row in evidence.columns.select(ranks).to_pylist()]
    given = evidence.columns.column(OBSERVATION).to_pylist() if OBSERVATION in names else [None] * len(evidence)
    observations = [
        f"image {id_}" if name in (None, "") else f"observation {name}"
        for id_, name in zip(evidence.ids, given, strict=True)
    ]
    vectors = evidence.vectors.astype(np.float32)
    if not evidence.is_normalized:
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return Identified(vectors=vectors, taxa=taxa, observations=observations)


def read_calibration(path: Path) -> Calibration:
    """Read a calibration's JSON; raises BadFile."""
    try:
        return Calibration.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise BadFile(f"{path} is not a calibration: {error}", hint="make it again: thuja calibrate") from error


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON, whole or not at all."""
    write_json(path, calibration.to_dict())


def _write_counts(path: Path, counts: Mapping[Taxon, int]) -> None:
    columns = {rank.label: [taxon[rank] or None for taxon in counts] for rank in RANKS}
    table = pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
    with atomic_path(path) as temporary:
        pq.write_table(table.append_column("images", pa.array(list(counts.values()), pa.int64())), temporary)


def _read_counts(path: Path) -> dict[Taxon, int]:
    if not path.is_file():
        return {}
    try:
        rows = pq.read_table(path).to_pylist()
        return {Taxon.from_columns(row): int(row["images"]) for row in rows}
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        raise BadFile(f"{path} is not a table of counts: {error}", hint="make it again: thuja calibrate") from error
