"""What is said of examples before they answer: how many, what they are worth, and what was left out."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from thuja.classify.examples.columns import TargetKind
from thuja.classify.examples.heads import HeadKind
from thuja.classify.examples.intervals import Share
from thuja.classify.examples.targets import TargetScore
from thuja.predict.examples.blended import Blended
from thuja.predict.examples.learnt import Examples
from thuja.predict.examples.targets import ExampleTarget
from thuja.predict.remarks import Remark

_HEADS = {HeadKind.CENTROID: "nearest class mean", HeadKind.PROBE: "linear probe", HeadKind.KNN: "nearest examples"}


def told_examples(examples: Examples, blended: Blended | None = None) -> Iterator[Remark]:
    """The lines that `thuja predict --examples` writes to stderr."""
    yield from map(Remark, _told_examples(examples))
    if blended is not None:
        yield from _told_blend(blended)
    yield from map(Remark, chain.from_iterable(map(_told_target, examples.targets.values())))


def _told_examples(examples: Examples) -> Iterator[str]:
    named = int((examples.labels >= 0).sum())
    groups = len(set(examples.observations.tolist()))
    yield f"examples: {named:,} images of {len(examples.classes):,} classes, {groups:,} observations"
    if examples.copies:
        yield f"  {examples.copies:,} are copies of another, and count as one observation with it"
    for reason, count in Counter(failure.reason for failure in examples.failures).most_common():
        first = next(failure for failure in examples.failures if failure.reason == reason)
        yield f"  {count:,} cannot be used ({reason}): {first.message}"
    yield from _told_head(examples)


def _told_head(examples: Examples) -> Iterator[str]:
    head = examples.head
    if head is None:
        return
    yield f"head: {_HEADS[head.head.kind]}"
    for why in head.skipped.values():
        yield f"  {why}"
    if head.accuracy is None:
        yield "  no class has two observations, so none can be left out to say how often it is right"
        return
    yield (
        f"  right on observations left out: {head.accuracy}, of {head.accuracy.images:,} images; "
        f"the commonest class {100 * head.majority:.1f} %, chance {100 * head.chance:.1f} %"
    )
    if head.alone:
        yield f"  {head.alone:,} more are of classes with one observation, which cannot be left out"


def _told_blend(blended: Blended) -> Iterator[Remark]:
    without = f"; classes without a text: {blended.new:,}" if blended.new else ""
    yield Remark(
        f"blend: weight {blended.weight:.2f} of examples against {len(blended.labels) - blended.new:,} labels{without}"
    )
    if blended.new:
        yield Remark(
            "  classes of examples get half or more of every photo while no text names one of them, whatever it shows: "
            "call a species by its scientific name",
            "or say --blend none where nothing else can be on a photo",
        )
    if blended.accuracy is not None and blended.by_text is not None:
        yield Remark(
            "  right on observations left out, among all labels: "
            f"{_short(blended.accuracy)}; by text alone {_short(blended.by_text)}"
        )


def _told_target(target: ExampleTarget) -> Iterator[str]:
    empty = f", {target.empty:,} empty cells left out" if target.empty else ""
    yield f"target {target.name}: a {_KINDS[target.kind]} of {len(target.rows):,} examples{empty}"
    if target.unlearnt:
        yield f"  not learnt, because they stand or lack on fewer than two observations: {', '.join(target.unlearnt)}"
    yield f"  on observations left out: {_score(target.score)}"
    if target.rank is None:
        yield "  too few clades to leave any out: of unknown organisms nothing can be said"
    elif target.by_clade is None:
        yield f"  no value stands in two {_PLURALS[target.rank.label]}: of unknown ones nothing can be said"
    else:
        yield f"  on {_PLURALS[target.rank.label]} left out: {_score(target.by_clade)}"


_KINDS = {TargetKind.CATEGORY: "category", TargetKind.SEVERAL: "set of labels", TargetKind.NUMBER: "number"}
_PLURALS = {"family": "families", "order": "orders", "genus": "genera", "species": "species"}


def _score(score: TargetScore) -> str:
    alone = f"; {score.alone:,} more cannot be right" if score.alone else ""
    of = f"of {score.images:,} images in {score.groups:,} groups{alone}"
    if score.measure == "mean error":
        return (
            f"mean error {score.value:.3g} ({score.low:.3g} to {score.high:.3g}), "
            f"of the mean alone {score.baseline:.3g}, {of}"
        )
    blind = "the commonest" if score.measure == "accuracy" else "said blindly"
    value, low, high, base = (f"{100 * number:.1f}" for number in (score.value, score.low, score.high, score.baseline))
    return f"{score.measure} {value} % ({low} to {high}), {blind} {base} %, {of}"


def _short(share: Share) -> str:
    return str(share)
