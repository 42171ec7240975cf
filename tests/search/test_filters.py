import pytest

from thuja.errors import UsageError
from thuja.regions import Region
from thuja.search.filters import Box, Filter, Range
from thuja.taxonomy import Taxon


def triangle(top: float) -> Region:
    return Region.of({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [5, top]]]})


def test_conditions_stand_for_the_whole_filter_one_by_one() -> None:
    birds, ravens, region = Taxon(class_="Aves"), Taxon(genus="Corvus"), triangle(5)
    asked = Filter(
        within=(birds, Taxon(class_="Insecta")),
        excludes=(ravens,),
        equals={"sex": ("female",)},
        ranges={"year": Range(low=2010)},
        ids=("a",),
        box=Box(south=0),
        region=region,
    )
    assert asked.conditions == (
        Filter(within=asked.within),
        Filter(excludes=(ravens,)),
        Filter(equals={"sex": ("female",)}),
        Filter(ranges={"year": Range(low=2010)}),
        Filter(ids=("a",)),
        Filter(box=Box(south=0)),
        Filter(region=region),
    )
    assert not any(part.is_empty for part in asked.conditions)
    assert Filter().is_empty
    assert Filter().conditions == ()


def test_two_filters_have_one_key_where_they_ask_the_same() -> None:
    one = Filter(equals={"a": ("1",), "b": ("2",)})
    assert one.key == Filter(equals={"b": ("2",), "a": ("1",)}).key
    assert one.key != Filter(equals={"b": ("2",), "a": ("3",)}).key
    assert Filter(box=Box(south=1)).key != Filter(box=Box(south=2)).key
    assert Filter(region=triangle(5)).key == Filter(region=triangle(5)).key != Filter(region=triangle(6)).key
    assert hash(one.key) == hash(Filter(equals={"b": ("2",), "a": ("1",)}).key)


def test_an_upper_end_that_its_lower_end_begins_with_is_no_empty_range() -> None:
    """From July 2019 up to 2019 means the half year; as text, "2019-07" is greater than "2019"."""
    assert Range(low="2019-07", high="2019").high == "2019"


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        ({}, "at least one end"),
        ({"low": 5, "high": 2}, "from its least to its greatest"),
        ({"low": "b", "high": "a"}, "from its least to its greatest"),
        ({"low": "b", "high": 2}, "two numbers or of two texts"),
    ],
)
def test_a_range_that_cannot_be_is_refused(ends: dict[str, float | str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Range(**ends)


@pytest.mark.parametrize(
    "edges", [{"south": 10, "north": 5}, {"north": 91}, {"west": -181}, {"east": 200}, {"south": float("nan")}]
)
def test_a_box_off_the_globe_is_refused(edges: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="a box"):
        Box(**edges)
