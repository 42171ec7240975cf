"""One prediction as a card of the page: its image, how deep the answer goes, and what it was weighed against.

Everything that came from outside (file names, labels, errors) goes through `escape`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from thuja.errors import ImageError
from thuja.images import decode, encode_jpeg, read_bytes, to_rgb
from thuja.predict.answers import Answer, Guess, Judgement, Prediction, Question
from thuja.predict.why.explanations import Explanation, box_of, share
from thuja.predict.why.overlay import overlaid
from thuja.report import data_uri, escape

_THUMB: Final = 288
_QUALITY: Final = 80
_DOUBTED: Final = 0.5
"""From this chance on that a taxon is not among the labels, the card says so."""

Content = bytes | Path | Image.Image


def card(prediction: Prediction, image: Content | None, explanation: Explanation | None, *, question: Question) -> str:
    """The card as an HTML list item."""
    if prediction.error:
        return _error_card(prediction, image)
    judgement = prediction.judgement
    best = headline(judgement, question)
    facts = {
        "data-score": f"{best.score:.6f}" if best else "0",
        "data-text": _sought(prediction),
        "data-kind": " ".join(kinds(judgement, question)),
    }
    parts = [
        _sight(prediction, image, explanation),
        '<div class="said">',
        _title(best, question),
        _source(prediction),
        *_flags(judgement),
        _off_path(best, judgement),
        _path(judgement) if judgement.path else _ranking(judgement.answers),
        _coverage(judgement, question),
        _targets(judgement),
        _weighed(prediction, explanation, best),
        "</div>",
    ]
    return _item("card", facts, parts)


def headline(judgement: Judgement, question: Question) -> Answer | None:
    """What a card is headed by: the taxon that reaches the confidence, if one was asked for, else the best answer."""
    if question.confidence is not None:
        return judgement.settled
    return judgement.answers[0] if judgement.answers else None


def kinds(judgement: Judgement, question: Question) -> list[str]:
    """What the page's filter tells apart."""
    found = ["unseen"] if doubted(judgement) else []
    return [*found, *(["open"] if question.confidence is not None and judgement.settled is None else [])]


def doubted(judgement: Judgement) -> list[tuple[str, float]]:
    """The ranks at which the organism's taxon is likely not among the labels, from the highest, and how likely."""
    return [(rank.label, chance) for rank, chance in sorted(judgement.unseen.items()) if chance >= _DOUBTED]


def _error_card(prediction: Prediction, image: Content | None) -> str:
    facts = {"data-score": "-1", "data-text": _sought(prediction), "data-kind": "error"}
    why = escape(prediction.error)
    reason = f"<code>{escape(prediction.reason)}</code> " if prediction.reason else ""
    return _item(
        "card failed",
        facts,
        [
            _sight(prediction, image, None),
            '<div class="said"><h3>No answer</h3>',
            _source(prediction),
            f'<p class="why">{reason}{why}</p></div>',
        ],
    )


def _item(kind: str, facts: dict[str, str], parts: Iterable[str]) -> str:
    told = "".join(f' {name}="{escape(value)}"' for name, value in facts.items())
    return f'<li class="{kind}"{told}>{"".join(parts)}</li>\n'


def _sought(prediction: Prediction) -> str:
    """What the page's search looks through."""
    taxa = [answer.taxon for answer in prediction.answers[:1] if answer.taxon is not None]
    words = [prediction.file_name, prediction.id, *(answer.text for answer in prediction.answers[:1])]
    words += [word for taxon in taxa for word in (taxon.taxonomic_name, taxon.common)]
    return " ".join(dict.fromkeys(words)).lower()


def _sight(prediction: Prediction, image: Content | None, explanation: Explanation | None) -> str:
    """The image with its box, and beside it the image under its map."""
    shown = explanation.image if explanation is not None else image
    drawn = None if shown is None else _thumb(shown)
    if drawn is None:
        return '<div class="sight"><div class="blank">no image</div></div>'
    box = _frame(prediction.box) if prediction.box else ""
    figures = f'<figure><span class="shot">{_img(drawn, "")}{box}</span></figure>'
    if explanation is not None and explanation.heat is not None and explanation.rival is not None:
        heated = _img(overlaid(drawn, explanation.heat, explanation.seen), "heat map")
        legend = (
            f'<span class="gain">{escape(explanation.answer.text)}</span> '
            f'<span class="loss">{escape(explanation.rival.text)}</span>'
        )
        figures += (
            f'<figure><span class="shot">{heated}</span><figcaption>where it speaks for {legend}</figcaption></figure>'
        )
    return f'<div class="sight">{figures}</div>'


def _thumb(content: Content) -> Image.Image | None:
    """A small upright RGB image; None where the content is none, which the card of an error has said already."""
    try:
        if isinstance(content, Image.Image):
            image = to_rgb(content)
        else:
            data = read_bytes(content) if isinstance(content, Path) else content
            image = decode(data, draft=2 * _THUMB)
    except ImageError:
        return None
    image.thumbnail((_THUMB, _THUMB))
    return image


def _img(image: Image.Image, alt: str) -> str:
    return (
        f'<img alt="{alt}" loading="lazy" width="{image.width}" height="{image.height}" '
        f'src="{data_uri(encode_jpeg(image, _QUALITY))}">'
    )


def _frame(box: str) -> str:
    x, y, width, height = box_of(box)
    return (
        f'<span class="box" style="left:{x:.2%};top:{y:.2%};width:{width:.2%};height:{height:.2%}" '
        'role="img" aria-label="the box that was answered for"></span>'
    )


def _title(best: Answer | None, question: Question) -> str:
    if best is None:
        wanted = f" reaches {share(question.confidence)}" if question.confidence is not None else ""
        return f"<h3>Nothing{wanted}</h3>"
    common = best.taxon.common if best.taxon is not None else ""
    also = f" <small>{escape(common)}</small>" if common and common != best.text else ""
    return f"<h3>{_named(best)}{also}</h3>"


def _named(answer: Answer) -> str:
    """A taxon's name, in italics from the genus down."""
    taxon = answer.taxon
    is_low = taxon is not None and bool(taxon.genus or taxon.species)
    return f"<i>{escape(answer.text)}</i>" if is_low else escape(answer.text)


def _source(prediction: Prediction) -> str:
    words = [prediction.file_name]
    if prediction.id and prediction.id != prediction.file_name:
        words.append(prediction.id)
    if prediction.box:
        words.append("one box")
    if prediction.images > 1:
        words.append(f"{prediction.images:,} images pooled")
    return f'<p class="file">{" · ".join(map(escape, words))}</p>'


def _flags(judgement: Judgement) -> list[str]:
    found = doubted(judgement)
    if not found:
        return []
    rank, chance = found[0]
    return [f'<p class="flag">Its {escape(rank)} may not be among the labels ({share(chance)})</p>']


def _off_path(best: Answer | None, judgement: Judgement) -> str:
    """The answer by itself, where the path, which takes the likeliest step at each rank, leads elsewhere."""
    if best is None or not judgement.path or _is_on(judgement.path, best):
        return ""
    return f'{_ranking([best])}<p class="more">By the likeliest step at each rank:</p>'


def _is_on(path: Sequence[Answer], answer: Answer) -> bool:
    return any((one.text, one.taxon) == (answer.text, answer.taxon) for one in path)


def _path(judgement: Judgement) -> str:
    """The chain from the kingdom down; what lies below the settled taxon is dimmed."""
    settled, rows, is_beyond = judgement.settled, [], False
    for answer in judgement.path:
        is_last = settled is not None and answer.taxon == settled.taxon and answer.text == settled.text
        kind = "settled" if is_last else "beyond" if is_beyond else ""
        rows.append(_rung(answer, kind, note="settled" if is_last else ""))
        is_beyond = is_beyond or is_last
    return f'<ol class="path">{"".join(rows)}</ol>'


def _ranking(answers: Sequence[Answer]) -> str:
    return f'<ol class="path">{"".join(_rung(answer, "") for answer in answers)}</ol>'


def _rung(answer: Answer, kind: str, *, note: str = "") -> str:
    rank = answer.taxon.rank if answer.taxon is not None else None
    label = f'<span class="rank">{rank.label}</span>' if rank is not None else ""
    width = f"{min(max(answer.score, 0.0), 1.0):.1%}"
    placed = ""
    if answer.unplaced is not None:
        placed = f' <small class="unplaced">{share(answer.unplaced)} without the place</small>'
    badge = f' <b class="badge">{note}</b>' if note else ""
    return (
        f'<li{_class(kind)}><span class="name">{label}{_named(answer)}{badge}{placed}</span>'
        f'<span class="bar"><span style="width:{width}"></span></span>'
        f'<span class="pct">{share(answer.score)}</span></li>'
    )


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _coverage(judgement: Judgement, question: Question) -> str:
    if judgement.within is None:
        return ""
    asked = f"{share(question.coverage)} set" if question.coverage is not None else "Set"
    names = ", ".join(_named(answer) for answer in judgement.within) or "empty: none of the labels"
    return f'<p class="set"><b>{asked}</b> {names}</p>'


def _targets(judgement: Judgement) -> str:
    told = [f"<dt>{escape(name)}</dt><dd>{_guess(guess)}</dd>" for name, guess in judgement.targets.items()]
    return f'<dl class="targets">{"".join(told)}</dl>' if told else ""


def _guess(guess: Guess) -> str:
    if isinstance(guess.value, tuple):
        text = ", ".join(guess.value) or "none"
    else:
        text = f"{guess.value:.4g}" if isinstance(guess.value, float) else guess.value
    if guess.low is not None and guess.high is not None:
        text += f" ({guess.low:.4g} to {guess.high:.4g})"
    return escape(text if guess.probability is None else f"{text} {share(guess.probability)}")


def _weighed(prediction: Prediction, explanation: Explanation | None, best: Answer | None) -> str:
    """Behind a fold: the other answers, and the siblings that an explanation adds."""
    parts = []
    judgement = prediction.judgement
    rest = [one for one in prediction.answers if one != best and not _is_on(judgement.path, one)]
    rest = rest if judgement.path else []
    if rest:
        parts.append(f"<h4>Other answers</h4>{_ranking(rest)}")
    if explanation is not None and explanation.siblings:
        clade = f"within {escape(explanation.clade.scientific_name)}" if explanation.clade else "among all"
        more = ""
        if explanation.others:
            more = f'<p class="more">and {explanation.others:,} more, {share(explanation.others_score)} together</p>'
        parts.append(f"<h4>Weighed against, {clade}</h4>{_ranking(explanation.siblings)}{more}")
    return f"<details><summary>Rivals</summary>{''.join(parts)}</details>" if parts else ""
