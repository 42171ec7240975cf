"""Names of a Daft frame on a Ray cluster of two machines, each a process of this one."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from thuja.names import Backbone, Resolver
from thuja.names.resolver import RESULT
from thuja.names.store import About, write_tables
from thuja.taxonomy import Taxon

SCRIPT = Path(__file__).with_name("ray_frames.py")
AVES = {"kingdom": "Animalia", "class_": "Aves", "order": "Passeriformes"}
TAXA = [
    Taxon(**AVES, family="Corvidae", genus="Corvus", species="corax", common="Common Raven"),
    Taxon(**AVES, family="Corvidae", genus="Corvus", species="corone", common="Carrion Crow"),
    Taxon(**AVES, family="Muscicapidae", genus="Oenanthe", species="oenanthe", common="Wheatear"),
    Taxon(kingdom="Plantae", family="Apiaceae", genus="Oenanthe", species="crocata", common="Dead Tongue"),
]
NAMES = ["Corvus corax", "corvus coraxx", "Corvus sp.", "Wheatear", "Oenanthe", "", None, "no such name"]


@pytest.mark.slow
def test_a_cluster_answers_as_one_machine_does_and_opens_a_backbone_once_a_machine(tmp_path: Path) -> None:
    """Three queries: the store is shared, shared again, and sent to machines that do not see it."""
    assert importlib.util.find_spec("ray"), "pip install thuja[curate-ray]"
    folder = tmp_path / "driver"
    write_tables(Backbone.from_taxa("world", TAXA).tables, About(name="world"), folder / "world")
    lineages = pl.DataFrame({"kingdom": [None, "Animalia", "Plantae"]})
    table = pl.DataFrame({"verbatim": NAMES}).join(lineages, how="cross")
    table = pl.concat([table] * 4).with_row_index("row")
    paths = [tmp_path / f"rows-{number}.parquet" for number in range(5)]
    for number, path in enumerate(paths):
        table[number::5].write_parquet(path)
    out = tmp_path / "out.json"
    command = [sys.executable, str(SCRIPT), *map(str, paths), str(folder), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-4000:]

    found = json.loads(out.read_text())
    expected = Resolver([Backbone.open(folder / "world")]).resolve_rows(table).select(RESULT).to_dicts()
    for name, opened in (("first", 1), ("again", 1), ("sent", 2)):
        answers = sorted(found[name]["answers"], key=lambda row: row["row"])
        assert [row["row"] for row in answers] == table["row"].to_list()
        assert [{key: row[key] for key in RESULT} for row in answers] == expected
        caches, processes, opens = zip(*found[name]["workers"], strict=True)
        assert (len(set(caches)), len(set(processes)), opens) == (2, 2, (opened, opened))
    for cache in caches:  # sent once to each machine, whole
        [copy] = Path(cache).glob("sent-backbones/*/world")
        sizes = {file.name: file.stat().st_size for file in (folder / "world").iterdir()}
        assert {file.name: file.stat().st_size for file in copy.iterdir()} == sizes
        assert list(copy.parent.iterdir()) == [copy]
