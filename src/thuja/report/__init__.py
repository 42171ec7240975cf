"""One-file HTML reports, and figures in their colours."""

from thuja.report.addresses import data_uri, web_address
from thuja.report.page import INK, Cell, Headline, Report, WallPicture, escape

__all__ = ["INK", "Cell", "Headline", "Report", "WallPicture", "data_uri", "escape", "web_address"]
