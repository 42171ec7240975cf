"""`thuja evaluate`: a model on pictures it has not seen; many models on many benchmarks; two of them compared."""

from pathlib import Path
from typing import NamedTuple

import click

from thuja.cli.evaluate_neighbours import neighbours
from thuja.cli.evaluate_suite import measure_table, require_analyze, suite_command
from thuja.cli.evaluate_tools import compare_command, tasks_command
from thuja.cli.groups import DefaultGroup

_DEFAULT = "measure"


class EvaluateGroup(DefaultGroup):
    """`thuja evaluate MODEL DATA` is `thuja evaluate measure MODEL DATA`."""

    default = _DEFAULT


@click.group(cls=EvaluateGroup)
def evaluate() -> None:
    """Measure models: `thuja evaluate MODEL DATA --out DIR` one of them, `suite` many on many benchmarks.

    A model's folder that is called as a command is (suite, tasks, ...) is written ./suite.

    \b
    Example:
      thuja evaluate run data --out report
      thuja evaluate suite run imageomics/bioclip --tasks nabirds=benchmarks/nabirds --out suite
    """


@evaluate.command(_DEFAULT)
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--run", type=click.Path(path_type=Path), help="The training run whose curves the report shows.")
@click.option("--limit", type=click.IntRange(min=1), help="Use at most so many pictures of each split.")
@click.option("--text-type", default="taxon_com", show_default=True, help="How a taxon is phrased.")
@click.option("--baselines/--no-baselines", default=True, help="Measure the untrained model beside it.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where a frozen trunk's features are kept.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--force", is_flag=True, help="Replace what an earlier evaluation wrote to --out.")
def measure_command(
    model: str,
    data: Path,
    *,
    out: Path,
    run: Path | None,
    limit: int | None,
    text_type: str,
    baselines: bool,
    cache: Path | None,
    seed: int,
    force: bool,
) -> None:
    """Measure MODEL (a model's folder, or the run that trained it) on DATA, which thuja curate made.

    Zero-shot by text and few-shot by nearest centroid, on new pictures of the species met in
    training and on species never met, beside chance, the commonest taxon, raw pixels and the
    untrained model. Prints a summary; writes report.html, scores.json, predictions.parquet,
    the image embeddings, and a few pictures to try `thuja predict` on.

    DATA may be a CSV table of your own images instead (columns file and class, or the ranks): it is asked as the
    papers' benchmarks are, in both protocols, and any model that `suite` takes may be measured.

    \b
    Example:
      thuja evaluate run data --out report
      thuja evaluate run photos.csv --out report
    """
    if data.suffix.lower() in (".csv", ".tsv"):
        _refuse("--run", "--text-type", "--baselines")
        measure_table(model, data, out=out, limit=limit, cache=cache, seed=seed, force=force)
        return
    _check_call(text_type)
    how = _How(limit=limit, text_type=text_type, baselines=baselines, seed=seed, force=force)
    _measure_curated(model, data, out, run=run, cache=cache, how=how)


class _How(NamedTuple):
    """What the user said of a measurement beside its places."""

    limit: int | None
    text_type: str
    baselines: bool
    seed: int
    force: bool


def _measure_curated(model: str, data: Path, out: Path, *, run: Path | None, cache: Path | None, how: _How) -> None:
    """Measure a model on a folder that `thuja curate` made, and print the summary."""
    from thuja.errors import EmptyInput
    from thuja.evaluate import Settings, save, summary
    from thuja.evaluate import evaluate as measure
    from thuja.evaluate.encoders import encoders_of
    from thuja.jobs import cache_folder, output_folder, require_data
    from thuja.model import Model
    from thuja.model.fresh import fresh_model
    from thuja.model.published import find_model

    try:
        require_data(data)
    except EmptyInput as error:
        hint = f"{error.hint}; or DATA is a CSV table of your images: a column file, and class or scientific_name"
        raise EmptyInput(error.message, hint=hint) from error
    folder = find_model(model)
    if run is None and folder == Path(model) / "model":
        run = Path(model)  # MODEL is the run that trained it: its curves and cached features are there
    loaded = Model.load(folder)
    trained = run / "features" if run is not None else None  # where training left them
    kept = cache or (trained if trained is not None and trained.is_dir() else cache_folder() / "features")
    untrained = (
        encoders_of(fresh_model(loaded, seed=how.seed), cache=kept, text_type=how.text_type) if how.baselines else None
    )
    with output_folder(out, verb="evaluate", force=how.force):
        evaluation = measure(
            encoders_of(loaded, cache=kept, text_type=how.text_type),
            data,
            untrained=untrained,
            settings=Settings(limit=how.limit, seed=how.seed),
        )
        save(evaluation, out, run=run)
    click.echo(summary.as_text(evaluation))
    click.echo(f"\nreport: {out / 'report.html'}")


def _refuse(*options: str) -> None:
    """Say that an option has no meaning for a table of images, rather than leave it unheard."""
    from thuja.errors import UsageError

    context = click.get_current_context()
    for option in options:
        name = option.removeprefix("--").replace("-", "_")
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"{option} is about data that thuja curate made, and DATA is a table")


def _check_call(text_type: str) -> None:
    """Say what is wrong with the call or missing, before anything heavy is loaded."""
    from thuja.errors import UnknownName
    from thuja.phrasing import PHRASES

    if text_type not in PHRASES:
        raise UnknownName.of("text type", text_type, PHRASES)
    require_analyze()


for command in (suite_command, compare_command, tasks_command, neighbours):
    evaluate.add_command(command)
