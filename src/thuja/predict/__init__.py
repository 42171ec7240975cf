"""Predict: images in, ranked taxa out, one typed result an image."""

from thuja.predict.answers import Answer, Guess, Judgement, Prediction, Question
from thuja.predict.inputs.finding import InputOptions
from thuja.predict.options import PredictorOptions
from thuja.predict.outputs.layout import Layout
from thuja.predict.outputs.rows import FORMATS, columns_of, open_writer, rows_of
from thuja.predict.predictor import Predictor

__all__ = [
    "FORMATS",
    "Answer",
    "Guess",
    "InputOptions",
    "Judgement",
    "Layout",
    "Prediction",
    "Predictor",
    "PredictorOptions",
    "Question",
    "columns_of",
    "open_writer",
    "rows_of",
]
