"""Names of a Daft frame: the answers of `Resolver.resolve_rows`, however the rows are ordered and parted."""

import pickle
from pathlib import Path

import daft
import numpy as np
import polars as pl
import pytest

from thuja.errors import UnknownName, UsageError
from thuja.names import Backbone, Resolver
from thuja.names.frames import FrameConfig, resolve_frame
from thuja.names.resolver import RESULT
from thuja.names.store import About, write_tables
from thuja.taxonomy import Taxon

AVES = {"kingdom": "Animalia", "phylum": "Chordata", "class_": "Aves", "order": "Passeriformes"}
TAXA = [
    Taxon(**AVES, family="Corvidae", genus="Corvus", species="corax", common="Common Raven"),
    Taxon(**AVES, family="Corvidae", genus="Corvus", species="corone", common="Carrion Crow"),
    Taxon(**AVES, family="Muscicapidae", genus="Oenanthe", species="oenanthe", common="Wheatear"),
    Taxon(kingdom="Plantae", family="Apiaceae", genus="Oenanthe", species="crocata", common="Dead Tongue"),
    Taxon(kingdom="Animalia", class_="Insecta", family="Erebidae", genus="Laelia", species="rosea"),
    Taxon(kingdom="Plantae", class_="Liliopsida", family="Orchidaceae", genus="Laelia", species="rosea"),
]
NAMES = [
    "Corvus corax",
    "corvus coraxx",
    "Corvus sp.",
    "Laelia rosea",
    "Wheatear",
    "Oenanthe",
    "",
    None,
    "no such",
    "Rabe",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backbone as a store on disk."""
    folder = tmp_path_factory.mktemp("backbones") / "world"
    write_tables(Backbone.from_taxa("world", TAXA).tables, About(name="world"), folder)
    return folder


def rows() -> pl.DataFrame:
    """All names with four lineages, three times, numbered."""
    table = pl.DataFrame({"verbatim": NAMES})
    lineages = pl.DataFrame(
        {
            "kingdom": [None, "Animalia", "Plantae", ""],
            "class": [None, "Aves", None, "Liliopsida"],
            "common": [None, "Wheatear", "", "Common Raven"],
        }
    )
    table = pl.concat([table.join(lineages, how="cross")] * 3)
    return table.with_row_index("row").select(pl.col("row").cast(pl.Int64), "verbatim", "kingdom", "class", "common")


@pytest.mark.slow
@pytest.mark.parametrize("partitions", [1, 3, 7])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_frame_has_the_answers_of_the_resolver_in_any_order_and_partitioning(
    store: Path, tmp_path: Path, partitions: int, seed: int
) -> None:
    table = rows()
    shuffled = table[np.random.default_rng(seed).permutation(len(table))]
    for number in range(partitions):
        shuffled[number::partitions].write_parquet(tmp_path / f"{number}.parquet")
    frame = resolve_frame(daft.read_parquet(str(tmp_path / "*.parquet")), FrameConfig(backbones=(str(store),)))
    answers = pl.from_arrow(frame.to_arrow()).sort("row")
    expected = Resolver([Backbone.open(store)]).resolve_rows(table)
    assert answers["row"].to_list() == table["row"].to_list()
    assert answers["verbatim"].to_list() == table["verbatim"].to_list()  # as it was written, nulls too
    assert answers.select(RESULT).equals(expected.select(RESULT))
    assert set(answers["match_type"]) >= {"exact", "fuzzy", "higher_rank", "ambiguous", "common_name", "empty"}


def test_other_columns_are_kept_and_those_asked_by_hold_the_answer(store: Path) -> None:
    frame = daft.from_pydict(
        {"uuid": [b"a", b"b"], "genus": ["Corvus", "corvus"], "species": ["corax", "Corvus corone"]}
    )
    frame = resolve_frame(frame, FrameConfig(backbones=(str(store),)))
    assert frame.column_names == ["uuid", *RESULT]
    answers = sorted(
        frame.select("uuid", "kingdom", "genus", "species", "common").to_pylist(), key=lambda row: row["uuid"]
    )
    assert answers == [
        {"uuid": b"a", "kingdom": "Animalia", "genus": "Corvus", "species": "corax", "common": "Common Raven"},
        {"uuid": b"b", "kingdom": "Animalia", "genus": "Corvus", "species": "corone", "common": "Carrion Crow"},
    ]


def test_the_threshold_reaches_the_resolver(store: Path) -> None:
    frame = daft.from_pydict({"verbatim": ["corvus coraxx"]})
    answers = {
        threshold: resolve_frame(frame, FrameConfig(backbones=(str(store),), threshold=threshold)).to_pylist()[0]
        for threshold in (0.1, 1.0)
    }
    assert (answers[0.1]["match_type"], answers[0.1]["species"]) == ("fuzzy", "corax")
    assert (answers[1.0]["match_type"], answers[1.0]["species"]) == ("higher_rank", None)


def test_a_frame_without_rows_is_answered_without_rows(store: Path) -> None:
    frame = daft.from_pydict({"verbatim": ["x"], "row": [1]}).where(daft.col("row") > 1)
    assert resolve_frame(frame, FrameConfig(backbones=(str(store),))).to_pydict()["match_type"] == []


def test_columns_of_nulls_and_of_numbers_are_asked_like_any_other(store: Path) -> None:
    frame = daft.from_pydict({"verbatim": [None, None], "genus": ["Corvus", ""], "species": [1, 2]})
    answers = resolve_frame(frame, FrameConfig(backbones=(str(store),))).select("match_type", "genus").to_pylist()
    expected = Resolver([Backbone.open(store)]).resolve_rows(pl.DataFrame({"genus": ["Corvus", ""], "species": [1, 2]}))
    assert sorted(answers, key=str) == sorted(expected.select("match_type", "genus").to_dicts(), key=str)


def test_a_frame_that_cannot_be_asked_is_refused_in_one_sentence(store: Path) -> None:
    config = FrameConfig(backbones=(str(store),))
    with pytest.raises(UsageError, match="none of the columns verbatim, kingdom"):
        resolve_frame(daft.from_pydict({"name": ["Corvus corax"]}), config)
    with pytest.raises(UsageError, match="columns that answers are written to: score"):
        resolve_frame(daft.from_pydict({"verbatim": ["Corvus corax"], "score": [1]}), config)
    with pytest.raises(UsageError, match=r"the column verbatim holds List\[String\], not text"):
        resolve_frame(daft.from_pydict({"verbatim": [["Corvus corax"]]}), config)
    with pytest.raises(UnknownName, match="unknown backbone"):
        resolve_frame(daft.from_pydict({"verbatim": ["Corvus corax"]}), FrameConfig(backbones=("nowhere",)))
    with pytest.raises(UsageError, match="got 2"):
        FrameConfig(threshold=2)
    with pytest.raises(UsageError, match="a tuple of names"):
        FrameConfig(backbones="inat")


def test_the_config_can_be_pickled() -> None:
    config = FrameConfig(backbones=("world", "other"), threshold=0.5)
    assert pickle.loads(pickle.dumps(config)) == config
