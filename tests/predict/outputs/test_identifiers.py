"""Identifiers beside names, each taxon looked up once."""

import csv
import io

import pytest
from tests.predict.judging import MAGPIE, RAVEN
from tests.predict.outputs.test_rows import ANSWERS

from thuja.names import Backbone, Resolver
from thuja.predict import Answer, Judgement, Layout, Prediction, open_writer
from thuja.predict.outputs.identifiers import Identifier, Identifiers
from thuja.taxonomy import Rank, Taxon


@pytest.fixture
def world():
    return Backbone.from_taxa("world", [RAVEN])


def test_a_known_taxon_has_the_id_of_its_backbone_and_another_none(world):
    found = Identifiers([world])
    found.find([RAVEN, MAGPIE, RAVEN.at(Rank.FAMILY), Taxon()])
    expected = world.lineages(range(len(world.tables.taxa)))
    id_of = dict(zip(expected["name"], expected["id"], strict=True))
    assert found.of(RAVEN) == Identifier(id_of["Corvus corax"], "Corvus corax", "world")
    assert found.of(RAVEN.at(Rank.FAMILY)) == Identifier(id_of["Corvidae"], "Corvidae", "world")
    assert found.of(MAGPIE) == found.of(Taxon()) == found.of(None) == Identifier()


def test_a_taxon_is_looked_up_once(world, monkeypatch):
    asked = []
    true = Resolver.resolve_rows
    monkeypatch.setattr(Resolver, "resolve_rows", lambda self, rows: asked.append(len(rows)) or true(self, rows))
    found = Identifiers([world])
    for _ in range(3):
        found.find([RAVEN, MAGPIE, RAVEN])
    assert asked == [2]


def test_rows_have_identifiers_of_their_own_answer(world):
    out = io.StringIO()
    with open_writer(out, "csv", Layout(identifiers=Identifiers([world]))) as writer:
        writer.write(Prediction(file_name="x", judgement=Judgement(answers=ANSWERS)))
        writer.write(Prediction(file_name="y", judgement=Judgement(answers=(Answer(text="label", score=1.0),))))
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [bool(row["taxon_id"]) for row in rows] == [True, False, False]
    assert [(row["accepted_name"], row["backbone"]) for row in rows] == [("Corvus corax", "world"), ("", ""), ("", "")]


@pytest.mark.slow
def test_the_embedded_backbone_has_inaturalists_ids():
    from thuja.names import embedded

    found = Identifiers([embedded()])
    found.find([RAVEN])
    assert found.of(RAVEN) == Identifier("8010", "Corvus corax", "inat")
