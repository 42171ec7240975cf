"""What a search found as one page that needs no other file."""

from thuja.search.page.asked import Asked, asked_of
from thuja.search.page.page import result_page

__all__ = ["Asked", "asked_of", "result_page"]
