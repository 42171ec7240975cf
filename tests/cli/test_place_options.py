"""The options of place through a small command."""

import json

import click
import numpy as np
import pytest
from click.testing import CliRunner
from tests.classify.making import space

from thuja.cli.place_options import place_options
from thuja.errors import UsageError
from thuja.predict.places.occurrences import Area, labels_in, read_occurrences
from thuja.taxonomy import Taxon

LABELS = space(
    np.eye(2, dtype=np.float16), [Taxon(genus="Corvus", species="corax"), Taxon(genus="Pica", species="pica")]
)


def chosen(*words):
    """What a command gets."""
    got = []

    @click.command
    @place_options
    def command(**options):
        got.append(options)

    outcome = CliRunner().invoke(command, [str(word) for word in words])
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == 0, outcome.output
    return got[0]["places"]


@pytest.fixture
def occurrences(tmp_path):
    path = tmp_path / "records.csv"
    path.write_text(
        "species,countryCode,decimalLatitude,decimalLongitude\nCorvus corax,CH,46.5,7.5\nPica pica,FR,46.5,2.5\n"
        "Pica pica,FR,46.4,2.6\n"
    )
    return path


def test_without_a_word_nothing_is_asked():
    places = chosen()
    assert (places.occurrences, places.country, places.polygon, places.prior) == (None, (), None, None)
    assert (places.least_records, places.clade_size) == (1, 0)


def test_labels_are_those_of_a_country_or_a_polygon(occurrences, tmp_path):
    area = tmp_path / "west.geojson"
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [[[0, 40], [5, 40], [5, 50], [0, 50], [0, 40]]]}))

    def mask(*words):
        places = chosen("--occurrences", occurrences, *words)
        found = read_occurrences(
            places.occurrences, LABELS, area=Area.of(country=places.country, polygon=places.polygon)
        )
        return labels_in(found, least=places.least_records).tolist()

    assert mask() == [True, True]
    assert mask("--country", "Switzerland") == [True, False]
    assert mask("--country", "CHE", "--country", "fr") == [True, True]
    assert mask("--polygon", area) == [False, True]
    assert mask("--least-records", "2") == [False, True]


@pytest.mark.parametrize(
    "words",
    [("--country", "CH"), ("--polygon", "area.geojson"), ("--least-records", "3"), ("--country", "CH", "--prior", "t")],
)
def test_an_area_without_a_table_of_what_lives_there_is_refused(words):
    with pytest.raises(UsageError) as told:
        chosen(*words)
    assert "--occurrences TABLE" in told.value.hint


def test_a_strength_out_of_bounds_is_refused():
    with pytest.raises(AssertionError, match="--clade-size"):
        chosen("--clade-size", "3")
