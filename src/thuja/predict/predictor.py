"""The Predictor: a model and its labels, and a stream of answers."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from thuja.classify.priors.ranges import Occasion
from thuja.embeddings import Vectors
from thuja.encode import EncodeOptions, Encoder, Hardware
from thuja.errors import EmptyInput, ThujaError
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.published import find_model
from thuja.predict.answering import answered
from thuja.predict.answers import Judgement, Prediction, Question
from thuja.predict.asked import Asked
from thuja.predict.inputs.finding import DEFAULT_INPUT, InputOptions, Inputs, Named, find_inputs
from thuja.predict.inputs.grouping import pooled
from thuja.predict.job import seen_by
from thuja.predict.opening import Base, Given, open_among
from thuja.predict.options import PredictorOptions
from thuja.taxonomy import Rank


class Predictor:
    """Names what is on images, from the taxa a model knows or from labels of your own.

    `model` is a Model, its folder (or the run that trained it), a published model's name, or None
    for the one that is at hand. `labels` is a LabelSpace, the folder of one, a list of texts, or
    None for the label space saved beside the model; `within` leaves those below a taxon, or any of several.
    `options` say how else labels are chosen, and how they are weighed. `told` are sentences on what came of it.

    A Model runs as it stands. One that is named runs as `hardware` says, by default in the fastest
    way there is here, which may be bfloat16. Raises UsageError for choices that contradict each other.
    """

    def __init__(
        self,
        model: Model | Path | str | None = None,
        *,
        labels: Given = None,
        within: str | Sequence[str] = (),
        options: PredictorOptions | None = None,
        hardware: Hardware | None = None,
    ) -> None:
        self.options = options or PredictorOptions()
        self.folder = None if isinstance(model, Model) else find_model(model)
        if isinstance(model, Model) and hardware is None:
            self.encoder = Encoder.plain(model)
        else:
            self.encoder = Encoder.prepare(
                model if isinstance(model, Model) else Model.load(_given(self.folder)), hardware
            )
        self.model = self.encoder.model
        self.name = None if isinstance(model, Model) or model is None else str(model)
        opened = open_among(
            Base(encoder=self.encoder, folder=self.folder, name=self.name),
            labels,
            within=[within] if isinstance(within, str) else within,
            options=self.options,
        )
        self.among, self.examples, self.told = opened.among, opened.examples, opened.told

    @property
    def labels(self) -> LabelSpace:
        """The labels that answers are chosen from."""
        return self.among.labels

    def asked(self, question: Question | None = None) -> Asked:
        """This predictor with one question, as a job takes it; raises UsageError for what it cannot answer."""
        return Asked(self.encoder, self.among, question or Question(), examples=self.examples, name=self.name)

    def predict(
        self,
        images: Iterable[Named] | Named,
        *,
        rank: Rank | str | None = None,
        k: int | None = None,
        confidence: float | None = None,
        coverage: float | None = None,
        given: InputOptions = DEFAULT_INPUT,
    ) -> Iterator[Prediction]:
        """One Prediction an image, or a box or group of them, in order, as they are made.

        `images` are files, folders and glob patterns, tables, shards, URLs; PIL images, arrays (H, W, 3), bytes; or
        Embeddings made already. `rank` sums the labels' probabilities up the tree; None is species for taxa. `k`
        answers each: by default five, or all custom labels, or as many as there are. See Question for `confidence`
        and `coverage`, InputOptions for tables and groups. Raises UsageError (before the first image is read) for
        what cannot be answered, EmptyInput for no image.
        """
        wanted = Rank.parse(rank) if isinstance(rank, str) else rank
        asked = self.asked(Question(rank=wanted, k=k, confidence=confidence, coverage=coverage))
        inputs = find_inputs(images, given)
        inputs.require_made_by(self.model.id, self.model.config.embed_dim)
        return self._stream(asked, inputs, given)

    def judge(
        self, vectors: Vectors, question: Question | None = None, *, occasions: Sequence[Occasion] = ()
    ) -> list[Judgement]:
        """A Judgement for each of (N, D) vectors of length one, and the place and date of each where they are known."""
        if occasions and len(occasions) != len(vectors):
            raise ThujaError(f"{len(occasions)} places and dates for {len(vectors)} vectors")
        return self.asked(question).judged(vectors, occasions or [Occasion()] * len(vectors))

    def _stream(self, asked: Asked, inputs: Inputs, given: InputOptions) -> Iterator[Prediction]:
        options = EncodeOptions(batch_size=self.options.batch_size, is_exact=self.options.is_exact)
        seen = seen_by(asked, inputs, inputs.queries(), options)
        if given.group_by is not None:
            seen = pooled(seen, inputs.group_sizes())
        is_empty = True
        for prediction in answered(asked, seen, first=options.batch_size):
            is_empty = False
            yield prediction
        if is_empty:
            raise EmptyInput(f"no image in {inputs.name}", hint="a folder counts .jpg, .png, .tif, .webp and others")


def _given(folder: Path | None) -> Path:
    assert folder is not None, "a model that is named has a folder"
    return folder
