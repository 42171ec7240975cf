"""The figures of BioCLIP 2's papers made from the public data sets' own layouts, with controls beside them."""

from thuja.analyze.papers.listed import Listed
from thuja.analyze.papers.paper import PAPERS, Paper, find_paper
from thuja.analyze.papers.seeing import Encode, Seen, from_embeddings, see

__all__ = ["PAPERS", "Encode", "Listed", "Paper", "Seen", "find_paper", "from_embeddings", "see"]
