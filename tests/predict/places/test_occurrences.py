"""Occurrence tables for labels: names, places, dates, areas, and what becomes of every record."""

import numpy as np
import polars as pl
import pytest
from tests.classify.making import space

from thuja.classify.priors.ranges import Occasion
from thuja.classify.priors.records import cell_of
from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError
from thuja.names import Backbone
from thuja.predict.places.countries import country_code
from thuja.predict.places.occurrences import Area, labels_in, read_occurrences, read_prior
from thuja.regions import Region
from thuja.taxonomy import Taxon

BIRDS = ("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae")
TAXA = [
    Taxon.from_names([*BIRDS, "Corvus", "corax"]),
    Taxon.from_names([*BIRDS, "Pica", "pica"]),
    Taxon.from_names(["Plantae", "", "", "", "Fabaceae", "Pica", "pica"]),
    Taxon.from_names([*BIRDS, "Pica"]),
    Taxon.from_names(["Animalia", "Arthropoda", "Insecta", "", "", "Aus", "albus"]),
    Taxon.from_names(["Animalia", "Arthropoda", "Insecta"]),
    Taxon.from_names(["", "", "", "", "", "", "copepod calanoid"]),
    Taxon.from_names(["Plantae", "", "", "", "", "Iris", "× hybrida"]),
]
LABELS = space(np.eye(len(TAXA), dtype=np.float16), TAXA)


def table(path, rows, **kinds):
    frame = pl.DataFrame(rows)
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path, **kinds)
    return path


def counted(path, **options):
    found = read_occurrences(path, LABELS, backbones=[], **options)
    return {TAXA[label].scientific_name + f" {label}": int(n) for label, n in enumerate(found.counts) if n}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Corvus corax", 0),
        ("Corvus corax Linnaeus, 1758", 0),
        ("Corvus (Corvus) corax (Linnaeus, 1758)", 0),
        ("Corvus corax principalis Ridgway, 1887", 0),
        ("corvus_corax", 0),
        ("CORVUS CORAX", 0),
        ("Aus alba", 4),
        ("Pica hudsonia", 3),
        ("Pica Brisson, 1760", 3),
        ("Pica (Brisson, 1760)", 3),
        ("Pica sp.", 3),
        ("Pica cf. bottanensis", 3),
        ("Copepod  calanoid", 6),
        ("Insecta", 5),
        ("Iris × hybrida", 7),
        ("Iris x hybrida Hort.", 7),
        ("Iris hybrida", 7),
        ("Corvus", None),
        ("Corvus corone", None),
        ("Felis catus", None),
    ],
)
def test_a_name_means_its_species_or_the_lowest_clade_that_is_a_label(tmp_path, name, label):
    found = read_occurrences(table(tmp_path / "t.csv", {"scientificName": [name]}), LABELS, backbones=[])
    assert np.flatnonzero(found.counts).tolist() == ([] if label is None else [label])
    assert found.account.matched + found.account.unmatched == 1


def test_homonyms_are_told_by_the_lineage_beside_them(tmp_path):
    rows = {
        "kingdom": ["Animalia", "Plantae", "", "Metazoa", "Fungi"],
        "family": ["Corvidae", "Leguminosae", "Fabaceae", "", ""],
        "species": ["Pica pica"] * 5,
    }
    assert counted(table(tmp_path / "t.csv", rows)) == {"Pica pica 1": 2, "Pica pica 2": 2}
    alone = table(tmp_path / "alone.csv", {"species": ["Pica pica"]})
    assert counted(alone) == {"Pica pica 1": 1, "Pica pica 2": 1}  # what nothing tells apart counts for both


def test_a_record_counts_for_the_lowest_of_its_clades_by_its_columns(tmp_path):
    rows = {"class": ["Insecta", "Insecta", "Aves"], "genus": ["Bus", "Aus", "Cus"], "species": ["bus", "albus", "cus"]}
    assert counted(table(tmp_path / "t.csv", rows)) == {"Insecta 5": 1, "Aus albus 4": 1}


def test_labels_of_one_lineage_all_get_its_records(tmp_path):
    labels = space(np.eye(3, dtype=np.float16), [TAXA[0], TAXA[1], TAXA[0]])
    path = table(tmp_path / "t.csv", {"species": ["Corvus corax"], "lat": [1.5], "lon": [2.5]})
    found = read_occurrences(path, labels, backbones=[])
    assert (found.counts.tolist(), found.records.label.tolist(), found.account.matched) == ([1, 0, 1], [0, 2], 1)


def backbone(tmp_path):
    """A backbone in which Strigiceps cyaneus is a synonym of Circus cyaneus."""
    from thuja.names.store import About, build_tables

    lineage = ["Animalia", "Chordata", "Aves", "Accipitriformes", "Accipitridae", "Circus", "cyaneus"]
    rows = [
        ("1", "Circus cyaneus", None, "species", "accepted", "1", *lineage),
        ("2", "Strigiceps cyaneus", None, "species", "synonym", "1", *[None] * 7),
        ("3", "Falco torquatus", None, "species", "synonym", "1", *[None] * 7),
    ]
    names = ["id", "name", "authorship", "rank", "status", "accepted"]
    ranks = ["kingdom", "phylum", "class", "order", "family", "genus", "species"]
    usages = pl.DataFrame(rows, schema=dict.fromkeys([*names, *ranks], pl.String), orient="row")
    spoken = pl.DataFrame(
        schema={
            "id": pl.String,
            "name": pl.String,
            "language": pl.String,
            "is_preferred": pl.Boolean,
            "source": pl.String,
        }
    )
    return Backbone(build_tables(usages, spoken), About(name="tiny"))


@pytest.mark.parametrize("label", ["Circus cyaneus", "Strigiceps cyaneus", "Falco torquatus"])
def test_synonyms_meet_whichever_of_them_the_label_is(tmp_path, label):
    genus, epithet = label.split()
    labels = space(np.eye(1, dtype=np.float16), [Taxon(kingdom="Animalia", genus=genus, species=epithet)])
    names = ["Circus cyaneus", "Strigiceps cyaneus", "Falco torquatus", "Circus pygargus"]
    path = table(tmp_path / "t.csv", {"scientificName": names})
    found = read_occurrences(path, labels, backbones=[backbone(tmp_path)])
    assert found.counts.tolist() == [3]
    assert found.account.how == {"synonym": 2, "name": 1}
    assert found.account.strangers == (("circus pygargus", 1),)


def test_every_record_is_accounted_for(tmp_path):
    rows = {
        "species": ["Corvus corax"] * 6 + ["Felis catus", "", "Corvus corax"],
        "countryCode": ["CH", "CH", "CH", "FR", "CH", "CH", "CH", "CH", ""],
        "decimalLatitude": ["46.5", "", "91", "46.5", "46.5", "0", "1", "1", "1"],
        "decimalLongitude": ["7.5", "7", "7", "7", "7", "0", "1", "1", "1"],
        "eventDate": ["2020-05-03", "2020-05-03T10:00Z/2020-06-01", "2020", "", "", "2020-13-01", "", "", ""],
        "occurrenceStatus": ["PRESENT", "", "", "", "ABSENT", "", "", "", ""],
        "individualCount": ["30", "", "", "", "", "2", "1", "1", "0"],
    }
    found = read_occurrences(table(tmp_path / "t.csv", rows), LABELS, area=Area.of(country="che"), backbones=[])
    account = found.account
    assert (account.rows, account.matched, account.unmatched, account.nameless) == (9, 4, 1, 1)
    assert (account.outside, account.absent) == (1, 2)
    assert account.matched + account.unmatched + account.nameless + account.outside + account.absent == account.rows
    assert (account.unplaced, account.undated) == (3, 3)
    assert found.counts.tolist() == [4, 0, 0, 0, 0, 0, 0, 0]
    assert (found.records.cells.tolist(), found.records.month.tolist()) == ([136 * 360 + 187], [5])
    assert str(account).startswith(
        "9 records: 4 of labels, 1 of 1 other names, 1 outside the area, 2 absences, 1 without a name, 3 of labels "
        "have no place, 3 of labels have no month\n"
    )
    assert "felis catus (1)" in str(account)


def test_cells_are_those_of_cell_of(tmp_path):
    generator = np.random.default_rng(0)
    latitude, longitude = generator.uniform(-95, 95, 500), generator.uniform(-370, 370, 500)
    latitude[:4], longitude[:4] = (90, -90, 0, np.nan), (180, -180, 12, 3)
    rows = {"species": ["Corvus corax"] * 500, "latitude": latitude, "longitude": longitude}
    for degrees in (1.0, 0.5, 10.0):
        found = read_occurrences(table(tmp_path / "t.parquet", rows), LABELS, degrees=degrees, backbones=[]).records
        cells, counts = np.unique(cell_of(latitude, longitude, degrees=degrees), return_counts=True)
        np.testing.assert_array_equal(found.cells, cells[cells >= 0])
        np.testing.assert_array_equal(found.count, counts[cells >= 0])


@pytest.mark.parametrize(
    ("columns", "month"),
    [
        ({"eventDate": "2020-05-03"}, 5),
        ({"eventDate": "2020-05"}, 5),
        ({"eventDate": "20200503"}, 5),
        ({"eventDate": "2020-05-01/2020-05-31"}, 5),
        ({"eventDate": "2019-05-01/2020-05-31"}, 0),
        ({"eventDate": "2020"}, 0),
        ({"observed_on": "2020-11-30"}, 11),
        ({"month": "7", "eventDate": "2020-05-03"}, 7),
        ({"month": "0", "year": "2020"}, 0),
        ({"date": "03.05.2020"}, 0),
        ({"yearmonth": "2020-02"}, 2),
    ],
)
def test_months_are_read_where_they_are_sure(tmp_path, columns, month):
    rows = {"species": ["Corvus corax"], "lat": ["1"], "lon": ["1"], **{name: [cell] for name, cell in columns.items()}}
    assert read_occurrences(table(tmp_path / "t.csv", rows), LABELS, backbones=[]).records.month.tolist() == [month]


def test_a_count_column_says_how_many_records_a_row_stands_for(tmp_path):
    rows = {"species": ["Corvus corax"] * 4, "count": ["3", "", "x", "-2"], "lat": [1] * 4, "lon": [1] * 4}
    found = read_occurrences(table(tmp_path / "t.csv", rows), LABELS, backbones=[])
    assert (found.counts[0], found.records.count.tolist(), found.account.rows) == (5, [5.0], 5)


def test_dates_and_numbers_of_a_parquet_file_are_read_as_they_are(tmp_path):
    from datetime import date, datetime

    rows = {
        "species": ["Corvus corax", "Corvus corax"],
        "latitude": [1.5, 2.5],
        "longitude": [3.5, None],
        "event_date": [datetime(2020, 3, 1, 12), datetime(2020, 4, 1)],
        "individual_count": [1, 0],
        "day": [date(2020, 1, 1)] * 2,
    }
    found = read_occurrences(table(tmp_path / "t.parquet", rows), LABELS, backbones=[])
    assert (found.counts[0], found.records.month.tolist(), found.account.absent) == (1, [3], 1)


def test_a_catalog_of_curate_is_an_occurrence_table(tmp_path):
    """Its `species` is the epithet, its columns have underscores."""
    rows = {
        "kingdom": ["Animalia"],
        "genus": ["Corvus"],
        "species": ["corax"],
        "scientific_name": ["Corvus corax"],
        "latitude": [46.5],
        "longitude": [7.5],
        "country_code": ["CH"],
        "event_date": ["2020-05-03T10:00"],
    }
    path = table(tmp_path / "catalog.parquet", rows)
    assert counted(path, area=Area.of(country="Switzerland")) == {"Corvus corax 0": 1}


def test_an_export_of_inaturalist_is_an_occurrence_table(tmp_path):
    rows = {
        "scientific_name": ["Corvus corax"],
        "taxon_kingdom_name": ["Animalia"],
        "place_country_name": ["United States"],
        "observed_on": ["2020-05-03"],
        "latitude": ["40"],
        "longitude": ["-100"],
    }
    path = table(tmp_path / "inat.csv", rows)
    assert counted(path, area=Area.of(country="USA")) == {"Corvus corax 0": 1}
    assert counted(path, area=Area.of(country=["CA", "MX"])) == {}


def test_a_polygon_takes_points_and_not_cells(tmp_path):
    """Two records of one cell, on either side of a border."""
    rows = {"species": ["Corvus corax", "Pica pica"], "kingdom": ["Animalia"] * 2, "lat": [1.2, 1.8], "lon": [1.5, 1.5]}
    region = Region.of({"type": "Polygon", "coordinates": [[[1, 1], [2, 1], [2, 1.5], [1, 1.5], [1, 1]]]})
    found = read_occurrences(table(tmp_path / "t.csv", rows), LABELS, area=Area.of(polygon=region), backbones=[])
    assert labels_in(found).tolist() == [True] + [False] * 7
    assert found.account.outside == 1


def test_labels_need_the_records_asked_for(tmp_path):
    path = table(tmp_path / "t.csv", {"species": ["Corvus corax"] * 3 + ["Aus albus"]})
    found = read_occurrences(path, LABELS, backbones=[])
    assert labels_in(found).tolist() == [True, False, False, False, True, False, False, False]
    assert labels_in(found, least=2).sum() == 1
    with pytest.raises(EmptyInput, match="no label has 4 record"):
        labels_in(found, least=4)
    with pytest.raises(UsageError, match="at least one record"):
        labels_in(found, least=0)


def test_a_prior_is_read_from_the_same_table(tmp_path):
    rows = {"species": ["Corvus corax"] * 50, "lat": [1.5] * 50, "lon": [1.5] * 50}
    prior = read_prior(table(tmp_path / "t.csv", rows), LABELS, backbones=[])
    weights = prior.weights(Occasion(latitude=1.5, longitude=1.5))
    assert weights.labels.tolist() == [0]
    assert weights.values[0] > 1 > 0 > weights.rest
    with pytest.raises(UsageError, match="no record of a label with a place"):
        read_prior(table(tmp_path / "names.csv", {"species": ["Corvus corax"]}), LABELS, backbones=[])


def test_tables_that_lack_what_is_asked_are_told(tmp_path):
    plain = table(tmp_path / "t.csv", {"species": ["Corvus corax"], "lat": ["1"]})
    with pytest.raises(UsageError, match="no column with countries"):
        read_occurrences(plain, LABELS, area=Area.of(country="CH"))
    square = Region.of({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]})
    with pytest.raises(UsageError, match="no coordinates"):
        read_occurrences(plain, LABELS, area=Area.of(polygon=square))
    with pytest.raises(BadFile, match="no column with names"):
        read_occurrences(table(tmp_path / "n.csv", {"lat": ["1"], "lon": ["1"]}), LABELS)
    with pytest.raises(UsageError, match="custom labels have no taxa"):
        read_occurrences(plain, space(np.eye(2, dtype=np.float16)))
    with pytest.raises(UsageError, match="no table at"):
        read_occurrences(tmp_path / "none.csv", LABELS)
    with pytest.raises(UsageError, match="do not tile"):
        read_occurrences(plain, LABELS, degrees=0.7)


def test_a_table_of_no_row_holds_nothing(tmp_path):
    found = read_occurrences(
        table(tmp_path / "t.csv", {"species": pl.Series([], dtype=pl.String)}), LABELS, backbones=[]
    )
    assert (found.account.rows, found.counts.sum()) == (0, 0)


@pytest.mark.parametrize(
    ("text", "code"),
    [("cr", "CR"), ("CRI", "CR"), (" Costa Rica ", "CR"), ("Bolivia", "BO"), ("Congo", "CG"), ("Russia", "RU"),
     ("Taiwan", "TW"), ("Réunion", "RE"), ("reunion", "RE"), ("Cote d'Ivoire", "CI"), ("Côte d’Ivoire", "CI")],
)  # fmt: skip
def test_countries_are_known_by_codes_and_english_names(text, code):
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("text", "hint"), [("Narnia", ""), ("ZZ", ""), ("Costa Rice", "Costa Rica"), ("", ""), ("Korea", "")]
)
def test_a_country_that_is_none_is_told(text, hint):
    with pytest.raises(UnknownName, match="unknown country") as told:
        country_code(text)
    assert hint in told.value.hint
