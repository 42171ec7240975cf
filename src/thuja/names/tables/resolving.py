"""Tables in, the same tables out with what each row means.

The distinct rows are found first and resolved once; then each table is read again, in batches, and written with its
answers beside it, so that ten million rows take no more memory than the distinct ones and a few batches.
"""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from thuja.errors import OutputExists, UsageError
from thuja.jobs import atomic_path, output_folder, require_writable
from thuja.names.installed import open_backbones
from thuja.names.resolver import THRESHOLD, Resolver, numbered
from thuja.names.rows import tidy_rows
from thuja.names.tables import taxonopy
from thuja.names.tables.answering import ANSWERS, Workers, answer_rows
from thuja.names.tables.columns import ASKED
from thuja.names.tables.identifiers import IdentifierSources
from thuja.names.tables.overrides import Overrides
from thuja.names.tables.reading import PARQUET, Source, bad_file, open_sources

FORMATS = ("parquet", "csv")
ROW_GROUP = 250_000
"""Rows in a row group of the Parquet files written."""
_BESIDE = ("resolution_path", "resolution_strategy", "final_query_term", "final_query_rank", "final_data_source_id")
OUTPUT = [*(name for name in ANSWERS if name not in ("asked_as", "term")), "resolution_status", *_BESIDE]
"""The columns that a table is given: the answer, and TaxonoPy's of how it came about."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How tables are resolved. `backbones` are names or paths, the first preferred; `format` is that of files in a
    folder (empty: as the input); `id_backbone` says whose bare ids are."""

    backbones: tuple[str, ...] = ()
    threshold: float = THRESHOLD
    language: str = ""
    id_backbone: str = ""
    overrides: Path | None = None
    workers: int = 1
    is_taxonopy: bool = False
    format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of the tables: rows, distinct rows, rows by match type, and the commonest names not resolved."""

    rows: int
    distinct: int
    match_types: dict[str, int]
    unresolved: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        counts = ", ".join(f"{word} {count:,}" for word, count in self.match_types.items())
        lines = [f"{self.rows:,} rows, {self.distinct:,} distinct: {counts or 'none'}"]
        if self.unresolved:
            lines.append("commonest unresolved: " + "; ".join(f"{name} ({count:,})" for name, count in self.unresolved))
        return "\n".join(lines)


def resolve_tables(paths: list[Path], out: Path, options: TableOptions, *, force: bool = False) -> Summary:
    """Resolve the tables at `paths` (files or folders) into `out`: a .csv or .parquet file, or a folder.

    A file holds the rows of all tables in their order; a folder holds a file for each table. Raises UsageError,
    EmptyInput, BadFile or OutputExists; nothing is written until all is read, and no file is ever half-written.
    """
    out = Path(out)
    is_folder = options.is_taxonopy or not _format_of(out)
    if is_folder and out.suffix and not out.is_dir():
        raise UsageError(
            f"unknown kind of output: {out}", hint=".csv, .tsv or .parquet; or a folder, whose name has no dot"
        )
    if not is_folder:
        _require_free(out, paths, force=force)
    elif any(out.resolve().is_relative_to(path.resolve()) for path in paths):
        raise UsageError(f"{out} lies in the input", hint="name another folder for the output")
    resolver = Resolver(open_backbones(list(options.backbones)), threshold=options.threshold)
    ids = IdentifierSources.of(resolver.backbones, options.id_backbone)
    overrides = Overrides.load(options.overrides, resolver, ids) if options.overrides else None
    with open_sources(paths) as sources:
        rows = distinct_rows(sources, ids)
        workers = Workers(count=options.workers, backbones=options.backbones)
        answers = answer_rows(rows, resolver, overrides=overrides, language=options.language, workers=workers)
        _warn_of_ids(sources, answers)
        table = _with_keys(rows, answers, resolver)
        if is_folder:
            with output_folder(out, verb="names", force=force, can_resume=False) as folder:
                _write_folder(sources, folder, _Answered(table=table, ids=ids), options=options)
        else:
            frames = [_table(source, _Answered(table=table, ids=ids)) for source in sources]
            _sink(pl.concat(frames, how="diagonal_relaxed") if len(frames) > 1 else frames[0], out, sources[0].path)
    return summarise(table)


def resolve_words(words: list[str], options: TableOptions) -> pl.DataFrame:
    """The answers (`name` and `ANSWERS`) to names without a table, in their order."""
    resolver = Resolver(open_backbones(list(options.backbones)), threshold=options.threshold)
    ids = IdentifierSources.of(resolver.backbones, options.id_backbone)
    overrides = Overrides.load(options.overrides, resolver, ids) if options.overrides else None
    rows = pl.DataFrame({name: words if name == "verbatim" else [""] * len(words) for name in ASKED})
    rows = rows.with_columns(pl.lit(1, pl.UInt32).alias("rows"))
    return answer_rows(rows, resolver, overrides=overrides, language=options.language)


def names_of(path: Path) -> pl.Series:
    """The distinct names that the rows of a table are looked up by."""
    with open_sources([path]) as sources:
        rows = distinct_rows(sources, IdentifierSources())
    return numbered(tidy_rows(rows))["name"].unique().sort()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Answered:
    """The distinct rows with their answers, and whose ids they have."""

    table: pl.DataFrame
    ids: IdentifierSources


def distinct_rows(sources: list[Source], ids: IdentifierSources) -> pl.DataFrame:
    """The distinct rows of all tables, sorted: the columns `ASKED`, and `rows`, how often each stands there."""
    parts = []
    for source in sources:
        with bad_file(source.path):
            asked = source.frame.select(source.columns.asked(ids))
            parts.append(asked.group_by(ASKED).agg(pl.len().alias("rows")).collect(engine="streaming"))
    table = parts[0] if len(parts) == 1 else pl.concat(parts).group_by(ASKED).agg(pl.col("rows").sum())
    return table.sort(ASKED)


def _with_keys(rows: pl.DataFrame, answers: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """The answers, the columns that TaxonoPy adds, and what was asked under `asked_`."""
    table = rows.rename({name: f"asked_{name}" for name in ASKED}).hstack(answers)
    beside = taxonopy.resolution_columns(resolver.backbones[0].name)
    return table.with_columns(pl.col("match_type").alias("resolution_status"), *beside)


def _answered(source: Source, answered: _Answered) -> pl.LazyFrame:
    """A table with its own columns under `kept_`, what was asked under `asked_`, and all of the answer."""
    keys = [f"asked_{name}" for name in ASKED]
    own = source.frame.select(
        *(pl.col(heading).alias(f"kept_{heading}") for heading in source.headings),
        *(key.alias(f"asked_{name}") for key, name in zip(source.columns.asked(answered.ids), ASKED, strict=True)),
    )
    return own.join(answered.table.lazy(), on=keys, how="left", maintain_order="left")


def _table(source: Source, answered: _Answered) -> pl.LazyFrame:
    """A table with the answers beside its own columns, of which those that an answer displaces are `verbatim_`."""
    names: dict[str, str] = {}
    taken = {*OUTPUT, *(heading.lower() for heading in source.headings)}
    for heading in source.headings:
        name = heading
        if heading.lower() in OUTPUT:
            number, stem = 1, f"verbatim_{heading.lower()}"
            name = stem
            while name in taken:  # an answer of thuja's that is resolved again has such a column
                number += 1
                name = f"{stem}_{number}"
            taken.add(name)
        names[heading] = name
    own = [pl.col(f"kept_{heading}").alias(name) for heading, name in names.items()]
    return _answered(source, answered).select(*own, *OUTPUT)


def _write_folder(sources: list[Source], folder: Path, answered: _Answered, *, options: TableOptions) -> None:
    places = _places(sources, folder, options)
    files = []
    for source, place in zip(sources, places, strict=True):
        if not options.is_taxonopy:
            _sink(_table(source, answered), place, source.path)
            continue
        for word, is_solved in (("resolved", True), ("unsolved", False)):
            files.append(place.with_name(f"{place.stem}.{word}{place.suffix}"))
            _sink(taxonopy.layout(_answered(source, answered), source, is_solved=is_solved), files[-1], source.path)
    if options.is_taxonopy:
        taxonopy.write_statistics(answered.table, folder)
        shown = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
        taxonopy.write_manifest(folder, files, shown)


def _places(sources: list[Source], folder: Path, options: TableOptions) -> list[Path]:
    """Where each table is written. Raises UsageError where two would be one file."""
    places: list[Path] = []
    for source in sources:
        is_parquet = options.is_taxonopy or source.path.suffix.lower() in PARQUET
        suffix = options.format or ("parquet" if is_parquet else "csv")
        inside = source.inside.with_suffix("") if source.inside.suffix.lower() == ".gz" else source.inside
        place = folder / inside
        places.append(place if _format_of(place) == suffix else place.with_suffix(f".{suffix}"))
        if places[-1] in places[:-1]:
            raise UsageError(f"two tables would be written to {places[-1]}", hint="rename one of them")
    return places


def _sink(frame: pl.LazyFrame, out: Path, source: Path) -> None:
    """Write in batches, whole or not at all."""
    with atomic_path(out) as temporary, bad_file(source):
        if _format_of(out) == "parquet":
            frame.sink_parquet(temporary, row_group_size=ROW_GROUP, engine="streaming")
        else:
            separator = "\t" if out.suffix.lower() == ".tsv" else ","
            frame.sink_csv(temporary, separator=separator, engine="streaming")


def _format_of(out: Path) -> str:
    suffix = out.suffix.lower()
    return "parquet" if suffix in PARQUET else "csv" if suffix in (".csv", ".tsv") else ""


def _require_free(out: Path, paths: list[Path], *, force: bool) -> None:
    """Raise before hours of work what would stop the writing after them."""
    if any(out.resolve() == path.resolve() for path in paths):
        raise UsageError(f"{out} is the input", hint="name another file for the output")
    if out.exists() and not force:
        raise OutputExists(f"{out} is there already", hint="--force replaces it")
    require_writable(out)


def _warn_of_ids(sources: list[Source], answers: pl.DataFrame) -> None:
    headings = sorted(
        {name for source in sources for key in ("taxon_id", "accepted_id") for name in source.columns.held.get(key, ())}
    )
    if headings and not (answers["asked_as"] == "identifier").any():
        _LOG.warning(
            "%s not used: none is an id of an open backbone (say whose they are with --id-backbone)",
            ", ".join(headings),
        )


def summarise(table: pl.DataFrame) -> Summary:
    """Count the answers (`match_type`, `name`, `rows`) by rows."""
    counts = table.group_by("match_type").agg(pl.col("rows").sum()).sort("rows", "match_type", descending=[True, False])
    is_lost = pl.col("match_type").is_in(["unresolved", "given", "ambiguous", "conflict"]) & (pl.col("name") != "")
    names = table.filter(is_lost).group_by("name").agg(pl.col("rows").sum())
    common = names.sort("rows", "name", descending=[True, False]).head(10)
    return Summary(
        rows=int(table["rows"].sum()),
        distinct=len(table),
        match_types=dict(counts.iter_rows()),
        unresolved=tuple(
            (name if len(name) < 60 else name[:57] + "...", int(count)) for name, count in common.iter_rows()
        ),
    )
