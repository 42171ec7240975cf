"""The models known by name: spellings, and facts that the installed open_clip can confirm."""

import subprocess
import sys

import pytest

from thuja.errors import UnknownName
from thuja.model.known import KNOWN, find_known, require_known


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("bioclip", "bioclip"),
        ("BioCLIP 2", "bioclip-2"),
        ("bioclip2", "bioclip-2"),
        ("BioCLIP-2.5", "bioclip-2.5"),
        ("imageomics/bioclip-2.5-vith14", "bioclip-2.5"),
        ("hf-hub:imageomics/biocap", "biocap"),
        ("openai/ViT-B-16", "openai/ViT-B-16"),
        ("OpenAI ViT-B/16", "openai/ViT-B-16"),
        ("openai/vit-l-14-336px", "openai/ViT-L-14-336"),
        ("laion2b ViT-L-14", "laion2b/ViT-L-14"),
        ("laion2b_s32b_b82k", "laion2b/ViT-L-14"),
        ("ViT-H-14", "laion2b/ViT-H-14"),
        ("laion/CLIP-ViT-H-14-laion2B-s32B-b79K", "laion2b/ViT-H-14"),
    ],
)
def test_a_model_is_found_by_its_handy_spellings(said: str, name: str) -> None:
    found = find_known(said)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("said", ["", "ViT-B-16", "bioclip-3", "openai/ViT-H-14", "vit"])
def test_a_name_that_could_be_several_models_is_none(said: str) -> None:
    assert find_known(said) is None
    with pytest.raises(UnknownName, match="unknown model"):
        require_known(said)


def test_no_spelling_means_two_models() -> None:
    for one in KNOWN:
        assert all(find_known(said) == one for said in (one.name, one.repository, *one.also))


@pytest.mark.parametrize("name", [one.name for one in KNOWN if "/" in one.name])
@pytest.mark.filterwarnings("ignore")
def test_repository_activation_and_preparation_are_those_of_open_clip(name: str) -> None:
    from open_clip.pretrained import get_pretrained_cfg

    tags = {"openai": "openai", "laion2b/ViT-L-14": "laion2b_s32b_b82k", "laion2b/ViT-H-14": "laion2b_s32b_b79k"}
    known = require_known(name)
    theirs = get_pretrained_cfg(known.shape, tags[name if name in tags else name.split("/")[0]])
    assert theirs["hf_hub"].strip("/") == known.repository
    assert known.act == ("quick_gelu" if theirs.get("quick_gelu") else "gelu")
    mode = "crop" if theirs["resize_mode"] == "shortest" else "squash"
    size = known.config.vision.image_size
    normal = "mean and deviation 0.5" if tuple(theirs["mean"]) == (0.5, 0.5, 0.5) else "CLIP's mean and deviation"
    assert known.preparation == f"{mode}-{size}-{theirs['interpolation']}, {normal}"


def test_what_is_known_can_be_said_without_torch() -> None:
    script = "import sys, thuja.model.known, thuja.model.cost, thuja.model.published; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
