"""Models of the published shapes with random weights, as thuja's folders and as a hub cache for the peers."""

import json
from pathlib import Path

import numpy as np
import torch

from peers import declare_operators
from thuja.images import Preparation
from thuja.model import SHAPES, Model, Tokenizer

REPOSITORIES = {
    "ViT-B-16": ("imageomics/bioclip", "imageomics/TreeOfLife-10M"),
    "ViT-L-14": ("imageomics/bioclip-2", "imageomics/TreeOfLife-200M"),
}
"""Which repositories pybioclip looks a model of this shape up in: the weights', the label space's."""


def clip_tokenizer(folder: Path) -> Tokenizer:
    """CLIP's vocabulary, from open_clip's own copy."""
    declare_operators()
    from open_clip.tokenizer import SimpleTokenizer

    reference = SimpleTokenizer()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(reference.encoder), encoding="utf-8")
    merges = ["#version: 0.2", *(" ".join(pair) for pair in reference.bpe_ranks)]
    (folder / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
    return Tokenizer.load(folder)


def random_model(shape: str, folder: Path) -> Path:
    """The folder of a model of this shape, made once; the same weights each time."""
    path = folder / shape
    if not (path / "open_clip_config.json").is_file():
        tokenizer = clip_tokenizer(folder / "clip")
        generator = torch.Generator().manual_seed(0)
        model = Model.create(
            SHAPES[shape], tokenizer, Preparation(size=SHAPES[shape].vision.image_size), generator=generator
        )
        model.save(path, name=shape.lower())
    return path


def hub_cache(shape: str, folder: Path) -> Path:
    """A HF_HOME in which pybioclip finds this model, and a label space of two taxa instead of 867,455.

    The small label space favours the peer, which reads all of it before it embeds an image.
    """
    home = folder / "hub" / shape
    weights, labels = REPOSITORIES[shape]
    model = snapshot(home, "models", weights)
    for file in random_model(shape, folder).iterdir():
        target = model / file.name
        if not target.exists():
            target.symlink_to(file.resolve())
    data = snapshot(home, "datasets", labels) / "embeddings"
    data.mkdir(exist_ok=True)
    dim = SHAPES[shape].embed_dim
    np.save(data / "txt_emb_species.npy", np.full((dim, 2), dim**-0.5, dtype=np.float32))
    lineage = ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus"]
    names = [[[*lineage, epithet], ""] for epithet in ("corax", "corone")]
    (data / "txt_emb_species.json").write_text(json.dumps(names), encoding="utf-8")
    return home


def snapshot(home: Path, kind: str, repository: str) -> Path:
    """The folder of a repository's files in a HF_HOME, made where it is not there."""
    top = home / "hub" / f"{kind}--{repository.replace('/', '--')}"
    revision = "0" * 40
    (top / "refs").mkdir(parents=True, exist_ok=True)
    (top / "refs" / "main").write_text(revision, encoding="ascii")
    folder = top / "snapshots" / revision
    folder.mkdir(parents=True, exist_ok=True)
    return folder
