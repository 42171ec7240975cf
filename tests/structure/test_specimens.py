"""Which images are compared: enough of each species, levels in equal numbers, unknown levels nowhere."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.record import CATALOG_SCHEMA, Record
from thuja.structure.specimens import (
    Contrast,
    Specimens,
    contrasts_of,
    draw_contrast,
    draw_sample,
    read_specimens,
    require_factors,
)
from thuja.taxonomy import Taxon

STAGES = ["egg", "larva", "larva", "adult", "adult", "unknown"]


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def test_species_of_fewer_than_four_images_are_left_out_and_no_more_than_asked_are_taken() -> None:
    species = np.array([7] * 3 + [-1] * 9 + [2] * 4 + [5] * 30)
    sample = draw_sample(species, generator(), most=10)
    assert sample.sizes.tolist() == [4, 10]
    assert set(species[sample.rows].tolist()) == {2, 5}
    assert len(set(sample.rows.tolist())) == 14
    with pytest.raises(EmptyInput, match="1 species with 4 images or more"):
        draw_sample(np.array([0] * 9 + [1] * 3), generator(), most=10)


def test_a_contrast_takes_as_many_of_both_levels_of_every_species_that_has_two_of_each() -> None:
    levels = np.array(["a"] * 7 + ["b"] * 3 + ["a"] * 5 + ["b"] * 1 + ["b"] * 9 + ["a"] * 2)
    species = np.repeat([0, 1, 2], [10, 6, 11])
    specimens = Specimens(species=species, factors={"sex": levels})
    sample = draw_contrast(specimens, Contrast(factor="sex", first="a", second="b"), generator(), most=100)
    assert species[sample.rows].tolist() == [0] * 6 + [2] * 4
    assert levels[sample.rows][sample.is_second].tolist() == ["b"] * 5
    assert sample.sums(sample.is_second).tolist() == [3, 2]
    few = draw_contrast(specimens, Contrast(factor="sex", first="a", second="b"), generator(), most=4)
    assert few.sizes.tolist() == [4, 4]


def test_the_contrast_of_a_factor_is_the_one_that_most_species_share() -> None:
    levels = np.array(STAGES * 3 + ["egg", "egg", "adult", "adult", "Unknown", ""])
    specimens = Specimens(
        species=np.repeat([0, 1, 2, 3], 6), factors={"life_stage": levels, "sex": levels[::-1].copy()}
    )
    assert contrasts_of(specimens, ("life_stage", "health")) == [
        Contrast(factor="life_stage", first="adult", second="larva")
    ]
    alone = Specimens(species=np.repeat([0, 1], 3), factors={"sex": np.array(["f", "f", "m"] * 2)})
    assert contrasts_of(alone) == []


def test_contrasts_that_nobody_has_are_refused_with_what_there_is() -> None:
    specimens = Specimens(species=np.zeros(2, np.int64), factors={"sex": np.array(["f", "m"])})
    with pytest.raises(UsageError, match='no image has the sex "hermaphrodite"'):
        require_factors(specimens, [Contrast(factor="sex", first="f", second="hermaphrodite")])
    with pytest.raises(UsageError, match='no image says its "morph"'):
        require_factors(specimens, [Contrast(factor="morph", first="dark", second="pale")])
    with pytest.raises(ThujaError, match="one an image"):
        Specimens(species=np.zeros(2, np.int64), factors={"sex": np.array(["f"])})


def record(number: int, species: str, **facts: str) -> dict[str, object]:
    traits = {name: facts.pop(name) for name in ("individual_id", "season") if name in facts}
    taxon = Taxon(genus="Corvus", species=species)
    return Record(uuid=f"u{number}", path=f"{number}.jpg", taxon=taxon, facts=facts, traits=traits).to_row()


def test_factors_come_from_columns_and_traits_and_individuals_before_observations(tmp_path: Path) -> None:
    rows = [
        record(0, "corax", sex="female", life_stage="Unknown", observation_id="o1", individual_id="i1"),
        record(1, "corone", sex="male", observation_id="o1", season="winter"),
        record(2, "corax", life_stage="adult", observation_id="o2", individual_id="i1"),
        record(3, "", sex="male"),
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=CATALOG_SCHEMA), tmp_path / "catalog.parquet")
    ids = ["u2", "u0", "u3", "u1"]
    found = read_specimens(tmp_path / "catalog.parquet", ids, ("sex", "life_stage", "season"))
    assert found.species.tolist() == [0, 0, -1, 1]
    assert {name: column.tolist() for name, column in found.factors.items()} == {
        "sex": ["", "female", "male", "male"],
        "life_stage": ["adult", "", "", ""],
        "season": ["", "", "", "winter"],
    }
    assert found.groups is not None
    assert found.groups.tolist() == [0, 0, 1, 2]
    with pytest.raises(BadFile, match="lacks 1 of 2 images, u9"):
        read_specimens(tmp_path / "catalog.parquet", ["u1", "u9"])
