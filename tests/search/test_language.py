from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.search.columns.making import FIG, MAGPIE, RAVEN, SNAIL, table_of, tree_of

from thuja.errors import ThujaError, UnknownName, UsageError
from thuja.regions import Region
from thuja.search.columns import ColumnKind, Tree
from thuja.search.filters import Box, Filter, Range
from thuja.search.language import Asked, read_filter, taxon_named, written
from thuja.taxonomy import Taxon

KINDS = {
    "license_name": ColumnKind.TEXT,
    "title": ColumnKind.TEXT,
    "event_date": ColumnKind.TEXT,
    "sex": ColumnKind.TEXT,
    "latitude": ColumnKind.NUMBER,
    "longitude": ColumnKind.NUMBER,
    "is_captive": ColumnKind.BOOL,
    "source_url": ColumnKind.DISTINCT,
    "family": ColumnKind.TEXT,
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return tree_of([table_of([RAVEN, MAGPIE, SNAIL, FIG])], tmp_path_factory.mktemp("tree"))


def nobody() -> Tree:
    raise AssertionError("no taxon is named, and the tree need not be made")


def where(*conditions: str, tree: Callable[[], Tree] = nobody) -> Filter:
    return read_filter(Asked(where=conditions), tree=tree, kinds=KINDS)


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("license_name=CC BY", Filter(equals={"license_name": ("CC BY",)})),
        (" sex = female , male ", Filter(equals={"sex": ("female", "male")})),
        ("sex=", Filter(equals={"sex": ("",)})),
        ("sex=female,", Filter(equals={"sex": ("female", "")})),
        ('title="a, b",c', Filter(equals={"title": ("a, b", "c")})),
        ('title="a..b"', Filter(equals={"title": ("a..b",)})),
        ('title="say ""x"""', Filter(equals={"title": ('say "x"',)})),
        ("title=x=y", Filter(equals={"title": ("x=y",)})),
        ("event_date=2010..2020", Filter(ranges={"event_date": Range(low=2010, high=2020)})),
        ("event_date=2019-07..2019", Filter(ranges={"event_date": Range(low="2019-07", high="2019")})),
        ("event_date=..2019-07", Filter(ranges={"event_date": Range(high="2019-07")})),
        ("event_date>=2019-07", Filter(ranges={"event_date": Range(low="2019-07")})),
        ("latitude=-10..10.5", Filter(ranges={"latitude": Range(low=-10, high=10.5)})),
        ("latitude<=-3", Filter(ranges={"latitude": Range(high=-3)})),
        ("is_captive=false", Filter(equals={"is_captive": ("false",)})),
        ("box=40,-10,60,20", Filter(box=Box(south=40, west=-10, north=60, east=20))),
        ("family=Corvidae", Filter(equals={"family": ("Corvidae",)})),
    ],
)
def test_a_condition_is_read(condition: str, meant: Filter) -> None:
    assert where(condition) == meant


def test_what_is_asked_twice_is_refused_since_all_conditions_hold_at_once() -> None:
    """A second condition of a column widened the first, so that a delete took more rows than met them both; of two
    boxes the first was forgotten."""
    for one, other in (("sex=female,", "sex=female"), ("sex=female", "sex="), ("box=1,2,3,4", "box=2,2,3,4")):
        with pytest.raises(UsageError, match=r"asked for"):
            where(one, other)


def test_conditions_of_one_column_join_their_ends() -> None:
    assert where("latitude>=2", "latitude<=5").ranges == {"latitude": Range(low=2, high=5)}
    assert where("event_date>=2019-07", "event_date<=2020").ranges == {"event_date": Range(low="2019-07", high="2020")}
    with pytest.raises(UsageError, match='"latitude" has two ranges'):
        where("latitude=1..2", "latitude<=5")


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("license", "not a condition"),
        ("=x", "not a condition"),
        ("licence_name=CC0", r"unknown column: \"licence_name\"\nhint: did you mean license_name"),
        ("source_url=x", "is not filtered by: nearly every row has a value of its own"),
        ("latitude=north..south", '"latitude" holds numbers, got "north"'),
        ("latitude=10..5", "from its least to its greatest"),
        ("latitude=..", "at least one end"),
        ("latitude>=", "at least one end"),
        ("latitude=nan..", '"latitude" holds numbers, got "nan"'),
        ("is_captive=0..1", "it has no range"),
        ('title="a', "cannot read"),
        ("box=1,2,3", "a box is south,west,north,east"),
        ("box=60,0,40,0", "from south to north"),
        ("x" * 100_000, "not a condition"),
        ("x" * 100_000 + "=1", "unknown column"),
        ("title=" + "x" * 200_000, "cannot read"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(condition: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        where(condition)
    assert len(error.value.message) < 200


def test_taxa_are_named_as_people_name_them(tree: Tree) -> None:
    asked = Asked(within=("corvidae", "Plantae/Ficus"), excludes=("Common Raven",), where=("sex=female",), ids=["a"])
    assert read_filter(asked, tree=lambda: tree, kinds=KINDS) == Filter(
        within=(Taxon(kingdom="Animalia", family="Corvidae"), Taxon(kingdom="Plantae", genus="Ficus")),
        excludes=(Taxon(kingdom="Animalia", genus="Corvus", species="corax"),),
        equals={"sex": ("female",)},
        ids=("a",),
    )


def test_a_name_of_several_taxa_is_asked_back(tree: Tree) -> None:
    with pytest.raises(UsageError, match='"Ficus" means 2 taxa') as error:
        taxon_named("Ficus", tree)
    choices = error.value.hint.removeprefix("write ").split(" or ")
    assert [taxon_named(choice, tree).kingdom for choice in choices] == ["Animalia", "Plantae"]
    for name in ("", " ", "/"):
        with pytest.raises(UsageError, match="a taxon has a name"):
            taxon_named(name, tree)


def test_an_unknown_taxon_has_near_names(tree: Tree) -> None:
    with pytest.raises(UnknownName, match="did you mean Corvidae"):
        read_filter(Asked(within=("Corvidea",)), tree=lambda: tree, kinds=KINDS)


def test_parts_that_a_caller_has_apart_are_checked_alike() -> None:
    asked = Asked(
        equals={"sex": ["f"]},
        ranges={"latitude": Range(low="1", high="5"), "event_date": Range(low=2010)},
        box=Box(south=1),
    )
    read = read_filter(asked, tree=nobody, kinds=KINDS)
    assert read.ranges == {"latitude": Range(low=1, high=5), "event_date": Range(low=2010)}
    assert (read.equals, read.box) == ({"sex": ("f",)}, Box(south=1))
    for wrong in (
        Asked(equals={"sex": []}),
        Asked(equals={"x": ["1"]}),
        Asked(ranges={"latitude": Range(low="x")}),
        Asked(ranges={"y": Range(low=1)}),
    ):
        with pytest.raises(ThujaError):
            read_filter(wrong, tree=nobody, kinds=KINDS)


@pytest.mark.parametrize(
    "condition",
    [
        "sex=female,male",
        "sex=",
        'title="a, b","say ""x""",c',
        "latitude=-10..10.5",
        "event_date=..2019-07",
        "box=1,2,3,4",
    ],
)
def test_a_filter_is_written_as_it_is_read(condition: str) -> None:
    assert written(where(condition)) == [condition]
    assert where(*written(where(condition))) == where(condition)


@given(st.lists(st.text(st.sampled_from('ab ,"=.<>\n\r\\é'), max_size=6).map(str.strip), min_size=1, max_size=3))
def test_values_of_any_letters_are_read_as_they_are_written(values: list[str]) -> None:
    asked = Filter(equals={"title": tuple(values)})
    assert where(*written(asked)) == asked


def test_every_condition_of_a_filter_is_written(tree: Tree, tmp_path: Path) -> None:
    asked = Filter(
        within=(Taxon(family="Corvidae"), Taxon(genus="Pica")),
        excludes=(Taxon(genus="Corvus", species="corax"),),
        ids=("a", "b"),
        region=Region.of({"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [5, 5]]]}, name="alps.geojson"),
    )
    told = ["within Corvidae or Pica", "not within Corvus corax", "one of 2 ids", "inside alps.geojson"]
    assert written(asked) == told
    assert len(written(asked)) == len(asked.conditions)
