"""What a run says of its course: where it begins, what it is at, how it ends."""

import json
from collections.abc import Mapping
from pathlib import Path

from thuja.jobs import say
from thuja.train.metrics import FILE
from thuja.train.optim import warmup_of
from thuja.train.recipe import Recipe


def tell_beginning(recipe: Recipe, *, step: int, last: int, total: int) -> None:
    """Say where a run goes on, or that nothing is left of it, and that its warm-up is shorter than the recipe's."""
    if step >= last:
        say(f"already complete at step {step:,}")
        return
    if step:
        say(f"going on at step {step:,} of {last:,}")
    elif warmup_of(recipe.warmup_steps, total) < recipe.warmup_steps:
        say(told_warmup(recipe, total))


def told_warmup(recipe: Recipe, total: int) -> str:
    """The warm-up of a run of that many steps, which takes half of it at most."""
    taken = warmup_of(recipe.warmup_steps, total)
    short = "" if taken == recipe.warmup_steps else f" (the recipe: {recipe.warmup_steps:,}): half of the run at most"
    return f"warm-up {taken:,} steps{short}"


def tell_end(out: Path, *, metric: str, step: int, total: int) -> None:
    """Say the last check and the best one, and how much of the schedule is left where the run was to end before it."""
    if said := told_checks(out, metric):
        say(said)
    if step < total:
        say(f"step {step:,} of the {total:,} of its schedule; --resume without --steps goes on")


def told_checks(out: Path, metric: str) -> str:
    """The last check of the log by that metric and the best one, whose model is in `best/`; "" where there is none."""
    rows = (json.loads(line) for line in (out / FILE).read_text(encoding="utf-8").splitlines())
    checks = [(row[f"val_{metric}"], row["step"]) for row in rows if f"val_{metric}" in row]
    if not checks:
        return ""
    best, at = max(checks, key=lambda check: check[0])
    score, last = checks[-1]
    return f"checked by {metric}: {score:.4f} at step {last:,}, best {best:.4f} at step {at:,} (in best/)"


def told_loss(row: Mapping[str, float | str]) -> str:
    """The loss of a step, and its terms where there are several; a single stream's are named by objective alone.

    >>> told_loss({"loss": 3.0, "loss_life/taxonomy": 2.0, "loss_life/caption": 1.0})
    'loss 3.000 (taxonomy 2.000, caption 1.000)'
    """
    terms = {name.removeprefix("loss_"): value for name, value in row.items() if name.startswith("loss_")}
    streams = {name.partition("/")[0] for name in terms}
    if len(streams) == 1:
        terms = {name.partition("/")[2] or name: value for name, value in terms.items()}
    said = ", ".join(f"{name} {value:.3f}" for name, value in terms.items())
    return f"loss {row['loss']:.3f}" + (f" ({said})" if said else "")
