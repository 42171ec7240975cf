"""Scores: shares of what all candidates weigh, and what agreement and spelling add."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.names import Backbone, Resolver
from thuja.names.agreement import Agreement, same_authors, with_agreement
from thuja.names.evidence import evidence, shares, weights
from thuja.names.features import FEATURES, How
from thuja.names.resolver import numbered
from thuja.names.rows import rows_of
from thuja.taxonomy import Taxon

ODDS = st.floats(-30, 30)


@given(st.lists(st.tuples(st.integers(0, 4), ODDS), min_size=1, max_size=12))
def test_shares_are_the_plain_softmax_with_a_hypothesis_of_weight_one(pairs: list[tuple[int, float]]) -> None:
    asked, odds = (np.array(column) for column in zip(*pairs, strict=True))
    found = shares(asked.astype(np.int64), odds.astype(float), 5)
    for row, (query, own) in enumerate(pairs):
        total = 1 + sum(np.exp(other) for one, other in pairs if one == query)
        assert found[row] == pytest.approx(np.exp(own) / total, rel=1e-9, abs=1e-12)


def test_every_feature_has_a_weight_and_counts_once() -> None:
    assert list(weights()) == list(FEATURES)
    rows = np.eye(len(FEATURES), dtype=np.float32)
    assert evidence(rows, weights()) == pytest.approx([weights()[name] for name in FEATURES])


def test_what_contradicts_lowers_and_what_agrees_raises() -> None:
    for name, weight in weights().items():
        if name.endswith(("_differs", "_near", "_unknown")):
            assert weight <= 0, name
        if name.endswith("_agrees"):
            assert weight > 0, name


BIRDS = {"kingdom": "Animalia", "class_": "Aves"}
CROW = Taxon(**BIRDS, order="Passeriformes", family="Corvidae", genus="Corvus", species="corone")
TIT = Taxon(**BIRDS, order="Passeriformes", family="Paridae", genus="Parus", species="major")
OWL = Taxon(**BIRDS, order="Strigiformes", family="Strigidae", genus="Strix", species="aluco")
OAK = Taxon(kingdom="Plantae", order="Fagales", family="Fagaceae", genus="Quercus", species="robur")
RESOLVER = Resolver([Backbone.from_taxa("world", [CROW, TIT, OWL, OAK])])


def asked(name: str, lineage: dict[str, list[str]]) -> pl.DataFrame:
    rows = numbered(rows_of([name], pl.DataFrame(lineage)))
    return RESOLVER.queries(rows.with_columns(pl.col("name").alias("term")))


@pytest.mark.parametrize(
    ("rank", "given", "code"),
    [
        ("family", "Corvidae", Agreement.AGREES),
        ("family", "CORVIDAE", Agreement.AGREES),
        ("family", "Paridae", Agreement.NEAR),
        ("family", "Strigidae", Agreement.DIFFERS),
        ("family", "Nowheridae", Agreement.UNKNOWN),
        ("family", "", Agreement.MISSING),
        ("phylum", "Chordata", Agreement.MISSING),
        ("kingdom", "Metazoa", Agreement.AGREES),
        ("kingdom", "Viridiplantae", Agreement.DIFFERS),
        ("kingdom", "Fungi", Agreement.DIFFERS),
        ("kingdom", "Eukaryota", Agreement.MISSING),
        ("kingdom", "Chromista", Agreement.UNKNOWN),
    ],
)
def test_a_rank_given_agrees_differs_or_says_nothing(rank: str, given: str, code: Agreement) -> None:
    found, _ = RESOLVER.found(asked("Corvus corone", {rank: [given]}))
    assert found.filter(how=int(How.EXACT))[rank].to_list() == [int(code)]


def test_a_taxon_cannot_stand_below_itself() -> None:
    queries = asked("Aves", {"family": ["Corvidae"]})
    taxa = pl.DataFrame({"asked": [0], "taxon": RESOLVER.backbones[0].tables.names.filter(key="aves")["taxon"]})
    assert with_agreement(RESOLVER.backbones[0], queries, taxa)["family"].to_list() == [int(Agreement.DIFFERS)]


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("L.", "(Linnaeus, 1758)", True),
        ("Linnaeus 1758", "Linnaeus, 1759", True),
        ("Gould, 1841", "Linnaeus, 1758", False),
        ("Hook.f. ex Benth.", "Bentham", True),
        ("Müller", "Mull.", False),
    ],
)
def test_authors_are_the_same_in_full_abbreviated_or_by_the_year(ours: str, theirs: str, same: bool) -> None:
    assert same_authors(ours, theirs) is same
