"""What an API may say in JSON and no store can keep."""

import json
from contextlib import closing
from pathlib import Path

from thuja.captions.descriptions.api.answers import Batch
from thuja.captions.descriptions.api.cache import PageCache


def test_half_a_surrogate_pair_and_a_namespace_without_end_are_kept_as_what_they_can_be(tmp_path: Path) -> None:
    """Either ended the run, and again whenever it was resumed."""
    row = r"""{"title": "Pica", "ns": 99999999999999999999999, "revisions": [
        {"revid": 7, "slots": {"main": {"content": "black \ud83d bill"}}}]}"""
    batch = Batch()
    batch.add({"query": {"pages": [json.loads(row)]}})
    with closing(PageCache(tmp_path / "pages.sqlite")) as cache:
        cache.put(links={}, pages=list(batch.pages().values()), missing=batch.missing)
        page = cache.page("Pica", "7")
    assert page is not None
    assert (page.text, page.namespace) == ("black ? bill", 0)
