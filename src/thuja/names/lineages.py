"""From who stands under whom to the seven ranks, for millions of names at once.

A row knows its parent or, if it is a synonym, its accepted name. Both chains are climbed by pointer
jumping: each round doubles the steps, so 24 rounds climb any chain of sixteen million rows, and a
chain that has not ended by then goes round in a loop. Nothing here can run for ever.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.taxonomy import RANKS, Rank

ACCEPTED = ("accepted", "provisional")
"""The statuses of usages that have a place of their own in the tree."""

RANK_COLUMNS = tuple(rank.label for rank in RANKS)
USAGE_SCHEMA: dict[str, pl.DataType] = {
    name: pl.String() for name in ("id", "name", "authorship", "rank", "status", "accepted", *RANK_COLUMNS)
}
"""A flat usage: a name with its status, its accepted usage and, if accepted itself, its lineage."""

KINGDOM_NAMES = {
    "Metazoa": "Animalia",
    "Viridiplantae": "Plantae",
    "Chloroplastida": "Plantae",
    "Archaeplastida": "Plantae",
}
"""What NCBI and the Open Tree call the kingdoms that all others call by the name on the right."""

DOMAINS_AS_KINGDOMS = ("Bacteria", "Archaea", "Viruses")
"""Groups above the kingdoms that stand in for one; the kingdoms inside them (Bacillati) are passed over."""

_DOMAIN_RANKS = ("domain", "superkingdom", "superdomain", "realm", "acellular root", "unranked", "kingdom")
_PLACEHOLDERS = r"(?i)incertae sedis|^not assigned$|^unassigned$"
"""Names of containers at a rank for what stands nowhere: GBIF has a kingdom of that name."""
# The lowest of the seven ranks that a taxon of the rank in front can have in its lineage.
_LOWEST = {
    Rank.PHYLUM: "superphylum infraphylum subphylum parvphylum superclass",
    Rank.CLASS: "subclass infraclass subterclass parvclass superorder cohort supercohort subcohort",
    Rank.ORDER: "suborder infraorder parvorder superfamily epifamily",
    Rank.FAMILY: "subfamily infrafamily supertribe tribe subtribe infratribe",
    Rank.GENUS: "subgenus infragenus supersection section subsection series subseries complex",
}
_LOWEST_BY_WORD = {word: int(rank) for rank, words in _LOWEST.items() for word in words.split()}
_INFRASPECIFIC = ("subspecies", "variety", "form", "subvariety", "subform", "infraspecific name", "forma specialis")

Rows = npt.NDArray[np.int32]
_NONE, _MISSING = -1, -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Usages with their lineages (`USAGE_SCHEMA`), and what was wrong with the tree, one line a kind."""

    usages: pl.DataFrame
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Where chains of rows end: `last` (N,) is the last row of each; `in_loop` (N,) the rows that are
    part of a loop, `into_loop` (N,) those whose chain runs into one and so has no last row."""

    last: Rows
    in_loop: npt.NDArray[np.bool_]
    into_loop: npt.NDArray[np.bool_]


def place(usages: pl.DataFrame) -> Placed:
    """The usages with `accepted` and the seven ranks.

    Takes `id, name, authorship, rank, status, parent, accepted`, all strings: `parent` is the id of the
    taxon above (read for accepted usages only), `accepted` that of the accepted usage (read for synonyms
    only, which may point at another synonym). Order is kept. Left out, and said so: repeated ids,
    synonyms that lead to no accepted usage. A taxon in a loop of parents, or whose parent is not there,
    keeps only itself and what stands below it.
    """
    problems: list[str] = []
    nameless = usages.filter(pl.col("id").is_null() | (pl.col("name").fill_null("") == ""))
    if len(nameless):
        problems.append(_line(nameless["id"], "rows without an id or a name, left out"))
        usages = usages.filter(pl.col("id").is_not_null() & (pl.col("name").fill_null("") != ""))
    whole = usages
    if usages["id"].n_unique() < len(usages):
        whole = usages.unique("id", keep="first", maintain_order=True)
        repeated = usages.filter(pl.col("id").is_duplicated())["id"].unique(maintain_order=True)
        problems.append(_line(repeated, "ids that stand more than once, the first of each is kept"))
    is_accepted = whole["status"].is_in(ACCEPTED).to_numpy()
    synonyms = climb(np.where(is_accepted, _NONE, np.maximum(_rows_of(whole, "accepted"), _NONE)).astype(np.int32))
    problems += _synonym_problems(whole["id"], is_accepted, synonyms)
    up = _parents(whole, is_accepted, synonyms, problems=problems)
    lineage = _lineages(_levels(whole, is_accepted), up)
    _blank_lower_ranks(whole, lineage, problems)
    # The last row that a loop reaches is a synonym too.
    ends_well = is_accepted[synonyms.last]
    names = _named(whole, lineage)
    placed = whole.select("id", "name", "authorship", "rank", "status").with_columns(
        whole["id"].gather(synonyms.last).alias("accepted"), *names
    )
    return Placed(usages=placed.filter(pl.Series(ends_well)), problems=tuple(problems))


def climb(up: Rows) -> Chains:
    """Follow `up` (N,), the row above each row or -1, to the end of every chain in log2(N) rounds."""
    last = np.arange(len(up), dtype=np.int32)
    jump = up.copy()
    active = np.flatnonzero(jump >= 0)
    for _ in range(len(up).bit_length() + 1):
        if not len(active):
            break
        last[active] = last[jump[active]]
        jump[active] = jump[jump[active]]
        active = active[jump[active] >= 0]
    in_loop = np.zeros(len(up), dtype=np.bool_)
    # After more steps than there are rows every chain still running is inside its loop, and a loop's
    # rows are the image of themselves: what the pointers reach is the loops, whole.
    in_loop[jump[active]] = True
    into_loop = np.zeros(len(up), dtype=np.bool_)
    into_loop[active] = True
    return Chains(last=last, in_loop=in_loop, into_loop=into_loop)


def _rows_of(usages: pl.DataFrame, column: str) -> Rows:
    """The row (N,) of the usage that each row points at; -1 where it points at none, -2 at one not there."""
    ids = usages.select("id", pl.int_range(pl.len(), dtype=pl.Int32).alias("row"))
    found = usages.select(pl.col(column).alias("id")).join(ids, on="id", how="left", maintain_order="left")
    rows = found.select(
        pl.when(pl.col("id").is_null()).then(_NONE).otherwise(pl.col("row").fill_null(_MISSING)).cast(pl.Int32)
    )
    return rows.to_series().to_numpy()


def _synonym_problems(ids: pl.Series, is_accepted: npt.NDArray[np.bool_], synonyms: Chains) -> list[str]:
    problems = []
    if synonyms.into_loop.any():
        problems.append(_line(ids.filter(synonyms.into_loop), "synonyms that lead round in a loop, left out"))
    lost = ~is_accepted[synonyms.last] & ~synonyms.into_loop
    if lost.any():
        problems.append(_line(ids.filter(lost), "synonyms without an accepted name, left out"))
    return problems


def _parents(
    usages: pl.DataFrame, is_accepted: npt.NDArray[np.bool_], synonyms: Chains, *, problems: list[str]
) -> Rows:
    """The row (N,) above each accepted usage, or -1; loops are cut open."""
    ids = usages["id"]
    given = np.where(is_accepted, _rows_of(usages, "parent"), _NONE)
    # A parent that is a synonym means its accepted name.
    reached = synonyms.last[np.maximum(given, 0)]
    up = np.where(given >= 0, np.where(is_accepted[reached], reached, _MISSING), given).astype(np.int32)
    missing = up == _MISSING
    if missing.any():
        problems.append(
            _line(ids.filter(missing), "taxa whose parent is not there, their lineages begin with themselves")
        )
    own = up == np.arange(len(up))
    if own.any():
        problems.append(_line(ids.filter(own), "taxa that are their own parent, their lineages begin with themselves"))
    up[missing | own] = _NONE
    chains = climb(up)
    if chains.in_loop.any():
        problems.append(
            _line(ids.filter(chains.in_loop), "taxa in a loop of parents, their lineages begin with themselves")
        )
        up[chains.in_loop] = _NONE
    return up


def _levels(usages: pl.DataFrame, is_accepted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """Which of the seven ranks each accepted usage stands at, -1 for none."""
    by_word = {rank.label: int(rank) for rank in RANKS}
    domain = pl.col("name").is_in(DOMAINS_AS_KINGDOMS) & pl.col("rank").is_in(_DOMAIN_RANKS)
    rank = pl.col("rank").replace_strict(by_word, default=-1, return_dtype=pl.Int8)
    levels = (
        pl.when(pl.col("name").str.contains(_PLACEHOLDERS))
        .then(-1)
        .when(domain)
        .then(int(Rank.KINGDOM))
        .otherwise(rank)
    )
    return np.where(is_accepted, usages.select(levels.cast(pl.Int8)).to_series().to_numpy(), -1).astype(np.int8)


def _lineages(levels: npt.NDArray[np.int8], up: Rows) -> list[Rows]:
    """For each of the seven ranks, the row (N,) of the ancestor-or-self at that rank, or -1.

    The nearest counts, but for the kingdom the topmost: Bacillati stands inside Bacteria.
    """
    own = np.arange(len(up), dtype=np.int32)
    lineage = [np.where(levels == rank, own, _NONE).astype(np.int32) for rank in RANKS]
    jump = up.copy()
    active = np.flatnonzero(jump >= 0)
    while len(active):
        above = jump[active]
        for rank in RANKS:
            here, there = lineage[rank][active], lineage[rank][above]
            first, second = (there, here) if rank is Rank.KINGDOM else (here, there)
            lineage[rank][active] = np.where(first >= 0, first, second)
        jump[active] = jump[above]
        active = active[jump[active] >= 0]
    return lineage


def _blank_lower_ranks(usages: pl.DataFrame, lineage: list[Rows], problems: list[str]) -> None:
    """Take out, in place, ancestors whose rank is below the taxon's own: a family inside a genus."""
    words = {rank.label: int(rank) for rank in RANKS} | _LOWEST_BY_WORD
    lowest = usages["rank"].replace_strict(words, default=int(Rank.SPECIES), return_dtype=pl.Int8).to_numpy()
    is_wrong = np.zeros(len(usages), dtype=np.bool_)
    for rank in RANKS:
        wrong = (lineage[rank] >= 0) & (lowest < rank)
        lineage[rank][wrong] = _NONE
        is_wrong |= wrong
    if is_wrong.any():
        problems.append(
            _line(usages["id"].filter(is_wrong), "taxa inside a taxon of a lower rank, which is passed over")
        )


def _named(usages: pl.DataFrame, lineage: list[Rows]) -> list[pl.Series]:
    """The seven columns: names of the rows in `lineage`, the species' as its epithet."""
    names = usages["name"]
    columns = []
    for rank in RANKS[:-1]:
        column = names.gather(_indices(lineage[rank])).alias(rank.label)
        columns.append(column.replace(KINGDOM_NAMES) if rank is Rank.KINGDOM else column)
    species = names.gather(_indices(lineage[Rank.SPECIES]))
    infraspecific = usages["rank"].is_in(_INFRASPECIFIC) & usages["status"].is_in(ACCEPTED)
    own = pl.when(infraspecific).then(names.str.extract(r"^((?:× )?\S+ (?:× )?\S+)"))
    frame = pl.DataFrame([columns[Rank.KINGDOM], columns[Rank.GENUS], species.alias("species")])
    epithet = frame.with_columns(pl.coalesce("species", own).alias("species")).select(
        species_epithet(pl.col("species"))
    )
    return [*columns, epithet.to_series()]


def species_epithet(whole: pl.Expr) -> pl.Expr:
    """From the whole name of a species, beside `kingdom` and `genus`, to what follows the genus in it.

    A virus, or a name that is no binomial ("uncultured bacterium"), has no epithet: it stays whole.
    """
    genus_first = whole.str.starts_with(pl.col("genus") + " ").fill_null(False)
    is_virus = (pl.col("kingdom") == "Viruses").fill_null(False)
    is_binomial = whole.str.contains(r"^(?:× )?\p{Lu}[\p{L}-]+ (?:× )?\p{Ll}[\p{L}.-]+$") & ~is_virus
    rest = whole.str.replace(r"^(?:× )?\S+ ", "")
    return pl.when(genus_first | is_binomial).then(rest).otherwise(whole).alias("species")


def fill_given(usages: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Placed usages of a source without parents, with the ranks that it gives in columns instead.

    `given` has `id` and any of kingdom ... genus. Only accepted usages are filled, at ranks above their own.
    """
    higher = [column for column in given.columns if column in RANK_COLUMNS[:-1]]
    first = given.unique("id", keep="first").rename({column: f"given_{column}" for column in higher})
    joined = usages.join(first, on="id", how="left", maintain_order="left")
    level = pl.col("rank").replace_strict(
        {rank.label: int(rank) for rank in RANKS} | _LOWEST_BY_WORD, default=int(Rank.SPECIES), return_dtype=pl.Int8
    )
    filled = []
    for column in higher:
        may_fill = pl.col("status").is_in(ACCEPTED) & (level >= int(Rank.parse(column)))
        value = pl.col(f"given_{column}")
        value = value.replace(KINGDOM_NAMES) if column == Rank.KINGDOM.label else value
        filled.append(pl.coalesce(column, pl.when(may_fill).then(value)).alias(column))
    joined = joined.with_columns(filled)
    # Whether a name has an epithet depends on its kingdom, which is known from here on.
    is_species = pl.col("species").is_not_null() & (pl.col("rank") == Rank.SPECIES.label)
    epithet = pl.when(is_species).then(species_epithet(pl.col("name"))).otherwise("species").alias("species")
    return joined.with_columns(epithet).select(list(USAGE_SCHEMA))


def _indices(rows: Rows) -> pl.Series:
    indices = pl.Series(rows)
    return indices.set(indices < 0, None)


def _line(ids: pl.Series, what: str) -> str:
    """One line: what is wrong, with how many, and which the first few are."""
    few = ", ".join(str(id_)[:40] for id_ in ids[:5])
    return f"{what}: {len(ids):,} ({few}{', ...' if len(ids) > 5 else ''})"
