"""The tables beside a world's pictures: its backbone, the truth of its species, their names, texts and tree."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.biosphere.roles import Role
from thuja.biosphere.telling import descriptions
from thuja.biosphere.world import Species, World
from thuja.jobs import atomic_path, write_text


def write_species(world: World, out: Path) -> None:
    """Write the Parquet tables `backbone`, `species`, `common_names` and `descriptions`, and `tree.nwk`."""
    taxa = [species.taxon.to_columns() for species in world.species]
    truths = [taxon | _truths(world, species) for taxon, species in zip(taxa, world.species, strict=True)]
    names = [row for species in world.species for row in _common_names(species)]
    tables = {"backbone": taxa, "species": truths, "common_names": names, "descriptions": descriptions(world)}
    for name, rows in tables.items():
        with atomic_path(out / f"{name}.parquet") as temporary:
            pq.write_table(pa.Table.from_pylist(rows), temporary)
    write_text(out / "tree.nwk", newick(world) + "\n")


def newick(world: World) -> str:
    """The true tree in Newick's format, lengths in ages of the tree, tips by binomial with an underscore."""
    tree = world.tree
    lengths = tree.death - tree.birth
    texts: dict[int, str] = {
        branch: f"{species.taxon.genus}_{species.taxon.species}:{lengths[branch]:.6f}"
        for branch, species in zip(tree.tips.tolist(), world.species, strict=True)
    }
    # Children are numbered after their parent: from the last branch back, both are there before it.
    below: dict[int, list[str]] = {}
    for branch in reversed(range(1, len(tree.parent))):
        own = texts.get(branch) or f"({','.join(below.pop(branch))}):{lengths[branch]:.6f}"
        below.setdefault(int(tree.parent[branch]), []).insert(0, own)
    return f"({','.join(below[0])});" if below else f"({texts[0]});"


def _truths(world: World, species: Species) -> dict[str, Any]:
    clades = [int(clade) for clade in world.clades[:, species.number]]
    return {
        "number": species.number,
        "habitat": species.habitat,
        "shadow_habitat": species.shadow_habitat,
        **{f"hidden_{place}": value for place, value in enumerate(species.hidden, start=1)},
        "misplaced": species.misplaced,
        "true_family_clade": clades[4],
        "true_genus_clade": clades[5],
        "images": species.images,
        **{
            name: None if world.roles.get(name) == Role.NOISE else value
            for name, value in asdict(species.looks).items()
        },
    }


def _common_names(species: Species) -> list[dict[str, str]]:
    names = {"en": species.taxon.common, "es": species.common_es}
    return [
        {"scientific_name": species.taxon.scientific_name, "language": language, "common_name": name}
        for language, name in names.items()
    ]
