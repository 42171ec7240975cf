"""A wiki behind its API as a Lookup: the pages of titles, what is known already taken from the store."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus, urljoin, urlsplit

from thuja.captions.descriptions.api.answers import LONGEST_CHAIN, Batch
from thuja.captions.descriptions.api.cache import PageCache
from thuja.captions.descriptions.api.client import ApiClient
from thuja.captions.descriptions.pages import Page
from thuja.captions.descriptions.site import Site
from thuja.errors import ThujaError

MOST_TITLES: Final = 50
"""An API takes no more in one question from who is not logged in."""
_MOST_BYTES: Final = 6000
"""Of titles as they stand in an address; servers take some 8,000 in all."""
_NO_TITLE: Final = frozenset("<>[]{}|#\n\r\t\x7f")
_LONGEST_TITLE: Final = 255
_MOST_PARTS: Final = 200


class WikiApi:
    """Looks titles up: fifty in a question, redirects and normalised titles followed, each page once."""

    def __init__(self, client: ApiClient, cache: PageCache, *, is_refreshed: bool = False) -> None:
        """With `is_refreshed` the revisions of kept pages are asked for again; texts that are still current are not."""
        self._client, self._cache, self._is_refreshed = client, cache, is_refreshed

    def __call__(self, titles: Sequence[str]) -> Iterator[Page]:
        """The pages of these titles that exist, and a page with `redirect` for each that leads elsewhere.

        Raises ThujaError when the API gives no answer: what was had until then is kept.
        """
        wanted = [title for title in dict.fromkeys(map(_tidy, titles)) if is_title(title)]
        told: set[str] = set()
        for batch in _batches(wanted):
            self._fetch(batch)
            for title in batch:
                yield from self._known(title, told)

    def site(self) -> Site:
        """What the wiki says of itself; raises ThujaError."""
        answer = self._client.ask({"meta": "siteinfo", "siprop": "general|rightsinfo"})
        query = answer.get("query") or {}
        general, rights = query.get("general") or {}, query.get("rightsinfo") or {}
        base = urljoin(self._client.url, str(general.get("server") or "/"))
        name = "-".join(str(general.get(part) or "").lower().replace(" ", "-") for part in ("sitename", "lang"))
        return Site(
            name=name.strip("-") or "wiki",
            address=urljoin(base, str(general.get("script") or "/w/index.php")),
            licence=str(rights.get("text") or ""),
            licence_link=str(rights.get("url") or ""),
        )

    def close(self) -> None:
        """Let go of the connection and the store."""
        self._client.close()
        self._cache.close()

    def _fetch(self, titles: Sequence[str]) -> None:
        """See to it that the store knows all of these."""
        ends = {title: self._end(title) for title in titles}
        fresh = [title for title, end in ends.items() if self._cache.revision(end) is None]
        if self._is_refreshed:
            kept = [title for title in titles if title not in set(fresh)]
            fresh += self._changed(kept)
        for batch in _batches(fresh):
            self._keep(batch, self._ask(batch, has_text=True))

    def _changed(self, titles: Sequence[str]) -> list[str]:
        """Of titles that are kept, those which have another revision by now, lead elsewhere, or are gone."""
        changed: list[str] = []
        for batch in _batches(titles):
            said = self._ask(batch, has_text=False)
            for title in batch:
                end = said.end(title)
                head = said.heads.get(end)
                revision = head.revision if head is not None else ""
                if (end, revision) != (self._end(title), self._cache.revision(end)):
                    changed.append(title)
        return changed

    def _ask(self, titles: Sequence[str], *, has_text: bool) -> Batch:
        question = {
            "titles": "|".join(titles),
            "redirects": "1",
            "prop": "revisions|pageprops",
            "ppprop": "disambiguation",
            "rvprop": "ids|timestamp|content" if has_text else "ids",
            "rvslots": "main",
        }
        batch, more = Batch(), dict[str, str]()
        for _ in range(_MOST_PARTS):
            answer = self._client.ask(question | more)
            batch.add(answer)
            going_on = answer.get("continue")
            if not isinstance(going_on, dict) or not going_on:
                return batch
            more = {str(name): str(value) for name, value in going_on.items()}
        raise ThujaError(f"{self._client.url} goes on without an end", hint="is it the API of a wiki?")

    def _keep(self, titles: Sequence[str], said: Batch) -> None:
        """Put into the store what was said; a title that was passed over is asked again another time."""
        circles = {title for title in titles if not said.end(title)}
        if titles and not circles and not any(said.end(title) in said.told for title in titles):
            raise ThujaError(
                f"{self._client.url} says nothing of the titles that it was asked for: {titles[0]}, ...",
                hint="is it the API of a MediaWiki? its address ends in api.php",
            )
        links = {source: target for source, target in said.links.items() if said.end(source)}
        self._cache.put(links=links, pages=list(said.pages().values()), missing=said.missing | circles)

    def _known(self, title: str, told: set[str]) -> Iterator[Page]:
        """What the store has of a title: the steps that lead to its page, and that."""
        for _ in range(LONGEST_CHAIN):
            if title in told:
                return
            told.add(title)
            target = self._cache.link(title)
            if target is None:
                break
            yield Page(title=title, redirect=target)
            title = target
        page = self._cache.page(title, self._cache.revision(title) or "")
        if page is not None:
            yield page

    def _end(self, title: str) -> str:
        for _ in range(LONGEST_CHAIN):
            target = self._cache.link(title)
            if target is None:
                break
            title = target
        return title


def open_wiki(url: str, *, contact: str, cache: Path, is_refreshed: bool = False) -> WikiApi:
    """The wiki at the address of its API, which ends in api.php; the folder `cache` has a file for each wiki."""
    client = ApiClient(url, contact=contact)
    return WikiApi(client, PageCache(Path(cache) / store_name(client.url)), is_refreshed=is_refreshed)


def store_name(url: str) -> str:
    """The file of one wiki: two wikis have other pages under the same titles.

    >>> store_name("https://en.wikipedia.org/w/api.php")
    'en.wikipedia.org-b3ace888.sqlite'
    """
    host = re.sub(r"[^a-z0-9.-]", "-", (urlsplit(url).hostname or "").lower())
    return f"{host}-{hashlib.sha256(url.encode()).hexdigest()[:8]}.sqlite"


def is_title(title: str) -> bool:
    """Whether a wiki may have a page of this title; what has signs of markup in it would break the question."""
    return bool(title) and not set(title) & _NO_TITLE and len(title.encode()) <= _LONGEST_TITLE


def _tidy(title: str) -> str:
    return " ".join(title.replace("_", " ").split())


def _batches(titles: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for title in titles:
        length = len(quote_plus(title)) + 3
        if batch and (len(batch) == MOST_TITLES or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(title)
        size += length
    if batch:
        yield batch
