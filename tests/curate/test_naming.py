"""The step that names rows."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import daft

from thuja.curate.naming import names_step
from thuja.curate.recipe import NameSettings
from thuja.names import Backbone, Resolution, Resolver
from thuja.taxonomy import RANKS, Taxon

RAVEN = Taxon(kingdom="Animalia", genus="Corvus", species="corax", common="Common Raven")


def resolve_and_note(names: Sequence[str], hints: Sequence[Taxon], *, notes: Path) -> list[Resolution]:
    """A resolver that writes down what it was asked."""
    with notes.open("a") as stream:
        stream.writelines(f"{name}|{hint.genus}\n" for name, hint in zip(names, hints, strict=True))
    return Resolver([Backbone.from_taxa("world", [RAVEN])]).resolve_all(names, hints)


def test_a_name_with_its_lineage_is_resolved_once_over_all_files(tmp_path: Path) -> None:
    columns = ["verbatim_name", "common", *(rank.label for rank in RANKS), "drop_reason", "dropped_by"]
    for number in range(4):
        rows = [
            {"uuid": f"{number}-{place}", "verbatim_name": name, "genus": genus}
            for place, (name, genus) in enumerate([("Corvus corax", None), ("Corvus corax", "Corvus"), (None, None)])
        ]
        table = {name: [row.get(name) for row in rows] for name in ["uuid", *columns]}
        frame = daft.from_pydict(table).with_columns(
            {name: daft.col(name).cast(daft.DataType.string()) for name in columns}
        )
        frame.write_parquet(str(tmp_path / "rows"))
    step = names_step(partial(resolve_and_note, notes=tmp_path / "asked.txt"), NameSettings())
    named = step.applied(daft.read_parquet(str(tmp_path / "rows")))
    answers = sorted(
        named.select("uuid", "species", "verbatim_name", "drop_reason").to_pylist(), key=lambda row: row["uuid"]
    )
    assert sorted((tmp_path / "asked.txt").read_text().splitlines()) == ["Corvus corax|", "Corvus corax|Corvus", "|"]
    for number in range(4):
        assert answers[3 * number : 3 * number + 3] == [
            {"uuid": f"{number}-0", "species": "corax", "verbatim_name": "Corvus corax", "drop_reason": None},
            {"uuid": f"{number}-1", "species": "corax", "verbatim_name": "Corvus corax", "drop_reason": None},
            {"uuid": f"{number}-2", "species": None, "verbatim_name": None, "drop_reason": "no_label"},
        ]
    assert not [name for name in named.column_names if name.startswith("asked")]
