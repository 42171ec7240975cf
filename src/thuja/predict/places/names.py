"""Which labels the names of an occurrence table mean: by the name, its spelling, a backbone's synonyms, its clade."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.names.backbone import Backbone
from thuja.names.queries import lineage_key
from thuja.names.spelling import folded, stemmed
from thuja.predict.places.columns import find
from thuja.taxonomy import RANKS, Rank

HIGHER = [rank.label for rank in RANKS[: Rank.SPECIES]]
NAMES: Mapping[str, tuple[str, ...]] = {
    "scientific": ("acceptedscientificname", "scientificname", "taxonname", "verbatimscientificname", "name"),
    "species": ("species", "taxonspeciesname", "binomial"),
    "epithet": ("specificepithet", "speciesepithet"),
    **{rank: (rank, f"taxon{rank}name") for rank in HIGHER},
}
"""Spellings of the columns that names stand in, as `place_columns.SPELLINGS`."""
KEY = "key"
_BLANK = ""
_SPECIES = int(Rank.SPECIES)
_GENUS_EPITHET = r"^(?:× )?(\p{L}[\p{L}-]+)(?: \(\p{L}[\p{L}.-]+\))? (?:× )?(\p{L}[\p{L}-]+)(?: |$)"
_NO_EPITHETS = ("sp", "spp", "cf", "aff", "nr", "indet", "ssp", "gen")
_AUTHOR = r"^(?:× ?)?\p{Lu}[\p{L}-]+ (?:\([^)]*\) ?)?(?:\p{Lu}|&|,|$)"
"""A genus or a family with its author behind it: the second word is no epithet."""


def name_columns(headings: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The headings that names stand in, by their meaning in `NAMES`."""
    return find(headings, NAMES)


def key_of(columns: Mapping[str, tuple[str, ...]]) -> pl.Expr:
    """One text a row that says its name and lineage: the name, then kingdom to genus, parted by tabs."""

    def text(meaning: str) -> pl.Expr:
        cells = [pl.col(heading).cast(pl.String).str.strip_chars() for heading in columns.get(meaning, ())]
        return pl.coalesce(*(pl.when(cell != _BLANK).then(cell) for cell in cells), pl.lit(_BLANK))

    species, genus, epithet = text("species"), text("genus"), text("epithet")
    epithet = pl.when(epithet != _BLANK).then(epithet).otherwise(species)
    name = (
        pl.when(species.str.contains(" ", literal=True))
        .then(species)
        .when((genus != _BLANK) & (epithet != _BLANK))
        .then(genus + " " + epithet)
        .otherwise(pl.coalesce(pl.when(text("scientific") != _BLANK).then(text("scientific")), species))
    )
    parts = [name, *(text(rank) for rank in HIGHER)]
    return pl.concat_str([part.str.replace_all("\t", " ", literal=True) for part in parts], separator="\t").alias(KEY)


def taken_apart(keys: pl.Series) -> pl.DataFrame:
    """The names behind keys, folded: `whole`, `binomial`, `variant` (genus and stem), kingdom to genus, `is_named`."""
    parts = keys.str.split_exact("\t", len(HIGHER)).struct.rename_fields(["name", *HIGHER]).struct.unnest()
    has_author = parts.select(pl.col("name").str.contains(_AUTHOR)).to_series()
    table = parts.select(folded(pl.col("name")).alias("whole"), *(lineage_key(pl.col(r), r).alias(r) for r in HIGHER))
    words = pl.col("whole").str.extract_groups(_GENUS_EPITHET)
    genus, epithet = words.struct.field("1"), words.struct.field("2")
    is_binomial = epithet.is_not_null() & ~epithet.is_in(list(_NO_EPITHETS))
    # "Corvus (Linnaeus, 1758)" is a genus; "Corvus (Corvus) corax" is a species.
    is_genus = pl.Series("author", has_author)
    first = pl.col("whole").str.extract(r"^(?:× )?(\p{L}[\p{L}-]+)(?: |$)").fill_null(_BLANK)
    table = table.with_columns(
        pl.when(is_binomial & ~is_genus).then(genus + " " + epithet).otherwise(pl.lit(_BLANK)).alias("binomial"),
        pl.when(is_binomial & ~is_genus).then(genus + " " + stemmed(epithet)).otherwise(pl.lit("")).alias("variant"),
        pl.when(pl.col("genus") != _BLANK).then("genus").otherwise(first).alias("genus"),
        (pl.any_horizontal(pl.col("whole", *HIGHER) != _BLANK)).alias("is_named"),
    )
    return table.with_row_index("id").with_columns(keys.alias(KEY))


def label_names(labels: LabelSpace) -> pl.DataFrame:
    """A row a label: `label`, its `level` (the rank's number, -1 for none), `term` (folded), and kingdom to genus."""
    if not labels.taxa:
        raise UsageError(
            "custom labels have no taxa that an occurrence table could name", hint="use labels that are taxa"
        )
    # A name stands in many lineages: each is folded once.
    keyed = {rank.label: _gathered(labels, rank, lineage_key(pl.col("name"), rank.label)) for rank in RANKS[:_SPECIES]}
    terms = {rank: _gathered(labels, rank, folded(pl.col("name"))) for rank in RANKS}
    depth = [np.where(labels.columns.codes(rank) != 0, int(rank), -1) for rank in RANKS]
    deepest = pl.Series("level", np.max(depth, axis=0), dtype=pl.Int8)
    table = pl.DataFrame({rank.label: series for rank, series in terms.items()}).with_columns(deepest)
    higher = pl.when(pl.col("level") < _SPECIES).then(
        pl.coalesce(*(pl.when(pl.col(rank) != _BLANK).then(rank) for rank in reversed(HIGHER)))
    )
    name = higher.when(pl.col("genus") != _BLANK).then(pl.col("genus") + " " + pl.col("species")).otherwise("species")
    return table.select("level", name.alias("term")).with_columns(**keyed).with_row_index("label")


def _gathered(labels: LabelSpace, rank: Rank, form: pl.Expr) -> pl.Series:
    """The names of labels at a rank in some form."""
    column = labels.columns.column(rank.label)
    return pl.DataFrame({"name": list(column.names)}, schema={"name": pl.String}).select(form).to_series()[column.codes]


def match_names(names: pl.DataFrame, labels: pl.DataFrame, *, backbones: Sequence[Backbone] = ()) -> pl.DataFrame:
    """The labels of names: pairs `id` and `label`, and `how`: name, spelling, synonym, or the rank of a clade.

    `names` as `taken_apart` gives them. Each name goes the first way that finds something: its words as they stand;
    its genus and epithet; the same genus and stem (`alba`, `albus`); another name of the same taxon in a backbone;
    then, for labels above species, the lowest of its clades that is a label. Labels of one lineage are all found;
    of homonyms those that agree best with the lineage that came with the name, none in another kingdom.
    """
    species = labels.filter(pl.col("level") == _SPECIES).with_columns(_without_sign(pl.col("term")))
    others = labels.with_columns(pl.col("term").alias("as_label"))
    ways = [("whole", "name", others), ("binomial", "name", species), ("variant", "spelling", species)]
    ways += [("synonym", "synonym", species)] * bool(backbones)
    ways += [(rank, rank, labels.filter(pl.col("level") == int(Rank.parse(rank)))) for rank in reversed(HIGHER)]
    found, rest = [], names
    for column, how, terms in ways:
        if column == "synonym":
            pairs = _synonyms(rest, terms, backbones)
        else:
            terms = _stems(terms, rest) if column == "variant" else terms
            pairs = _joined(rest.filter(pl.col(column) != _BLANK), terms, column)
        pairs = _best(pairs)
        found.append(pairs.select("id", "label", pl.lit(how).alias("how")))
        rest = rest.join(pairs, on="id", how="anti")
        if rest.is_empty():
            break
    return pl.concat(found)


def _without_sign(term: pl.Expr) -> pl.Expr:
    """Without the sign of hybrids, which tables leave out as often as not."""
    return term.str.replace_all("× ", "", literal=True)


def _stems(species: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The labels of the genera that names have, by genus and stem."""
    genera = names.select(pl.col("variant").str.extract(r"^(\S+) ").alias("first")).unique()
    near = species.with_columns(_word(0).alias("first")).join(genera, on="first", how="semi")
    return near.with_columns((_word(0) + " " + stemmed(_word(1))).fill_null(_BLANK).alias("term")).drop("first")


def _word(number: int) -> pl.Expr:
    return pl.col("term").str.split(" ").list.get(number, null_on_oob=True)


def _joined(names: pl.DataFrame, terms: pl.DataFrame, column: str) -> pl.DataFrame:
    """Pairs of a name and a label with the same term; the label's lineage in columns `kingdom_right` ..."""
    right = terms.rename({rank: f"{rank}_right" for rank in HIGHER})
    left = names.with_columns(pl.col(column).alias("term"))
    return left.join(right, on="term").filter(pl.col("term") != _BLANK)


def _best(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of the labels that a name may mean, those that agree best with its lineage."""
    both = [(pl.col(rank) != _BLANK) & (pl.col(f"{rank}_right") != _BLANK) for rank in HIGHER]
    same = [pl.col(rank) == pl.col(f"{rank}_right") for rank in HIGHER]
    agreement = pl.sum_horizontal(
        pl.when(known & equal).then(1).when(known).then(-1).otherwise(0)
        for known, equal in zip(both[:-1], same[:-1], strict=True)
    )
    kept = pairs.filter(~(both[0] & ~same[0])).with_columns(agreement.alias("agreement"))
    return kept.filter(pl.col("agreement") == pl.col("agreement").max().over("id")).unique(["id", "label"])


def _synonyms(names: pl.DataFrame, labels: pl.DataFrame, backbones: Sequence[Backbone]) -> pl.DataFrame:
    """Pairs of a name and a label that a backbone has under one taxon."""
    right = labels.rename({rank: f"{rank}_right" for rank in HIGHER})
    parts = [names.join(right, left_on="whole", right_on="term").clear()]
    for backbone in backbones:
        asked = names.filter(pl.col("binomial") != _BLANK)
        ours = _taxa(backbone, asked["id"], asked["binomial"]).rename({"row": "id"})
        theirs = _taxa(backbone, labels["label"], labels["term"]).rename({"row": "label"})
        pairs = ours.join(theirs, on="taxon").select("id", "label").unique()
        parts.append(pairs.join(names, on="id").join(right.drop("term"), on="label").select(parts[0].columns))
    return pl.concat(parts)


def _taxa(backbone: Backbone, rows: pl.Series, terms: pl.Series) -> pl.DataFrame:
    """The taxa of a backbone that each term is a name of: `row` and `taxon`."""
    hits = backbone.by_key(terms)
    return pl.DataFrame({"row": rows[hits.asked], "taxon": backbone.tables.names["taxon"].gather(hits.found)})
