"""Names as people write them, with nothing wrong in their letters: case, hybrids, parts below the species, doubts."""

import numpy as np
import polars as pl

from names_world import ABOVE, World, draw_rows

TRUTH = ("expected", "truth_id", "truth_name", "truth_rank", "truth_genus", "truth_kingdom", "truth_above")


def rows_of(taxa: pl.DataFrame, *, rank: str = "species", expected: str = "taxon") -> pl.DataFrame:
    """One row a taxon: its name, its whole lineage as the row's, and itself as the truth."""
    return taxa.select(
        "name",
        *ABOVE,
        pl.lit(expected).alias("expected"),
        pl.col("id").alias("truth_id"),
        pl.col("name").alias("truth_name"),
        pl.lit(rank).alias("truth_rank"),
        pl.col("genus").alias("truth_genus"),
        pl.col("kingdom").alias("truth_kingdom"),
        pl.concat_list(ABOVE).list.drop_nulls().alias("truth_above"),
    )


def to_genus(rows: pl.DataFrame, genus_ids: pl.Series) -> pl.DataFrame:
    """The same rows with the genus as the truth."""
    return rows.with_columns(
        genus_ids.alias("truth_id"), pl.col("truth_genus").alias("truth_name"), pl.lit("genus").alias("truth_rank")
    )


def written(rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The same rows under other names."""
    return rows.with_columns(pl.Series("name", names, dtype=pl.String))


def pick(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    """One of them, each as likely."""
    return choices[int(rng.random() * len(choices))]


def typography(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Case, underscores, blanks and stops that carry no meaning."""
    rows = rows_of(world.draw(count, rng))

    def damaged(name: str) -> str:
        forms = (
            name.upper(), name.lower(), name.title(), name.replace(" ", "_"), name.lower().replace(" ", "_"),
            f"  {name} ", name.replace(" ", "   "), name.replace(" ", "\t"), name.replace(" ", "\u00a0"),
            f"{name}.", f'"{name}"', name.swapcase(),
        )  # fmt: skip
        return pick(forms, rng)

    return written(rows, [damaged(name) for name in rows["name"]])


def subgenus(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """`Genus (Subgenus) epithet`, with the backbone's own subgenera, or else a genus of the family."""
    known = world.taxa.filter(rank="subgenus").drop_nulls("genus")
    families = dict(world.species.group_by("family").agg(pl.col("genus").unique().sort()).iter_rows())
    subgenera = dict(known.group_by("genus").agg(pl.col("name").unique().sort()).iter_rows())
    drawn = world.draw(count, rng)
    names = []
    for genus, family, epithet in drawn.select("genus", "family", "species").iter_rows():
        choices = subgenera.get(genus) or (genus, pick(tuple(families.get(family, [genus])), rng))
        names.append(f"{genus} ({pick(tuple(choices), rng)}) {epithet}")
    return written(rows_of(drawn), names)


def infraspecific(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Real subspecies, varieties and forms; the truth is their species."""
    below = world.taxa.filter(pl.col("rank").is_in(["subspecies", "variety", "form"]))
    below = below.with_columns(last=pl.col("name").str.extract(r"^[A-Z][a-z]+ [a-z-]+ ([a-z-]+)$")).drop_nulls("last")
    keys = ["genus", "species", "kingdom"]
    drawn = draw_rows(below.select(*keys, "rank", "last").join(world.species.drop("rank"), on=keys), count, rng)
    forms = {
        "subspecies": ("{} {}", "{} subsp. {}", "{} ssp. {}", "{} subspecies {}"),
        "variety": ("{} {}", "{} var. {}", "{} variety {}"),
        "form": ("{} {}", "{} f. {}", "{} forma {}"),
    }
    cells = drawn.select("name", "rank", "last").iter_rows()
    return written(rows_of(drawn), [pick(forms[rank], rng).format(name, last) for name, rank, last in cells])


def qualified(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """cf., aff. and sp.: the truth is the genus. `Genus epithet ssp.` names its species."""
    drawn = draw_rows(world.species.drop_nulls("genus_id"), count, rng)
    forms = (
        "{} cf. {}", "{} cf {}", "{} aff. {}", "{} sp.", "{} sp. 2", "{} sp", "{} spp.", "{} nr. {}",
        "cf. {} {}", "{} sp. cf. {}", "{} cf. {}",
    )  # fmt: skip
    chosen = [pick((*forms, "{} {} ssp."), rng) for _ in range(len(drawn))]
    cells = zip(chosen, drawn["genus"], drawn["species"], strict=True)
    rows = written(rows_of(drawn), [form.format(genus, epithet) for form, genus, epithet in cells])
    is_species = pl.Series([form.endswith("ssp.") for form in chosen], dtype=pl.Boolean)
    return pl.concat([rows.filter(is_species), to_genus(rows, drawn["genus_id"]).filter(~is_species)])


def hybrid(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Nothospecies that the backbone knows, their sign glued, apart or in ASCII."""
    known = world.taxa.filter(rank="hybrid").filter(pl.col("name").str.contains(r"^[A-Z][a-z]+ × [a-z-]+$"))
    known = known.filter(pl.col("name").str.starts_with(pl.col("genus") + " "), pl.len().over("name") == 1)
    plain = world.taxa.filter(rank="species").select(pl.col("name").str.replace(" ", " × "))
    drawn = draw_rows(known.join(plain, on="name", how="anti").sort("id"), count, rng)
    signs = (" × ", " ×", " x ", " X ", " x\u00a0", "  ×  ")
    return written(rows_of(drawn), [name.replace(" × ", pick(signs, rng)) for name in drawn["name"]])


def hybrid_formula(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Two species of a genus crossed, a cross that has no entry of its own: the truth is the genus."""
    pairs = world.species.drop_nulls("genus_id").filter(pl.len().over("genus", "kingdom") > 1)
    drawn = draw_rows(pairs, count + count // 50 + 5, rng)
    epithets = dict(pairs.group_by("genus_id").agg(pl.col("species").sort()).iter_rows())
    known = set(world.taxa.filter(rank="hybrid")["name"].to_list())
    names = []
    for genus, epithet, id_ in drawn.select("genus", "species", "genus_id").iter_rows():
        other = pick(tuple(one for one in epithets[id_] if one != epithet), rng)
        form = pick(("{0} {1} × {0} {2}", "{0} {1} x {0} {2}", "{0} {1} × {2}", "{0} {1} x {2}"), rng)
        names.append(form.format(genus, epithet, other))
    rows = to_genus(written(rows_of(drawn), names), drawn["genus_id"])
    return rows.filter(~pl.col("name").str.replace(" x ", " × ").is_in(sorted(known))).head(count)
