"""The one real test: 909 published BioCLIP 2 vectors held against the tree and against ecology beyond ancestry.

    python benchmarks/analyze_real.py EMBEDDINGS.parquet --out report [--photos manifest.csv] [--draws 199]

The embeddings are the sample that the public viewer of embeddings ships (example_1k.parquet of emb-explorer, MIT): they
are not handed on with this project. Habitats and growth forms are those of benchmarks/results/ecology_labels.csv; where
the introductions are installed (pip install 'thuja[introductions]'), they are read again and compared. What comes out
says something of these vectors, and docs/analyze-real.md tells it.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from analyze_real_labels import LABELS, columns_of, ecology_from, is_fresh, label_ecology, label_section, stage_section
from analyze_real_types import kind_of, type_section, without_types
from thuja.analyze import Section, Space
from thuja.analyze.ecology import CheckedLabel, read_labels
from thuja.analyze.page import Made, write_report
from thuja.analyze.reading import Sources, read_space
from thuja.analyze.traits import TraitSettings, trait_section
from thuja.analyze.tree import TreeSettings, tree_section
from thuja.captions.descriptions.introduction_store import IntroductionStore
from thuja.captions.descriptions.introductions import IntroductionSource
from thuja.errors import UsageError

SEED = 909
WITHOUT = "image types partialled out"
_UNIT = "Labels are of genera at the finest: where species are counted here, they are genera."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("embeddings", type=Path)
    parser.add_argument("--out", type=Path, default=Path("analyze-real"))
    parser.add_argument("--photos", type=Path, help="manifest.csv of a folder of photos")
    parser.add_argument("--draws", type=int, default=199, help="traits simulated on the tree, for each null")
    asked = parser.parse_args()
    if not asked.embeddings.is_file():
        sys.exit(
            f"there are no embeddings at {asked.embeddings}: this test needs the published sample of 1,030 vectors"
        )
    rows = read_labels(LABELS)
    space = real_space(asked.embeddings, rows)
    sections = [
        label_section(space, rows, is_fresh=compared(space, rows)),
        type_section(space, np.random.default_rng(SEED)),
        *tree_sections(space),
        *ecology_sections(space, draws=asked.draws),
        stage_section(asked.photos),
    ]
    page = write_report(
        sections,
        asked.out,
        title="909 vectors of BioCLIP 2: tree, image type and ecology",
        made=Made(
            command=f"python benchmarks/analyze_real.py {asked.embeddings.name} --draws {asked.draws}",
            inputs={path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (asked.embeddings, LABELS)},
        ),
        summary=[
            "What is said here is said of these vectors alone: one image of most species, no pixels beside them, "
            "and no untrained tower to hold them against."
        ],
    )
    print(page)


def real_space(path: Path, rows: Sequence[CheckedLabel]) -> Space:
    """The rows that have a lineage, with their type and the labels of their genus or family."""
    space = read_space(Sources(embeddings=path), ["img_type", "publisher"])
    space = space.select([bool(taxon.kingdom) for taxon in space.taxa])
    types = [None if value is None else str(value) for value in space.column("img_type")]
    columns = {"kind": [kind_of(one) for one in types], **columns_of(space.taxa, ecology_from(rows))}
    return replace(space, columns={**space.columns, **columns}, model="BioCLIP 2")


def compared(space: Space, rows: Sequence[CheckedLabel]) -> bool | None:
    """Whether the introductions still give the committed labels; None where they are not installed."""
    try:
        store = IntroductionStore()
    except UsageError as error:
        print(f"{error}: the committed labels are used", file=sys.stderr)
        return None
    return is_fresh(rows, label_ecology(space.taxa, IntroductionSource(store)))


def tree_sections(space: Space) -> list[Section]:
    """The tree on all images, museum and field apart, and on vectors without their image types."""
    bare = replace(space, vectors=without_types(space))
    whole = tree_section(space, np.random.default_rng(SEED), settings=TreeSettings(by="kind"))
    left = tree_section(bare, np.random.default_rng(SEED))
    return [whole, _renamed(left, f"{whole.title}: {WITHOUT}", "without_types")]


def ecology_sections(space: Space, *, draws: int) -> list[Section]:
    """Habitat of animals and of all, growth form of plants, and the type of image itself, for orders left out.

    Labels are of genera at the finest, so that a genus is the unit: its species are not so many witnesses.
    """
    bare = by_genus(replace(space, vectors=without_types(space)))
    space = by_genus(space)
    found = []
    for name, trait, kingdom in (
        ("Habitat of animals", "habitat", "Animalia"),
        ("Water or land, of animals", "water", "Animalia"),
        ("Water or land, of animals of which it is said, not inferred from their group", "water_said", "Animalia"),
        ("Habitat of everything", "habitat", ""),
        ("Growth form of plants", "growth", "Plantae"),
        ("Woody or herbaceous plants", "woody", "Plantae"),
        ("The confounder itself: museum or field, of everything", "kind", ""),
    ):
        rows = [not kingdom or taxon.kingdom == kingdom for taxon in space.taxa]
        gone = " (the check that it is gone: this must fail)" if trait == "kind" else ""
        for told, own in (("", space), (f": {WITHOUT}{gone}", bare)):
            settings = TraitSettings(draws=draws, stratum="kind" if not told and trait != "kind" else "")
            section = trait_section(own.select(rows), trait, np.random.default_rng(SEED), settings=settings)
            section = replace(section, notes=[_UNIT, *section.notes])
            prefix = f"{kingdom or 'all'}_{'without_types_' if told else ''}{trait}".lower()
            found.append(_renamed(section, f"{name}{told}", prefix))
    return found


def by_genus(space: Space) -> Space:
    """The images that are named to genus, with the genus in the species' stead."""
    named = space.select([bool(taxon.genus) for taxon in space.taxa])
    return replace(named, taxa=[replace(taxon, species="sp.", common="") for taxon in named.taxa])


def _renamed(section: Section, title: str, prefix: str) -> Section:
    """The section under another title, its tables and figures under names that no other section has."""
    return replace(
        section,
        title=title,
        tables=[replace(table, name=f"{prefix}_{table.name}") for table in section.tables],
        figures=[replace(figure, name=f"{prefix}_{figure.name}") for figure in section.figures],
    )


if __name__ == "__main__":
    main()
