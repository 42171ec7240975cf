"""Fetching from and pushing to a hub that the test runs itself, through huggingface_hub's own client."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.model.conftest import AT_ONCE

from thuja.model import Model

FIND = """
import sys
from thuja.errors import ThujaError
from thuja.model.published import find_model
try:
    print(find_model(sys.argv[1]))
except ThujaError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def published(tmp_path: Path, tiny_model: Model) -> Path:
    """A model's folder as others publish theirs: without what only thuja writes."""
    tiny_model.save(tmp_path / "published")
    for name in ("thuja.json", "thuja_heads.safetensors"):
        (tmp_path / "published" / name).unlink()
    return tmp_path / "published"


def images() -> torch.Tensor:
    return torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_a_model_is_fetched_once_and_then_found_without_the_hub(hub: Any, published: Path, tiny_model: Model) -> None:
    hub.put("imageomics/bioclip", published)
    done = hub.run(FIND, "bioclip")
    folder = Path(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    assert torch.equal(Model.load(folder).encode_image(images()), tiny_model.encode_image(images()))
    assert Model.load(folder).id.startswith("bioclip-")
    hub.asked.clear()
    again = hub.run(FIND, "hf-hub:imageomics/bioclip", HF_HUB_OFFLINE="1")
    assert (again.stdout, hub.asked) == (done.stdout, [])
    listed = json.loads(hub.thuja("models", "--json").stdout)
    assert {row["name"]: row["cached"] for row in listed if row["cached"]} == {"bioclip": str(folder)}
    shown = json.loads(hub.thuja("models", "show", "bioclip", "--json").stdout)
    assert (shown["image_size"], shown["dimensions"], shown["repository"]) == (16, 8, "imageomics/bioclip")


def test_the_best_weights_there_are_fetched_and_no_others(hub: Any, published: Path) -> None:
    (published / "open_clip_pytorch_model.bin").write_bytes(b"never asked for")
    hub.put("someone/raven", published)
    assert hub.run(FIND, "hf-hub:someone/raven").returncode == 0
    assert "GET open_clip_model.safetensors" in hub.asked
    assert not any("pytorch_model" in line for line in hub.asked)


def test_hugging_faces_layout_is_fetched_where_there_is_no_open_clips(hub: Any, published: Path) -> None:
    (published / "open_clip_config.json").rename(published / "config.json")
    (published / "open_clip_model.safetensors").rename(published / "model.safetensors")
    hub.put("someone/raven", published)
    done = hub.run(FIND, "hf-hub:someone/raven")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in Path(done.stdout.strip()).iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json"}


def test_an_image_tower_is_fetched_without_a_tokenizer_and_a_siglip_with_what_its_own_says(
    hub: Any, published: Path
) -> None:
    (published / "open_clip_config.json").unlink()
    (published / "open_clip_model.safetensors").rename(published / "model.safetensors")
    (published / "config.json").write_text('{"model_type": "dinov2"}')
    hub.put("someone/dino", published)
    done = hub.run(FIND, "hf-hub:someone/dino")
    assert {path.name for path in Path(done.stdout.strip()).iterdir()} == {"config.json", "model.safetensors"}
    (published / "config.json").write_text('{"model_type": "siglip"}')
    hub.put("someone/siglip", published)
    done = hub.run(FIND, "hf-hub:someone/siglip")
    assert {path.name for path in Path(done.stdout.strip()).iterdir()} == {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"
    }  # fmt: skip


def test_a_repository_that_is_not_there_is_one_sentence(hub: Any) -> None:
    done = hub.run(FIND, "hf-hub:someone/raven")
    assert done.stderr.startswith("the hub has no model repository someone/raven, or it is private\nhint: thuja models")


@pytest.mark.parametrize("missing", ["open_clip_config.json", "tokenizer.json", "open_clip_model.safetensors"])
def test_a_repository_without_a_file_that_is_needed_is_one_sentence(hub: Any, published: Path, missing: str) -> None:
    (published / missing).unlink()
    hub.put("someone/raven", published)
    done = hub.run(FIND, "hf-hub:someone/raven")
    assert done.returncode == 1
    assert done.stderr.startswith("the repository someone/raven is no model that thuja loads: it does not have one of ")
    assert f"{hub.address}/someone/raven/tree/main lists what it has" in done.stderr


def test_a_connection_that_breaks_in_the_middle_is_one_sentence(hub: Any, published: Path) -> None:
    hub.put("someone/raven", published)
    hub.cut = "open_clip_model.safetensors"
    done = hub.run(AT_ONCE + FIND, "hf-hub:someone/raven")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2].startswith("cannot fetch the model someone/raven: ")
    assert "Traceback" not in done.stderr
    hub.cut = ""
    assert hub.run(FIND, "hf-hub:someone/raven").returncode == 0


@pytest.mark.parametrize("how", ["offline", "dead"])
def test_without_a_hub_the_files_to_fetch_and_their_place_are_said(hub: Any, how: str) -> None:
    dead = "http://127.0.0.1:9"
    done = hub.run(FIND, "bioclip-2", **({"HF_HUB_OFFLINE": "1"} if how == "offline" else {"HF_ENDPOINT": dead}))
    address = hub.address if how == "offline" else dead
    assert done.returncode == 1
    assert done.stderr == (
        "the model imageomics/bioclip-2 is not cached, and the hub cannot be reached\n"
        "hint: fetch open_clip_config.json, tokenizer.json and open_clip_model.safetensors or "
        "open_clip_pytorch_model.safetensors or open_clip_pytorch_model.bin from "
        f"{address}/imageomics/bioclip-2 into a folder, and name it: --model FOLDER\n"
    )
    assert hub.asked == []


def test_a_pushed_model_comes_back_with_its_heads_its_id_and_its_card(
    hub: Any, tmp_path: Path, tiny_model: Model
) -> None:
    with torch.no_grad():
        tiny_model.heads["caption"].proj.neg_()
    identity = tiny_model.save(tmp_path / "model", name="tiny")
    (tmp_path / "model" / "notes.txt").write_text("mine alone", encoding="utf-8")
    (tmp_path / "model" / "labels").mkdir()
    (tmp_path / "model" / "labels" / "README.md").write_text("not a model's file", encoding="utf-8")
    pushed = hub.thuja("models", "push", str(tmp_path / "model"), "my-lab/ravens", HF_TOKEN="hf_x")
    assert (pushed.stdout, pushed.returncode) == (f"{hub.address}/my-lab/ravens\n", 0), pushed.stderr
    assert sorted(hub.repositories["my-lab/ravens"]) == [
        "README.md",
        "open_clip_config.json",
        "open_clip_model.safetensors",
        "thuja.json",
        "thuja_heads.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert "the head `caption` with its own temperature" in hub.repositories["my-lab/ravens"]["README.md"].decode()
    assert hub.private == set()
    folder = Path(hub.run(FIND, "hf-hub:my-lab/ravens").stdout.strip())
    back = Model.load(folder)
    assert back.id == identity
    assert torch.equal(back.encode_image(images(), "caption"), tiny_model.encode_image(images(), "caption"))


def test_a_private_push_makes_a_private_repository(hub: Any, published: Path) -> None:
    done = hub.thuja("models", "push", str(published), "my-lab/ravens", "--private", HF_TOKEN="hf_x")
    assert done.returncode == 0, done.stderr
    assert hub.private == {"my-lab/ravens"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "name", "environment", "code", "said"),
    [
        ("published", "my-lab/ravens", {}, 2, "there is no token for the hub\nhint: hf auth login, or set HF_TOKEN"),
        ("nothing", "my-lab/ravens", {"HF_TOKEN": "hf_x"}, 2, "nothing is not a model: it is not a folder"),
        (".", "my-lab/ravens", {"HF_TOKEN": "hf_x"}, 2, "is not a model: it has no open_clip_config.json"),
        ("published", "ravens", {"HF_TOKEN": "hf_x"}, 2, 'not the name of a hub repository: "ravens"\nhint: ORG/NAME'),
        ("published", "a--b/../c", {"HF_TOKEN": "hf_x"}, 2, "not the name of a hub repository"),
        ("published", "a--b/c", {"HF_TOKEN": "hf_x"}, 2, "not the name of a hub repository"),
        ("published", "a/b", {"HF_TOKEN": "hf_x", "HF_ENDPOINT": "http://127.0.0.1:9"}, 1, "cannot be reached"),
        ("published", "a/b", {"HF_TOKEN": "hf_x", "HF_HUB_OFFLINE": "1"}, 1, "cannot be reached"),
    ],
)
def test_a_push_that_cannot_be_is_one_sentence_and_uploads_nothing(
    hub: Any, published: Path, folder: str, name: str, environment: dict[str, str], code: int, said: str
) -> None:
    done = hub.thuja("models", "push", str(published.parent / folder), name, **{"HF_TOKEN": "", **environment})
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert hub.repositories == {}


@pytest.mark.parametrize(
    ("where", "status", "said"),
    [
        ("/api/repos/create", 401, "the hub does not know the token"),
        ("/api/repos/create", 403, "the hub does not let this token write there"),
        ("/api/models/my-lab/ravens/commit", 403, "the hub does not let this token write there"),
        ("/api/models/my-lab/ravens/preupload", 400, "the hub answers: "),
        ("/api/repos/create", 0, "Server disconnected"),
        ("/lfs", 403, ""),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(hub: Any, published: Path, where: str, status: int, said: str) -> None:
    hub.refused[where] = status
    done = hub.thuja("models", "push", str(published), "my-lab/ravens", HF_TOKEN="hf_x")
    assert done.returncode == 1
    assert f"cannot push to my-lab/ravens: {said}" in done.stderr
    assert "Traceback" not in done.stderr
