"""Pages of a wiki by its MediaWiki API: one request at a time, what was had once is kept."""

from thuja.captions.descriptions.api.client import ApiClient
from thuja.captions.descriptions.api.wiki import WikiApi, open_wiki

__all__ = ["ApiClient", "WikiApi", "open_wiki"]
