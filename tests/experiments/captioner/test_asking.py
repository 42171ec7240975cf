"""A captioner at work on a world in a folder."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from thuja.biosphere import World, read_config
from thuja.errors import UnknownName
from thuja.experiments.captioner.asking import Guide, write_captions
from thuja.experiments.making import make_world
from thuja.experiments.sizes import SIZES
from thuja.experiments.worlds import data_folder
from thuja.model.captioner import CaptionerConfig, ImageCaptioner
from thuja.model.config import TextConfig
from thuja.model.tokenizer import Tokenizer
from thuja.train.corpus import Corpus


@pytest.mark.slow
def test_each_training_picture_of_a_world_gets_one_caption(tmp_path: Path) -> None:
    size = replace(SIZES["tiny"], species=12, unseen=3, images=12, things=20)
    folder = make_world(tmp_path / "world", size, 3)
    tokenizer = Tokenizer.train(Guide.of(World.make(read_config(folder / "world"))).descriptions, 600)
    text = TextConfig(context_length=6, vocab_size=tokenizer.vocab_size, width=16, heads=2, layers=1)
    model = ImageCaptioner.create(CaptionerConfig(text=text), tokenizer, torch.Generator().manual_seed(0)).eval()
    corpus = Corpus.open(data_folder(folder), "train")
    assert write_captions(model, folder, tmp_path, condition="guided") == len(corpus)
    first = pq.read_table(tmp_path / "captions-guided.parquet")
    assert first["uuid"].to_pylist() == [record.uuid for record in corpus.records]
    write_captions(model, folder, tmp_path, condition="bare")
    assert pq.read_table(tmp_path / "captions-bare.parquet")["caption"] != first["caption"]
    write_captions(model, folder, tmp_path, condition="guided")
    assert pq.read_table(tmp_path / "captions-guided.parquet").equals(first)


def test_another_condition_is_refused() -> None:
    with pytest.raises(UnknownName, match="condition"):
        Guide(descriptions=[""], examples=[()]).told("misled")  # type: ignore[arg-type]


def test_a_guide_tells_by_condition() -> None:
    guide = Guide(descriptions=["it is red."], examples=[("a red bird.",)])
    assert (guide.told("bare").descriptions, guide.told("bare").examples) == ([""], [()])
    assert (guide.told("examples").descriptions, guide.told("examples").examples) == ([""], [("a red bird.",)])
    assert guide.told("guided").descriptions == ["it is red."]
