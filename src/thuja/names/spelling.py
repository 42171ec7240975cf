"""The keys that names are compared by: folded, stemmed, and with one letter left out.

Each is a polars expression, so that a backbone's millions of names and a table's are keyed by the
same lines. A change here changes what a store holds: raise `store.FORMAT` with it.
"""

import numpy as np
import polars as pl

_RANK_WORD = r" (notho)?(subsp|ssp|var|subvar|f|fo|forma|subf)\.? "
_DOUBLED = "bcdfglmnprst"
_GENDER = r"(us|um|a|is|e|os|on|ior|ius)$"


def fold(name: str) -> str:
    """The key that scientific names are compared by: case, blanks, accents and the hybrid sign's form do not matter.

    >>> fold("Prunus x  yedoensis"), fold("corvus_corax"), fold("Œdicnemus")
    ('prunus × yedoensis', 'corvus corax', 'oedicnemus')
    """
    return str(pl.select(folded(pl.lit(name))).item())


def folded(name: pl.Expr) -> pl.Expr:
    """`fold` of a column."""
    text = name.str.replace_all("_", " ", literal=True).str.to_lowercase()
    is_plain = ~text.str.contains(r"[^\x00-\x7f]")
    plain = text.str.replace_all("×", "× ", literal=True).str.replace_all("æ", "ae").str.replace_all("œ", "oe")
    plain = plain.str.replace_all("ß", "ss").str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    text = pl.when(is_plain).then(text).otherwise(plain)
    return text.str.replace_all(r"(^|\s)x\s+([a-z])", "$1× $2").str.replace_all(r"\s+", " ").str.strip_chars()


def keyed(name: pl.Expr) -> pl.Expr:
    """The key of a backbone's name: folded, and without the rank word before an infraspecific epithet."""
    return folded(name).str.replace_all(_RANK_WORD, " ")


def fold_common(name: str) -> str:
    """The key that common names are compared by: neither case, hyphens, possessives, plurals nor grey/gray matter.

    >>> fold_common("Anna's Hummingbird") == fold_common("Annas_Hummingbirds")
    True
    """
    return str(pl.select(folded_common(pl.lit(name))).item())


def folded_common(name: pl.Expr) -> pl.Expr:
    """`fold_common` of a column."""
    text = name.str.replace_all(r"\([^)]*\)", "").str.normalize("NFKD").str.to_lowercase().str.replace_all("’", "'", literal=True)
    text = text.str.replace_all(r"\p{M}", "").str.replace_all(r"'", "").str.replace_all(r"[\W_]+", " ")
    text = text.str.replace_all(r"\bgrey", "gray").str.replace_all(r"([a-z]{2}[a-hj-rtv-z])s\b", "$1")
    return text.str.strip_chars()


def stemmed(epithet: pl.Expr) -> pl.Expr:
    """An epithet (folded) without what writers vary: gender ending, hyphens, diacritics, doubled letters, ae/e, i/y.

    `albus`, `alba`, `album` and `niger`, `nigra` have one stem each; `smithi`, `smithii` too, `smithae` another.
    """
    text = epithet.str.normalize("NFKD").str.replace_all("æ", "ae").str.replace_all("œ", "oe").str.replace_all("ß", "ss")
    text = text.str.replace_all(r"[^a-z]", "").str.replace_all(r"[yj]", "i").str.replace_all("ii", "i", literal=True)
    text = text.str.replace(r"ae$", "~").str.replace_all(r"[ao]e", "e").str.replace_all("k", "c", literal=True)
    text = text.str.replace_all("ph", "f", literal=True).str.replace_all(r"([crt])h", "$1")
    for letter in _DOUBLED:
        text = text.str.replace_all(letter * 2, letter, literal=True)
    return text.str.replace(r"er$", "r").str.replace(_GENDER, "")


def letters_of(words: pl.Series) -> np.ndarray:
    """Which letters each word has, a bit each: two words of distance d differ in at most 2 d bits.  (N,) uint32"""
    held = words.fill_null("").to_frame("word").select(
        pl.sum_horizontal(
            pl.col("word").str.contains(chr(ord("a") + bit), literal=True).cast(pl.UInt32) * (1 << bit)
            for bit in range(26)
        ).alias("letters")
    )  # fmt: skip
    return held["letters"].cast(pl.UInt32).to_numpy()


def shortened(words: pl.Series) -> pl.DataFrame:
    """Each word and each with one letter left out: columns `form` and `word`, the word's number.

    Two words that share a form are at most one substitution, or two insertions, apart; words at distance
    one (neighbours swapped included) always share one.
    """
    size = int(words.str.len_chars().max() or 0)  # type: ignore[arg-type]
    numbered = pl.DataFrame({"form": words, "word": pl.int_range(len(words), dtype=pl.UInt32, eager=True)})
    parts = [numbered]
    for place in range(size):
        long = numbered.filter(pl.col("form").str.len_chars() > place)
        without = pl.col("form").str.slice(0, place) + pl.col("form").str.slice(place + 1)
        parts.append(long.with_columns(without.alias("form")))
    return pl.concat(parts).unique().sort("form", "word")


def trigrams(words: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """The groups of three letters in each word, its borders being letters too: their codes and the words' rows.

    A code is below `TRIGRAMS`; what is no letter from a to z counts as one further letter.
    """
    framed = ("{" + words.fill_null("") + "{{").str.replace_all(r"[^a-z{]", "|")
    text = np.frombuffer("".join(framed.to_list()).encode("ascii"), np.uint8).astype(np.int64) - ord("a")
    size = framed.str.len_bytes().to_numpy().astype(np.int64)
    owner = np.repeat(np.arange(len(words)), size)
    code = (text[:-2] * 28 + text[1:-1]) * 28 + text[2:]
    is_inside = owner[:-2] == owner[2:]
    return code[is_inside], owner[:-2][is_inside]


TRIGRAMS = 28**3
"""How many codes there are."""
