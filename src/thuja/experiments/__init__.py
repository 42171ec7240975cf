"""Grids of arms over worlds and seeds: each cell trained, measured and kept once, and a table paired by world."""

from thuja.experiments.grid import Arm, Cell, Grid, Measure, Place, Result, read_results, run_grid
from thuja.experiments.table import Measured, PageText, paired, save_tables

__all__ = [
    "Arm",
    "Cell",
    "Grid",
    "Measure",
    "Measured",
    "PageText",
    "Place",
    "Result",
    "paired",
    "read_results",
    "run_grid",
    "save_tables",
]
