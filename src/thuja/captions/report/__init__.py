"""A page of captions: a wall of pictures with what was said of each, accepted and rejected with why."""

from thuja.captions.report.page import write_report

__all__ = ["write_report"]
