"""Truth sets made from a backbone by known damage: what is written, and what was meant.

A row of a truth set has `kind`, `backbone` (which of the backbones it is asked of: embedded, gbif, col
or reduced), `name`, the ranks `kingdom` to `genus` as a row would give them (any missing or wrong),
`expected` (taxon, ambiguous, or absent: the species is not in the backbone), `truth_id`, `truth_name`,
`truth_rank`, `truth_genus`, `truth_kingdom`,
`truth_above` (the true lineage down to the genus); for edits `distance` and the rivals of
names_ceiling.count_rivals; for absent species `congener_distance` (1, 2 or null).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

import names_forms as forms
import names_homonyms as homonyms
from names_ceiling import RIVALS, count_rivals
from names_forms import rows_of, written
from names_letters import Words, confuse, edits, other_gender, respell
from names_synonyms import Archive, author, make_archive
from names_words import absent_words, mistyped_words
from names_world import ABOVE, Absence, World, draw_rows, take_out

COLUMNS = (
    "kind", "backbone", "name", *ABOVE, *forms.TRUTH, "distance", *RIVALS, "congener_distance",
)  # fmt: skip
Kind = Callable[[World, int, np.random.Generator], pl.DataFrame]


def clean(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """As the backbone has it."""
    return rows_of(world.draw(count, rng))


def authored(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """With an authorship behind it."""
    rows = clean(world, count, rng)
    cells = rows.select("name", "kingdom").iter_rows()
    return written(rows, [f"{name} {author(king, rng, is_moved=rng.random() < 0.4)}" for name, king in cells])


def mistyped(count_of_edits: int, *, is_bare: bool = False) -> Kind:
    """So many edits in the letters of both words. A row's genus is as mistyped as its name; bare: no lineage."""

    def make(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
        rows = mistype(world.draw(count, rng), count_of_edits, rng)
        rows = _bare(rows) if is_bare else rows
        return rows.with_columns(count_rivals(world, rows)).drop("genus_word", "epithet_word")

    return make


def mistype(species: pl.DataFrame, count_of_edits: int, rng: np.random.Generator) -> pl.DataFrame:
    """These species with so many edits each; the words as written in `genus_word` and `epithet_word`."""
    words = [edits(pair, count_of_edits, rng) for pair in species.select("genus", "species").iter_rows()]
    return _reworded(rows_of(species), words).with_columns(
        pl.lit(count_of_edits, pl.Int64).alias("distance"),
        pl.Series("genus_word", [genus for genus, _ in words], dtype=pl.String),
        pl.Series("epithet_word", [epithet for _, epithet in words], dtype=pl.String),
    )


def reworded(change: Callable[[Words, np.random.Generator], Words | None]) -> Kind:
    """Species that a change of letters applies to; none whose result is another taxon's name."""

    def make(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
        drawn = world.draw(min(4 * count, len(world.species)), rng)
        changed = [change(pair, rng) for pair in drawn.select("genus", "species").iter_rows()]
        known = world.taxa.select(pl.col("name").str.to_lowercase())
        is_changed = pl.Series([words is not None for words in changed], dtype=pl.Boolean)
        rows = _reworded(rows_of(drawn.filter(is_changed)), [words for words in changed if words is not None])
        rows = rows.filter(pl.col("name") != pl.col("truth_name")).with_columns(key=pl.col("name").str.to_lowercase())
        return (
            rows.join(known, left_on="key", right_on="name", how="anti", maintain_order="left").drop("key").head(count)
        )

    return make


def _reworded(rows: pl.DataFrame, words: list[Words]) -> pl.DataFrame:
    rows = written(rows, [" ".join(pair) for pair in words])
    return rows.with_columns(pl.Series("genus", [genus for genus, _ in words], dtype=pl.String))


def _bare(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.lit(None, pl.String).alias(rank) for rank in ABOVE)


def bare(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """The name alone."""
    return _bare(clean(world, count, rng))


def missing_ranks(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """One to five of the six ranks left out."""
    rows = clean(world, count, rng)
    order = rng.random((len(rows), len(ABOVE))).argsort(axis=1)  # (N, 6)
    left_out = order < rng.integers(1, len(ABOVE), len(rows))[:, None]
    return rows.with_columns(
        pl.when(pl.Series(left_out[:, column])).then(None).otherwise(rank).alias(rank)
        for column, rank in enumerate(ABOVE)
    )


def one_rank(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """All ranks but one missing; the one is right (or unknown to the backbone too)."""
    rows = clean(world, count, rng)
    kept = pl.Series(rng.integers(0, len(ABOVE), len(rows)))
    return rows.with_columns(
        pl.when(kept == column).then(rank).otherwise(None).alias(rank) for column, rank in enumerate(ABOVE)
    )


def wrong_rank(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """One rank above the genus is a real name of that rank from elsewhere; the others are right."""
    rows = clean(world, 2 * count, rng)
    other = draw_rows(world.species, len(rows) * 3, rng)
    changed = pl.Series(rng.integers(0, len(ABOVE) - 1, len(rows)))
    wrong = []
    for column, rank in enumerate(ABOVE[:-1]):
        names = other[rank].gather(np.arange(len(rows)) + column % 3 * len(rows))
        is_other = (changed == column) & (names != rows[rank]).fill_null(value=False)
        wrong.append(pl.when(is_other).then(names).otherwise(rank).alias(rank))
    damaged = rows.with_columns(wrong)
    same = pl.all_horizontal(pl.col(rank).eq_missing(rows[rank]) for rank in ABOVE)
    return damaged.filter(~same).head(count)


KINDS: Mapping[str, Kind] = {
    "clean": clean,
    "authorship": authored,
    "typo1": mistyped(1),
    "typo2": mistyped(2),
    "typo1_bare": mistyped(1, is_bare=True),
    "typo2_bare": mistyped(2, is_bare=True),
    "ocr": reworded(confuse),
    "gender": reworded(other_gender),
    "spelling": reworded(respell),
    "typography": forms.typography,
    "missing_ranks": missing_ranks,
    "one_rank": one_rank,
    "wrong_rank": wrong_rank,
    "bare": bare,
    "subgenus": forms.subgenus,
    "infraspecific": forms.infraspecific,
    "qualified": forms.qualified,
    "hybrid": forms.hybrid,
    "hybrid_formula": forms.hybrid_formula,
    "typo1_word": mistyped_words,
}
"""Damage to names that the embedded backbone has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthSet:
    """`names` as the module's docstring says; `backbones` the usages of those that were made for them."""

    names: pl.DataFrame
    backbones: Mapping[str, pl.DataFrame]


def make_truth(world: World, seed: int, *, count: int = 5_000) -> TruthSet:
    """Every kind of damage, `count` names of each; homonyms all there are, absent species four times as many.

    The same world, seed and count give the same frames.
    """
    seeds = np.random.SeedSequence(seed).spawn(len(KINDS) + 3)
    made = [
        _tagged(kind(world, count, np.random.default_rng(own)), name, "embedded")
        for (name, kind), own in zip(KINDS.items(), seeds, strict=False)
    ]
    alone = {
        "homonym_genus": homonyms.homonym_genera,
        "homonym_binomial": homonyms.homonym_binomials,
        "homonym_bare": homonyms.homonym_bare,
    }
    made += [_tagged(kind(world), name, "embedded") for name, kind in alone.items()]
    backbones = {}
    for style, own in zip(("gbif", "col"), seeds[-3:-1], strict=True):
        rng = np.random.default_rng(own)
        archive = make_archive(world, rng, style=style)
        backbones[style] = archive.usages
        made.append(_tagged(_synonyms(world, archive, count, rng), f"synonym_{style}", style))
    rng = np.random.default_rng(seeds[-1])
    absence = take_out(world, rng)
    backbones["reduced"] = absence.usages
    made += [_tagged(rows, name, "reduced") for name, rows in _absent(absence, count, rng).items()]
    return TruthSet(names=pl.concat(made), backbones=backbones)


def _synonyms(world: World, archive: Archive, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Synonyms under the accepted species' lineage without its genus, half of them with authorship."""
    accepted = archive.usages.filter(pl.col("id") == pl.col("accepted"), pl.col("rank") == "species")
    drawn = draw_rows(archive.synonyms, count, rng).rename({"name": "written", "authorship": "author"}).drop("id")
    rows = drawn.join(accepted, left_on="truth_id", right_on="id", how="left", maintain_order="left")
    names = [
        f"{name} {by}" if rng.random() < 0.5 else name for name, by in rows.select("written", "author").iter_rows()
    ]
    rows = written(rows_of(rows.rename({"truth_id": "id"})), names)
    return rows.with_columns(genus=pl.lit(None, pl.String))


def _absent(absence: Absence, count: int, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Species that were taken out, in their natural mix, and some more of those near a congener."""
    distance = pl.col("congener_distance")
    drawn = draw_rows(absence.species, min(4 * count, len(absence.species)), rng)
    near = absence.species.filter(distance.is_not_null())
    alone = draw_rows(absence.species, min(count, len(absence.species)), rng)
    genera = draw_rows(absence.genera, min(count, len(absence.genera)), rng)

    def rows(species: pl.DataFrame) -> pl.DataFrame:
        return rows_of(species, expected="absent").with_columns(
            species["congener_distance"], pl.lit(None, pl.String).alias("truth_id")
        )

    return {
        "absent": rows(drawn),
        "absent_near": rows(near),
        "absent_bare": _bare(rows(alone)),
        "absent_genus": rows(genera),
        "absent_word": absent_words(absence.genera),
    }


def _tagged(rows: pl.DataFrame, kind: str, backbone: str) -> pl.DataFrame:
    numbers = ("distance", *RIVALS, "congener_distance")
    absent = [pl.lit(None, pl.Int64).alias(name) for name in numbers if name not in rows.columns]
    rows = rows.with_columns(pl.lit(kind).alias("kind"), pl.lit(backbone).alias("backbone"), *absent)
    return rows.select(COLUMNS)
