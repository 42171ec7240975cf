"""Worlds on disk: folders and shards, workers, interruptions, the command."""

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.biosphere.digests import digest

from thuja.biosphere import Sighting, World, WorldConfig, WriteConfig, read_config, write_world
from thuja.biosphere.truth import jpeg_of
from thuja.cli.biosphere import biosphere
from thuja.errors import BadFile, OutputExists, UsageError
from thuja.jobs import MARKER
from thuja.shards import read_manifest, read_shard
from thuja.taxonomy import Taxon

WORLD = World.make(WorldConfig(seed=5, species=12, images=6))
SMALL = WriteConfig(size=32, workers=1)
SHARDS = WriteConfig(size=32, workers=1, shards=True, shard_images=25)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("config", [SMALL, SHARDS], ids=["folders", "shards"])
def test_workers_change_no_byte(tmp_path, config):
    from dataclasses import replace

    write_world(WORLD, tmp_path / "one", config)
    write_world(WORLD, tmp_path / "two", replace(config, workers=2))
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


def test_the_table_has_a_true_row_for_every_picture(tmp_path):
    assert write_world(WORLD, tmp_path / "w", SMALL) == 73
    table = rows(tmp_path / "w")
    assert len(table) == len({row["uuid"] for row in table}) == 73
    assert {row["file"] for row in table} == {
        str(path.relative_to(tmp_path / "w")) for path in (tmp_path / "w" / "images").rglob("*.jpg")
    }
    assert sorted(row["address"] for row in table) != [row["address"] for row in table], "rows are in no order"
    for row in table[::7]:
        species, number = row["address"].split("-")
        species = len(WORLD.species) if species == "blank" else int(species)
        sighting = Sighting.of(WORLD, species, int(number))
        assert (tmp_path / "w" / row["file"]).read_bytes() == jpeg_of(sighting, 32)
        if sighting.species is None:
            continue
        assert row["true_name"] == WORLD.species[species].taxon.scientific_name
        assert row["habitat"] == WORLD.species[species].habitat
        assert row["ground"] == sighting.scene.habitat
        assert row["life_stage"] == sighting.specimen.stage
        assert row["sex"] == sighting.specimen.sex
        assert float(row["elongation"]) == pytest.approx(sighting.specimen.looks.elongation, abs=1e-4)


def test_the_table_shows_what_a_source_would_and_keeps_the_truth_beside_it(tmp_path):
    world = World.make(WorldConfig(seed=1, species=12, images=20, family_only=0.3, wrong=0.2, dirty=0.4, blank=0.1))
    write_world(world, tmp_path / "w", SMALL)
    faults = Counter()
    for row in rows(tmp_path / "w"):
        fault = row["name_fault"].partition(":")[0]
        faults[fault] += 1
        if not row["true_name"]:
            assert (row["scientific_name"], row["family"], row["is_empty"]) == ("", "", "True")
        elif fault == "family only":
            assert row["scientific_name"] == row["family"]
            assert not row["genus"]
        elif fault == "wrong":
            assert row["scientific_name"] != row["true_name"]
        elif fault == "dirty":
            assert row["family"]
            assert not row["genus"]
        else:
            assert row["scientific_name"] == row["true_name"] == f"{row['genus']} {row['species']}"
    assert min(faults[fault] for fault in ("", "family only", "wrong", "dirty")) > 5


def test_a_folder_tells_its_knobs_and_the_world_is_made_again_from_them(tmp_path):
    write_world(WORLD, tmp_path / "w", SMALL)
    assert read_config(tmp_path / "w") == WORLD.config
    card = json.loads((tmp_path / "w" / "world.json").read_text())
    assert card["roles"] == {name: role.value for name, role in WORLD.roles.items()}
    (tmp_path / "w" / "world.json").write_text(json.dumps(card | {"version": 1}))
    with pytest.raises(BadFile, match="version 1"):
        read_config(tmp_path / "w")
    (tmp_path / "w" / "world.json").write_text("{")
    with pytest.raises(BadFile, match="cannot be read"):
        read_config(tmp_path / "w")
    with pytest.raises(UsageError, match="no biosphere"):
        read_config(tmp_path)


def test_tables_tell_species_names_texts_and_the_tree(tmp_path):
    write_world(WORLD, tmp_path / "w", SMALL)
    truth = pq.read_table(tmp_path / "w" / "species.parquet").to_pylist()
    assert [row["habitat"] for row in truth] == [species.habitat for species in WORLD.species]
    assert [(row["hidden_1"], row["hidden_2"]) for row in truth] == [species.hidden for species in WORLD.species]
    names = pq.read_table(tmp_path / "w" / "common_names.parquet").to_pylist()
    assert {row["language"] for row in names} == {"en", "es"}
    assert len({row["common_name"] for row in names}) == 24
    texts = pq.read_table(tmp_path / "w" / "descriptions.parquet").to_pylist()
    assert {row["is_visible"] for row in texts} == {True, False}
    assert len({row["scientific_name"] for row in texts}) == 12
    tree = (tmp_path / "w" / "tree.nwk").read_text()
    assert tree.endswith(";\n")
    assert tree.count("(") == tree.count(")") == 11
    assert all(f"{species.taxon.genus}_{species.taxon.species}:" in tree for species in WORLD.species)


def test_the_backbone_holds_every_species(tmp_path):
    write_world(WORLD, tmp_path / "w", SMALL)
    found = [Taxon.from_columns(row) for row in pq.read_table(tmp_path / "w" / "backbone.parquet").to_pylist()]
    assert found == [species.taxon for species in WORLD.species]
    assert [taxon.common for taxon in found] == [species.taxon.common for species in WORLD.species]
    truth = pq.read_table(tmp_path / "w" / "species.parquet").to_pylist()
    assert [row["images"] for row in truth] == [species.images for species in WORLD.species]


def test_shards_hold_every_picture_once_and_shuffled(tmp_path):
    write_world(WORLD, tmp_path / "w", SHARDS)
    shards = sorted((tmp_path / "w" / "shards").glob("*.tar"))
    assert read_manifest(tmp_path / "w" / "shards").samples == 73
    assert [path.name for path in shards] == ["train-00000.tar", "train-00001.tar", "train-00002.tar"]
    samples = [sample for path in shards for sample in read_shard(path)]
    assert [len(list(read_shard(path))) for path in shards] == [25, 25, 23]
    assert len({sample.record.uuid for sample in samples}) == 73
    names = [sample.record.taxon.binomial for sample in samples]
    assert names != sorted(names)
    assert samples[30].record.path == f"shards/train-00001.tar#{samples[30].record.uuid}.jpg"
    write_world(WORLD, tmp_path / "f", SMALL)
    pictures = {path.stem: path.read_bytes() for path in (tmp_path / "f" / "images").rglob("*.jpg")}
    assert {sample.record.uuid: sample.image for sample in samples} == pictures


def interrupted(tmp_path: Path, config: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose run died in the middle: its disk was full."""
    count = 0
    place, real = ("write_bytes", Path.write_bytes) if not config.shards else ("replace", Path.replace)

    def failing(self: Path, *arguments):
        nonlocal count
        count += self.suffix == ".tmp" and "json" not in self.name and "parquet" not in self.name
        if count > (40 if not config.shards else 1):
            raise OSError(28, "No space left on device")
        return real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Path, place, failing)
        with pytest.raises(Exception, match="No space left") as caught:
            write_world(WORLD, tmp_path / "cut", config)
    assert "--resume" in caught.value.hint
    return tmp_path / "cut"


@pytest.mark.parametrize("config", [SMALL, SHARDS], ids=["folders", "shards"])
def test_an_interrupted_run_is_resumed_to_the_same_bytes(tmp_path, config, monkeypatch):
    cut = interrupted(tmp_path, config, monkeypatch)
    assert json.loads((cut / MARKER).read_text())["state"] == "running"
    assert not (cut / "table.csv").exists()
    write_world(WORLD, tmp_path / "whole", config)
    before = digest(cut)
    (cut / "images").mkdir(exist_ok=True)
    (cut / "images" / "half.jpg.tmp").write_bytes(b"half")
    write_world(WORLD, cut, config, resume=True)
    assert len(before) < len(digest(tmp_path / "whole"))
    if config.shards:
        (cut / "images").rmdir()
    assert digest(cut) == digest(tmp_path / "whole")


def test_a_run_of_other_knobs_is_not_resumed(tmp_path):
    write_world(WORLD, tmp_path / "w", SMALL)
    with pytest.raises(OutputExists, match="other knobs \\(size\\)"):
        write_world(WORLD, tmp_path / "w", WriteConfig(size=48), resume=True)
    assert json.loads((tmp_path / "w" / MARKER).read_text())["state"] == "complete"


def test_an_existing_world_is_refused_and_replaced_by_force(tmp_path):
    write_world(WORLD, tmp_path / "w", SMALL)
    with pytest.raises(OutputExists, match="not empty"):
        write_world(WORLD, tmp_path / "w", SMALL)
    other = World.make(WorldConfig(seed=6, species=3, images=2))
    write_world(other, tmp_path / "w", SMALL, force=True)
    assert len(rows(tmp_path / "w")) == 6


def test_the_command_says_what_it_wrote_and_what_comes_next(tmp_path):
    out = tmp_path / "w"
    arguments = ["make", str(out), "--species", "4", "--images", "3", "--size", "24", "--workers", "1"]
    result = CliRunner().invoke(biosphere, arguments)
    assert result.exit_code == 0, result.output
    assert "12 pictures of 4 species" in result.output
    assert f"thuja curate {out}" in result.output
    assert json.loads((out / "world.json").read_text())["world"]["seed"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--species", "0"),
        ("--images", "0"),
        ("--size", "4"),
        ("--knob", "families=9", "--species", "5"),
        ("--overlap", "2"),
        ("--knob", "colour=3"),
        ("--seed", "100"),
        ("--workers", "-2"),
        ("--seed", "-1"),
    ],
)
def test_impossible_knobs_end_in_a_usage_error_and_no_folder(tmp_path, arguments):
    result = CliRunner().invoke(biosphere, ["make", str(tmp_path / "w"), "--species", "4", *arguments])
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    assert not (tmp_path / "w").exists()
