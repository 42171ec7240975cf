"""Archives as GBIF and Catalogue of Life publish them, made from a world: authorship and synonyms."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from names_letters import agree
from names_world import ABOVE, World

ZOOLOGISTS = (
    "Linnaeus", "Fabricius", "Gmelin", "Cuvier", "Walker", "Latreille", "Say", "Guérin-Méneville", "Günther",
    "Bleeker", "Boulenger", "Reitter", "Rüppell", "Kröyer", "Gray", "O'Flynn", "de Haan", "van der Hoeven", "Fairmaire",
)  # fmt: skip
BOTANISTS = (
    "L.", "Mill.", "DC.", "Hook.f.", "Müll.Arg.", "Willd.", "Benth.", "Kunth", "Rchb.f.", "Boiss.", "Lindl.",
    "A.Gray", "Schltr.", "R.Br.", "Poir.", "Franch.", "Lour.", "Á.Löve", "Nees", "Makino",
)  # fmt: skip
SYNONYM_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """`usages` as an archive's reader yields them; `synonyms` the rows of it that are synonyms of a
    species, with `truth_id`, the accepted usage."""

    usages: pl.DataFrame
    synonyms: pl.DataFrame


def author(kingdom: str, rng: np.random.Generator, *, is_moved: bool = False) -> str:
    """An authorship as the kingdom's code writes it; that of a moved species names the first author in brackets."""
    if kingdom in ("Animalia", "Protozoa"):
        people = [ZOOLOGISTS[int(place * len(ZOOLOGISTS))] for place in rng.random(2)]
        text = people[0] if rng.random() < 0.8 or people[0] == people[1] else " & ".join(people)
        text = f"{text}, {1758 + int(rng.random() * 260)}"
        return f"({text})" if is_moved else text
    people = [BOTANISTS[int(place * len(BOTANISTS))] for place in rng.random(2)]
    if is_moved:
        return f"({people[0]}) {people[1]}"
    return people[0] if rng.random() < 0.8 or people[0] == people[1] else " & ".join(people)


def make_archive(world: World, rng: np.random.Generator, *, style: str) -> Archive:
    """The world's taxa with authorship, and synonyms of 30 % of its species.

    `style` is "gbif" (numbers as ids) or "col" (short codes). No synonym bears the name of an accepted
    taxon or of another synonym.
    """
    is_chosen = rng.random(len(world.species)) < SYNONYM_SHARE
    synonyms = _synonyms(world, world.species.filter(pl.Series(is_chosen)), rng)
    accepted = world.usages()
    bearers = world.species.select("id", "kingdom", is_moved=pl.Series(is_chosen & (rng.random(len(is_chosen)) < 0.6)))
    authors = [author(kingdom, rng, is_moved=moved) for _, kingdom, moved in bearers.iter_rows()]
    written = bearers.select("id", authorship=pl.Series(authors, dtype=pl.String))
    accepted = accepted.drop("authorship").join(written, on="id", how="left").select(synonyms.columns)
    both = pl.concat([accepted, synonyms])
    codes = pl.Series("code", [_code(row, style) for row in range(len(both))])
    code_of = pl.DataFrame({"accepted": both["id"], "code": codes})
    usages = both.join(code_of, on="accepted", how="left", maintain_order="left")
    usages = usages.with_columns(codes.alias("id"), pl.col("code").alias("accepted")).drop("code")
    truth = usages.filter(status="synonym").select("id", "name", "authorship", pl.col("accepted").alias("truth_id"))
    return Archive(usages=usages, synonyms=truth)


def _code(row: int, style: str) -> str:
    if style == "gbif":
        return str(2_000_000 + row)
    letters = "23456789BCDFGHJKLMNPQRSTVWXYZ"
    code = ""
    for _ in range(5):
        row, place = divmod(row, len(letters))
        code = letters[place] + code
    return code


def _synonyms(world: World, species: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A synonym of each species: moved from another genus of its family (two in three), or another epithet."""
    by_family = world.species.group_by("family").agg(pl.col("genus").unique().sort())
    genera = dict(by_family.drop_nulls().iter_rows())
    epithets = world.species["species"].unique().sort().to_list()
    taken = set(world.taxa["name"].to_list())
    rows: list[tuple[str, str, str, str]] = []
    columns = species.select("id", "kingdom", "family", "genus", "species")
    for id_, kingdom, family, genus, epithet in columns.iter_rows():
        others = genera.get(family, ())
        if len(others) > 1 and rng.random() < 2 / 3:
            first = others[int(rng.random() * len(others))]
            name = f"{first} {agree(epithet, first)}"
        else:
            other = epithets[int(rng.random() * len(epithets))]
            name = f"{genus} {agree(other, genus)}"
        if name not in taken:
            taken.add(name)
            rows.append((f"synonym-{id_}", name, author(kingdom, rng), id_))
    frame = pl.DataFrame(rows, schema=["id", "name", "authorship", "accepted"], orient="row")
    empty = [pl.lit(None, pl.String).alias(rank) for rank in (*ABOVE, "species")]
    frame = frame.with_columns(pl.lit("species").alias("rank"), pl.lit("synonym").alias("status"), *empty)
    return frame.select("id", "name", "authorship", "rank", "status", "accepted", *ABOVE, "species")
