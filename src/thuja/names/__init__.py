"""Names: what a written name means, with a score and a reason, never a silent guess."""

from thuja.names.backbone import Backbone
from thuja.names.embedded import embedded
from thuja.names.resolution import CERTAIN, Resolution, Status
from thuja.names.resolver import Resolver, resolve, resolve_names
from thuja.names.vernacular import FETCH, install_vernaculars, vernacular_file

__all__ = [
    "CERTAIN",
    "FETCH",
    "Backbone",
    "Resolution",
    "Resolver",
    "Status",
    "embedded",
    "install_vernaculars",
    "resolve",
    "resolve_names",
    "vernacular_file",
]
