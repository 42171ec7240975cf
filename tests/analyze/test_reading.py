import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.analyze.reading import Sources, known, read_space, taxa_of
from thuja.embeddings import Embeddings
from thuja.errors import BadFile, UnknownName, UsageError
from thuja.labels import LabelSpace
from thuja.taxonomy import Taxon

OWL, JAY = (
    Taxon.from_names(["Animalia", "Chordata", "Aves", *names])
    for names in (
        ("Strigiformes", "Strigidae", "Bubo", "bubo"),
        ("Passeriformes", "Corvidae", "Garrulus", "glandarius"),
    )
)
IDS = ["a", "b", "c"]


def embedded(path: Path, *, ids: list[str] = IDS, model: str = "m", **columns: list[object]) -> Path:
    taxa = [OWL, OWL, JAY]
    ranks = {name: [taxon.to_columns()[name] for taxon in taxa] for name in ("order", "family", "genus", "species")}
    vectors = np.eye(3, 4, dtype=np.float32)[[IDS.index(one) for one in ids]]
    table = pa.table({**(ranks if ids == IDS else {}), **columns})
    Embeddings(ids=ids, vectors=2 * vectors, model=model, is_normalized=False, columns=table).save(path)
    return path


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_taxa_and_columns_come_from_the_embeddings(tmp_path: Path) -> None:
    path = embedded(tmp_path / "e.parquet", sex=["female", "unknown", None], mass=[1.5, float("nan"), 3.0])
    space = read_space(Sources(embeddings=path), ["sex", "mass"])
    assert [taxon.scientific_name for taxon in space.taxa] == ["Bubo bubo", "Bubo bubo", "Garrulus glandarius"]
    assert space.column("sex") == ["female", None, None]
    assert space.column("mass") == [1.5, None, 3.0]
    assert space.groups is None
    np.testing.assert_allclose(np.linalg.norm(space.vectors, axis=1), 1)
    assert space.species.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("uuid,beak\nc,12.5\na,3\n", [3.0, None, 12.5]),
        ("scientific_name,beak\nBubo  bubo,7\n", [7.0, 7.0, None]),
        ("genus,species,beak\nBubo,bubo,7\nBubo,other,8\n", [7.0, 7.0, None]),
        ("order,family,beak\nPasseriformes,Corvidae,big\n,Strigidae,unknown\n", [None, None, "big"]),
    ],
)
def test_tables_are_joined_by_image_or_by_the_lowest_rank(tmp_path: Path, text: str, values: list[object]) -> None:
    sources = Sources(embeddings=embedded(tmp_path / "e.parquet"), tables=[table(tmp_path / "t.csv", text)])
    assert read_space(sources, ["beak"]).column("beak") == values


def test_without_a_choice_every_column_comes_along(tmp_path: Path) -> None:
    path = embedded(tmp_path / "e.parquet", sex=["female", "female", "male"])
    sources = Sources(embeddings=path, tables=[table(tmp_path / "t.csv", "uuid,beak\na,3\n")])
    assert list(read_space(sources, None).columns) == ["beak", "family", "genus", "order", "sex", "species"]


def test_a_later_table_replaces_what_an_earlier_one_says_and_nothing_else(tmp_path: Path) -> None:
    path = embedded(tmp_path / "e.parquet", sex=["female", "female", "male"])
    sources = Sources(embeddings=path, tables=[table(tmp_path / "t.tsv", "uuid\tsex\nb\tmale\nc\t\n")])
    assert read_space(sources, ["sex"]).column("sex") == ["female", "male", "male"]


def test_traits_of_a_catalog_are_columns_and_individuals_are_groups(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.parquet"
    facts = [json.dumps({"habitat": habitat}) for habitat in ("forest", "forest", "town")]
    rows = {"uuid": ["c", "a", "b"], "traits": facts, "observation_id": ["o1", "o2", "o1"]}
    pq.write_table(pa.table(rows), catalog)
    space = read_space(Sources(embeddings=embedded(tmp_path / "e.parquet"), tables=[catalog]), ["habitat"])
    assert space.column("habitat") == ["forest", "town", "forest"]
    assert space.groups is not None
    assert space.groups.tolist() == [0, 1, 1]


def test_a_control_is_put_in_the_order_of_the_images(tmp_path: Path) -> None:
    path, other = embedded(tmp_path / "e.parquet"), embedded(tmp_path / "p.parquet", ids=["c", "b", "a"])
    space = read_space(Sources(embeddings=path, controls={"pixels": other}), [])
    np.testing.assert_array_equal(space.controls["pixels"], space.vectors)


def test_texts_of_another_model_are_refused(tmp_path: Path) -> None:
    path = embedded(tmp_path / "e.parquet")
    for model in ("m", "n"):
        labels = LabelSpace(texts=["Bubo bubo"], vectors=np.eye(1, 4, dtype=np.float32), model=model, taxa=[OWL])
        labels.save(tmp_path / model)
    space = read_space(Sources(embeddings=path, texts=tmp_path / "m"), [])
    assert space.prototypes is not None
    assert list(space.prototypes.taxa) == [OWL]
    with pytest.raises(UsageError, match="are of the model n, the images of m"):
        read_space(Sources(embeddings=path, texts=tmp_path / "n"), [])


def test_what_does_not_fit_is_one_sentence(tmp_path: Path) -> None:
    path = embedded(tmp_path / "e.parquet", sex=["female", "female", "male"])
    with pytest.raises(UnknownName, match='unknown column: "sez"'):
        read_space(Sources(embeddings=path), ["sez"])
    fewer = embedded(tmp_path / "p.parquet", ids=["a", "b"])
    with pytest.raises(BadFile, match="lacks 1 of 3 images, c the first of them"):
        read_space(Sources(embeddings=path, controls={"pixels": fewer}), [])
    strange = table(tmp_path / "t.csv", "uuid,beak\nx,1\n")
    with pytest.raises(BadFile, match="names none of the 3 images"):
        read_space(Sources(embeddings=path, tables=[strange]), ["beak"])
    nameless = table(tmp_path / "n.csv", "name,beak\nx,1\n")
    with pytest.raises(BadFile, match="does not say what its rows are about"):
        read_space(Sources(embeddings=path, tables=[nameless]), ["beak"])
    with pytest.raises(BadFile, match="has no row"):
        read_space(Sources(embeddings=path, tables=[table(tmp_path / "o.csv", "uuid,beak\n")]), ["beak"])


def test_a_binomial_in_the_column_of_species_is_understood(tmp_path: Path) -> None:
    """A table of `species,beak` with "Bubo bubo" in it, as most tables of traits are, named none of the images."""
    path = embedded(tmp_path / "e.parquet")
    sources = Sources(embeddings=path, tables=[table(tmp_path / "t.csv", "species,beak\nBubo bubo,7\n,9\n")])
    assert read_space(sources, ["beak"]).column("beak") == [7.0, 7.0, None]
    (taxon,) = taxa_of(pa.table({"species": ["Bubo bubo"]}), 1)
    assert (taxon.genus, taxon.binomial) == ("Bubo", "Bubo bubo")


def test_a_table_that_says_two_things_of_one_species_is_refused(tmp_path: Path) -> None:
    """Of a table with a row a specimen, the last row was every image's value, and nobody was told."""
    path = embedded(tmp_path / "e.parquet")
    sources = Sources(
        embeddings=path,
        tables=[table(tmp_path / "t.csv", "scientific_name,beak,sea\nBubo bubo,7,no\nBubo bubo,8,no\n")],
    )
    with pytest.raises(BadFile, match=r'two things of beak, "bubo bubo": 7\.0 and 8\.0'):
        read_space(sources, ["beak"])
    assert read_space(sources, ["sea"]).column("sea") == ["no", "no", None]


def test_specimens_of_a_table_by_species_are_no_groups_of_images(tmp_path: Path) -> None:
    """A table of specimens by species put all images of a species in one group, which is then never halved."""
    text = "scientific_name,individual_id,sea\nBubo bubo,i1,no\nBubo bubo,i2,no\n"
    sources = Sources(embeddings=embedded(tmp_path / "e.parquet"), tables=[table(tmp_path / "t.csv", text)])
    assert read_space(sources, ["sea"]).groups is None


def test_vectors_that_are_no_numbers_and_images_twice_are_named(tmp_path: Path) -> None:
    """A NaN was told without its file or its row; an image that stood twice was measured twice."""
    path = embedded(tmp_path / "e.parquet")
    broken = Embeddings(ids=IDS, vectors=np.array([[1], [np.nan], [2]], dtype=np.float32), model="m")
    broken.save(tmp_path / "nan.parquet")
    with pytest.raises(BadFile, match=r"1 of 3 vectors in .*nan.parquet hold what is no number, that of b the first"):
        read_space(Sources(embeddings=tmp_path / "nan.parquet"), [])
    with pytest.raises(BadFile, match=r"in .*nan.parquet hold what is no number"):
        read_space(Sources(embeddings=path, controls={"pixels": tmp_path / "nan.parquet"}), [])
    with pytest.raises(BadFile, match="has the image a twice"):
        read_space(Sources(embeddings=embedded(tmp_path / "t.parquet", ids=["a", "b", "a"])), [])


def test_a_table_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """A path mistyped was called "not a table in UTF-8"."""
    sources = Sources(embeddings=embedded(tmp_path / "e.parquet"), tables=[tmp_path / "t.csv"])
    with pytest.raises(BadFile, match="there is no table at"):
        read_space(sources, ["beak"])


def test_rows_without_ranks_have_empty_taxa() -> None:
    assert taxa_of(pa.table({"x": [1, 2]}), 2) == [Taxon(), Taxon()]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3.5", 3.5),
        (" male ", "male"),
        ("Unknown", None),
        ("", None),
        (True, True),
        (float("nan"), None),
        ("inf", "inf"),
    ],
)
def test_a_cell_is_a_number_a_word_or_unknown(cell: object, value: object) -> None:
    assert known(cell) == value
