"""The published models that thuja knows by name, and what is known of each before it is fetched."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from thuja.errors import UnknownName
from thuja.model.config import Act, ModelConfig
from thuja.model.shapes import SHAPES

HUB = "hf-hub:"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFiles:
    """Text embeddings of taxa in a data set on the hub: the file of the matrix; `taxa` is 0 where nobody said.

    >>> print(LabelFiles(repository="my-lab/birds", matrix="txt_emb.npy", taxa=9_000))
    9,000 taxa: txt_emb.npy in the data set my-lab/birds
    """

    repository: str
    matrix: str = "embeddings/txt_emb_species.npy"
    taxa: int = 0

    @property
    def names(self) -> str:
        """The file of the names, beside the matrix."""
        return f"{self.matrix.removesuffix('.npy')}.json"

    def __str__(self) -> str:
        count = f"{self.taxa:,} taxa: " if self.taxa else ""
        return f"{count}{self.matrix} in the data set {self.repository}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published model. An empty field is not known here; its repository may say.

    `preparation` is how its images were prepared for training; what a fetched folder says goes
    before it. `labels` are the text embeddings of taxa that are published for it. `also` are other
    spellings than those that `find_known` makes out by itself.
    """

    name: str
    repository: str
    shape: str
    preparation: str
    act: Act | None = None
    started_from: str = ""
    trained_on: str = ""
    labels: LabelFiles | None = None
    licence: str = ""
    also: tuple[str, ...] = ()

    @property
    def config(self) -> ModelConfig:
        """Its towers; further heads, where it has any, are not published."""
        return replace(SHAPES[self.shape], act=self.act or "gelu")


_SQUASHED = "squash-224-bicubic, CLIP's mean and deviation"
_CROPPED = "crop-224-bicubic, CLIP's mean and deviation"

KNOWN = (
    Published(
        name="bioclip",
        repository="imageomics/bioclip",
        shape="ViT-B-16",
        preparation=_SQUASHED,
        started_from="openai/ViT-B-16",
        trained_on="TreeOfLife-10M",
        labels=LabelFiles(repository="imageomics/TreeOfLife-10M"),
        also=("bioclip-1",),
    ),
    Published(
        name="bioclip-2",
        repository="imageomics/bioclip-2",
        shape="ViT-L-14",
        preparation=_SQUASHED,
        started_from="laion2b/ViT-L-14",
        trained_on="TreeOfLife-200M, with LAION-2B as replay",
        labels=LabelFiles(repository="imageomics/TreeOfLife-200M", taxa=867_455),
        also=("bioclip2",),
    ),
    Published(
        name="bioclip-2.5",
        repository="imageomics/bioclip-2.5-vith14",
        shape="ViT-H-14",
        preparation=_SQUASHED,
        started_from="laion2b/ViT-H-14",
        trained_on="TreeOfLife-200M as updated, 233 million images",
        labels=LabelFiles(repository="imageomics/TreeOfLife-200M", matrix="embeddings/txt_emb_bioclip-2.5-vith14.npy"),
        also=("bioclip2.5", "bioclip-2.5-huge"),
    ),
    Published(
        name="biocap",
        repository="imageomics/biocap",
        shape="ViT-B-16",
        preparation=_SQUASHED,
        started_from="openai/ViT-B-16",
        trained_on="TreeOfLife-10M with captions",
    ),
    *(
        Published(
            name=f"openai/{shape}",
            repository=f"timm/vit_{size}_clip_{pixels}.openai",
            shape=shape,
            preparation=_CROPPED.replace("224", str(pixels)),
            act="quick_gelu",
            also=(f"openai/{shape}px",) if pixels == 336 else (),
        )
        for shape, size, pixels in (
            ("ViT-B-32", "base_patch32", 224),
            ("ViT-B-16", "base_patch16", 224),
            ("ViT-L-14", "large_patch14", 224),
            ("ViT-L-14-336", "large_patch14", 336),
        )
    ),
    Published(
        name="laion2b/ViT-L-14",
        repository="laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
        shape="ViT-L-14",
        act="gelu",
        preparation="crop-224-bicubic, mean and deviation 0.5",
        trained_on="LAION-2B",
        also=("laion2b_s32b_b82k",),
    ),
    Published(
        name="laion2b/ViT-H-14",
        repository="laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
        shape="ViT-H-14",
        act="gelu",
        preparation=_CROPPED,
        trained_on="LAION-2B",
        also=("ViT-H-14", "laion2b_s32b_b79k"),
    ),
)
"""The family's own, then those that they started from. The latter's repositories, activations and
preparations are those of open_clip 3.3's `pretrained.py`; shapes, starts and data are the papers'."""


def find_known(name: str) -> Published | None:
    """The published model of that name, its repository's, or a handy spelling of either.

    Case, and which of space, slash, hyphen and underscore stands between words, do not matter.

    >>> find_known("laion2b ViT-L/14").repository
    'laion/CLIP-ViT-L-14-laion2B-s32B-b82K'
    """
    return _BY_SPELLING.get(_spelling(name.removeprefix(HUB)))


def require_known(name: str) -> Published:
    """As `find_known`; raises UnknownName, with the names there are."""
    found = find_known(name)
    if found is None:
        raise UnknownName.of("model", name, [*(one.name for one in KNOWN), f"{HUB}ORG/NAME", "a model's folder"])
    return found


def _spelling(name: str) -> str:
    return re.sub(r"[\s/_-]+", "-", name.strip()).casefold()


_BY_SPELLING: Mapping[str, Published] = {
    _spelling(said): one for one in KNOWN for said in (one.name, one.repository, *one.also)
}
