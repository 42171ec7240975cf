"""Each paper's page says what was painted into its images."""

import csv
from hashlib import sha256

import numpy as np
import pytest
from click.testing import CliRunner
from tests.analyze.papers.making import (
    blind,
    encode,
    make_finches,
    make_fishnet,
    make_inat21,
    make_newt,
    make_plantdoc,
    write_csv,
)

from thuja.analyze import Verdict
from thuja.analyze.papers import PAPERS, find_paper, see
from thuja.cli.analyze_paper import _NAMES, paper
from thuja.embeddings import Embeddings
from thuja.errors import BadFile, UsageError


def sections_of(name, folder, *, controls=None):
    task = find_paper(name)
    seen = see(task.read(folder, None), encode, controls={"blind": blind} if controls is None else controls)
    return task.ask(seen, np.random.default_rng(0))


def test_finches_lie_by_their_beaks_along_the_first_axis_and_a_direction(tmp_path) -> None:
    make_finches(tmp_path)
    axis, direction = sections_of("darwin-finches", tmp_path)
    order, better = axis.findings
    assert order.value.value == pytest.approx(1)
    assert order.verdict is Verdict.HOLDS
    assert order.p_value == 0.002
    assert better.control == "blind"
    assert better.effect.value == pytest.approx(order.value.value - better.against.value)
    assert [figure.name for figure in axis.figures] == ["finches_pca", "finches_order"]
    assert direction.findings[0].value.value > 0.9
    assert "data:image/jpeg" in direction.figures[1].drawing


def test_an_axis_of_beaks_has_no_sign(tmp_path) -> None:
    """A space turned over says the same."""
    from thuja.analyze.directions import DirectionSettings
    from thuja.analyze.papers.beaks import beak_section

    make_finches(tmp_path)
    listed = find_paper("darwin-finches").read(tmp_path, None)
    found = [
        beak_section(see(listed, way).space, np.random.default_rng(0), settings=DirectionSettings()).findings[0]
        for way in (encode, lambda files: -encode(files))
    ]
    assert found[0].value == found[1].value


def test_a_space_that_is_blind_to_beaks_has_no_such_axis(tmp_path) -> None:
    from thuja.analyze.directions import DirectionSettings
    from thuja.analyze.papers.beaks import beak_section

    make_finches(tmp_path)
    space = see(find_paper("darwin-finches").read(tmp_path, None), blind).space
    section = beak_section(space, np.random.default_rng(1), settings=DirectionSettings())
    assert section.findings[0].verdict is Verdict.UNDECIDED
    assert section.findings[0].p_value > 0.05


@pytest.mark.slow
def test_fresh_water_shows_beyond_families(tmp_path) -> None:
    make_fishnet(tmp_path)
    mapped, trait, direction = sections_of("fishnet-freshwater", tmp_path)
    assert [figure.name for figure in mapped.figures] == ["fishnet_tsne", "fishnet_tsne_blind"]
    assert not trait.reason
    assert trait.findings
    assert direction.findings[0].value.value > 0.95
    assert direction.findings[0].verdict is Verdict.HOLDS
    assert "with all of their family" in direction.findings[0].measure


@pytest.mark.slow
def test_age_and_sex_lie_outside_what_parts_birds(tmp_path) -> None:
    make_newt(tmp_path)
    drawn, within, *directions = sections_of("newt-stage-sex", tmp_path)
    assert [figure.name for figure in drawn.figures] == [
        "species_axes_life_stage", "species_axes_life_stage_blind", "species_axes_sex", "species_axes_sex_blind",
    ]  # fmt: skip
    assert not within.reason
    assert [section.title for section in directions] == [
        "A direction of life_stage within species", "A direction of sex within species",
    ]  # fmt: skip
    assert all(section.findings[0].verdict is Verdict.HOLDS for section in directions)


@pytest.mark.slow
def test_ailments_of_crops_are_a_direction_within_them(tmp_path) -> None:
    make_plantdoc(tmp_path)
    drawn, within, direction = sections_of("plantdoc-health", tmp_path, controls={})
    assert [figure.name for figure in drawn.figures] == ["species_axes_health"]
    assert not within.reason
    assert direction.findings[0].value.value > 0.95
    assert direction.findings[0].measure.startswith("area under the curve within species, mean over 4")


@pytest.mark.slow
def test_the_tree_is_found_in_inat21(tmp_path) -> None:
    make_inat21(tmp_path)
    (tree,) = sections_of("inat21-tree", tmp_path, controls={})
    assert not tree.reason
    assert tree.findings
    assert tree.figures


def test_the_command_makes_a_page_of_embeddings_with_a_control(tmp_path) -> None:
    make_finches(tmp_path / "data")
    listed = find_paper("darwin-finches").read(tmp_path / "data", None)
    for name, way in (("seen", encode), ("blind", blind)):
        vectors = way(listed.files).astype(np.float32)
        Embeddings(ids=list(listed.ids), vectors=vectors, model=name).save(tmp_path / f"{name}.parquet")
    call = ["darwin-finches", str(tmp_path / "data"), "--embeddings", str(tmp_path / "seen.parquet")]
    call += ["--control", f"blind={tmp_path / 'blind.parquet'}", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(paper, call, catch_exceptions=False)
    assert done.output.endswith("report.html\n")
    with (tmp_path / "out" / "findings.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["control"] for row in rows} >= {"blind", "beak_size shuffled among species"}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "40 images of 8 species, seen by seen." in page
    for read in (*listed.tables, tmp_path / "seen.parquet", tmp_path / "blind.parquet"):
        assert f"{read} (SHA-256 {sha256(read.read_bytes()).hexdigest()[:16]})" in page
    first = (tmp_path / "out" / "findings.csv").read_bytes()
    CliRunner().invoke(paper, [*call, "--force"], catch_exceptions=False)
    assert (tmp_path / "out" / "findings.csv").read_bytes() == first


def test_the_command_sees_by_a_model_and_by_controls(tmp_path, monkeypatch, tiny_model) -> None:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    make_finches(tmp_path / "data", images=2)
    next((tmp_path / "data" / "images").glob("*.jpg")).write_bytes(b"broken")
    tiny_model.save(tmp_path / "model")
    call = ["darwin-finches", str(tmp_path / "data"), "--model", str(tmp_path / "model"), "--control", "pixels"]
    call += ["--untrained", "--device", "cpu", "--out", str(tmp_path / "out")]
    CliRunner().invoke(paper, call, catch_exceptions=False)
    with (tmp_path / "out" / "findings.csv").open(encoding="utf-8") as file:
        controls = [row["control"] for row in csv.DictReader(file)]
    assert controls.count("pixels") == controls.count("untrained") == 2
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"15 images of 8 species, seen by {tiny_model.id}." in page
    assert "1 of 16 images are missing or unreadable" in page


def test_the_command_says_what_is_missing(tmp_path) -> None:
    make_finches(tmp_path / "data")

    def error(*call: str) -> BaseException | None:
        return CliRunner().invoke(paper, ["darwin-finches", *call]).exception

    out = ("--out", str(tmp_path / "out"))
    assert isinstance(error(), UsageError)
    assert isinstance(error(str(tmp_path / "data"), *out), UsageError)
    assert isinstance(error(str(tmp_path / "no"), "--model", "m", *out), UsageError)
    assert "thuja analyze paper darwin-finches --layout" in error(str(tmp_path / "no"), "--model", "m", *out).hint
    assert isinstance(error(str(tmp_path), "--model", "m", *out), BadFile)
    assert "one of --model" not in str(error(str(tmp_path / "data"), "--embeddings", "e", "--control", "eyes", *out))
    assert isinstance(error(str(tmp_path / "data"), "--embeddings", "e.parquet", "--untrained", *out), UsageError)


def test_the_command_knows_every_paper_and_tells_its_layout() -> None:
    assert [task.name for task in PAPERS] == list(_NAMES)
    for name in _NAMES:
        done = CliRunner().invoke(paper, [name, "--layout"], catch_exceptions=False)
        assert "layout  " in done.output


def test_fishes_without_species_make_a_map_and_a_reason(tmp_path) -> None:
    make_fishnet(tmp_path)
    with (tmp_path / "test.csv").open(encoding="utf-8") as file:
        rows = [row | {"species": ""} for row in csv.DictReader(file)]
    write_csv(tmp_path / "test.csv", rows)
    mapped, trait, direction = sections_of("fishnet-freshwater", tmp_path, controls={})
    assert mapped.figures
    assert trait.reason
    assert direction.reason.startswith("no image with a known value of freshwater is named to its species")
