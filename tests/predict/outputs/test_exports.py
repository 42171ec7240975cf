"""The forms of other systems: their own column names, which name is given, and what is left out."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

from tests.predict.judging import RAVEN
from tests.predict.outputs.test_rows import ANSWERS, BROKEN, CORVUS, FULL

from thuja import __version__
from thuja.names import Backbone
from thuja.predict import Answer, Judgement, Layout, Prediction, Question, open_writer
from thuja.predict.outputs.exports import About
from thuja.predict.outputs.identifiers import Identifiers
from thuja.taxonomy import Taxon

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PLAIN = About(model="m", time=TIME)
SURE = About(model="m", time=TIME, question=Question(confidence=0.9), is_calibrated=True)


def exported(format_, *predictions, about=PLAIN):
    out, said = io.StringIO(), []
    with open_writer(out, format_, Layout(), about=about, complain=said.append) as writer:
        for prediction in predictions:
            writer.write(prediction)
    return list(csv.DictReader(io.StringIO(out.getvalue()))), said


def answered(**more):
    return Prediction(file_name="cam1/x.jpg", id="x", judgement=Judgement(answers=ANSWERS), **more)


def test_darwin_core_has_its_terms_and_says_by_whom_when_and_how_sure():
    cells = {"event_date": "2020-05-01", "latitude": -1.5, "lng": "30", "occurrenceID": "occ1"}
    [row], said = exported("darwin-core", answered(cells=cells), BROKEN)
    assert {name: value for name, value in row.items() if value and name != "identificationID"} == {
        "occurrenceID": "occ1",
        "basisOfRecord": "MachineObservation",
        "eventDate": "2020-05-01",
        "decimalLatitude": "-1.5",
        "decimalLongitude": "30",
        "associatedMedia": "cam1/x.jpg",
        "scientificName": "Corvus corax",
        "taxonRank": "species",
        "kingdom": "Animalia",
        "phylum": "Chordata",
        "class": "Aves",
        "order": "Passeriformes",
        "family": "Corvidae",
        "genus": "Corvus",
        "specificEpithet": "corax",
        "vernacularName": "raven, common",
        "identifiedBy": f"m (thuja {__version__})",
        "dateIdentified": "2026-01-02T03:04:05Z",
        "identificationVerificationStatus": "unverified",
        "identificationRemarks": "score, not calibrated 0.625; or Pica pica 0.25",
    }
    assert said == ["x.jpg: cut short"]


def test_a_taxon_settled_on_is_the_name_and_the_best_answer_within_it_the_qualifier():
    [row], _ = exported("darwin-core", FULL, about=SURE)
    assert (row["scientificName"], row["taxonRank"], row["specificEpithet"]) == ("Corvus", "genus", "")
    assert row["identificationQualifier"] == "cf. corax"
    assert row["identificationRemarks"].startswith("probability 0.9375; the deepest taxon of confidence 0.9; or ")
    family = Answer(text="Corvidae", score=0.95, taxon=Taxon.from_names([*CORVUS.names[:5]]))
    [row], _ = exported(
        "darwin-core", Prediction(file_name="x", judgement=Judgement(answers=ANSWERS, settled=family)), about=SURE
    )
    assert (row["scientificName"], row["identificationQualifier"]) == ("Corvidae", "cf. Corvus corax")


def test_darwin_core_gives_no_name_where_none_is_sure_enough():
    [row], _ = exported("darwin-core", answered(), about=SURE)
    assert (row["scientificName"], row["taxonRank"], row["identificationQualifier"]) == ("", "", "")


def test_identifiers_stand_beside_the_names():
    found = Identifiers([Backbone.from_taxa("world", [RAVEN])])
    about = About(model="m", time=TIME, identifiers=found)
    [row], _ = exported("darwin-core", answered(), about=about)
    assert (row["acceptedNameUsage"], row["nameAccordingTo"]) == ("Corvus corax", "world")
    assert row["taxonID"] == found.of(RAVEN).id != ""


def test_camtrap_dp_has_the_columns_of_its_observations_in_order():
    [row], _ = exported("camtrap-dp", answered())
    assert ",".join(row) == (
        "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,observationType,"
        "cameraSetupType,scientificName,count,lifeStage,sex,behavior,individualID,individualPositionRadius,"
        "individualPositionAngle,individualSpeed,bboxX,bboxY,bboxWidth,bboxHeight,classificationMethod,classifiedBy,"
        "classificationTimestamp,classificationProbability,observationTags,observationComments"
    )


def test_camtrap_dp_takes_ids_and_times_from_the_table_and_the_box_from_the_detector():
    cells = {"deployment_id": "d9", "mediaID": "m9", "sequence_id": "s9", "timestamp": "2020-05-01T09:00:00Z"}
    [row], _ = exported("camtrap-dp", answered(cells=cells, box="0.1,0.2,0.3,0.4"))
    told = ("deploymentID", "mediaID", "eventID", "eventStart", "eventEnd", "observationLevel", "observationType")
    assert [row[name] for name in told] == [
        "d9", "m9", "s9", "2020-05-01T09:00:00Z", "2020-05-01T09:00:00Z", "media", "animal"
    ]  # fmt: skip
    assert [row[f"bbox{side}"] for side in ("X", "Y", "Width", "Height")] == ["0.1", "0.2", "0.3", "0.4"]
    assert (row["count"], row["scientificName"], row["classificationProbability"]) == ("1", "Corvus corax", "0.625")
    [row], _ = exported("camtrap-dp", answered())
    assert (row["deploymentID"], row["mediaID"], row["count"]) == ("cam1", "x", "")
    [row], _ = exported("camtrap-dp", BROKEN)
    assert row["deploymentID"] == Path.cwd().name


def test_camtrap_dp_tells_blank_human_vehicle_unknown_and_unclassified_apart():
    human = Taxon.from_names(["Animalia", "Chordata", "Mammalia", "Primates", "Hominidae", "Homo", "sapiens"])
    oak = Taxon.from_names(["Plantae", "", "", "", "", "Quercus", "robur"])

    def best(taxon):
        return Prediction(
            file_name="x", judgement=Judgement(answers=(Answer(text=taxon.binomial, score=1.0, taxon=taxon),))
        )

    flawed = [Prediction(file_name="x", reason=reason, error="!") for reason in ("no_detection", "person", "vehicle")]
    rows, _ = exported("camtrap-dp", *flawed, BROKEN, best(human), best(oak))
    kinds = ["blank", "human", "vehicle", "unclassified", "human", "unclassified"]
    assert [row["observationType"] for row in rows] == kinds
    unsure, _ = exported("camtrap-dp", answered(), answered(box="0,0,1,1"), about=SURE)
    assert [(row["observationType"], row["scientificName"]) for row in unsure] == [("unknown", ""), ("animal", "")]


def test_camtrap_dp_observations_have_ids_of_their_own_that_a_second_run_gives_again():
    twice = [answered(box=box) for box in ("0,0,1,1", "0,0,1,1", "")]
    first, second = (exported("camtrap-dp", *twice)[0] for _ in range(2))
    assert first == second
    assert len({row["observationID"] for row in first}) == 3


def test_a_group_is_an_event_of_camtrap_dp():
    [row], _ = exported("camtrap-dp", answered(images=3))
    assert (row["observationLevel"], row["mediaID"], row["eventID"]) == ("event", "", "x")


def test_inaturalist_has_the_columns_of_its_form_and_no_row_without_a_name():
    cells = {"observed_on": "2020-05-01", "latitude": 1.5, "longitude": 2.5, "place_guess": "a gate, north"}
    [row], said = exported("inaturalist", answered(cells=cells), BROKEN)
    assert list(row) == [
        "Taxon name", "Date observed", "Description", "Place name", "Latitude / y coord / northing",
        "Longitude / x coord / easting", "Tags", "Geoprivacy",
    ]  # fmt: skip
    assert [row[name] for name in list(row)[:2] + list(row)[3:7]] == [
        "Corvus corax", "2020-05-01", "a gate, north", "1.5", "2.5", "thuja,m"
    ]  # fmt: skip
    assert row["Description"].startswith(f"Identified by m (thuja {__version__}) on 2026-01-02T03:04:05Z: score,")
    assert said == ["x.jpg: cut short"]
    assert exported("inaturalist", answered(), about=SURE) == ([], ["cam1/x.jpg: no taxon is sure enough"])
