"""LabelSpace: subsets, groups by rank, and what lies on disk."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.labels.making import publish, taxa

from thuja.errors import BadFile, EmptyInput, ThujaError, UsageError
from thuja.labels import LabelSpace, count_ranks, read_facts, read_labels, save_parts
from thuja.taxonomy import RANKS, Rank, Taxon

LINEAGES = [
    "Animalia Chordata Aves Passeriformes Corvidae Corvus corax",
    "Animalia Chordata Aves Passeriformes Corvidae Pica pica",
    "Animalia Arthropoda Insecta Hymenoptera Apidae Apis mellifera",
    "Plantae Tracheophyta Magnoliopsida Fagales Fagaceae Quercus robur",
    "Animalia Chordata Aves Passeriformes Corvidae Corvus corone",
]
TAXA = [Taxon.from_lineage(text) for text in LINEAGES]


def space() -> LabelSpace:
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((len(TAXA), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return LabelSpace(texts=[taxon.binomial for taxon in TAXA], vectors=vectors, model="a model", taxa=TAXA)


def custom() -> LabelSpace:
    return LabelSpace(texts=["cat", "dog"], vectors=np.eye(2, dtype=np.float32), model="a model")


def test_saved_and_loaded_is_the_same_in_half_precision(tmp_path: Path) -> None:
    labels = space()
    labels.save(tmp_path / "labels")
    back = LabelSpace.load(tmp_path / "labels")
    assert list(back.texts) == list(labels.texts)
    assert list(back.taxa) == TAXA
    assert back.model == "a model"
    np.testing.assert_array_equal(back.vectors, labels.vectors.astype(np.float16))
    assert json.loads((tmp_path / "labels" / "labels.json").read_text()) == {"model": "a model", "labels": 5, "dim": 8}


def test_common_names_and_custom_labels_are_kept(tmp_path: Path) -> None:
    named = Taxon(genus="Corvus", species="corax", common="common raven")
    LabelSpace(texts=["raven"], vectors=np.ones((1, 1), np.float32), model="m", taxa=[named]).save(tmp_path / "named")
    assert LabelSpace.load(tmp_path / "named").taxa[0].common == "common raven"
    custom().save(tmp_path / "custom")
    back = LabelSpace.load(tmp_path / "custom")
    assert (list(back.texts), list(back.taxa)) == (["cat", "dog"], [])


def test_saving_over_itself_works_while_the_vectors_are_still_on_disk(tmp_path: Path) -> None:
    space().save(tmp_path)
    LabelSpace.load(tmp_path).subset([1, 3]).save(tmp_path)
    assert list(LabelSpace.load(tmp_path).texts) == ["Pica pica", "Quercus robur"]


def test_a_subset_keeps_texts_vectors_and_taxa_together() -> None:
    labels = space()
    some = labels.subset([3, 0])
    assert list(some.texts) == ["Quercus robur", "Corvus corax"]
    assert list(some.taxa) == [TAXA[3], TAXA[0]]
    np.testing.assert_array_equal(some.vectors, labels.vectors[[3, 0]])
    assert list(labels.subset([False, True, False, False, True]).taxa) == [TAXA[1], TAXA[4]]
    assert list(custom().subset([1]).taxa) == []


def test_an_empty_subset_and_a_mask_of_another_length_are_refused() -> None:
    with pytest.raises(EmptyInput, match="a label space needs at least one label"):
        space().subset([False] * 5)
    with pytest.raises(IndexError):
        space().subset([True, False])


def test_labels_within_an_ancestor() -> None:
    assert list(space().within(Taxon(family="Corvidae")).texts) == ["Corvus corax", "Pica pica", "Corvus corone"]
    with pytest.raises(EmptyInput, match='no label lies within "Fungi"'):
        space().within(Taxon(kingdom="Fungi"))


def test_groups_are_the_sorted_taxa_of_a_rank() -> None:
    families, member = space().groups(Rank.FAMILY)
    assert [taxon.family for taxon in families] == ["Apidae", "Corvidae", "Fagaceae"]
    assert member.tolist() == [1, 1, 0, 2, 1]
    assert len(space().groups(Rank.SPECIES)[0]) == 5
    assert len(space().groups(Rank.KINGDOM)[0]) == 2


def test_homonyms_under_two_kingdoms_are_two_groups() -> None:
    taxa = [Taxon(kingdom="Animalia", genus="Arenaria"), Taxon(kingdom="Plantae", genus="Arenaria")]
    labels = LabelSpace(texts=["a", "b"], vectors=np.eye(2, dtype=np.float32), model="m", taxa=taxa)
    assert labels.groups(Rank.GENUS)[1].tolist() == [0, 1]


def test_custom_labels_cannot_be_grouped_by_rank() -> None:
    """They once gave no groups at all, and every score over them was empty."""
    with pytest.raises(UsageError, match="custom labels have no taxa"):
        custom().groups(Rank.FAMILY)


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ThujaError, match=r"expected 2 label vectors, got shape \(3, 1\)"):
        LabelSpace(texts=["a", "b"], vectors=np.ones((3, 1), np.float32), model="m")
    with pytest.raises(ThujaError, match="expected 2 taxa, got 1"):
        LabelSpace(texts=["a", "b"], vectors=np.ones((2, 1), np.float32), model="m", taxa=[Taxon()])


@pytest.mark.parametrize("name", ["labels.json", "labels.parquet", "embeddings.npy"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]"])
def test_a_folder_with_a_part_gone_or_damaged_is_a_bad_file(tmp_path: Path, name: str, content: bytes | None) -> None:
    """An empty embeddings.npy (EOFError) and a labels.json without the model (KeyError) once came through."""
    space().save(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile, match="is not a label space"):
        LabelSpace.load(tmp_path)


def test_a_save_that_is_cut_short_leaves_nothing_that_loads(tmp_path: Path) -> None:
    """Old names beside fresh vectors of the same number once loaded as one label space."""
    space().save(tmp_path)
    unsaveable = LabelSpace(texts=["a", "\udcff"], vectors=np.eye(2, dtype=np.float32), model="m")
    with pytest.raises(UnicodeEncodeError):
        unsaveable.save(tmp_path)
    with pytest.raises(BadFile, match="is not a label space"):
        LabelSpace.load(tmp_path)


# -- the published layout: a (D, L) matrix and a JSON list of [lineage, common name]


def test_a_published_label_space_is_read(tmp_path: Path) -> None:
    rows = [[list(taxon.names), "common raven" if taxon.species == "corax" else None] for taxon in TAXA]
    labels = LabelSpace.load_published(*publish(tmp_path, rows, space().vectors.T), model="bioclip-2")
    assert list(labels.taxa) == TAXA
    assert list(labels.texts) == [taxon.binomial for taxon in TAXA]
    assert (labels.taxa[0].common, labels.taxa[1].common, labels.model) == ("common raven", "", "bioclip-2")
    np.testing.assert_array_equal(labels.vectors, space().vectors)


def test_a_published_matrix_of_another_size_is_refused(tmp_path: Path) -> None:
    rows = [[list(taxon.names), ""] for taxon in TAXA]
    with pytest.raises(BadFile, match=r"has shape \(5, 8\), but .* has 5 labels"):
        LabelSpace.load_published(*publish(tmp_path, rows, space().vectors), model="m")


@pytest.mark.parametrize("rows", [5, [5], [[5, "raven"]], [[[5], "raven"]], [["only a lineage"]]])
def test_published_names_of_another_layout_are_a_bad_file(tmp_path: Path, rows: object) -> None:
    """A lineage of numbers once came through as AttributeError."""
    with pytest.raises(BadFile, match="is not a published label space"):
        LabelSpace.load_published(*publish(tmp_path, rows, np.ones((2, 1))), model="m")


def test_labels_of_a_file_keep_commas_and_quotes(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text('\ufeffraven, common\n\n"magpie"\r\n  Ünd so  \n', encoding="utf-8")
    assert read_labels(tmp_path / "labels.txt") == ["raven, common", '"magpie"', "Ünd so"]


def test_a_label_file_that_is_missing_empty_or_binary_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    for name, error in (("none.txt", UsageError), ("empty.txt", EmptyInput), ("binary.txt", UsageError)):
        with pytest.raises(error, match=name):
            read_labels(tmp_path / name)


def test_parts_are_saved_as_the_whole_would_be(tmp_path: Path) -> None:
    taxa = [Taxon.from_lineage(line) for line in LINEAGES]
    vectors = np.random.default_rng(0).normal(size=(len(taxa), 4)).astype(np.float32)
    whole = LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors, model="m", taxa=taxa)
    whole.save(tmp_path / "whole")
    parts = (whole.subset([place]) for place in range(len(taxa)))
    save_parts(tmp_path / "parts", parts, count=len(taxa), facts={"build": {"prompts": 80}})
    for name in ("labels.parquet", "embeddings.npy"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert read_facts(tmp_path / "parts") == {"model": "m", "labels": len(taxa), "dim": 4, "build": {"prompts": 80}}


@pytest.mark.parametrize("count", [2, 4])
def test_parts_of_another_count_leave_no_label_space(tmp_path: Path, count: int) -> None:
    part = LabelSpace(texts=["a", "b", "c"], vectors=np.eye(3, dtype=np.float32), model="m")
    part.save(tmp_path)
    with pytest.raises(ThujaError, match=f"expected {count} labels"):
        save_parts(tmp_path, [part], count=count)
    with pytest.raises(BadFile):
        LabelSpace.load(tmp_path)


def test_ranks_are_counted_by_lineage(tmp_path: Path) -> None:
    """Two genera of one name under different lineages are two; a taxon without the rank is none."""
    names = [("A", "P", "", "", "", "Oenanthe", "x"), ("B", "", "", "", "", "Oenanthe", "y"), ("B", "Q")]
    taxa = [Taxon.from_names(each) for each in names]
    LabelSpace(texts=["x", "y", "q"], vectors=np.eye(3, dtype=np.float32), model="m", taxa=taxa).save(tmp_path)
    assert list(count_ranks(tmp_path).values()) == [2, 2, 0, 0, 0, 2, 2]
    LabelSpace(texts=["x"], vectors=np.eye(1, dtype=np.float32), model="m").save(tmp_path / "texts")
    assert count_ranks(tmp_path / "texts") == {}


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"model": "m"}'])
def test_facts_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(BadFile, match="not a label space"):
        read_facts(tmp_path)


def test_the_vectors_are_those_of_a_plain_npy_file(tmp_path: Path) -> None:
    space().save(tmp_path)
    np.save(tmp_path / "plain.npy", space().vectors.astype(np.float16))
    assert (tmp_path / "embeddings.npy").read_bytes() == (tmp_path / "plain.npy").read_bytes()
    turned = np.asfortranarray(space().vectors)
    LabelSpace(texts=space().texts, vectors=turned, model="m").save(tmp_path / "turned")
    assert (tmp_path / "turned" / "embeddings.npy").read_bytes() == (tmp_path / "plain.npy").read_bytes()


def test_vectors_take_room_on_the_disk_as_they_come(tmp_path: Path) -> None:
    """The whole file was once mapped into memory with holes: a disk that filled up killed the process (SIGBUS)."""
    sizes = []
    part = LabelSpace(texts=["a"] * 1000, vectors=np.ones((1000, 64), np.float32), model="m")

    def parts() -> Iterator[LabelSpace]:
        for _ in range(4):
            yield part
            sizes.append(sum(path.stat().st_size for path in tmp_path.glob("embeddings.npy.*.tmp")))

    save_parts(tmp_path, parts(), count=4000)
    size = 1000 * 64 * 2
    assert sizes[0] <= size + 128
    assert size < sizes[2] <= 3 * size + 128
    assert LabelSpace.load(tmp_path).vectors.shape == (4000, 64)


def test_parts_of_other_dimensions_are_refused(tmp_path: Path) -> None:
    parts = [LabelSpace(texts=["a"], vectors=np.ones((1, dim), np.float32), model="m") for dim in (3, 1)]
    with pytest.raises(ThujaError, match="expected label vectors of 3 dimensions, got 1"):
        save_parts(tmp_path, parts, count=2)


# -- what it is bound by, and what stays on the disk


def test_an_id_is_that_of_texts_lineages_and_model_in_their_order(tmp_path: Path) -> None:
    labels = space()
    labels.save(tmp_path)
    called = [replace(taxon, common="a bird") for taxon in TAXA]
    same = [LabelSpace.load(tmp_path), replace(labels, taxa=called), replace(labels, vectors=labels.vectors * 2)]
    assert {each.id for each in same} == {labels.id}
    others = [
        labels.subset([1, 0, 2, 3, 4]),
        labels.subset([0, 1, 2, 3]),
        replace(labels, model="another"),
        replace(labels, texts=["Corvus", *labels.texts[1:]]),
        replace(labels, taxa=[replace(TAXA[0], order=""), *TAXA[1:]]),
        replace(labels, taxa=()),
    ]
    assert len({each.id for each in [labels, *others]}) == 7
    ambiguous = [
        LabelSpace(texts=texts, vectors=np.eye(2, dtype=np.float32), model="m") for texts in (["ab", "c"], ["a", "bc"])
    ]
    assert ambiguous[0].id != ambiguous[1].id


def test_an_id_of_more_labels_than_a_block_is_the_same_in_columns_and_in_a_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thuja.labels.space.BLOCK", 2)
    labels = space()
    labels.save(tmp_path)
    assert LabelSpace.load(tmp_path).id == labels.id


def test_labels_that_stand_side_by_side_stay_on_the_disk(tmp_path: Path) -> None:
    space().save(tmp_path)
    labels = LabelSpace.load(tmp_path)
    assert np.shares_memory(labels.subset([1, 2, 3]).vectors, labels.vectors)
    assert not np.shares_memory(labels.subset([1, 3]).vectors, labels.vectors)
    for rows in ([1, 2, 3], [1, 3], [3, 2], [-1]):
        some, plain = labels.subset(rows), space().subset(rows)
        assert (list(some.texts), list(some.taxa)) == (list(plain.texts), list(plain.taxa))
        np.testing.assert_array_equal(some.vectors, plain.vectors.astype(np.float16))


def test_a_label_space_that_is_open_stays_what_it_was_when_another_takes_its_place(tmp_path: Path) -> None:
    space().save(tmp_path)
    labels = LabelSpace.load(tmp_path)
    space().subset([2, 1]).save(tmp_path)
    assert (list(labels.taxa), labels.texts[3]) == (TAXA, "Quercus robur")


def test_columns_that_are_damaged_are_named_when_they_are_read(tmp_path: Path) -> None:
    space().save(tmp_path)
    data = bytearray((tmp_path / "labels.parquet").read_bytes())
    data[4:200] = bytes(196)
    (tmp_path / "labels.parquet").write_bytes(data)
    labels = LabelSpace.load(tmp_path)
    with pytest.raises(BadFile, match=r"labels\.parquet cannot be read"):
        labels.texts[0]


def test_labels_are_joined_and_those_of_another_kind_are_not() -> None:
    first, second = space().subset([3, 0]), space().subset([1])
    joined = first.joined(second)
    plain = space().subset([3, 0, 1])
    assert (list(joined.texts), list(joined.taxa), joined.id) == (list(plain.texts), list(plain.taxa), plain.id)
    np.testing.assert_array_equal(joined.vectors, plain.vectors)
    with pytest.raises(ThujaError, match="do not go together"):
        first.joined(replace(second, model="another"))
    with pytest.raises(ThujaError, match="do not go together"):
        first.joined(replace(second, taxa=()))


@settings(deadline=None, max_examples=60)
@given(some=taxa(), rank=st.sampled_from(RANKS))
def test_groups_are_those_of_the_plain_definition(some: list[Taxon], rank: Rank) -> None:
    labels = LabelSpace(texts=["x"] * len(some), vectors=np.zeros((len(some), 1), np.float32), model="m", taxa=some)
    cut = [taxon.at(rank) for taxon in some]
    distinct = sorted(set(cut))
    groups, member = labels.groups(rank)
    assert list(groups) == distinct
    assert member.tolist() == [distinct.index(taxon) for taxon in cut]
    assert [taxon.common for taxon in groups] == [cut[cut.index(taxon)].common for taxon in distinct]
