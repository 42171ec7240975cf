"""The known names that a written one may stand for, and what speaks for each.

Names are looked up as they are written and without authorship; what that leaves open is looked for
among spelling variants, misspellings, common names, and the genus.
"""

import numpy as np
import polars as pl

from thuja.names.agreement import with_agreement
from thuja.names.backbone import Backbone, Hits
from thuja.names.features import How
from thuja.names.misspellings import misspelt_binomials, misspelt_words
from thuja.names.store import SPECIES_LEVEL

_LATIN = r"(us|um|is|ae|i|a|ens|ans)$"
_HIGH_RANKS = ["family", "order", "class", "phylum"]
_FOUND = {
    "asked": pl.Int64, "row": pl.Int64, "taxon": pl.Int64, "how": pl.UInt8,
    "genus_edits": pl.UInt8, "epithet_edits": pl.UInt8, "is_preferred": pl.Boolean,
}  # fmt: skip


def find_candidates(backbone: Backbone, queries: pl.DataFrame) -> pl.DataFrame:
    """The candidates of each query: `asked` (the query's row), `row` of `names`, `taxon`, `how`, edits, agreement.

    `queries` has the columns of `take_apart`, and `kingdom` ... `genus` as `lineage_key` writes them.
    """
    exact = with_agreement(backbone, queries, _exact(backbone, queries))
    settled = np.zeros(len(queries), bool)
    settled[exact.filter(~pl.col("is_contradicted"))["asked"].to_numpy()] = True
    open_ = np.flatnonzero(~settled & (queries["key"] != "").to_numpy())
    rest = queries[open_]
    common = _common(backbone, rest)
    # What people call it settles what it is.
    unnamed = _others(rest, common)
    parts = [_genera(backbone, rest[unnamed]), *_respelt(backbone, rest[unnamed])]
    parts = [common, *(_renumbered(part, unnamed) for part in parts)]
    strange = _others(rest, *parts)
    parts.append(_renumbered(_within(backbone, rest[strange]), strange))
    found = _renumbered(pl.concat(parts), open_)
    found = pl.concat([exact, with_agreement(backbone, queries, found)])
    return found.unique(["asked", "taxon", "row"], keep="first", maintain_order=True)


def _others(queries: pl.DataFrame, *parts: pl.DataFrame) -> np.ndarray:
    """The rows that none of these have a candidate for."""
    is_open = np.ones(len(queries), bool)
    for part in parts:
        is_open[part["asked"].to_numpy()] = False
    return np.flatnonzero(is_open)


def _candidates(how: How, hits: Hits, backbone: Backbone, **more: np.ndarray) -> pl.DataFrame:
    size = len(hits.asked)
    zero = np.zeros(size, np.uint8)
    return pl.DataFrame(
        {
            "asked": hits.asked,
            "row": hits.found,
            "taxon": backbone.tables.names["taxon"].gather(hits.found).to_numpy(),
            "how": np.full(size, int(how), np.uint8),
            "genus_edits": more.get("genus_edits", zero),
            "epithet_edits": more.get("epithet_edits", zero),
            "is_preferred": np.ones(size, bool),
        },
        schema=_FOUND,
    )


def _renumbered(found: pl.DataFrame, rows: np.ndarray) -> pl.DataFrame:
    return found.with_columns(pl.Series("asked", rows[found["asked"].to_numpy()], dtype=pl.Int64))


def _exact(backbone: Backbone, queries: pl.DataFrame) -> pl.DataFrame:
    """Names that stand in the backbone: as written, or without authorship, or the species of an infraspecific one."""
    tried = np.zeros(len(queries), bool)
    parts = []
    # "Piper Betle (Betel)" reads as a genus and its author.
    pair = queries["key"].str.extract(r"^(\p{L}+ [\p{L}-]+) ").fill_null("")
    keys = {"key": queries["key"], "pair": pair, "canonical": queries["canonical"], "binomial": queries["binomial"]}
    for column, key in keys.items():
        is_new = (key != "").to_numpy() & ~tried
        if column == "pair":
            is_new &= ((queries["epithet"] == "") & (queries["kind"] == "")).to_numpy()
        if column != "key":
            # A name in doubt has its genus for a canonical name, which is no match of the name.
            is_new &= (queries["qualifier"] == "").to_numpy()
        rows = np.flatnonzero(is_new)
        how = How.SPECIES_OF if column == "binomial" else How.EXACT
        found = _renumbered(_candidates(how, backbone.by_key(key.gather(rows)), backbone), rows)
        tried[found["asked"].to_numpy()] = True
        parts.append(found)
    found = pl.concat(parts)
    rank = backbone.tables.names["rank"].gather(found["row"].to_numpy()).cast(pl.String)
    found = found.with_columns(rank.is_in(SPECIES_LEVEL).alias("is_species"))
    # A species complex bears its species' name: where a species answers, nothing above it does.
    has_species = pl.col("is_species").any().over("asked")
    found = found.filter(pl.col("is_species") | ~has_species).drop("is_species")
    # "puma" and "rose" are English before they are genera.
    is_word = (queries["text"].str.contains(r"^\p{Ll}+$")).to_numpy()
    words = np.flatnonzero(is_word)
    called = words[np.unique(backbone.by_common(queries["common_key"].gather(words)).asked)]
    return found.filter(~pl.col("asked").is_in(called)) if len(called) else found


def _common(backbone: Backbone, queries: pl.DataFrame) -> pl.DataFrame:
    """Taxa called so; where species are, no higher taxon.

    A name that is no taxon's preferred one, and that others end in ("robin": American Robin, European Robin),
    may mean these as well.
    """
    rows = np.flatnonzero((queries["qualifier"] == "").to_numpy())
    keys = queries["common_key"].gather(rows)
    hits = backbone.by_common(keys)
    spoken = backbone.tables.vernaculars[hits.found]
    exact = _called(backbone, How.COMMON, Hits(rows[hits.asked], spoken["taxon"].to_numpy()))
    exact = exact.with_columns(spoken["is_preferred"])
    preferred = exact.filter("is_preferred")["asked"].to_numpy()
    open_ = np.setdiff1d(np.arange(len(rows)), np.searchsorted(rows, preferred))
    heads = backbone.by_head(keys.gather(open_))
    others = _called(backbone, How.HEAD, Hits(rows[open_][heads.asked], heads.found))
    found = pl.concat([exact, others.filter("is_species")]).unique(
        ["asked", "taxon"], keep="first", maintain_order=True
    )
    return found.filter(pl.col("is_species") | ~pl.col("is_species").any().over("asked")).drop("is_species")


def _called(backbone: Backbone, how: How, hits: Hits) -> pl.DataFrame:
    size = len(hits.found)
    found = pl.DataFrame(
        {
            "asked": hits.asked,
            "row": np.full(size, -1),
            "taxon": hits.found,
            "how": np.full(size, int(how), np.uint8),
            "genus_edits": np.zeros(size, np.uint8),
            "epithet_edits": np.zeros(size, np.uint8),
            "is_preferred": np.ones(size, bool),
        },
        schema=_FOUND,
    )
    rank = backbone.tables.taxa["rank"].gather(hits.found).cast(pl.String)
    return found.with_columns(rank.is_in(SPECIES_LEVEL).alias("is_species"))


def _genera(backbone: Backbone, queries: pl.DataFrame) -> pl.DataFrame:
    """The genus of a binomial or a name in doubt; where it is not known as it is written, genera one edit away."""
    # "dracula ant" is no ant of the orchids' genus Dracula.
    epithets = queries["epithet"]
    is_latin = queries["text"].str.contains(r"^\P{Ll}") | epithets.str.contains(_LATIN) | (queries["qualifier"] != "")
    is_latin |= pl.Series(np.bincount(backbone.by_epithet(epithets).asked, minlength=len(queries)) > 0)
    rows = np.flatnonzero((is_latin & (queries["genus"] != "")).to_numpy())
    exact = _renumbered(_candidates(How.GENUS, backbone.by_key(queries["genus"].gather(rows)), backbone), rows)
    exact = _only_genera(backbone, exact)
    agreeing = with_agreement(backbone, queries, exact).filter(~pl.col("is_contradicted"))
    rows = np.setdiff1d(rows, agreeing["asked"].to_numpy())
    near = misspelt_words(backbone, queries["genus"].gather(rows))
    close = _candidates(How.GENUS, Hits(near.asked, near.row), backbone, genus_edits=near.genus_edits)
    return pl.concat([exact, _only_genera(backbone, _renumbered(close, rows))])


def _only_genera(backbone: Backbone, found: pl.DataFrame) -> pl.DataFrame:
    return found.filter(backbone.tables.names["rank"].gather(found["row"].to_numpy()).cast(pl.String) == "genus")


def _respelt(backbone: Backbone, queries: pl.DataFrame) -> list[pl.DataFrame]:
    """Spelling variants and misspellings of binomials and of names of one word, and names that lost their blank."""
    both = np.flatnonzero(((queries["genus"] != "") & (queries["epithet"] != "")).to_numpy())
    genera, epithets = queries["genus"].gather(both), queries["epithet"].gather(both)
    variants = _candidates(How.VARIANT, backbone.by_variant(genera, epithets), backbone)
    # "novae zelandiae" reads as a species and its variety.
    parted = np.flatnonzero((queries["infraspecific"] != "").to_numpy())
    whole = queries["epithet"].gather(parted) + queries["infraspecific"].gather(parted)
    rejoined = _candidates(How.VARIANT, backbone.by_variant(queries["genus"].gather(parted), whole), backbone)
    typos = misspelt_binomials(backbone, genera, epithets)
    edits = {"genus_edits": typos.genus_edits, "epithet_edits": typos.epithet_edits}
    fuzzy = _candidates(How.FUZZY, Hits(typos.asked, typos.row), backbone, **edits)
    is_word = queries["key"].str.contains(r"^\p{L}{4,}$")
    is_doubtful = (queries["qualifier"] != "") & (queries["genus"].str.len_chars() >= 4)
    alone = np.flatnonzero((is_word | is_doubtful).to_numpy())
    words = queries["key"].zip_with(is_word, queries["genus"]).gather(alone)
    near = misspelt_words(backbone, words)
    single = _candidates(How.FUZZY, Hits(near.asked, near.row), backbone, genus_edits=near.genus_edits)
    joined = _candidates(How.VARIANT, _unglued(backbone, words), backbone)
    moved = _candidates(How.MOVED, _moved(backbone, queries, both), backbone)
    variants, fuzzy = (_as_crossed(backbone, found, queries["key"].gather(both)) for found in (variants, fuzzy))
    return [
        _renumbered(variants, both),
        _renumbered(rejoined, parted),
        _renumbered(fuzzy, both),
        moved,
        _renumbered(single, alone),
        _renumbered(joined, alone),
    ]


def _as_crossed(backbone: Backbone, found: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """Without the plain species of a name written as a hybrid; that the sign was left out is a slip like another."""
    is_cross = keys.str.contains("×", literal=True).gather(found["asked"].to_numpy())
    known = backbone.tables.names["key"].gather(found["row"].to_numpy()).str.contains("×", literal=True)
    return found.filter(~is_cross | known)


def _within(backbone: Backbone, queries: pl.DataFrame) -> pl.DataFrame:
    """A binomial, or else a family or a taxon above it, that stands among other words: "chant Luscinia luscinia"."""
    words = queries.select(words=pl.col("text").str.to_lowercase().str.extract_all(r"\p{L}[\p{L}-]+"))
    # A virus bears its host's name, a cross those of its parents.
    is_plain = (queries["kind"] == "") & ~queries["key"].str.contains("×", literal=True)
    words = words.with_row_index("asked").filter(pl.col("words").list.len().is_between(2, 12), is_plain)
    single = words.explode("words").with_columns(pl.col("asked").cast(pl.Int64))
    pairs = single.with_columns((pl.col("words") + " " + pl.col("words").shift(-1).over("asked")).alias("pair"))
    pairs = pairs.drop_nulls("pair")
    names = backbone.tables.names
    hits = backbone.by_key(pairs["pair"])
    hits = hits.only((names["rank"].gather(hits.found).cast(pl.String) == "species").to_numpy())
    species = _candidates(How.WITHIN, Hits(pairs["asked"].gather(hits.asked).to_numpy(), hits.found), backbone)
    rest = single.filter(~pl.col("asked").is_in(species["asked"].implode()))
    hits = backbone.by_key(rest["words"])
    hits = hits.only(names["rank"].gather(hits.found).cast(pl.String).is_in(_HIGH_RANKS).to_numpy())
    higher = _candidates(How.WITHIN, Hits(rest["asked"].gather(hits.asked).to_numpy(), hits.found), backbone)
    # "Les Trichies (Trichius)"
    bracketed = queries["text"].str.extract(r"\((\p{Lu}\p{Ll}+)\)$").fill_null("").str.to_lowercase()
    genera = _only_genera(backbone, _candidates(How.WITHIN, backbone.by_key(bracketed), backbone))
    return pl.concat([species, higher, genera])


def _unglued(backbone: Backbone, words: pl.Series) -> Hits:
    """Binomials whose blank was lost: `corvuscorax`."""
    numbered = pl.DataFrame({"word": words}).with_row_index("asked").filter(pl.col("word").str.len_chars() >= 8)
    longest = int(numbered["word"].str.len_chars().max() or 0)  # type: ignore[arg-type]
    parts = [
        numbered.filter(pl.col("word").str.len_chars() >= place + 3).select(
            "asked", key=pl.col("word").str.slice(0, place) + " " + pl.col("word").str.slice(place)
        )
        for place in range(3, min(longest, 40) - 2)
    ]
    if not parts:
        return Hits(np.zeros(0, np.int64), np.zeros(0, np.int64))
    tried = pl.concat(parts)
    hits = backbone.by_key(tried["key"])
    return Hits(tried["asked"].gather(hits.asked).to_numpy().astype(np.int64), hits.found)


def _moved(backbone: Backbone, queries: pl.DataFrame, both: np.ndarray) -> Hits:
    """The one species of the family given (or of the genus's) that has the epithet's stem in another genus.

    A backbone without synonyms does not know that a species changed its genus.
    """
    families = _families(backbone, queries, both)
    rows = np.flatnonzero((families != "").to_numpy())
    asked = both[rows]
    epithets = queries["epithet"].gather(asked)
    hits = _same_epithet(backbone, epithets)
    taxa = backbone.tables.names["taxon"].gather(hits.found).to_numpy()
    lineage = backbone.tables.taxa["lineage"].gather(taxa).to_numpy()
    held = backbone.tables.lineages["family"].gather(lineage).fill_null("").str.to_lowercase()
    is_other = backbone.tables.names["key"].gather(hits.found).str.split(" ").list.first() != queries["genus"].gather(
        asked[hits.asked]
    )
    hits_in = hits.only((held == families.gather(rows[hits.asked])).to_numpy() & is_other.to_numpy())
    only_one = np.bincount(hits_in.asked, minlength=len(rows)) == 1
    hits_in = hits_in.only(only_one[hits_in.asked])
    return Hits(asked[hits_in.asked], hits_in.found)


def _same_epithet(backbone: Backbone, epithets: pl.Series) -> Hits:
    """Binomials with the epithet as written or with another gender's ending."""
    stem = pl.col("epithet").str.replace(r"(us|um|a|is|e)$", "")
    ends = pl.DataFrame({"epithet": epithets}).with_row_index("asked").with_columns(stem.alias("stem"))
    forms = pl.concat(
        [
            ends.select("asked", "epithet"),
            *(ends.select("asked", epithet=pl.col("stem") + end) for end in ("us", "um", "a", "is", "e")),
        ]
    ).unique()  # fmt: skip
    forms = forms.sort("asked", "epithet")
    hits = backbone.by_epithet(forms["epithet"])
    return Hits(forms["asked"].gather(hits.asked).to_numpy().astype(np.int64), hits.found)


def _families(backbone: Backbone, queries: pl.DataFrame, both: np.ndarray) -> pl.Series:
    """The family given, or that of the genus where the backbone holds one genus of the name."""
    given = queries["family"].gather(both)
    genera = queries["genus"].gather(both)
    hits = backbone.by_key(genera)
    names = backbone.tables.names
    hits = hits.only((names["rank"].gather(hits.found).cast(pl.String) == "genus").to_numpy())
    hits = hits.only((np.bincount(hits.asked, minlength=len(both)) == 1)[hits.asked])
    lineage = backbone.tables.taxa["lineage"].gather(names["taxon"].gather(hits.found).to_numpy())
    own = np.full(len(both), "", object)
    own[hits.asked] = backbone.tables.lineages["family"].gather(lineage).fill_null("").str.to_lowercase().to_numpy()
    held = pl.Series(own, dtype=pl.String)
    return pl.select(pl.when(given != "").then(given).otherwise(held)).to_series()
