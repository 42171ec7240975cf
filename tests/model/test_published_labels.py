"""Label files of published models, fetched from a hub that the test runs itself."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.model.conftest import AT_ONCE

from thuja.errors import UnknownName, UsageError
from thuja.labels import LabelSpace
from thuja.model.known import KNOWN
from thuja.model.published_labels import find_published_labels

FIND = """
import sys
from thuja.errors import ThujaError
from thuja.model.published_labels import find_published_labels
try:
    print(*find_published_labels(sys.argv[1]), sep="\\n")
except ThujaError as error:
    sys.exit(str(error))
"""
REPOSITORY = "datasets/imageomics/TreeOfLife-200M"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """The pair as the data set has it: two labels of three dimensions."""
    np.save(tmp_path / "m.npy", np.eye(3, 2, dtype=np.float32))
    rows = [[["Animalia", "Chordata", "Aves", "", "Corvidae", "Corvus", name], ""] for name in ("corax", "corone")]
    return {
        "embeddings/txt_emb_species.npy": (tmp_path / "m.npy").read_bytes(),
        "embeddings/txt_emb_species.json": json.dumps(rows).encode(),
    }


def test_labels_are_fetched_once_and_then_found_without_the_hub(hub: Any, files: dict[str, bytes]) -> None:
    hub.repositories[REPOSITORY] = files
    done = hub.run(FIND, "bioclip 2")
    assert done.returncode == 0, done.stderr
    matrix, names = (Path(line) for line in done.stdout.split())
    labels = LabelSpace.load_published(matrix, names, model="m")
    assert list(labels.texts) == ["Corvus corax", "Corvus corone"]
    assert LabelSpace.load(matrix.parent, model="m").id == labels.id
    hub.asked.clear()
    again = hub.run(FIND, "bioclip-2", HF_HUB_OFFLINE="1")
    assert (again.stdout, hub.asked) == (done.stdout, [])


def test_without_a_hub_the_files_to_fetch_and_their_place_are_said(hub: Any) -> None:
    done = hub.run(FIND, "bioclip", HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "the labels of bioclip are not cached, and the hub cannot be reached",
        "hint: fetch embeddings/txt_emb_species.npy and embeddings/txt_emb_species.json from "
        f"{hub.address}/datasets/imageomics/TreeOfLife-10M into a folder, and name it: --labels FOLDER",
    ]


def test_a_data_set_that_lacks_one_of_them_is_one_sentence(hub: Any, files: dict[str, bytes]) -> None:
    assert "the hub has no data set imageomics/TreeOfLife-200M" in hub.run(FIND, "bioclip-2").stderr
    del files["embeddings/txt_emb_species.npy"]
    hub.repositories[REPOSITORY] = files
    said = hub.run(FIND, "bioclip-2").stderr
    assert said.startswith("the data set imageomics/TreeOfLife-200M does not have embeddings/txt_emb_species.npy")
    assert "Traceback" not in said


def test_a_connection_that_breaks_in_the_middle_is_one_sentence(hub: Any, files: dict[str, bytes]) -> None:
    hub.repositories[REPOSITORY] = files
    hub.cut = "embeddings/txt_emb_species.npy"
    done = hub.run(AT_ONCE + FIND, "bioclip-2")
    assert done.returncode == 1
    assert "cannot fetch the labels of bioclip-2: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_without_published_labels_is_told_how_to_make_them() -> None:
    with pytest.raises(UsageError, match="no text embeddings of taxa are published for biocap"):
        find_published_labels("biocap")
    with pytest.raises(UnknownName):
        find_published_labels("somebody")


def test_the_labels_of_each_of_the_familys_models_are_a_matrix_and_names_beside_it() -> None:
    found = {one.name: (one.labels.matrix, one.labels.names) for one in KNOWN if one.labels is not None}
    assert found == {
        "bioclip": ("embeddings/txt_emb_species.npy", "embeddings/txt_emb_species.json"),
        "bioclip-2": ("embeddings/txt_emb_species.npy", "embeddings/txt_emb_species.json"),
        "bioclip-2.5": ("embeddings/txt_emb_bioclip-2.5-vith14.npy", "embeddings/txt_emb_bioclip-2.5-vith14.json"),
    }
