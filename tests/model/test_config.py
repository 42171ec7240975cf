"""Model shapes as data, and open_clip's `model_cfg`."""

from dataclasses import replace

import pytest

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.model import SHAPES, HeadConfig, ModelConfig, TextConfig, TrunkConfig, VisionConfig
from thuja.model.config import head_named

CONFIGS = [
    *SHAPES.values(),
    ModelConfig(embed_dim=8, vision=TrunkConfig(projection="mlp"), text=TextConfig(vocab_size=600)),
    ModelConfig(act="quick_gelu", vision=VisionConfig(pool="mean", mlp_ratio=2.0)),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_config_survives_open_clips_form(config: ModelConfig) -> None:
    assert ModelConfig.from_open_clip(config.to_open_clip(own_tokenizer=True)) == config


def test_patch_dropout_is_read_and_not_written() -> None:
    """pybioclip leaves models in training mode: a saved share would drop patches of its users' images."""
    config = ModelConfig(vision=VisionConfig(patch_dropout=0.25))
    written = config.to_open_clip(own_tokenizer=True)
    assert ModelConfig.from_open_clip(written) == ModelConfig()
    written["vision_cfg"]["patch_dropout"] = 0.25
    assert ModelConfig.from_open_clip(written) == config


@pytest.mark.parametrize("name", ["ViT-S-16", "ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-L-14-336", "ViT-H-14"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_published_shapes_are_open_clips(name: str) -> None:
    import open_clip

    assert ModelConfig.from_open_clip(open_clip.get_model_config(name)) == SHAPES[name]


@pytest.mark.parametrize(
    ("part", "setting", "named"),
    [
        ("vision_cfg", {"attentional_pool": True}, "attentional_pool"),
        ("vision_cfg", {"layers": [3, 4, 6, 3]}, "ViT towers"),
        ("vision_cfg", {"timm_model_name": "convnext_base"}, "convnext_base"),
        ("vision_cfg", {"width": 100}, "head_width"),
        ("text_cfg", {"hf_model_name": "roberta-base"}, "hf_model_name"),
        ("text_cfg", {"pool_type": "last"}, "last"),
    ],
)
def test_an_architecture_that_is_not_built_is_named(part: str, setting: dict[str, object], named: str) -> None:
    config = SHAPES["ViT-B-16"].to_open_clip(own_tokenizer=False)
    config[part] |= setting
    with pytest.raises(BadFile, match=named):
        ModelConfig.from_open_clip(config)


def test_settings_that_switch_nothing_on_are_let_pass() -> None:
    config = SHAPES["ViT-B-16"].to_open_clip(own_tokenizer=False)
    config["vision_cfg"] |= {"ls_init_value": None, "no_ln_pre": False, "timm_model_name": None}
    assert ModelConfig.from_open_clip(config) == SHAPES["ViT-B-16"]


def test_what_is_no_config_is_said_to_be_none() -> None:
    with pytest.raises(BadFile, match="not a model_cfg"):
        ModelConfig.from_open_clip({"embed_dim": 512})


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="width 100"):
        VisionConfig(width=100)
    with pytest.raises(UsageError, match="12 heads"):
        TextConfig(width=100, heads=12)
    with pytest.raises(UsageError, match="unknown trunk"):
        TrunkConfig(trunk="resnet50")
    with pytest.raises(UsageError, match="cannot name a further head"):
        HeadConfig(name="taxonomy")
    with pytest.raises(UsageError, match="two heads"):
        ModelConfig(heads=(HeadConfig(name="replay"), HeadConfig(name="replay")))


def test_head_named_knows_taxonomy_and_the_further_ones() -> None:
    replay = HeadConfig(name="replay")
    config = replace(SHAPES["ViT-B-16"], heads=(replay,))
    assert head_named(config, "taxonomy") is None
    assert head_named(config, "replay") is replay
    with pytest.raises(UnknownName, match="unknown head"):
        head_named(config, "caption")
