"""The section draws what can be drawn, holds it against chance, and says why the rest is missing."""

import numpy as np
import pytest

from thuja.analyze import Space, Verdict
from thuja.analyze.maps import MapSettings, Method, map_section
from thuja.errors import ThujaError, UnknownName
from thuja.taxonomy import Taxon


def space(*, species=6, images=8, kept=None, **more):
    generator = np.random.default_rng(0)
    number = np.repeat(np.arange(species), images)
    stage = np.arange(len(number)) % 2
    shift = np.zeros(16)
    shift[12] = 3
    vectors = np.eye(16)[number] * 8 + stage[:, None] * shift + generator.normal(size=(len(number), 16)) * 0.5
    taxa = [Taxon(kingdom="Animalia", family=f"F{one // 2}", genus=f"G{one}", species="x") for one in number]
    columns = {"life_stage": ["juvenile" if one else "adult" for one in stage]}
    made = Space(vectors=vectors, taxa=taxa, columns=columns, **more)
    return made if kept is None else made.select(kept)


def test_maps_of_a_space_with_structure_are_above_chance():
    section = map_section(space(), np.random.default_rng(1), settings=MapSettings(nearest=5))
    assert [figure.name for figure in section.figures] == [
        "map-pca", "map-lda", "map-t-sne", "species-axes-life_stage",
    ]  # fmt: skip
    assert [finding.verdict for finding in section.findings] == [Verdict.HOLDS] * 3
    for finding in section.findings:
        assert finding.value.low > 0.6
        assert finding.against is not None
        assert finding.against.value == pytest.approx(0.5, abs=0.12)
    (table,) = section.tables
    assert [row[0] for row in table.rows] == ["PCA", "LDA", "t-SNE"]
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert "G0 x" in section.figures[0].drawing


def test_lda_shows_no_observation_that_it_was_fitted_on():
    made = space(groups=np.arange(48) // 4)
    section = map_section(made, np.random.default_rng(1), settings=MapSettings(methods=[Method.LDA]))
    assert section.tables[0].rows[0][1] == 24
    assert "LDA: fitted on 24 images, drawn are 24 others" in section.notes


def test_the_same_seed_gives_the_same_section():
    settings = MapSettings(methods=[Method.PCA, Method.LDA])
    one, other = (map_section(space(), np.random.default_rng(3), settings=settings) for _ in range(2))
    assert one == other


def test_vectors_without_structure_are_mapped_near_chance():
    noise = Space(vectors=np.random.default_rng(2).normal(size=(60, 200)), taxa=space(images=10).taxa)
    (finding,) = map_section(
        noise, np.random.default_rng(0), settings=MapSettings(methods=[Method.LDA], nearest=5)
    ).findings
    assert finding.value.value < 0.65


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_handful_of_images_is_a_reason_or_a_note_and_no_error(count):
    section = map_section(space(kept=np.arange(count)), np.random.default_rng(0))
    assert not section.findings
    if count == 1:
        assert section.reason == "one image is no map"
    else:
        assert section.notes


def test_vectors_that_are_all_the_same_are_said_and_not_scored():
    flat = Space(vectors=np.ones((20, 4)), taxa=space(images=8).taxa[:20])
    section = map_section(flat, np.random.default_rng(0))
    assert not section.findings
    assert "PCA: every vector is the same: all points lie in one place" in section.notes


def test_one_species_has_no_interval_and_no_verdict():
    section = map_section(space(species=1, images=30), np.random.default_rng(0), settings=MapSettings(methods=["pca"]))
    (finding,) = section.findings
    assert finding.verdict is Verdict.DESCRIPTIVE
    assert finding.note == "all images are of one species: there is no interval"


def test_what_is_asked_for_and_not_there_is_said_before_the_work():
    for settings in (MapSettings(colour_by="habbitat"), MapSettings(variants="stage")):
        with pytest.raises(UnknownName):
            map_section(space(), np.random.default_rng(0), settings=settings)
    with pytest.raises(ThujaError, match="a map wants rows"):
        MapSettings(rows=0)
