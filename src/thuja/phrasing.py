"""A Taxon as a sentence: the text types of BioCLIP, BioCLIP 2 and BioCAP, mixtures of them, prompts.

Sources: arXiv:2311.18803 section 3 (text types), the public TreeOfLife shards for the exact
wording, arXiv:2510.20095 for the caption type; the prompts are CLIP's for ImageNet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.taxonomy import RANKS, Taxon

TextType = str
Wording = Callable[[Taxon, TextType], str]
"""How a taxon is put into words: `phrase`, or another for an experiment."""


def scientific(taxon: Taxon) -> str:
    """The bare scientific name: `Corvus corax`."""
    return taxon.scientific_name


def taxonomic(taxon: Taxon) -> str:
    """The bare lineage, missing ranks left out: `Animalia Chordata ... Corvus corax`."""
    return taxon.taxonomic_name


def common(taxon: Taxon) -> str:
    """The bare common name, or else the genus with its epithet, or else the lineage.

    A taxon above genus has no scientific name in TreeOfLife's shards: its lineage stands in.
    """
    return taxon.common or (taxon.scientific_name if taxon.genus else taxon.taxonomic_name)


def tagged(taxon: Taxon) -> str:
    """The lineage with each rank named: `kingdom Animalia ... genus Corvus species corax`."""
    return " ".join(f"{rank.label} {taxon[rank]}" for rank in RANKS if taxon[rank])


def _photo(name: Callable[[Taxon], str]) -> Callable[[Taxon], str]:
    return lambda taxon: f"a photo of {name(taxon)}."


def _photo_with_common(name: Callable[[Taxon], str]) -> Callable[[Taxon], str]:
    return lambda taxon: f"a photo of {name(taxon)} with common name {common(taxon)}."


PHRASES: Mapping[TextType, Callable[[Taxon], str]] = {
    "scientific_name": scientific,
    "taxonomic_name": taxonomic,
    "common_name": common,
    "sci": _photo(scientific),
    "com": _photo(common),
    "taxon": _photo(taxonomic),
    "taxonTag": _photo(tagged),
    "sci_com": _photo_with_common(scientific),
    "taxon_com": _photo_with_common(taxonomic),
    "taxonTag_com": _photo_with_common(tagged),
}
"""Every text type that a taxon alone can fill, by the name of its member in TreeOfLife's shards."""

CAPTION = "caption"
"""BioCAP's sixth type: the record's own caption."""


def phrase(taxon: Taxon, text_type: TextType = "taxon_com") -> str:
    """The sentence of `text_type` for `taxon`; raises UnknownName.

    >>> phrase(Taxon(genus="Corvus", species="corax", common="raven"), "sci_com")
    'a photo of Corvus corax with common name raven.'
    """
    if text_type not in PHRASES:
        raise UnknownName.of("text type", text_type, PHRASES)
    return PHRASES[text_type](taxon)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMixture:
    """Text types with their weights, drawn anew for each sample.

    The public training code draws one type for a whole batch; drawing per sample gives every batch
    the mixture itself. A caption that a record does not have falls back to the other types.
    """

    weights: Mapping[TextType, float]

    def __post_init__(self) -> None:
        for text_type, weight in self.weights.items():
            if text_type != CAPTION and text_type not in PHRASES:
                raise UnknownName.of("text type", text_type, [*PHRASES, CAPTION])
            if not isinstance(weight, (int, float)) or not 0 < weight < float("inf"):
                raise UsageError(f'the weight of text type "{text_type}" must be positive, got {weight}')
        if not self.weights:
            raise UsageError("a text mixture needs at least one text type")

    def choose(self, number: float, *, has_caption: bool) -> TextType | None:
        """The text type at a uniform number from 0 to 1; None where only captions are wanted and there is none."""
        types = [kind for kind in self.weights if kind != CAPTION or has_caption]
        if not types:
            return None
        weights = np.array([self.weights[kind] for kind in types])
        place = np.searchsorted(np.cumsum(weights), number * weights.sum(), side="right")
        return types[min(int(place), len(types) - 1)]

    def draw(self, taxon: Taxon, generator: np.random.Generator, caption: str = "") -> str:
        """One sentence for one sample; empty where only captions are wanted and there is none."""
        kind = self.choose(generator.random(), has_caption=bool(caption))
        if kind is None:
            return ""
        return caption if kind == CAPTION else phrase(taxon, kind)


BIOCLIP_MIXTURE = TextMixture(weights=dict.fromkeys(("sci", "com", "taxon", "sci_com", "taxon_com"), 1.0))
"""The five types of BioCLIP and BioCLIP 2, equally often."""

CAPTIONS = TextMixture(weights={CAPTION: 1.0})
"""Captions alone: what replay and BioCAP's second projector learn from."""

BIOCAP_MIXTURE = TextMixture(weights={**BIOCLIP_MIXTURE.weights, CAPTION: 1.0})
"""BioCAP's six types, equally often."""


def _prompts() -> tuple[str, ...]:
    """The 80 prompts that CLIP uses for ImageNet, from what they are made of."""
    both = ("a", "the")
    looks = (
        "bad", "low resolution", "cropped", "bright", "dark", "close-up", "black and white", "pixelated",
        "jpeg corrupted", "blurry", "good",
    )  # fmt: skip
    kinds = ("hard to see", "clean", "dirty", "cool", "nice", "weird", "large", "small")
    works = (
        "a sculpture", "a rendering", "a tattoo", "a drawing", "a painting", "a doodle", "a sketch",
        "a rendition", "graffiti", "art",
    )  # fmt: skip
    stuffs = ("embroidered", "plastic", "origami", "toy", "cartoon", "plushie")
    return (
        *(f"a {look} photo of {article} {{}}." for look, article in product(looks, both)),
        *(f"a photo of {article} {kind} {{}}." for kind, article in product(kinds, both)),
        *(f"a photo of {article} {{}}." for article in ("a", "the", "my", "one", "many")),
        *(f"{work} of {article} {{}}." for work, article in product(works, both)),
        *(f"itap of {article} {{}}." for article in ("a", "the", "my")),
        *(f"{article} {stuff} {{}}." for stuff, article in product(stuffs, both)),
        *(f"{article} {{}} in a video game." for article in both),
    )


PROMPTS: tuple[str, ...] = _prompts()
"""CLIP's 80 ImageNet prompts; each takes the name in place of `{}`."""

FEW_PROMPTS: tuple[str, ...] = (
    "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.", "a {} in a video game.",
    "art of the {}.", "a photo of the small {}.",
)  # fmt: skip
"""Seven of the 80, which CLIP's authors picked one by one by accuracy on ImageNet (their notebook on prompts)."""

OPENAI = "openai"
"""The name that stands for PROMPTS where a file of prompts may be given."""


def read_prompts(name: str) -> tuple[str, ...]:
    """The prompts in a text file, one a line, or PROMPTS for `openai`; raises UsageError."""
    if name == OPENAI:
        return PROMPTS
    try:
        lines = Path(name).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"cannot read the prompts in {name}: {error.strerror}", hint=f"a file, or {OPENAI}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the prompts in {name} are not UTF-8 text", hint="save the file as UTF-8") from error
    prompts = tuple(line for line in lines if line.strip())
    if not prompts:
        raise EmptyInput(f"{name} holds no prompt", hint="write one a line, with {} for the text")
    require_prompts(prompts)
    return prompts


def require_prompts(prompts: Sequence[str]) -> None:
    """Raise UsageError unless there are prompts, and each has a place for the name."""
    wrong = next((prompt for prompt in prompts if "{}" not in prompt), None)
    if wrong is not None or not prompts:
        got = "no prompt at all" if wrong is None else f'"{wrong}"'
        raise UsageError(f"a prompt takes the text in place of {{}}, got {got}")
