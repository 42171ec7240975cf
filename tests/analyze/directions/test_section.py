"""What a section says, what is on a strip, and one sentence for each thing that cannot be asked."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.analyze.directions.making import between_space, taxa_of, within_space

from thuja.analyze import Space, Verdict
from thuja.analyze.directions import (
    DirectionSettings,
    StripSettings,
    direction_section,
    read_trait,
    strip,
)
from thuja.analyze.directions.ordering import area, spearman
from thuja.analyze.directions.pictures import find_pictures
from thuja.errors import BadFile, EmptyInput, ImageError, ThujaError, UnknownName, UsageError
from thuja.taxonomy import Rank, Taxon

QUICK = DirectionSettings(draws=39, redraws=50)
WITHIN = DirectionSettings(draws=39, redraws=50, is_within=True)


def grey(path: Path, level: float) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (20, 16), int(level)).save(path, quality=95)
    return str(path)


def levels_of(drawing: str) -> list[int]:
    """The grey level of each tile of a strip, in the order drawn."""
    tiles = re.findall(r"data:image/jpeg;base64,([^\"]+)", drawing)
    return [Image.open(io.BytesIO(base64.b64decode(one))).convert("L").getpixel((50, 50)) for one in tiles]


def test_a_strip_goes_from_the_least_to_the_greatest(tmp_path) -> None:
    places = [grey(tmp_path / f"{n}.jpg", 10 * n) for n in range(20)]
    scores = np.arange(20.0)
    drawn = strip(scores, places, np.arange(20), ["x"] * 20, StripSettings(columns=5, pictures=1))
    assert drawn.shown[0] == 0
    assert drawn.shown[-1] == 19
    assert levels_of(drawn.drawing) == pytest.approx([10 * one for one in drawn.shown], abs=3)
    assert list(drawn.shown) == sorted(drawn.shown)


def test_a_strip_passes_over_what_is_missing_or_broken_and_counts_it(tmp_path) -> None:
    places = [grey(tmp_path / f"{n}.jpg", 10 * n) for n in range(10)]
    (tmp_path / "0.jpg").write_bytes(b"no picture")
    (tmp_path / "9.jpg").unlink()
    places[5] = ""
    drawn = strip(np.arange(10.0), places, np.arange(10), ["<a & b>"] * 10, StripSettings(columns=2, pictures=1))
    assert list(drawn.shown) == [1, 8]
    assert drawn.unreadable == 2
    assert "<a" not in drawn.drawing
    with pytest.raises(ImageError, match="none of 2 pictures"):
        strip(np.arange(2.0), ["no.jpg", "none.jpg"], np.arange(2), ["", ""], StripSettings())


def test_a_place_of_the_strip_shows_different_species_where_it_can(tmp_path) -> None:
    places = [grey(tmp_path / f"{n}.jpg", n) for n in range(12)]
    species = np.array([0, 0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 5])
    drawn = strip(np.arange(12.0), places, species, ["x"] * 12, StripSettings(columns=2, pictures=3))
    assert len({species[one] for one in drawn.shown[:3]}) == 3


def test_the_section_has_its_null_its_controls_its_table_and_its_strip(tmp_path) -> None:
    space, _ = between_space(np.random.default_rng(0), species=12, sizes=3)
    generator = np.random.default_rng(1)
    space = Space(
        vectors=space.vectors,
        taxa=space.taxa,
        columns=space.columns,
        controls={"noise": generator.standard_normal(space.vectors.shape)},
    )
    pictures = [grey(tmp_path / f"{n}.jpg", n) for n in range(len(space))]
    section = direction_section(
        space, "size", generator, settings=QUICK, pictures=pictures, tiles=StripSettings(columns=3, pictures=2)
    )
    order, better, same = section.findings
    assert order.verdict is Verdict.HOLDS
    assert order.control == "size shuffled among species"
    assert order.against.value == pytest.approx(0, abs=0.2)
    assert order.effect.value == pytest.approx(order.value.value - order.against.value)
    assert better.control == "noise"
    assert better.effect.value == pytest.approx(better.value.value - max(better.against.value, 0))
    assert same.verdict is Verdict.DESCRIPTIVE
    table = section.tables[0]
    assert [row[4] for row in table.rows] == sorted(row[4] for row in table.rows)
    assert [figure.name for figure in section.figures] == ["direction_size", "strip_size"]
    assert len(levels_of(section.figures[1].drawing)) == 6
    assert section.reason == ""


def test_within_species_the_section_tells_each_species(tmp_path) -> None:
    space, _ = within_space(np.random.default_rng(0), species=6)
    section = direction_section(space, "stage", np.random.default_rng(1), settings=WITHIN)
    assert section.findings[0].verdict is Verdict.HOLDS
    assert section.findings[0].measure == "area under the curve within species, mean over 6, species left out"
    assert len(section.tables[0].rows) == 6


def test_one_species_alone_never_makes_a_claim_hold() -> None:
    space, _ = within_space(np.random.default_rng(0), species=1, images=40)
    finding = direction_section(space, "stage", np.random.default_rng(1), settings=WITHIN).findings[0]
    assert finding.verdict is Verdict.UNDECIDED
    assert "one species" in finding.note


@pytest.mark.parametrize(
    ("columns", "settings", "why"),
    [
        ([None] * 24, QUICK, "no image has a known value of x"),
        ([float("nan")] * 24, QUICK, "no image has a known value of x"),
        (["a"] * 24, QUICK, "x has one value alone in these images, so that there is nothing to order"),
        ([1.0] * 6 + [2.0] * 3 + [None] * 15, QUICK, "x is known of 3 species"),
        (["b"] * 3 + ["a"] * 21, QUICK, "one level of x is of a single species"),
        (["a", "b", "a"] * 8, QUICK, "x has the same mean in every species: ask for it within species"),
        (["a"] * 12 + ["b"] * 12, WITHIN, "x does not vary within any species"),
        ([1, 2, 3] * 4 + [4, 5, 6] * 4, DirectionSettings(left_out=Rank.KINGDOM), "all species are of one kingdom"),
    ],
)
def test_what_cannot_be_asked_is_said(columns, settings, why) -> None:
    numbers = np.repeat(np.arange(8), 3)
    space = Space(
        vectors=np.random.default_rng(0).standard_normal((24, 6)), taxa=taxa_of(numbers), columns={"x": columns}
    )
    section = direction_section(space, "x", np.random.default_rng(0), settings=settings)
    assert section.reason.startswith(why)
    assert not section.findings


def test_images_of_no_species_cannot_be_ordered_between_species() -> None:
    space = Space(vectors=np.eye(4), taxa=[Taxon(genus="A")] * 4, columns={"x": [1, 2, 3, 4]})
    assert "named to its species" in direction_section(space, "x", np.random.default_rng(0)).reason


@pytest.mark.parametrize("settings", [QUICK, WITHIN])
def test_constant_vectors_have_no_direction_and_warn_of_nothing(settings) -> None:
    """They had a correlation of 0 and a p of 1, as if a direction had been tried."""
    numbers = np.repeat(np.arange(8), 3)
    values = [float(one) for one in np.random.default_rng(0).standard_normal(24)]
    space = Space(vectors=np.ones((24, 6)), taxa=taxa_of(numbers), columns={"x": values})
    section = direction_section(space, "x", np.random.default_rng(0), settings=settings)
    assert "are all alike, so that no direction is in them" in section.reason
    assert not section.findings


def test_more_species_than_dimensions_and_fewer_are_both_fine() -> None:
    for species in (9, 40):
        space, _ = between_space(np.random.default_rng(0), species=species, sizes=2)
        finding = direction_section(space, "size", np.random.default_rng(0), settings=QUICK).findings[0]
        assert finding.value.value > 0.75


def test_a_wrong_request_is_refused_in_one_sentence() -> None:
    space, _ = between_space(np.random.default_rng(0), species=6, habitat=["a", "b", "c"] * 12)
    generator = np.random.default_rng(0)
    with pytest.raises(UnknownName, match='unknown column: "sise"'):
        direction_section(space, "sise", generator)
    with pytest.raises(ThujaError, match="habitat has 3 values that are no numbers") as error:
        direction_section(space, "habitat", generator)
    assert "a (12)" in error.value.hint
    with pytest.raises(UnknownName, match='unknown value of habitat: "d"'):
        direction_section(space, "habitat", generator, settings=DirectionSettings(levels=("a", "d")))
    with pytest.raises(UsageError, match="draws must be at least 19"):
        DirectionSettings(draws=3)
    with pytest.raises(ThujaError, match="a picture or nothing for each image, got 1"):
        direction_section(space, "size", generator, settings=QUICK, pictures=["a.jpg"])


def test_traits_are_read_as_they_are_written() -> None:
    assert read_trait("x", ["2", "10", " ", None]).levels == ("2", "10")
    assert read_trait("x", [True, False, None]).levels == ("no", "yes")
    np.testing.assert_array_equal(read_trait("x", ["1", "2.5", 3]).values, [1, 2.5, 3])
    named = read_trait("x", ["a", "b", "c"], ("c", "a"))
    np.testing.assert_array_equal(named.values, [1, np.nan, 0])
    with pytest.raises(ThujaError, match="without end"):
        read_trait("x", [1.0, 2.0, float("inf")])


def test_orders_are_what_scipy_and_counting_say() -> None:
    from scipy import stats

    generator = np.random.default_rng(0)
    scores, values = generator.integers(0, 6, (2, 30, 1)).astype(float)
    assert spearman(scores, values)[0] == pytest.approx(stats.spearmanr(scores[:, 0], values[:, 0])[0])
    flags = (values > 2).astype(float)
    ones, zeros = scores[flags[:, 0] == 1], scores[flags[:, 0] == 0]
    pairs = (ones > zeros.T).mean() + (ones == zeros.T).mean() / 2
    assert area(scores, flags)[0] == pytest.approx(pairs)


def test_pictures_are_found_in_files_and_in_shards(tmp_path) -> None:
    import tarfile

    grey(tmp_path / "a" / "one.jpg", 10)
    grey(tmp_path / "b" / "two.jpg", 20)
    grey(tmp_path / "b" / "same.jpg", 20)
    grey(tmp_path / "c" / "same.jpg", 30)
    grey(tmp_path.parent / f"{tmp_path.name}-three.jpg", 30)
    with tarfile.open(tmp_path / "train-00000.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
        tar.add(tmp_path.parent / f"{tmp_path.name}-three.jpg", "three.jpg")
    ids = ["a/one.jpg", "elsewhere/b/two.jpg", "three", "none", "same", "c/same.jpg"]
    found = find_pictures(ids, tmp_path)
    assert found[0].endswith("a/one.jpg")
    assert found[1].endswith("b/two.jpg")
    assert "train-00000.tar#" in found[2]
    assert found[3:5] == ["", ""]
    assert found[5].endswith("c/same.jpg")
    with pytest.raises(EmptyInput, match="none of 1 images"):
        find_pictures(["nothing"], tmp_path)
    with pytest.raises(BadFile, match="no folder of images"):
        find_pictures(["a"], tmp_path / "no")
