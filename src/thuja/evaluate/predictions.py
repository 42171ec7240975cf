"""Every answer that a score is made of: one row a picture, kept beside the scores."""

import numpy as np
import pyarrow as pa

from thuja.evaluate.exposure import imagenet_class
from thuja.evaluate.run import ALL_NAMES, Answered, Evaluation
from thuja.evaluate.scores import Method
from thuja.taxonomy import RANKS, Rank


def predictions(evaluation: Evaluation) -> pa.Table:
    """A row for each picture of each split.

    `uuid`, `split`, the true names by rank; for each rank `<rank>_by_text` and `<rank>_rolled_up`
    with their scores (null where the question was not put); and of the species question the five
    best names and scores, among trained names (`top_*`) and among all (`all_names_*`). With an
    ImageNet trunk, `imagenet_class` is the rank at which a class of ImageNet holds the true taxon. The chapters'
    columns follow: `<rank>_top_down` and `<rank>_sizes_corrected` with scores, `training_images` and `novelty`.
    """
    parts = [_of_split(evaluation, split) for split in evaluation.pictures]
    return pa.concat_tables(parts, promote_options="default")


def _of_split(evaluation: Evaluation, split: str) -> pa.Table:
    pictures = evaluation.pictures[split]
    count = len(pictures)
    columns: dict[str, pa.Array] = {
        "uuid": pa.array(pictures.ids, pa.string()),
        "split": pa.array([split] * count, pa.string()),
        **{rank.label: pa.array([taxon[rank] or None for taxon in pictures.taxa], pa.string()) for rank in RANKS},
        "scientific_name": pa.array([taxon.scientific_name or None for taxon in pictures.taxa], pa.string()),
        "common": pa.array([taxon.common or None for taxon in pictures.taxa], pa.string()),
    }
    if evaluation.imagenet_trunk:
        met = [imagenet_class(taxon) for taxon in pictures.taxa]
        columns["imagenet_class"] = pa.array([None if rank is None else rank.label for rank in met], pa.string())
    asked = {
        (answered.task.name, answered.task.question.rank, answered.method): answered
        for answered in evaluation.answers
        if answered.task.split == split
    }
    for rank in RANKS:
        for method, suffix in ((Method.MODEL, "by_text"), (Method.ROLLED_UP, "rolled_up")):
            if rank == Rank.SPECIES and method == Method.ROLLED_UP:
                continue
            names, scores = _best(asked.get(("zero-shot", rank, method)), count)
            columns |= {f"{rank.label}_{suffix}": names, f"{rank.label}_{suffix}_score": scores}
    for task, prefix in (("zero-shot", "top"), (ALL_NAMES, "all_names")):
        names, scores = _listed(asked.get((task, Rank.SPECIES, Method.MODEL)), count)
        columns |= {f"{prefix}_species": names, f"{prefix}_scores": scores}
    for chapter in evaluation.chapters:
        if split in chapter.columns:
            added = chapter.columns[split]
            columns |= dict(zip(added.column_names, added.columns, strict=True))
    return pa.table(columns)


def _best(answered: Answered | None, count: int) -> tuple[pa.Array, pa.Array]:
    if answered is None:
        return pa.nulls(count, pa.string()), pa.nulls(count, pa.float32())
    names = np.array([taxon.scientific_name for taxon in answered.task.question.candidates], dtype=object)
    return (
        pa.array(names[answered.top.indices[:, 0]], pa.string()),
        pa.array(answered.top.scores[:, 0], pa.float32()),
    )


def _listed(answered: Answered | None, count: int) -> tuple[pa.Array, pa.Array]:
    if answered is None:
        return pa.nulls(count, pa.list_(pa.string())), pa.nulls(count, pa.list_(pa.float32()))
    names = np.array([taxon.scientific_name for taxon in answered.task.question.candidates], dtype=object)
    return (
        pa.array(names[answered.top.indices].tolist(), pa.list_(pa.string())),
        pa.array(answered.top.scores.tolist(), pa.list_(pa.float32())),
    )
