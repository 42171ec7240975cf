"""Measure a model: tasks, metrics, baselines, and a report that a person can read.

`evaluate` is handed functions that encode, and knows no model; `save` writes what it found.
"""

from thuja.evaluate.run import Evaluation, Settings, evaluate
from thuja.evaluate.save import save
from thuja.evaluate.scores import Method, Score
from thuja.evaluate.towers import Encoders

__all__ = ["Encoders", "Evaluation", "Method", "Score", "Settings", "evaluate", "save"]
