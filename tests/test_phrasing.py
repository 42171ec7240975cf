"""The text types word for word, the mixture's shares, and the 80 prompts."""

import ast
import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thuja.errors import UnknownName, UsageError
from thuja.phrasing import (
    BIOCAP_MIXTURE,
    BIOCLIP_MIXTURE,
    CAPTION,
    CAPTIONS,
    PHRASES,
    PROMPTS,
    TextMixture,
    phrase,
    read_prompts,
)
from thuja.taxonomy import Rank, Taxon

RAVEN = Taxon.from_names(
    ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"], "common raven"
)
LINEAGE = "Animalia Chordata Aves Passeriformes Corvidae Corvus corax"
TAGGED = "kingdom Animalia phylum Chordata class Aves order Passeriformes family Corvidae genus Corvus species corax"


def test_every_text_type_has_the_wording_of_the_public_shards() -> None:
    assert {text_type: phrase(RAVEN, text_type) for text_type in PHRASES} == {
        "scientific_name": "Corvus corax",
        "taxonomic_name": LINEAGE,
        "common_name": "common raven",
        "sci": "a photo of Corvus corax.",
        "com": "a photo of common raven.",
        "taxon": f"a photo of {LINEAGE}.",
        "taxonTag": f"a photo of {TAGGED}.",
        "sci_com": "a photo of Corvus corax with common name common raven.",
        "taxon_com": f"a photo of {LINEAGE} with common name common raven.",
        "taxonTag_com": f"a photo of {TAGGED} with common name common raven.",
    }


@pytest.mark.parametrize(
    ("taxon", "expected"),
    [
        (RAVEN, "common raven"),
        (Taxon.from_names(RAVEN.names), "Corvus corax"),
        (RAVEN.at(Rank.GENUS), "Corvus"),
        (RAVEN.at(Rank.FAMILY), "Animalia Chordata Aves Passeriformes Corvidae"),
        (Taxon(kingdom="Animalia", species="corax"), "Animalia corax"),
    ],
)
def test_the_common_name_falls_back_to_scientific_then_to_the_lineage(taxon: Taxon, expected: str) -> None:
    """Above genus the family's name alone once stood in, where TreeOfLife's shards have the lineage."""
    assert phrase(taxon, "common_name") == expected
    assert phrase(taxon, "com") == f"a photo of {expected}."


def test_missing_ranks_are_left_out_of_lineage_and_tags() -> None:
    holed = Taxon(kingdom="Animalia", class_="Insecta", genus="Apis", species="mellifera", common="honey bee")
    assert phrase(holed, "taxon_com") == "a photo of Animalia Insecta Apis mellifera with common name honey bee."
    assert phrase(holed, "taxonTag") == "a photo of kingdom Animalia class Insecta genus Apis species mellifera."


def test_the_default_text_type_is_the_lineage_with_the_common_name() -> None:
    assert phrase(RAVEN) == phrase(RAVEN, "taxon_com")


def test_an_unknown_text_type_names_those_that_exist() -> None:
    with pytest.raises(UnknownName, match='unknown text type: "latin"'):
        phrase(RAVEN, "latin")


# -- mixtures


def drawn(mixture: TextMixture, count: int, caption: str = "") -> Counter[str]:
    generator = np.random.default_rng(7)
    return Counter(mixture.draw(RAVEN, generator, caption) for _ in range(count))


def test_a_mixture_draws_its_shares_sample_by_sample() -> None:
    weights = {"sci": 1.0, "com": 2.0, "taxon": 5.0}
    counts = drawn(TextMixture(weights=weights), 8000)
    expected = {phrase(RAVEN, kind): 1000 * weight for kind, weight in weights.items()}
    assert set(counts) == set(expected)
    chi_square = sum((counts[text] - mean) ** 2 / mean for text, mean in expected.items())
    assert chi_square < 13.8  # the 0.999 quantile at two degrees of freedom


def test_neighbouring_samples_do_not_share_their_draw() -> None:
    generator = np.random.default_rng(0)
    batch = [BIOCLIP_MIXTURE.draw(RAVEN, generator) for _ in range(64)]
    assert set(Counter(batch)) == {phrase(RAVEN, kind) for kind in BIOCLIP_MIXTURE.weights}


def test_the_same_generator_draws_the_same_sentences() -> None:
    def batch(seed: int) -> list[str]:
        generator = np.random.default_rng(seed)
        return [BIOCLIP_MIXTURE.draw(RAVEN, generator) for _ in range(50)]

    assert batch(3) == batch(3)
    assert batch(3) != batch(4)


def test_the_papers_mixtures_weigh_their_types_equally() -> None:
    assert dict(BIOCLIP_MIXTURE.weights) == dict.fromkeys(("sci", "com", "taxon", "sci_com", "taxon_com"), 1.0)
    assert dict(BIOCAP_MIXTURE.weights) == {**BIOCLIP_MIXTURE.weights, CAPTION: 1.0}


def test_captions_take_their_share_where_there_is_one() -> None:
    share = drawn(BIOCAP_MIXTURE, 6000, "a black bird on a rock")["a black bird on a rock"] / 6000
    assert abs(share - 1 / 6) < 0.02


def test_without_a_caption_the_other_types_keep_their_proportions() -> None:
    counts = drawn(TextMixture(weights={"sci": 1, CAPTION: 10, "com": 3}), 4000)
    assert set(counts) == {phrase(RAVEN, "sci"), phrase(RAVEN, "com")}
    assert abs(counts[phrase(RAVEN, "com")] / 4000 - 3 / 4) < 0.03


def test_a_caption_or_none_uses_up_one_random_number() -> None:
    with_caption, without = np.random.default_rng(1), np.random.default_rng(1)
    BIOCAP_MIXTURE.draw(RAVEN, with_caption, "a black bird")
    BIOCAP_MIXTURE.draw(RAVEN, without)
    assert with_caption.random() == without.random()


@pytest.mark.parametrize("weight", [0, -1.0, float("nan"), float("inf"), "much"])
def test_a_weight_that_is_no_positive_number_is_refused(weight: Any) -> None:
    """A weight given as text once ended in a TypeError from the comparison."""
    with pytest.raises(UsageError, match='the weight of text type "sci" must be positive'):
        TextMixture(weights={"sci": weight})


def test_a_mixture_of_nothing_or_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(UsageError, match="a text mixture needs at least one text type"):
        TextMixture(weights={})
    with pytest.raises(UnknownName, match='unknown text type: "latin"'):
        TextMixture(weights={"latin": 1.0})


def test_a_mixture_of_captions_alone_says_nothing_of_a_record_without_one() -> None:
    generator = np.random.default_rng(0)
    assert CAPTIONS.draw(RAVEN, generator) == ""
    assert CAPTIONS.draw(RAVEN, generator, caption="a black bird") == "a black bird"
    assert BIOCLIP_MIXTURE.choose(0.999, has_caption=False) == "taxon_com"


# -- prompts


def openai_templates() -> list[str]:
    """open_clip's list, read from its source: importing the package needs torchvision."""
    spec = importlib.util.find_spec("open_clip")
    assert spec is not None, "open_clip_torch is among the dev extra's packages"
    assert spec.submodule_search_locations
    source = Path(spec.submodule_search_locations[0]) / "zero_shot_metadata.py"
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OPENAI_IMAGENET_TEMPLATES":
            templates = eval(ast.unparse(node.value))
            return [template("{}") for template in templates]
    raise AssertionError(f"{source} has no OPENAI_IMAGENET_TEMPLATES")


def test_the_prompts_are_clips_eighty() -> None:
    assert len(PROMPTS) == len(set(PROMPTS)) == 80
    assert set(PROMPTS) == set(openai_templates())


def test_every_prompt_takes_one_name() -> None:
    assert all(prompt.format("Corvus corax").count("Corvus corax") == 1 for prompt in PROMPTS)


def test_prompts_of_a_file_are_its_lines(tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("\ufeffa photo of {}.\n\n  {}, close \n", encoding="utf-8")
    assert read_prompts(str(tmp_path / "prompts.txt")) == ("a photo of {}.", "  {}, close ")
    assert read_prompts("openai") == PROMPTS


def test_prompts_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    wrong = {"none": b"\n", "plain": b"a photo\n{}", "binary": b"\xff\xfe\x00"}
    said = {"none": "holds no prompt", "plain": 'got "a photo"', "binary": "not UTF-8", "missing": "cannot read"}
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
    for name, words in said.items():
        with pytest.raises(UsageError, match=words):
            read_prompts(str(tmp_path / name))
