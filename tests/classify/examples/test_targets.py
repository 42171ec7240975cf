import numpy as np
import pytest

from thuja.classify.examples.columns import TargetKind, read_target, split_target
from thuja.classify.examples.labelled import Labelled
from thuja.classify.examples.targets import Several, clades_of, fit_target, over_groups
from thuja.errors import EmptyInput, UsageError
from thuja.taxonomy import Rank, Taxon


def drawn(families=12, per=20, *, is_trait_seen=True, seed=0):
    """Vectors that show the family (dimensions 2 on), and a trait (dimension 0) unless only the family tells it."""
    generator = np.random.default_rng(seed)
    family = np.repeat(np.arange(families), per)
    trait = generator.integers(2, size=families * per) if is_trait_seen else family % 2
    vectors = np.zeros((len(family), 2 + families))
    vectors[np.arange(len(family)), 2 + family] = 1
    vectors[:, 0] = 2.0 * trait if is_trait_seen else 0
    vectors += 0.15 * generator.normal(size=vectors.shape)
    taxa = [Taxon(kingdom="Animalia", family=f"F{number:02}", genus="G", species="s") for number in family]
    return Labelled.of(vectors, np.zeros(len(family))), trait, taxa


def fitted(cells, kind=None, *, is_trait_seen=True):
    labelled, trait, taxa = drawn(is_trait_seen=is_trait_seen)
    column = read_target("t", cells(trait), kind)
    return fit_target(labelled, column, taxa, np.random.default_rng(0))


CELLS = {
    "category": lambda trait: [("male", "female")[value] for value in trait],
    "several": lambda trait: [
        ("winged;brown", "brown | spotted", "winged")[value + (row % 5 == 0)] for row, value in enumerate(trait)
    ],
    "number": lambda trait: [10.0 * value + (row % 3) for row, value in enumerate(trait)],
}


@pytest.mark.parametrize("kind", CELLS)
def test_what_images_show_is_learnt_and_holds_for_unknown_families(kind):
    target = fitted(CELLS[kind])
    assert target.column.kind == kind
    assert target.rank is Rank.FAMILY
    assert target.by_clade is not None
    for score in (target.score, target.by_clade):
        assert score.low <= score.value <= score.high
        is_better = score.high < score.baseline / 2 if kind == "number" else score.low > score.baseline
        assert is_better
    assert target.by_clade.groups == 12


@pytest.mark.parametrize("kind", CELLS)
def test_what_only_the_family_tells_is_learnt_and_does_not_hold_for_unknown_families(kind):
    target = fitted(CELLS[kind], is_trait_seen=False)
    assert target.by_clade is not None
    if kind == "number":
        assert target.score.value < 0.5 * target.score.baseline
        assert target.by_clade.value > 0.8 * target.by_clade.baseline
    else:
        assert target.score.value > target.score.baseline + 0.05
        assert target.by_clade.value < target.score.value - 0.05


def test_thresholds_are_where_the_f1_is_greatest():
    target = fitted(CELLS["several"])
    assert isinstance(target.learnt, Several)
    for label, threshold in enumerate(target.learnt.thresholds):
        told, has = target.learnt.left_out[:, label], target.learnt.has[:, label]

        def f1(cut, told=told, has=has):
            return 2 * (has & (told >= cut)).sum() / ((told >= cut).sum() + has.sum())

        assert f1(threshold) == pytest.approx(max(f1(cut) for cut in told))


def test_a_category_without_a_second_observation_teaches_nothing():
    labelled, trait, taxa = drawn()
    names = [f"individual {row}" for row in range(len(trait))]
    with pytest.raises(EmptyInput, match="no value of the column"):
        fit_target(labelled, read_target("id", names), taxa, np.random.default_rng(0))


def test_a_column_of_one_value_is_refused_by_its_name():
    """The message said that the examples are of one class, and meant the target."""
    with pytest.raises(EmptyInput, match='every value of the column "t" is male'):
        fitted(lambda trait: ["male" if value else "" for value in trait])


def test_empty_cells_are_left_out_and_counted():
    column = read_target("sex", ["male", None, "  ", float("nan"), "female"])
    assert (column.empty, column.rows.tolist(), list(column.names)) == (3, [0, 4], ["female", "male"])
    with pytest.raises(EmptyInput, match='"sex" of the examples is empty'):
        read_target("sex", [None, ""])


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1.5", "2", "3e2"], TargetKind.NUMBER),
        ([1, 2, 3], TargetKind.NUMBER),
        ([0, 1, 1], TargetKind.CATEGORY),
        ([True, False], TargetKind.CATEGORY),
        (["1", "2", "many"], TargetKind.CATEGORY),
        (["nan", "inf", "1", "2"], TargetKind.CATEGORY),
        (["a", "b;c"], TargetKind.SEVERAL),
        (["a", "b | c"], TargetKind.SEVERAL),
        ([["a"], []], TargetKind.SEVERAL),
    ],
)
def test_a_column_tells_its_kind(cells, kind):
    assert read_target("t", cells).kind is kind


def test_labels_keep_commas_quotes_and_unicode():
    column = read_target("t", ['forêt, claire; "dune"', "forêt, claire|sable"])
    assert list(column.names) == ['"dune"', "forêt, claire", "sable"]
    assert column.has.tolist() == [[True, True, False], [False, True, True]]


def test_a_text_among_numbers_is_named():
    with pytest.raises(UsageError, match='one of its cells is "12 cm"'):
        read_target("length", ["3", "12 cm"], TargetKind.NUMBER)


def test_the_kind_behind_a_colon_is_the_users():
    assert split_target("a:b:several") == ("a:b", TargetKind.SEVERAL)
    assert split_target("number") == ("number", None)


def test_the_first_rank_with_enough_clades_is_left_out():
    genera = [Taxon(family="F", genus=f"G{row}", species="s") for row in range(6)]
    assert clades_of(genera)[0] is Rank.GENUS
    assert clades_of([*genera, None])[1].tolist() == [0, 1, 2, 3, 4, 5, -1]
    assert clades_of(genera[:3])[0] is None


def test_an_interval_draws_whole_groups():
    """Ten groups of 100 equal values: as wide as for ten values, not for a thousand."""
    values = np.random.default_rng(1).normal(size=10)
    groups = np.repeat(np.arange(10), 100)
    value, low, high = over_groups(lambda rows: values[groups][rows].mean(), groups, np.random.default_rng(0))
    assert value == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(10), rel=0.15)
