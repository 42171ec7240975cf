"""The report of a curation: what the set holds, what was dropped and why, as one HTML page."""

from thuja.curate.report.page import REPORT, write_report

__all__ = ["REPORT", "write_report"]
