"""The comparison of ways of naming on answers whose scores are plain to see."""

import numpy as np
import pytest
from tests.evaluate.hierarchical.worlds import ladder_of, lineage

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.hierarchical import Naming, Paths, compare, grids
from thuja.taxonomy import Rank

# Two families of two genera of one species each; the names within a family share a letter.
SPECIES = [lineage(f"K P C O {family} {family}{genus} {family}{genus}s") for family in "AB" for genus in "xy"]
LADDER = ladder_of(SPECIES)
TRUTH = [taxon for taxon in SPECIES for _ in range(5)]  # five images each
RIGHT = np.repeat(LADDER.places(SPECIES), 5, axis=0)


def rows_of(answers, truth=TRUTH, ladder=LADDER):
    given = {way: Paths(indices=table, scores=np.ones(table.shape, dtype=np.float32)) for way, table in answers.items()}
    rows = compare(given, truth, ladder, generator=np.random.default_rng(0))
    return {(row.rank, row.naming, row.measure): row for row in rows}, rows


def test_right_answers_score_one_everywhere_and_a_lost_species_costs_what_it_must():
    missed = RIGHT.copy()
    missed[:5, [5, 6]] = [1, 1]  # the images of the first species are said to be of the other genus of the family
    found, _ = rows_of({Naming.TEXT: RIGHT, Naming.SUMMED: missed})
    value = {key: row.interval.value for key, row in found.items()}
    for rank in LADDER.ranks:
        assert value[rank, Naming.TEXT, "accuracy"] == 1
        expected = 0.75 if rank >= Rank.GENUS else 1
        for name in ("accuracy", "macro accuracy", "accuracy, right above too"):
            assert value[rank, Naming.SUMMED, name] == expected
        assert value[rank, Naming.SUMMED, "gain over text"] == expected - 1
    path = {name: value[None, Naming.SUMMED, name] for key, _, name in value if key is None}
    assert path["full path"] == 0.75
    assert path["nLCA"] == pytest.approx(0.75 + 0.25 * 5 / 7)
    assert path["mistake severity, wrong"] == 2
    assert path["mistake severity, all"] == 0.5
    assert path["hierarchical F"] == pytest.approx(0.75 + 0.25 * 5 / 7)
    assert path["off the tree"] == 0
    assert np.isnan(value[None, Naming.TEXT, "mistake severity, wrong"])


def test_answers_that_are_no_path_are_off_the_tree_and_lose_what_was_right_below_a_mistake():
    crossed = RIGHT.copy()
    crossed[:5, Rank.FAMILY] = 1
    found, _ = rows_of({Naming.TEXT: crossed})
    assert found[None, Naming.TEXT, "off the tree"].interval.value == 0.25
    assert found[Rank.SPECIES, Naming.TEXT, "accuracy"].interval.value == 1
    assert found[Rank.SPECIES, Naming.TEXT, "accuracy, right above too"].interval.value == 0.75


def test_intervals_draw_species_and_not_images():
    missed = RIGHT.copy()
    missed[:5, 6] = 1
    found, _ = rows_of({Naming.TEXT: missed})
    row = found[Rank.SPECIES, Naming.TEXT, "accuracy"]
    assert (row.images, row.species, row.candidates) == (20, 4, 4)
    # All five images of a species are right or wrong together: among four species drawn, 0 to 4 are the wrong one.
    assert (row.interval.low, row.interval.high) == (0.25, 1.0)


def test_a_species_that_is_no_candidate_is_asked_above_and_strangers_not_at_all():
    truth = [SPECIES[0], lineage("K P C O A Ax new"), lineage("Q P C O A Ax new")]
    table = np.repeat(LADDER.places(SPECIES[:1]), 3, axis=0)
    found, _ = rows_of({Naming.TEXT: table}, truth)
    assert {rank: found[rank, Naming.TEXT, "accuracy"].images for rank in LADDER.ranks} == {
        **dict.fromkeys(LADDER.ranks, 2),
        Rank.SPECIES: 1,
    }
    assert found[None, Naming.TEXT, "full path"].images == 2


def test_images_of_strangers_alone_or_answers_of_other_images_are_refused():
    with pytest.raises(EmptyInput, match="no image is of a taxon"):
        rows_of({Naming.TEXT: RIGHT[:1]}, [lineage("Q P C O A Ax new")])
    with pytest.raises(ThujaError, match="there are 19 and 20"):
        rows_of({Naming.TEXT: RIGHT[:19]})


def test_the_rows_become_measures_of_a_suite_and_a_table_a_rank():
    found, rows = rows_of({Naming.TEXT: RIGHT, Naming.TOP_DOWN: RIGHT})
    measure = found[Rank.FAMILY, Naming.TOP_DOWN, "accuracy"].to_measure()
    assert (measure.part, measure.name, measure.value) == ("family, top-down", "accuracy", 1.0)
    assert (measure.units, measure.clusters, measure.note) == (20, 4, "2 candidates")
    tables = grids(rows)
    assert [table.title.split(":")[0] for table in tables] == [
        *(rank.label.capitalize() for rank in LADDER.ranks),
        "The whole path",
    ]
    assert tables[0].columns[:2] == ("way of naming", "accuracy")
    assert tables[4].rows[1][:2] == ("top-down", "1.000 [1.000, 1.000]")
    assert tables[4].rows[0][tables[4].columns.index("gain over text")] == ""
