"""What a captioner is asked: one template a strategy, and the words of strangers kept apart from the request."""

from thuja.captions.prompts.naming import name_of
from thuja.captions.prompts.quoting import DESCRIPTION_CHARACTERS, excerpt
from thuja.captions.prompts.template import FIELDS, MOST_EXAMPLES, Request, Strategy, Template, render

__all__ = [
    "DESCRIPTION_CHARACTERS",
    "FIELDS",
    "MOST_EXAMPLES",
    "Request",
    "Strategy",
    "Template",
    "excerpt",
    "name_of",
    "render",
]
