"""By what an image is known again: keys of a row, made in the same way for evaluation sets and for training."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from thuja.curate.leaks.media import media_ids

COLUMNS: Final = (
    "data_source", "source_id", "source_url", "order", "genus", "species", "scientific_name", "verbatim_name",
    "gbif_id", "occurrence_id", "observation_id", "sequence_id", "dataset_key", "event_date", "recorded_by",
    "institution_code", "catalog_number", "sha256", "md5", "pixel_hash", "eval_keys",
)  # fmt: skip
"""What keys are made of."""

_INATURALIST: Final = "50c9509d-22c7-4a22-a47d-8c48425ef4a7"
"""iNaturalist's key among GBIF's datasets."""
_NOTHING: Final = (
    r"^(?:|-+|\?+|0|-1|null|none|nan|n/?a|unk(?:nown)?|unspecified|not (?:provided|recorded|available|given)|"
    r"anon(?:ymous)?|various|multiple|unnumbered|no number|s\.? ?n\.?|sin n[uú]mero)$"
)
"""What is written where nothing is known, whose like must never match: `ENA24 : unknown` is a whole set's sequence."""
_WORLDWIDE: Final = r"://|^urn:|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}| : "
"""Ids that no other source gives out by chance."""
_BINOMIAL: Final = r"^(\p{Lu}[\p{Ll}-]+ [\p{Ll}-]{2,})(?:[\s,;(]|$)"
"""What ends in a dot is short for something: `Corvus sp.`, `Quercus cf. robur`."""
_NO_SPECIES: Final = (
    r"^\S+ (?:(?:spp?|ssp|subsp|cf|cfr|aff|nr|near|gen|indet|undet|agg|var|sect|hybrid|hybr|x|×)(?:[\s,;(]|$)|"
    r"\S+ (?:[x×]|hybrid)(?:\s|$)|\S+ ×)"
)
"""In lower case: a genus without its species, a doubtful species, a hybrid of two."""
_GIVERS: Final = r"^(bioscan|eol|fathomnet|flickr|gbif|inaturalist|lila|observation|treeoflife)(?:[^a-z]|$)"
"""Sources whose ids are theirs whatever a recipe calls the copy that it has: `gbif-2024` gives out GBIF's."""
_AND: Final = r"\s*[|;&]\s*|\s+(?:and|et|und|y|e)\s+"
_ET_AL: Final = r"\s*[,;&]?\s*\bet\.? al\b.*$"
_FULL_NAMES: Final = r"^\s*[^\s,]+\s+[^,]*[^\s,](?:\s*,\s*[^\s,]+\s+[^,]*[^\s,])+\s*$"
"""Commas between names of two words or more: `Smith J, Doe K`, and not `Smith, Jane`."""
_INVERTED: Final = r"^\s*[^\s,]+\s*,[^,]+(?:,\s*[^\s,]+\s*,[^,]+)+$"
"""`Smith, J., Doe, K.`: every second comma parts two people."""

Made = Mapping[str, tuple[pl.Expr, str | None]]


def keys_of(rows: pl.DataFrame, kinds: Sequence[str]) -> pl.DataFrame:
    """The keys of rows that have COLUMNS: `row` (number), `kind`, `value`, `guard`, each once.

    Two keys of one kind and value match unless both have a guard and these differ: the number of a specimen counts
    within one order, because museums number each collection by itself, and observer and day within one genus.
    """
    facts = rows.select(*COLUMNS).with_row_index("row").with_columns(_scope(), pl.col("genus").alias("own_genus"))
    facts = facts.with_columns(_genus().alias("own_genus"))
    found = []
    for kind in kinds:
        for value, guard in _MAKERS.get(kind, ()):
            named = facts.select(
                "row",
                pl.lit(kind).alias("kind"),
                value.alias("value"),
                (pl.lit(None, pl.String) if guard is None else pl.col(guard).str.to_lowercase()).alias("guard"),
            )
            found.append(_exploded(named).filter(pl.col("value").is_not_null()))
    if "source_url" in kinds:
        found.append(_media_keys(facts))
    if "observer_day" in kinds:
        found.append(_day_keys(facts))
    empty = pl.DataFrame(schema={"row": pl.UInt32, "kind": pl.String, "value": pl.String, "guard": pl.String})
    return pl.concat([empty, *found]).unique(maintain_order=True)


def _exploded(keys: pl.DataFrame) -> pl.DataFrame:
    return keys.explode("value") if isinstance(keys.schema["value"], pl.List) else keys


def _media_keys(facts: pl.DataFrame) -> pl.DataFrame:
    further = facts.select("row", url=pl.col("eval_keys").str.split(";")).explode("url").drop_nulls()
    urls = pl.concat([facts.select("row", url="source_url").drop_nulls(), further])
    media = media_ids(urls["url"])
    return urls.select(
        "row", pl.lit("source_url").alias("kind"), media.alias("value"), pl.lit(None, pl.String).alias("guard")
    ).drop_nulls("value")


def _known(name: str) -> pl.Expr:
    """A column's text in lower case, null where it says that nothing is known."""
    text = pl.col(name).str.strip_chars().str.to_lowercase()
    last = text.str.extract(r"(?: : )([^:]*)$").fill_null(text)
    return pl.when(~last.str.contains(_NOTHING)).then(text)


def _address(name: str) -> pl.Expr:
    return _known(name).str.replace(r"^https?://(?:www\.)?", "")


def _scope() -> pl.Expr:
    """Who gives out the bare numbers of a row: iNaturalist wherever its rows came by, else the source."""
    is_theirs = (
        (pl.col("dataset_key").str.to_lowercase() == _INATURALIST).fill_null(value=False)
        | pl.col("institution_code").str.to_lowercase().eq("inaturalist").fill_null(value=False)
        | pl.col("occurrence_id").str.contains("inaturalist.org/", literal=True).fill_null(value=False)
        | pl.col("data_source").str.to_lowercase().str.contains(r"^i(?:nat|naturalist)").fill_null(value=False)
    )
    return pl.when(is_theirs).then(pl.lit("inaturalist")).otherwise(_giver()).alias("scope")


def _giver() -> pl.Expr:
    """Whose a row's own ids are: the known source that its source is named after, or else that source by its name."""
    name = pl.col("data_source").str.to_lowercase()
    return pl.coalesce(name.str.extract(_GIVERS), name)


def _genus() -> pl.Expr:
    first = pl.coalesce("scientific_name", "verbatim_name").str.extract(r"^(\p{Lu}[\p{Ll}-]+) \p{Ll}")
    return pl.coalesce(pl.col("genus").replace("", None), first)


def _scoped(name: str) -> pl.Expr:
    """An id that is unique by itself as it stands, a bare one with its source before it."""
    value = _known(name)
    by_source = pl.col("scope") + pl.lit("\n") + value
    return pl.when(value.str.contains(_WORLDWIDE)).then(_address(name)).otherwise(by_source)


def _inaturalist(name: str) -> pl.Expr:
    number = pl.col(name).str.extract(r"inaturalist\.org/observations/(\d+)")
    is_bare = (pl.col("scope") == "inaturalist") & pl.col(name).str.contains(r"^\d+$")
    return pl.lit("inaturalist\n") + pl.coalesce(number, pl.when(is_bare).then(pl.col(name)))


def _source_id() -> pl.Expr:
    """As it is written: `A.jpg` and `a.jpg` are two files."""
    own = pl.col("source_id").str.strip_chars()
    return pl.when(_known("source_id").is_not_null()).then(_giver() + pl.lit("\n") + own)


def _gbif_id() -> pl.Expr:
    is_gbif = pl.col("data_source").str.to_lowercase().str.contains(r"^gbif")
    return pl.coalesce(_known("gbif_id").str.extract(r"^(\d+)$"), pl.when(is_gbif).then(_leading_number()))


def _leading_number() -> pl.Expr:
    return pl.col("source_id").str.extract(r"^(\d{5,})(?:\D|$)")


def _specimen() -> pl.Expr:
    """Institution and number. Zeros before a number and blanks within it are written or not."""
    number = _known("catalog_number").str.replace_all(r"\s+", "").str.replace(r"^0+(\d)", "$1")
    return _known("institution_code") + pl.lit("\n") + number


def _day_keys(facts: pl.DataFrame) -> pl.DataFrame:
    """Each observer with the day; `Smith, J.` and `J. Smith` are one. A range of days says nothing."""
    day = pl.col("event_date").str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ][^/]*)?$")
    people = _people()
    said = facts.select("row", day=day, person=people, guard=pl.col("own_genus").str.to_lowercase())
    said = said.filter(pl.col("day").is_not_null()).explode("person")
    person = pl.col("person").str.strip_chars()
    said = said.filter(~person.str.contains(_NOTHING) & person.str.contains(r"\p{L}{2}"))
    words = person.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars().str.split(" ").list.sort().list.join(" ")
    value = words + pl.lit("\n") + pl.col("day")
    return said.select("row", pl.lit("observer_day").alias("kind"), value.alias("value"), "guard")


def _people() -> pl.Expr:
    """Who is named, a list. What could be one person or two (`Garcia Lopez, Ana Maria`) is taken for both."""
    said = pl.col("recorded_by").str.to_lowercase().str.replace(_ET_AL, "").str.replace_all(_AND, "|").str.split("|")
    one = pl.element()
    inverted = one.str.replace_all(r"([^,]+,[^,]+),", "${1}|").str.split("|")
    names = pl.concat_list(one.str.split(","), one.str.split("|"))
    parts = (
        pl.when(one.str.contains(_INVERTED))
        .then(inverted)
        .when(one.str.contains(_FULL_NAMES))
        .then(names)
        .otherwise(one.str.split("|"))
    )
    return said.list.eval(parts.explode())


def _species(name: str) -> pl.Expr:
    said = pl.col(name).str.strip_chars().str.normalize("NFC")
    return (
        pl.when(~said.str.to_lowercase().str.contains(_NO_SPECIES)).then(said.str.extract(_BINOMIAL)).str.to_lowercase()
    )


def binomial(genus: pl.Expr, species: pl.Expr) -> pl.Expr:
    """The binomial in lower case; null where either part is missing or `species` names none (`sp.`)."""
    parts = (genus.str.to_lowercase().replace("", None), species.str.to_lowercase().replace("", None))
    both = parts[0] + pl.lit(" ") + parts[1]
    is_none = both.str.contains(_NO_SPECIES) | both.str.contains(r"^\S+ \S*[.×]")
    return pl.when(~is_none).then(both)


def _eval_keys() -> pl.Expr:
    parts = pl.col("eval_keys").str.to_lowercase().str.split(";").list.eval(pl.element().str.strip_chars())
    is_key = ~pl.element().str.contains(_NOTHING) & ~pl.element().str.contains(r"^https?://")
    return parts.list.eval(pl.element().filter(is_key))


_MAKERS: Final[Mapping[str, tuple[tuple[pl.Expr, str | None], ...]]] = {
    "source_id": ((_source_id(), None),),
    "gbif_id": ((_gbif_id(), None),),
    "occurrence_id": ((_scoped("occurrence_id"), None),),
    "observation_id": (
        (_scoped("observation_id"), None),
        (_inaturalist("observation_id"), None),
        (_inaturalist("occurrence_id"), None),
        (
            pl.when(pl.col("institution_code").str.to_lowercase() == "inaturalist").then(
                _inaturalist("catalog_number")
            ),
            None,
        ),
    ),
    "sequence_id": ((_scoped("sequence_id"), None),),
    "specimen": ((_specimen(), "order"),),
    "eval_key": ((_eval_keys(), None),),
    "sha256": ((_known("sha256"), None),),
    "md5": ((_known("md5"), None),),
    "pixel_hash": ((_known("pixel_hash"), None),),
    "species": (
        (binomial(pl.col("genus"), pl.col("species")), None),
        (_species("scientific_name"), None),
        (_species("verbatim_name"), None),
    ),
}
