"""What a search found as one page that needs no other file."""

from thuja.search.page.page import Asked, result_page

__all__ = ["Asked", "result_page"]
