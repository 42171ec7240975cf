"""How well a known name fits a written one: evidence in log-odds, summed, and turned into probabilities.

The hypotheses for one written name are its candidates, that it is another species of a known genus,
and that it is nothing the backbones know. Each has a weight exp(evidence), the last one weight 1; the
score of a candidate is its share of the sum. The evidence is linear in the features below; its
coefficients are fitted to names damaged on purpose (`scripts/fit_names`), so that among answers
scored 0.9 nine in ten are right.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np

from thuja.names.features import FEATURES


@cache
def weights() -> Mapping[str, float]:
    """The coefficient of each feature, in log-odds, as fitted."""
    text = files("thuja.names").joinpath("weights.json").read_text(encoding="utf-8")
    held = json.loads(text)["weights"]
    assert set(held) == set(FEATURES), set(held) ^ set(FEATURES)
    return {name: float(held[name]) for name in FEATURES}


def evidence(rows: np.ndarray, coefficients: Mapping[str, float]) -> np.ndarray:
    """The log-odds of each candidate against "nothing the backbones know".  (N,) float64"""
    return np.asarray(rows.astype(np.float64) @ np.array([coefficients[name] for name in FEATURES]))


def shares(asked: np.ndarray, log_odds: np.ndarray, queries: int) -> np.ndarray:
    """The probability of each candidate among those of its query and "nothing known".  (N,) float64"""
    top = np.zeros(queries)
    np.maximum.at(top, asked, log_odds)
    weight = np.exp(log_odds - top[asked])
    total = np.exp(-top) + np.bincount(asked, weights=weight, minlength=queries)
    return np.asarray(weight / total[asked])
