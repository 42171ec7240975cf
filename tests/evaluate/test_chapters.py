"""What an evaluation tells beyond right and wrong, on the world whose answers are known."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.evaluate import Method, evaluate, save, summary
from thuja.evaluate.chapter import Shown
from thuja.evaluate.data import Pictures, read_curated
from thuja.evaluate.hierarchical import Ladder
from thuja.evaluate.run_naming import measure_naming
from thuja.evaluate.run_structure import measure_structure_of
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon


@pytest.fixture(scope="module")
def evaluation(known_world):
    return evaluate(known_world.encoders(), known_world.folder)


def chapter_of(evaluation, name):
    return next(chapter for chapter in evaluation.chapters if chapter.name == name)


def values_of(chapter, split="test"):
    return {(measure.part, measure.name): measure.value for measure in chapter.measures[split]}


def test_naming_agrees_with_the_tables_by_text_and_rolled_up(evaluation):
    naming = chapter_of(evaluation, "naming")
    compared = 0
    for split in ("test", "unseen"):
        values = values_of(naming, split)
        for rank in RANKS:
            for method, way in ((Method.MODEL, "text at each rank"), (Method.ROLLED_UP, "species posterior summed")):
                score = summary.find(evaluation.scores, method, task="zero-shot", split=split, rank=rank.label)
                if score is not None:
                    assert values[f"{rank.label}, {way}", "accuracy"] == score.accuracy
                    assert values[f"{rank.label}, {way}", "macro accuracy"] == score.macro
                    compared += 1
    assert compared == 3 + 2 + 2 + 2  # family, genus, species of new pictures; family and genus of the others


def test_whole_paths_are_those_of_the_species_that_pictures_look_like(evaluation):
    """Of 32 pictures eight look like a sister species, one rank off, and one like a species of the other family."""
    values = values_of(chapter_of(evaluation, "naming"))
    for way in ("top-down", "lineage of the best species"):
        assert values[f"whole path, {way}", "full path"] == 23 / 32
        assert values[f"whole path, {way}", "mistake severity, wrong"] == pytest.approx((8 * 1 + 3) / 9)
        assert values[f"whole path, {way}", "hierarchical F"] == pytest.approx(1 - (8 * 1 + 3) / (32 * 7))
        assert values[f"whole path, {way}", "off the tree"] == 0


def test_confidence_counts_the_wrong_answers_that_are_given_with_near_certainty(evaluation):
    """A look is answered with a posterior of .998; of species never met two sisters share it."""
    values = values_of(chapter_of(evaluation, "confidence"))
    assert values["", "accuracy"] == 23 / 32
    assert values["", "ECE"] == pytest.approx(9 / 32, abs=0.003)
    assert values["", "Brier"] == pytest.approx(2 * 9 / 32, abs=0.005)
    assert values["", "ECE if calibrated"] < 0.02
    assert (values["", "AUROC"], values["", "FPR95"]) == (1, 0)


def test_exposure_parts_species_by_their_training_pictures(evaluation):
    values = values_of(chapter_of(evaluation, "exposure"), "")
    assert values["all", "accuracy"] == 26 / 35
    assert values["training images: 1-9", "accuracy"] == 23 / 32
    assert values["training images: 0", "accuracy"] == 1
    assert values["novelty: new species of a known genus", "ceiling"] == pytest.approx(1 / 3)
    assert values["novelty: new species of a known genus", "ceiling, met species ruled out"] == 1


def test_what_is_saved_holds_the_rows_and_each_picture_s_answers(known_world, evaluation, tmp_path):
    save(evaluation, tmp_path)
    said = json.loads((tmp_path / "scores.json").read_text(), parse_constant=pytest.fail)
    assert {row["chapter"] for row in said["measures"]} == {"naming", "confidence", "exposure", "structure"}
    found = [row for row in said["measures"] if (row["name"], row["split"]) == ("AUROC", "test")]
    assert [row["value"] for row in found] == [1]
    for row in pq.read_table(tmp_path / "predictions.parquet").to_pylist():
        look, taxon = known_world.looks[row["uuid"]], known_world.taxon_of[row["uuid"]]
        assert (row["family_top_down"], row["genus_top_down"]) == (look.family, look.genus)
        assert row["training_images"] == (0 if taxon.species == "novel" else 4 if taxon == known_world.seen[0] else 2)
        assert row["novelty"] == ("known species" if row["split"] == "test" else "new species of a known genus")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for title in ("Three ways to a name", "What a confidence is worth", "What was met in training", "What varies"):
        assert title in page


def test_columns_top_down_are_one_lineage_where_texts_at_each_rank_are_none(known_world):
    """Texts that mean nothing: the nearest of a rank lies under any other clade, top-down under the chosen one."""
    generator = np.random.default_rng(0)

    def unit(count):
        vectors = generator.standard_normal((count, 6)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def build(taxa):
        return LabelSpace(texts=["" for _ in taxa], vectors=unit(len(taxa)), model="m", taxa=tuple(taxa))

    ladder = Ladder.build(known_world.seen, build)
    pictures = read_curated(known_world.folder)["test"]
    shown = Shown(pictures=pictures, vectors=unit(len(pictures)))
    chapter = measure_naming({"test": shown}, ladder, known_world.seen, scale=10, seed=0)
    for row in chapter.columns["test"].to_pylist():
        species = next(taxon for taxon in known_world.seen if taxon.binomial == row["species_top_down"])
        assert (row["family_top_down"], row["genus_top_down"]) == (species.family, species.genus)
    values = values_of(chapter)
    assert values["whole path, top-down", "off the tree"] == 0
    assert values["whole path, text at each rank", "off the tree"] > 0.5


def test_a_factor_that_the_data_does_not_tell_is_named_in_one_sentence(evaluation):
    structure = chapter_of(evaluation, "structure")
    assert "Of life stage and sex the data says too little" in " ".join(structure.notes)
    assert {part for part, _ in values_of(structure)} == {"all within species"}


def test_chapters_that_the_data_cannot_fill_are_one_sentence_each(world_at, tmp_path):
    """One picture a species, none for training, none of species never met."""
    world = world_at(tmp_path / "data")
    world.write("test", [(taxon, taxon) for taxon in world.seen])
    evaluation = evaluate(world.finish().encoders(), world.folder)
    text = summary.as_text(evaluation)
    assert "holds no training picture" in text
    assert "Nothing can be said of structure within species" in text
    assert "no pictures of species never met" in " ".join(chapter_of(evaluation, "confidence").notes)
    assert not chapter_of(evaluation, "structure").measures


def test_taxa_without_a_species_leave_nothing_to_name(world_at, tmp_path):
    world = world_at(tmp_path / "data")
    for split in ("train", "test"):
        world.write(split, [(taxon.at(Rank.GENUS), taxon.at(Rank.GENUS)) for taxon in world.seen[::2]])
    evaluation = evaluate(world.finish().encoders(), world.folder)
    assert summary.find(evaluation.scores, Method.MODEL, task="zero-shot", split="test", rank="genus").accuracy == 1
    for name in ("naming", "confidence", "exposure", "structure"):
        assert not chapter_of(evaluation, name).measures
    save(evaluation, tmp_path / "out")


def test_taxa_that_are_candidates_by_text_alone_are_told(world_at, tmp_path):
    world = world_at(tmp_path / "data")
    shown = [*world.seen[:4], world.seen[4].at(Rank.FAMILY)]
    for split in ("train", "test"):
        world.write(split, [(taxon, taxon) for taxon in shown])
    notes = chapter_of(evaluate(world.finish().encoders(), world.folder), "naming").notes
    assert any("1 at rank family" in note for note in notes)


def stages(folder, *, each=8):
    """Eight species whose young differ from their adults along one axis, which no species does; the model and its
    untrained tower, which sees noise."""
    generator = np.random.default_rng(0)
    taxa = [Taxon(kingdom="Animalia", genus="Genus", species=f"s{number // each}") for number in range(8 * each)]
    young = np.arange(len(taxa)) % 2 == 1
    vectors = np.zeros((len(taxa), 24), dtype=np.float32)
    vectors[np.arange(len(taxa)), np.arange(len(taxa)) // each] = 4
    vectors[:, 23] = np.where(young, 1, -1)
    vectors += 0.1 * generator.standard_normal(vectors.shape).astype(np.float32)
    rows = [
        {"uuid": str(number), "kingdom": "Animalia", "genus": taxon.genus, "species": taxon.species,
         "life_stage": "juvenile" if young[number] else "adult"}
        for number, taxon in enumerate(taxa)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / "catalog.parquet")
    pictures = Pictures(folder=folder, split="test", ids=tuple(map(str, range(len(taxa)))), taxa=tuple(taxa))
    noise = generator.standard_normal(vectors.shape).astype(np.float32)
    return Shown(pictures=pictures, vectors=vectors, untrained=noise)


def test_a_stage_that_the_model_sees_and_the_untrained_tower_does_not_is_decoded_by_it_alone(tmp_path):
    shown = stages(tmp_path)
    structure = measure_structure_of({"test": shown}, tmp_path / "catalog.parquet", seed=0)
    values = values_of(structure)
    stage, decoding = "life_stage: adult ~ juvenile", "balanced accuracy of decoding in all dimensions"
    assert values[stage, decoding] == 1
    assert abs(values[stage, f"{decoding}, untrained"] - 0.5) < 0.2
    assert values[stage, "Fisher ratio, debiased"] > 5
    assert abs(values[stage, "share of the difference inside the known species span, debiased"]) < 0.1
    assert [grid.title.partition(",")[0] for grid in structure.grids] == [
        "All within species", "Life stage: adult ~ juvenile",
    ]  # fmt: skip


def test_an_untrained_tower_that_sees_nothing_is_left_out(tmp_path):
    shown = stages(tmp_path)
    blind = Shown(pictures=shown.pictures, vectors=shown.vectors, untrained=np.ones_like(shown.vectors))
    structure = measure_structure_of({"test": blind}, tmp_path / "catalog.parquet", seed=0)
    assert structure.measures
    assert not any("untrained" in name for _, name in values_of(structure))


def test_pictures_that_do_not_vary_within_species_have_no_structure(tmp_path):
    shown = stages(tmp_path)
    same = shown.vectors[np.arange(len(shown.vectors)) // 8 * 8]
    structure = measure_structure_of(
        {"test": Shown(pictures=shown.pictures, vectors=same)}, tmp_path / "catalog.parquet", seed=0
    )
    assert "nothing varies within them" in structure.about
