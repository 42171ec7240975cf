"""pybioclip's classes and functions over thuja: same names, signatures, rows and errors, other insides.

A script moves over by `from thuja.compat.pybioclip import ...` in place of `from bioclip import ...`; modules
have the names that they have there (`predict`, `recorder`, `commands`). `docs/pybioclip.md` says what differs.
The contract is that of pybioclip 2.1.6. Names are resolved on first use, so that the import costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thuja.compat.pybioclip.classifier import BaseClassifier as BaseClassifier
    from thuja.compat.pybioclip.custom import CustomLabelsBinningClassifier as CustomLabelsBinningClassifier
    from thuja.compat.pybioclip.custom import CustomLabelsClassifier as CustomLabelsClassifier
    from thuja.compat.pybioclip.names import BIOCLIP_MODEL_STR as BIOCLIP_MODEL_STR
    from thuja.compat.pybioclip.names import BIOCLIP_V1_MODEL_STR as BIOCLIP_V1_MODEL_STR
    from thuja.compat.pybioclip.names import BIOCLIP_V2_MODEL_STR as BIOCLIP_V2_MODEL_STR
    from thuja.compat.pybioclip.names import Rank as Rank
    from thuja.compat.pybioclip.predict import predict_classification as predict_classification
    from thuja.compat.pybioclip.predict import predict_classifications_from_list as predict_classifications_from_list
    from thuja.compat.pybioclip.tree import TreeOfLifeClassifier as TreeOfLifeClassifier

_HOMES = {
    "BIOCLIP_MODEL_STR": "names",
    "BIOCLIP_V1_MODEL_STR": "names",
    "BIOCLIP_V2_MODEL_STR": "names",
    "BaseClassifier": "classifier",
    "CustomLabelsBinningClassifier": "custom",
    "CustomLabelsClassifier": "custom",
    "Rank": "names",
    "TreeOfLifeClassifier": "tree",
    "predict_classification": "predict",
    "predict_classifications_from_list": "predict",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'thuja.compat.pybioclip' has no attribute {name!r}")
    return getattr(import_module(f"thuja.compat.pybioclip.{_HOMES[name]}"), name)
