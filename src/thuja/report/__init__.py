"""One-file HTML reports, and figures in their colours."""

from thuja.report.page import INK, Cell, Headline, Report, WallPicture

__all__ = ["INK", "Cell", "Headline", "Report", "WallPicture"]
