"""Taxa by their ids: a row that carries the id of a backbone's taxon needs no name to be found by.

Whose id it is is said by its prefix or URL (`gbif:2480528`, https://www.inaturalist.org/taxa/8010), by the
column (GBIF writes taxonKey), or by the user; an id that nobody claims is left alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from thuja.errors import UnknownName
from thuja.names.backbone import Backbone
from thuja.names.described import described
from thuja.names.queries import lineage_key
from thuja.names.resolution import CERTAIN, Status
from thuja.names.resolver import RESULT, Resolver
from thuja.names.rows import GIVEN
from thuja.names.spelling import keyed
from thuja.names.store import LINEAGE

_PREFIXES = {
    "gbif": r"(?:https?://)?(?:(?:www|api)\.)?gbif\.org/(?:v1/)?species/|gbif:",
    "inat": r"(?:https?://)?(?:(?:www|api)\.)?inaturalist\.org/(?:v1/)?taxa/|inat(?:uralist)?(?:_taxon)?:",
    "col": r"(?:https?://)?(?:www\.)?catalogueoflife\.org/data/taxon/|col:",
    "ncbi": r"(?:https?://)?(?:www\.)?ncbi\.nlm\.nih\.gov/taxonomy/|ncbi(?:taxon)?:(?:txid)?|txid",
    "ott": r"(?:https?://)?tree\.opentreeoflife\.org/taxonomy/browse\?id=|ott:?(?:id)?(?=\d)",
}
"""How ids are written in the wild, by the short name of their backbone."""
_GBIF_TERMS = ("taxonkey", "acceptedtaxonkey")
"""Columns that only GBIF's downloads have."""
_ID = r"([^\s/?#:]+)/?$"
_SLUGGED = r"(\d+)(?:-[^\s/?#]*)?/?$"
"""iNaturalist writes the name behind the number: taxa/8010-Corvus-corax."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierSources:
    """The open backbones by name, and whose a bare id is (`plain`, empty for nobody's)."""

    names: tuple[str, ...] = ()
    plain: str = ""
    _places: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, backbones: Sequence[Backbone], plain: str = "") -> "IdentifierSources":
        """Of open backbones. Raises UnknownName where `plain` is none of them."""
        names = tuple(backbone.name for backbone in backbones)
        if plain and plain not in names:
            raise UnknownName.of("backbone for ids", plain, names)
        # An installed version, gbif-2023, has GBIF's ids too.
        places = {source: name for name in reversed(names) for source in _PREFIXES if _is_of(name, source)}
        return cls(names=names, plain=plain, _places=places)

    def key(self, column: pl.Expr, heading: str) -> pl.Expr:
        """`backbone:id` of each cell, or the empty string where the id is not known to be an open backbone's."""
        # A column of whole numbers with gaps comes out of pandas as 2480528.0.
        text = column.cast(pl.String).str.strip_chars().str.replace(r"^(\d+)\.0$", "$1")
        key = pl.lit("")
        for source, name in self._places.items():
            found = text.str.extract(rf"(?i)^(?:{_rust(_PREFIXES[source])}){_SLUGGED if source == 'inat' else _ID}", 1)
            key = pl.when(found.is_not_null()).then(pl.lit(f"{name}:") + found).otherwise(key)
        is_gbif = "".join(letter for letter in heading.lower() if letter.isalnum()) in _GBIF_TERMS
        plain = self.plain or (self._places.get("gbif", "") if is_gbif else "")
        if plain:
            is_bare = text.str.contains(r"^[^\s/?#:]+$")
            key = pl.when(is_bare & (key == "")).then(pl.lit(f"{plain}:") + text).otherwise(key)
        return key.fill_null("")


def _is_of(name: str, source: str) -> bool:
    return re.fullmatch(rf"{source}([-_. ].*)?", name.lower()) is not None


def _rust(pattern: str) -> str:
    """The same pattern for polars, whose engine has no look-ahead."""
    return pattern.replace(r"(?=\d)", "")


def identified(rows: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """The answers to the rows whose `taxon_id` or else `accepted_id` a backbone has: `row` and `RESULT`.

    `rows` has `row`, the tidy columns of a row that asks, and the ids. What the row's name says otherwise
    is told in `changed` and `reason`, and the name's own answer is the runner-up.
    """
    found = pl.concat([_found(rows, number, backbone) for number, backbone in enumerate(resolver.backbones)])
    found = found.sort("row", "place").unique("row", keep="first", maintain_order=True)
    if found.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32, **_SCHEMA})
    asked = found.with_row_index("asked").select("asked", "backbone", "taxon", row="names_row")
    held = described(resolver.backbones, asked)
    held = held.sort("asked").drop("row", "backbone").rename({"backbone_name": "backbone"})
    answers = found.select("row", "id_asked").hstack(held)
    given = rows.join(found.select("row"), on="row", how="semi").sort("row")
    return _checked(answers.sort("row"), given, resolver)


_SCHEMA = {name: pl.Float64 if name in ("score", "runner_up_score") else pl.String for name in RESULT}


def _found(rows: pl.DataFrame, number: int, backbone: Backbone) -> pl.DataFrame:
    """Rows with an id of this backbone: `row`, `backbone`, `names_row`, `taxon`; taxon_id at place 0."""
    parts = []
    for place, column in enumerate(("taxon_id", "accepted_id")):
        own = rows.filter(pl.col(column).str.starts_with(f"{backbone.name}:"))
        ids = own[column].str.slice(len(backbone.name) + 1)
        hits = backbone.by_id(ids)
        taxon = backbone.tables.names["taxon"].gather(hits.found)
        parts.append(
            pl.DataFrame(
                {
                    "row": own["row"].gather(hits.asked),
                    "place": pl.Series(np.full(len(hits.asked), place), dtype=pl.UInt8),
                    "backbone": pl.Series(np.full(len(hits.asked), number), dtype=pl.UInt8),
                    "names_row": pl.Series(hits.found, dtype=pl.Int64),
                    "taxon": taxon.cast(pl.Int64),
                    "id_asked": own[column].gather(hits.asked),
                }
            )
        )
    return pl.concat(parts)


def _checked(answers: pl.DataFrame, given: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """The identifiers' answers, beside what the names of the same rows mean. Both in the order of `row`."""
    named = resolver.resolve_rows(given.select(GIVEN)).drop("verbatim")
    named = named.rename({name: f"named_{name}" for name in named.columns})
    asked = given.select(pl.col(GIVEN).name.prefix("given_"))
    table = pl.concat([answers, asked, named], how="horizontal")
    written = pl.coalesce(pl.when(pl.col("given_verbatim") != "").then("given_verbatim"), "named_term").fill_null("")
    same = keyed(written).is_in(pl.concat_list(keyed(pl.col("accepted_name")), keyed(pl.col("matched_name"))))
    is_named = pl.col("named_match_type").is_in(list(CERTAIN))
    is_other = (
        ~same & is_named
        & (pl.col("named_accepted_name") != pl.col("accepted_name"))
        & (pl.col("named_accepted_rank") == pl.col("accepted_rank"))
    )  # fmt: skip
    is_unknown = ~same & ~is_named & (written != "")
    table = table.with_columns(is_other.alias("is_other"), is_unknown.alias("is_unknown"), written.alias("written"))
    said = pl.concat_str(pl.lit("the row's id is that of "), "accepted_name")
    reason = (
        pl.when("is_other")
        .then(pl.concat_str(said, pl.lit(", but its name, "), "written", pl.lit(", is "), "named_accepted_name"))
        .when("is_unknown")
        .then(pl.concat_str(said, pl.lit("; its name, "), "written", pl.lit(", says nothing against it")))
        .otherwise(said)
    )  # fmt: skip
    changes = [
        pl.when("is_other").then(pl.concat_str(pl.lit("name: "), "written", pl.lit(" -> "), "accepted_name")),
        *(_rank_change(rank) for rank in LINEAGE),
    ]
    table = table.with_columns(
        pl.lit(str(Status.IDENTIFIER)).alias("match_type"),
        # An id beside another taxon's name: one of the two is wrong, and nothing tells which.
        pl.when("is_other").then(None).otherwise(1.0).alias("score"),
        pl.when("is_other").then("named_accepted_name").alias("runner_up"),
        pl.when("is_other").then("named_score").alias("runner_up_score"),
        pl.concat_str(changes, separator="; ", ignore_nulls=True).replace("", None).alias("changed"),
        reason.alias("reason"),
        pl.col("named_infraspecific").alias("infraspecific"),
        pl.col("named_qualifier").alias("qualifier"),
        pl.lit("identifier").alias("asked_as"),
        pl.col("id_asked").alias("term"),
    )
    return table.select("row", *(pl.col(name).cast(kind) for name, kind in _SCHEMA.items()))


def _rank_change(rank: str) -> pl.Expr:
    ours, theirs = pl.col(rank), pl.col(f"given_{rank}")
    key, held = lineage_key(theirs, rank), lineage_key(ours, rank)
    is_other = (key != "") & (held != "") & (key != held)
    return pl.when(is_other).then(pl.concat_str(pl.lit(f"{rank}: "), theirs, pl.lit(" -> "), ours))
