"""Every source's words become ours; names are written one way, their authors apart."""

import polars as pl
import pytest

from thuja.names.archives.canonical import split_author, tidy_names, with_hybrid_sign, without_author
from thuja.names.archives.languages import language_code
from thuja.names.archives.words import rank_word, status_word


def applied(expression: pl.Expr, **columns: str | None) -> str | None:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    value: str | None = frame.select(expression).to_series()[0]
    return value


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("ACCEPTED", "accepted"),
        ("DOUBTFUL", "provisional"),
        ("HETEROTYPIC_SYNONYM", "synonym"),
        ("homotypic synonym", "synonym"),
        ("proparte synonym", "synonym"),
        ("MISAPPLIED", "misapplied"),
        ("provisionally accepted", "provisional"),
        ("ambiguous synonym", "synonym"),
        ("genbank synonym", "synonym"),
        ("misspelling", "misspelling"),
        ("", "accepted"),
        (None, "accepted"),
        ("what is this", "provisional"),
    ],
)
def test_statuses(written: str | None, ours: str) -> None:
    assert applied(status_word(pl.col("a"), is_elsewhere=pl.lit(False)), a=written) == ours


def test_a_usage_without_a_known_status_is_a_synonym_when_its_accepted_name_is_another() -> None:
    assert applied(status_word(pl.col("a"), is_elsewhere=pl.lit(True)), a=None) == "synonym"
    assert applied(status_word(pl.col("a"), is_elsewhere=pl.lit(True)), a="what is this") == "synonym"
    assert applied(status_word(pl.col("a"), is_elsewhere=pl.lit(True)), a="accepted") == "accepted"


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("SPECIES", "species"),
        ("subsp.", "subspecies"),
        ("varietas", "variety"),
        ("forma", "form"),
        ("no rank", "unranked"),
        ("no rank - terminal", "unranked"),
        (None, "unranked"),
        ("INFRASPECIFIC_NAME", "infraspecific name"),
        ("Divisio", "phylum"),
        ("nothospecies", "species"),
        ("superfamily", "superfamily"),
        ("species group", "species group"),
    ],
)
def test_ranks(written: str | None, ours: str) -> None:
    assert applied(rank_word(pl.col("a")), a=written) == ours


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        *[("en", "en"), ("eng", "en"), ("ENG", "en"), ("en-GB", "en"), ("English", "en"), ("ger", "de"), ("deu", "de")],
        *[("haw", "haw"), ("cbq", "cbq"), ("", ""), (None, ""), ("gibberish", ""), ("zh_Hant", "zh")],
    ],
)
def test_languages(written: str | None, ours: str) -> None:
    assert applied(language_code(pl.col("a")), a=written) == ours


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("Corvus corax", "Corvus corax"),
        ("Abies ×alba", "Abies × alba"),
        ("Abies x alba", "Abies × alba"),
        ("×Festulolium loliaceum", "× Festulolium loliaceum"),
        ("Asperula aparine subsp. minor var. aparine", "Asperula aparine minor aparine"),
        ("Donacia (Donaciomima) clavareaui", "Donacia clavareaui"),
        ("Aus (Bus)", "Aus (Bus)"),
        ("[Candida] glabrata", "Candida glabrata"),
        (" Corvus  corax ", "Corvus corax"),
        ("Salix xanthicola", "Salix xanthicola"),
        ("Onychiurus f. sp.", "Onychiurus sp."),
        ("Quercus robur × Quercus petraea", "Quercus robur × Quercus petraea"),
    ],
)
def test_names_are_tidied(written: str, ours: str) -> None:
    assert tidy_names(pl.Series("name", ["Pica pica", written])).to_list() == ["Pica pica", ours]


@pytest.mark.parametrize(
    ("written", "name", "author"),
    [
        ("Poa annua L.", "Poa annua", "L."),
        ("Corvus Linnaeus, 1758", "Corvus", "Linnaeus, 1758"),
        ("Aus bus van der Hoeven, 1840", "Aus bus", "van der Hoeven, 1840"),
        ("Aus bus cus (Meyer) Smith & Wesson", "Aus bus cus", "(Meyer) Smith & Wesson"),
        ("Aus bus de Vries", "Aus bus", "de Vries"),
        ("Tobacco mosaic virus", "Tobacco mosaic virus", None),
        ("BOLD:AAA1234", "BOLD:AAA1234", None),
        ("× Festulolium loliaceum (Huds.) P.Fourn.", "× Festulolium loliaceum", "(Huds.) P.Fourn."),
    ],
)
def test_authors_are_split_from_names(written: str, name: str, author: str | None) -> None:
    found, rest = split_author(pl.col("a"))
    assert (applied(found, a=written), applied(rest, a=written)) == (name, author)


def test_a_known_author_is_taken_off_the_end_only() -> None:
    bare = without_author(pl.col("a"), pl.col("b"))
    assert applied(bare, a="Poa annua L.", b="L.") == "Poa annua"
    assert applied(bare, a="Poa annua L. var. annua", b="L.") == "Poa annua L. var. annua"
    assert applied(bare, a="Poa annua", b=None) == "Poa annua"


def test_the_hybrid_sign_comes_back_from_the_full_name() -> None:
    sign = with_hybrid_sign(pl.col("a"), pl.col("b"))
    assert applied(sign, a="Prunus yedoensis", b="Prunus ×yedoensis Matsum.") == "Prunus × yedoensis"
    assert applied(sign, a="Festulolium loliaceum", b="×Festulolium loliaceum") == "× Festulolium loliaceum"
    assert applied(sign, a="Aus bus", b="Aus bus L.") == "Aus bus"
