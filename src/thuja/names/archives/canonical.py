"""Names without their authors, written one way: "Abies × alba", "Donacia clavareaui", "Aus bus cus"."""

import polars as pl

_ODD = r"""[×()\[\]"'†_.]| x |^x |  |^ | $"""
_MARKERS = r" (?:subsp|ssp|var|f|fo|forma|subvar|subf|convar|nothosubsp|nothovar|nothof|cv|prol|mut|ab)\. "
# Small words that stand inside authors' names, after which no epithet comes.
_AUTHOR_WORDS = r" (?:ex|et|and|in|de|da|do|du|del|della|von|van|der|den|zu|la|le|f|fil|auct|non|nec|sensu)(?: .*)?$"
_VIRUS = r"(?i)virus|viroid|phage|satellite"


def tidy_names(names: pl.Series) -> pl.Series:
    """Names without authorship, with one blank round ×, no subgenus in brackets and no "var.".

    Only the few odd ones are worked on; a million clean names cost one look each.
    """
    frame = pl.DataFrame({"name": names})
    rows = frame.with_row_index("row").filter(pl.col("name").str.contains(_ODD))
    if not len(rows):
        return names
    tidied = rows.select(_tidied(pl.col("name"))).to_series()
    return names.scatter(rows["row"], tidied)


def _tidied(name: pl.Expr) -> pl.Expr:
    words = name.str.replace_all(r"[\s_\"†]+", " ").str.strip_chars()
    # Brackets say that a species does not belong in its genus: "[Candida] glabrata".
    words = words.str.replace_all(r"\[(\p{L}[\p{L}-]*)\]", "$1")
    words = words.str.replace_all(r"(^| )x ", "${1}× ").str.replace_all("×", " × ", literal=True)
    words = words.str.replace(r"^(\p{Lu}[\p{L}-]+) \(\p{Lu}[\p{L}-]+\) (\p{Ll})", "$1 $2")
    # Two marks that stand side by side share a blank: twice over catches "subsp. a var. b".
    words = words.str.replace_all(_MARKERS, " ").str.replace_all(_MARKERS, " ")
    return words.str.replace_all(r"\s+", " ").str.strip_chars()


def without_author(name: pl.Expr, authorship: pl.Expr) -> pl.Expr:
    """The name with its authorship taken off its end, where it stands there."""
    bare = name.str.strip_suffix(authorship.fill_null("")).str.strip_chars_end(" ,")
    return pl.when(authorship.is_null() | (bare == "")).then(name).otherwise(bare)


def split_author(name: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Name and authorship, from one string that nobody divided: the name ends before the first word that
    is no epithet. Viruses have no authors, and words of any form."""
    is_virus = name.str.contains(_VIRUS)
    bare = name.str.extract(
        r"^((?:× ?)?\p{Lu}[\p{L}-]+(?: \(\p{Lu}[\p{L}-]+\))?(?: (?:× ?|var\. |subsp\. |f\. )?\p{Ll}[\p{Ll}-]+)*)"
    )
    bare = bare.str.replace(_AUTHOR_WORDS, "")
    is_apart = (name.str.strip_prefix(bare) == "") | name.str.strip_prefix(bare).str.contains(r"^[ ,]")
    found = pl.when(is_virus | ~is_apart.fill_null(False)).then(name).otherwise(bare)
    rest = name.str.strip_prefix(found).str.strip_chars(" ,")
    return found, pl.when(rest != "").then(rest)


def with_hybrid_sign(canonical: pl.Expr, written: pl.Expr) -> pl.Expr:
    """The canonical name, with the × that the name as written has and it lacks.

    A formula ("Aus bus × Cus dus") names no taxon of its own and stays as it is written.
    """
    lacks = written.str.contains("×", literal=True).fill_null(False) & ~canonical.str.contains("×", literal=True)
    first = written.str.contains(r"^×")
    second = written.str.contains(r"^\p{Lu}[\p{L}-]+ ×")
    return (
        pl.when(lacks & first)
        .then("× " + canonical)
        .when(lacks & second)
        .then(canonical.str.replace(" ", " × ", literal=True))
        .otherwise(canonical)
    )
