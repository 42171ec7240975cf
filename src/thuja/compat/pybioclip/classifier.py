"""What pybioclip's three classifiers have in common: a model, images to features, features to probabilities."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.compat.pybioclip.errors import MissingImage, UnreadableImage, WrongValue
from thuja.compat.pybioclip.hub import cached_datafile
from thuja.compat.pybioclip.names import (
    BIOCLIP_MODEL_STR,
    TOL_MODELS,
    TXT_EMB,
    TXT_NAMES,
    Names,
    get_tol_repo_id,
)
from thuja.compat.pybioclip.recorder import PredictionRecorder
from thuja.encode import Encoder, Hardware, available_cpus
from thuja.errors import ImageError
from thuja.images import Preparation, read_image, to_rgb
from thuja.jobs import Progress
from thuja.model import Model
from thuja.model.known import KNOWN
from thuja.model.machine import limit_torch_threads
from thuja.model.published import find_model

OneImage = str | Path | Image.Image
Callback = Callable[[int, int], None]
"""Told how many images are done, of how many."""

TOL_PREPARATION = Preparation(size=224, mode="squash", interpolation="bilinear")
"""How the TreeOfLife models' images are prepared there, whatever the model's own folder says."""

_SCORED_AT_ONCE = 32
"""Images whose probabilities are in memory at a time; for 867,455 labels they are 111 MB."""


def preprocess_img(image: Image.Image) -> Tensor:
    """An image to what the TreeOfLife models take: (3, 224, 224)."""
    return torch.from_numpy(TOL_PREPARATION(to_rgb(image)))


class BaseClassifier(nn.Module):
    """A model that turns images into features, and features into probabilities of texts.

    `model_str` is a name of the hub as there, or what else `thuja` takes for a model. It computes in float32, as
    pybioclip does, unless `precision` says `auto` (the fastest here) or `bf16`. `model` is thuja's Model.
    """

    def __init__(
        self,
        model_str: str | None = BIOCLIP_MODEL_STR,
        pretrained_str: str | None = None,
        device: str | torch.device = "cpu",
        *,
        precision: str = "fp32",
    ) -> None:
        super().__init__()
        self.device = device
        self._precision = precision
        self.recorder: PredictionRecorder | None = None
        self.load_pretrained_model(model_str, pretrained_str)

    def set_recorder(self, recorder: PredictionRecorder | None) -> None:
        """Record predictions from here on; None ends it."""
        self.recorder = recorder

    def record_event(self, images: Sequence[OneImage], **details: object) -> None:
        """Tell the recorder, if there is one, what was predicted."""
        if self.recorder is not None:
            self.recorder.add_prediction([self.make_key(image, place) for place, image in enumerate(images)], **details)

    def load_pretrained_model(
        self, model_str: str | None = BIOCLIP_MODEL_STR, pretrained_str: str | None = None
    ) -> None:
        """Load a model in place of the one that is there.

        `pretrained_str` is a weights file, or one of the tags under which the weights of an architecture
        (`ViT-B-16`) are published. Raises WrongValue where there are several and none is named.
        """
        self.model_str = model_str or BIOCLIP_MODEL_STR
        self.pretrained_str = _settle_tag(self.model_str, pretrained_str)
        model = Model.load(_find(self.model_str, self.pretrained_str))
        self.preparation = TOL_PREPARATION if self.model_str in TOL_MODELS else model.preparation
        hardware = Hardware(device=str(self.device), precision=self._precision)
        self._encoder = Encoder.prepare(model, hardware)
        self.model = self._encoder.model
        limit_torch_threads()

    def preprocess(self, image: Image.Image) -> Tensor:
        """An image to the model's input: (3, S, S)."""
        return torch.from_numpy(self.preparation(to_rgb(image)))

    @staticmethod
    def ensure_rgb_image(image: OneImage) -> Image.Image:
        """The picture, RGB; that of a file upright by its EXIF and on white where it is transparent.

        Raises UnreadableImage, an OSError.
        """
        if isinstance(image, Image.Image):
            return to_rgb(image)
        path = Path(image)
        try:
            return read_image(path)
        except ImageError as error:
            kind = UnreadableImage if path.exists() else MissingImage
            raise kind(f"{path}: {error.message}", reason=error.reason) from error

    @staticmethod
    def make_key(image: OneImage, idx: int) -> str:
        """What stands under `file_name`: the path as it was given, or the image's place."""
        return str(idx) if isinstance(image, Image.Image) else str(image)

    def create_image_features(self, images: Sequence[Image.Image], normalize: bool = True) -> Tensor:
        """N images to (N, D), of length one unless `normalize` is false."""
        return self._embed([self.preparation.resized(self.ensure_rgb_image(image)) for image in images], normalize)

    def create_image_features_for_image(self, image: OneImage, normalize: bool) -> Tensor:
        """One image to (D,)."""
        return self.create_image_features([self.ensure_rgb_image(image)], normalize=normalize)[0]

    def create_probabilities(self, img_features: Tensor, txt_features: Tensor) -> Tensor:
        """(N, D) and (D, C) to the posterior (N, C), the soft-max of the scaled cosines."""
        scaled = self.model.logit_scale.exp() * img_features
        return F.softmax(scaled @ txt_features, dim=1)

    def create_probabilities_for_images(
        self, images: Sequence[OneImage], keys: Sequence[str], txt_features: Tensor
    ) -> dict[str, Tensor]:
        """The probabilities (C,) of each image under its key, on the processor."""
        features = self.create_image_features([self.ensure_rgb_image(image) for image in images])
        return dict(zip(keys, self._probabilities(features, txt_features), strict=True))

    def create_batched_probabilities_for_images(
        self,
        images: Sequence[OneImage],
        txt_features: Tensor,
        batch_size: int | None,
        callback: Callback | None = None,
    ) -> dict[str, Tensor]:
        """The same, batch by batch; 4 bytes a label and image stay in memory. `predict` does without."""
        found = self._stream(images, txt_features, batch_size, callback)
        return {self.make_key(images[place], place): probabilities for place, probabilities in found}

    def forward(self, x: Tensor) -> Tensor:
        """The probabilities of prepared images (N, 3, S, S) against the labels that are answered from."""
        return self.create_probabilities(self._encoder.encode_image(x), self._labels())

    def get_tol_repo_id(self) -> str:
        """The data set that holds this model's label files; raises WrongValue."""
        return get_tol_repo_id(self.model_str)

    def get_cached_datafile(self, filename: str) -> str:
        """The path of a file of that data set, from the hub's cache or downloaded into it."""
        return str(cached_datafile(self.get_tol_repo_id(), filename))

    def get_txt_emb(self) -> Tensor:
        """The text embeddings (D, L), float32, on the processor; mapped, so that only what is used is read."""
        return torch.from_numpy(np.load(self.get_cached_datafile(TXT_EMB), mmap_mode="c", allow_pickle=False))

    def get_txt_names(self) -> list[Names]:
        """The names of the labels, in the order of the embeddings."""
        import json

        names: list[Names] = json.loads(Path(self.get_cached_datafile(TXT_NAMES)).read_text(encoding="utf-8"))
        return names

    def _labels(self) -> Tensor:
        """The text features (D, C) that `forward` compares with."""
        raise WrongValue("this classifier has no labels: use one for custom labels or for the tree of life")

    @torch.no_grad()
    def _embed(self, pixels: Sequence[npt.NDArray[Any]], normalize: bool = True) -> Tensor:
        return self._encoder.encode_image(self._encoder.batch(pixels), normalize=normalize)

    @torch.no_grad()
    def _probabilities(self, features: Tensor, txt_features: Tensor) -> Tensor:
        return self.create_probabilities(features, txt_features).cpu()

    def _stream(
        self, images: Sequence[OneImage], txt_features: Tensor, batch_size: int | None, callback: Callback | None
    ) -> Iterator[tuple[int, Tensor]]:
        """The place and the probabilities (C,) of each image in turn; some images' are in memory at a time."""
        done = 0
        progress = None if callback else Progress(total=len(images), label="images")
        try:
            for features in self._features(images, batch_size or len(images)):
                for start in range(0, len(features), _SCORED_AT_ONCE):
                    some = self._probabilities(features[start : start + _SCORED_AT_ONCE], txt_features)
                    yield from zip(range(done + start, len(images)), some, strict=False)
                done += len(features)
                if callback:
                    callback(done, len(images))
                if progress:
                    progress.advance(len(features))
        finally:
            if progress:
                progress.close()

    def _features(self, images: Sequence[OneImage], batch_size: int) -> Iterator[Tensor]:
        """The features of `batch_size` images at a time; the next ones are decoded meanwhile, in threads."""
        pixels = _ahead(images, self._pixels, ahead=batch_size + 2 * available_cpus())
        while chunk := list(islice(pixels, max(1, batch_size))):
            yield self._embed(chunk)

    def _pixels(self, image: OneImage) -> npt.NDArray[Any]:
        return self.preparation.resized(self.ensure_rgb_image(image))


def listed(images: OneImage | Sequence[OneImage]) -> Sequence[OneImage]:
    """One image, or many, as many."""
    return [images] if isinstance(images, str | Path | Image.Image) else images


def _ahead(
    items: Iterable[OneImage], work: Callable[[OneImage], npt.NDArray[Any]], *, ahead: int
) -> Iterator[npt.NDArray[Any]]:
    """Do `work` on the items in threads, and hand the results out in the items' order; the first error ends it."""
    source = iter(items)
    waiting: deque[Future[npt.NDArray[Any]]] = deque()
    with ThreadPoolExecutor(available_cpus(), thread_name_prefix="decode") as pool:
        try:
            waiting.extend(pool.submit(work, item) for item in islice(source, ahead))
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(work, item) for item in islice(source, 1))
                yield result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _settle_tag(model_str: str, pretrained_str: str | None) -> str | None:
    tags = published_tags(model_str)
    if pretrained_str is None and len(tags) > 1:
        raise WrongValue(f"Multiple pretrained tags available {tags}, must provide one")
    return tags[0] if pretrained_str is None and tags else pretrained_str


def published_tags(model_str: str) -> list[str]:
    """The tags of the published weights of an architecture (`ViT-B-16`); none for a model of the hub."""
    return [one.name.partition("/")[0] for one in KNOWN if "/" in one.name and one.name.partition("/")[2] == model_str]


def _find(model_str: str, pretrained_str: str | None) -> Path:
    if pretrained_str is None:
        return find_model(model_str)
    if Path(pretrained_str).exists():
        return find_model(Path(pretrained_str))
    return find_model(f"{pretrained_str}/{model_str}")
