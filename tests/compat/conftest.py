"""A tiny model of BioCLIP's kind in a hub cache of the test's own, with label files, for pybioclip and for thuja."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from PIL import Image

from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, VisionConfig

REVISION = "0" * 40
LABELS = 300
_LINEAGE = ["Animalia", "Chordata", "Aves", "Passeriformes"]


def snapshot(cache: Path, kind: str, repository: str) -> Path:
    """The folder of a repository's files, as huggingface_hub keeps what it has downloaded."""
    top = cache / f"{kind}--{repository.replace('/', '--')}"
    (top / "refs").mkdir(parents=True)
    (top / "refs" / "main").write_text(REVISION, encoding="ascii")
    (top / "snapshots" / REVISION).mkdir(parents=True)
    return top / "snapshots" / REVISION


def clip_tokenizer() -> Tokenizer:
    """CLIP's vocabulary, from open_clip's own copy."""
    from open_clip.tokenizer import SimpleTokenizer

    reference = SimpleTokenizer()
    return Tokenizer(reference.encoder, list(reference.bpe_ranks))


def label_names() -> list[list[object]]:
    """Families and genera of several species, a genus name in two families, and lineages with holes."""
    names: list[list[object]] = []
    for place in range(LABELS):
        family = f"Family{place % 12}idae"
        genus = "Twin" if place % 25 == 0 else f"Genus{place % 60}"
        order = "" if place % 12 == 5 else _LINEAGE[3]
        common = f"bird, the {place}th" if place % 3 else ""
        names.append([[*_LINEAGE[:3], order, family, genus, f"species{place}"], common])
    return names


@pytest.fixture(scope="session")
def hub_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub cache that holds both TreeOfLife models' repositories: the tiny weights, and the label files."""
    cache = tmp_path_factory.mktemp("hub")
    config = ModelConfig(
        embed_dim=16,
        vision=VisionConfig(image_size=224, patch_size=56, width=32, layers=2, head_width=16),
        text=TextConfig(context_length=77, vocab_size=49408, width=32, heads=2, layers=2),
    )
    model = Model.create(config, clip_tokenizer(), Preparation(size=224), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.logit_scale.fill_(np.log(30.0))
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((16, LABELS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=0)
    model.save(snapshot(cache, "models", "imageomics/bioclip"))
    (cache / "models--imageomics--bioclip-2").symlink_to(cache / "models--imageomics--bioclip")
    for labels in ("TreeOfLife-10M", "TreeOfLife-200M"):
        data = snapshot(cache, "datasets", f"imageomics/{labels}") / "embeddings"
        data.mkdir()
        np.save(data / "txt_emb_species.npy", vectors)
        (data / "txt_emb_species.json").write_text(json.dumps(label_names()), encoding="utf-8")
    return cache


@pytest.fixture(scope="module", autouse=True)
def local_hub(hub_cache: Path) -> Iterator[None]:
    """This cache is the hub, and there is no network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_CACHE", str(hub_cache))
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        # pybioclip compiles its model, which takes a compiler and a minute and changes no number.
        patch.setattr(torch, "compile", lambda module: module)
        yield


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Four smooth pictures of different shapes, one of them grey."""
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(1)
    paths = []
    for place, size in enumerate([(300, 200), (224, 224), (150, 260), (90, 91)]):
        coarse = Image.fromarray(generator.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        picture = coarse.resize(size, Image.Resampling.BICUBIC)
        path = folder / f"photo {place}.png"
        (picture.convert("L") if place == 2 else picture).save(path)
        paths.append(str(path))
    return paths
