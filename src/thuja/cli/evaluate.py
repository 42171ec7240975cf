"""`thuja evaluate`: measure a model on pictures it has not seen."""

from pathlib import Path

import click


@click.command()
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--run", type=click.Path(path_type=Path), help="The training run whose curves the report shows.")
@click.option("--limit", type=click.IntRange(min=1), help="Use at most so many pictures of each split.")
@click.option("--text-type", default="taxon_com", show_default=True, help="How a taxon is phrased.")
@click.option("--baselines/--no-baselines", default=True, help="Measure the untrained model beside it.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where a frozen trunk's features are kept.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--force", is_flag=True, help="Replace what an earlier evaluation wrote to --out.")
def evaluate(
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

    \b
    Example:
      thuja evaluate run data --out report
    """
    _check_call(text_type)

    from thuja.evaluate import Settings, save, summary
    from thuja.evaluate import evaluate as measure
    from thuja.evaluate.encoders import encoders_of
    from thuja.jobs import cache_folder, output_folder, require_complete
    from thuja.model import Model
    from thuja.model.fresh import fresh_model
    from thuja.model.published import find_model

    require_complete(data, verb="curate")
    folder = find_model(model)
    if run is None and folder == Path(model) / "model":
        run = Path(model)  # MODEL is the run that trained it: its curves and cached features are there
    loaded = Model.load(folder)
    trained = run / "features" if run is not None else None  # where training left them
    kept = cache or (trained if trained is not None and trained.is_dir() else cache_folder() / "features")
    untrained = encoders_of(fresh_model(loaded, seed=seed), cache=kept, text_type=text_type) if baselines else None
    with output_folder(out, verb="evaluate", force=force):
        evaluation = measure(
            encoders_of(loaded, cache=kept, text_type=text_type),
            data,
            untrained=untrained,
            settings=Settings(limit=limit, seed=seed),
        )
        save(evaluation, out, run=run)
    click.echo(summary.as_text(evaluation))
    click.echo(f"\nreport: {out / 'report.html'}")


def _check_call(text_type: str) -> None:
    """Say what is wrong with the call or missing, before anything heavy is loaded."""
    from thuja.errors import UnknownName, UsageError
    from thuja.phrasing import PHRASES

    if text_type not in PHRASES:
        raise UnknownName.of("text type", text_type, PHRASES)
    try:
        import matplotlib  # noqa: F401
        import sklearn  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"thuja evaluate needs {error.name}, which is not installed", hint='pip install "thuja[analyze]"'
        ) from error
