"""Predict: images in, ranked taxa out, one typed result an image."""

from thuja.predict.predictor import Answer, Prediction, Predictor
from thuja.predict.rows import FORMATS, columns_of, open_writer, rows_of

__all__ = ["FORMATS", "Answer", "Prediction", "Predictor", "columns_of", "open_writer", "rows_of"]
