"""What was predicted, when and how, kept for a log: pybioclip's, with thuja's version beside."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

from thuja import __version__
from thuja.compat.pybioclip.errors import WrongValue

CONTRACT = "2.1.6"
"""The version of pybioclip whose log this is."""


class Recordable(Protocol):
    """What is recorded: a classifier."""

    model_str: str
    pretrained_str: str | None
    device: Any
    recorder: "PredictionRecorder | None"

    def set_recorder(self, recorder: "PredictionRecorder | None") -> None: ...


def is_json_file(path: str) -> bool:
    """Whether a log there is for machines."""
    return str(path).endswith(".json")


def verify_recorder_path(path: str) -> bool:
    """Raises WrongValue for a JSON log that is there already; a log for people is appended to."""
    if is_json_file(path) and Path(path).exists():
        raise WrongValue(f"File {path} already exists. Please choose a different file name.")
    return True


def attach_prediction_recorder(classifier: Recordable, **top_level_settings: object) -> "PredictionRecorder":
    """Record what this classifier predicts from here on; the settings stand on top of the log."""
    recorder = PredictionRecorder(classifier, **top_level_settings)
    classifier.set_recorder(recorder)
    return recorder


def save_recorded_predictions(classifier: Recordable, path: str, include_command_line: bool = True) -> None:
    """Write the log: `.json` for machines, anything else is text that is appended."""
    if classifier.recorder is None:
        raise WrongValue("The classifier does not have a recorder attached.")
    classifier.recorder.create_report(path, command_line=" ".join(sys.argv) if include_command_line else None)


class PredictionRecorder:
    """The predictions of one classifier: which images, with which settings."""

    def __init__(self, classifier: Recordable, **top_level_settings: object) -> None:
        self.model_str = classifier.model_str
        self.pretrained_str = classifier.pretrained_str
        self.device = str(classifier.device)
        self.predictions: list[dict[str, Any]] = []
        self.top_level_settings: Mapping[str, object] = top_level_settings
        self.start = _now()
        self.end: str | None = None

    def add_prediction(self, images: Sequence[str], **details: object) -> None:
        """One call of `predict`: the images by name, and what was asked."""
        self.predictions.append({"images": list(images), "details": details})
        self.end = _now()

    def create_report(self, path: str, command_line: str | None) -> None:
        """Write the log to a file."""
        PredictionLogReport(self, command_line).save(path)


class PredictionLogReport:
    """A recorder's log, as a dictionary or as text."""

    def __init__(self, recorder: PredictionRecorder, command_line: str | None) -> None:
        self.recorder, self.command_line = recorder, command_line
        self.start, self.end = recorder.start, recorder.end

    def create_dictionary(self) -> dict[str, Any]:
        """The log for machines."""
        return {
            "pybioclip_version": CONTRACT,
            "thuja_version": __version__,
            "start": self.start,
            "end": self.end,
            "command_line": self.command_line,
            "model": self.recorder.model_str,
            "pretrained": self.recorder.pretrained_str,
            "device": self.recorder.device,
            "top_level_settings": self.recorder.top_level_settings,
            "predictions": self.recorder.predictions,
        }

    @staticmethod
    def format_key(key: str) -> str:
        """`batch_size` as `Batch Size`."""
        return " ".join(word.capitalize() for word in key.split("_"))

    def save(self, path: str) -> None:
        """Write a JSON file that is not there yet, or append text."""
        verify_recorder_path(path)
        if is_json_file(path):
            with Path(path).open("w", encoding="utf-8") as file:
                json.dump(self.create_dictionary(), file, indent=4)
        else:
            with Path(path).open("a", encoding="utf-8") as file:
                self._write_text(file)

    def _write_text(self, file: TextIO) -> None:
        title = f"** Prediction Log - pybioclip v{CONTRACT} by thuja {__version__} - {self.start} to {self.end} **"
        settings = {
            "command_line": self.command_line or None,
            "model": self.recorder.model_str,
            "pretrained": self.recorder.pretrained_str or None,
            "device": self.recorder.device,
            **self.recorder.top_level_settings,
        }
        line = "*" * len(title)
        lines = [line, title, line]
        lines += [f"{self.format_key(key)}: {value}" for key, value in settings.items() if value is not None]
        for prediction in self.recorder.predictions:
            lines += [f"{self.format_key(key)}: {value}" for key, value in prediction["details"].items()]
            lines += ["Images:", *prediction["images"]]
        file.write("\n".join(lines) + "\n\n")


def _now() -> str:
    return datetime.now().isoformat(timespec="seconds")
