"""`thuja evaluate suite`: many models on many benchmarks, each in the papers' protocol and in a corrected one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from thuja.evaluate.suite import Entrant
    from thuja.evaluate.suite_results import Results
    from thuja.evaluate.suite_tasks import Entry, Settings
    from thuja.evaluate.task import Opened, Way

_VERB = "evaluate suite"
_BOTH = "both"
_TASKS_HINT = "--tasks NAME=FOLDER, or a CSV table of your own images: NAME=TABLE.csv; thuja evaluate tasks"


class Trained(NamedTuple):
    """The training catalogs by label of the model, and whether the tasks' images are looked for in them."""

    catalogs: dict[str, Path]
    leaks: bool = False


@click.command("suite")
@click.argument("models", nargs=-1, required=True, metavar="[LABEL=]MODEL...")
@click.option("--tasks", multiple=True, required=True, metavar="NAME=FOLDER", help="A task and its folder; repeat it.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write; gone on with.")
@click.option("--protocol", default=_BOTH, show_default=True, help="public, corrected or both.")
@click.option("--shots", default="1,5", show_default=True, help="Images of a class that few-shot tasks show.")
@click.option("--limit", type=click.IntRange(min=1), help="Ask at most so many images of each task: a quick look.")
@click.option("--allow-missing", is_flag=True, help="Score without the images that are missing, and mark it.")
@click.option("--trained-on", multiple=True, metavar="[LABEL=]CATALOG", help="What a model was trained on; repeat it.")
@click.option("--leaks", is_flag=True, help="Look for the tasks' images in those catalogs, and score without them.")
@click.option("--labels", type=click.Path(path_type=Path), help="The label space that gives a Parquet file its texts.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where vectors are kept.  [default: thuja's cache]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes of NeWT's search.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--force", is_flag=True, help="Measure all of it anew.")
def suite_command(
    models: tuple[str, ...],
    *,
    tasks: tuple[str, ...],
    out: Path,
    protocol: str,
    shots: str,
    limit: int | None,
    allow_missing: bool,
    trained_on: tuple[str, ...],
    leaks: bool,
    labels: Path | None,
    cache: Path | None,
    jobs: int,
    seed: int,
    force: bool,
) -> None:
    """Measure every MODEL on every task, beside the published figures.

    \b
    MODEL is one of
      a run or a model's folder   of thuja, open_clip, or a CLIP, SigLIP, ViT, DINO of transformers
      a published name            imageomics/bioclip-2
      untrained:MODEL             the same architecture as it was before training
      efficientnet-lite0          ImageNet features
      a Parquet file              of embeddings that someone else made

    NAME is a task of `thuja evaluate tasks`, or any name whose FOLDER is a CSV table of your own images. A FOLDER
    without a NAME holds a folder for each task, called as it is; a table without one is called as its file is.

    Every cell (model, task, way) is kept in OUT/models. The same command goes on where a killed one stopped, and
    measures anew what is of another folder, model, setting or code.

    \b
    Example:
      thuja evaluate suite run imageomics/bioclip --tasks nabirds=benchmarks/nabirds --out suite
      thuja evaluate suite mine=run untrained:run --tasks benchmarks --tasks garden=my.csv --out suite
    """
    require_analyze()
    from thuja.errors import UsageError
    from thuja.evaluate.suite_tasks import Settings

    settings = Settings(ways=_ways(protocol), shots=_shots(shots), limit=limit, seed=seed, allow_missing=allow_missing)
    entries = entries_of(tasks, jobs=jobs)
    labelled = labelled_models(models)
    catalogs = catalogs_of(trained_on, list(labelled))
    if leaks and not catalogs:
        raise UsageError(
            "--leaks looks for images in training catalogs, and none is given", hint="--trained-on CATALOG"
        )
    _require_place(out, force=force)
    entrants = [entrant_of(label, name, cache=cache, labels=labels) for label, name in labelled.items()]
    _run(entrants, entries, out, settings=settings, trained=Trained(catalogs, leaks=leaks), force=force)


def measure_table(
    model: str, table: Path, *, out: Path, limit: int | None, cache: Path | None, seed: int, force: bool
) -> None:
    """`thuja evaluate MODEL my.csv`: a suite of one model and one task."""
    require_analyze()
    from thuja.evaluate.suite_tasks import Settings

    entries = entries_of([f"{table.stem}={table}"], jobs=1)
    ((label, name),) = labelled_models([model]).items()
    _require_place(out, force=force)
    entrants = [entrant_of(label, name, cache=cache, labels=None)]
    _run(entrants, entries, out, settings=Settings(limit=limit, seed=seed), trained=Trained({}), force=force)


def require_analyze() -> None:
    """Raise UsageError where what figures and probes are made with is not installed."""
    from thuja.errors import UsageError

    try:
        import matplotlib  # noqa: F401
        import sklearn  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"thuja evaluate needs {error.name}, which is not installed", hint='pip install "thuja[analyze]"'
        ) from error


def _run(
    entrants: "Sequence[Entrant]",
    entries: "Sequence[Entry]",
    out: Path,
    *,
    settings: "Settings",
    trained: Trained,
    force: bool,
) -> None:
    from thuja.evaluate.suite import run_suite
    from thuja.evaluate.suite_exposure import exposure_rows
    from thuja.evaluate.suite_leaks import audit_leaks
    from thuja.evaluate.suite_page import PAGE, build_page
    from thuja.evaluate.tables import MEASURES, TABLES, save_tables
    from thuja.jobs import sole_folder

    with sole_folder(out, verb=_VERB, force=force, resume=_is_begun(out, force=force)):
        results = run_suite(entrants, entries, out, settings=settings)
        save_tables(results)
        exposure = exposure_rows(results, trained.catalogs, seed=settings.seed)
        audit = audit_leaks(results, trained.catalogs, seed=settings.seed) if trained.leaks else None
        build_page(results, exposure=exposure, leaks=audit).save(out / PAGE)
    click.echo(_told(results))
    papers = [f"tables: {out / TABLES}"] if (out / TABLES).is_dir() and any((out / TABLES).iterdir()) else []
    click.echo("\n".join(["", *papers, f"measures: {out / MEASURES}", f"report: {out / PAGE}"]))
    if any(cell.error for cell in results.cells.values()):
        raise click.exceptions.Exit(1)


def _require_place(out: Path, *, force: bool) -> None:
    """Say that a suite cannot be written there before a model is loaded."""
    from thuja.jobs import require_output

    require_output(out, verb=_VERB, force=force, resume=_is_begun(out, force=force))


def _is_begun(out: Path, *, force: bool) -> bool:
    """Whether `out` holds a suite to go on with."""
    from thuja.jobs import made_by

    return not force and made_by(out) == _VERB


def _told(results: "Results") -> str:
    from thuja.evaluate.suite_page import legend, task_rows
    from thuja.evaluate.tables import WAYS
    from thuja.evaluate.text_tables import text_table

    parts = []
    for way in results.ways:
        columns, rows = task_rows(results, way)
        shown = [["" if cell is None else f"{cell}" for cell in row] for row in rows]
        parts.append(text_table(columns, shown, title=f"{WAYS[way]}, in per cent"))
    if marks := legend(results):
        parts.append(marks)
    failed = [cell for cell in results.cells.values() if cell.error]
    if failed:
        parts.append(
            "\n".join(f"failed: {cell.model} on {cell.task}, {cell.way.value}: {cell.error}" for cell in failed)
        )
    return "\n\n".join(parts)


def _ways(protocol: str) -> "tuple[Way, ...]":
    from thuja.errors import UnknownName
    from thuja.evaluate.task import BOTH, Way

    if protocol == _BOTH:
        return BOTH
    if protocol not in list(Way):
        raise UnknownName.of("protocol", protocol, [*Way, _BOTH])
    return (Way(protocol),)


def _shots(text: str) -> tuple[int, ...]:
    from thuja.errors import UsageError

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise UsageError(f'--shots takes whole numbers parted by commas, got "{text}"', hint="--shots 1,5")
    return tuple(map(int, parts))


def labelled_models(names: Sequence[str]) -> dict[str, str]:
    """Models by label: the one that is given, or the last part of the name; raises UsageError for two of one label."""
    from thuja.errors import UsageError

    found: dict[str, str] = {}
    for name in names:
        label, parted, rest = name.partition("=")
        if not parted or Path(name).exists():
            label, rest = default_label(name), name
        if not label or not rest:
            raise UsageError(f'a model is MODEL or LABEL=MODEL, got "{name}"')
        if label in found:
            raise UsageError(f"two models are called {label}: {found[label]} and {rest}", hint="LABEL=MODEL names them")
        found[label] = rest
    return found


def default_label(name: str) -> str:
    """What a model is called in tables where nobody says.

    >>> [default_label(name) for name in ("runs/a/model", "imageomics/bioclip-2", "untrained:runs/a", "x/emb.parquet")]
    ['a', 'bioclip-2', 'untrained a', 'emb']
    """
    kind, parted, rest = name.rpartition(":") if name.startswith("untrained:") else ("", "", name)
    parts = [part for part in rest.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    if len(parts) > 1 and parts[-1] == "model":
        parts = parts[:-1]
    last = parts[-1].removesuffix(".parquet") if parts else rest
    return f"{kind} {last}" if parted else last


def entrant_of(label: str, name: str, *, cache: Path | None, labels: Path | None) -> "Entrant":
    """The model of that name, ready to be measured."""
    from thuja.evaluate.lenses import open_lens
    from thuja.evaluate.suite import Entrant

    path = Path(name)
    is_table = path.suffix.lower() in (".parquet", ".pq") and path.is_file()
    lens = open_lens(name, cache=cache, labels=labels if is_table else None)
    if not is_table:
        return Entrant(label=label, lens=lens)
    status = path.stat()  # two files of vectors may say that they are of one model
    return Entrant(
        label=label, lens=lens, identity=f"{lens.model} {status.st_size} {status.st_mtime_ns} {labels or ''}"
    )


def entries_of(words: Sequence[str], *, jobs: int) -> "list[Entry]":
    """The tasks that --tasks names; raises UnknownName, UsageError."""
    return [entry for word in words for entry in _entries(word, jobs)]


def _entries(word: str, jobs: int) -> "Iterator[Entry]":
    from thuja.errors import UnknownName, UsageError
    from thuja.evaluate.suite_tasks import Entry
    from thuja.evaluate.tasks import ALL_TASKS, OWN, find_task, task_name

    def prepare(opened: "Opened") -> "Opened":
        from thuja.evaluate.protocols.attributes import with_fit
        from thuja.evaluate.protocols.binary import with_jobs
        from thuja.train.probes import fit_mlp

        return with_jobs(with_fit(opened, fit_mlp), jobs)

    name, parted, place = word.partition("=")
    if not parted and not Path(word).exists():
        raise UsageError(f"there is nothing at {word}", hint=_TASKS_HINT)
    if Path(word).exists():  # a table without a name is called as its file is
        name, place = (Path(word).stem, word) if Path(word).is_file() else ("", "")
    if place:
        path = Path(place)
        if not name or not path.exists():
            raise UsageError(f"{name or 'a task'} has no folder: there is nothing at {place}", hint=_TASKS_HINT)
        is_table = path.is_file()
        # Two tables of one's own are told apart by the names that they are given.
        try:
            task = replace(OWN, about=replace(OWN.about, title=name)) if is_table else find_task(name)
        except UnknownName as error:
            hint = f"images of your own are given as a table: {name}=TABLE.csv; a benchmark is {error.hint}"
            raise UnknownName(error.message, hint=hint) from error
        yield Entry(name=name if is_table else task_name(task), task=task, place=path, prepare=prepare)
        return
    known = {task_name(task): task for task in ALL_TASKS}
    folders = {path.name.lower().replace("_", "-"): path for path in sorted(Path(word).glob("*/"))}
    if not folders.keys() & known.keys():
        raise UsageError(f"{word} holds no folder that is called as a task is", hint=_TASKS_HINT)
    for name, task in known.items():
        if name in folders:
            yield Entry(name=name, task=task, place=folders[name], prepare=prepare)


def catalogs_of(words: Sequence[str], labels: Sequence[str]) -> dict[str, Path]:
    """The training catalog of each model: one for all, or LABEL=CATALOG; raises UnknownName, UsageError."""
    from thuja.errors import UnknownName, UsageError

    found: dict[str, Path] = {}
    for word in words:
        label, parted, place = word.partition("=")
        is_for_all = not parted or Path(word).exists()
        if not is_for_all and label not in labels:
            raise UnknownName.of("model", label, labels)
        path = Path(word if is_for_all else place)
        if not path.exists():
            raise UsageError(f"there is no catalog at {path}", hint="--trained-on [LABEL=]CATALOG")
        found |= dict.fromkeys(labels if is_for_all else [label], path)
    return found
