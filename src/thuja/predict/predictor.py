"""The Predictor: a model and its labels, and a stream of answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from thuja.classify import Clades, posteriors, top_k
from thuja.embeddings import Vectors
from thuja.encode import EncodeOptions, Encoder, Hardware, encode_texts, stream_images
from thuja.errors import EmptyInput, UsageError
from thuja.images.finding import find_images
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.published import find_model
from thuja.phrasing import PROMPTS
from thuja.taxonomy import Rank, Taxon

LABELS = "labels"
"""The folder beside a model's weights that holds the label space it answers from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One thing that an image may show. `taxon` is None for a custom label; scores of all labels sum to 1."""

    text: str
    score: float
    taxon: Taxon | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The answers to one image, best first; or none, and why: a short `reason` and a sentence."""

    file_name: str
    answers: tuple[Answer, ...] = ()
    reason: str = ""
    error: str = ""


class Predictor:
    """Names what is on pictures, from the taxa a model knows or from labels of your own.

    `model` is a Model, its folder (or the run that trained it), a published model's name, or None
    for the one that is at hand. `labels` is a LabelSpace, the folder of one, a list of texts, or
    None for the label space saved beside the model. Raises UsageError when there is none.

    A Model runs as it stands. One that is named runs as `hardware` says, by default in the fastest
    way there is here, which may be bfloat16. Large JPEGs are decoded in full when `is_exact`.
    """

    def __init__(
        self,
        model: Model | Path | str | None = None,
        *,
        labels: LabelSpace | Path | Sequence[str] | None = None,
        prompts: Sequence[str] = PROMPTS,
        hardware: Hardware | None = None,
        is_exact: bool = False,
    ) -> None:
        folder = None if isinstance(model, Model) else find_model(model)
        if isinstance(model, Model) and hardware is None:
            self._encoder = Encoder.plain(model)
        else:
            self._encoder = Encoder.prepare(model if isinstance(model, Model) else Model.load(_given(folder)), hardware)
        self.model, self.is_exact = self._encoder.model, is_exact
        self.labels = self._settle_labels(labels, folder, prompts)
        self._scale = float(self.model.scale().detach())

    def predict(
        self,
        images: Iterable[str | Path],
        *,
        rank: Rank | str | None = None,
        k: int | None = None,
        batch_size: int = 16,
    ) -> Iterator[Prediction]:
        """One Prediction an image, in order, as they are made.

        `images` are files, folders and glob patterns. `rank` sums the labels' probabilities up the
        tree; None is species for taxa. `k` answers an image: by default five, or all custom labels,
        or as many as there are. Raises UsageError (before the first image is read) for a rank with
        custom labels or a k that is not between 1 and the number of labels, EmptyInput for no image.
        """
        clades = self._clades(rank)
        count = len(self.labels) if clades is None else len(clades.taxa)
        if k is not None and not 1 <= k <= count:
            thing = "labels" if clades is None else "taxa at that rank"
            raise UsageError(f"cannot give the best {k} of {count} {thing}", hint=f"choose k between 1 and {count}")
        files = find_images(images)
        default = min(5, count) if self.labels.taxa else count
        return self._stream(files, clades, default if k is None else k, batch_size)

    def answer(self, vectors: Vectors, *, rank: Rank | str | None = None, k: int = 5) -> list[tuple[Answer, ...]]:
        """The k best answers to each of (N, D) normalised image vectors."""
        return list(self._answers(vectors, self._clades(rank), k))

    def _stream(self, files: Sequence[Path], clades: Clades | None, k: int, batch_size: int) -> Iterator[Prediction]:
        # Ids are positions: a file named twice is answered twice, and a batch's good and bad images
        # can be put back into their order.
        named = ((str(place), file) for place, file in enumerate(files))
        options = EncodeOptions(batch_size=batch_size, is_exact=self.is_exact)
        for batch in stream_images(self._encoder, named, options):
            answers = self._answers(batch.vectors, clades, k) if batch.ids else iter(())
            made = {int(name): Prediction(file_name=str(files[int(name)]), answers=next(answers)) for name in batch.ids}
            for failure in batch.errors:
                place = int(failure.id)
                file_name = str(files[place])
                made[place] = Prediction(file_name=file_name, reason=failure.reason, error=failure.message)
            for place in sorted(made):
                yield made[place]

    def _answers(self, vectors: Vectors, clades: Clades | None, k: int) -> Iterator[tuple[Answer, ...]]:
        choices = self._choices(clades)
        for block in posteriors(vectors, self.labels, scale=self._scale):
            best = top_k(block if clades is None else clades.gather(block), k)
            for indices, scores in zip(best.indices.tolist(), best.scores.tolist(), strict=True):
                yield tuple(
                    Answer(text=choices[index][0], taxon=choices[index][1], score=score)
                    for index, score in zip(indices, scores, strict=True)
                )

    def _choices(self, clades: Clades | None) -> list[tuple[str, Taxon | None]]:
        if clades is not None:
            return [(taxon.scientific_name, taxon) for taxon in clades.taxa]
        if self.labels.taxa:
            return list(zip(self.labels.texts, self.labels.taxa, strict=True))
        return [(text, None) for text in self.labels.texts]

    def _clades(self, rank: Rank | str | None) -> Clades | None:
        """How to gather labels for a rank; None where every label is an answer of its own."""
        wanted = Rank.parse(rank) if isinstance(rank, str) else rank
        if wanted is None:
            return None
        if not self.labels.taxa:
            raise UsageError("custom labels have no ranks", hint="leave out either the rank or the labels")
        is_whole = wanted == Rank.SPECIES and len(set(self.labels.taxa)) == len(self.labels)
        return None if is_whole else Clades.of(self.labels, wanted)

    def _settle_labels(
        self, labels: LabelSpace | Path | Sequence[str] | None, folder: Path | None, prompts: Sequence[str]
    ) -> LabelSpace:
        if labels is None:
            labels = _saved_labels(folder)
        if isinstance(labels, Path):
            labels = LabelSpace.load(labels)
        if not isinstance(labels, LabelSpace):
            return self._encode_labels([labels] if isinstance(labels, str) else labels, prompts)
        if labels.vectors.shape[1] != self.model.config.embed_dim:
            raise UsageError(
                f"the labels were made by {labels.model} and have {labels.vectors.shape[1]} dimensions, the model "
                f"{self.model.id} has {self.model.config.embed_dim}",
                hint="make the labels again with this model",
            )
        if labels.model != self.model.id:
            raise UsageError(
                f"the labels were made by {labels.model}, not by the model {self.model.id}",
                hint="make the labels again with this model",
            )
        return labels

    def _encode_labels(self, texts: Sequence[str], prompts: Sequence[str]) -> LabelSpace:
        cleaned = [" ".join(text.split()) for text in texts]
        cleaned = [text for text in cleaned if text]
        if not cleaned:
            raise EmptyInput("the list of labels is empty", hint="give at least one label")
        twice = sorted({text for text in cleaned if cleaned.count(text) > 1})
        if twice:
            raise UsageError(f'the label "{twice[0]}" stands twice', hint="give each label once")
        return LabelSpace(
            texts=cleaned, vectors=encode_texts(self.model, cleaned, prompts=prompts), model=self.model.id
        )


def _given(folder: Path | None) -> Path:
    assert folder is not None
    return folder


def _saved_labels(folder: Path | None) -> Path:
    if folder is None or not (folder / LABELS).is_dir():
        where = f"in {folder / LABELS}" if folder is not None else "with the model"
        raise UsageError(
            f"there are no labels {where}, so there is nothing to choose from",
            hint="name your own: --label TEXT (repeated) or --labels FILE",
        )
    return folder / LABELS
