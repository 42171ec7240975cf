"""A batch of answers as `thuja predict --out` writes it, with its photos beside it."""

from collections.abc import Sequence
from pathlib import Path

from tests.web.conftest import TAXA, jpeg

from thuja.predict.answers import Answer, Judgement, Prediction, Question
from thuja.predict.outputs.layout import Layout
from thuja.predict.outputs.rows import open_writer
from thuja.taxonomy import Rank

SCORES = (0.9, 0.3, 0.6, 0.5)
"""How sure the model is of each photo."""


def predictions(names: Sequence[str]) -> list[Prediction]:
    """A prediction a photo, whose best answers go round TAXA; one more that could not be read."""
    made = []
    for number, (name, score) in enumerate(zip(names, SCORES, strict=True)):
        first, second = TAXA[number % 4], TAXA[(number + 1) % 4]
        answers = (
            Answer(text=first.scientific_name, score=score, taxon=first),
            Answer(text=second.scientific_name, score=(1 - score) / 4, taxon=second),
        )
        settled = Answer(text=first.family, score=0.95, taxon=first.at(Rank.FAMILY))
        made.append(Prediction(file_name=name, id=name, judgement=Judgement(answers=answers, settled=settled)))
    return [*made, Prediction(file_name="broken.jpg", id="broken.jpg", error="cannot decode", reason="undecodable")]


def write_batch(folder: Path, kind: str, *, names: Sequence[str] = ()) -> Path:
    """Photos `0.jpg` ... in a folder, and the answers to them beside it."""
    names = names or [f"photos/{number}.jpg" for number in range(len(SCORES))]
    (folder / "photos").mkdir(exist_ok=True)
    for number in range(len(SCORES)):
        (folder / "photos" / f"{number}.jpg").write_bytes(jpeg(number))
    out = folder / f"answers.{kind}"
    layout = Layout(rank=Rank.SPECIES, question=Question(rank=Rank.SPECIES, confidence=0.9))
    with open_writer(out, kind, layout) as writer:
        for prediction in predictions(names):
            writer.write(prediction)
    return out
