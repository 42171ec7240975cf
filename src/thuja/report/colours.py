"""The colours and manners of every figure in a report, as settings of matplotlib, which this floor does not load."""

from collections.abc import Mapping
from typing import Any

from thuja.report.page import INK

# Okabe and Ito's colours, told apart by every kind of colour vision; the last is darkened for light paper.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c6bb1", "#b8a800")
OTHERS = "#9a9a94"
DRAWING: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # what widths are measured with; the page says what is shown
    "font.size": 9.5,
    "text.parse_math": False,  # a name between two dollar signs is a name
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}
