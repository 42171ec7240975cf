"""The figures of a report: SVG text drawn by matplotlib in the report's ink, on its paper."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from thuja.embeddings import Vectors
from thuja.errors import BadFile
from thuja.evaluate.scores import Method, Score
from thuja.report import INK
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing
from thuja.taxonomy import Rank, Taxon


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """The rows of a training run's metrics.jsonl; raises BadFile."""
    path = Path(run) / "metrics.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {error}", hint="name the folder that thuja train wrote") from error


def training_curves(metrics: Sequence[Mapping[str, Any]]) -> str | None:
    """Loss, validation measures and speed over steps; None when nothing was logged."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in metrics:
        for key, value in row.items():
            if key != "step" and "step" in row and isinstance(value, int | float) and np.isfinite(value):
                series.setdefault(key, []).append((float(row["step"]), float(value)))
    losses = [key for key in series if key == "loss" or (key.startswith("val") and "loss" in key)]
    measures = [key for key in series if key.startswith("val") and "loss" not in key]
    panels: list[tuple[str, list[str]]] = [
        ("loss", losses),
        ("validation", measures[: len(PALETTE)]),
        ("learning rate", [key for key in ("lr", "learning_rate") if key in series]),
        ("images per second", [key for key in ("images_per_s",) if key in series]),
    ]
    panels = [(title, keys) for title, keys in panels if keys]
    if not panels:
        return None
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    with drawing(8.6, 2.5 * rows, name="curves") as (figure, out):
        for number, (title, keys) in enumerate(panels):
            axes = figure.add_subplot(rows, columns, number + 1)
            for key, colour in zip(keys, cycle(PALETTE), strict=False):
                steps, values = zip(*series[key], strict=True)
                axes.plot(
                    steps,
                    values,
                    color=colour,
                    linewidth=1.4,
                    label=key.replace("_", " "),
                    marker="o" if len(steps) < 12 else None,
                    markersize=3,
                )
            axes.set_title(title)
            axes.set_xlabel("step")
            axes.margins(x=0.02)
            if title != "learning rate":
                top = max(value for key in keys for _, value in series[key])
                axes.set_ylim(0, 1.08 * top or 1)
            if len(keys) > 1:
                axes.legend(fontsize=8.5)
    return out[0]


def rank_bars(scores: Sequence[Score], *, measure: str) -> str | None:
    """For each rank the share that each method gets, and a mark where chance lies.

    `scores` are those of one task and split.
    """
    ranks = list(dict.fromkeys(score.rank for score in scores))
    shown = [Method.MODEL, Method.ROLLED_UP, Method.CENTROID, Method.UNTRAINED_TEXT, Method.UNTRAINED, Method.PIXELS]
    names = {Method.MODEL: "model, text at the rank", Method.ROLLED_UP: "model, species rolled up"}
    colours = dict(zip(shown, (PALETTE[0], PALETTE[5], PALETTE[2], PALETTE[1], PALETTE[4], OTHERS), strict=True))
    values = {(score.method, score.rank): score for score in scores}
    shown = [method for method in shown if any((method, rank) in values for rank in ranks)]
    if not ranks or not shown:
        return None
    width = 0.82 / len(shown)
    with drawing(8.6, 3.2, name="bars-" + scores[0].split + measure) as (figure, out):
        axes = figure.add_subplot()
        for number, method in enumerate(shown):
            places = [place for place, rank in enumerate(ranks) if (method, rank) in values]
            found = [values[method, ranks[place]] for place in places]
            heights = [100 * getattr(score, measure) for score in found]
            middles = [place + (number - (len(shown) - 1) / 2) * width for place in places]
            axes.bar(middles, heights, width * 0.9, color=colours[method], label=names.get(method, method.value))
            ends = [getattr(score, f"{measure}_interval") for score in found]
            for middle, end in zip(middles, ends, strict=True):
                if end is not None:
                    axes.plot([middle, middle], [100 * end[0], 100 * end[1]], color=INK, linewidth=0.9)
        for place, rank in enumerate(ranks):
            chance = 100 * getattr(values[Method.CHANCE, rank], measure)
            label = "chance" if place == 0 else None
            axes.plot(
                [place - 0.45, place + 0.45],
                [chance, chance],
                color=INK,
                linewidth=1.3,
                linestyle=(0, (3, 2)),
                label=label,
            )
        axes.set_xticks(range(len(ranks)), ranks)
        axes.set_ylabel("per cent")
        axes.set_ylim(0, 100)
        figure.legend(loc="outside upper left", ncols=3, fontsize=8.5)
    return out[0]


def confusion_map(table: npt.NDArray[np.int64], names: Sequence[str], *, title: str, most: int = 24) -> str:
    """True taxa as rows, answers as columns, each row a share of 1; the commonest `most` taxa."""
    totals = table.sum(axis=1)
    kept = np.sort(np.argsort(-totals, kind="stable")[: min(most, int((totals > 0).sum()))])
    shares = table[np.ix_(kept, kept)] / totals[kept, None]
    count = len(kept)
    side = 1.9 + 0.2 * count
    with drawing(side + 1.2, side, name="confusion-" + title) as (figure, out):
        axes = figure.add_subplot()
        mesh = axes.pcolormesh(shares, cmap="viridis", vmin=0, vmax=1, edgecolors="none")
        axes.invert_yaxis()
        axes.set_aspect("equal")
        labels = [names[index] for index in kept]
        axes.set_xticks(np.arange(count) + 0.5, labels, rotation=90, fontsize=8)
        axes.set_yticks(np.arange(count) + 0.5, labels, fontsize=8)
        axes.tick_params(length=0)
        axes.set_xlabel("answer")
        axes.set_ylabel("truth")
        axes.set_title(title)
        bar = figure.colorbar(mesh, ax=axes, shrink=0.6, aspect=18)
        bar.outline.set_visible(False)
    return out[0]


def flat_map(vectors: Vectors, *, seed: int = 0) -> npt.NDArray[np.float64]:
    """(N, D) to (N, 2): PCA to at most 50 dimensions, then t-SNE; by PCA alone below 20 vectors."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    wide = np.asarray(vectors, dtype=np.float64)
    narrow = PCA(n_components=min(50, *wide.shape), svd_solver="full").fit_transform(wide)
    if len(narrow) < 20:
        return np.pad(narrow, ((0, 0), (0, 2)))[:, :2]
    perplexity = min(30.0, (len(narrow) - 1) / 4)
    flat = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed).fit_transform(narrow)
    return np.asarray(flat, dtype=np.float64)


def rank_maps(points: npt.NDArray[np.float64], taxa: Sequence[Taxon], ranks: Sequence[Rank]) -> str:
    """The same 2-D map once a rank, the eight commonest taxa of the rank in colour."""
    columns = min(2, len(ranks))
    rows = -(-len(ranks) // columns)
    with drawing(8.6, 4.0 * rows, name="map") as (figure, out):
        for number, rank in enumerate(ranks):
            _draw_map(
                figure.add_subplot(rows, columns, number + 1), points, [_name(taxon, rank) for taxon in taxa], rank=rank
            )
    return out[0]


def _name(taxon: Taxon, rank: Rank) -> str:
    """The taxon's name at a rank, a species' in full, or nothing if it has none there."""
    return taxon.at(rank).scientific_name if taxon[rank] else ""


def _draw_map(axes: Axes, points: npt.NDArray[np.float64], names: Sequence[str], *, rank: Rank) -> None:
    common = [name for name, _ in Counter(name for name in names if name).most_common(len(PALETTE))]
    place = np.array([common.index(name) if name in common else -1 for name in names])
    size = float(np.clip(3000 / max(len(points), 1), 3, 24))
    distinct = len(set(names) - {""})
    x, y = points.T
    if (place < 0).any():
        axes.scatter(
            x[place < 0],
            y[place < 0],
            color=OTHERS,
            label=f"{distinct - len(common)} others",
            s=size,
            linewidths=0,
            alpha=0.8,
        )
    for number, name in enumerate(common):
        axes.scatter(
            x[place == number], y[place == number], color=PALETTE[number], label=name, s=size, linewidths=0, alpha=0.8
        )
    axes.set_title(f"{rank.label} ({distinct})")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=3,
        fontsize=7.5,
        handletextpad=0.1,
        columnspacing=0.8,
        markerscale=1.6,
    )
