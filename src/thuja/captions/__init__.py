"""Captions that say what a picture shows: descriptions to guide them, a captioner to write them, checks of each."""

from thuja.captions.captioner import Answer, Captioner, CaptionerError, CaptionerStopped, Prompt, Sampling
from thuja.captions.check.finding import Check, Finding, Subject
from thuja.captions.descriptions.description import Description, Descriptions, Source

__all__ = [
    "Answer",
    "Captioner",
    "CaptionerError",
    "CaptionerStopped",
    "Check",
    "Description",
    "Descriptions",
    "Finding",
    "Prompt",
    "Sampling",
    "Source",
    "Subject",
]
