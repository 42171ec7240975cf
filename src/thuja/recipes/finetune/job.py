"""Fine-tune a model on a user's own photos: settle how, train, stop in time, say what was learnt and what was lost.

    thuja finetune MODEL DATA --out RUN

It is the training loop with a recipe made for the photos (`request`); a linear probe needs no
loop. The run folder is that of `thuja train`, and has `finetune.json` and `report.html` beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from thuja.embeddings import Vectors
from thuja.encode import build_labels
from thuja.errors import EmptyInput, UsageError
from thuja.jobs import sole_folder, write_text
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.card import add_facts, write_card
from thuja.model.description import describe
from thuja.model.machine import find_device, limit_torch_threads
from thuja.model.published import find_model
from thuja.phrasing import phrase
from thuja.recipes.curated import image_licences, label_taxa, named_to_species
from thuja.recipes.finetune.photos import Photos
from thuja.recipes.finetune.request import CHECKS, PATIENCE, PROBE, Request
from thuja.recipes.finetune.scores import Answers, Exam, answer, bare, compare, embed, rows, species_accuracy
from thuja.recipes.finetune.told import Outcome
from thuja.taxonomy import Rank, Taxon
from thuja.train import Plan, Recipe, TrainOptions, plan_run, train
from thuja.train.checks import total_steps
from thuja.train.distill import LABELS
from thuja.train.finetune_probe import Taught, fit_probe
from thuja.train.opening import Place


def finetune(
    start: str | Path,
    data: Path,
    out: Path,
    *,
    request: Request | None = None,
    old: Path | None = None,
    options: TrainOptions | None = None,
) -> Outcome | None:
    """Tune the model `start` to the photos of `data`, a folder that `thuja curate` made; writes the run folder `out`.

    `old` is another such folder, whose test pictures show what is forgotten. Beside what `train`
    writes, `out/model` has the labels of the data's species, and with LoRA the adapters. Of
    `options`, how often to check and when to stop are settled here. Under torchrun, only the main
    process gets the outcome. Raises EmptyInput, BadFile or UsageError before any time is spent,
    where something does not fit.
    """
    request, options = request or Request(), options or TrainOptions()
    job = _prepared(start, data, out, request=request, old=old, device=options.machine.device)
    return job.probe(options) if request.method == PROBE else job.tune(options, request)


def plan_finetune(
    start: str | Path,
    data: Path,
    out: Path,
    *,
    request: Request | None = None,
    old: Path | None = None,
    options: TrainOptions | None = None,
) -> Plan:
    """What `finetune` would do with the same arguments; raises what it would raise before its first step.

    And UsageError for a linear probe, which has no steps to plan.
    """
    request, options = request or Request(), options or TrainOptions()
    if request.method == PROBE:
        raise UsageError("a linear probe encodes every photo once and has no steps to plan", hint="no --dry-run")
    job = _prepared(start, data, out, request=request, old=old, device=options.machine.device)
    return plan_run(job.recipe, job.places(request), out, options=options)


def _prepared(start: str | Path, data: Path, out: Path, *, request: Request, old: Path | None, device: str) -> "_Job":
    folder = find_model(start)
    photos = Photos.of(data)
    recipe = request.recipe(str(start), describe(folder), photos)
    taxa = label_taxa(data)
    exams = [Exam.of("your photos", photos.test, taxa)]
    if photos.unseen is not None:
        exams.append(Exam.of("species held out", photos.unseen, taxa))
    if old is not None:
        exams.append(Exam.old(old))
    limit_torch_threads()
    model = Model.load(folder).to(find_device(device)).eval()
    require_distinct(model, exams[0].taxa, recipe.label_text)
    return _Job(folder=folder, data=data, out=out, photos=photos, exams=exams, recipe=recipe, model=model)


def require_distinct(model: Model, taxa: Sequence[Taxon], text_type: str) -> None:
    """Raise UsageError where two taxa read alike to the model, whose tokenizer cuts long texts."""
    length = model.config.text.context_length
    tokens = model.tokenizer.encode([phrase(taxon, text_type) for taxon in taxa], length)
    first: dict[tuple[int, ...], Taxon] = {}
    for taxon, row in zip(taxa, tokens, strict=True):
        other = first.setdefault(tuple(row), taxon)
        if other is not taxon:
            raise UsageError(
                f'"{other.scientific_name}" and "{taxon.scientific_name}" are one text to this model, which reads '
                f"{length} tokens of it",
                hint="--set label_text=sci is shorter; --method probe needs no text",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One fine-tuning, checked and ready: the start model in `model`, whose folder is `folder`."""

    folder: Path
    data: Path
    out: Path
    photos: Photos
    exams: Sequence[Exam]
    recipe: Recipe
    model: Model

    def tune(self, options: TrainOptions, request: Request) -> Outcome | None:
        """By the training loop."""
        before = self.asked(self.model)
        told: list[Outcome] = []

        def check(tuned: Model) -> Mapping[str, float]:
            right = species_accuracy(tuned, self.photos.checked, self.exams[0].taxa, text_type=self.recipe.label_text)
            return {"species_accuracy": right}

        def finish(tuned: Model, place: Path) -> None:
            tuned.eval()
            labels = build_labels(tuned, self.exams[0].taxa, text_type=self.recipe.label_text)
            labels.save(place / LABELS)
            after = self.asked(tuned)
            told.append(self.outcome(tuned, before, after, best_step=int(tuned.facts["metrics"]["step"])))
            self.conclude(told[0], place)

        every = max(1, total_steps(self.recipe, len(self.photos.train)) // CHECKS)
        wired = replace(options, evaluate_every=every, checkpoint_every=every, patience=PATIENCE)
        wired = replace(wired, evaluate=check, finish=finish)
        train(self.recipe, self.places(request), self.out, options=wired)
        return told[0] if told else None

    def places(self, request: Request) -> dict[str, Place]:
        """Where each stream's images are."""
        places: dict[str, Place] = {"photos": self.photos.train if self.photos.held_out else self.data}
        return places if request.replay is None else places | {"replay": request.replay}

    def probe(self, options: TrainOptions) -> Outcome:
        """By one vector a species on the embeddings of the model, which stays as it is."""
        before = self.asked(self.model)
        photos = self.photos
        learnt = photos.train.of(self.exams[0].taxa)
        taxa = learnt.taxa
        if len(taxa) < 2:
            raise EmptyInput(f"a probe needs photos of two species, and {self.data} has {len(taxa)}")
        checked = [row for row, record in enumerate(photos.checked.records) if record.taxon in taxa]
        with sole_folder(self.out, verb="train", force=options.force, resume=options.resume):
            names = build_labels(self.model, taxa, text_type=self.recipe.label_text)
            place_of = {taxon: place for place, taxon in enumerate(taxa)}
            found = fit_probe(
                Taught(vectors=embed(self.model, learnt), classes=learnt.taxon_ids),
                Taught(
                    vectors=embed(self.model, photos.checked)[checked],
                    classes=np.array([place_of[photos.checked.records[row].taxon] for row in checked]),
                ),
                names.vectors.astype(np.float32),
                scale=float(self.model.scale().detach()),
            )
            write_text(self.out / "recipe.json", self.recipe.to_json())
            about = {"recipe": self.recipe.name, "label_text": self.recipe.label_text, "data": photos.train.fingerprint}
            self.model.save(self.out / "model", name=self.recipe.name, facts=about)
            labels = self._probed(found.vectors, taxa)
            labels.save(self.out / "model" / LABELS)
            after = [
                answer(self.model, exam, text_type=self.recipe.label_text, labels=labels) for exam in self.exams[:1]
            ]
            outcome = self.outcome(self.model, before[:1], after, best_step=found.step)
            self.conclude(outcome, self.out / "model")
        return outcome

    def _probed(self, vectors: Vectors, taxa: Sequence[Taxon]) -> LabelSpace:
        """The labels of a probe: learnt vectors, and those of their names for species of the data without a photo."""
        labels = build_labels(self.model, self.exams[0].taxa, text_type=self.recipe.label_text)
        learnt = dict(zip(taxa, vectors, strict=True))
        rows = [learnt.get(taxon, vector) for taxon, vector in zip(labels.taxa, labels.vectors, strict=True)]
        return replace(labels, vectors=np.stack(rows))

    def asked(self, model: Model) -> list[Answers]:
        """What a model answers to every exam."""
        return [answer(model, exam, text_type=self.recipe.label_text) for exam in self.exams]

    def outcome(self, tuned: Model, before: Sequence[Answers], after: Sequence[Answers], *, best_step: int) -> Outcome:
        """The table, and how far the model moved on the user's own pictures."""
        labels = LabelSpace.load(self.folder / LABELS) if (self.folder / LABELS).is_dir() else None
        both = (self.model, before[0].vectors), (tuned, after[0].vectors)
        asked = zip(self.exams, before, after, strict=False)
        return Outcome(
            start=self.model.id,
            model=tuned.id,
            method=self.recipe.name,
            photos=len(self.photos.train),
            species=len({bare(taxon) for taxon in named_to_species(self.photos.train.taxa)}),
            without_species=sum(not record.taxon[Rank.SPECIES] for record in self.photos.train.records),
            checked=len(self.photos.checked),
            held_out=self.photos.held_out,
            is_tested_apart=self.photos.is_tested_apart,
            best_step=best_step,
            rows=[row for exam, first, then in asked for row in rows(exam, first, then)],
            kept=None if tuned is self.model else compare(*both, self.exams[0], old=labels),
        )

    def conclude(self, outcome: Outcome, place: Path) -> None:
        """Write what the run came to, and the model's card."""
        outcome.save(self.out)
        add_facts(place, {"start": outcome.start, "image_licences": image_licences(self.data)})
        write_card(place)
