"""thuja: from biodiversity records to a model of the tree of life, and into a biologist's hands.

The public names are resolved on first use, so that `import thuja` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from thuja.embeddings import Embeddings as Embeddings
    from thuja.errors import ThujaError as ThujaError
    from thuja.labels import LabelSpace as LabelSpace
    from thuja.model import Model as Model
    from thuja.predict import Predictor as Predictor
    from thuja.record import Record as Record
    from thuja.taxonomy import Rank as Rank
    from thuja.taxonomy import Taxon as Taxon

_HOMES = {
    "Embeddings": "thuja.embeddings",
    "LabelSpace": "thuja.labels",
    "Model": "thuja.model",
    "Predictor": "thuja.predict",
    "Rank": "thuja.taxonomy",
    "Record": "thuja.record",
    "Taxon": "thuja.taxonomy",
    "ThujaError": "thuja.errors",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'thuja' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
