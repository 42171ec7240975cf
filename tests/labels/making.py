"""Taxa and label files for tests of label spaces."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from thuja.taxonomy import Taxon

NAMES = ["", "", "a", "b", "é", "z z"]


def taxa(*, most: int = 30, names: Sequence[str] = NAMES) -> st.SearchStrategy[list[Taxon]]:
    """Lists of lineages with gaps, equal ones and homonyms, some with common names."""
    row = st.tuples(*[st.sampled_from(names)] * 7, st.sampled_from(["", "one", "two"]))
    return st.lists(row.map(lambda row: Taxon.from_names(row[:7], row[7])), min_size=1, max_size=most)


def publish(folder: Path, rows: object, vectors: np.ndarray, **how: object) -> tuple[Path, Path]:
    """The published pair: a (D, L) matrix and its names."""
    folder.mkdir(exist_ok=True)
    matrix, names = folder / "txt_emb_species.npy", folder / "txt_emb_species.json"
    np.save(matrix, vectors)
    names.write_text(json.dumps(rows, **how), encoding="utf-8")  # type: ignore[arg-type]
    return matrix, names


def rows_of(taxa: Sequence[Taxon]) -> list[list[object]]:
    """As the published names have them."""
    return [[list(taxon.names), taxon.common] for taxon in taxa]
