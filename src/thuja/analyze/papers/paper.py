"""The papers' figures as named tasks: what each reads, and what it asks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from thuja.analyze.finding import Section
from thuja.analyze.papers import finches, fishnet, inat21, newt, plantdoc
from thuja.analyze.papers.asking import ask_finches, ask_fishnet, ask_inat21, ask_newt, ask_plantdoc
from thuja.analyze.papers.listed import Listed
from thuja.analyze.papers.seeing import Seen
from thuja.errors import UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A figure of a paper: `read` lists the images of a folder (with a table beside it), `ask` makes the sections."""

    name: str
    title: str
    where: str
    layout: str
    read: Callable[[Path, Path | None], Listed]
    ask: Callable[[Seen, np.random.Generator], list[Section]]


PAPERS: Final = (
    Paper(
        name="darwin-finches",
        title="Darwin's finches by the size of their beak",
        where="https://huggingface.co/datasets/imageomics/TreeOfLife-200M, metadata/Darwin-finches.csv",
        layout=finches.LAYOUT,
        read=finches.read_finches,
        ask=ask_finches,
    ),
    Paper(
        name="fishnet-freshwater",
        title="Fishes of fresh water in FishNet",
        where="https://github.com/faixan-khan/FishNet",
        layout=fishnet.LAYOUT,
        read=fishnet.read_fishnet,
        ask=ask_fishnet,
    ),
    Paper(
        name="newt-stage-sex",
        title="Age and sex within species in NeWT",
        where="https://github.com/visipedia/newt",
        layout=newt.LAYOUT,
        read=newt.read_newt,
        ask=ask_newt,
    ),
    Paper(
        name="plantdoc-health",
        title="Health within crops in PlantDoc",
        where="https://github.com/pratikkayal/PlantDoc-Dataset",
        layout=plantdoc.LAYOUT,
        read=plantdoc.read_plantdoc,
        ask=ask_plantdoc,
    ),
    Paper(
        name="inat21-tree",
        title="The tree of life in iNat21",
        where="https://github.com/visipedia/inat_comp/tree/master/2021",
        layout=inat21.LAYOUT,
        read=inat21.read_inat21,
        ask=ask_inat21,
    ),
)


def find_paper(name: str) -> Paper:
    """The task of that name; raises UnknownName."""
    for paper in PAPERS:
        if paper.name == name:
            return paper
    raise UnknownName.of("paper", name, [paper.name for paper in PAPERS])
