"""What may be answered: taxa or free texts, each with the vector of its sentence; and how they lie on the disk.

A label space of a million taxa is opened in milliseconds: texts and taxa are columns that are read when something
is asked of them, the vectors are mapped.
"""

from thuja.labels.columns import Column, Sorted, Taxa, Texts
from thuja.labels.custom import read_custom_labels, read_labels, read_rows, require_distinct
from thuja.labels.folder import (
    FACTS,
    HALF,
    SINGLE,
    count_ranks,
    read_facts,
    require_free,
    require_no_other,
    save_parts,
)
from thuja.labels.importing import import_published
from thuja.labels.mapped import let_go
from thuja.labels.named import find_clade
from thuja.labels.published import find_published
from thuja.labels.space import LabelSpace

__all__ = [
    "FACTS",
    "HALF",
    "SINGLE",
    "Column",
    "LabelSpace",
    "Sorted",
    "Taxa",
    "Texts",
    "count_ranks",
    "find_clade",
    "find_published",
    "import_published",
    "let_go",
    "read_custom_labels",
    "read_facts",
    "read_labels",
    "read_rows",
    "require_distinct",
    "require_free",
    "require_no_other",
    "save_parts",
]
