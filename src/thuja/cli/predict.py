"""`thuja predict`: name what is on images, as deep as the evidence allows."""

import shlex
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.example_options import ExampleChoice, example_options
from thuja.cli.hardware import HardwareChoice, hardware_options
from thuja.cli.label_options import LabelOptions, label_options
from thuja.cli.output_options import OutputChoice, output_options
from thuja.cli.place_options import PlaceChoice, place_options
from thuja.cli.why_options import WhyChoice, why_options

if TYPE_CHECKING:
    from thuja.predict import Predictor, Question
    from thuja.predict.asked import Asked
    from thuja.predict.inputs.finding import Inputs
    from thuja.predict.job import Watch
    from thuja.predict.options import PredictorOptions
    from thuja.predict.outputs.tally import Tally

NONE = "none"


class _Call(NamedTuple):
    """One call of the command, settled."""

    model: str | None
    labels: LabelOptions
    examples: ExampleChoice
    question: "Question"
    options: "PredictorOptions"
    hardware: HardwareChoice


@click.command()
@click.argument("images", nargs=-1, required=True)
@click.option("--model", "-m", "name", metavar="NAME", help="A model's or run's folder, or a published model's name.")
@click.option("--rank", metavar="RANK", help="Answer at this rank, kingdom to species.  [default: species]")
@click.option("-k", type=int, help="Answers an image.  [default: 5, or all of your own labels]")
@click.option("--confidence", type=float, metavar="SHARE", help="Name the deepest taxon that is so likely, too.")
@click.option("--coverage", type=float, metavar="SHARE", help="Name the subtrees that hold the truth so often, too.")
@click.option("--none-of-these", "allows_none", is_flag=True, help="Let `none of these` compete with the answers.")
@click.option(
    "--calibration", metavar="DIR", help="What thuja calibrate made; `none` for raw scores.  [default: the model's]"
)
@label_options
@place_options
@example_options
@output_options
@why_options
@click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True)
@click.option("--exact", "is_exact", is_flag=True, help="Decode large JPEGs in full, at two to three times the time.")
@hardware_options
def predict(
    images: tuple[str, ...],
    *,
    name: str | None,
    rank: str | None,
    k: int | None,
    confidence: float | None,
    coverage: float | None,
    allows_none: bool,
    calibration: str | None,
    labels: LabelOptions,
    places: PlaceChoice,
    examples: ExampleChoice,
    output: OutputChoice,
    why: WhyChoice,
    batch_size: int,
    is_exact: bool,
    hardware: HardwareChoice,
) -> None:
    """Name what is on IMAGES: files, folders, glob patterns, tables, shards, URLs, or - for a list on stdin.

    The columns are pybioclip's, with what else was asked behind them. An image that cannot be read is a row with its
    error; the counts stand on stderr. Exits 0 when at least one image is answered. On a terminal the answers come as
    a table, elsewhere as CSV; with --out the file's suffix says the format, and a run that was stopped goes on when
    the same command is given again.

    \b
    Examples:
      thuja predict photos/ --model run --rank family -k 3 --out families.csv
      thuja predict photos/ --model run --confidence 0.9 --html answers.html
      thuja predict photos/ --model bioclip-2 --within Aves --checklist birds-of-hawaii.txt
    """
    from thuja.encode import EncodeOptions
    from thuja.jobs import Share
    from thuja.predict import Question
    from thuja.predict.inputs.finding import find_inputs
    from thuja.predict.job import PredictJob, run_predict_job
    from thuja.predict.why.watching import require_second_look
    from thuja.taxonomy import Rank

    labels.require_sense(rank)
    question = Question(
        rank=Rank.parse(rank) if rank else None,
        k=k,
        confidence=confidence,
        coverage=coverage,
        allows_none=allows_none,
    )
    form = output.settled_format()
    out, parts = output.target()
    why.check(force=output.force)
    examples.check()
    options = _options(labels, places, examples, calibration=calibration, is_exact=is_exact)
    call = _Call(name, labels, examples, question=question, options=options, hardware=hardware)
    inputs = find_inputs(images, output.given())
    if why.is_asked:
        require_second_look(inputs)
    opener = _Opener(call)
    with ExitStack() as stack:
        watch_of = partial(_watch, stack, why, inputs=inputs, force=output.force)
        job = PredictJob(
            inputs=inputs,
            out=out,
            parts=parts,
            format=form,
            given=output.given(),
            options=EncodeOptions(batch_size=batch_size, is_exact=is_exact, label="predicting" if parts else ""),
            kept=output.kept,
            identifiers=output.identifiers(),
            force=output.force,
            watch_of=watch_of if why.is_asked else None,
        )
        tally = run_predict_job(job, opener, Share.from_environment(), say=partial(click.echo, err=True))
    if tally is None:
        click.echo("this share is done; other processes are still at work", err=True)
        return
    if log := output.log_file():
        _write_log(log, opener, images, output=output, tally=tally, details={"batch_size": batch_size})
    where = f", in {out}" if parts else ""
    click.echo(f"{tally}{where}", err=True)
    if not tally.answered:
        sys.exit(1)


def _options(
    labels: LabelOptions,
    places: PlaceChoice,
    examples: ExampleChoice,
    *,
    calibration: str | None,
    is_exact: bool,
) -> "PredictorOptions":
    from thuja.predict.options import PredictorOptions

    is_calibrated = calibration != NONE
    return PredictorOptions(
        checklist=labels.checklist,
        adds=labels.add,
        occurrences=places.occurrences,
        country=places.country,
        polygon=places.polygon,
        least_records=places.least_records,
        prior=places.prior,
        clade_size=places.clade_size,
        calibration=Path(calibration) if calibration is not None and is_calibrated else None,
        is_calibrated=is_calibrated,
        bins=labels.read_bins() if labels.bins is not None else None,
        examples=examples.examples,
        learning=examples.learning(),
        blend=examples.settled_blend,
        is_exact=is_exact,
    )


class _Opener:
    """Opens the predictor when a job asks for it, and tells what came of the choices."""

    def __init__(self, call: _Call) -> None:
        self.call, self.started = call, datetime.now(UTC)
        self.predictor: Predictor | None = None

    def __call__(self, planned: str | None) -> "Asked":
        from thuja.predict import Predictor

        call = self.call
        self.predictor = Predictor(
            call.model,
            labels=call.labels.space or call.labels.custom(),
            within=call.labels.within,
            options=call.options,
            hardware=call.hardware.settled(planned),
        )
        for remark in self.predictor.told:
            click.echo(remark, err=True)
        if said := _said_of_confidence(self.predictor, call):
            click.echo(said, err=True)
        call.examples.save(self.predictor.examples)
        return self.predictor.asked(call.question)


def _said_of_confidence(predictor: "Predictor", call: _Call) -> str:
    """That a confidence is no promise, where nothing has made the scores mean how often they are right."""
    from thuja.predict.among_taxa import AmongTaxa

    among, confidence = predictor.among, call.question.confidence
    is_wanted = confidence is not None and call.options.is_calibrated
    if not is_wanted or not isinstance(among, AmongTaxa) or among.weighing.calibration is not None:
        return ""
    return (
        f"confidence {confidence:g} is the model's own word, not how often it is right: scores are uncalibrated here "
        "(thuja calibrate MODEL IMAGES)"
    )


def _watch(stack: ExitStack, why: WhyChoice, asked: "Asked", *, inputs: "Inputs", force: bool) -> "Watch":
    """What makes page and explanations; they are finished when the stack is left without an error."""
    from thuja.predict.why.explanations import open_folder
    from thuja.predict.why.page import PredictionPage
    from thuja.predict.why.watching import Why

    summary = [f"{asked.about.by}, {len(asked.among.labels):,} labels"]
    page = PredictionPage("Predictions", asked.question, summary=summary, most=why.max_page) if why.html else None
    folder = stack.enter_context(open_folder(why.explain, force=force)) if why.explain else None
    watching = Why(asked, inputs, page=page, folder=folder, most=why.max_page)
    stack.callback(watching.close)

    def save(kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and page is not None and why.html is not None:
            page.save(why.html)
            click.echo(f"page: {why.html}", err=True)

    stack.push(save)
    return watching.see


def _write_log(
    path: Path,
    opener: _Opener,
    images: tuple[str, ...],
    output: OutputChoice,
    *,
    tally: "Tally",
    details: dict[str, int],
) -> None:
    from thuja.predict.outputs.provenance import Provenance, pybioclip_log, write_log

    predictor, call = opener.predictor, opener.call
    assert predictor is not None, "a job that is done has opened its predictor"
    asked = predictor.asked(call.question)
    encoder = predictor.encoder
    plan = asked.plan()
    told = Provenance(
        model={"id": predictor.model.id, "name": call.model, "folder": str(predictor.folder)},
        labels={"id": predictor.labels.id, "size": len(predictor.labels)},
        question=call.question,
        inputs=images,
        calibration={"digest": plan["calibration"]} if plan.get("calibration") else None,
        settings={
            "within": list(call.labels.within),
            "checklist": str(call.labels.checklist) if call.labels.checklist else None,
            "group_by": output.group_by,
            "boxes": output.boxes,
            **details,
        },
        plan=plan,
        command_line=shlex.join(sys.argv),
        device=str(encoder.device),
        precision=encoder.precision,
        started=opener.started,
    ).told(tally, out=output.out)
    if output.settled_format() == "pybioclip":
        asked_rank = call.question.rank.label if call.question.rank is not None else None
        told = pybioclip_log(told, tally, {"rank": asked_rank, "k": call.question.k, **details})
    write_log(path, told)
