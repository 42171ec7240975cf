"""What a source's rows depend on besides its path, and which of its options are paths."""

from pathlib import Path

import pytest

from thuja.curate.sources import KINDS, SourceSpec, files_of, path_options
from thuja.errors import UnknownName


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def names_of(kind: str, path: Path, root: Path, **options: str) -> list[str]:
    return [str(file.relative_to(root)) for file in files_of(SourceSpec(kind=kind, path=path, options=options))]


def test_every_kind_says_which_of_its_options_are_paths() -> None:
    """Whatever equalled the name of an entry beside the recipe was taken for a path, `label = "images"` too."""
    said = {kind: path_options(kind) for kind in KINDS}
    assert {kind: names for kind, names in said.items() if names} == {
        "folder": ("labels",), "inat21": ("images",), "camera_traps": ("images",), "gbif": ("multimedia",),
        "eol": ("names", "common"), "bioscan": ("images",),
    }  # fmt: skip
    with pytest.raises(UnknownName):
        path_options("gbiff")


@pytest.mark.parametrize(
    ("kind", "there", "expected"),
    [
        ("inaturalist", ["photos.csv.gz", "taxa.csv", "notes.md"], ["photos.csv.gz", "taxa.csv"]),
        ("eol", ["media_manifest_1.csv", "taxon.tab", "a.jpg"], ["media_manifest_1.csv", "taxon.tab"]),
        (
            "tree_of_life",
            ["dataset/catalog.parquet", "metadata/provenance.parquet", "dataset/a.tar"],
            ["dataset/catalog.parquet", "metadata/provenance.parquet"],
        ),
        ("tree_of_life", ["metadata/catalog.csv", "metadata/licenses.csv"],
         ["metadata/catalog.csv", "metadata/licenses.csv"]),
        ("gbif", ["occurrence.txt", "multimedia.txt", "dataset/1.xml"], ["multimedia.txt", "occurrence.txt"]),
        ("bioscan", ["BIOSCAN_Insect_Dataset_metadata.tsv", "cropped/a.jpg"], ["BIOSCAN_Insect_Dataset_metadata.tsv"]),
        ("hugging_face", ["data/t.parquet", "README.md", "a.jpg"], ["README.md", "data/t.parquet"]),
        ("shards", ["a.tar", "b/c.tar", "x.txt"], ["a.tar", "b/c.tar"]),
        ("folder", ["a.jpg", "t.csv"], []),
        ("inat21", ["a.jpg"], []),
    ],
)  # fmt: skip
def test_a_folder_of_tables_is_these_tables(tmp_path: Path, kind: str, there: list[str], expected: list[str]) -> None:
    """A table in a folder that was replaced gave the rows of the one before."""
    touch(tmp_path, *there)
    assert names_of(kind, tmp_path, tmp_path) == expected


def test_what_lies_beside_a_table_belongs_to_it_and_its_path_does_not(tmp_path: Path) -> None:
    touch(tmp_path, "media_manifest.csv", "provider_ids.csv", "other.csv", "catalog.parquet", "provenance.parquet")
    assert names_of("eol", tmp_path / "media_manifest.csv", tmp_path) == ["provider_ids.csv"]
    assert names_of("tree_of_life", tmp_path / "catalog.parquet", tmp_path) == ["provenance.parquet"]
    touch(tmp_path, "names/taxon.tab")
    given = {"names": str(tmp_path / "names")}
    assert names_of("eol", tmp_path / "media_manifest.csv", tmp_path, **given) == [
        "names/taxon.tab",
        "provider_ids.csv",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_is_not_there_has_no_files(tmp_path: Path, kind: str) -> None:
    assert files_of(SourceSpec(kind=kind, path=tmp_path / "none")) == []
