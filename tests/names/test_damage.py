"""The truth sets of benchmarks/names.py: the damage is what it says it is, and the truth can be told from it."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from rapidfuzz.distance import OSA

from names_ceiling import ceiling, count_rivals
from names_damage import KINDS, TruthSet, make_truth, mistype
from names_letters import agree, distance, other_gender, respell
from names_tables import DAMAGED, distinct_names, write_rows
from names_world import ABOVE, World, take_out
from thuja.names.embedded import embedded_file

COUNT = 60


@pytest.fixture(scope="module")
def world() -> World:
    """The genera in Oe, Coc and Ag: birds, orchids, hybrids, and names in two kingdoms."""
    table = pl.read_parquet(embedded_file())
    return World.of(table.filter(pl.col("scientificName").str.contains("^(Oe|Coc|Ag)"), pl.col("genus").is_not_null()))


@pytest.fixture(scope="module")
def truth(world: World) -> TruthSet:
    return make_truth(world, 5, count=COUNT)


@pytest.fixture(scope="module")
def crowded() -> World:
    """A world whose names are few letters apart, in two families."""
    genera = ["Aba", "Abba", "Baa", "Abab"]
    epithets = ["".join(letters) for length in (3, 4) for letters in itertools.product("ab", repeat=length)]
    rows = [
        {"genus": genus, "specificEpithet": epithet, "family": ("Abidae", "Babidae")[place % 2]}
        for place, genus in enumerate(genera)
        for epithet in epithets
    ]
    fixed = {"kingdom": "Animalia", "phylum": "P", "class": None, "order": "O", "infraspecificEpithet": None}
    table = pl.DataFrame([{**fixed, **row} for row in rows], schema_overrides={"class": pl.String})
    name = (pl.col("genus") + " " + pl.col("specificEpithet")).alias("scientificName")
    return World.of(table.with_row_index("id").with_columns(name, pl.lit("species").alias("taxonRank")))


def kind(truth: TruthSet, name: str) -> pl.DataFrame:
    return truth.names.filter(kind=name)


def test_the_same_seed_makes_the_same_frames(world: World, truth: TruthSet) -> None:
    again, other = make_truth(world, 5, count=COUNT), make_truth(world, 6, count=COUNT)
    assert_frame_equal(again.names, truth.names)
    assert all(again.backbones[name].equals(frame) for name, frame in truth.backbones.items())
    assert not other.names.equals(truth.names)


def test_every_kind_has_the_names_asked_for(truth: TruthSet) -> None:
    counts = dict(truth.names.group_by("kind").len().iter_rows())
    assert {name: counts[name] for name in KINDS} == dict.fromkeys(KINDS, COUNT)
    assert {"homonym_genus", "homonym_bare", "synonym_gbif", "synonym_col", "absent"} <= set(counts)


@pytest.mark.parametrize(("name", "edits"), [("typo1", 1), ("typo2", 2), ("typo1_bare", 1), ("typo2_bare", 2)])
def test_a_mistyped_name_is_exactly_so_many_edits_away(truth: TruthSet, name: str, edits: int) -> None:
    for written, meant in kind(truth, name).select("name", "truth_name").iter_rows():
        pairs = zip(written.lower().split(), meant.lower().split(), strict=True)
        assert sum(OSA.distance(ours, theirs) for ours, theirs in pairs) == edits, (written, meant)


def test_edits_are_spread_over_the_four_kinds_and_both_words(world: World) -> None:
    rows = mistype(world.draw(2_000, np.random.default_rng(1)), 1, np.random.default_rng(2))
    longer = (rows["name"].str.len_chars().cast(pl.Int64) - rows["truth_name"].str.len_chars()).to_numpy()
    swapped = np.array(
        [sorted(a.lower()) == sorted(b.lower()) for a, b in rows.select("name", "truth_name").iter_rows()]
    )
    shares = [(longer > 0).mean(), (longer < 0).mean(), swapped.mean(), ((longer == 0) & ~swapped).mean()]
    assert all(0.2 < share < 0.3 for share in shares), shares
    in_genus = (rows["genus_word"] != rows["truth_genus"]).mean()
    letters = rows["truth_genus"].str.len_chars().sum() / (rows["truth_name"].str.len_chars() - 1).sum()
    assert in_genus == pytest.approx(letters, abs=0.04)


@pytest.mark.parametrize("edits", [1, 2])
@pytest.mark.parametrize("is_bare", [False, True])
def test_ceilings_equal_a_plain_loop(crowded: World, edits: int, is_bare: bool) -> None:
    rows = mistype(crowded.draw(60, np.random.default_rng(3)), edits, np.random.default_rng(4))
    if is_bare:
        rows = rows.with_columns(pl.lit(None, pl.String).alias(rank) for rank in ABOVE)
    found = count_rivals(crowded, rows)
    expected = []
    for row in rows.to_dicts():
        nearer = level = congeners = 0
        for other in crowded.species.to_dicts():
            ours = (row["genus_word"], row["epithet_word"])
            apart = distance(ours, (other["genus"], other["species"]))
            if other["id"] == row["truth_id"] or apart > edits:
                continue
            congeners += other["genus"] == row["truth_genus"]
            if row["family"] in (None, other["family"]):
                nearer, level = nearer + (apart < edits), level + (apart == edits)
        expected.append((nearer, level, congeners))
    assert found.rows() == expected
    told, guessed = ceiling(found)
    assert told == pytest.approx(np.mean([nearer + level == 0 for nearer, level, _ in expected]))
    assert guessed == pytest.approx(np.mean([(nearer == 0) / (1 + level) for nearer, level, _ in expected]))
    assert 0 < told < guessed < 1


def test_the_truth_of_a_damaged_name_is_a_taxon_of_its_backbone(world: World, truth: TruthSet) -> None:
    known = world.taxa.select(pl.col("id").alias("truth_id"), "name", "rank")
    rows = truth.names.filter(pl.col("backbone") == "embedded", pl.col("expected") == "taxon").drop("name")
    both = rows.join(known, on="truth_id")
    assert len(both) == len(rows)
    assert (both["name"] == both["truth_name"]).all()
    assert set(both.filter(truth_rank="genus")["rank"]) == {"genus"}


def test_changed_letters_never_make_the_name_of_another_taxon(world: World, truth: TruthSet) -> None:
    names = set(world.taxa["name"].str.to_lowercase())
    for name in ("ocr", "gender", "spelling"):
        assert not names & set(kind(truth, name)["name"].str.to_lowercase())


def test_ranks_are_left_out_or_wrong_as_the_kind_says(world: World, truth: TruthSet) -> None:
    above = world.species.select(pl.col("id").alias("truth_id"), *(pl.col(rank).alias(f"own_{rank}") for rank in ABOVE))
    for name in ("missing_ranks", "one_rank", "wrong_rank"):
        for row in kind(truth, name).join(above, on="truth_id").to_dicts():
            other = [rank for rank in ABOVE if row[rank] != row[f"own_{rank}"]]
            if name == "wrong_rank":
                assert len(other) == 1
                assert row[other[0]] in set(world.taxa[other[0]])
            else:
                assert all(row[rank] is None for rank in other)
                assert sum(row[rank] is not None for rank in ABOVE) <= (1 if name == "one_rank" else 5)


def test_a_homonym_with_its_one_rank_is_one_taxon(world: World, truth: TruthSet) -> None:
    rows = kind(truth, "homonym_genus")
    assert len(rows) > 20
    genera = world.taxa.filter(rank="genus")
    for row in rows.to_dicts():
        (given,) = [rank for rank in ABOVE if row[rank] is not None]
        meant = genera.filter(pl.col("name") == row["name"], pl.col(given) == row[given])
        assert meant["id"].to_list() == [row["truth_id"]]
        assert genera.filter(name=row["name"])["kingdom"].n_unique() > 1


def test_absent_species_are_gone_and_their_congeners_as_near_as_said(world: World) -> None:
    absence = take_out(world, np.random.default_rng(8), share=0.2, genera=0.05)
    left = absence.usages.filter(rank="species")
    both = set(absence.species["name"]) | set(absence.genera["name"])
    assert not both & set(left["name"])
    assert not set(absence.genera["genus"]) & set(absence.usages["genus"].drop_nulls())
    assert not set(absence.genera["genus"]) & set(absence.usages["name"])
    near = absence.species.filter(pl.col("congener_distance").is_not_null())
    assert set(near["congener_distance"]) == {1, 2}
    for row in (*near.to_dicts(), *absence.species.head(100).to_dicts()):
        epithets = left.filter(genus=row["genus"])["species"].drop_nulls()
        nearest = min((OSA.distance(row["species"], other) for other in epithets), default=9)
        assert row["congener_distance"] == (nearest if nearest <= 2 else None)


def test_synonyms_bear_no_accepted_name_and_lead_to_their_species(truth: TruthSet) -> None:
    for style in ("gbif", "col"):
        usages = truth.backbones[style]
        assert usages["id"].is_unique().all()
        accepted = usages.filter(status="accepted")
        synonyms = usages.filter(status="synonym")
        assert set(synonyms["accepted"]) <= set(accepted.filter(rank="species")["id"])
        assert not set(synonyms["name"]) & set(accepted["name"])
        rows = kind(truth, f"synonym_{style}")
        led = rows.join(accepted.select("id", "name"), left_on="truth_id", right_on="id")
        assert (led["name_right"] == led["truth_name"]).all()
        assert len(led) == COUNT


@pytest.mark.parametrize(
    ("epithet", "genus", "agreeing"),
    [
        ("albus", "Rosa", "alba"),
        ("alba", "Corvus", "albus"),
        ("nigra", "Lilium", "nigrum"),
        ("vulgare", "Rosa", "vulgaris"),
        ("pinifera", "Corvus", "pinifer"),
        ("purpurea", "Geranium", "purpureum"),
        ("monticola", "Corvus", "monticola"),
        ("smithii", "Rosa", "smithii"),
        ("novaezelandiae", "Corvus", "novaezelandiae"),
    ],
)
def test_an_epithet_agrees_with_its_genus(epithet: str, genus: str, agreeing: str) -> None:
    assert agree(epithet, genus) == agreeing


def test_names_without_another_gender_or_spelling_are_left_out() -> None:
    rng = np.random.default_rng(0)
    assert other_gender(("Rosa", "smithii"), rng) is None
    assert respell(("Rosa", "abab"), rng) is None
    assert {other_gender(("Rosa", "alba"), rng) for _ in range(30)} == {("Rosa", "albus"), ("Rosa", "album")}


def test_a_fifth_of_the_distinct_names_is_damaged(world: World) -> None:
    names = distinct_names(world, 1_000, np.random.default_rng(2))
    assert names["name"].is_unique().all()
    assert len(names) == 1_000
    respelt = sum(share for kind, share in DAMAGED.items() if kind not in ("missing_ranks", "bare"))
    assert (names["name"] != names["truth_name"]).mean() == pytest.approx(respelt, abs=0.01)
    assert names["kingdom"].is_null().mean() > DAMAGED["bare"] / 2
    assert sum(DAMAGED.values()) == pytest.approx(0.2)


def test_a_long_table_has_every_name_and_so_many_rows(world: World, tmp_path: Path) -> None:
    names = distinct_names(world, 500, np.random.default_rng(2))
    path = write_rows(names, tmp_path / "new", np.random.default_rng(3), rows=3_000)
    table = pl.read_parquet(path)
    assert table.columns == ["uuid", *ABOVE, "scientific_name"]
    assert len(table) == 3_000 == table["uuid"].n_unique()
    assert set(table["scientific_name"]) == set(names["name"])
