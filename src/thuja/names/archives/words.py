"""Each source's words for ranks and statuses, turned into ours.

Statuses: GBIF's TaxonomicStatus (gbif-api), ChecklistBank's (ColDP specification 1.1), the name classes
of NCBI's names.dmp, the synonym types of the Open Tree (which passes on GBIF's and NCBI's). Ranks: the
same sources, and the Latin and shortened forms of checklists.
"""

import polars as pl

_RANKS = {
    "kingdom": "regnum",
    "phylum": "division divisio phyl",
    "class": "classis cl",
    "order": "ordo ord",
    "family": "familia fam",
    "subfamily": "subfamilia subfam",
    "tribe": "tribus",
    "subtribe": "subtribus",
    "genus": "gen nothogenus genushybrid",
    "subgenus": "subgen",
    "section": "sect sectio",
    "series": "ser",
    "species": "sp spec nothospecies hybrid",
    "subspecies": "ssp subsp subspec nothosubspecies",
    "variety": "var varietas nothovariety nothovar",
    "form": "f fo forma nothoform",
    "subvariety": "subvar subvarietas",
    "subform": "subf subforma",
    "infraspecific name": "infrahybrid infrasp infraspecific infraspecies",
    "unranked": "clade other uninterpretable",
}
_RANK_WORDS = {word: rank for rank, words in _RANKS.items() for word in words.split()} | {
    "": "unranked",
    "no rank": "unranked",
    "no rank - terminal": "unranked",
    "supragenericname": "unranked",
}

_STATUSES = {
    "accepted": ("accepted", "valid", "accepted name", "scientific name"),
    "provisional": ("doubtful", "provisionally accepted", "provisional", "unresolved", "uncertain", "unchecked"),
    "synonym": (
        *("synonym", "heterotypic synonym", "homotypic synonym", "proparte synonym", "pro parte synonym"),
        *("ambiguous synonym", "intermediate rank synonym", "determination synonym", "junior synonym"),
        *("objective synonym", "subjective synonym", "senior synonym", "unaccepted", "not accepted", "invalid"),
        *("genbank synonym", "equivalent name", "anamorph", "genbank anamorph", "teleomorph", "basionym"),
    ),
    "misapplied": ("misapplied", "misapplied name"),
    "misspelling": ("misspelling", "misspelled name", "misnomer", "orthographic variant", "spelling variant"),
}
STATUS_WORDS = {word: status for status, words in _STATUSES.items() for word in words}
"""Ours for each source's; what is not here (in-part, includes, acronym, bare name, ...) names no one taxon."""


def folded(word: pl.Expr) -> pl.Expr:
    """Lower case, underscores as blanks, no dot at the end; null as the empty string."""
    return word.fill_null("").str.to_lowercase().str.replace_all("_", " ", literal=True).str.strip_chars(" .")


def rank_word(rank: pl.Expr) -> pl.Expr:
    """Our word for a rank; a rank that has no shorter form stays as it is, in lower case.

    Hybrids get the rank they would have without the sign ×, which their name keeps.
    """
    return folded(rank).replace(_RANK_WORDS)


def status_word(status: pl.Expr, *, is_elsewhere: pl.Expr) -> pl.Expr:
    """Our word for a status; where there is none, `is_elsewhere` (an accepted usage is given, and it is
    another one) tells. A word that we do not know makes a usage provisional, unless it is elsewhere.
    """
    word = folded(status)
    unknown = pl.when(word == "").then(pl.lit("accepted")).otherwise(pl.lit("provisional"))
    return (
        pl.when(word.is_in(list(STATUS_WORDS)))
        .then(word.replace(STATUS_WORDS))
        .when(is_elsewhere)
        .then(pl.lit("synonym"))
        .otherwise(unknown)
    )


def unknown_words(statuses: pl.Series) -> list[str]:
    """The problem line for statuses that are in no vocabulary, if there are any."""
    words = pl.DataFrame({"word": statuses}).select(folded(pl.col("word"))).to_series()
    strange = words.filter((words != "") & ~words.is_in(list(STATUS_WORDS))).value_counts(sort=True)
    if not len(strange):
        return []
    few = ", ".join(f'"{word[:40]}"' for word in strange["word"][:5])
    total = int(strange["count"].sum())
    return [f"statuses of no vocabulary, provisional unless an accepted name is given: {total:,} ({few})"]
