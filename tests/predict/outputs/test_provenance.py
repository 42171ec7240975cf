"""The log says what answered, how it was asked, when, and what came of it."""

import json
from datetime import UTC, datetime

import pytest

from thuja import __version__
from thuja.errors import OutputExists
from thuja.predict import Prediction, Question
from thuja.predict.outputs.provenance import Provenance, log_beside, pybioclip_log, require_log_writable, write_log
from thuja.predict.outputs.tally import Tally
from thuja.taxonomy import Rank

STARTED, ENDED = (datetime(2026, 1, 2, 3, minute, tzinfo=UTC) for minute in (4, 5))
PROVENANCE = Provenance(
    model={"id": "abc", "name": "bioclip-2"},
    labels={"id": "def", "count": 3},
    calibration={"temperature": 1.25},
    question=Question(rank=Rank.FAMILY, k=2, confidence=0.9),
    inputs=["photos/", "a,b.jpg"],
    settings={"batch_size": 16},
    plan={"precision": "fp32"},
    command_line="thuja predict photos/ a,b.jpg",
    device="cpu",
    precision="fp32",
    started=STARTED,
)


def tallied(*, lists_names=False):
    tally = Tally(lists_names=lists_names, kept=1024)
    tally.add(Prediction(file_name="a.jpg"))
    tally.add(Prediction(file_name="b.jpg", reason="truncated", error="cut short"))
    tally.add(Prediction(file_name="c.jpg", reason="no_detection", error="nothing"))
    return tally


def test_the_log_says_what_is_needed_to_ask_again(tmp_path):
    path = log_beside(tmp_path / "out.csv")
    write_log(path, PROVENANCE.told(tallied(), out=tmp_path / "out.csv", ended=ENDED))
    told = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "out.csv.log.json"
    machine = told.pop("machine")
    assert {"system", "python", "numpy", "torch", "device", "precision"} <= set(machine)
    assert told == {
        "thuja": __version__,
        "verb": "predict",
        "started": "2026-01-02T03:04:00+00:00",
        "ended": "2026-01-02T03:05:00+00:00",
        "command_line": "thuja predict photos/ a,b.jpg",
        "model": {"id": "abc", "name": "bioclip-2"},
        "labels": {"id": "def", "count": 3},
        "calibration": {"temperature": 1.25},
        "question": {"rank": "family", "k": 2, "confidence": 0.9, "coverage": None, "none_of_these": False},
        "settings": {"batch_size": 16},
        "inputs": ["photos/", "a,b.jpg"],
        "output": str(tmp_path / "out.csv"),
        "counts": {"answered": 1, "failed": 1, "empty": 1, "kept_of_an_earlier_run": 1024},
        "first_error": "b.jpg: cut short",
        "plan": {"precision": "fp32"},
    }


def test_pybioclips_log_has_its_keys_and_lists_the_images():
    tally = tallied(lists_names=True)
    told = pybioclip_log(PROVENANCE.told(tally, out=None, ended=ENDED), tally, {"rank": "family", "k": 2})
    assert [key for key in told if key != "thuja_version"] == [
        "pybioclip_version", "start", "end", "command_line", "model", "pretrained", "device", "top_level_settings",
        "predictions",
    ]  # fmt: skip
    assert told["predictions"] == [{"images": ["a.jpg", "b.jpg", "c.jpg"], "details": {"rank": "family", "k": 2}}]
    assert tallied().names == []


def test_a_log_is_replaced_only_when_forced(tmp_path):
    (tmp_path / "log.json").write_text("mine")
    with pytest.raises(OutputExists, match="--log"):
        require_log_writable(tmp_path / "log.json", force=False)
    require_log_writable(tmp_path / "log.json", force=True)
    require_log_writable(tmp_path / "other.json", force=False)
