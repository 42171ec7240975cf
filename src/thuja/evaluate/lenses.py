"""Any model as a lens: what a benchmark looks through, whoever made the model and whatever it is.

A lens knows a model and no task; a task knows vectors and no model. What a tower makes of an image is kept under the
hash of the image's bytes, so a suite of many tasks, and the next one, embed each image once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from thuja.embeddings import Vectors
from thuja.encode import Encoded, EncodeOptions, Eye, Hardware, cached_vectors, encode_texts, eye_of
from thuja.encode.cached import Projection, projection_of
from thuja.encode.eye import dino_eye, efficientnet_eye, siglip_eye
from thuja.encode.texts import encode_siglip_texts
from thuja.errors import UnknownName, UsageError
from thuja.evaluate.seen import Flaw, Seen
from thuja.evaluate.task import Images, Texts, View
from thuja.evaluate.vector_tables import VectorTable
from thuja.jobs import cache_folder
from thuja.labels import LabelSpace
from thuja.model import TAXONOMY, Model
from thuja.model.dino import load_dino
from thuja.model.fresh import fresh_model
from thuja.model.hugging_face import IMAGE_ONLY, SIGLIP, model_type_of
from thuja.model.published import find_model
from thuja.model.siglip import load_siglip

UNTRAINED: Final = "untrained:"
"""Stands before the name of a model of which the architecture alone is wanted."""
EFFICIENTNET: Final = "efficientnet-lite0"
FEATURES: Final = "features"
"""The one head of a model whose vectors go through no other."""
EXACT: Final = Hardware(precision="fp32")
"""On the best device there is, in full precision: a measure is not where to save."""
_SCALE: Final = 100.0
_TABLES: Final = (".parquet", ".pq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A model that can be measured.

    `scales` holds each head's exp(logit scale), the model's own head first; where a task asks for a head that the
    model lacks, its own looks. `encode_texts` is None for one that reads no text. `bias` is what SigLIP adds to a
    scaled cosine before its sigmoid; None for a model whose cosines go through a softmax.
    """

    model: str
    encode_images: Callable[[Images, str], Seen]
    encode_texts: Texts | None = None
    scales: Mapping[str, float] = field(default_factory=lambda: {FEATURES: _SCALE})
    bias: float | None = None

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads by name, the model's own first."""
        return tuple(self.scales)

    def head(self, wanted: str = "") -> str:
        """The head of that name, or the model's own where it has none."""
        return wanted if wanted in self.scales else self.heads[0]

    def images(self, images: Images, head: str = "") -> Seen:
        """The vectors of a task's images by one head."""
        return self.encode_images(images, self.head(head))

    def texts(self, head: str = "") -> Texts | None:
        """What encodes texts for one head: of all models so far, the same for each."""
        return self.encode_texts

    def view(self, seen: Seen, head: str = "") -> View:
        """The images that were seen as a task takes them."""
        return View(vectors=seen.vectors, texts=self.texts(head), scale=self.scales[self.head(head)])


def open_lens(
    name: str | Path, *, cache: Path | None = None, labels: Path | None = None, hardware: Hardware = EXACT
) -> Lens:
    """The model of that name, ready to be measured.

    `name` is what `find_model` takes (a run or model folder of thuja's or open_clip's, a published name); the folder
    of a CLIP, SigLIP, ViT or DINO of transformers'; `untrained:` before a name for the same architecture as it was
    before training (a convolutional trunk comes with ImageNet's weights); `efficientnet-lite0`; or a Parquet file of
    embeddings, which a label space `labels` gives its texts. Vectors are kept in `cache`, by default in thuja's own.
    Raises what loading a model raises.
    """
    cache = Path(cache) if cache is not None else cache_folder() / "vectors"
    told = str(name)
    if Path(told).suffix.lower() in _TABLES:
        return table_lens(Path(told), labels=labels)
    if labels is not None:
        raise UsageError(f"a label space stands in for texts beside a Parquet file, and {told} is none")
    if told == EFFICIENTNET and not Path(told).exists():
        return eye_lens(efficientnet_eye(hardware.device), model=EFFICIENTNET, cache=cache)
    if told.startswith(UNTRAINED):
        return _untrained(told.removeprefix(UNTRAINED), cache, hardware)
    folder = _found(name)
    kind = model_type_of(folder)
    if kind == SIGLIP:
        return _siglip_lens(folder, cache, hardware)
    if kind in IMAGE_ONLY:
        loaded = load_dino(folder)
        return eye_lens(dino_eye(loaded, hardware.device), model=loaded.id, cache=cache)
    return model_lens(Model.load(folder), cache=cache, hardware=hardware)


def _found(name: str | Path | None) -> Path:
    """As `find_model`; what is no model's name may be meant for something else that a lens is opened by."""
    try:
        return find_model(name)
    except UnknownName as error:
        more = f"{error.hint}; or {EFFICIENTNET}, {UNTRAINED}MODEL, a Parquet file of embeddings"
        raise UnknownName(error.message, hint=more) from error


def model_lens(model: Model, *, cache: Path, hardware: Hardware | None = EXACT) -> Lens:
    """One of thuja's models, all of its heads; the lens takes it over, as `Encoder.prepare` does."""
    heads = (TAXONOMY, *(head.name for head in model.config.heads))
    scales = {head: model.scale(head).item() for head in heads}
    eye = eye_of(model, hardware)

    def project(head: str) -> Projection:
        return projection_of(model, head)

    def texts(words: Sequence[str]) -> Vectors:
        return encode_texts(model, words)

    return Lens(
        model=model.id, encode_images=_looking(eye, model.id, cache, project=project), encode_texts=texts, scales=scales
    )


def eye_lens(eye: Eye, *, model: str, cache: Path) -> Lens:
    """Anything that makes vectors of images and reads no text."""
    return Lens(model=model, encode_images=_looking(eye, model, cache))


def table_lens(path: Path, *, labels: Path | None = None) -> Lens:
    """Embeddings that someone else made; a text is looked up in the label space `labels`."""
    table = VectorTable.open(path)
    texts = table.texts_of(LabelSpace.load(labels)) if labels is not None else None

    def look(images: Images, head: str) -> Seen:
        return table.look_up(images)

    return Lens(model=table.model, encode_images=look, encode_texts=texts)


def _siglip_lens(folder: Path, cache: Path, hardware: Hardware) -> Lens:
    loaded = load_siglip(folder)
    eye = siglip_eye(loaded, hardware.device)

    def texts(words: Sequence[str]) -> Vectors:
        return encode_siglip_texts(loaded, words)

    return Lens(
        model=loaded.id,
        encode_images=_looking(eye, loaded.id, cache),
        encode_texts=texts,
        scales={FEATURES: loaded.module.logit_scale.exp().item()},
        bias=loaded.module.logit_bias.item(),
    )


def _untrained(name: str, cache: Path, hardware: Hardware) -> Lens:
    folder = _found(name or None)
    kind = model_type_of(folder)
    if kind == SIGLIP or kind in IMAGE_ONLY:
        raise UsageError(
            f"thuja draws no weights for a {kind}, so {folder} cannot be looked through untrained",
            hint="name a CLIP of the same size: untrained:MODEL",
        )
    trained = Model.load(folder)
    model = fresh_model(trained, seed=0)
    model.id = f"{model.id}-{trained.id}"
    return model_lens(model, cache=cache, hardware=hardware)


def _looking(
    eye: Eye, model: str, cache: Path, *, project: Callable[[str], Projection] | None = None
) -> Callable[[Images, str], Seen]:
    # A small tower's steps are short: threads that wait for each other cost less in larger batches.
    options = EncodeOptions(batch_size=128 if eye.preparation.size <= 128 else 32, label=f"images by {model}")

    def look(images: Images, head: str) -> Seen:
        encoded = cached_vectors(
            eye,
            zip(images.paths, images.files(), strict=True),
            cache,
            options=options,
            projection=project(head) if project else None,
            total=len(images),
        )
        return _seen(images, encoded)

    return look


def _seen(images: Images, encoded: Encoded) -> Seen:
    """The rows that have a vector, and the others' reasons; a path that stands twice fails or not as one."""
    failed = {failure.id for failure in encoded.errors}
    rows = np.array([row for row, path in enumerate(images.paths) if path not in failed], dtype=np.int64)
    flaws = tuple(
        Flaw.of_file(images.folder, failure.id, reason=failure.reason, message=failure.message)
        for failure in encoded.errors
    )
    return Seen(rows=rows, vectors=encoded.embeddings.vectors.astype(np.float32, copy=False), flaws=flaws)
