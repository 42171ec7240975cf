"""Why a name was answered so, in one line; and what of the lineage that came with it the answer changes."""

import polars as pl

from thuja.names.agreement import HIGHER, Agreement
from thuja.names.features import How
from thuja.names.resolution import Status


def shown() -> pl.Expr:
    """A candidate as a reader knows it: `Oenanthe (Animalia, Muscicapidae)`."""
    name = pl.col("accepted_name")
    return pl.coalesce(pl.format("{} ({}, {})", name, "kingdom", "family"), pl.format("{} ({})", name, "kingdom"), name)


def changed(is_answered: pl.Expr) -> pl.Expr:
    """The ranks given that the answer's lineage says otherwise: `family: paridae -> Corvidae`."""
    others = [int(Agreement.DIFFERS), int(Agreement.NEAR), int(Agreement.UNKNOWN)]
    parts = []
    for rank in HIGHER:
        ours = pl.col(f"answer_{rank}")
        is_other = is_answered & pl.col(f"{rank}_code").is_in(others) & ours.is_not_null()
        parts.append(pl.when(is_other).then(pl.format(f"{rank}: {{}} -> {{}}", f"given_{rank}", ours)))
    given, held = pl.col("given_genus"), pl.col("answer_genus")
    is_other = (given != "") & (given != pl.col("written_genus")) & (given != held.str.to_lowercase())
    parts.append(pl.when(is_answered & is_other).then(pl.format("genus: {} -> {}", given, held)))
    return pl.concat_str(parts, separator="; ", ignore_nulls=True).replace("", None)


def reason() -> pl.Expr:
    """One line of why; reads the columns of `decisions` before the answer is cut to size."""
    name, matched, text = pl.col("accepted_name"), pl.col("matched_name"), pl.col("text")
    edits = pl.col("genus_edits") + pl.col("epithet_edits")
    plural = pl.when(edits > 1).then(pl.lit("s")).otherwise(pl.lit(""))
    by_status = {
        Status.EMPTY: pl.lit("no name was given"),
        Status.EXACT: pl.format("{} {}", "accepted_rank", name),
        Status.SYNONYM: pl.format("{} is a {} of {}", matched, "matched_status", name),
        Status.VARIANT: pl.format("a spelling of {}", matched),
        Status.FUZZY: pl.format("{} edit{} from {}", edits, plural, matched),
        Status.WITHIN: pl.format("{} stands in {}", matched, text),
        Status.INFRASPECIFIC: pl.format("{} is read as its species, {}", text, name),
        Status.COMMON_NAME: pl.format("common name of the {} {}", "accepted_rank", name),
        Status.CONFLICT: pl.format("the backbone knows {}, the lineage given is another", "elsewhere"),
        Status.AMBIGUOUS: pl.coalesce(
            pl.when(pl.col("kind") == "several").then(pl.format("{} names several taxa", text)),
            pl.when(pl.col("meanings") > 1).then(pl.format("{} may be {}", text, "shown_meanings")),
            pl.format("{} may be of the genus {}", text, "genus_meanings"),
        ),
        Status.HIGHER_RANK: _higher(),
    }
    reasons = [pl.when(pl.col("match_type") == word).then(line) for word, line in by_status.items()]
    return pl.coalesce(*reasons, pl.lit("no name of a backbone"))


def _higher() -> pl.Expr:
    text, genus = pl.col("text"), pl.col("genus_genus")
    is_doubt = pl.col("qualifier") != ""
    maybe = pl.format("{} is in no backbone; it may be {}, or another species of {}", text, shown(), genus)
    moved = pl.format("{} is in no backbone; the family has {}", text, shown())
    is_named = pl.col("how").is_in([int(How.EXACT), int(How.SPECIES_OF), int(How.VARIANT)])
    rank = pl.col("accepted_rank")
    article = pl.when(rank.str.contains("^[aeiou]")).then(pl.lit("an")).otherwise(pl.lit("a"))
    return pl.coalesce(
        pl.when(pl.col("is_accepted") & (pl.col("how") == int(How.COMMON))).then(
            pl.format("common name of the {} {}", rank, "accepted_name")
        ),
        pl.when(pl.col("is_accepted")).then(pl.format("{} is {} {}", "accepted_name", article, rank)),
        pl.when(pl.col("is_shared")).then(
            pl.format("several species of one family are called so: {}", "shown_meanings")
        ),
        pl.when(is_doubt).then(pl.format("{} names a genus only", text)),
        pl.format("{} is known elsewhere; the genus {} is in the lineage given", "elsewhere", genus),
        pl.when(is_named).then(pl.format("{} is less probable than asked for; the genus is {}", shown(), genus)),
        pl.when(pl.col("how") == int(How.MOVED)).then(moved),
        pl.when(pl.col("probability") >= 0.05).then(maybe),
        pl.format("{} is in no backbone, but the genus {} is", text, genus),
    )
