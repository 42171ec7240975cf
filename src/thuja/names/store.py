"""A backbone on disk: Arrow files whose sorted columns are its indexes, opened by mapping them into memory.

Nothing is loaded or built when a store is opened: a name is found by binary search in the sorted
column of one of the tables, and the search's pages are all that is read.
"""

import errno
import json
import secrets
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa

from thuja.errors import BadFile, UsageError
from thuja.jobs import temporary_name, write_json
from thuja.names.spelling import TRIGRAMS, folded_common, keyed, letters_of, shortened, stemmed, trigrams
from thuja.taxonomy import RANKS, Rank

FORMAT = 5
ACCEPTED = ("accepted", "provisional")
STATUSES = (*ACCEPTED, "synonym", "misspelling", "misapplied")
LINEAGE = [rank.label for rank in RANKS[: Rank.SPECIES]]
"""The ranks from kingdom to genus: the columns of the table of lineages."""
BELOW_SPECIES = (
    "subspecies", "variety", "form", "infrahybrid", "subvariety", "subform", "forma specialis", "infraspecific name",
)  # fmt: skip
SPECIES_LEVEL = ("species", "hybrid", *BELOW_SPECIES)
_SEVEN = [rank.label for rank in RANKS]
_ABOUT = "backbone.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a backbone is: its short name, and what it says of itself."""

    name: str
    version: str = ""
    title: str = ""
    licence: str = ""
    url: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of a store; row numbers of one are columns of another.

    `lineages` has the names kingdom ... genus, each combination once. `taxa` has the accepted taxa: `id, rank,
    lineage, species, name, authorship, common, observations`. `names` has every name, sorted by `key`: `key, name,
    authorship, id, rank, status, taxon`, and of binomials `epithet`, `letters` (of the epithet) and `genus`, a row of
    `words`. The rest are sorted for look-ups: `variants` (genus and stem), `epithets`, `words` (all genera and names
    of one word, with `letters`), `near` (words with a letter left out), `ids`, `vernaculars` (`common_key`), and
    `heads` (what the preferred English names end in: "robin" of "american robin"). `trigrams` counts the groups of
    three letters in the distinct `epithets` and in `words`, a row a code.
    """

    lineages: pl.DataFrame
    taxa: pl.DataFrame
    names: pl.DataFrame
    variants: pl.DataFrame
    epithets: pl.DataFrame
    words: pl.DataFrame
    near: pl.DataFrame
    ids: pl.DataFrame
    vernaculars: pl.DataFrame
    heads: pl.DataFrame
    trigrams: pl.DataFrame


_TABLES = [field.name for field in fields(Tables)]


def build_tables(usages: pl.DataFrame, vernaculars: pl.DataFrame, *, further_ids: pl.DataFrame | None = None) -> Tables:
    """The tables of flat usages and vernaculars.

    `usages`: `id, name, authorship, rank, status, accepted` and the seven ranks, a row a name; `species` holds the
    epithet. `vernaculars`: `id, name, language, is_preferred, source`. `further_ids`: retired ids (`id`) and the
    usages that took their place (`accepted`). The order of the rows does not matter.
    """
    usages = _tidy(usages)
    accepted = usages.filter(pl.col("status").is_in(ACCEPTED))
    lineages = accepted.select(LINEAGE).unique().sort(LINEAGE).with_row_index("lineage")
    taxa = accepted.join(lineages, on=LINEAGE, how="left", nulls_equal=True)
    taxa = taxa.sort("lineage", "species", "name", "id").with_row_index("taxon")
    common, spoken = _vernaculars(vernaculars, taxa)
    taxa = taxa.join(common, on="taxon", how="left", maintain_order="left")
    taxa = taxa.join(_observations(vernaculars), on="id", how="left", maintain_order="left")
    taxa = taxa.with_columns(pl.col("observations").fill_null(0))
    names = _names(usages, taxa)
    words = _words(names)
    names = _with_words(names, words)
    binomials = names.filter(pl.col("epithet").is_not_null())
    epithets = binomials.select("epithet", "row").sort("epithet", "row")
    key = (pl.col("key").str.split(" ").list.first() + " " + stemmed(pl.col("epithet"))).alias("variant")
    return Tables(
        lineages=lineages.select(LINEAGE),
        taxa=taxa.select("id", "rank", "lineage", "species", "name", "authorship", "common", "observations"),
        names=names.drop("row"),
        variants=binomials.select(key, "row").sort("variant", "row"),
        epithets=epithets,
        words=words,
        near=shortened(words["word"]),
        ids=_ids(names, further_ids),
        vernaculars=spoken,
        heads=_heads(spoken),
        trigrams=pl.DataFrame({"epithets": _counts(epithets["epithet"]), "words": _counts(words["word"])}),
    )


def _tidy(usages: pl.DataFrame) -> pl.DataFrame:
    """One row a usage that stands for something, keyed; of a genus and its subgenus of one name, the genus."""
    usages = usages.filter(pl.col("name").is_not_null() & (pl.col("name") != ""), pl.col("status").is_in(STATUSES))
    text = ["id", "name", "authorship", "rank", "status", "accepted", *_SEVEN]
    usages = usages.select(pl.col(text).cast(pl.String)).with_columns(
        keyed(pl.col("name")).alias("key"), pl.col("authorship").fill_null("")
    )
    is_main = pl.col("rank").is_in([*_SEVEN, *SPECIES_LEVEL])
    usages = usages.sort(is_main.not_(), "key", "id")
    is_taxon = pl.col("status").is_in(ACCEPTED)
    same = usages.filter(is_taxon).unique(["key", *_SEVEN], keep="first", maintain_order=True)
    return pl.concat([same, usages.filter(~is_taxon)])


def _names(usages: pl.DataFrame, taxa: pl.DataFrame) -> pl.DataFrame:
    """Every usage whose accepted taxon is known, sorted by key."""
    names = usages.join(taxa.select(accepted="id", taxon="taxon"), on="accepted", how="inner")
    epithet = pl.col("key").str.split(" ").list.last()
    is_binomial = (
        pl.col("rank").is_in(["species", "hybrid"]) & pl.col("key").str.contains(r"^[^ ×]+ (× )?[^ ]+$")
    )  # fmt: skip
    names = names.with_columns(pl.when(is_binomial).then(epithet).alias("epithet"))
    names = names.sort("key", "taxon", "status", "id").with_row_index("row")
    return names.select("key", "name", "authorship", "id", "rank", "status", "taxon", "epithet", "row")


def _ids(names: pl.DataFrame, further: pl.DataFrame | None) -> pl.DataFrame:
    own = names.select("id", "row")
    if further is not None:
        retired = further.join(own, left_on="accepted", right_on="id").select("id", "row")
        own = pl.concat([own, retired.join(own, on="id", how="anti")])
    return own.sort("id", "row")


def _words(names: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("key").str.split(" ").list.first()
    is_word = pl.col("epithet").is_not_null() | ~pl.col("key").str.contains(" ", literal=True)
    words = names.filter(is_word).select(word=first).unique().sort("word")
    return words.with_columns(pl.Series("letters", letters_of(words["word"]), dtype=pl.UInt32))


def _with_words(names: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("key").str.split(" ").list.first()
    numbered = words.select("word").with_row_index("genus")
    names = names.with_columns(pl.when(pl.col("epithet").is_not_null()).then(first).alias("word"))
    names = names.join(numbered, on="word", how="left", maintain_order="left").drop("word")
    return names.with_columns(pl.Series("letters", letters_of(names["epithet"]), dtype=pl.UInt32))


def _vernaculars(vernaculars: pl.DataFrame, taxa: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The English name of each taxon, and all names in all languages sorted by key.

    Preferred names come first, then the sources in the order of their names, then the alphabet.
    """
    spoken = vernaculars.join(taxa.select("id", "taxon"), on="id", how="inner").with_columns(
        folded_common(pl.col("name")).alias("common_key"), pl.col("is_preferred").fill_null(value=False)
    )
    spoken = spoken.filter(pl.col("common_key") != "").sort(
        "taxon", "language", "is_preferred", "source", "name", descending=[False, False, True, False, False]
    )
    spoken = spoken.unique(["taxon", "language", "common_key"], keep="first", maintain_order=True)
    english = spoken.filter(pl.col("language").is_in(["en", ""]))
    common = english.unique("taxon", keep="first", maintain_order=True).select("taxon", common="name")
    # The bare name means the domestic form: "dog" is the Domestic Dog.
    domestic = english.filter(pl.col("is_preferred"), pl.col("common_key").str.starts_with("domestic "))
    domestic = domestic.with_columns(pl.col("common_key").str.strip_prefix("domestic "))
    spoken = pl.concat([domestic, spoken]).unique(
        ["taxon", "language", "common_key"], keep="first", maintain_order=True
    )
    columns = ["common_key", "taxon", "name", "language", "is_preferred", "source"]
    return common, spoken.select(columns).sort("common_key", "taxon", "language", "name")


def _observations(vernaculars: pl.DataFrame) -> pl.DataFrame:
    """How often each taxon was seen, where the source of its common names says so."""
    if "observations" not in vernaculars.columns:
        return pl.DataFrame(schema={"id": pl.String, "observations": pl.Int64})
    return vernaculars.group_by("id").agg(pl.col("observations").max().cast(pl.Int64))


def _heads(spoken: pl.DataFrame) -> pl.DataFrame:
    """Every ending of the preferred English names, at a word's border, with the taxon: `head, taxon`."""
    names = spoken.filter(pl.col("language").is_in(["en", ""]), pl.col("is_preferred")).select("common_key", "taxon")
    words = names.select("taxon", words=pl.col("common_key").str.split(" "))
    most = int(words["words"].list.len().max() or 0)  # type: ignore[arg-type]
    parts = [
        words.filter(pl.col("words").list.len() > count).select(
            head=pl.col("words").list.tail(count).list.join(" "), taxon="taxon"
        )
        for count in range(1, min(most, 6))
    ]
    empty = pl.DataFrame(schema={"head": pl.String, "taxon": pl.UInt32})
    return pl.concat([empty, *parts]).unique().sort("head", "taxon")


def _counts(words: pl.Series) -> np.ndarray:
    return np.bincount(trigrams(words.unique())[0], minlength=TRIGRAMS)


def write_tables(tables: Tables, about: About, folder: Path) -> None:
    """Write a store beside `folder` and move it there; an older store in its place goes.

    Raises UsageError where nothing can be written, or where something else than a store stands.
    """
    folder = Path(folder)
    if folder.exists() and not is_store(folder):
        raise UsageError(f"{folder} is there and no backbone of thuja's", hint="name another place")
    build = secrets.token_hex(4)
    counts = {name: len(getattr(tables, name)) for name in _TABLES}
    sizes = {}
    temporary = folder.with_name(temporary_name(folder.name))
    try:
        temporary.mkdir(parents=True)
        for name in _TABLES:
            table: pl.DataFrame = getattr(tables, name).rechunk()
            # One batch, so that a column is one array and a search looks at no list of pieces.
            path = temporary / f"{name}-{build}.arrow"
            table.write_ipc(path, compression="uncompressed", record_batch_size=len(table) or 1)
            sizes[name] = path.stat().st_size
        facts = {"format": FORMAT, "build": build, "rows": counts, "bytes": sizes}
        write_json(temporary / _ABOUT, asdict(about) | facts)
        _move(temporary, folder)
    except OSError as error:
        raise UsageError(
            f"cannot write the backbone {folder}: {error.strerror or error}", hint="name a place with room for it"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move(temporary: Path, folder: Path) -> None:
    """Put the new store in the old one's place; who has the old one open keeps reading it."""
    old = folder.with_name(temporary_name(folder.name))
    if folder.exists():
        folder.rename(old)
    try:
        temporary.rename(folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another process was as fast: its store is the same
            raise
    shutil.rmtree(old, ignore_errors=True)


def is_store(folder: Path) -> bool:
    """Whether a folder is a store, of any format."""
    return (Path(folder) / _ABOUT).is_file()


def open_store(folder: Path) -> tuple[Tables, About]:
    """Map a store into memory. Raises BadFile for one of another format, or damaged."""
    folder = Path(folder)
    try:
        return _opened(folder)
    except BadFile:
        if not is_store(folder):
            raise
    return _opened(folder)  # it was replaced while it was opened: its files bear the name of their build


def _opened(folder: Path) -> tuple[Tables, About]:
    hint = "import it anew with thuja names import"
    try:
        facts = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise BadFile(f"the backbone {folder} was made by another version of thuja", hint=hint)
        paths = {name: folder / f"{name}-{facts['build']}.arrow" for name in _TABLES}
        damaged = [path.name for name, path in paths.items() if path.stat().st_size != facts["bytes"][name]]
        tables = Tables(**{name: _mapped(path) for name, path in paths.items()}) if not damaged else None
        rows = facts["rows"]
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise BadFile(f"the backbone {folder} cannot be opened: {error!r}", hint=hint) from error
    if tables is None or any(len(getattr(tables, name)) != rows.get(name) for name in _TABLES):
        raise BadFile(f"the backbone {folder} is damaged: its tables are not those described", hint=hint)
    return tables, About(**{field.name: str(facts.get(field.name, "")) for field in fields(About)})


def _mapped(path: Path) -> pl.DataFrame:
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return cast(pl.DataFrame, pl.from_arrow(table))
