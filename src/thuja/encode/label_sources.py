"""What a label space is made of: a table of taxa, the embedded backbone, or a list of texts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError
from thuja.labels import Taxa, find_clade, read_labels
from thuja.names import CERTAIN, embedded, resolve_names
from thuja.taxonomy import RANKS, Rank, Taxon

BACKBONE = "backbone"
"""The source that means the embedded backbone."""

_RANKS = [rank.label for rank in RANKS]
_TAXON = [*_RANKS, "common"]
_TABLES = (".csv", ".parquet", ".pq")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRows:
    """Distinct labels: the seven ranks and `common`, sorted; or the one column `text`, in its order.

    `merged` rows repeated a label, `above` rows did not reach the rank that was asked for.
    """

    table: pl.DataFrame
    merged: int = 0
    above: int = 0

    def __len__(self) -> int:
        return len(self.table)

    @property
    def has_taxa(self) -> bool:
        """Whether the labels are taxa."""
        return "text" not in self.table.columns

    def taxa(self, start: int, stop: int) -> list[Taxon]:
        """The taxa in this range of rows; none for texts."""
        return [Taxon.from_columns(row) for row in self.table[start:stop].to_dicts()] if self.has_taxa else []

    def texts(self, start: int, stop: int) -> list[str]:
        """The texts in this range of rows."""
        return self.table["text"][start:stop].to_list()

    def digest(self) -> str:
        """The SHA-256 of all rows."""
        digest = hashlib.sha256(",".join(self.table.columns).encode())
        for part in self.table.iter_slices(1 << 16):
            digest.update(part.write_csv(include_header=False).encode())
        return digest.hexdigest()


def find_labels(
    sources: Sequence[str], *, rank: Rank | None = None, within: Sequence[str] = (), resolve: bool = False
) -> LabelRows:
    """The labels that these sources stand for; see `thuja labels build --help`.

    Raises UsageError, EmptyInput or BadFile, each with what to do.
    """
    lists = [source for source in sources if Path(source).suffix.lower() == ".txt"]
    if lists and not resolve:
        if len(lists) < len(sources) or rank is not None or within:
            raise UsageError(
                f"the names in {lists[0]} are free texts without ranks", hint="--resolve looks up which taxa they are"
            )
        return _distinct_texts(lists)
    found = [_taxa_of(source, rank, resolve=resolve) for source in sources]
    return _distinct_taxa(pl.concat(found), rank, within)


def _distinct_texts(lists: Sequence[str]) -> LabelRows:
    lines = [" ".join(line.split()) for path in lists for line in read_labels(Path(path))]
    distinct = list(dict.fromkeys(lines))
    return LabelRows(table=pl.DataFrame({"text": distinct}), merged=len(lines) - len(distinct))


def _distinct_taxa(table: pl.DataFrame, rank: Rank | None, within: Sequence[str]) -> LabelRows:
    table = table.filter(pl.any_horizontal(pl.col(_RANKS) != ""))
    if within:
        taxa = Taxa.of_table(table.to_arrow())
        table = pl.concat([table.filter(find_clade(taxa, name, where="of the source")[0]) for name in within])
    named = len(table)
    if rank is not None:
        table = _cut(table, rank)
    reached = len(table)
    # Of the rows of one taxon the first that has a common name gives it.
    common = pl.col("common").filter(pl.col("common") != "").first().fill_null("")
    table = table.group_by(_RANKS, maintain_order=True).agg(common).sort(_RANKS)
    if table.is_empty():
        where = f" within {', '.join(within)}" if within else ""
        raise EmptyInput(f"there is no taxon at the rank asked for{where}", hint="choose another --rank or --within")
    return LabelRows(table=table, merged=reached - len(table), above=named - reached)


def _cut(table: pl.DataFrame, rank: Rank) -> pl.DataFrame:
    """The rows that reach a rank, cut there; what a deeper taxon is called is not the name of the cut."""
    needed = [Rank.GENUS, Rank.SPECIES] if rank == Rank.SPECIES else [rank]
    below = [level.label for level in RANKS if level > rank]
    table = table.filter(pl.all_horizontal(pl.col(level.label) != "" for level in needed))
    if not below:
        return table
    is_deeper = pl.any_horizontal(pl.col(below) != "")
    common = pl.when(is_deeper).then(pl.lit("")).otherwise(pl.col("common")).alias("common")
    return table.with_columns(common).with_columns(pl.lit("").alias(name) for name in below)


def _taxa_of(source: str, rank: Rank | None, *, resolve: bool) -> pl.DataFrame:
    """The rows of one source: seven ranks and a common name, empty where nothing is known."""
    path = Path(source)
    if source == BACKBONE and not path.exists():
        level = Rank.SPECIES if rank is None else rank
        return embedded().taxa_at(level).select(pl.col(_TAXON).fill_null("")).pipe(_cut, level)
    if path.suffix.lower() == ".txt":
        return _resolved(source) if resolve else _refuse(source)
    if path.is_dir() and (path / "catalog.parquet").is_file():
        path = path / "catalog.parquet"
    if not path.is_file() or path.suffix.lower() not in _TABLES:
        return _refuse(source)
    return _tidy(_read(path), path)


def _refuse(source: str) -> pl.DataFrame:
    if Path(source).is_dir():
        raise UsageError(f"the folder {source} holds no catalog.parquet", hint="name one that thuja curate made")
    if Path(source).exists():
        raise UnknownName.of("kind of label source", Path(source).name, [*_TABLES, ".txt", "a data folder"])
    raise UsageError(
        f"there is no {source}", hint=f"a .csv or .parquet with rank columns, a .txt, a data folder, or {BACKBONE}"
    )


def _read(path: Path) -> pl.DataFrame:
    try:
        if path.suffix.lower() == ".csv":
            table = pl.read_csv(path, infer_schema=False)
            table = table.rename({name: name.strip().lower() for name in table.columns})
            _require_species(table.columns, path)
            return table
        header = pl.read_parquet_schema(path)
        _require_species([name.lower() for name in header], path)
        wanted = {name: name.lower() for name in header if name.lower() in (*_TAXON, "drop_reason")}
        return pl.read_parquet(path, columns=list(wanted)).rename(wanted)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        why = str(error).strip().partition("\n")[0]
        raise BadFile(f"{path} cannot be read: {why}", hint="CSV in UTF-8 with a header, or Parquet") from error


def _require_species(columns: Sequence[str], path: Path) -> None:
    """Raise UsageError for species that are there as names, in a column that would not be read."""
    if "scientific_name" in columns and not {"genus", "species"} & set(columns):
        raise UsageError(
            f"{path} has scientific_name, which is not read, and no columns genus and species",
            hint="curate it first, or give the names a line each in a .txt with --resolve",
        )


def _tidy(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The eight columns of a table, as `Taxon.from_columns` reads its rows."""
    if not set(_RANKS) & set(table.columns):
        raise BadFile(
            f"{path} has none of the columns {', '.join(_RANKS)}", hint=f"found: {', '.join(table.columns[:12])}"
        )
    if "drop_reason" in table.columns:  # a catalog: what curation dropped is no label
        table = table.filter(pl.col("drop_reason").is_null())
    given = (pl.col(name) if name in table.columns else pl.lit("").alias(name) for name in _TAXON)
    table = table.select(given).with_columns(
        pl.all().cast(pl.String).fill_null("").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    repeats = pl.col("species").str.starts_with(pl.col("genus") + " ") & (pl.col("genus") != "")
    epithet = pl.col("species").str.strip_prefix(pl.col("genus") + " ")
    return table.with_columns(pl.when(repeats).then(epithet).otherwise(pl.col("species")).alias("species"))


def _resolved(source: str) -> pl.DataFrame:
    """The taxa of a list of names, all of which the backbone has to vouch for."""
    lines = read_labels(Path(source))
    answers = resolve_names(lines, [Taxon()] * len(lines))
    unsure = [answer for answer in answers if answer.status not in CERTAIN]
    if unsure:
        shown = "; ".join(f"{answer.verbatim} ({answer.status}: {answer.reason})" for answer in unsure[:3])
        raise UsageError(
            f"{len(unsure)} of {len(lines)} names in {source} are not certain: {shown}",
            hint=f"mend them; thuja names resolve --file {source} lists all",
        )
    rows = [(*answer.taxon.names, answer.taxon.common) for answer in answers]
    return pl.DataFrame(rows, schema=dict.fromkeys(_TAXON, pl.String), orient="row")
