"""A curated world with captions is a training set: the catalog has the column, the shards have the words."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.captions.make.scripted import Scripted, handed

from thuja.captions.descriptions.description import DESCRIPTION_SCHEMA, Description, Source
from thuja.captions.make import MakeSettings, Output, Pace, make
from thuja.labels import LabelSpace
from thuja.phrasing import CAPTIONS
from thuja.recipes.run import METRIC, run_recipe
from thuja.record import CATALOG_SCHEMA
from thuja.shards import read_shard
from thuja.taxonomy import Taxon
from thuja.train import Objective, Recipe, Stream, TrainOptions

PACE = Pace(concurrency=4)


@pytest.fixture(scope="module")
def captioned(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training split of a small world, captioned by a function."""
    out = tmp_path_factory.mktemp("captioned") / "out"
    settings = MakeSettings(splits=("train",))
    make(small_world, Output(folder=out), handed=handed(Scripted()), settings=settings, pace=PACE)
    return out


def test_the_catalog_keeps_every_row_and_column(small_world: Path, captioned: Path) -> None:
    before, after = (pl.read_parquet(folder / "catalog.parquet") for folder in (small_world, captioned))
    assert after.drop("caption").equals(before.drop("caption"))
    assert after.columns == CATALOG_SCHEMA.names
    is_train = (pl.col("split") == "train") & pl.col("drop_reason").is_null()
    assert after.filter(is_train)["caption"].null_count() == 0
    assert after.filter(~is_train)["caption"].to_list() == before.filter(~is_train)["caption"].to_list()


def test_a_recipe_trains_on_what_was_written_as_on_curated_data(
    captioned: Path, tmp_path: Path, tiny_recipe: Recipe
) -> None:
    """By the captions alone, checked on the split for it, with the labels of the catalog."""
    stream = Stream(batch_size=16, objectives=(Objective(loss="clip", texts=CAPTIONS),))
    run_recipe(replace(tiny_recipe, streams=(stream,), epochs=1), captioned, tmp_path / "run", options=TrainOptions())
    assert METRIC in (tmp_path / "run" / "metrics.jsonl").read_text()
    assert len(LabelSpace.load(tmp_path / "run" / "model" / "labels").taxa) == 8


def test_descriptions_guide_the_prompt_and_their_source_stays(small_world: Path, tmp_path: Path) -> None:
    taxa = sorted(
        {sample.record.taxon for path in (small_world / "shards").glob("train*") for sample in read_shard(path)}
    )
    source = Source(name="wikipedia-en", title="A page", url="https://a.example", revision="7", licence="CC BY-SA 4.0")
    known = Description(taxon=taxa[0], source=source, sentences=("Its velum is blue.", "It has {braces} $1."))
    unknown = Description(taxon=taxa[1], source=source, reason="no_page")
    rows = [one.to_row() for one in (known, unknown)]
    pl.DataFrame(rows, schema_overrides={"sentences": pl.List(pl.String)}).select(
        DESCRIPTION_SCHEMA.names
    ).write_parquet(tmp_path / "descriptions.parquet")
    captioner, out = Scripted(), tmp_path / "out"
    parts = handed(captioner, strategy="guided", descriptions=tmp_path)
    settings = MakeSettings(splits=("train",))
    summary = make(small_world, Output(folder=out, is_table_only=True), handed=parts, settings=settings, pace=PACE)
    rows_ = pl.read_parquet(out / "captions.parquet")
    described = rows_.filter(pl.col("is_described"))
    assert summary.described == len(described) == sum(taxon == taxa[0] for taxon in taxa_of(rows_))
    assert set(described["description_url"]) == {"https://a.example"}
    assert set(described["description_licence"]) == {"CC BY-SA 4.0"}
    assert sum("Its velum is blue. It has {braces} $1." in prompt.text for prompt in captioner.prompts) == len(
        described
    )


def taxa_of(rows: pl.DataFrame) -> list[Taxon]:
    return [Taxon.from_columns(row) for row in rows.to_dicts()]
