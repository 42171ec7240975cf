"""Domestic forms: the cat is no wildcat, whatever name it goes by."""

import polars as pl

from thuja.names.spelling import folded

DOMESTIC = (
    "bombyx mori", "bos frontalis", "bos grunniens", "bos indicus", "bos taurus", "bubalus bubalis",
    "camelus bactrianus", "camelus dromedarius", "canis familiaris", "capra hircus", "carassius auratus",
    "cavia porcellus", "equus asinus", "equus caballus",
    "felis catus", "lama glama", "lama pacos", "mustela furo", "ovis aries", "sus domesticus",
    "vicugna pacos",
)  # fmt: skip
"""Names of domestic animals. Most are those that Opinion 2027 of the ICZN (2003) sets beside 17 names of wild species;
the zebu, the dromedary and the pig, and an older name of the alpaca, are added."""
_INFRASPECIFIC = r"^(f\.? )?(domestic(us|a|um)|familiaris)$"


def form() -> pl.Expr:
    """`domestic`, `feral` or null, from the columns of an answer and the `given_common` and `verbatim` of its row.

    Read from the name (Canis lupus familiaris, Felis silvestris catus, Felis catus) and from the words domestic and
    feral in a common name that came with the row. A nominate subspecies (Passer domesticus domesticus) is wild.
    """
    words = folded(pl.col("accepted_name").fill_null("")).str.split(" ")
    genus, epithet = words.list.get(0, null_on_oob=True), words.list.get(1, null_on_oob=True)
    below = pl.col("infraspecific").fill_null("").str.to_lowercase()
    is_species = pl.col("species").is_not_null()
    is_animal = pl.col("kingdom").fill_null("Animalia").is_in(["Animalia", "Metazoa"])
    named = pl.when(below == "").then(genus + " " + epithet).otherwise(genus + " " + below)
    term = folded(pl.col("matched_name").fill_null(""))
    has_name = named.is_in(DOMESTIC) | ((below == "") & term.is_in(DOMESTIC))
    # The house mouse is named after the house it lives in.
    has_form = below.str.contains(_INFRASPECIFIC) & (below != epithet) & (genus != "mus")
    spoken = pl.when(pl.col("match_type") == "common_name").then("verbatim").otherwise(pl.lit(""))
    spoken = pl.concat_str(pl.col("given_common").fill_null(""), pl.lit(" "), spoken).str.to_lowercase()
    return (
        pl.when(is_animal & spoken.str.contains(r"\bferal\b")).then(pl.lit("feral"))
        .when(is_animal & is_species & (has_name | has_form)).then(pl.lit("domestic"))
        .when(is_animal & spoken.str.contains(r"\bdomestic(ated)?\b")).then(pl.lit("domestic"))
    )  # fmt: skip
