"""A page's markup: the sections on looks as plain words, and the box that says which taxon the page is about."""

from thuja.captions.descriptions.wikitext.looks import looks_of
from thuja.captions.descriptions.wikitext.plain import plain_text
from thuja.captions.descriptions.wikitext.taxobox import Taxobox, taxobox_of

__all__ = ["Taxobox", "looks_of", "plain_text", "taxobox_of"]
