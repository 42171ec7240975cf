"""A query to an index: by picture, words, example or direction, under filters, and what of the neighbours is shown."""

from thuja.search.query.answering import answer
from thuja.search.query.asked import DEEPEST, LONGEST, MOST, Direction, Query
from thuja.search.query.credits import Credit
from thuja.search.query.encoding import Encode
from thuja.search.query.hits import Answer, Hit, plain

__all__ = [
    "DEEPEST",
    "LONGEST",
    "MOST",
    "Answer",
    "Credit",
    "Direction",
    "Encode",
    "Hit",
    "Query",
    "answer",
    "plain",
]
