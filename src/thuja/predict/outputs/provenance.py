"""The log beside an output: what answered, how it was asked, over what, when, and what came of it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from thuja import __version__
from thuja.errors import OutputExists
from thuja.jobs import require_writable, write_json
from thuja.predict.answers import Question
from thuja.predict.outputs.tally import Tally

PYBIOCLIP: Final = "2.1.6"
"""The version of pybioclip whose log `pybioclip_log` is."""
_LIBRARIES: Final = ("torch", "numpy", "pyarrow", "Pillow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """All that is needed to say where an answer comes from, and to ask again.

    `model` says its id, name and folder, `labels` the label space's id and size, `calibration` is None where there is
    none. `settings` are the options that the user gave, `inputs` what was named. `plan` is what decided the answers.
    """

    model: Mapping[str, object]
    labels: Mapping[str, object]
    question: Question
    inputs: Sequence[str]
    calibration: Mapping[str, object] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    plan: Mapping[str, object] = field(default_factory=dict)
    command_line: str = ""
    device: str = ""
    precision: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def told(self, tally: Tally, *, out: Path | None, ended: datetime | None = None) -> dict[str, Any]:
        """The log, as JSON has it; `ended` is now where nobody says."""
        asked = self.question
        return {
            "thuja": __version__,
            "verb": "predict",
            "started": _iso(self.started),
            "ended": _iso(ended or datetime.now(UTC)),
            "command_line": self.command_line,
            "model": dict(self.model),
            "labels": dict(self.labels),
            "calibration": None if self.calibration is None else dict(self.calibration),
            "question": {
                "rank": asked.rank.label if asked.rank is not None else None,
                "k": asked.k,
                "confidence": asked.confidence,
                "coverage": asked.coverage,
                "none_of_these": asked.allows_none,
            },
            "settings": dict(self.settings),
            "inputs": list(self.inputs),
            "output": None if out is None else str(out),
            "counts": {
                "answered": tally.answered,
                "failed": tally.failed,
                "empty": tally.empty,
                "kept_of_an_earlier_run": tally.kept,
            },
            "first_error": tally.first_error or None,
            "plan": dict(self.plan),
            "machine": machine() | {"device": self.device, "precision": self.precision},
        }


def log_beside(out: Path) -> Path:
    """Where the log of an output is, if nobody says."""
    return out.with_name(f"{out.name}.log.json")


def write_log(path: Path, told: Mapping[str, Any]) -> None:
    """Write a log, whole or not at all; that of an earlier run makes room."""
    write_json(path, told)


def require_log_writable(path: Path, *, force: bool) -> None:
    """Raise UsageError where a log that the user names cannot be written, before hours of work."""
    if path.exists() and not force:
        raise OutputExists(f"{path} is there already", hint="--force replaces it, or name another --log")
    require_writable(path)


def pybioclip_log(told: Mapping[str, Any], tally: Tally, details: Mapping[str, object]) -> dict[str, Any]:
    """The log as pybioclip writes it, from thuja's; `details` are rank, min_prob, k and batch_size."""
    labels, model = told["labels"], told["model"]
    return {
        "pybioclip_version": PYBIOCLIP,
        "thuja_version": told["thuja"],
        "start": told["started"],
        "end": told["ended"],
        "command_line": told["command_line"],
        "model": model.get("name") or model.get("id"),
        "pretrained": None,
        "device": told["machine"]["device"],
        "top_level_settings": {"tree_of_life_version": labels.get("id"), "subset": None},
        "predictions": [{"images": list(tally.names), "details": dict(details)}],
    }


def machine() -> dict[str, object]:
    """The system, the processor and the libraries that have a part in a number."""
    found: dict[str, object] = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"system": platform.platform(), "processor": platform.machine(), "python": platform.python_version()} | found


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")
