"""Exposure and novelty from a catalog whose counts are known."""

from pathlib import Path

import polars as pl
import pytest

from thuja.errors import EmptyInput
from thuja.evaluate.novelty import Novelty, TrainingTaxa, read_training_taxa
from thuja.taxonomy import Taxon


def bird(genus: str, species: str, family: str = "Corvidae", kingdom: str = "Animalia") -> Taxon:
    return Taxon(kingdom=kingdom, family=family, genus=genus, species=species)


@pytest.fixture
def training(tmp_path: Path) -> TrainingTaxa:
    counts = {
        bird("Corvus", "corax"): 120,
        bird("Corvus", "corone"): 12,
        bird("Corvus", "corone cornix"): 3,
        bird("Pica", "pica"): 5,
        bird("Corvus", "sp."): 40,
        bird("Pieris", "japonica", "Ericaceae", "Plantae"): 9,
    }
    rows = [
        {"kingdom": one.kingdom, "family": one.family, "genus": one.genus, "species": one.species}
        for one, count in counts.items()
        for _ in range(count)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "catalog.parquet")
    return read_training_taxa(tmp_path / "catalog.parquet")


@pytest.mark.parametrize(
    ("taxon", "images", "novelty"),
    [
        (bird("Corvus", "corax"), 120, Novelty.KNOWN),
        (bird("Corvus", "corax principalis"), 120, Novelty.KNOWN),
        (bird("Corvus", "corone"), 15, Novelty.KNOWN),
        (bird("Corvus", "monedula"), 0, Novelty.SPECIES),
        (bird("Garrulus", "glandarius"), 0, Novelty.GENUS),
        (bird("Parus", "major", "Paridae"), 0, Novelty.FAMILY),
        (bird("Parus", "major", ""), 0, Novelty.UNTOLD),
        (bird("Corvus", ""), 0, Novelty.UNTOLD),
        (bird("Pieris", "rapae", "Pieridae"), 0, Novelty.FAMILY),
        (bird("Pieris", "formosa", "Ericaceae", ""), 0, Novelty.SPECIES),
        (bird("CORVUS", "corax", kingdom="Metazoa"), 120, Novelty.KNOWN),
    ],
)
def test_the_highest_new_rank_and_the_images_of_a_species(
    training: TrainingTaxa, taxon: Taxon, images: int, novelty: Novelty
) -> None:
    assert training.images == 189
    assert (training.count(taxon), training.novelty(taxon)) == (images, novelty)


def test_a_catalog_with_names_alone_is_read_by_its_binomials(tmp_path: Path) -> None:
    table = pl.DataFrame({"scientific_name": ["Corvus corax Linnaeus, 1758", "Corvus corax", "Aves", None]})
    table.write_csv(tmp_path / "names.csv")
    found = read_training_taxa(tmp_path / "names.csv")
    assert (found.images, found.count(bird("Corvus", "corax"))) == (4, 2)
    binomials = pl.DataFrame({"genus": ["Corvus", None], "species": ["Corvus corax", "Pica pica"]})
    binomials.write_parquet(tmp_path / "binomials.parquet")
    found = read_training_taxa(tmp_path / "binomials.parquet")
    assert [found.count(bird(*names)) for names in (("Corvus", "corax"), ("Pica", "pica"))] == [1, 1]


def test_a_catalog_without_a_training_image_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"genus": ["Corvus"], "split": ["test"]}).write_parquet(tmp_path / "test.parquet")
    with pytest.raises(EmptyInput, match="holds no training image"):
        read_training_taxa(tmp_path / "test.parquet")
