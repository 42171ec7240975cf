"""A judge whose answers are checked by eye: the nearer of two taxa, by one coordinate of the vector."""

from collections.abc import Mapping, Sequence

from thuja.embeddings import Vectors
from thuja.encode import Encoder
from thuja.model import Model
from thuja.predict.answers import Answer, Judgement
from thuja.predict.inputs.queries import Query
from thuja.predict.inputs.seeing import Note
from thuja.predict.outputs.exports import About
from thuja.predict.outputs.layout import Layout
from thuja.taxonomy import Taxon

RAVEN = Taxon.from_names(
    ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"], "raven, common"
)
MAGPIE = Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Pica", "pica"], "magpie")


class CoinJudge:
    """Says how likely a raven is by the first number of a vector; counts what it was asked."""

    def __init__(self, model: Model, *, layout: Layout | None = None, tuned: int = 0) -> None:
        self.encoder = Encoder.plain(model)
        self.layout = layout or Layout()
        self.about = About(model=model.id)
        self.note: Note | None = None
        self.tuned = tuned
        self.judged: list[str] = []

    def plan(self) -> Mapping[str, object]:
        return {"labels": "two corvids", "tuned": self.tuned}

    def judge(self, queries: Sequence[Query], vectors: Vectors) -> Sequence[Judgement]:
        self.judged += [query.file_name for query in queries]
        made = []
        for vector in vectors:
            share = float((vector[0] + 1) / 2)
            both = [Answer(text="Corvus corax", score=share, taxon=RAVEN)]
            both.append(Answer(text="Pica pica", score=1 - share, taxon=MAGPIE))
            made.append(Judgement(answers=tuple(sorted(both, key=lambda answer: -answer.score))))
        return made
