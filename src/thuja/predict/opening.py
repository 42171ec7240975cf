"""From a model's folder and a user's choices to what answers: labels chosen, weighed and calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from thuja.classify import Tree
from thuja.classify.priors.clade_size import size_bias
from thuja.encode import Encoder, build_labels, encode_texts
from thuja.errors import UsageError
from thuja.labels import LabelSpace, find_published, require_distinct
from thuja.model import Model
from thuja.model.known import find_known
from thuja.model.published_labels import find_published_labels
from thuja.predict.among_taxa import AmongTaxa
from thuja.predict.among_texts import AmongTexts
from thuja.predict.calibrations import Calibrations
from thuja.predict.examples.answering import alone, blended_texts, learnt_examples, weight_of
from thuja.predict.examples.learnt import Examples
from thuja.predict.examples.report import told_examples
from thuja.predict.kept_labels import open_published
from thuja.predict.label_choice import LabelChoice, choose_labels
from thuja.predict.options import PredictorOptions
from thuja.predict.places.occurrences import Area, labels_in, read_occurrences
from thuja.predict.remarks import Remark
from thuja.predict.weights import Weights

LABELS = "labels"
"""The folder beside a model's weights that holds the label space it answers from."""

Given = LabelSpace | Path | str | Sequence[str] | None
"""What a user may hand in for labels: a label space, the folder of one, one text or many, or nothing.

A text that is the name of a folder stands for the folder.
"""


class NoLabels(UsageError):
    """A model that has nothing to choose from: it makes vectors, and names nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What answers, the examples that it learnt from, and sentences on how it came about."""

    among: AmongTaxa | AmongTexts
    examples: Examples | None = None
    told: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What labels are opened for: a model made ready, its folder (None in memory), what the user called it."""

    encoder: Encoder
    folder: Path | None = None
    name: str | None = None

    @property
    def model(self) -> Model:
        """The model."""
        return self.encoder.model

    @property
    def scale(self) -> float:
        """What multiplies cosines."""
        return float(self.model.scale().detach())


def open_among(base: Base, labels: Given, *, within: Sequence[str], options: PredictorOptions) -> Opened:
    """Settle the labels, and all that they are weighed by.

    Raises UsageError for choices that contradict each other, labels of another model, or none at all.
    """
    examples = learnt_examples(base.encoder, options)
    if examples is not None and examples.head is not None and options.blend == "none":
        if refused := _said_of_labels(labels, within, options):
            raise UsageError(f"{refused} is about text labels, and examples answer alone", hint="leave out one of them")
        among = alone(examples)
        return Opened(among=among, examples=examples, told=tuple(told_examples(examples)))
    labels = _settled(base, labels, options)
    if labels.taxa and options.bins is None:
        return _open_taxa(base, labels, examples, within=within, options=options)
    if refused := ("within" if within else options.is_of_taxa):
        raise UsageError(f"{refused} is for taxa, and these labels are texts", hint="leave out one of the two")
    if examples is None or examples.head is None:
        among_texts = AmongTexts(
            labels,
            scale=base.scale,
            bins=options.bins,
            everything=lambda: own_labels(base.model, base.folder, base.name),
        )
        return Opened(among=among_texts, examples=examples, told=tuple(told_examples(examples) if examples else ()))
    if options.bins is not None:
        raise UsageError("bins and examples exclude each other", hint="leave out one of the two")
    blended = examples.blended(labels, scale=base.scale, weight=weight_of(options))
    return Opened(
        among=blended_texts(blended, examples), examples=examples, told=tuple(told_examples(examples, blended))
    )


def _said_of_labels(labels: Given, within: Sequence[str], options: PredictorOptions) -> str:
    given = {"labels": labels is not None, "within": bool(within), "bins": options.bins is not None}
    return next((name for name, is_given in given.items() if is_given), options.is_of_taxa)


def _settled(base: Base, labels: Given, options: PredictorOptions) -> LabelSpace:
    if labels is None and options.bins is not None:
        labels = list(options.bins.labels)
    if labels is None:
        labels = own_labels(base.model, base.folder, base.name)
    if isinstance(labels, str) and Path(labels).is_dir():
        labels = Path(labels)
    if isinstance(labels, Path):
        published = find_published(labels)
        labels = LabelSpace.load(labels) if published is None else open_published(*published, model=base.model.id)
    if not isinstance(labels, LabelSpace):
        labels = _encoded(base.model, [labels] if isinstance(labels, str) else labels, options.prompts)
    _require_made_by(base.model, labels)
    return labels


def own_labels(model: Model, folder: Path | None, name: str | None) -> LabelSpace:
    """The labels saved beside a model, or the published ones of one that is known by `name`; raises NoLabels."""
    if folder is not None and (folder / LABELS).is_dir():
        return LabelSpace.load(folder / LABELS)
    if name is not None and find_known(name) is not None:
        try:
            files = find_published_labels(name)
        except UsageError as error:
            raise NoLabels(error.message, hint=error.hint) from error
        return open_published(*files, model=model.id)
    where = f"in {folder / LABELS}" if folder is not None else "with the model"
    raise NoLabels(
        f"there are no labels {where}, so there is nothing to choose from",
        hint="name your own: --label TEXT (repeated) or --labels FILE",
    )


def _encoded(model: Model, texts: Sequence[str], prompts: Sequence[str]) -> LabelSpace:
    distinct = require_distinct(texts)
    return LabelSpace(texts=distinct, vectors=encode_texts(model, distinct, prompts=prompts), model=model.id)


def _require_made_by(model: Model, labels: LabelSpace) -> None:
    if labels.vectors.shape[1] != model.config.embed_dim:
        raise UsageError(
            f"the labels were made by {labels.model} and have {labels.vectors.shape[1]} dimensions, the model "
            f"{model.id} has {model.config.embed_dim}",
            hint="make the labels again with this model",
        )
    if labels.model != model.id:
        raise UsageError(
            f"the labels were made by {labels.model}, not by the model {model.id}",
            hint="make the labels again with this model",
        )


def _open_taxa(
    base: Base, labels: LabelSpace, examples: Examples | None, *, within: Sequence[str], options: PredictorOptions
) -> Opened:
    choice = LabelChoice(within=tuple(within), checklist=options.checklist, add=options.adds)
    chosen = choose_labels(labels, choice, encode_taxa=lambda taxa: build_labels(base.model, taxa))
    labels, told = chosen.labels, list(chosen.told)
    if options.occurrences is not None:
        area = Area.of(country=options.country or (), polygon=options.polygon)
        found = read_occurrences(options.occurrences, labels, area=area)
        labels = labels.subset(labels_in(found, least=options.least_records))
        told.append(Remark(f"{options.occurrences}: {found.account}"))
        told.append(Remark(f"{len(labels):,} labels are recorded there"))
    blended = None
    if examples is not None:
        if examples.head is not None:
            if options.prior is not None:
                raise UsageError("a prior of places and examples exclude each other", hint="leave out one of the two")
            blended = examples.blended(labels, scale=base.scale, weight=weight_of(options))
            labels = blended.labels
        told += told_examples(examples, blended)
    tree = Tree.of(labels)
    weights = Weights(
        labels=labels,
        tree=tree,
        bias=size_bias(tree, options.clade_size),
        blended=blended,
        taught="" if examples is None or blended is None else f"{examples.digest} at {blended.weight:.6g}",
        options=options,
    )
    weighing, sentences = weights.settled(_calibrations(base.folder, options), scale=base.scale, model_id=base.model.id)
    among = AmongTaxa(labels, scale=base.scale, weighing=weighing, tree=tree)
    return Opened(among=among, examples=examples, told=(*told, *map(Remark, sentences)))


def _calibrations(folder: Path | None, options: PredictorOptions) -> Calibrations | None:
    if not options.is_calibrated:
        return None
    if options.calibration is not None:
        found: Calibrations | None = Calibrations.open(options.calibration)
    else:
        found = None if folder is None else Calibrations.beside(folder)
    return None if found is None else replace(found, keeps_fits=options.keeps_fits)
